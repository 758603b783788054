"""Retraining on the local stack, from the request to the next champion, while everything comes twice and is killed."""

import json
import os
import signal
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.artefacts import learned_id
from infra.local import LocalStack, Options
from tests.support import artefacts

SECOND_TRY = Path(__file__).with_name("training_second_try.py")
PACK = "fake-1"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    command = (sys.executable, str(SECOND_TRY), str(tmp_path))
    with LocalStack(Options(tick_seconds=3600, duplicate_every=1, training_command=command)) as running:
        yield running


def ask(stack: LocalStack, method: str, path: str) -> Any:
    headers = {"Authorization": f"Bearer {stack.admin_token}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        stack.url + path, b"" if method == "POST" else None, headers, method=method
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def states(stack: LocalStack) -> list[str]:
    return [job["state"] for job in ask(stack, "GET", "/v1/retraining-jobs")["items"]]


def below(stack: LocalStack, prefix: str) -> list[str]:
    s3 = stack.cloud.client("s3")
    found = s3.list_objects_v2(Bucket=stack.resources.physical_id("PicturesBucket"), Prefix=prefix)
    s3.close()
    return [each["Key"] for each in found.get("Contents", [])]


def test_a_job_that_is_killed_is_tried_again_and_its_model_goes_into_service(
    stack: LocalStack, tmp_path: Path, eventually: Any
) -> None:
    from chalicelib import wiring

    wiring.models().champion(PACK)
    files = artefacts.files(PACK)
    (tmp_path / "model").mkdir()
    for name, content in files.items():
        (tmp_path / "model" / name).write_bytes(content)

    ask(stack, "POST", "/v1/retraining-jobs")
    stack.tick()
    eventually((tmp_path / "pid").exists)
    assert states(stack) == ["running"]
    assert len(below(stack, "training/")) == 3

    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    eventually(lambda: states(stack) == ["failed"])
    assert (
        ask(stack, "GET", "/v1/retraining-jobs")["items"][0]["failure"] == "AlgorithmError: , exit code: 137"
    )
    eventually(lambda: below(stack, "training/") == [])

    stack.tick()
    eventually(lambda: states(stack) == ["finished", "failed"])
    models = {each["id"]: each["standing"] for each in ask(stack, "GET", "/v1/models")["items"]}
    assert models == {learned_id(json.loads(files["model.json"])): "champion", PACK: "challenger"}
    eventually(lambda: below(stack, "training/") == [])
