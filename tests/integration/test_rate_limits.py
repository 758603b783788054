"""What may be done only so often is counted once for all functions, and the counters go away."""

from datetime import UTC, datetime

import boto3
import pytest

from chalicelib import wiring
from chalicelib.domain.errors import TooManyRequests
from tests.support.world import REGION, World


def refusals(times: int, key: str = "claim#per_1", limit: int = 3, window_seconds: int = 60) -> list[int]:
    """The seconds to wait, of those that were refused."""
    refused = []
    for _ in range(times):
        try:
            wiring.rate_limits().take(key, limit, window_seconds)
        except TooManyRequests as error:
            refused.append(error.retry_after_seconds)
    return refused


def test_the_limit_passes_and_no_more_until_the_window_is_over(world: World) -> None:
    world.pass_time(seconds=45)
    assert refusals(5) == [15, 15]
    world.pass_time(seconds=14)
    assert refusals(1) == [1]
    world.pass_time(seconds=1)
    assert refusals(3) == []


@pytest.mark.usefixtures("world")
def test_keys_and_windows_are_counted_apart() -> None:
    assert refusals(3) == []
    assert refusals(3, key="claim#per_2") == []
    assert refusals(3, window_seconds=3600) == []
    assert len(refusals(1)) == 1


def test_a_counter_expires_and_stops_growing_at_its_limit(world: World) -> None:
    refusals(9)
    (item,) = world.dump("access")["access"]
    assert item["taken"] == {"N": "3"}
    expires_at = datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC)
    assert 0 < (expires_at - world.now).total_seconds() < 2 * 86_400
    client = boto3.client("dynamodb", region_name=REGION)
    described = client.describe_time_to_live(TableName="rollcall-access")["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
