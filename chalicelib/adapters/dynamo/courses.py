"""Courses in DynamoDB; who is on their rosters and who teaches them beside them."""

from collections.abc import Iterable
from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamo.external_ids import claim, key_of
from chalicelib.adapters.dynamo.instructors import Instructors
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import (
    ARCHIVED,
    COURSE,
    EXTERNAL,
    CourseExternalIdRecord,
    CourseRecord,
)
from chalicelib.adapters.dynamo.rosters import Rosters, require_course
from chalicelib.adapters.dynamo.transactions import TakenError, Transaction
from chalicelib.domain.courses import GRACE_MINUTES, Course
from chalicelib.domain.errors import Contention
from chalicelib.domain.external_ids import ExternalId
from chalicelib.domain.sessions import Confirmation
from chalicelib.services.ports import Page


class DynamoCourses(Rosters, Instructors):
    def add(self, course: Course) -> Course:
        transaction = Transaction()
        transaction.put(
            CourseRecord(
                course_id=course.course_id,
                created_at=course.created_at,
                name=course.name,
                time_zone=course.time_zone,
                grace_minutes=course.grace_minutes,
                confirmation=course.confirmation.value,
                external_ids=dict(course.external_ids),
            ),
            CourseRecord.course_id.does_not_exist(),
            TakenError(),
        )
        claim(transaction, CourseExternalIdRecord, course.course_id, {}, course.external_ids)
        try:
            transaction.commit()
        except TakenError:
            return self.get(course.course_id)
        return course

    def get(self, course_id: str) -> Course:
        return _course(require_course(course_id))

    def of_ids(self, course_ids: Iterable[str]) -> tuple[Course, ...]:
        keys = [(course_id, COURSE) for course_id in course_ids]
        return tuple(_course(record) for record in CourseRecord.batch_get(keys, consistent_read=True))

    def with_external_id(self, external_id: ExternalId) -> Course | None:
        try:
            owner = CourseExternalIdRecord.get(key_of(external_id), EXTERNAL, consistent_read=True).owner
        except CourseExternalIdRecord.DoesNotExist:
            return None
        return self.get(owner)

    def list(self, limit: int, cursor: str | None, *, archived: bool = False) -> Page[Course]:
        keys = ("kind", "created_at", "course_id", "sk")
        kind = _kind(archived)
        return read_page(CourseRecord.by_kind.query, kind, _course, limit, cursor, keys=keys)

    def save(self, course: Course, before: Course) -> None:
        transaction = Transaction()
        transaction.update(
            CourseRecord(course.course_id, COURSE),
            [
                CourseRecord.name.set(course.name),
                CourseRecord.time_zone.set(course.time_zone),
                CourseRecord.grace_minutes.set(course.grace_minutes),
                CourseRecord.confirmation.set(course.confirmation.value),
                CourseRecord.external_ids.set(dict(course.external_ids)),
                CourseRecord.kind.set(_kind(course.archived_at is not None)),
                _set_archived(course.archived_at),
                CourseRecord.version.add(1),
            ],
            CourseRecord.version == before.version,
            Contention(f"The course {course.course_id} was changed by another writer."),
        )
        claim(transaction, CourseExternalIdRecord, course.course_id, before.external_ids, course.external_ids)
        transaction.commit()


def _kind(archived: bool) -> str:
    return COURSE + ARCHIVED if archived else COURSE


def _set_archived(at: datetime | None) -> Action:
    return CourseRecord.archived_at.remove() if at is None else CourseRecord.archived_at.set(at)


def _course(record: CourseRecord) -> Course:
    return Course(
        course_id=record.course_id,
        name=record.name,
        time_zone=record.time_zone,
        created_at=record.created_at,
        version=int(record.version),
        grace_minutes=int(record.grace_minutes if record.grace_minutes is not None else GRACE_MINUTES),
        confirmation=Confirmation(record.confirmation or Confirmation.AUTO),
        external_ids=record.external_ids or {},
        archived_at=record.archived_at,
    )
