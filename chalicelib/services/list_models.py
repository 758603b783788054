"""List models: the pack in service as it was shipped, then what retraining learned, the newest first."""

from chalicelib.domain.models import InService, ModelEntry
from chalicelib.services.ports import Models, Page


def list_models(
    limit: int, cursor: str | None, *, models: Models
) -> tuple[Page[ModelEntry], InService | None]:
    """With what is in service; before the first frame or registration that is nothing, and there is no model yet."""
    in_service = models.in_service()
    page = models.list(limit, cursor)
    if cursor is None and in_service is not None:
        page = Page((ModelEntry(in_service.pack_id), *page.items), page.cursor)
    return page, in_service
