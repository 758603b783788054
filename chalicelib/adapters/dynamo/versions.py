"""The versions that galleries are cached by, bumped in the same transaction as what they depend on."""

from collections.abc import Iterable

from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamo.records import MEMBERSHIP, CourseRecord, MembershipRecord, PersonRecord
from chalicelib.adapters.dynamo.transactions import Transaction
from chalicelib.domain.errors import Contention, CourseNotFound


def bump_course(transaction: Transaction, course_id: str) -> None:
    transaction.update(
        CourseRecord(course_id, "course"),
        [CourseRecord.version.add(1)],
        CourseRecord.course_id.exists(),
        CourseNotFound(f"There is no course {course_id}."),
    )


def bump_courses_of(transaction: Transaction, person_id: str) -> None:
    """Bump every course that has the person on its roster, as the caller's revision of the person saw them."""
    memberships = MembershipRecord.query(
        person_id, MembershipRecord.sk.startswith(MEMBERSHIP), consistent_read=True
    )
    for membership in memberships:
        bump_course(transaction, membership.sk.removeprefix(MEMBERSHIP))


def bump_person(
    transaction: Transaction,
    person_id: str,
    revision: int,
    model_id: str | None = None,
    actions: Iterable[Action] = (),
) -> None:
    """Every change of a person's courses, consent or templates passes here: `revision` makes them one after another."""
    actions = [PersonRecord.revision.add(1), *actions]
    if model_id is not None:
        actions.append(PersonRecord.model_ids.add({model_id}))
    transaction.update(
        PersonRecord(person_id, "person"),
        actions,
        PersonRecord.revision == revision,
        Contention(f"{person_id} was changed by another writer."),
    )
