"""Start a registration: presigned PUTs for one video or several photos of a person who has given consent."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import ConsentMissing, PersonArchived
from chalicelib.domain.ids import Kind, NewId, fresh_id
from chalicelib.domain.registrations import Registration
from chalicelib.services.ports import Media, Models, People, Registrations, UploadTicket


def start_registration(
    person_id: str,
    files: tuple[tuple[str, int], ...],
    *,
    people: People,
    registrations: Registrations,
    media: Media,
    models: Models,
    clock: Clock,
    new_id: NewId = fresh_id,
) -> tuple[Registration, tuple[UploadTicket, ...]]:
    """`files`: (content type, length in bytes) of each.

    Raises BiometricsOff, PersonNotFound, PersonArchived, ConsentMissing.
    """
    models.biometrics().require_on()
    now = clock()
    if people.get(person_id).archived_at is not None:
        raise PersonArchived(f"{person_id} is archived: restore the person first.")
    consent = people.consent(person_id)
    if consent is None or not consent.permits_matching:
        raise ConsentMissing("Without an active consent for matching no picture of this person is taken in.")
    registration = registrations.add(
        Registration(
            person_id=person_id, registration_id=new_id(Kind.REGISTRATION), parts=len(files), created_at=now
        )
    )
    tickets = tuple(
        media.ticket(key, content_type, length, now)
        for key, (content_type, length) in zip(registration.keys, files, strict=True)
    )
    return registration, tickets
