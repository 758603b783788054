from collections.abc import Iterator

import pytest

from tests.support.enrolled import Enrolled
from tests.support.world import World, new_world


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as made:
        yield made


@pytest.fixture(scope="module")
def deployment() -> Iterator[World]:
    """For tests that begin each anew in one deployment."""
    with new_world() as made:
        yield made


@pytest.fixture(scope="module")
def enrolled(deployment: World) -> Enrolled:
    return Enrolled.of(deployment)


@pytest.fixture
def school(enrolled: Enrolled, monkeypatch: pytest.MonkeyPatch) -> World:
    """Three people are enrolled, which is as many as a training job waits for."""
    monkeypatch.setenv("ROLLCALL_RETRAIN_AFTER_ENROLMENTS", "3")
    return enrolled.again()
