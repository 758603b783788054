"""The minute tick of privacy: days to seal, erasures to finish or sweep, everything biometric once it is off."""

from collections.abc import Callable
from typing import Any

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.clock import utc_now
from chalicelib.observability import instrumented, logger
from chalicelib.services.delete_biometrics import delete_biometrics
from chalicelib.services.finish_erasures import finish_erasures
from chalicelib.services.seal_audit import seal_audit

privacy = Blueprint(__name__)

MARGIN_MILLISECONDS = 15_000


@privacy.lambda_function(name="on_privacy_due")
@instrumented
def on_privacy_due(_event: dict[str, Any], context: Any) -> None:
    """What fails does not hold up the rest."""

    def out_of_time() -> bool:
        return context is not None and context.get_remaining_time_in_millis() < MARGIN_MILLISECONDS

    failures = []
    for work in (_seal, _erase, _delete):
        try:
            work(out_of_time)
        except Exception as error:  # raised below, when the others have had their turn
            failures.append(error)
    if failures:
        raise ExceptionGroup("privacy work failed", failures)


def _seal(_out_of_time: Callable[[], bool]) -> None:
    for day in seal_audit(utc_now(), audit=wiring.audit(), seals=wiring.seals(), signer=wiring.signer()):
        logger.info("audit sealed", day=day.isoformat())


def _erase(out_of_time: Callable[[], bool]) -> None:
    for erasure in finish_erasures(utc_now(), eraser=wiring.eraser(), out_of_time=out_of_time):
        logger.info("erasure carried on", person_id=erasure.person_id, state=erasure.state.value)


def _delete(out_of_time: Callable[[], bool]) -> None:
    worked = delete_biometrics(
        models=wiring.models(),
        people=wiring.people(),
        registrations=wiring.registrations(),
        media=wiring.media(),
        out_of_time=out_of_time,
    )
    if worked:
        logger.info("biometrics deleted", finished=not wiring.models().biometrics().erasing)
