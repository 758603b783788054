"""Delete every template and picture once recognition was switched off. Cut off anywhere, the next tick carries on."""

from collections.abc import Callable

from chalicelib.domain.registrations import Outcome, RegistrationState
from chalicelib.domain.retraining import DATASETS
from chalicelib.services.ports import Media, Models, People, Registrations

PAGE_PEOPLE = 50
# Who is archived or restored meanwhile is met in one walk or another.
ARCHIVED_IN = (True, False, True)
REFUSED = Outcome(
    state=RegistrationState.REFUSED,
    code="biometrics_off",
    explanation="Recognition of faces was switched off, so nothing was read and the upload was deleted.",
)


def delete_biometrics(
    *,
    models: Models,
    people: People,
    registrations: Registrations,
    media: Media,
    out_of_time: Callable[[], bool] = lambda: False,
) -> bool:
    """Whether there was something to do. Raises Contention, DeletionFailed."""
    if not models.biometrics().erasing:
        return False
    for prefix in ("registrations/", "frames/", DATASETS):
        media.delete(prefix)
    while not out_of_time():
        walk, cursor = _place(models.deletion_cursor())
        page = people.list(PAGE_PEOPLE, cursor, archived=ARCHIVED_IN[walk])
        for person in page.items:
            people.delete_templates(person.person_id)
            for registration in registrations.of_person(person.person_id):
                if registration.outcome is None:
                    registrations.conclude(registration, REFUSED)
        if page.cursor is None and walk + 1 == len(ARCHIVED_IN):
            models.finish_deletion()
            return True
        models.set_deletion_cursor(f"{walk + 1} " if page.cursor is None else f"{walk} {page.cursor}")
    return True


def _place(stored: str | None) -> tuple[int, str | None]:
    walk, _, cursor = (stored or "0 ").partition(" ")
    return int(walk), cursor or None
