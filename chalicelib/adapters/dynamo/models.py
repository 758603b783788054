"""Which model is in service, and which version its cohorts have."""

from contextlib import suppress
from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamo.records import ForgottenRecord, ModelRecord
from chalicelib.adapters.dynamo.transactions import Transaction, conditional
from chalicelib.domain.biometrics import Biometrics
from chalicelib.domain.errors import BiometricsOff, Contention
from chalicelib.domain.templates import Champion

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

    def in_service(self) -> Champion | None:
        stored = _read()
        return None if stored is None or stored.model_id is None else _champion(stored)

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


def forgotten(person_id: str, at: datetime) -> ForgottenRecord:
    return ForgottenRecord(id=f"forget#{person_id}", asked_at=at)


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
