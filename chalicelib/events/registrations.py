"""A registration was uploaded: enrol its person."""

from typing import Any

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.errors import NotFound
from chalicelib.events.uploads import Upload, for_each_upload
from chalicelib.observability import count, instrumented, logger
from chalicelib.services.enrol_person import enrol_person
from chalicelib.settings import MAX_REGISTRATION_BYTES

registrations = Blueprint(__name__)


@registrations.lambda_function(name="on_registration_uploaded")
@instrumented
def on_registration_uploaded(event: dict[str, Any], _context: Any) -> Any:
    return for_each_upload(event, _enrol)


def _enrol(upload: Upload) -> None:
    try:
        registration = enrol_person(
            upload.key,
            registrations=wiring.registrations(),
            people=wiring.people(),
            templates=wiring.templates(),
            models=wiring.models(),
            media=wiring.media(),
            recogniser=wiring.recogniser(),
            erasures=wiring.erasures(),
            max_bytes=MAX_REGISTRATION_BYTES,
        )
    except NotFound as error:  # not ours, expired, or the person is gone: nothing will ever come of it
        count("UploadDropped")
        return logger.warning("upload dropped", code=error.code)
    outcome = registration.outcome
    logger.info(
        "registration read",
        registration_id=registration.registration_id,
        person_id=registration.person_id,
        state=registration.state.value,
        code=None if outcome is None else outcome.code,
        views_kept=0 if outcome is None else outcome.views_kept,
    )
    return None
