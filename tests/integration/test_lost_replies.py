"""A write whose reply is lost fails as what it is, and whoever writes again finds it done."""

import pytest
from pynamodb.exceptions import PynamoDBException

from chalicelib import wiring
from chalicelib.domain.sessions import Watch
from tests.support.faults import Fault, fault
from tests.support.world import World


def test_a_conditional_write_without_a_reply_is_an_error_of_the_database(world: World) -> None:
    session_id = world.open_session(world.add_course())
    with pytest.raises(PynamoDBException, match="timeout"), fault(Fault.LOST_REPLY, 1):
        wiring.sessions().start_watch(session_id)
    assert wiring.sessions().watch(session_id) is Watch.STARTED
    wiring.sessions().start_watch(session_id)
