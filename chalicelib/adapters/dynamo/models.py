"""Which model is in service, which version its cohorts have, and what retraining learned so far."""

from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import MODEL, LearnedModelRecord, ModelRecord
from chalicelib.adapters.dynamo.transactions import Transaction, conditional
from chalicelib.domain.biometrics import Biometrics
from chalicelib.domain.errors import BiometricsOff, Contention
from chalicelib.domain.gate import Decision, Reason, Verdict
from chalicelib.domain.models import InService, ModelEntry
from chalicelib.domain.templates import Champion
from chalicelib.services.ports import Page

CHAMPION = "champion"
FROM_THE_START = "start"


class _InstalledError(Exception):
    """There is a champion already."""


class _FinishedError(Exception):
    """Nothing is being deleted any more."""


class DynamoModels:
    def champion(self, installed: str) -> Champion:
        """Read strongly."""
        stored = _read()
        if stored is not None and stored.model_id is not None:
            return _champion(stored)
        with suppress(_InstalledError):  # another function was first: its model is in service
            conditional(
                lambda: ModelRecord(CHAMPION).update(
                    actions=[ModelRecord.model_id.set(installed)],
                    condition=ModelRecord.model_id.does_not_exist(),
                ),
                _InstalledError(),
            )
        stored = _read()
        if stored is None:
            raise Contention("The model in service is being changed.")
        return _champion(stored)

    def in_service(self) -> InService | None:
        stored = _read()
        if stored is None or stored.model_id is None:
            return None
        return InService(
            stored.model_id,
            stored.previous_model_id,
            stored.promoted_at,
            stored.promoted_by,
            stored.left_model_id,
        )

    def switch(self, before: InService, after: InService) -> None:
        changed = Contention("Another model was put in service meanwhile.")
        update = switching(after)
        conditional(
            lambda: ModelRecord(CHAMPION).update(actions=update, condition=is_in_service(before)), changed
        )

    def learned(self, model_id: str) -> ModelEntry | None:
        try:
            return _entry(LearnedModelRecord.get(f"{MODEL}#{model_id}", consistent_read=True))
        except LearnedModelRecord.DoesNotExist:
            return None

    def list(self, limit: int, cursor: str | None) -> Page[ModelEntry]:
        keys = ("kind", "created_at", "id")
        query = LearnedModelRecord.by_kind.query
        return read_page(query, MODEL, _entry, limit, cursor, keys=keys, newest_first=True)

    def biometrics(self) -> Biometrics:
        return _biometrics(_read())

    def switch_biometrics(self, on: bool, by: str, at: datetime) -> None:
        """Galleries that were kept are stale either way."""
        actions: list[Action] = [
            ModelRecord.biometrics_off.set(not on),
            ModelRecord.biometrics_changed_at.set(at),
            ModelRecord.biometrics_changed_by.set(by),
            ModelRecord.cohort_version.add(1),
        ]
        if not on:
            actions.append(ModelRecord.deletion.set(FROM_THE_START))
        switched = Contention("Recognition was being switched by somebody else.")
        condition = ModelRecord.deletion.does_not_exist()
        conditional(lambda: ModelRecord(CHAMPION).update(actions=actions, condition=condition), switched)

    def deletion_cursor(self) -> str | None:
        stored = _read()
        cursor = None if stored is None else stored.deletion
        return None if cursor == FROM_THE_START else cursor

    def set_deletion_cursor(self, cursor: str) -> None:
        """Of two ticks at once, one may take a step back: what it deletes again is gone already."""
        with suppress(_FinishedError):
            _while_deleting([ModelRecord.deletion.set(cursor)])

    def finish_deletion(self) -> None:
        with suppress(_FinishedError):
            _while_deleting([ModelRecord.deletion.remove()])


def require_biometrics(transaction: Transaction) -> None:
    """In a transaction that must not come after recognition was switched off."""
    transaction.check(
        ModelRecord,
        (CHAMPION, None),
        ModelRecord.biometrics_off.does_not_exist() | (ModelRecord.biometrics_off == False),  # noqa: E712
        BiometricsOff("Recognition of faces is switched off here."),
    )


def bump_cohorts(transaction: Transaction) -> None:
    """In the transaction after which a person's template may not normalise other people's scores any more."""
    transaction.update(ModelRecord(CHAMPION), [ModelRecord.cohort_version.add(1)], None, Contention())


def is_in_service(model: InService) -> Condition:
    """Of the champion's item: that nothing was put in service since."""
    previous = ModelRecord.previous_model_id
    kept = previous.does_not_exist() if model.previous_id is None else previous == model.previous_id
    condition: Condition = (ModelRecord.model_id == model.model_id) & kept
    return condition


def switching(after: InService) -> list[Action]:
    """Which model is in service stands in one item: it is changed whole, or not at all."""
    facts: tuple[tuple[Any, Any], ...] = (
        (ModelRecord.model_id, after.model_id),
        (ModelRecord.previous_model_id, after.previous_id),
        (ModelRecord.promoted_at, after.promoted_at),
        (ModelRecord.promoted_by, after.promoted_by),
        (ModelRecord.left_model_id, after.left_id),
    )
    return [name.remove() if fact is None else name.set(fact) for name, fact in facts]


def stored_decision(decision: Decision) -> dict[str, Any]:
    return asdict(decision)


def read_decision(stored: Any) -> Decision:
    return Decision(Verdict(stored["verdict"]), tuple(Reason(**each) for each in stored["reasons"]))


def _entry(record: LearnedModelRecord) -> ModelEntry:
    return ModelEntry(
        model_id=record.id.removeprefix(f"{MODEL}#"),
        created_at=record.created_at,
        job_id=record.job_id,
        decision=read_decision(record.decision),
    )


def _read() -> ModelRecord | None:
    try:
        return ModelRecord.get(CHAMPION, consistent_read=True)
    except ModelRecord.DoesNotExist:
        return None


def _champion(stored: ModelRecord) -> Champion:
    return Champion(stored.model_id, int(stored.cohort_version or 0), _biometrics(stored))


def _biometrics(stored: ModelRecord | None) -> Biometrics:
    if stored is None:
        return Biometrics()
    return Biometrics(
        on=not stored.biometrics_off,
        changed_at=stored.biometrics_changed_at,
        changed_by=stored.biometrics_changed_by,
        erasing=stored.deletion is not None,
    )


def _while_deleting(actions: list[Action]) -> None:
    conditional(
        lambda: ModelRecord(CHAMPION).update(actions=actions, condition=ModelRecord.deletion.exists()),
        _FinishedError(),
    )
