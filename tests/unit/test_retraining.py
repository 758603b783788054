"""When retraining is due, what its job is called, and which requests wait for new ones."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.retraining import (
    MOST_ATTEMPTS,
    Cause,
    Gathering,
    JobState,
    Request,
    RetrainingJob,
    job_ids,
    untried,
)
from tests.support.world import START

GATHERING = Gathering(3, registrations_wait=timedelta(days=7), erasures_wait=timedelta(days=1))
MINUTE = timedelta(minutes=1)


def requests(*causes: Cause, age: timedelta = timedelta(0)) -> list[Request]:
    return [Request(f"request#{number}", cause, START - age) for number, cause in enumerate(causes)]


def test_nobody_asked() -> None:
    assert not GATHERING.is_due([], START)


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (requests(Cause.REGISTRATION, Cause.REGISTRATION), False),
        (requests(*[Cause.REGISTRATION] * 3), True),
        (requests(Cause.REGISTRATION, age=timedelta(days=7) - MINUTE), False),
        (requests(Cause.REGISTRATION, age=timedelta(days=7)), True),
        (requests(*[Cause.ERASURE] * 9), False),
        (requests(Cause.ERASURE, age=timedelta(days=1)), True),
        *((requests(cause), True) for cause in set(Cause) - {Cause.REGISTRATION, Cause.ERASURE}),
    ],
)
def test_requests_gather_by_number_or_by_time_and_a_human_does_not_wait(
    asked: list[Request], due: bool
) -> None:
    assert GATHERING.is_due(asked, START) is due


REQUESTS = st.lists(
    st.builds(
        Request,
        st.uuids().map(str),
        st.sampled_from(Cause),
        st.integers(0, 20_000).map(lambda minutes: START - minutes * MINUTE),
    ),
    max_size=6,
)


@given(REQUESTS, st.randoms(), st.integers(0, 20_000))
def test_the_order_does_not_matter_and_what_is_due_stays_due(
    asked: list[Request], random, later: int
) -> None:
    due = GATHERING.is_due(asked, START)
    shuffled = random.sample(asked, len(asked))
    assert GATHERING.is_due(shuffled, START) is due
    if due:
        assert GATHERING.is_due(asked, START + later * MINUTE)
        assert GATHERING.is_due([*asked, *requests(Cause.REGISTRATION)], START)


@given(st.lists(st.uuids().map(str), unique=True, max_size=5), st.randoms())
def test_a_job_is_named_by_its_set_of_requests(request_ids: list[str], random) -> None:
    shuffled = random.sample(request_ids, len(request_ids))
    named = list(job_ids("rollcall", request_ids, "fake-1"))
    assert list(job_ids("rollcall", shuffled, "fake-1")) == named
    names = [name for _, name in named]
    assert [attempt for attempt, _ in named] == [1, 2, 3]
    assert len(set(names)) == MOST_ATTEMPTS
    assert not set(names) & {name for _, name in job_ids("rollcall", request_ids, "fake-1~0123456789ab")}
    assert not set(names) & {name for _, name in job_ids("rollcall", [*request_ids, "x"], "fake-1")}


def test_a_name_is_one_that_sagemaker_takes() -> None:
    for _, name in job_ids("rollcall", ["request#reg_1"], "fake-1"):
        assert name.startswith("rollcall-retrain-")
        assert len(name) <= 63
        assert name.replace("-", "").isalnum()


def job(state: JobState, attempt: int, asked: Sequence[Request]) -> RetrainingJob:
    ids = tuple(request.request_id for request in asked)
    return RetrainingJob("job", "fake-1", attempt, ids, START, START, state)


@pytest.mark.parametrize("state", JobState)
@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_after_three_attempts_in_vain_requests_wait_for_new_ones(state: JobState, attempt: int) -> None:
    asked = requests(Cause.MANUAL, Cause.ERASURE)
    new = Request("request#new", Cause.DRIFT, START)
    in_vain = attempt == MOST_ATTEMPTS and state in (JobState.FAILED, JobState.STOPPED)
    assert untried(asked, None) == tuple(asked)
    assert untried(asked, job(state, attempt, asked)) == (() if in_vain else tuple(asked))
    assert new in untried([*asked, new], job(state, attempt, asked))
