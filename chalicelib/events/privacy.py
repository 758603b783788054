"""The minute tick of privacy: erasures that were cut off or are to be swept."""

from typing import Any

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.clock import utc_now
from chalicelib.observability import instrumented, logger
from chalicelib.services.finish_erasures import finish_erasures

privacy = Blueprint(__name__)

MARGIN_MILLISECONDS = 15_000


@privacy.lambda_function(name="on_privacy_due")
@instrumented
def on_privacy_due(_event: dict[str, Any], context: Any) -> None:
    def out_of_time() -> bool:
        return context is not None and context.get_remaining_time_in_millis() < MARGIN_MILLISECONDS

    for erasure in finish_erasures(utc_now(), eraser=wiring.eraser(), out_of_time=out_of_time):
        logger.info("erasure carried on", person_id=erasure.person_id, state=erasure.state.value)
