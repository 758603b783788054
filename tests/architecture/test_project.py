"""Facts that stand in two places agree, and the repository holds only what was written for it."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

import app
from infra.resources import GATEWAY, TEMPLATE, load_template

ROOT = Path(__file__).parents[2]
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text())
FUNCTIONS = CONFIG["stages"]["prod"]["lambda_functions"]
RESOURCES = load_template()["Resources"]
EVENT_FUNCTIONS = {
    "on_claim_made",
    "on_frame_uploaded",
    "on_privacy_due",
    "on_registration_uploaded",
    "on_retraining_due",
    "on_sessions_due",
    "on_training_finished",
}


def test_every_function_is_configured_and_has_a_policy() -> None:
    assert set(FUNCTIONS) == EVENT_FUNCTIONS | {"api_handler", "authorize"}
    assert set(app.app.handler_map) >= EVENT_FUNCTIONS | {"authorize"}
    for function in FUNCTIONS.values():
        assert not function["autogen_policy"]
        assert (ROOT / ".chalice" / function["iam_policy_file"]).exists()


def test_every_event_function_has_a_trigger_in_the_template() -> None:
    targets = set()
    for resource in RESOURCES.values():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            targets.add(properties["FunctionName"]["Ref"])
            assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        if resource["Type"] == "AWS::Events::Rule":
            targets.update(target["Arn"]["Fn::GetAtt"][0] for target in properties["Targets"])
    camel = {"".join(part.capitalize() for part in name.split("_")) for name in EVENT_FUNCTIONS}
    assert targets == camel


@pytest.mark.parametrize(
    ("queue", "function"),
    [
        ("Frames", "on_frame_uploaded"),
        ("Registrations", "on_registration_uploaded"),
        ("Claims", "on_claim_made"),
    ],
)
def test_a_message_stays_hidden_for_six_times_the_function_and_dies_after_five(
    queue: str, function: str
) -> None:
    properties = RESOURCES[f"{queue}Queue"]["Properties"]
    visibility = load_template()["Parameters"][properties["VisibilityTimeout"]["Ref"]]["Default"]
    assert visibility >= 6 * FUNCTIONS[function]["lambda_timeout"]
    assert properties["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [f"{queue}DeadLetterQueue", "Arn"]},
        "maxReceiveCount": 5,
    }


@pytest.mark.parametrize("queue", ["FramesQueue", "RegistrationsQueue"])
def test_only_our_bucket_may_send_to_a_queue(queue: str) -> None:
    """moto asks for no queue policy; S3 does, and the bucket must not be made before it stands."""
    (statement,) = RESOURCES[f"{queue}Policy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": {"Fn::Sub": "arn:aws:s3:::${Prefix}-pictures-${AWS::AccountId}"}},
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
    }
    assert f"{queue}Policy" in RESOURCES["PicturesBucket"]["DependsOn"]
    assert RESOURCES[queue]["Properties"]["SqsManagedSseEnabled"] is True


def test_pictures_expire_and_are_never_public_or_versioned() -> None:
    bucket = RESOURCES["PicturesBucket"]["Properties"]
    assert {rule["Prefix"] for rule in bucket["LifecycleConfiguration"]["Rules"]} == {
        "frames/",
        "registrations/",
        "training/",
        "training-output/",
    }
    assert all(rule["Status"] == "Enabled" for rule in bucket["LifecycleConfiguration"]["Rules"])
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert "VersioningConfiguration" not in bucket


def test_tables_are_encrypted_recoverable_and_outlive_the_stack() -> None:
    tables = [each for each in RESOURCES.values() if each["Type"] == "AWS::DynamoDB::Table"]
    assert tables
    for table in tables:
        assert table["DeletionPolicy"] == "Retain"
        assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
        assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_nobody_signs_up_and_no_password_is_sent_in_clear() -> None:
    pool, client = (RESOURCES[name]["Properties"] for name in ("UserPool", "UserPoolClient"))
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["MfaConfiguration"] == "OPTIONAL"
    assert RESOURCES["UserPool"]["DeletionPolicy"] == "Retain"
    assert client["GenerateSecret"] is False
    assert set(client["ExplicitAuthFlows"]) == {"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}


def test_functions_believe_the_user_pool_of_the_template() -> None:
    """Whoever links accounts and whoever verifies them speak of the same issuer."""
    said = [RESOURCES[name]["Properties"]["Environment"]["Variables"] for name in ("Authorize", "APIHandler")]
    assert said[0].items() <= said[1].items()
    assert said[0] == {
        "ROLLCALL_OIDC_ISSUER": {"Fn::Sub": "https://cognito-idp.${AWS::Region}.amazonaws.com/${UserPool}"},
        "ROLLCALL_OIDC_AUDIENCE": {"Ref": "UserPoolClient"},
    }


@pytest.mark.parametrize(
    "path",
    [
        "requirements.txt",
        "requirements-dev.txt",
        "layers/api/requirements.txt",
        "layers/vision/requirements.txt",
        "training/requirements.txt",
        "training/requirements-launch.txt",
    ],
)
def test_every_dependency_is_pinned_and_says_why(path: str) -> None:
    for line in (ROOT / path).read_text().splitlines():
        if line and not line.startswith(("#", "-r", "-c")):
            # One that is not to be had everywhere says where in an environment marker.
            assert re.fullmatch(r"[\w.\[\],-]+==[\w.]+(; [^#;]+)? +# .+", line), line


def test_no_weights_or_pictures_are_committed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("This is no git checkout.")
    kinds = {".onnx", ".npz", ".dat", ".jpg", ".jpeg", ".png", ".mp4", ".avi"}
    assert [path for path in listed.stdout.splitlines() if Path(path).suffix.lower() in kinds] == []


@pytest.mark.parametrize("path", [TEMPLATE, GATEWAY], ids=lambda path: path.name)
def test_templates_use_no_yaml_that_cloudformation_does_not_read(path: Path) -> None:
    tokens = {type(token) for token in yaml.scan(path.read_text())}
    assert not tokens & {yaml.AliasToken, yaml.AnchorToken}
