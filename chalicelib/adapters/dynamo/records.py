"""The items of each table as PynamoDB records. They leave this package only as domain types."""

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.connection import Connection
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.domain.drift import BINS
from chalicelib.domain.people import Use
from chalicelib.settings import Settings

PERSON = "person"
ARCHIVED = "#archived"
EXTERNAL = "external"
CONSENT = "consent"
CONSENT_TEXTS = "consent-texts"
ERASURE = "erasure"
MEMBERSHIP = "course#"
LEFT = "left#"
COURSE = "course"
ROSTER = "roster"
IMPORT = "import#"
TEACHING = "teaches#"
INSTRUCTOR = "instructor#"
SESSION = "session"
ATTENDANCE = "attendance#"
ERASED = "erased#"
HISTORY = "history#"
WATCH = "watch"
CODE = "code"
TIMETABLE = "timetable"
PLANNED = "planned#"
CAMERA = "camera"
REVIEW = "review"
TALLY = "tally#"
BASELINE = "baseline"
CHECKED = "checked"
CLAIM = "claim#"
CLAIMED_FACE = "face#"
ADMIN = "admin"
IDENTITY = "identity#"
MODEL = "model"
JOB = "job"
REQUEST = "request"
FORGET = "forget"
IN_HAND = "retraining"


class PeopleByKind(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_kind"
        projection = AllProjection()

    kind = UnicodeAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)


class PersonRecord(Model):
    class Meta:
        table_name = "people"

    person_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=PERSON)
    kind = UnicodeAttribute(default=PERSON)
    created_at = UTCDateTimeAttribute()
    name = UnicodeAttribute()
    revision = NumberAttribute(default=0)
    course_count = NumberAttribute(default=0)
    taught_count = NumberAttribute(null=True)
    external_ids: JSONAttribute = JSONAttribute(null=True)
    archived_at = UTCDateTimeAttribute(null=True)
    model_ids = UnicodeSetAttribute(null=True)
    lookalikes = UnicodeSetAttribute(null=True)
    by_kind = PeopleByKind()


class ConsentRecord(Model):
    class Meta:
        table_name = "people"

    person_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=CONSENT)
    text_version = UnicodeAttribute()
    text_sha256 = UnicodeAttribute(null=True)
    signed_by = UnicodeAttribute()
    relation = UnicodeAttribute(null=True)
    method = UnicodeAttribute(null=True)
    uses = UnicodeSetAttribute()
    given_at = UTCDateTimeAttribute()
    withdrawn_at = UTCDateTimeAttribute(null=True)


class ErasuresDue(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_kind = UnicodeAttribute(hash_key=True)
    due_at = UTCDateTimeAttribute(range_key=True)
    person_id = UnicodeAttribute()


class ErasureRecord(Model):
    """It takes the person's place, as work to be done and then as a tombstone."""

    class Meta:
        table_name = "people"

    person_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=ERASURE)
    requested_by = UnicodeAttribute()
    requested_at = UTCDateTimeAttribute()
    course_ids = UnicodeSetAttribute(null=True)
    model_ids = UnicodeSetAttribute(null=True)
    counts: JSONAttribute = JSONAttribute(null=True)
    receipt: JSONAttribute = JSONAttribute(null=True)
    swept = BooleanAttribute(default=False)
    due_kind = UnicodeAttribute(null=True)
    due_at = UTCDateTimeAttribute(null=True)
    due = ErasuresDue()


class LeftRecord(Model):
    """A course that the person was on the roster of: frames of it may still name the person."""

    class Meta:
        table_name = "people"

    person_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class PersonItem(Model):
    """Any item below a person, by its key alone."""

    class Meta:
        table_name = "people"

    person_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class ConsentTextRecord(Model):
    """In a partition of its own beside the people; written once."""

    class Meta:
        table_name = "people"

    person_id = UnicodeAttribute(hash_key=True, default=CONSENT_TEXTS)
    sk = UnicodeAttribute(range_key=True)
    language = UnicodeAttribute()
    title = UnicodeAttribute()
    body = UnicodeAttribute()
    uses = UnicodeSetAttribute()
    created_at = UTCDateTimeAttribute()


class MembershipRecord(Model):
    """A course that a person is on the roster of, or teaches, found from the person's side by a strong read.

    Nobody is on a roster without it. An import that was cut off may leave one too many, which bumps a version in vain.
    """

    class Meta:
        table_name = "people"

    person_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class OwnIdentityRecord(Model):
    """The same fact as an IdentityRecord, with the account itself, found from the person's side by a strong read."""

    class Meta:
        table_name = "people"

    person_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    issuer = UnicodeAttribute()
    subject = UnicodeAttribute()
    role = UnicodeAttribute()
    linked_at = UTCDateTimeAttribute()


class PersonExternalIdRecord(Model):
    """Whose an external id is: one item for each makes it unique, and a lookup a get."""

    class Meta:
        table_name = "people"

    person_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=EXTERNAL)
    owner = UnicodeAttribute()


class CoursesByKind(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_kind"
        projection = AllProjection()

    kind = UnicodeAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)


class CourseRecord(Model):
    class Meta:
        table_name = "courses"

    course_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=COURSE)
    kind = UnicodeAttribute(default=COURSE)
    created_at = UTCDateTimeAttribute()
    name = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    version = NumberAttribute(default=0)
    grace_minutes = NumberAttribute(null=True)
    confirmation = UnicodeAttribute(null=True)
    instructor_count = NumberAttribute(null=True)
    external_ids: JSONAttribute = JSONAttribute(null=True)
    archived_at = UTCDateTimeAttribute(null=True)
    by_kind = CoursesByKind()


class TimetablesDue(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_kind = UnicodeAttribute(hash_key=True)
    due_at = UTCDateTimeAttribute(range_key=True)
    course_id = UnicodeAttribute()


class TimetableRecord(Model):
    class Meta:
        table_name = "courses"

    course_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=TIMETABLE)
    slots: JSONAttribute = JSONAttribute()
    first_date = UnicodeAttribute()
    last_date = UnicodeAttribute()
    excepted = UnicodeSetAttribute(null=True)
    revision = NumberAttribute()
    due_kind = UnicodeAttribute(null=True)
    due_at = UTCDateTimeAttribute(null=True)
    due = TimetablesDue()


class PlannedRecord(Model):
    """That a session came from the course's timetable; found by a strong read, as the index of sessions cannot be."""

    class Meta:
        table_name = "courses"

    course_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    session_id = UnicodeAttribute()


class CourseExternalIdRecord(Model):
    class Meta:
        table_name = "courses"

    course_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=EXTERNAL)
    owner = UnicodeAttribute()


class RosterRecord(Model):
    """A whole roster is one item, so that one write changes it whole; 1000 ids are 40 KB."""

    class Meta:
        table_name = "courses"

    course_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=ROSTER)
    people = UnicodeSetAttribute(null=True)
    archived = UnicodeSetAttribute(null=True)
    revision = NumberAttribute(default=0)


class InstructorRecord(Model):
    class Meta:
        table_name = "courses"

    course_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class RosterImportRecord(Model):
    """An import under way: repeated after a cut, it makes the same people of its rows and takes off the same."""

    class Meta:
        table_name = "courses"

    course_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    seed = UnicodeAttribute()
    leaving = UnicodeSetAttribute(null=True)


class SessionsByCourse(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_course"
        projection = AllProjection()

    course_id = UnicodeAttribute(hash_key=True)
    opens_at = UTCDateTimeAttribute(range_key=True)


class SessionsDue(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_bucket = UnicodeAttribute(hash_key=True)
    due_at = UTCDateTimeAttribute(range_key=True)
    session_id = UnicodeAttribute()


class SessionsFlagged(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "flagged"
        projection = AllProjection()

    flagged_course_id = UnicodeAttribute(hash_key=True)
    opens_at = UTCDateTimeAttribute(range_key=True)


class SessionRecord(Model):
    class Meta:
        table_name = "attendance"

    session_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=SESSION)
    kept_until = TTLAttribute(null=True)
    course_id = UnicodeAttribute()
    opens_at = UTCDateTimeAttribute()
    closes_at = UTCDateTimeAttribute()
    state = UnicodeAttribute()
    starts_at = UTCDateTimeAttribute(null=True)
    late_after = UTCDateTimeAttribute(null=True)
    room = UnicodeAttribute(null=True)
    confirmation = UnicodeAttribute(null=True)
    flagged = UnicodeAttribute(null=True)
    cancelled_by_hand = BooleanAttribute(null=True)
    flagged_course_id = UnicodeAttribute(null=True)
    revision = NumberAttribute()
    due_bucket = UnicodeAttribute(null=True)
    due_at = UTCDateTimeAttribute(null=True)
    by_course = SessionsByCourse()
    due = SessionsDue()
    by_flag = SessionsFlagged()


class WatchRecord(Model):
    """That a camera of the session could see; `settled` once what follows from it for a closed session is written."""

    class Meta:
        table_name = "attendance"

    session_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=WATCH)
    kept_until = TTLAttribute(null=True)
    settled = BooleanAttribute(default=False)


class CodeRecord(Model):
    """The code that a session's class is being shown."""

    class Meta:
        table_name = "attendance"

    session_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=CODE)
    kept_until = TTLAttribute(null=True)
    salt = UnicodeAttribute()
    digest = UnicodeAttribute()
    issued_by = UnicodeAttribute()
    issued_at = UTCDateTimeAttribute()
    expires_at = UTCDateTimeAttribute()


class MarksByPerson(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_person"
        projection = AllProjection()

    person_id = UnicodeAttribute(hash_key=True)
    starts_at = UTCDateTimeAttribute(range_key=True)


class MarkRecord(Model):
    """One person's attendance of one session."""

    class Meta:
        table_name = "attendance"

    session_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kept_until = TTLAttribute(null=True)
    person_id = UnicodeAttribute(null=True)
    starts_at = UTCDateTimeAttribute(null=True)
    late_after = UTCDateTimeAttribute(null=True)
    first_seen = UTCDateTimeAttribute(null=True)
    last_seen = UTCDateTimeAttribute(null=True)
    evidence: JSONAttribute = JSONAttribute(null=True)
    proposals: JSONAttribute = JSONAttribute(null=True)
    rejected: JSONAttribute = JSONAttribute(null=True)
    checked_in_at = UTCDateTimeAttribute(null=True)
    mark: JSONAttribute = JSONAttribute(null=True)
    closed_at = UTCDateTimeAttribute(null=True)
    refused_claim: JSONAttribute = JSONAttribute(null=True)
    contested_frames = UnicodeSetAttribute(null=True)
    watched = BooleanAttribute(null=True)
    revision = NumberAttribute()
    by_person = MarksByPerson()


class ChangeRecord(Model):
    """One line of the history of one person's attendance of one session; sk: history#<person>#<revision>."""

    class Meta:
        table_name = "attendance"

    session_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kept_until = TTLAttribute(null=True)
    act = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    by = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    frame_id = UnicodeAttribute(null=True)
    before = UnicodeAttribute()
    after = UnicodeAttribute()


class SessionItem(Model):
    """Any item of a session that names a person, and perhaps a frame."""

    class Meta:
        table_name = "attendance"

    session_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    person_id = UnicodeAttribute(null=True)
    frame_id = UnicodeAttribute(null=True)


class ErasedMarksRecord(Model):
    """How many people with this status were erased from a session's register."""

    class Meta:
        table_name = "attendance"

    session_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kept_until = TTLAttribute(null=True)
    people = NumberAttribute(default=0)


BINS_OF_EXCESS = tuple(f"bin_{number:02}" for number in range(BINS))
# DynamoDB adds to top-level numbers alone, so each bin is an attribute; those of a base class are the record's too.
_Bins: Any = type("_Bins", (), {name: NumberAttribute(default=0) for name in BINS_OF_EXCESS})


class TallyRecord(_Bins, Model):  # type: ignore[misc]
    """What a model made of one course's frames of a day, in the partition tally#<day>; sk: tally#<course>#<model>.

    Its counters, and those of the bins of the excess, are only ever added to.
    """

    class Meta:
        table_name = "attendance"

    session_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kept_until = TTLAttribute(null=True)
    frames = NumberAttribute(default=0)
    unacquired = NumberAttribute(default=0)
    accepted = NumberAttribute(default=0)
    review = NumberAttribute(default=0)
    unknown = NumberAttribute(default=0)


class BaselineRecord(Model):
    """What a model saw in its first days here, in the partition baseline; sk: the model. Written once."""

    class Meta:
        table_name = "attendance"

    session_id = UnicodeAttribute(hash_key=True, default=BASELINE)
    sk = UnicodeAttribute(range_key=True)
    expected: JSONAttribute = JSONAttribute()


class DriftCheckRecord(Model):
    """That the days up to this one were looked at for a drift."""

    class Meta:
        table_name = "attendance"

    session_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=CHECKED)
    kept_until = TTLAttribute(null=True)


class ClaimRecord(Model):
    """A claim, in the partition of its session; its sort key begins with CLAIM."""

    class Meta:
        table_name = "attendance"

    session_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kept_until = TTLAttribute(null=True)
    frame_id = UnicodeAttribute()
    face = NumberAttribute()
    box: JSONAttribute = JSONAttribute()
    person_id = UnicodeAttribute()
    by = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    state = UnicodeAttribute()
    verdict: JSONAttribute = JSONAttribute(null=True)


class ClaimedFaceRecord(Model):
    """Whose a face of a frame is, by an accepted claim: one person's."""

    class Meta:
        table_name = "attendance"

    session_id = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kept_until = TTLAttribute(null=True)
    person_id = UnicodeAttribute()


class OutstandingFrames(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "outstanding"
        projection = IncludeProjection(["received_at"])

    outstanding_session_id = UnicodeAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)


class FramesBySession(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_session"
        projection = IncludeProjection(["candidates"])

    session_id = UnicodeAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)
    frame_id = UnicodeAttribute()
    candidates = UnicodeSetAttribute(null=True)


class FrameRecord(Model):
    class Meta:
        table_name = "frames"

    frame_id = UnicodeAttribute(hash_key=True)
    session_id = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    received_at = UTCDateTimeAttribute(null=True)
    outstanding_session_id = UnicodeAttribute(null=True)
    result: JSONAttribute = JSONAttribute(null=True)
    candidates = UnicodeSetAttribute(null=True)
    merged = BooleanAttribute(default=False)
    expires_at = TTLAttribute()
    outstanding = OutstandingFrames()
    by_session = FramesBySession()


class AwaitingReview(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "awaiting_review"
        projection = AllProjection()

    review = UnicodeAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)


class RegistrationRecord(Model):
    class Meta:
        table_name = "registrations"

    person_id = UnicodeAttribute(hash_key=True)
    registration_id = UnicodeAttribute(range_key=True)
    parts = NumberAttribute()
    created_at = UTCDateTimeAttribute()
    state = UnicodeAttribute(null=True)
    outcome: JSONAttribute = JSONAttribute(null=True)
    review = UnicodeAttribute(null=True)
    expires_at = TTLAttribute(null=True)
    awaiting_review = AwaitingReview()


class TemplateRecord(Model):
    """A person's template. In the shard `pending` a candidate: `person_id` is person#registration."""

    class Meta:
        table_name = "templates"

    model_shard = UnicodeAttribute(hash_key=True)
    person_id = UnicodeAttribute(range_key=True)
    occasions: JSONAttribute = JSONAttribute()


class AccessByKind(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_kind"
        projection = AllProjection()

    kind = UnicodeAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)


class TokenRecord(Model):
    class Meta:
        table_name = "access"

    id = UnicodeAttribute(hash_key=True)
    subject = UnicodeAttribute()
    role = UnicodeAttribute()
    kind = UnicodeAttribute(null=True)  # admins' only: is there one?
    created_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute(null=True)
    by_kind = AccessByKind()


class IdentityRecord(Model):
    """Whom an account stands for: all that is read when somebody signs in."""

    class Meta:
        table_name = "access"

    id = UnicodeAttribute(hash_key=True)
    subject = UnicodeAttribute()
    role = UnicodeAttribute()
    kind = UnicodeAttribute(null=True)  # admins' only
    created_at = UTCDateTimeAttribute()


class IdempotencyKeyRecord(Model):
    """What an Idempotency-Key was used for: hashes alone, for a day."""

    class Meta:
        table_name = "access"

    id = UnicodeAttribute(hash_key=True)
    fingerprint = UnicodeAttribute()
    expires_at = TTLAttribute()


class CameraRecord(Model):
    class Meta:
        table_name = "access"

    id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(default=CAMERA)
    created_at = UTCDateTimeAttribute()
    name = UnicodeAttribute()
    course_ids = UnicodeSetAttribute(null=True)
    rooms = UnicodeSetAttribute(null=True)
    token_id = UnicodeAttribute()
    revoked_at = UTCDateTimeAttribute(null=True)
    by_kind = AccessByKind()


class RateRecord(Model):
    class Meta:
        table_name = "access"

    id = UnicodeAttribute(hash_key=True)
    taken = NumberAttribute(default=0)
    expires_at = TTLAttribute()


class ModelsByKind(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_kind"
        projection = AllProjection()

    kind = UnicodeAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)


class ModelRecord(Model):
    """Which model is in service, and whether faces are recognised at all: the one item with the id champion."""

    class Meta:
        table_name = "models"

    id = UnicodeAttribute(hash_key=True)
    model_id = UnicodeAttribute(null=True)
    previous_model_id = UnicodeAttribute(null=True)
    promoted_at = UTCDateTimeAttribute(null=True)
    promoted_by = UnicodeAttribute(null=True)
    left_model_id = UnicodeAttribute(null=True)
    cohort_version = NumberAttribute(null=True)
    biometrics_off = BooleanAttribute(null=True)
    biometrics_changed_at = UTCDateTimeAttribute(null=True)
    biometrics_changed_by = UnicodeAttribute(null=True)
    deletion = UnicodeAttribute(null=True)  # while it is under way: where in the list of people


class LearnedModelRecord(Model):
    """What retraining learned; id: model#<model>."""

    class Meta:
        table_name = "models"

    id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(default=MODEL)
    created_at = UTCDateTimeAttribute()
    job_id = UnicodeAttribute()
    decision: JSONAttribute = JSONAttribute()
    by_kind = ModelsByKind()


class RetrainingJobRecord(Model):
    """id: job#<job>."""

    class Meta:
        table_name = "models"

    id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(default=JOB)
    created_at = UTCDateTimeAttribute()
    champion_id = UnicodeAttribute()
    attempt = NumberAttribute()
    request_ids = UnicodeSetAttribute(null=True)
    touched_at = UTCDateTimeAttribute()
    state = UnicodeAttribute()
    revision = NumberAttribute()
    people = NumberAttribute(null=True)
    started_at = UTCDateTimeAttribute(null=True)
    finished_at = UTCDateTimeAttribute(null=True)
    failure = UnicodeAttribute(null=True)
    model_id = UnicodeAttribute(null=True)
    decision: JSONAttribute = JSONAttribute(null=True)
    by_kind = ModelsByKind()


class RetrainingInHandRecord(Model):
    """The lease: while it stands, its job is the only one."""

    class Meta:
        table_name = "models"

    id = UnicodeAttribute(hash_key=True, default=IN_HAND)
    job_id = UnicodeAttribute()


class RetrainingRequestRecord(Model):
    """id: request#<what asked>. Open as long as it has a kind; one of a registration is deleted when answered."""

    class Meta:
        table_name = "models"

    id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    cause = UnicodeAttribute()
    job_id = UnicodeAttribute(null=True)
    answered_at = UTCDateTimeAttribute(null=True)
    by_kind = ModelsByKind()


class ForgottenRecord(Model):
    """What was learned from this person is to be learned anew without; id: forget#<person>. A request like others."""

    class Meta:
        table_name = "models"

    id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(null=True)
    created_at = UTCDateTimeAttribute(null=True)
    cause = UnicodeAttribute(null=True)
    asked_at = UTCDateTimeAttribute()
    job_id = UnicodeAttribute(null=True)
    answered_at = UTCDateTimeAttribute(null=True)


class AuditRecord(Model):
    class Meta:
        table_name = "audit"

    day_shard = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    subject = UnicodeAttribute()
    role = UnicodeAttribute()
    act = UnicodeAttribute()
    ids: JSONAttribute = JSONAttribute()
    status = NumberAttribute()
    expires_at = TTLAttribute()


class DigestRecord(Model):
    class Meta:
        table_name = "audit"

    day_shard = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    digest: JSONAttribute = JSONAttribute()


def permits_matching() -> Condition:
    """Of a consent item: what domain.people.Consent says of itself, as a condition."""
    permitted = ConsentRecord.uses.contains(Use.MATCHING.value)
    condition: Condition = permitted & ConsentRecord.withdrawn_at.does_not_exist()
    return condition


RECORDS: tuple[tuple[type[Model], str], ...] = (
    (PersonRecord, "people"),
    (ConsentRecord, "people"),
    (ErasureRecord, "people"),
    (LeftRecord, "people"),
    (PersonItem, "people"),
    (ConsentTextRecord, "people"),
    (MembershipRecord, "people"),
    (OwnIdentityRecord, "people"),
    (PersonExternalIdRecord, "people"),
    (CourseRecord, "courses"),
    (CourseExternalIdRecord, "courses"),
    (RosterRecord, "courses"),
    (TimetableRecord, "courses"),
    (PlannedRecord, "courses"),
    (InstructorRecord, "courses"),
    (RosterImportRecord, "courses"),
    (SessionRecord, "attendance"),
    (WatchRecord, "attendance"),
    (CodeRecord, "attendance"),
    (MarkRecord, "attendance"),
    (SessionItem, "attendance"),
    (ErasedMarksRecord, "attendance"),
    (TallyRecord, "attendance"),
    (BaselineRecord, "attendance"),
    (DriftCheckRecord, "attendance"),
    (ClaimRecord, "attendance"),
    (ClaimedFaceRecord, "attendance"),
    (ChangeRecord, "attendance"),
    (FrameRecord, "frames"),
    (RegistrationRecord, "registrations"),
    (TemplateRecord, "templates"),
    (TokenRecord, "access"),
    (IdentityRecord, "access"),
    (IdempotencyKeyRecord, "access"),
    (CameraRecord, "access"),
    (RateRecord, "access"),
    (ModelRecord, "models"),
    (LearnedModelRecord, "models"),
    (RetrainingJobRecord, "models"),
    (RetrainingInHandRecord, "models"),
    (RetrainingRequestRecord, "models"),
    (ForgottenRecord, "models"),
    (AuditRecord, "audit"),
    (DigestRecord, "audit"),
)


def bind_tables(settings: Settings) -> None:
    """Point every record at this deployment's tables, over one fresh client.

    PynamoDB would make a client for each record and each transaction, at a tenth of a second each.
    """
    # An answer that takes longer would not reach the caller: the authorizer has 5 s, the API 29 s.
    client = Connection(connect_timeout_seconds=1, read_timeout_seconds=4, max_retry_attempts=3).client
    for record, table in RECORDS:
        record.Meta.table_name = settings.table(table)
        record._connection = None
        record._get_connection().connection._client = client


def shared_connection() -> Connection:
    return PersonRecord._get_connection().connection
