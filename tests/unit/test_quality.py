"""Every fault has words."""

import pytest

from chalicelib.domain.quality import Condition, Reason, advice_on


@pytest.mark.parametrize("fault", [*Reason, *Condition], ids=repr)
def test_every_fault_comes_with_advice_in_a_sentence(fault: Reason | Condition) -> None:
    advice = advice_on(fault)
    assert advice[0].isupper()
    assert advice.endswith(".")


def test_a_blurred_face_and_a_blurred_camera_are_told_apart() -> None:
    assert advice_on(Reason.BLURRED) != advice_on(Condition.BLURRED)
