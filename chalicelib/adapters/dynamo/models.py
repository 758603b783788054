"""Which model is in service, and which version its cohorts have."""

from contextlib import suppress
from datetime import datetime

from chalicelib.adapters.dynamo.records import ForgottenRecord, ModelRecord
from chalicelib.adapters.dynamo.transactions import Transaction, conditional
from chalicelib.domain.errors import Contention
from chalicelib.domain.templates import Champion

CHAMPION = "champion"


class _InstalledError(Exception):
    """There is a champion already."""


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
    return Champion(stored.model_id, int(stored.cohort_version or 0))
