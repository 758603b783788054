"""Requests for retraining and its jobs, beside the models that come of them."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamo.models import (
    CHAMPION,
    is_in_service,
    read_decision,
    require_biometrics,
    stored_decision,
    switching,
)
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import (
    FORGET,
    IN_HAND,
    JOB,
    MODEL,
    REQUEST,
    ForgottenRecord,
    LearnedModelRecord,
    ModelRecord,
    RetrainingInHandRecord,
    RetrainingJobRecord,
    RetrainingRequestRecord,
)
from chalicelib.adapters.dynamo.transactions import Transaction, add_once, conditional
from chalicelib.domain.errors import Contention
from chalicelib.domain.models import InService, ModelEntry
from chalicelib.domain.retraining import MOST_REQUESTS, Cause, JobState, Request, Retrained, RetrainingJob
from chalicelib.services.ports import Page


class _DoneError(Exception):
    """What was to be written stands already."""


class DynamoRetraining:
    def ask(self, request: Request) -> Request:
        record = _request_record(request)
        absent = RetrainingRequestRecord.id.does_not_exist()
        return add_once(
            lambda condition: record.save(condition=condition),
            absent,
            lambda: _request(RetrainingRequestRecord.get(record.id, consistent_read=True)),
            request,
        )

    def requests(self) -> tuple[Request, ...]:
        """The index says where to look: it may still hold what was answered this moment."""
        found = RetrainingRequestRecord.by_kind.query(REQUEST, limit=MOST_REQUESTS)
        stored = _stored_requests([record.id for record in found])
        open_ = (_request(record) for record in stored if record.kind is not None)
        return tuple(sorted(open_, key=lambda request: (request.asked_at, request.request_id)))

    def find(self, job_id: str) -> RetrainingJob | None:
        try:
            return _job(RetrainingJobRecord.get(f"{JOB}#{job_id}", consistent_read=True))
        except RetrainingJobRecord.DoesNotExist:
            return None

    def jobs(self, limit: int, cursor: str | None) -> Page[RetrainingJob]:
        keys = ("kind", "created_at", "id")
        query = RetrainingJobRecord.by_kind.query
        return read_page(query, JOB, _job, limit, cursor, keys=keys, newest_first=True)

    def latest(self) -> RetrainingJob | None:
        newest = RetrainingJobRecord.by_kind.query(JOB, scan_index_forward=False, limit=1)
        return next(map(_job, newest), None)

    def in_hand(self) -> RetrainingJob | None:
        try:
            held = RetrainingInHandRecord.get(IN_HAND, consistent_read=True)
        except RetrainingInHandRecord.DoesNotExist:
            return None
        return self.find(held.job_id)

    def begin(self, job: RetrainingJob) -> None:
        transaction = Transaction()
        require_biometrics(transaction)
        taken = Contention("Another retraining job is in hand.")
        held = RetrainingInHandRecord(IN_HAND, job_id=job.job_id)
        transaction.put(held, RetrainingInHandRecord.id.does_not_exist(), taken)
        transaction.put(_job_record(job), RetrainingJobRecord.id.does_not_exist(), taken)
        transaction.commit()

    def save(self, job: RetrainingJob) -> RetrainingJob:
        after = replace(job, revision=job.revision + 1)
        changed = Contention(f"{job.job_id} was changed by another writer.")
        conditional(lambda: _job_record(after).save(condition=_is_as_read(job)), changed)
        return after

    def conclude(
        self,
        job: RetrainingJob,
        model: ModelEntry,
        *,
        before: InService,
        after: InService | None,
        again: Request | None,
    ) -> RetrainingJob:
        ended = replace(job, revision=job.revision + 1)
        changed = Contention(f"{job.job_id}, or what is in service, was changed by another writer.")
        transaction = Transaction()
        if after is None:
            transaction.check(ModelRecord, (CHAMPION, None), is_in_service(before), changed)
        else:
            transaction.update(ModelRecord(CHAMPION), switching(after), is_in_service(before), changed)
        transaction.put(_job_record(ended), _is_as_read(job), changed)
        transaction.put(_model_record(model))
        if again is not None:
            transaction.put(_request_record(again))
        transaction.commit()
        return ended

    def answer(self, job: RetrainingJob) -> None:
        for record in _stored_requests(job.request_ids):
            if record.cause == Cause.REGISTRATION:
                record.delete()
            elif record.kind is not None:
                with suppress(_DoneError):
                    _close(record.id, job)

    def release(self, job: RetrainingJob) -> None:
        held = RetrainingInHandRecord(IN_HAND)
        with suppress(_DoneError):
            conditional(
                lambda: held.delete(condition=RetrainingInHandRecord.job_id == job.job_id), _DoneError()
            )

    def retrained(self, person_id: str) -> Retrained | None:
        try:
            stored = ForgottenRecord.get(f"{FORGET}#{person_id}", consistent_read=True)
        except ForgottenRecord.DoesNotExist:
            return None
        return None if stored.job_id is None else Retrained(stored.job_id, stored.answered_at)


def _close(request_id: str, job: RetrainingJob) -> None:
    at: datetime = job.finished_at or job.created_at
    actions: list[Action] = [
        RetrainingRequestRecord.kind.remove(),
        RetrainingRequestRecord.job_id.set(job.job_id),
        RetrainingRequestRecord.answered_at.set(at),
    ]
    record = RetrainingRequestRecord(request_id)
    still_open = RetrainingRequestRecord.kind.exists()
    conditional(lambda: record.update(actions=actions, condition=still_open), _DoneError())


def _stored_requests(request_ids: list[str] | tuple[str, ...]) -> list[RetrainingRequestRecord]:
    return list(RetrainingRequestRecord.batch_get(list(request_ids), consistent_read=True))


def _is_as_read(job: RetrainingJob) -> Condition:
    condition: Condition = RetrainingJobRecord.revision == job.revision
    return condition


def _request_record(request: Request) -> RetrainingRequestRecord:
    return RetrainingRequestRecord(
        request.request_id, kind=REQUEST, created_at=request.asked_at, cause=request.cause.value
    )


def _request(record: RetrainingRequestRecord) -> Request:
    return Request(record.id, Cause(record.cause), record.created_at)


def _model_record(model: ModelEntry) -> LearnedModelRecord:
    return LearnedModelRecord(
        f"{MODEL}#{model.model_id}",
        created_at=model.created_at,
        job_id=model.job_id,
        decision=None if model.decision is None else stored_decision(model.decision),
    )


def _job_record(job: RetrainingJob) -> RetrainingJobRecord:
    return RetrainingJobRecord(
        f"{JOB}#{job.job_id}",
        created_at=job.created_at,
        champion_id=job.champion_id,
        attempt=job.attempt,
        request_ids=set(job.request_ids) or None,
        touched_at=job.touched_at,
        state=job.state.value,
        revision=job.revision,
        people=job.people,
        started_at=job.started_at,
        finished_at=job.finished_at,
        failure=job.failure,
        model_id=job.model_id,
        decision=None if job.decision is None else stored_decision(job.decision),
    )


def _job(record: RetrainingJobRecord) -> RetrainingJob:
    return RetrainingJob(
        job_id=record.id.removeprefix(f"{JOB}#"),
        champion_id=record.champion_id,
        attempt=int(record.attempt),
        request_ids=tuple(sorted(record.request_ids or ())),
        created_at=record.created_at,
        touched_at=record.touched_at,
        state=JobState(record.state),
        revision=int(record.revision),
        people=None if record.people is None else int(record.people),
        started_at=record.started_at,
        finished_at=record.finished_at,
        failure=record.failure,
        model_id=record.model_id,
        decision=None if record.decision is None else read_decision(record.decision),
    )
