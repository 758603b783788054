"""List the registrations that await a human: who is to be enrolled, and whom the face resembles."""

from dataclasses import dataclass

from chalicelib.domain.registrations import Registration
from chalicelib.services.ports import Page, People, Registrations


@dataclass(frozen=True)
class Review:
    """`names` by person id, of the person and of those who resemble; who was deleted meanwhile has none."""

    registration: Registration
    names: dict[str, str]


def list_reviews(
    limit: int, cursor: str | None, *, registrations: Registrations, people: People
) -> Page[Review]:
    """Oldest first."""
    page = registrations.awaiting_review(limit, cursor)
    ids = {person_id for registration in page.items for person_id in _people_of(registration)}
    names = people.names(ids)
    return Page(
        tuple(
            Review(registration, {each: names[each] for each in _people_of(registration) if each in names})
            for registration in page.items
        ),
        page.cursor,
    )


def _people_of(registration: Registration) -> tuple[str, ...]:
    resembles = () if registration.outcome is None else registration.outcome.resembles
    return (registration.person_id, *(each.person_id for each in resembles))
