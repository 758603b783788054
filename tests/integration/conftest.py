from collections.abc import Iterator

import pytest

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
