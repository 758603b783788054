"""What docs/scale.md says of requests and units is what the use cases ask for."""

import pytest

from tests.bench.operations import OPERATIONS, count_all
from tests.bench.units import DOCUMENT, MONTH, YEAR, row_of
from tests.support.units import size


def test_the_documented_table_is_what_is_counted() -> None:
    documented = DOCUMENT.read_text().splitlines()
    for operation, count in count_all(slow=False):
        assert count.requests["dynamodb:Scan"] == 0
        assert row_of(operation.name, count, operation.grows_with) in documented, operation.name


def test_every_operation_is_documented_and_every_estimate_is_of_one() -> None:
    documented = DOCUMENT.read_text()
    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(f"\n| {name} |" in documented for name in names)
    assert {*MONTH, *YEAR} <= set(names)


@pytest.mark.slow
def test_no_operation_scans() -> None:
    for operation, count in count_all(slow=True):
        assert count.requests["dynamodb:Scan"] == 0, operation.name


def test_sizes_are_those_of_dynamodb() -> None:
    assert size({"id": {"S": "é"}, "n": {"N": "1234"}}) == 2 + 2 + 1 + 4
    assert size({"set": {"SS": ["a", "bc"]}, "gone": {"NULL": True}}) == 3 + 3 + 4 + 1
