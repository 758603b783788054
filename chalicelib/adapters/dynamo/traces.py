"""What is left of an erased person in other tables than the templates', kind by kind; erasing twice is erasing once."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamo.attendance import attendance_of
from chalicelib.adapters.dynamo.records import (
    ATTENDANCE,
    COURSE,
    ERASED,
    ERASURE,
    HISTORY,
    IDENTITY,
    INSTRUCTOR,
    MEMBERSHIP,
    TEACHING,
    ChangeRecord,
    CourseRecord,
    ErasedMarksRecord,
    IdentityRecord,
    InstructorRecord,
    MarkRecord,
    MembershipRecord,
    OwnIdentityRecord,
    PersonItem,
    RegistrationRecord,
    RosterRecord,
    SessionItem,
    TemplateRecord,
)
from chalicelib.adapters.dynamo.templates import shard_of
from chalicelib.adapters.dynamo.transactions import Transaction
from chalicelib.adapters.dynamo.versions import bump_course
from chalicelib.domain.erasure import Claimed, Held
from chalicelib.domain.errors import Contention

ATTEMPTS = 10
CLAIMS = ("claim#", "face#")  # who claimed a face, and whose it is by an accepted claim


class _GoneError(Exception):
    """It is gone already."""


class DynamoTraces:
    def attended(self, person_id: str, session_ids: Sequence[str]) -> tuple[str, ...]:
        keys = [(session_id, ATTENDANCE + person_id) for session_id in session_ids]
        strongly = {record.session_id for record in MarkRecord.batch_get(keys, consistent_read=True)}
        ever = {record.session_id for record in MarkRecord.by_person.query(person_id)}
        return tuple(sorted(strongly | ever))

    def forget_attendance(self, session_id: str, person_id: str) -> None:
        """Reasons first: they are free text, and the record leads to them."""
        prefix = ChangeRecord.sk.startswith(f"{HISTORY}{person_id}#")
        for line in ChangeRecord.query(session_id, prefix, consistent_read=True):
            line.delete()
        for _ in range(ATTEMPTS):
            try:
                record = MarkRecord.get(session_id, ATTENDANCE + person_id, consistent_read=True)
            except MarkRecord.DoesNotExist:
                return
            with suppress(_GoneError):
                _forget_mark(record)
        raise Contention(f"{person_id} in {session_id} was being changed by others.")

    def claims(self, person_id: str, session_ids: Sequence[str]) -> tuple[Claimed, ...]:
        return tuple(
            Claimed(item.session_id, item.sk, item.frame_id)
            for session_id in session_ids
            for prefix in CLAIMS
            for item in SessionItem.query(
                session_id,
                SessionItem.sk.startswith(prefix),
                filter_condition=SessionItem.person_id == person_id,
                consistent_read=True,
            )
        )

    def forget_claim(self, claimed: Claimed) -> None:
        SessionItem(claimed.session_id, claimed.item).delete()

    def forget_templates(self, person_id: str, model_ids: Sequence[str]) -> None:
        """Also those of registrations whose face is still being looked for among everybody."""
        for model_id in model_ids:
            TemplateRecord(shard_of(person_id, model_id), person_id).delete()
            own = TemplateRecord.person_id.startswith(f"{person_id}#")
            for candidate in TemplateRecord.query(f"{model_id}#pending", own, consistent_read=True):
                candidate.delete()

    def count(self, held: Held, person_id: str) -> int:
        return len(tuple(_ITEMS[held](person_id)))

    def forget(self, held: Held, person_id: str) -> None:
        for item in _ITEMS[held](person_id):
            if isinstance(item, OwnIdentityRecord):  # what it opens goes first
                IdentityRecord(item.sk).delete()
            item.delete()

    def forget_rosters(self, person_id: str, course_ids: Sequence[str]) -> None:
        memberships = (record.sk.removeprefix(MEMBERSHIP) for record in _memberships(person_id))
        for course_id in {*memberships, *course_ids}:
            _leave(course_id, person_id)
        for course_id in _taught(person_id):
            _stop_teaching(course_id, person_id)


def _memberships(person_id: str) -> Iterable[MembershipRecord]:
    return MembershipRecord.query(person_id, MembershipRecord.sk.startswith(MEMBERSHIP), consistent_read=True)


def _taught(person_id: str) -> list[str]:
    taught = MembershipRecord.query(person_id, MembershipRecord.sk.startswith(TEACHING), consistent_read=True)
    return [record.sk.removeprefix(TEACHING) for record in taught]


def _registrations(person_id: str) -> Iterable[RegistrationRecord]:
    return RegistrationRecord.query(person_id, consistent_read=True)


def _consents(person_id: str) -> Iterator[PersonItem]:
    items = PersonItem.query(person_id, PersonItem.sk.startswith("consent#"), consistent_read=True)
    return iter(items)


def _others(person_id: str) -> Iterator[PersonItem]:
    """Whatever is stored below the person; its erasure stays."""
    items = PersonItem.query(person_id, consistent_read=True)
    return (item for item in items if item.sk != ERASURE)


def _identities(person_id: str) -> Iterable[OwnIdentityRecord]:
    return OwnIdentityRecord.query(person_id, OwnIdentityRecord.sk.startswith(IDENTITY), consistent_read=True)


_ITEMS = {
    Held.IDENTITIES: _identities,
    Held.REGISTRATIONS: _registrations,
    Held.MEMBERSHIPS: _memberships,
    Held.CONSENTS: _consents,
    Held.RECORDS: _others,
}


def _leave(course_id: str, person_id: str) -> None:
    """Off the roster, also of one from which an archived person is kept away."""
    people, archived = RosterRecord.people, RosterRecord.archived
    transaction = Transaction()
    off = [people.delete({person_id}), archived.delete({person_id}), RosterRecord.revision.add(1)]
    named = people.contains(person_id) | archived.contains(person_id)
    transaction.update(RosterRecord(course_id), off, named, _GoneError())
    bump_course(transaction, course_id)
    with suppress(_GoneError):
        transaction.commit()
    MembershipRecord(person_id, MEMBERSHIP + course_id).delete()


def _stop_teaching(course_id: str, person_id: str) -> None:
    transaction = Transaction()
    membership = MembershipRecord(person_id, TEACHING + course_id)
    transaction.delete(membership, MembershipRecord.person_id.exists(), _GoneError())
    transaction.delete(InstructorRecord(course_id, INSTRUCTOR + person_id))
    fewer: list[Action] = [CourseRecord.instructor_count.add(-1)]
    transaction.update(CourseRecord(course_id, COURSE), fewer, CourseRecord.course_id.exists(), Contention())
    with suppress(_GoneError):
        transaction.commit()


def _one_more(kept_until: datetime | None) -> list[Action]:
    """The number is kept as long as the record would have been."""
    actions: list[Action] = [ErasedMarksRecord.people.add(1)]
    if kept_until is not None:
        actions.append(ErasedMarksRecord.kept_until.set(kept_until))
    return actions


def _forget_mark(record: MarkRecord) -> None:
    """How many were present, late or absent stays with the session; who it was does not."""
    status = attendance_of(record).status
    transaction = Transaction()
    transaction.delete(record, MarkRecord.revision == record.revision, _GoneError())
    transaction.update(
        ErasedMarksRecord(record.session_id, f"{ERASED}{status.value}"),
        _one_more(record.kept_until),
        None,
        Contention(),
    )
    transaction.commit()
