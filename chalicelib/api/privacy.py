"""/v1/privacy, /v1/consent-texts and what a person may ask for: an export, and an erasure."""

import base64
import time
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from chalicelib import wiring
from chalicelib.api.claims import ClaimOut
from chalicelib.api.frames import SightingOut
from chalicelib.api.identities import IdentityOut
from chalicelib.api.people import ConsentOut, PersonOut
from chalicelib.api.registrations import RegistrationOut
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Answer, Routes
from chalicelib.api.schemas import In, Out, Query, Text, Time
from chalicelib.domain.biometrics import Biometrics
from chalicelib.domain.clock import utc_now
from chalicelib.domain.consent_texts import ConsentText
from chalicelib.domain.duplicates import Likeness
from chalicelib.domain.erasure import Erasure, ErasureState
from chalicelib.domain.errors import ConsentTextExists, ErasureUnfinished, PersonNotFound, TooManyRequests
from chalicelib.domain.people import Use
from chalicelib.domain.registrations import Registration
from chalicelib.domain.retraining import Retrained
from chalicelib.domain.signing import Signed
from chalicelib.domain.templates import Template
from chalicelib.services.add_consent_text import add_consent_text
from chalicelib.services.erase_person import erase_person
from chalicelib.services.export_person import Held, Seen, Sources, export_person, export_sessions
from chalicelib.services.limit_exports import limit_exports
from chalicelib.services.switch_biometrics import switch_biometrics

privacy = Routes(__name__)

# The gateway waits for 29 seconds; what is not erased by then is erased by the minute tick.
SECONDS_TO_ERASE = 15

Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Body = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class BiometricsIn(In):
    """`on` false: nobody is recognised from now on, and all templates and pictures are deleted."""

    on: bool


class BiometricsOut(Out):
    """`erasing`: templates and pictures are still being deleted."""

    on: bool
    erasing: bool
    changed_at: Time | None

    @classmethod
    def of(cls, biometrics: Biometrics) -> "BiometricsOut":
        return cls(on=biometrics.on, erasing=biometrics.erasing, changed_at=biometrics.changed_at)


class KeptOut(Out):
    """`days` is null for what is kept until `deleted_by` ends it."""

    what: str
    days: int | None
    deleted_by: str


class ConsentTextIn(In):
    version: Version
    language: Language
    title: Text
    body: Body
    uses: Annotated[tuple[Use, ...], Field(min_length=1, max_length=len(Use))]


class ConsentTextOut(Out):
    """`sha256`: of the text's canonical form, as every consent to it names it."""

    version: str
    language: str
    title: str
    body: str
    uses: tuple[Use, ...]
    created_at: Time
    sha256: str

    @classmethod
    def of(cls, text: ConsentText) -> "ConsentTextOut":
        return cls(**{**asdict(text), "sha256": text.sha256})


class ConsentTextsOut(Out):
    items: tuple[ConsentTextOut, ...]


class PrivacyOut(Out):
    biometrics: BiometricsOut
    retention: tuple[KeptOut, ...]
    consent_text_versions: tuple[str, ...]


class SignatureOut(Out):
    key_id: str
    algorithm: str
    value: str


class SignedOut(Out):
    """`value` signs the SHA-256 of the document's canonical JSON; `python -m infra.verify` checks it."""

    document: dict[str, Any]
    signature: SignatureOut

    @classmethod
    def of(cls, signed: Signed) -> "SignedOut":
        return cls(document=dict(signed.document), signature=SignatureOut(**asdict(signed.signature)))


class ErasureOut(Out):
    """`receipt` is null while it is erasing. `retrained_at`: when a job had learned anew without the person."""

    person_id: str
    state: ErasureState
    requested_at: Time
    receipt: SignedOut | None
    retrained_at: Time | None
    retraining_job_id: str | None

    @classmethod
    def of(cls, erasure: Erasure, retrained: Retrained | None) -> "ErasureOut":
        receipt = erasure.receipt
        return cls(
            person_id=erasure.person_id,
            state=erasure.state,
            requested_at=erasure.requested_at,
            receipt=None if receipt is None else SignedOut.of(receipt),
            retrained_at=None if retrained is None else retrained.at,
            retraining_job_id=None if retrained is None else retrained.job_id,
        )


class ExportQuery(Query):
    cursor: Annotated[str, StringConstraints(max_length=64)] | None = None


class ExportedRegistrationOut(RegistrationOut):
    """`media`: links that can be followed for a few minutes. `resembles`: how similar others' faces were."""

    media: tuple[str, ...]
    resembles: tuple[float, ...]


class OccasionOut(Out):
    """`embeddings`: each the base64 of 32-bit floats, little-endian."""

    registration_id: str
    embeddings: tuple[str, ...]


class TemplateOut(Out):
    model_id: str
    occasions: tuple[OccasionOut, ...]

    @classmethod
    def of(cls, template: Template) -> "TemplateOut":
        return cls(
            model_id=template.model_id,
            occasions=tuple(
                OccasionOut(
                    registration_id=occasion.registration_id,
                    embeddings=tuple(base64.b64encode(each).decode() for each in occasion.embeddings),
                )
                for occasion in template.occasions
            ),
        )


class ExportedAttendanceOut(Out):
    """All stored facts of one session, and every line of their history."""

    status: str
    facts: dict[str, Any]
    history: tuple[dict[str, Any], ...]


class HeldOut(Out):
    """`lookalikes`: from how many people a human told this one apart. `candidates`: templates not in use yet."""

    person: PersonOut
    lookalikes: int
    consents: tuple[ConsentOut, ...]
    identities: tuple[IdentityOut, ...]
    takes_course_ids: tuple[str, ...]
    left_course_ids: tuple[str, ...]
    teaches_course_ids: tuple[str, ...]
    registrations: tuple[ExportedRegistrationOut, ...]
    templates: tuple[TemplateOut, ...]
    candidates: tuple[TemplateOut, ...]
    attendance: tuple[ExportedAttendanceOut, ...]

    @classmethod
    def of(cls, held: Held) -> "HeldOut":
        return cls(
            person=PersonOut.of(held.person),
            lookalikes=len(held.person.lookalikes),
            consents=tuple(map(ConsentOut.of, held.consents)),
            identities=tuple(map(IdentityOut.of, held.identities)),
            takes_course_ids=held.takes,
            left_course_ids=held.left,
            teaches_course_ids=held.teaches,
            registrations=tuple(
                ExportedRegistrationOut(
                    **dict(RegistrationOut.of(registration)),
                    media=links,
                    resembles=tuple(alike.similarity for alike in _alike(registration)),
                )
                for registration, links in held.registrations
            ),
            templates=tuple(map(TemplateOut.of, held.templates)),
            candidates=tuple(map(TemplateOut.of, held.candidates)),
            attendance=tuple(
                ExportedAttendanceOut(
                    status=record.status.value,
                    facts=asdict(record),
                    history=tuple(map(asdict, history)),
                )
                for record, history in held.attendance
            ),
        )


def _alike(registration: Registration) -> tuple[Likeness, ...]:
    return () if registration.outcome is None else registration.outcome.resembles


class SeenOut(Out):
    frame_id: str
    session_id: str
    model_id: str
    received_at: Time
    sighting: SightingOut

    @classmethod
    def of(cls, seen: Seen) -> "SeenOut":
        return cls(
            frame_id=seen.frame_id,
            session_id=seen.session_id,
            model_id=seen.model_id,
            received_at=seen.received_at,
            sighting=SightingOut.of(seen.sighting),
        )


class ExportOut(Out):
    """`held` is null on all pages but the first; the rest goes on from page to page until `next_cursor` is null."""

    exported_at: Time
    held: HeldOut | None
    sightings: tuple[SeenOut, ...]
    claims: tuple[ClaimOut, ...]
    next_cursor: str | None


@privacy.route("GET", "/v1/privacy")
def get_privacy(_: ApiRequest) -> PrivacyOut:
    """Read what is kept for how long, which consent texts there are, and whether faces are recognised at all."""
    return PrivacyOut(
        biometrics=BiometricsOut.of(wiring.models().biometrics()),
        retention=tuple(KeptOut(**asdict(kept)) for kept in wiring.settings().retention),
        consent_text_versions=tuple(text.version for text in wiring.consent_texts().list()),
    )


@privacy.route("PUT", "/v1/privacy/biometrics", errors=[ErasureUnfinished])
def put_biometrics(request: ApiRequest, body: BiometricsIn) -> BiometricsOut:
    """Switch the recognition of faces off or on for everybody. Off deletes templates and pictures within minutes."""
    switched = switch_biometrics(body.on, by=request.caller.subject, models=wiring.models(), clock=utc_now)
    return BiometricsOut.of(switched)


@privacy.route("GET", "/v1/consent-texts")
def list_consent_texts(_: ApiRequest) -> ConsentTextsOut:
    """List every consent text, the oldest first."""
    return ConsentTextsOut(items=tuple(map(ConsentTextOut.of, wiring.consent_texts().list())))


@privacy.route("GET", "/v1/consent-texts/{text_version}")
def get_consent_text(_: ApiRequest, text_version: str) -> ConsentTextOut:
    """Read a consent text."""
    return ConsentTextOut.of(wiring.consent_texts().get(text_version))


@privacy.route("POST", "/v1/consent-texts", status=201, errors=[ConsentTextExists])
def post_consent_text(_: ApiRequest, body: ConsentTextIn) -> Answer[ConsentTextOut]:
    """Add a consent text. It never changes afterwards; another wording or language is another version."""
    text = add_consent_text(
        body.version,
        language=body.language,
        title=body.title,
        body=body.body,
        uses=body.uses,
        texts=wiring.consent_texts(),
        clock=utc_now,
    )
    return Answer(ConsentTextOut.of(text), {"Location": f"/v1/consent-texts/{text.version}"})


@privacy.route("DELETE", "/v1/people/{person_id}")
def delete_person(request: ApiRequest, person_id: str) -> ErasureOut:
    """Erase a person everywhere, with a signed receipt. The very next frame does not match; it cannot be undone."""
    deadline = time.monotonic() + SECONDS_TO_ERASE
    erasure = erase_person(
        person_id,
        by=request.caller.subject,
        eraser=wiring.eraser(),
        out_of_time=lambda: time.monotonic() > deadline,
    )
    return ErasureOut.of(erasure, wiring.retraining().retrained(person_id))


@privacy.route("GET", "/v1/people/{person_id}/erasure")
def get_erasure(_: ApiRequest, person_id: str) -> ErasureOut:
    """Read how far the erasure of a person is, its receipt, and when retraining ran without the person."""
    erasure = wiring.erasures().get(person_id)
    if erasure is None:
        raise PersonNotFound(f"Nobody with the id {person_id} was erased.")
    return ErasureOut.of(erasure, wiring.retraining().retrained(person_id))


@privacy.route("GET", "/v1/people/{person_id}/export", errors=[TooManyRequests])
def get_export(request: ApiRequest, person_id: str, query: ExportQuery) -> ExportOut:
    """Export everything that is held of a person; what cameras saw of them, and claims, follow page by page."""
    limit_exports(request.caller, first_page=query.cursor is None, limits=wiring.rate_limits())
    sources = _sources()
    held = None if query.cursor is not None else export_person(person_id, sources=sources)
    of_sessions = export_sessions(person_id, query.cursor, sources=sources)
    now: datetime = utc_now()
    return ExportOut(
        exported_at=now,
        held=None if held is None else HeldOut.of(held),
        sightings=tuple(map(SeenOut.of, of_sessions.seen)),
        claims=tuple(ClaimOut.of(claim, request.caller) for claim in of_sessions.claims),
        next_cursor=of_sessions.cursor,
    )


def _sources() -> Sources:
    return Sources(
        people=wiring.people(),
        access=wiring.access(),
        courses=wiring.courses(),
        sessions=wiring.sessions(),
        frames=wiring.frames(),
        claims=wiring.claims(),
        attendance=wiring.attendance(),
        registrations=wiring.registrations(),
        templates=wiring.templates(),
        media=wiring.media(),
    )
