"""/v1/models: what may match faces, what is known of each, and which one does."""

from typing import Any

from chalicelib import wiring
from chalicelib.api.requests import ApiRequest
from chalicelib.api.retraining import DecisionOut
from chalicelib.api.routes import Routes
from chalicelib.api.schemas import Out, PageOut, PageQuery, Time
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import ModelOfAnotherPack, NothingToRollBackTo, NotInService, NotProven
from chalicelib.domain.models import InService, ModelEntry, Standing
from chalicelib.services.list_models import list_models
from chalicelib.services.promote_model import promote_model
from chalicelib.services.read_model import Reported, read_model
from chalicelib.services.rollback_model import rollback_model

models = Routes(__name__)


class ModelOut(Out):
    """The pack as it was shipped has neither a job nor a decision. `previous`: a rollback leads to it."""

    id: str
    pack_id: str
    standing: Standing
    previous: bool
    created_at: Time | None
    promoted_at: Time | None
    job_id: str | None
    decision: DecisionOut | None

    @classmethod
    def of(cls, model: ModelEntry, in_service: InService) -> "ModelOut":
        standing = in_service.standing_of(model.model_id)
        return cls(
            id=model.model_id,
            pack_id=model.pack_id,
            standing=standing,
            previous=model.model_id == in_service.previous_id,
            created_at=model.created_at,
            promoted_at=in_service.promoted_at if standing is Standing.CHAMPION else None,
            job_id=model.job_id,
            decision=None if model.decision is None else DecisionOut.of(model.decision),
        )


class ReportedModelOut(ModelOut):
    """`report`: what the gate decided by (docs/retraining.md); null of a pack as it was shipped."""

    report: dict[str, Any] | None

    @classmethod
    def reported(cls, reported: Reported) -> "ReportedModelOut":
        model = ModelOut.of(reported.model, reported.in_service)
        report = None if reported.report is None else dict(reported.report)
        return cls(**dict(model), report=report)


@models.route("GET", "/v1/models")
def get_models(_: ApiRequest, query: PageQuery) -> PageOut[ModelOut]:
    """List models: the pack as it was shipped first, then what retraining learned, the newest first."""
    page, in_service = list_models(query.limit, query.cursor, models=wiring.models())
    found = () if in_service is None else tuple(ModelOut.of(model, in_service) for model in page.items)
    return PageOut(items=found, next_cursor=page.cursor)


@models.route("GET", "/v1/models/{model_id}")
def get_model(_: ApiRequest, model_id: str) -> ReportedModelOut:
    """Read a model, with the gate's decision and the report that it decided by."""
    return ReportedModelOut.reported(read_model(model_id, models=wiring.models(), media=wiring.media()))


@models.route("POST", "/v1/models/{model_id}/promote", errors=[ModelOfAnotherPack, NotProven])
def post_promotion(request: ApiRequest, model_id: str) -> ReportedModelOut:
    """Put a model in service by hand: the next frame is matched by it. One that was not tested enough is refused."""
    promoted = promote_model(
        model_id, by=request.caller.subject, models=wiring.models(), media=wiring.media(), clock=utc_now
    )
    return ReportedModelOut.reported(promoted)


@models.route(
    "POST",
    "/v1/models/{model_id}/rollback",
    errors=[NotInService, NothingToRollBackTo, ModelOfAnotherPack],
)
def post_rollback(request: ApiRequest, model_id: str) -> ReportedModelOut:
    """Roll back from this model, which is in service, to the one before it; that one is answered."""
    restored = rollback_model(
        model_id, by=request.caller.subject, models=wiring.models(), media=wiring.media(), clock=utc_now
    )
    return ReportedModelOut.reported(restored)
