"""Whatever write a start or an end of retraining dies at, the next trigger carries on; no model is half promoted."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import pytest

from chalicelib import wiring
from chalicelib.adapters.dynamo.records import ModelRecord, RetrainingInHandRecord, RetrainingRequestRecord
from chalicelib.adapters.dynamo.transactions import Transaction
from chalicelib.domain.models import InService
from chalicelib.domain.retraining import CUT_OFF_AFTER, Cause, JobState, Progress, TrainingStatus
from tests.support.crashes import Crash, watched
from tests.support.enrolled import Enrolled
from tests.support.faults import Fault, fault
from tests.support.world import World

MANY = [
    pytest.param(kind, marks=pytest.mark.slow)
    for kind in (Fault.CONFLICT, Fault.THROTTLED, Fault.LOST_REPLY, Fault.REPEATED)
]
# What happens between two writes: a start asks for the training job, an end only reads.
STARTS = [Fault.CRASH_BEFORE, pytest.param(Fault.CRASH_AFTER, marks=pytest.mark.slow), *MANY]
ENDS = [Fault.CRASH_AFTER, pytest.param(Fault.CRASH_BEFORE, marks=pytest.mark.slow), *MANY]
OF_ITS_TIME = ("revision", "touched_at", "started_at", "finished_at", "answered_at")


@pytest.fixture(scope="module")
def due(enrolled: Enrolled) -> Enrolled:
    """A registration, an erasure and somebody by hand wait for a job."""
    deployment = enrolled.again()
    deployment.erase(deployment.people["Cem"])
    for request in [each for each in wiring.retraining().requests() if each.cause is Cause.REGISTRATION][1:]:
        RetrainingRequestRecord(request.request_id).delete()
    deployment.ask_for_retraining()
    return replace(enrolled, items=deployment.dump())


@dataclass
class Running:
    """A deployment whose training job has just ended, and nobody knows."""

    enrolled: Enrolled
    job_id: str
    objects: dict[str, bytes]

    def again(self) -> World:
        world = self.enrolled.again()
        for key, content in self.objects.items():
            wiring.media().put(key, content, "application/octet-stream")
        world.training_jobs.progress[self.job_id] = Progress(TrainingStatus.COMPLETED)
        return world


@pytest.fixture(scope="module")
def running(due: Enrolled) -> Running:
    world = due.again()
    world.retrain_tick()
    job_id = world.training_ends().job_id
    objects = {key: wiring.media().get(key, 10**6) or b"" for key in world.pictures() if job_id in key}
    return Running(replace(due, items=world.dump()), job_id, objects)


def what_is_left(world: World) -> dict[str, Any]:
    items = world.dump("models")["models"]
    for item in items:
        for name in OF_ITS_TIME:
            item.pop(name, None)
        if "request_ids" in item:
            item["request_ids"]["SS"].sort()
    return {"items": items, "objects": [key for key in world.pictures() if not key.startswith("audit/")]}


def writes_of(act: Callable[[], None]) -> int:
    with watched() as writes:
        act()
    return len(writes.names)


def whole(world: World, job_id: str) -> bool:
    """What is in service is as it was, or what the job has put there, with the job at its end."""
    in_service, job = wiring.models().in_service(), world.job(job_id)
    if in_service == InService("fake-1"):
        return job.state is not JobState.FINISHED
    return (
        in_service == InService(job.model_id or "", "fake-1", in_service.promoted_at, "gate")
        if in_service
        else False
    )


@pytest.mark.parametrize("kind", STARTS)
def test_a_start_that_is_cut_off_at_any_write_ends_in_one_job(due: Enrolled, kind: Fault) -> None:
    world = due.again()
    writes = writes_of(world.retrain_tick)
    expected, jobs = what_is_left(world), world.training_jobs.started
    assert writes >= 5
    for n in range(1, writes + 1):
        world = due.again()
        with suppress(BaseException), fault(kind, n):
            world.retrain_tick()
        world.retrain_tick()
        assert len(world.training_jobs.started) <= 1
        world.pass_time(seconds=CUT_OFF_AFTER.total_seconds())
        world.retrain_tick()
        assert world.training_jobs.started == jobs, f"{kind} at write {n}"
        assert what_is_left(world) == expected, f"{kind} at write {n}"


def test_the_data_of_a_job_that_runs_are_not_written_again(due: Enrolled) -> None:
    """Its start was asked for, and the process died before it could write so."""
    world = due.again()
    writes = writes_of(world.retrain_tick)
    world = due.again()
    with suppress(Crash), fault(Fault.CRASH_BEFORE, writes):
        world.retrain_tick()
    key = f"{world.job_in_hand.dataset}templates/dataset.json"
    written = wiring.media().get(key, 10**6)
    world.pass_time(minutes=5)
    world.retrain_tick()
    assert world.job_in_hand.state is JobState.RUNNING
    assert wiring.media().get(key, 10**6) == written


@pytest.mark.parametrize("kind", ENDS)
def test_an_end_that_is_cut_off_at_any_write_is_completed_by_the_tick(running: Running, kind: Fault) -> None:
    world, job_id = running.again(), running.job_id
    writes = writes_of(lambda: world.tell_training_ended(job_id))
    expected = what_is_left(world)
    assert wiring.models().in_service() != InService("fake-1")
    assert writes >= 12
    for n in range(1, writes + 1):
        world, job_id = running.again(), running.job_id
        with suppress(BaseException), fault(kind, n):
            world.tell_training_ended(job_id)
        assert whole(world, job_id), f"{kind} at write {n}"
        world.retrain_tick()
        assert what_is_left(world) == expected, f"{kind} at write {n}"


def overtaken_end(running: Running, n: int) -> tuple[World, int]:
    """Before its n-th write the end that was told waits, while a tick finds the same end."""
    world, job_id = running.again(), running.job_id
    overtaken = 0

    def tick(number: int) -> None:
        nonlocal overtaken
        if number == n and not overtaken:
            overtaken = 1
            world.retrain_tick()

    with watched(before=tick):
        world.tell_training_ended(job_id)
    return world, overtaken


def test_an_end_that_a_tick_finds_at_the_same_time_is_one_end(running: Running) -> None:
    world, job_id = running.again(), running.job_id
    world.tell_training_ended(job_id)
    expected = what_is_left(world)
    for n in range(1, 12, 3):
        world, overtaken = overtaken_end(running, n)
        assert overtaken
        assert what_is_left(world) == expected, f"overtaken at write {n}"


def test_a_condition_taken_away_is_noticed(due: Enrolled, running: Running) -> None:
    """A check that cannot go red is worth nothing: the lease, and what is in service."""
    put, update = Transaction.put, Transaction.update

    def unguarded(self: Transaction, record: Any, condition: Any = None, otherwise: Any = None) -> None:
        put(self, record, None if isinstance(record, RetrainingInHandRecord) else condition, otherwise)

    def two_ticks_at_once() -> int:
        """The second finds one request more, and so a job of another name."""
        world, ticked = due.again(), []

        def tick_too(number: int) -> None:
            if not ticked and writes.names[-1] == "TransactWriteItems":
                ticked.append(number)
                world.ask_for_retraining("one more")
                world.retrain_tick()

        with watched(before=tick_too) as writes:
            world.retrain_tick()
        return len(world.training_jobs.started)

    assert two_ticks_at_once() == 1
    with mock.patch.object(Transaction, "put", unguarded):
        assert two_ticks_at_once() == 2

    def without_condition(
        self: Transaction, record: Any, actions: Any, condition: Any, otherwise: Any
    ) -> None:
        update(self, record, actions, None if isinstance(record, ModelRecord) else condition, otherwise)

    world, job_id = running.again(), running.job_id
    read, moved = wiring.models().in_service, []

    def read_and_be_overtaken() -> InService | None:
        found = read()
        if not moved and found is not None:
            moved.append(found)
            wiring.models().switch(found, InService("fake-1~0123456789ab", "fake-1", world.now, "adm_x"))
        return found

    models = wiring.retrainer().models
    with (
        mock.patch.object(models, "in_service", read_and_be_overtaken),
        mock.patch.object(Transaction, "update", without_condition),
    ):
        world.tell_training_ended(job_id)
    assert world.champion == world.job(job_id).model_id, (
        "without its condition it is promoted over what it never met"
    )
