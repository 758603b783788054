"""Which model is in service."""

from chalicelib.adapters.dynamo.records import ModelRecord
from chalicelib.adapters.dynamo.transactions import conditional

CHAMPION = "champion"


class _InstalledError(Exception):
    """There is a champion already."""


class DynamoModels:
    def champion(self, installed: str) -> str:
        try:
            return ModelRecord.get(CHAMPION, consistent_read=True).model_id
        except ModelRecord.DoesNotExist:
            pass
        try:
            conditional(
                lambda: ModelRecord(CHAMPION, model_id=installed).save(
                    condition=ModelRecord.id.does_not_exist()
                ),
                _InstalledError(),
            )
        except _InstalledError:
            # Another function was first: its model is in service.
            return ModelRecord.get(CHAMPION, consistent_read=True).model_id
        return installed
