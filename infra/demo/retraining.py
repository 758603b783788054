"""Retraining: the registrations start a training job beside everything else; the gate decides on what it made."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from infra.demo.client import until
from infra.demo.judge import SeenFrame
from infra.demo.looks import look
from infra.demo.scenario import Scenario
from infra.demo.school import PATIENCE_SECONDS, School
from infra.demo.story import Retraining

OVER = frozenset({"finished", "failed", "stopped"})
NONE = Retraining(None, None, "none", "too few could register")


def retrain(
    school: School, session_id: str, scenario: Scenario, say: Callable[[str], None]
) -> tuple[Retraining, tuple[dict[str, int], tuple[SeenFrame, ...]]]:
    """The job that the registrations have started, and the first frame after the gate's decision."""
    job = until(lambda: _newest(school), lambda job: job["state"] in OVER, PATIENCE_SECONDS, "Retraining")
    retraining = _told(job)
    say(
        f"\nRetraining. Having registered, {job['people']} people started a training job, beside all of this."
    )
    why = retraining.reason.partition(". ")[0]
    say(f"  after {_seconds(retraining):.0f} s the gate decides {retraining.decision}: {why}.")
    seen = look(school.camera, session_id, scenario.picture_of(scenario.students[:2], 50))
    read_by = school.camera.get(f"/v1/frames/{seen.frame_id}")["model_id"]
    champion = _champion(school)
    say(f"  in service is {champion}; the next frame is read by {read_by}.")
    return retraining, ({"frames_read_by_champion": int(read_by == champion)}, (seen,))


def _newest(school: School) -> dict[str, Any]:
    jobs = school.admin.get("/v1/retraining-jobs?limit=1")["items"]
    return jobs[0] if jobs else {"state": "none"}


def _told(job: dict[str, Any]) -> Retraining:
    decision = job["decision"]
    if decision is None:
        return Retraining(job["started_at"], job["finished_at"], job["state"], job["failure"] or "")
    sentences = " ".join(reason["sentence"] for reason in decision["reasons"])
    return Retraining(job["started_at"], job["finished_at"], decision["verdict"], sentences)


def _seconds(retraining: Retraining) -> float:
    if retraining.started is None or retraining.finished is None:
        return 0.0
    started, finished = map(datetime.fromisoformat, (retraining.started, retraining.finished))
    return (finished - started).total_seconds()


def _champion(school: School) -> str:
    models = school.admin.get("/v1/models")["items"]
    return next(str(model["id"]) for model in models if model["standing"] == "champion")
