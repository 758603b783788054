"""Delete every template and picture once recognition was switched off. Cut off anywhere, the next tick carries on."""

from collections.abc import Callable

from chalicelib.domain.registrations import Outcome, RegistrationState
from chalicelib.services.ports import Media, Models, People, Registrations

PAGE_PEOPLE = 50
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
    for prefix in ("registrations/", "frames/"):
        media.delete(prefix)
    cursor = models.deletion_cursor()
    while not out_of_time():
        page = people.list(PAGE_PEOPLE, cursor)
        for person in page.items:
            people.delete_templates(person.person_id)
            for registration in registrations.of_person(person.person_id):
                if registration.outcome is None:
                    registrations.conclude(registration, REFUSED)
        cursor = page.cursor
        if cursor is None:
            models.finish_deletion()
            return True
        models.set_deletion_cursor(cursor)
    return True
