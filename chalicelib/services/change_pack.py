"""Change the pack: re-embed everybody by the new one while the old one is in service, then switch."""

from collections.abc import Iterator

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import ModelNotFound
from chalicelib.domain.models import InService
from chalicelib.services.ports import Media, Models, People, Recogniser, Registrations, Templates
from chalicelib.services.reembed_person import Reembedding, reembed_person

PAGE_PEOPLE = 100
# Who is archived or restored meanwhile is met in one walk or another.
ARCHIVED_IN = (True, False, True)
OPERATOR = "operator"


def reembed_everybody(
    *,
    people: People,
    registrations: Registrations,
    templates: Templates,
    models: Models,
    media: Media,
    recogniser: Recogniser,
    max_bytes: int,
) -> Iterator[tuple[str, Reembedding]]:
    """Each person who is enrolled, once. Cut off anywhere, it may begin again. Raises BiometricsOff."""
    models.biometrics().require_on()
    for person_id in _everybody(people):
        became = reembed_person(
            person_id,
            people=people,
            registrations=registrations,
            templates=templates,
            media=media,
            recogniser=recogniser,
            max_bytes=max_bytes,
        )
        if became is not None:
            yield person_id, became


def switch_pack(pack_id: str, *, models: Models, clock: Clock) -> InService:
    """Put the pack in service as it was shipped, in one write; in service already, nothing happens.

    Raises ModelNotFound if nothing is in service, Contention.
    """
    before = models.in_service()
    if before is None:
        raise ModelNotFound("No model is in service: the first function to be asked installs its own.")
    if before.pack_id == pack_id:
        return before
    after = before.change_pack(pack_id, OPERATOR, clock())
    models.switch(before, after)
    return after


def _everybody(people: People) -> Iterator[str]:
    met: set[str] = set()
    for archived in ARCHIVED_IN:
        cursor: str | None = None
        while True:
            page = people.list(PAGE_PEOPLE, cursor, archived=archived)
            for person in page.items:
                if person.person_id not in met:
                    met.add(person.person_id)
                    yield person.person_id
            cursor = page.cursor
            if cursor is None:
                break
