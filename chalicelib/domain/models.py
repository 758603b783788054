"""Models: a pack as it was shipped, or with what retraining learned on top; one of them is in service."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.errors import ModelOfAnotherPack, NothingToRollBackTo, NotInService, NotProven
from chalicelib.domain.gate import Decision, Verdict
from chalicelib.domain.templates import LEARNED


class Standing(StrEnum):
    CHAMPION = "champion"  # in service
    CHALLENGER = "challenger"  # of the pack in service
    RETIRED = "retired"  # of another pack, whose templates are not made any more


@dataclass(frozen=True)
class ModelEntry:
    """`decision`: of the last job that led to it. A pack as it was shipped has neither job nor decision."""

    model_id: str
    created_at: datetime | None = None
    job_id: str | None = None
    decision: Decision | None = None

    @property
    def pack_id(self) -> str:
        return pack_of(self.model_id)


@dataclass(frozen=True)
class InService:
    """`previous_id`: what a rollback leads back to. `left_id`: what somebody has rolled back from last."""

    model_id: str
    previous_id: str | None = None
    promoted_at: datetime | None = None
    promoted_by: str | None = None
    left_id: str | None = None

    @property
    def pack_id(self) -> str:
        return pack_of(self.model_id)

    def standing_of(self, model_id: str) -> Standing:
        if model_id == self.model_id:
            return Standing.CHAMPION
        return Standing.CHALLENGER if pack_of(model_id) == self.pack_id else Standing.RETIRED

    def promote(self, model: ModelEntry, by: str, at: datetime) -> "InService":
        """By hand a model may be put in service that the gate has left out, but none that it could not judge.

        Raises ModelOfAnotherPack, NotProven.
        """
        self._require_pack(model.model_id)
        decision = model.decision
        if decision is not None and decision.verdict is Verdict.NOT_ENOUGH_EVIDENCE:
            raise NotProven(f"{model.model_id} was not tested enough: {decision.reasons[0].sentence}")
        return InService(model.model_id, self.model_id, at, by)

    def roll_back(self, model_id: str, by: str, at: datetime) -> "InService":
        """From `model_id`; the way back is used up, so that a second call never leads into the model rolled back from.

        Raises NotInService, NothingToRollBackTo, ModelOfAnotherPack.
        """
        if model_id != self.model_id:
            raise NotInService(f"{model_id} is not in service: {self.model_id} is.")
        if self.previous_id is None:
            raise NothingToRollBackTo(f"No model was in service before {model_id}; another may be promoted.")
        self._require_pack(self.previous_id)
        return InService(self.previous_id, None, at, by, left_id=model_id)

    def change_pack(self, pack_id: str, by: str, at: datetime) -> "InService":
        """To another pack as it was shipped; no rollback leads out of it again, only another change."""
        return InService(pack_id, self.model_id, at, by)

    def _require_pack(self, model_id: str) -> None:
        if pack_of(model_id) != self.pack_id:
            raise ModelOfAnotherPack(
                f"{model_id} is of another pack than {self.pack_id}, which is in service."
            )


def pack_of(model_id: str) -> str:
    return model_id.partition(LEARNED)[0]


def file_of(model_id: str, name: str) -> str:
    """The key of one of a model's files."""
    return f"models/{model_id}/{name}"
