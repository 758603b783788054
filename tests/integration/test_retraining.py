"""Who enrols asks for retraining; one job at a time answers, and what it made is in service on evidence alone."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from chalicelib import wiring
from chalicelib.domain.artefacts import learned_id
from chalicelib.domain.duplicates import Decision
from chalicelib.domain.errors import (
    Contention,
    ModelNotFound,
    ModelOfAnotherPack,
    NothingToRollBackTo,
    NotInService,
    NotProven,
)
from chalicelib.domain.gate import Verdict
from chalicelib.domain.models import InService, Standing
from chalicelib.domain.people import Use
from chalicelib.domain.retraining import CUT_OFF_AFTER, Cause, JobState, RetrainingJob, TrainingStatus
from chalicelib.services.delete_biometrics import delete_biometrics
from chalicelib.services.finish_retraining import ROBBED
from chalicelib.services.list_models import list_models
from chalicelib.services.promote_model import promote_model
from chalicelib.services.rollback_model import rollback_model
from chalicelib.services.switch_biometrics import switch_biometrics
from tests.support.artefacts import SAME, artefact, figures, files
from tests.support.crashes import watched
from tests.support.enrolled import Enrolled
from tests.support.world import World

Setting = Callable[[str, str], None]


def retrained(world: World, **learned: Any) -> RetrainingJob:
    """A job from its start to its end, which is told."""
    world.retrain_tick()
    job = world.training_ends(**learned)
    world.tell_training_ended(job.job_id)
    return world.job(job.job_id)


def dataset(world: World) -> dict[str, bytes]:
    found = {
        key: wiring.media().get(key, 10**6) or b"" for key in world.pictures() if key.startswith("training/")
    }
    return {key.split("/", 2)[2]: content for key, content in found.items()}


def promote(world: World, model_id: str) -> None:
    promote_model(model_id, by="adm_x", models=wiring.models(), media=wiring.media(), clock=world.clock)


def roll_back(world: World, model_id: str) -> str:
    restored = rollback_model(
        model_id, by="adm_x", models=wiring.models(), media=wiring.media(), clock=world.clock
    )
    return restored.model.model_id


def standings() -> dict[str, Standing]:
    page, in_service = list_models(10, None, models=wiring.models())
    assert in_service is not None
    return {model.model_id: in_service.standing_of(model.model_id) for model in page.items}


def test_those_who_enrol_start_one_job_together_and_wait_until_they_are_enough(school: World) -> None:
    assert [request.cause for request in wiring.retraining().requests()] == [Cause.REGISTRATION] * 3
    school.retrain_tick()
    school.retrain_tick()
    job = school.job_in_hand
    assert school.training_jobs.started == [job.job_id]
    assert (job.state, job.attempt, job.people, job.champion_id) == (JobState.RUNNING, 1, 3, "fake-1")
    assert len(job.request_ids) == 3


def test_few_wait_for_others_or_for_a_week(school: World) -> None:
    retrained(school)
    school.add_person("Dan")
    school.enrol("Dan")
    school.pass_time(days=7, minutes=-1)
    school.retrain_tick()
    assert len(school.training_jobs.started) == 1
    school.pass_time(minutes=1)
    school.retrain_tick()
    assert len(school.training_jobs.started) == 2


def test_a_registration_that_a_human_lets_through_asks_as_others_do(school: World) -> None:
    school.add_person("Twin")
    review = school.enrol("Twin", "Ada~2")
    assert len(wiring.retraining().requests()) == 3
    school.decide(review, Decision.TWO_PEOPLE)
    assert len(wiring.retraining().requests()) == 4


def test_the_data_are_templates_of_those_who_permit_it_and_the_model_in_service(school: World) -> None:
    school.give_consent(school.people["Ben"], (Use.MATCHING, Use.EVALUATION))
    school.give_consent(school.people["Cem"], (Use.MATCHING, Use.NORMALISATION))
    school.retrain_tick()
    written = dataset(school)
    assert set(written) == {"templates/dataset.json", "templates/people.jsonl", "champion/model.json"}
    job = school.job_in_hand
    assert json.loads(written["templates/dataset.json"]) == {
        "format": 1,
        "job_id": job.job_id,
        "pack_id": "fake-1",
        "champion_id": "fake-1",
        "snapshot_at": school.now.isoformat(),
    }
    assert json.loads(written["champion/model.json"]) == {
        "format": 1,
        "pack_id": "fake-1",
        "thresholds": None,
        "projection": None,
        "data_version": None,
    }
    lines = [json.loads(line) for line in written["templates/people.jsonl"].splitlines()]
    assert [(line["person_id"], line["normalise"]) for line in lines] == sorted(
        [(school.people["Ada"], True), (school.people["Ben"], False)]
    )
    ada = next(line for line in lines if line["person_id"] == school.people["Ada"])
    assert ada.keys() == {"person_id", "normalise", "occasions"}
    assert [base64.b64decode(view) for view in ada["occasions"][0]["views"]] == [b"Ada", b"Ada"]


def test_a_better_model_is_in_service_with_the_next_read_and_its_files_are_kept(school: World) -> None:
    job = retrained(school)
    assert (job.state, job.decision and job.decision.verdict) == (JobState.FINISHED, Verdict.PROMOTED)
    assert job.model_id == school.champion
    assert wiring.models().in_service() == InService(school.champion, "fake-1", school.now, "gate")
    kept = {key for key in school.pictures() if key.startswith("models/")}
    assert kept == {f"models/{job.model_id}/{name}" for name in files("fake-1")}
    assert dataset(school) == {}
    assert wiring.retraining().in_hand() is None
    assert wiring.retraining().requests() == ()
    assert standings() == {"fake-1": Standing.CHALLENGER, school.champion: Standing.CHAMPION}


def test_the_next_job_learns_with_what_is_in_service(school: World) -> None:
    first = retrained(school)
    school.ask_for_retraining()
    school.retrain_tick()
    model = wiring.media().get(f"models/{first.model_id}/model.json", 10**6)
    assert dataset(school)["champion/model.json"] == model
    assert learned_id(json.loads(model or b"")) == first.model_id
    assert school.job_in_hand.champion_id == first.model_id


@pytest.mark.parametrize(
    ("learned", "verdict"),
    [({"test": figures(SAME)}, Verdict.KEPT), ({"test": None}, Verdict.NOT_ENOUGH_EVIDENCE)],
)
def test_without_evidence_or_gain_what_is_in_service_stays(
    school: World, learned: Any, verdict: Verdict
) -> None:
    before = school.dump("models")["models"]
    job = retrained(school, **learned)
    assert job.decision is not None
    assert job.decision.verdict is verdict
    model = wiring.models().learned(job.model_id or "")
    assert model is not None
    assert (model.job_id, model.decision) == (job.job_id, job.decision)
    champion = [item for item in before if item["id"]["S"] == "champion"]
    assert [item for item in school.dump("models")["models"] if item["id"]["S"] == "champion"] == champion
    assert wiring.retraining().requests() == (), "it has answered them all the same"


@pytest.mark.parametrize("times", [1, 3])
def test_an_end_that_is_told_again_or_late_changes_nothing(school: World, times: int) -> None:
    job = retrained(school)
    tables = ("models", "people", "templates", "registrations")
    left = (school.dump(*tables), school.pictures())
    school.pass_time(days=2)
    for _ in range(times):
        school.tell_training_ended(job.job_id)
        school.retrain_tick()
    assert (school.dump(*tables), school.pictures()) == left


def test_an_end_that_is_never_told_is_found_by_the_tick(school: World) -> None:
    school.retrain_tick()
    job = school.training_ends()
    school.retrain_tick()
    assert school.job(job.job_id).state is JobState.FINISHED
    assert school.champion == school.job(job.job_id).model_id


def test_an_end_that_is_told_too_early_or_of_another_job_is_let_pass(school: World) -> None:
    school.retrain_tick()
    job = school.job_in_hand
    school.tell_training_ended(job.job_id)
    school.tell_training_ended("rollcall-retrain-00000000000000000000")
    assert school.job(job.job_id) == job


def test_an_end_may_be_told_before_the_start_was_written(school: World) -> None:
    """Between CreateTrainingJob and our own next write."""
    start = school.training_jobs.start

    def start_and_end(job: RetrainingJob) -> None:
        start(job)
        school.training_ends()
        school.tell_training_ended(job.job_id)

    school.training_jobs.start = start_and_end  # type: ignore[method-assign]
    school.retrain_tick()
    (job,) = wiring.retraining().jobs(10, None).items
    assert (job.state, job.model_id) == (JobState.FINISHED, school.champion)
    assert wiring.retraining().in_hand() is None


def test_of_two_ticks_at_once_one_starts_the_job(school: World) -> None:
    running = False

    def tick_too(_number: int) -> None:
        nonlocal running
        if not running and writes.names[-1] == "TransactWriteItems":
            running = True
            school.retrain_tick()

    with watched(before=tick_too) as writes:
        school.retrain_tick()
    assert running
    assert school.training_jobs.started == [school.job_in_hand.job_id]
    assert len(wiring.retraining().jobs(10, None).items) == 1


def test_a_job_that_fails_is_tried_three_times_and_then_waits_for_somebody_new(school: World) -> None:
    for attempt in (1, 2, 3):
        school.retrain_tick()
        job = school.training_ends(TrainingStatus.STOPPED if attempt == 2 else TrainingStatus.FAILED)
        school.tell_training_ended(job.job_id, "Failed")
        ended = school.job(job.job_id)
        assert (ended.attempt, ended.failure) == (attempt, "spot")
        assert ended.state is (JobState.STOPPED if attempt == 2 else JobState.FAILED)
        assert dataset(school) == {}
    school.pass_time(days=30)
    school.retrain_tick()
    assert len(set(school.training_jobs.started)) == 3
    assert len(wiring.retraining().requests()) == 3, "they are not forgotten"
    school.ask_for_retraining()
    school.retrain_tick()
    assert len(school.job_in_hand.request_ids) == 4
    assert school.job_in_hand.attempt == 1


def test_one_who_will_not_run_it_is_asked_no_more_than_three_times(school: World) -> None:
    school.training_jobs.refuses = "AccessDeniedException: no"
    for _ in range(5):
        school.retrain_tick()
        school.pass_time(minutes=1)
    jobs = wiring.retraining().jobs(10, None).items
    assert [(job.state, job.failure) for job in jobs] == [(JobState.FAILED, "AccessDeniedException: no")] * 3
    assert wiring.retraining().in_hand() is None


def test_a_job_that_nobody_knows_any_more_has_failed(school: World) -> None:
    school.retrain_tick()
    school.training_jobs.progress.clear()
    job = school.job_in_hand
    school.retrain_tick()
    assert school.job(job.job_id).state is JobState.FAILED


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (None, "left no artefact"),
        (b"no tar at all", "no tar.gz"),
        (artefact("fake-2"), "of the pack fake-2"),
        (artefact("fake-1", champion_id="fake-1~0123456789ab"), "compares with"),
        (artefact("fake-1", calibrated=None), "calibrated"),
    ],
    ids=["nothing", "no tar", "another pack's", "against another model", "a malformed report"],
)
def test_what_is_no_artefact_is_refused_and_nothing_of_it_is_kept(
    school: World, made: bytes | None, why: str
) -> None:
    school.retrain_tick()
    job = school.training_ends()
    wiring.media().delete(job.artefact)
    if made is not None:
        wiring.media().put(job.artefact, made, "application/gzip")
    school.tell_training_ended(job.job_id)
    ended = school.job(job.job_id)
    assert ended.state is JobState.FAILED
    assert why in (ended.failure or "")
    assert school.champion == "fake-1"
    assert not [key for key in school.pictures() if key.startswith("models/")]


def test_a_champion_that_changed_meanwhile_stays_and_retraining_is_asked_for_anew(school: World) -> None:
    first = retrained(school).model_id or ""
    school.ask_for_retraining("again")
    school.retrain_tick()
    assert roll_back(school, first) == "fake-1"
    job = school.training_ends(learned="more")
    school.tell_training_ended(job.job_id)
    ended = school.job(job.job_id)
    assert ended.decision is not None
    assert [reason.code for reason in ended.decision.reasons] == ["champion_changed"]
    assert school.champion == "fake-1"
    assert [request.cause for request in wiring.retraining().requests()] == [Cause.CHAMPION_CHANGED]
    school.retrain_tick()
    assert school.job_in_hand.champion_id == "fake-1"


def test_a_champion_that_changes_between_decision_and_write_is_decided_on_anew(
    school: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = retrained(school).model_id or ""
    school.ask_for_retraining("again")
    school.retrain_tick()
    job = school.training_ends(learned="more")
    decide_with = wiring.models().in_service
    overtaken = []

    def read_and_be_overtaken() -> InService | None:
        read = decide_with()
        if not overtaken:
            overtaken.append(read)
            wiring.models().switch(read, InService("fake-1", None, school.now, "adm_x"))  # type: ignore[arg-type]
        return read

    monkeypatch.setattr(wiring.retrainer().models, "in_service", read_and_be_overtaken)
    school.tell_training_ended(job.job_id)
    assert overtaken == [InService(first, "fake-1", school.now, "gate")]
    assert school.champion == "fake-1"
    decision = school.job(job.job_id).decision
    assert decision is not None
    assert decision.verdict is Verdict.KEPT


def test_the_same_data_make_the_same_model_which_is_not_promoted_over_itself(school: World) -> None:
    first = retrained(school)
    school.ask_for_retraining("again")
    school.retrain_tick()
    job = school.job_in_hand
    school.training_ends()
    made = artefact("fake-1", champion_id=first.model_id)
    wiring.media().replace(job.artefact, made, "application/gzip")
    school.tell_training_ended(job.job_id)
    ended = school.job(job.job_id)
    assert ended.model_id == first.model_id == school.champion
    assert ended.decision is not None
    assert [reason.code for reason in ended.decision.reasons] == ["same_model"]
    stored = wiring.media().get(f"models/{first.model_id}/report.json", 10**6)
    assert json.loads(stored or b"")["champion_id"] == first.model_id, "the report is the last one's"


def test_rollback_leads_back_once_and_promotion_forward_again(school: World) -> None:
    model_id = retrained(school).model_id or ""
    assert roll_back(school, model_id) == "fake-1"
    assert school.champion == "fake-1"
    with pytest.raises(NotInService):
        roll_back(school, model_id)
    with pytest.raises(NothingToRollBackTo):
        roll_back(school, "fake-1")
    school.pass_time(minutes=1)
    promote(school, model_id)
    promoted = InService(model_id, "fake-1", school.now, "adm_x")
    assert wiring.models().in_service() == promoted
    school.pass_time(minutes=1)
    promote(school, model_id)
    assert wiring.models().in_service() == promoted, "again, nothing happens"


def test_what_was_not_tested_enough_is_not_promoted_by_hand_but_what_was_kept_is(school: World) -> None:
    untested = retrained(school, test=None).model_id or ""
    with pytest.raises(NotProven):
        promote(school, untested)
    school.ask_for_retraining("again")
    kept = retrained(school, learned="more", test=figures(SAME)).model_id or ""
    promote(school, kept)
    assert school.champion == kept
    with pytest.raises(ModelNotFound):
        promote(school, "fake-1~0123456789ab")


def test_a_model_of_another_pack_is_neither_promoted_nor_rolled_back_to(school: World) -> None:
    model_id = retrained(school).model_id or ""
    models = wiring.models()
    models.switch(InService(model_id, "fake-1"), InService("fake-2", model_id, school.now, "adm_x"))
    assert standings() == {"fake-2": Standing.CHAMPION, model_id: Standing.RETIRED}
    with pytest.raises(ModelOfAnotherPack):
        promote(school, model_id)
    with pytest.raises(ModelOfAnotherPack):
        roll_back(school, "fake-2")


def test_whoever_switches_by_what_is_out_of_date_changes_nothing(school: World) -> None:
    model_id = retrained(school).model_id or ""
    for outdated in (InService("fake-1"), InService(model_id), InService(model_id, "other")):
        with pytest.raises(Contention):
            wiring.models().switch(outdated, InService("fake-1", None, school.now, "adm_x"))
    assert school.champion == model_id


def test_a_schedule_asks_once_so_long_after_the_last_job(school: World, setting: Setting) -> None:
    setting("ROLLCALL_RETRAIN_EVERY_DAYS", "30")
    retrained(school)
    school.pass_time(days=30, minutes=-1)
    school.retrain_tick()
    assert wiring.retraining().in_hand() is None
    school.pass_time(minutes=1)
    retrained(school, learned="more")
    school.retrain_tick()
    assert len(school.training_jobs.started) == 2


def test_where_nobody_can_run_a_job_the_tick_does_nothing(school: World, setting: Setting) -> None:
    setting("ROLLCALL_TRAINING_IMAGE", "")
    school.retrain_tick()
    assert wiring.retraining().in_hand() is None


# Privacy.


def test_whoever_withdraws_or_is_erased_is_in_no_data_any_more(school: World) -> None:
    ben, cem = school.people["Ben"], school.people["Cem"]
    school.retrain_tick()
    assert dataset(school)
    school.withdraw_consent(ben)
    assert dataset(school) == {}
    school.training_jobs.progress.clear()  # the job that was robbed of it is not known any more
    school.retrain_tick()
    school.retrain_tick()
    assert ben not in str(dataset(school))
    school.erase(cem)
    assert dataset(school) == {}


def test_a_consent_that_names_evaluation_no_more_takes_the_data_away(school: World) -> None:
    school.retrain_tick()
    school.give_consent(school.people["Ben"], tuple(Use))
    assert dataset(school)
    school.give_consent(school.people["Ben"], (Use.MATCHING,))
    assert dataset(school) == {}


def switch_off(world: World) -> None:
    switch_biometrics(False, by="adm_x", models=wiring.models(), clock=world.clock)


def delete() -> None:
    delete_biometrics(
        models=wiring.models(),
        people=wiring.people(),
        registrations=wiring.registrations(),
        media=wiring.media(),
    )


def test_switched_off_nothing_is_learned_and_no_data_are_left(school: World) -> None:
    school.retrain_tick()
    switch_off(school)
    delete()
    assert dataset(school) == {}
    school.training_ends(TrainingStatus.FAILED)
    school.retrain_tick()
    school.retrain_tick()
    assert wiring.retraining().in_hand() is None
    assert len(school.training_jobs.started) == 1


@pytest.mark.parametrize(
    "act", ["withdraw", *(pytest.param(act, marks=pytest.mark.slow) for act in ("erase", "off"))]
)
def test_whatever_write_of_a_start_privacy_overtakes_the_data_are_without_the_person(
    enrolled: Enrolled, act: str
) -> None:
    """Before each write of the start the person goes, whole; then the job is carried on."""
    world, n, overtaken = enrolled.world, 0, True
    while overtaken:
        n, overtaken = n + 1, False
        enrolled.again()
        world.ask_for_retraining()
        ben = world.people["Ben"]

        def go(number: int, n: int = n, ben: str = ben) -> None:
            nonlocal overtaken
            if number == n and not overtaken:
                overtaken = True
                if act == "off":
                    switch_off(world)
                    delete()
                else:
                    {"erase": world.erase, "withdraw": world.withdraw_consent}[act](ben)

        with watched(before=go):
            world.retrain_tick()
        world.pass_time(minutes=5)
        world.retrain_tick()
        assert not overtaken or ben not in str(dataset(world)), f"overtaken at write {n}"
        assert not (overtaken and act == "off" and dataset(world)), f"overtaken at write {n}"
    assert n > 4


def test_an_erasure_is_answered_by_the_job_that_learned_without_the_person(school: World) -> None:
    retrained(school)
    ben = school.people["Ben"]
    school.erase(ben)
    assert wiring.retraining().retrained(ben) is None
    school.pass_time(hours=23)
    school.retrain_tick()
    assert wiring.retraining().in_hand() is None, "several erasures of a day cost one job"
    school.pass_time(hours=1)
    job = retrained(school, learned="without")
    answered = wiring.retraining().retrained(ben)
    assert answered is not None
    assert (answered.job_id, answered.at) == (job.job_id, school.now)
    school.pass_time(minutes=20)
    school.finish_erasures()
    assert wiring.retraining().retrained(ben) == answered, "the sweep does not ask again"
    school.retrain_tick()
    assert wiring.retraining().in_hand() is None


@pytest.mark.parametrize("act", ["erase", "withdraw"])
def test_what_was_learned_with_somebody_who_left_meanwhile_is_not_used_and_learned_anew(
    school: World, act: str
) -> None:
    ben = school.people["Ben"]
    school.retrain_tick()
    school.erase(ben) if act == "erase" else school.withdraw_consent(ben)
    job = school.training_ends()
    school.tell_training_ended(job.job_id)
    ended = school.job(job.job_id)
    assert (ended.state, ended.failure, school.champion) == (JobState.STOPPED, ROBBED, "fake-1")
    assert wiring.retraining().retrained(ben) is None
    again = retrained(school)
    assert (again.state, again.people) == (JobState.FINISHED, 2)
    assert wiring.retraining().requests() == ()


def test_what_somebody_has_rolled_back_from_comes_back_by_hand_alone(school: World) -> None:
    first = retrained(school).model_id or ""
    assert roll_back(school, first) == "fake-1"
    school.ask_for_retraining("the same data")
    job = retrained(school)
    assert job.decision is not None
    assert (job.model_id, job.decision.verdict) == (first, Verdict.KEPT)
    assert [reason.code for reason in job.decision.reasons] == ["rolled_back"]
    school.ask_for_retraining("other data")
    other = retrained(school, learned="other data").model_id
    assert school.champion == other != first
    promote(school, first)
    assert school.champion == first


def test_a_start_that_fails_in_whatever_way_leaves_no_data_and_is_given_up(school: World) -> None:
    with mock.patch.object(school.training_jobs, "start", side_effect=OSError("the network is gone")):
        with pytest.raises(OSError, match="network"):
            school.retrain_tick()
        job = school.job_in_hand
        assert (job.state, dataset(school)) == (JobState.STARTING, {})
        school.pass_time(minutes=5)
        with pytest.raises(OSError, match="network"):
            school.retrain_tick()
        school.pass_time(hours=1)
        school.retrain_tick()
    assert (school.job(job.job_id).state, dataset(school)) == (JobState.FAILED, {})
    assert retrained(school).attempt == 2


def test_a_request_by_hand_that_was_answered_is_not_asked_again(school: World) -> None:
    school.ask_for_retraining("once")
    retrained(school)
    school.pass_time(hours=1)
    school.ask_for_retraining("once")
    assert wiring.retraining().requests() == ()


def test_a_job_is_cut_off_later_than_any_function_runs() -> None:
    config = json.loads(Path(".chalice/config.json").read_text())
    functions = config["stages"]["prod"]["lambda_functions"]
    lasts = max(functions[name]["lambda_timeout"] for name in ("on_retraining_due", "on_training_finished"))
    assert timedelta(seconds=lasts) < CUT_OFF_AFTER


def test_a_job_says_all_of_itself_when_it_is_read_back(school: World) -> None:
    job = retrained(school, test=figures(SAME))
    assert wiring.retraining().jobs(10, None).items == (job,)
    assert wiring.retraining().latest() == job
    with pytest.raises(Contention):
        wiring.retraining().save(replace(job, revision=job.revision - 1))
