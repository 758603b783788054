"""What an enrolment says of itself."""

import pytest

from chalicelib.domain.enrolment import describe, is_enough
from chalicelib.domain.templates import ExtractedViews

VIEW = b"\0\0\0\0"


def views(kept: int, **dropped: int) -> ExtractedViews:
    return ExtractedViews((VIEW,) * kept, (0,) * kept, kept + sum(dropped.values()), dropped)


def test_one_view_is_enough_and_none_is_not() -> None:
    assert is_enough(views(1))
    assert not is_enough(views(0, blurred=3))


@pytest.mark.parametrize(
    ("extracted", "words"),
    [
        (views(5), "5 usable views of 5 samples."),
        (views(1), "1 usable view of 1 sample."),
        (views(5, redundant=9), "5 usable views of 14 samples."),
        (views(3, blurred=2, no_face=1), "3 usable views of 6 samples; 2 were blurred and 1 showed no face."),
        (
            views(0, blurred=9, no_face=5),
            "No usable view: of 14 samples 9 were blurred and 5 showed no face. Hold the camera still.",
        ),
        (views(0, too_dark=1), "No usable view: of 1 sample 1 was too dark. Find more light."),
        (
            views(0, several_faces=3, too_small=2, turned_away=2),
            "No usable view: of 7 samples 3 showed several faces, 2 showed the face too small and 2 were turned too "
            "far away. Be alone in the picture.",
        ),
        (views(0, of_a_new_kind=2), "No usable view: of 2 samples 2 were dropped (of_a_new_kind)."),
        (views(0), "No usable view: there was nothing to look at."),
        (views(2, blurred=0), "2 usable views of 2 samples."),
    ],
)
def test_the_outcome_is_told_in_plain_words(extracted: ExtractedViews, words: str) -> None:
    assert describe(extracted) == words
