"""What the services ask of the world. wiring.py decides what stands behind each port."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar

from chalicelib.domain.access import Account, Caller, Camera, Identity
from chalicelib.domain.attendance import AttendanceRecord
from chalicelib.domain.audit import AuditEntry, SealedDay
from chalicelib.domain.biometrics import Biometrics
from chalicelib.domain.claims import Claim, Comparison, Verdict
from chalicelib.domain.codes import Code
from chalicelib.domain.consent_texts import ConsentText
from chalicelib.domain.courses import Course, Roster
from chalicelib.domain.drift import Expected, TallyOf
from chalicelib.domain.erasure import Claimed, Erasure, Held
from chalicelib.domain.external_ids import ExternalId
from chalicelib.domain.frames import Frame, FrameResult
from chalicelib.domain.history import Change
from chalicelib.domain.models import InService, ModelEntry
from chalicelib.domain.people import Consent, Person
from chalicelib.domain.registrations import Outcome, Registration
from chalicelib.domain.retraining import Progress, Request, Retrained, RetrainingJob
from chalicelib.domain.sessions import Session, Watch
from chalicelib.domain.sightings import Box, Seen
from chalicelib.domain.signing import Signed
from chalicelib.domain.templates import Candidate, Champion, ExtractedViews, Template
from chalicelib.domain.timetable import Timetable

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some items, and the cursor of the next page; None on the last."""

    items: tuple[Item, ...]
    cursor: str | None = None


@dataclass(frozen=True)
class UploadTicket:
    """A presigned PUT. The client must send exactly these headers."""

    url: str
    headers: Mapping[str, str]
    expires_at: datetime


class People(Protocol):
    def add(self, person: Person) -> Person:
        """Answers the stored one; under an id that is there already nothing is written. Raises ExternalIdTaken."""

    def get(self, person_id: str) -> Person:
        """Raises PersonNotFound."""

    def get_all(self, person_ids: Collection[str]) -> dict[str, Person]:
        """Those that there are, read strongly."""

    def owners(self, external_ids: Collection[ExternalId]) -> dict[ExternalId, str]:
        """The person id behind each external id that somebody has, read strongly."""

    def save(self, person: Person, before: Person) -> None:
        """Replace name and external ids of what was read. Raises Contention, ExternalIdTaken."""

    def archive(self, person_id: str, at: datetime) -> None:
        """Off all rosters in one transaction; archived already: nothing happens. Raises PersonNotFound, Contention."""

    def restore(self, person_id: str) -> None:
        """Back on the rosters; not archived: nothing happens. Raises PersonNotFound, Contention."""

    def names(self, person_ids: Iterable[str]) -> dict[str, str]: ...
    def list(self, limit: int, cursor: str | None, *, archived: bool = False) -> Page[Person]: ...
    def consent(self, person_id: str) -> Consent | None: ...
    def consents(self, person_id: str) -> tuple[Consent, ...]:
        """All that were ever given, the oldest first."""

    def courses_left(self, person_id: str) -> tuple[str, ...]:
        """Courses that the person was on the roster of."""

    def permitting_normalisation(self, person_ids: Sequence[str]) -> frozenset[str]:
        """Those whose consent permits it, read strongly."""

    def consents_of(self, person_ids: Sequence[str]) -> dict[str, Consent]:
        """Those that there are, also if they were withdrawn, read strongly."""

    def lookalikes(self, person_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """Of those who have any: the people whom a human told apart from them."""

    def give_consent(self, consent: Consent) -> None:
        """Replace and keep the one before. Without matching, the templates go. Raises PersonNotFound, Contention."""

    def delete_templates(self, person_id: str) -> None:
        """All of them, whatever the consent. Raises Contention."""

    def withdraw_consent(self, person_id: str, at: datetime) -> None:
        """End the consent and forget the face in one transaction that bumps the person's courses.

        Templates and candidates go, held registrations are refused, and nobody looks like the person any more.
        """


class ConsentTexts(Protocol):
    def add(self, text: ConsentText) -> None:
        """Raises ConsentTextExists: a version is never replaced."""

    def get(self, version: str) -> ConsentText:
        """Also the text that ships with the code. Raises ConsentTextNotFound."""

    def list(self) -> tuple[ConsentText, ...]:
        """All of them, oldest first."""


class Erasures(Protocol):
    """What the tables hold of a person, and its end. Everything here may be repeated."""

    def begin(self, person_id: str, by: str, now: datetime) -> Erasure:
        """End the person in one transaction: no name, consent or template is left, and every gallery is stale.

        One that was begun already is answered as it stands. Raises PersonNotFound, Contention.
        """

    def reinstate(self, erasure: Erasure) -> None:
        """Put a tombstone back that a restored table has lost."""

    def get(self, person_id: str) -> Erasure | None:
        """Read strongly."""

    def due(self, now: datetime) -> tuple[str, ...]:
        """People whose erasure was cut off, or is to be swept."""

    def note(self, person_id: str, held: Held, count: int) -> None:
        """Note how much there is, before it is deleted. What was noted before stands."""

    def conclude(self, erasure: Erasure, receipt: Signed, sweep_at: datetime) -> Erasure:
        """Of two receipts the first stands; answers the erasure as stored."""

    def settle(self, erasure: Erasure) -> None:
        """It was swept: nothing is due any more."""

    def ask_for_rebuild(self, person_id: str, now: datetime) -> None:
        """A fact that retraining reads: what was learned from this person is to be learned anew without."""


class Traces(Protocol):
    """What is left of an erased person, kind by kind. Everything here may be repeated."""

    def attended(self, person_id: str, session_ids: Sequence[str]) -> tuple[str, ...]:
        """Sessions with a record of the person, also others than these."""

    def forget_attendance(self, session_id: str, person_id: str) -> None:
        """The record and its history go; how many had its status stays, as a number. Raises Contention."""

    def claims(self, person_id: str, session_ids: Sequence[str]) -> tuple[Claimed, ...]: ...
    def forget_claim(self, claimed: Claimed) -> None: ...
    def forget_templates(self, person_id: str, model_ids: Sequence[str]) -> None: ...
    def count(self, held: Held, person_id: str) -> int: ...
    def forget(self, held: Held, person_id: str) -> None: ...
    def forget_rosters(self, person_id: str, course_ids: Sequence[str]) -> None:
        """Off these courses' rosters, and off every other's."""


class Courses(Protocol):
    def add(self, course: Course) -> Course:
        """As People.add."""

    def get(self, course_id: str) -> Course:
        """Read strongly. Raises CourseNotFound."""

    def with_external_id(self, external_id: ExternalId) -> Course | None: ...
    def save(self, course: Course, before: Course) -> None:
        """Replace the version that was read. Raises Contention, ExternalIdTaken."""

    def of_ids(self, course_ids: Iterable[str]) -> tuple[Course, ...]:
        """Read strongly, in no order; who is not there is left out."""

    def list(self, limit: int, cursor: str | None, *, archived: bool = False) -> Page[Course]: ...
    def roster(self, course_id: str) -> tuple[str, ...]:
        """Read strongly, without those who are archived."""

    def whole_roster(self, course_id: str) -> Roster:
        """Read strongly."""

    def put_on_roster(self, course_id: str, person_id: str) -> None:
        """On it already: nothing happens.

        Raises CourseNotFound, CourseArchived, PersonNotFound, PersonArchived, LimitReached, Contention.
        """

    def take_off_roster(self, course_id: str, person_id: str) -> None:
        """Raises NotOnRoster, Contention."""

    def courses_of(self, person_id: str) -> tuple[str, ...]:
        """The courses on whose roster the person is, read strongly."""

    def instructors(self, course_id: str) -> tuple[str, ...]: ...
    def taught_by(self, person_id: str) -> tuple[str, ...]:
        """The courses that the person is an instructor of, read strongly."""

    def add_instructor(self, course_id: str, person_id: str) -> None:
        """Raises CourseNotFound, PersonNotFound, LimitReached. An instructor of it already: nothing happens."""

    def remove_instructor(self, course_id: str, person_id: str) -> None:
        """Raises NotAnInstructor."""


class RosterImports(Protocol):
    """The steps of an import, each of which may be repeated. Only `switch` changes the roster.

    `digest` tells an import from others of the course. All raise Contention when another writer was first.
    """

    def begun(self, course_id: str, digest: str) -> str | None:
        """The seed of the import under way, if there is one, read strongly."""

    def begin(self, roster: Roster, digest: str, seed: str) -> None: ...
    def members(self, course_id: str, person_ids: Collection[str]) -> frozenset[str]:
        """Those who have a membership of the course already, on its roster or not yet, read strongly."""

    def create(self, course_id: str, people: Iterable[Person]) -> None:
        """New people with a membership. Raises ExternalIdTaken."""

    def join(self, course_id: str, person_ids: Iterable[str]) -> None: ...
    def switch(self, roster: Roster, digest: str, leaving: frozenset[str]) -> None:
        """Replace the roster's people if it is still at that revision, and note whose memberships are to end."""

    def finish(self, course_id: str, digest: str) -> None:
        """End the memberships noted, and the import."""


class Sessions(Protocol):
    def add(self, session: Session) -> Session:
        """As People.add."""

    def get(self, session_id: str) -> Session:
        """Read strongly. Raises SessionNotFound."""

    def of_ids(self, session_ids: tuple[str, ...]) -> tuple[Session, ...]:
        """Those that there are, in any order, read strongly."""

    def save(self, session: Session, *, unless_watched: bool = False) -> None:
        """Replace the revision that was read. Raises Contention when another writer was first.

        `unless_watched`: and also when a camera has been seen to deliver something.
        """

    def of_course(
        self,
        course_id: str,
        limit: int,
        cursor: str | None,
        *,
        opens_from: datetime | None = None,
        opens_until: datetime | None = None,
    ) -> Page[Session]: ...
    def flagged(self, course_id: str, limit: int, cursor: str | None) -> Page[Session]: ...
    def unfinished(self, course_id: str, now: datetime) -> Session | None:
        """A session of the course that is ahead, open or closing, if there is one."""

    def due(self, now: datetime) -> tuple[str, ...]: ...
    def watch(self, session_id: str) -> Watch:
        """Read strongly."""

    def start_watch(self, session_id: str) -> None:
        """Note that a camera of the session could see; once noted, nothing happens."""

    def settle_watch(self, session_id: str) -> None: ...


class Timetables(Protocol):
    def get(self, course_id: str) -> Timetable | None:
        """Read strongly."""

    def put(self, timetable: Timetable, due_at: datetime) -> None:
        """Replace the revision before this one. Raises Contention when another writer was first."""

    def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        """The courses whose sessions are to be planned, those that wait longest first."""

    def planned(self, course_id: str, first: date) -> dict[str, date]:
        """The ids of the sessions planned for a day from `first` on, with the day; read strongly."""

    def plan(self, timetable: Timetable, day: date, session: Session, *, new: bool) -> None:
        """Write a session if the timetable is still this one. A new session that is there already is left alone.

        Raises Contention when the timetable or the session was changed by another writer.
        """

    def put_off(self, timetable: Timetable, due_at: datetime | None) -> None:
        """Planned: due again then, or never. If the timetable has changed meanwhile, nothing happens."""


class Codes(Protocol):
    def put(self, code: Code) -> None:
        """It takes the place of the session's code before."""

    def get(self, session_id: str) -> Code | None:
        """Read strongly."""


class Attendance(Protocol):
    def get(self, session_id: str, person_id: str) -> AttendanceRecord:
        """The record, or a blank one at revision 0."""

    def of_session(self, session_id: str) -> tuple[AttendanceRecord, ...]: ...
    def of_person(self, person_id: str, limit: int, cursor: str | None) -> Page[AttendanceRecord]:
        """Of all sessions, by their scheduled start, the oldest first."""

    def history(self, session_id: str, person_id: str) -> tuple[Change, ...]:
        """In the order in which the changes were written."""

    def save(self, record: AttendanceRecord, *, needs_consent: bool, change: Change | None = None) -> None:
        """Replace the revision that was read, and write the change beside it, both or neither.

        Raises Contention, and ConsentMissing if consent is needed and gone.
        """


class Frames(Protocol):
    def add(self, frame: Frame) -> Frame:
        """As People.add."""

    def get(self, frame_id: str) -> Frame:
        """Read strongly. Raises FrameNotFound, also for one that has expired."""

    def record_result(self, frame: Frame, result: FrameResult) -> Frame:
        """Write the result unless there is one already; answers the frame as stored, with this very result if it is."""

    def finish(self, frame: Frame) -> None: ...
    def naming(self, person_id: str, session_id: str) -> tuple[str, ...]:
        """Ids of the session's frames with a sighting whose candidate the person is; read a moment late."""

    def forget_candidate(self, frame_id: str, person_id: str) -> None:
        """Sightings keep their figures and lose the candidate. Raises Contention."""

    def any_outstanding(self, session_id: str) -> bool: ...


class Tallies(Protocol):
    """What models made of frames, by course and day: numbers that name nobody."""

    def add(self, tally: TallyOf) -> None:
        """To what is there of that course, day and model. Sent again, it counts again."""

    def of_day(self, day: date, course_id: str | None = None) -> tuple[TallyOf, ...]:
        """Of all courses, or of one; read a moment late."""

    def baseline(self, model_id: str) -> Expected | None:
        """What the model saw in its first days here."""

    def set_baseline(self, model_id: str, expected: Expected) -> None:
        """Of two the first stands."""

    def is_checked(self, day: date) -> bool:
        """Whether the days before it were looked at for a drift."""

    def set_checked(self, day: date) -> None: ...


class Claims(Protocol):
    def add(self, claim: Claim) -> None:
        """Store it as pending unless there is one already that is not refused."""

    def get(self, session_id: str, claim_id: str) -> Claim:
        """Read strongly. Raises ClaimNotFound."""

    def of_session(self, session_id: str, limit: int, cursor: str | None) -> Page[Claim]: ...
    def of_person(self, person_id: str, session_id: str) -> tuple[Claim, ...]: ...
    def take_face(self, claim: Claim) -> None:
        """The face is the claim's person's from now on. Raises FaceTaken if it is another's."""

    def conclude(self, claim: Claim, verdict: Verdict) -> None:
        """Write the verdict, unless there is one already."""


class ClaimsMade(Protocol):
    def announce(self, claim: Claim) -> None:
        """Have the claim settled, soon and at least once."""


class Registrations(Protocol):
    def add(self, registration: Registration) -> Registration:
        """As People.add."""

    def get(self, person_id: str, registration_id: str) -> Registration:
        """Read strongly. Raises RegistrationNotFound, also for one that has expired."""

    def of_person(self, person_id: str) -> tuple[Registration, ...]: ...
    def awaiting_review(self, limit: int, cursor: str | None) -> Page[Registration]: ...
    def conclude(self, registration: Registration, outcome: Outcome) -> None:
        """Write an outcome that leaves templates as they are, unless the registration changed since it was read."""


class Templates(Protocol):
    def get(self, person_id: str, model_id: str) -> Template | None: ...
    def of_people(self, person_ids: Sequence[str], model_id: str) -> tuple[Template, ...]: ...
    def of_person(self, person_id: str) -> tuple[Template, ...]:
        """Of every model."""

    def in_shards(self, model_id: str) -> Iterator[tuple[Template, ...]]:
        """Every template of the model, one query a shard, in an order that stays the same."""

    def candidate(self, registration: Registration) -> Template | None: ...
    def candidates(self, model_id: str) -> tuple[Candidate, ...]:
        """Everybody's, read strongly."""

    def hold(self, candidate: Template, registration: Registration, outcome: Outcome, revision: int) -> None:
        """Store the candidate and the pending outcome in one transaction, unless the registration changed meanwhile.

        `revision` is the person's as read before. Raises ConsentMissing, Contention, LimitReached.
        """

    def enrol(
        self,
        template: Template,
        registration: Registration,
        outcome: Outcome,
        revision: int,
        lookalikes: Mapping[str, int],
    ) -> None:
        """Replace the candidate by the template, conclude the registration and bump the person's courses, all at once.

        And ask for retraining: whoever is enrolled has asked, once for each registration.

        `revision` is the person's as read before the template was made; `lookalikes` the revisions of people who become
        look-alikes of the person. If the registration changed meanwhile, nothing happens. Raises ConsentMissing (of any
        of them), Contention.
        """

    def add(self, template: Template, revision: int) -> None:
        """Store a person's first template of a pack and bump the person's courses; where there is one, it stands.

        `revision` is the person's as read before. Raises ConsentMissing, BiometricsOff, Contention.
        """

    def discard(self, registration: Registration, outcome: Outcome) -> None:
        """Delete the candidate and conclude the registration, unless it changed since it was read."""


class Models(Protocol):
    def champion(self, installed: str) -> Champion:
        """The model in service, read strongly; the first asker of a new deployment installs its own."""

    def biometrics(self) -> Biometrics:
        """Read strongly."""

    def switch_biometrics(self, on: bool, by: str, at: datetime) -> None:
        """Off, everything biometric is to be deleted. Raises Contention."""

    def in_service(self) -> InService | None:
        """Read strongly; None before the first frame or registration of a deployment."""

    def switch(self, before: InService, after: InService) -> None:
        """Put another model in service, in one write. Raises Contention if another is in service than before."""

    def learned(self, model_id: str) -> ModelEntry | None:
        """Read strongly."""

    def list(self, limit: int, cursor: str | None) -> Page[ModelEntry]:
        """What retraining learned, the newest first."""

    def deletion_cursor(self) -> str | None:
        """Where in the list of people the deletion goes on."""

    def set_deletion_cursor(self, cursor: str) -> None: ...
    def finish_deletion(self) -> None: ...


class Retraining(Protocol):
    """Requests for retraining, and the one job at a time that answers them."""

    def ask(self, request: Request) -> Request:
        """Once: the stored one is answered, also if a job has answered it since."""

    def requests(self) -> tuple[Request, ...]:
        """Those that no job has answered, the oldest first; one that was asked this moment may be missing."""

    def find(self, job_id: str) -> RetrainingJob | None:
        """Read strongly."""

    def jobs(self, limit: int, cursor: str | None) -> Page[RetrainingJob]:
        """The newest first, a moment late."""

    def latest(self) -> RetrainingJob | None:
        """Read a moment late."""

    def in_hand(self) -> RetrainingJob | None:
        """The job that is not tidied up yet, if there is one; read strongly."""

    def begin(self, job: RetrainingJob) -> None:
        """Take it in hand. Raises Contention if another is, or if there was a job of this id; BiometricsOff."""

    def save(self, job: RetrainingJob) -> RetrainingJob:
        """Replace the revision that was read. Raises Contention when another writer was first."""

    def conclude(
        self,
        job: RetrainingJob,
        model: ModelEntry,
        *,
        before: InService,
        after: InService | None,
        again: Request | None,
    ) -> RetrainingJob:
        """The job's end, its model, what is in service after it and what is asked for anew: all at once, or nothing.

        Raises Contention, also if another model is in service than before.
        """

    def answer(self, job: RetrainingJob) -> None:
        """Close the requests that the job has answered. May be repeated."""

    def release(self, job: RetrainingJob) -> None:
        """It is not in hand any more. May be repeated."""

    def retrained(self, person_id: str) -> Retrained | None:
        """Of somebody erased: the job that learned anew without them."""


class TrainingJobs(Protocol):
    """Who runs training jobs."""

    def start(self, job: RetrainingJob) -> None:
        """Have it run; under its id there is one, however often this is called. Raises TrainingNotStarted."""

    def describe(self, job: RetrainingJob) -> Progress | None:
        """None if nothing is known of it."""


class Audit(Protocol):
    def append(self, entry: AuditEntry) -> None:
        """Once, and never again."""

    def of_day(self, day: date) -> Iterator[AuditEntry]:
        """By time."""

    def any_of_day(self, day: date) -> bool: ...
    def page(self, day: date, limit: int, cursor: str | None) -> Page[AuditEntry]: ...


class Seals(Protocol):
    def add(self, day: date, sealed: SealedDay) -> SealedDay:
        """Answers what stands: a day is sealed once."""

    def get(self, day: date) -> SealedDay:
        """With all its lines. Raises DigestNotFound."""

    def digest(self, day: date) -> Signed:
        """Raises DigestNotFound."""

    def latest(self) -> Signed | None: ...
    def days(self) -> tuple[date, ...]: ...


class Access(Protocol):
    def caller(self, token: str) -> Caller | None: ...
    def add_token(
        self, token: str, caller: Caller, created_at: datetime, expires_at: datetime | None
    ) -> None: ...
    def has_admin(self) -> bool:
        """Whether somebody may sign in as an admin, or a token of an admin is good. Read a moment late."""

    def add_camera(self, camera: Camera, token: str) -> None:
        """A camera that is there already gets the new token, and its old one ends. Raises CameraNotFound if revoked."""

    def claim_key(self, seed: str, fingerprint: str, now: datetime) -> None:
        """Remember for a day what an Idempotency-Key was used for. Raises IdempotencyKeyReused."""

    def camera(self, camera_id: str) -> Camera:
        """Read strongly. Raises CameraNotFound."""

    def cameras(self, limit: int, cursor: str | None) -> Page[Camera]: ...
    def revoke_camera(self, camera_id: str, at: datetime) -> None: ...
    def replace_camera_token(self, camera_id: str, token: str) -> None:
        """The old token ends. Raises CameraNotFound, also for one that is revoked, and Contention."""

    def identified(self, account: Account) -> Caller | None:
        """The account's person, in the role of the link, unless that person is archived or was erased."""

    def link_identity(self, identity: Identity) -> None:
        """Again, it changes the role. Raises PersonNotFound, IdentityTaken."""

    def unlink_identity(self, person_id: str, identity_id: str) -> None:
        """Raises IdentityNotFound."""

    def identities_of(self, person_id: str) -> tuple[Identity, ...]:
        """All of a person, read strongly."""


class IdTokens(Protocol):
    def account(self, token: str) -> Account:
        """Whose it is. Raises InvalidToken, TokenExpired, SignInUnavailable."""


class RateLimits(Protocol):
    def take(self, key: str, limit: int, window_seconds: int) -> None:
        """Count one act under the key. Raises TooManyRequests after `limit` of them in one window.

        Windows are fixed: about their border twice the limit may pass. An act may be counted twice, never not at all.
        """


class Media(Protocol):
    def put(self, key: str, data: bytes, content_type: str) -> None: ...
    def get(self, key: str, max_bytes: int) -> bytes | None:
        """The object, or None if there is none. Raises PayloadTooLarge."""

    def replace(self, key: str, data: bytes, content_type: str) -> None:
        """As put, but over what is there already."""

    def exists(self, key: str) -> bool: ...
    def keys(self, prefix: str) -> frozenset[str]:
        """The objects below the prefix, also those of which only old versions are left."""

    def delete(self, prefix: str) -> int:
        """Delete every object and object version below the prefix; answers how many."""

    def link(self, key: str) -> str:
        """A URL by which the object can be read for a few minutes."""

    def ticket(self, key: str, content_type: str, length: int, now: datetime) -> UploadTicket: ...


class Signer(Protocol):
    def sign(self, document: Mapping[str, Any]) -> Signed:
        """`document` has a `kind`."""


class Model(Protocol):
    """A pack as it was shipped, or with what retraining learned on top of it; opaque to services."""

    @property
    def model_id(self) -> str: ...
    @property
    def cohort_size(self) -> int:
        """How many other people's templates a gallery wants; 0 if none."""


class Gallery(Protocol):
    """A roster's templates as the recogniser wants them, for one model; opaque to services."""

    @property
    def model_id(self) -> str:
        """Of the model that scores faces by it, and that stands in what was seen."""

    @property
    def person_ids(self) -> tuple[str, ...]: ...


class Recogniser(Protocol):
    """It sees by one pack, and scores by whichever model of it a gallery is for."""

    @property
    def model_id(self) -> str:
        """Of the pack."""

    @property
    def shipped(self) -> Model:
        """The pack with nothing learned on top."""

    def learned(self, files: Mapping[str, bytes]) -> Model:
        """What retraining learned on the pack, of its files by name. Raises PackRefused."""

    def gallery(
        self,
        templates: Sequence[Template],
        cohort: Sequence[Template] = (),
        lookalikes: Mapping[str, frozenset[str]] = ...,
        learned: Model | None = None,
    ) -> Gallery:
        """Without a model: of the pack as it was shipped."""

    def recognise(self, picture: bytes, gallery: Gallery) -> Seen:
        """Raises UnsupportedMediaType, UnreadablePicture, TooManyPixels."""

    def extract_views(self, uploads: Sequence[bytes]) -> ExtractedViews:
        """Raises UnsupportedMediaType, UnreadableMedia when nothing at all can be read."""

    def compare(self, picture: bytes, box: Box, person_id: str, gallery: Gallery) -> Comparison | None:
        """The face at the box with one person of the gallery; None if there is no face. Raises as `recognise` does."""

    def similarities(self, template: Template, others: Sequence[Template]) -> tuple[float, ...]:
        """Of a person to each of the others, as the pack sees them: nothing learned is applied."""

    def duplicate_threshold(self, enrolment_counts: tuple[int, int], people: int) -> float:
        """From which similarity on two templates may be one person's, where so many people are compared with."""
