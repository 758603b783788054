"""What would be deployed: Chalice's package, merged with our templates, as CloudFormation's linter sees it."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest
import yaml

from infra.resources import GATEWAY, TEMPLATE, load_template

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LAMBDA_UNZIPPED_BYTES = 250 * 1024 * 1024


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with sam.json and deployment.zip."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    left_out = ignore_patterns(".venv*", "build", ".git", "tests", "__pycache__", ".*_cache", ".hypothesis")
    copytree(ROOT, source, ignore=left_out)
    merged = {
        "Resources": {},
        **{k: v for k, v in load_template(TEMPLATE).items() if k != "AWSTemplateFormatVersion"},
    }
    merged["Resources"] |= load_template(GATEWAY)["Resources"]
    (folder / "merged.json").write_text(json.dumps(merged))
    chalice = [Path(sys.executable).with_name("chalice"), "package", "--stage", "prod"]
    subprocess.run(
        [*chalice, "--merge-template", str(folder / "merged.json"), str(folder / "out")],
        cwd=source,
        env={**os.environ, "AWS_DEFAULT_REGION": "eu-north-1"},
        check=True,
    )
    return folder / "out"


@pytest.fixture(scope="module")
def template(package: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((package / "sam.json").read_text())
    return loaded


def test_the_linter_of_cloudformation_finds_nothing(package: Path) -> None:
    linter = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([linter, package / "sam.json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_our_functions_triggers_and_answers_are_in_it(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    for name in (
        "OnFrameUploaded",
        "OnRegistrationUploaded",
        "OnClaimMade",
        "OnSessionsDue",
        "OnPrivacyDue",
        "OnRetrainingDue",
        "OnTrainingFinished",
        "Authorize",
        "APIHandler",
    ):
        assert resources[name]["Type"] == "AWS::Serverless::Function"
        assert resources[name]["Properties"]["Architectures"] == ["arm64"]
    assert set(load_template(TEMPLATE)["Resources"]) <= set(resources)
    assert set(load_template(GATEWAY)["Resources"]) <= set(resources)


def test_the_package_holds_what_runs_and_nothing_else(package: Path) -> None:
    with zipfile.ZipFile(package / "deployment.zip") as archive:
        files = archive.infolist()
    names = {file.filename.split("/")[0] for file in files}
    assert {"app.py", "chalicelib", "chalice", "pynamodb", "aws_lambda_powertools"} <= names
    assert not names & {"training", "infra", "layers", "tests", "numpy", "cv2", "onnxruntime", "pydantic"}
    assert sum(file.file_size for file in files) < LAMBDA_UNZIPPED_BYTES
