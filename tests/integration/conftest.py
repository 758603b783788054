from collections.abc import Callable, Iterator
from unittest import mock

import pytest

from chalicelib import wiring
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
def enrolled(deployment: World) -> Iterator[Enrolled]:
    """Three people are enrolled, which is as many as a training job waits for."""
    with mock.patch.dict("os.environ", {"ROLLCALL_RETRAIN_AFTER_ENROLMENTS": "3"}):
        wiring.reset()
        yield Enrolled.of(deployment)


@pytest.fixture
def school(enrolled: Enrolled) -> World:
    return enrolled.again()


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Changes one for a test."""

    def change(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        wiring.reset()

    yield change
    monkeypatch.undo()
    wiring.reset()
