"""A claim was made: settle it."""

import json
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.errors import NotFound
from chalicelib.events.messages import for_each_message
from chalicelib.observability import count, instrumented, logger
from chalicelib.services.settle_claim import settle_claim
from chalicelib.settings import MAX_FRAME_BYTES

claims = Blueprint(__name__)


@claims.lambda_function(name="on_claim_made")
@instrumented
def on_claim_made(event: dict[str, Any], _context: Any) -> Any:
    return for_each_message(event, _settle)


def _settle(record: SQSRecord) -> None:
    made = json.loads(record.body)
    try:
        claim = settle_claim(
            made["session_id"],
            made["claim_id"],
            claims=wiring.claims(),
            frames=wiring.frames(),
            sessions=wiring.sessions(),
            courses=wiring.courses(),
            people=wiring.people(),
            attendance=wiring.attendance(),
            media=wiring.media(),
            recogniser=wiring.recogniser(),
            gallery_of=wiring.gallery_of(),
            max_bytes=MAX_FRAME_BYTES,
        )
    except NotFound as error:  # deleted meanwhile: nothing will ever come of it
        count("ClaimDropped")
        return logger.warning("claim dropped", code=error.code)
    verdict = claim.verdict
    comparison = None if verdict is None else verdict.comparison
    count("ClaimRefused", 0 if verdict is None or verdict.code is None else 1)
    logger.info(
        "claim settled",
        claim_id=claim.claim_id,
        session_id=claim.session_id,
        frame_id=claim.frame_id,
        person_id=claim.person_id,
        by=claim.by,
        state=claim.state.value,
        code=None if verdict is None else verdict.code,
        similarity=None if comparison is None else comparison.similarity,
        score=None if comparison is None else comparison.score,
        threshold=None if comparison is None else comparison.threshold,
        model_id=None if comparison is None else comparison.model_id,
    )
    return None
