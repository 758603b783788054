"""The template is the one source: its tags are understood, and what cannot be played is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.local.functions import Functions
from infra.local.resources import (
    LEFT_OUT,
    MADE_BY_MOTO,
    PLAYED_HERE,
    Resources,
    TemplateNotPlayable,
    given_parameters,
    playable,
)
from infra.local.responses import STATUS_BY_KIND, GatewayResponses
from infra.local.stack import queue_mappings, schedules
from infra.resources import GATEWAY, load_template


def _template(tmp_path: Path, text: str) -> dict[str, Any]:
    path = tmp_path / "t.yaml"
    path.write_text(text)
    return load_template(path)


def test_cloudformations_short_tags_become_its_functions(tmp_path: Path) -> None:
    loaded = _template(
        tmp_path,
        """
        Resources:
          a: !Ref Queue
          b: !GetAtt Queue.Arn
          c: !GetAtt [Stack, Outputs.Name]
          d: !Sub "${Prefix}-x"
          e: !Join [",", [!Ref A, b]]
          f: !If {x: !Ref Y}
          g: !GetAtt Stack.Outputs.Name
        """,
    )
    assert loaded["Resources"] == {
        "a": {"Ref": "Queue"},
        "b": {"Fn::GetAtt": ["Queue", "Arn"]},
        "c": {"Fn::GetAtt": ["Stack", "Outputs.Name"]},
        "d": {"Fn::Sub": "${Prefix}-x"},
        "e": {"Fn::Join": [",", [{"Ref": "A"}, "b"]]},
        "f": {"Fn::If": {"x": {"Ref": "Y"}}},
        "g": {"Fn::GetAtt": ["Stack", "Outputs.Name"]},
    }


@pytest.mark.parametrize("text", ["", "[]", "a: b", "Resources: !!python/object/apply:os.getcwd []"])
def test_what_is_no_template_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises((ValueError, Exception), match=r"template|constructor"):
        _template(tmp_path, text)


def test_every_resource_of_the_template_has_a_part_here() -> None:
    kinds = {resource["Type"] for resource in load_template()["Resources"].values()}
    assert kinds <= MADE_BY_MOTO | PLAYED_HERE | LEFT_OUT
    assert {each["Type"] for each in playable(load_template())["Resources"].values()} == MADE_BY_MOTO


def test_a_resource_that_nobody_plays_is_told_by_name() -> None:
    with pytest.raises(TemplateNotPlayable, match="Topic: nobody plays AWS::SNS::Topic"):
        playable({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


def test_parameters_are_the_templates_own_unless_given() -> None:
    assert given_parameters(load_template(), {})["Prefix"] == "rollcall"
    assert given_parameters(load_template(), {"Prefix": "x"})["Prefix"] == "x"
    with pytest.raises(ValueError, match=r"No such parameter: Prefx\. There are: Prefix"):
        given_parameters(load_template(), {"Prefx": "x"})
    with pytest.raises(ValueError, match="FramesVisibilitySeconds must be a whole number, not 'soon'"):
        given_parameters(load_template(), {"FramesVisibilitySeconds": "soon"})


def _resources(template: dict[str, Any]) -> Resources:
    ids = {"Q": "http://127.0.0.1:1/123456789012/the-queue", "B": "the-bucket"}
    return Resources(template, {"Prefix": "p"}, ids)


def test_references_are_resolved() -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Fn::Sub": "${Prefix}-training"}}}
    resources = _resources(
        {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}, "B": {"Type": "AWS::S3::Bucket"}, "R": role}}
    )
    value = {
        "a": [{"Fn::GetAtt": ["Q", "Arn"]}],
        "b": {"Fn::Sub": "${Prefix}-${AWS::AccountId}"},
        "c": {"Ref": "B"},
        "d": {"Fn::GetAtt": ["R", "Arn"]},
    }
    assert resources.resolved(value) == {
        "a": ["arn:aws:sqs:us-east-1:123456789012:the-queue"],
        "b": "p-123456789012",
        "c": "the-bucket",
        "d": "arn:aws:iam::123456789012:role/p-training",
    }
    for unknown in ({"Ref": "Nobody"}, {"Fn::Join": []}, {"Fn::GetAtt": ["B", "Arn"]}):
        with pytest.raises(TemplateNotPlayable):
            resources.resolved(unknown)


def test_triggers_are_read_from_the_template(tiny: Any) -> None:
    @tiny.app.lambda_function(name="on_thing_done")
    def on_thing_done(event: Any, _context: Any) -> Any:
        return event

    template = {
        "Resources": {
            "Q": {"Type": "AWS::SQS::Queue"},
            "Mapping": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "FunctionName": {"Ref": "OnThingDone"},
                    "EventSourceArn": {"Fn::GetAtt": ["Q", "Arn"]},
                    "BatchSize": 7,
                    "MaximumBatchingWindowInSeconds": 3,
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                },
            },
            "Tick": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "ScheduleExpression": "rate(1 minute)",
                    "Targets": [{"Id": "t", "Arn": {"Fn::GetAtt": ["OnThingDone", "Arn"]}}],
                },
            },
        }
    }
    config = {
        "stages": {
            "s": {"lambda_timeout": 9, "lambda_functions": {"on_thing_done": {"lambda_memory_size": 77}}}
        }
    }
    functions = Functions(tiny.app, config)
    ((mapping, function),) = queue_mappings(_resources(template), functions)
    assert (mapping.batch_size, mapping.window_seconds, mapping.reports_failures) == (7, 3.0, True)
    assert (function.name, function.memory_mb, function.timeout_seconds) == ("on_thing_done", 77, 9)
    assert [(rule, interval) for rule, _, interval in schedules(_resources(template), functions)] == [
        ("Tick", 60)
    ]
    assert [interval for _, _, interval in schedules(_resources(template), functions, 0.5)] == [0.5]
    with pytest.raises(LookupError, match="OnNothing"):
        functions.of_resource("OnNothing")


def test_every_gateway_response_is_a_problem_whose_body_agrees_with_its_status() -> None:
    responses = GatewayResponses(load_template(GATEWAY))
    for resource in load_template(GATEWAY)["Resources"].values():
        properties = resource["Properties"]
        kind = properties["ResponseType"]
        usual = STATUS_BY_KIND.get(kind, 400)
        answer = responses.render(kind, 'a "quoted" message', status=int(usual))
        problem = json.loads(answer.body)
        assert dict(answer.headers)["Content-Type"] == "application/problem+json"
        assert problem["type"] == f"urn:rollcall:problem:{problem['code']}"
        assert problem.get("status", answer.status) == answer.status
        assert ("status" in problem) == ("StatusCode" in properties), kind
        assert resource["Properties"]["RestApiId"] == {"Ref": "RestAPI"}


def test_a_kind_that_the_template_leaves_out_is_rendered_by_its_default() -> None:
    answer = GatewayResponses(load_template(GATEWAY)).render("WAF_FILTERED", 'so "said"', status=403)
    assert answer.status == 403
    assert json.loads(answer.body)["detail"] == 'so "said"'


def test_without_a_template_the_gateway_answers_as_aws_does() -> None:
    answer = GatewayResponses({"Resources": {}}).render("ACCESS_DENIED", "no")
    assert (answer.status, json.loads(answer.body)) == (403, {"message": "no"})
