"""The workflow that retrains: what it may do, whom it trusts, and that its steps do what the service waits for."""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.adapters.dispatch import EVENT
from chalicelib.domain.retraining import DATASETS, OUTPUTS, job_ids

ROOT = Path(__file__).parents[2]
RETRAIN = yaml.safe_load((ROOT / ".github" / "workflows" / "retrain.yml").read_text())
CI = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
JOB = RETRAIN["jobs"]["retrain"]
STEPS: list[dict[str, Any]] = JOB["steps"]
TRIGGERS = RETRAIN[True]  # YAML 1.1 reads `on` as true
JOB_ID = "rollcall-retrain-0123456789abcdef0123"
BUCKET = "rollcall-pictures"
AWS = """#!/bin/bash
test "$(cat "$AWS_WEB_IDENTITY_TOKEN_FILE")" = word || exit 9
here() { echo "${1/s3:\\/\\//$PWD/s3/}"; }
case "$1 $2" in
  "s3 ls") test -e "$(here "$3")" ;;
  "s3 cp") shift 3; [ "$1" = --recursive ] && shift; from="$(here "$1")"; to="$(here "$2")"
           [ -d "$from" ] && from="$from."; mkdir -p "$(dirname "${to}x")"; cp -r "$from" "$to" ;;
  *) exit 9 ;;
esac
"""
CURL = """#!/bin/bash
[[ "$*" == *"bearer asked https://token?x=1&audience=sts.amazonaws.com"* ]] && echo '{"value": "word"}'
"""
TRAINS = f"""#!/bin/bash
test "$*" = "-m training.retrain" && ! env | grep -q ACTIONS && ! ls job/token 2> /dev/null || exit 9
cp "$SM_CHANNEL_TEMPLATES/people.jsonl" job/seen; test "$TRAINING_JOB_NAME" = {JOB_ID} || exit 9
mkdir "$SM_OUTPUT_DATA_DIR/wandb"; for name in model.json report.json; do echo {{}} > "$SM_MODEL_DIR/$name"; done
"""
FAILS = """#!/bin/bash
echo "DatasetRefused: of another pack" > "$SM_OUTPUT_DIR/failure"; exit 1
"""


def test_it_listens_to_what_the_service_sends() -> None:
    assert TRIGGERS["repository_dispatch"] == {"types": [EVENT]}
    assert set(TRIGGERS) == {"repository_dispatch", "workflow_dispatch"}
    assert JOB["env"]["JOB_ID"] == "${{ github.event.client_payload.job_id || inputs.job_id }}"


def test_it_may_read_the_code_and_say_who_it_is_and_no_more() -> None:
    assert RETRAIN["permissions"] == {}
    assert JOB["permissions"] == {"contents": "read", "id-token": "write"}
    assert set(RETRAIN["jobs"]) == {"retrain"}


def test_actions_are_those_of_ci_and_pinned_to_a_commit() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    known = {
        step["uses"].partition("@")[0]
        for job in CI["jobs"].values()
        for step in job["steps"]
        if "uses" in step
    }
    assert used
    for action in used:
        name, _, commit = action.partition("@")
        assert name in known
        assert re.fullmatch(r"[0-9a-f]{40}", commit), action


def test_nothing_is_written_into_a_shell() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", "")
        assert "${{" not in str(step.get("with", ""))
    payload = [line for line in str(RETRAIN).split(",") if "client_payload" in line]
    assert len(payload) == 2, "the name of the queue, and the variable"


def test_runs_of_one_job_wait_for_one_another() -> None:
    assert RETRAIN["concurrency"]["group"] == f"retrain-{JOB['env']['JOB_ID']}"
    assert RETRAIN["concurrency"]["cancel-in-progress"] is False


def test_what_others_wrote_is_installed_before_anything_personal_is_there() -> None:
    runs = [step.get("run", "") for step in STEPS]
    install = runs.index("make pack")
    assert not any("aws " in run for run in runs[:install])
    assert not any("pip" in run or "make" in run.split() for run in runs[install + 1 :])


def test_only_the_training_knows_the_key_for_tracking() -> None:
    with_secrets = [step["name"] for step in STEPS if "secrets." in str(step)]
    assert with_secrets == ["Retrain"]
    assert "secrets." not in str(JOB["env"])


@pytest.mark.parametrize(
    "job_id", [JOB_ID, *(job_id for _, job_id in job_ids("school-7", ["registration#1"], "pypi"))]
)
def test_a_job_of_the_services_is_known_by_its_name(job_id: str) -> None:
    assert named(job_id) == 0


@pytest.mark.parametrize(
    "job_id",
    [
        "",
        "rollcall",
        f"{JOB_ID}0",
        f"../{JOB_ID}",
        f"{JOB_ID}\n",
        f"{JOB_ID}; id",
        "$(id)-retrain-" + "0" * 20,
    ],
)
def test_anything_else_ends_the_run(job_id: str) -> None:
    assert named(job_id) != 0


def named(job_id: str) -> int:
    check = next(step["run"] for step in STEPS if step.get("id") == "name")
    return subprocess.run(["bash", "-e", "-c", check], env={"JOB_ID": job_id}).returncode


class Played:
    """The steps in their order, with an AWS, a GitHub and a training of the test's own."""

    def __init__(self, home: Path, training: str) -> None:
        self.home = home
        self.bucket = home / "s3" / BUCKET
        for name, content in {
            "bin/aws": AWS,
            "bin/curl": CURL,
            "bin/make": "#!/bin/bash\n",
            ".venv/bin/python": training,
            ".github/token.sh": (ROOT / ".github" / "token.sh").read_text(),
            f"s3/{BUCKET}/{DATASETS}{JOB_ID}/templates/people.jsonl": "biometrics",
            f"s3/{BUCKET}/{DATASETS}{JOB_ID}/champion/model.json": "{}",
        }.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            path.chmod(0o755)
        (self.bucket / OUTPUTS).mkdir(parents=True)

    def play(self) -> dict[str, int]:
        """The exit status of every step that ran, by name."""
        outputs, ended, failed = self.home / "outputs", {}, False
        outputs.touch()
        for step in (step for step in STEPS if "run" in step):
            done = "done=true" in outputs.read_text()
            runs = {
                None: not failed,
                "steps.fetch.outputs.done != 'true'": not failed and not done,
                "failure() && steps.name.outcome == 'success'": failed,
                "always()": True,
            }[step.get("if")]
            if runs:
                command = ["bash", "-e", "-c", step["run"]]
                status = subprocess.run(command, cwd=self.home, env=self._environment(step)).returncode
                ended[step.get("name", step["run"])] = status
                failed = failed or status != 0
        return ended

    def _environment(self, step: dict[str, Any]) -> dict[str, str]:
        given = {**JOB["env"], **step.get("env", {})}
        known = {
            "${{ github.workspace }}": str(self.home),
            "${{ vars.ROLLCALL_BUCKET }}": BUCKET,
            JOB["env"]["JOB_ID"]: JOB_ID,
        }
        for expression, value in known.items():
            given = {name: text.replace(expression, value) for name, text in given.items()}
        return {
            **given,
            "PATH": f"{self.home / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(self.home / "outputs"),
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "asked",
            "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token?x=1",
        }

    def written(self) -> set[str]:
        output = self.bucket / OUTPUTS
        return {str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()}


def test_the_model_is_handed_over_where_sagemaker_would_put_it(tmp_path: Path) -> None:
    played = Played(tmp_path, TRAINS)
    ended = played.play()
    assert set(ended.values()) == {0}
    assert "Say why there is none" not in ended
    assert played.written() == {f"{JOB_ID}/output/model.tar.gz", f"{JOB_ID}/output/output.tar.gz"}
    with tarfile.open(played.bucket / OUTPUTS / JOB_ID / "output" / "model.tar.gz") as tar:
        assert sorted(tar.getnames()) == ["model.json", "report.json"]
    assert not (tmp_path / "job").exists()


def test_a_job_that_fails_says_why(tmp_path: Path) -> None:
    played = Played(tmp_path, FAILS)
    ended = played.play()
    assert ended["Retrain"] == 1
    assert "Hand over the model" not in ended
    assert played.written() == {f"{JOB_ID}/output/failure"}
    assert (played.bucket / OUTPUTS / JOB_ID / "output" / "failure").read_text() == (
        "DatasetRefused: of another pack\n"
    )
    assert not (tmp_path / "job").exists()


def test_a_dataset_that_is_gone_fails_too(tmp_path: Path) -> None:
    played = Played(tmp_path, TRAINS)
    for path in sorted(played.bucket.rglob("*"), reverse=True):
        if DATASETS.strip("/") in path.relative_to(played.bucket).parts:
            path.unlink() if path.is_file() else path.rmdir()
    assert played.play()["Fetch the dataset, unless the job is done already"] != 0
    assert played.written() == {f"{JOB_ID}/output/failure"}


def test_a_job_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    played = Played(tmp_path, FAILS)
    done = played.bucket / OUTPUTS / JOB_ID / "output" / "model.tar.gz"
    done.parent.mkdir(parents=True)
    done.write_text("as it is")
    assert "Retrain" not in played.play()
    assert done.read_text() == "as it is"
