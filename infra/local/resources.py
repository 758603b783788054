"""The resources of a CloudFormation template on the local cloud: what moto makes of it, then what it leaves out."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.cloud import LocalCloud
from infra.local.functions import ACCOUNT_ID, REGION

STACK_NAME = "rollcall"
# What moto's create_stack makes …
MADE_BY_MOTO = frozenset({"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue"})
# … what this package plays itself …
PLAYED_HERE = frozenset(
    {
        "AWS::ApiGateway::GatewayResponse",
        "AWS::Cognito::UserPool",
        "AWS::Cognito::UserPoolClient",
        "AWS::Events::Rule",
        "AWS::KMS::Alias",  # moto's CloudFormation knows no keys that sign
        "AWS::KMS::Key",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Serverless::Function",
    }
)
# … and what has no meaning where nothing checks permissions, nobody reads alarms and nothing is too fast.
LEFT_OUT = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::IAM::Role",
        "AWS::Lambda::Permission",
        "AWS::S3::BucketPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::Serverless::Api",
    }
)
PSEUDO_PARAMETERS = {"AWS::AccountId": ACCOUNT_ID, "AWS::Region": REGION, "AWS::Partition": "aws"}
PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")


class TemplateNotPlayable(Exception):
    """The template asks for something that the local stack cannot play: say so, instead of leaving it out."""


@dataclass(frozen=True)
class Resources:
    """The resources that exist, by the template's names for them."""

    template: Mapping[str, Any]
    parameters: Mapping[str, str]
    physical_ids: Mapping[str, str]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties by logical id."""
        found = self.template["Resources"].items()
        return {name: each["Properties"] for name, each in found if each["Type"] == kind}

    def physical_id(self, logical_id: str) -> str:
        """A table's or bucket's name, a queue's URL."""
        return self.physical_ids[logical_id]

    def arn(self, logical_id: str) -> str:
        """The ARN of a queue or a role, which the template's triggers and functions point at."""
        match self.template["Resources"][logical_id]:
            case {"Type": "AWS::SQS::Queue"}:
                return f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{self.physical_id(logical_id).rsplit('/', 1)[-1]}"
            case {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name}}:
                return f"arn:aws:iam::{ACCOUNT_ID}:role/{self.resolved(name)}"
        raise TemplateNotPlayable(f"{logical_id} is neither a queue nor a role with a name.")

    def resolved(self, value: Any) -> Any:
        """The value with every Ref, Fn::GetAtt (of an Arn) and Fn::Sub in it replaced."""
        if isinstance(value, list):
            return [self.resolved(each) for each in value]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Ref": name}:
                return self._ref(name)
            case {"Fn::GetAtt": [name, "Arn"]}:
                return self.arn(name)
            case {"Fn::Sub": str(text)}:
                return PLACEHOLDER.sub(lambda found: self._ref(found[1]), text)
        if any(name.startswith("Fn::") for name in value):
            raise TemplateNotPlayable(f"The local stack cannot resolve {value}.")
        return {name: self.resolved(each) for name, each in value.items()}

    def _ref(self, name: str) -> str:
        for known in (self.parameters, PSEUDO_PARAMETERS, self.physical_ids):
            if name in known:
                return known[name]
        raise TemplateNotPlayable(f"The local stack does not know {name}.")


def given_parameters(template: Mapping[str, Any], overrides: Mapping[str, str]) -> dict[str, str]:
    """The template's defaults, overridden. Raises ValueError for what it does not have, or what is no number."""
    declared = template.get("Parameters", {})
    if unknown := sorted(set(overrides) - set(declared)):
        raise ValueError(f"No such parameter: {', '.join(unknown)}. There are: {', '.join(declared)}.")
    for name, value in overrides.items():
        if declared[name]["Type"] == "Number" and not value.isdecimal():
            raise ValueError(f"{name} must be a whole number, not {value!r}.")
    defaults = {name: str(each["Default"]) for name, each in declared.items() if "Default" in each}
    return {**defaults, **overrides}


def create_resources(
    cloud: LocalCloud, template: Mapping[str, Any], overrides: Mapping[str, str]
) -> Resources:
    """Everything that the template declares and that exists locally. Raises TemplateNotPlayable, ValueError."""
    parameters = given_parameters(template, overrides)
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK_NAME,
        TemplateBody=json.dumps(playable(template)),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    )
    described = cloudformation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    physical_ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in described}
    cloudformation.close()
    physical_ids |= _create_keys(cloud, template)
    resources = Resources(template, parameters, physical_ids)
    _complete_tables(cloud, resources)
    _complete_buckets(cloud, resources)
    _name_keys(cloud, resources)
    return resources


def playable(template: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the template that moto makes. Raises TemplateNotPlayable for a type that nobody plays."""
    resources = template["Resources"]
    for name, resource in resources.items():
        if resource["Type"] not in MADE_BY_MOTO | PLAYED_HERE | LEFT_OUT:
            raise TemplateNotPlayable(f"{name}: nobody plays {resource['Type']} here.")
    made = {name: each for name, each in resources.items() if each["Type"] in MADE_BY_MOTO}
    trimmed = {name: {key: each[key] for key in ("Type", "Properties")} for name, each in made.items()}
    return {"Parameters": template.get("Parameters", {}), "Resources": trimmed}


def _create_keys(cloud: LocalCloud, template: Mapping[str, Any]) -> dict[str, str]:
    client = cloud.client("kms")
    declared = {
        name: each["Properties"]
        for name, each in template["Resources"].items()
        if each["Type"] == "AWS::KMS::Key"
    }
    made = {
        name: client.create_key(KeySpec=properties["KeySpec"], KeyUsage=properties["KeyUsage"])
        for name, properties in declared.items()
    }
    client.close()
    return {name: key["KeyMetadata"]["KeyId"] for name, key in made.items()}


def _name_keys(cloud: LocalCloud, resources: Resources) -> None:
    client = cloud.client("kms")
    for properties in resources.of_type("AWS::KMS::Alias").values():
        client.create_alias(**resources.resolved(properties))
    client.close()


def _complete_tables(cloud: LocalCloud, resources: Resources) -> None:
    client = cloud.client("dynamodb")
    for logical_id, properties in resources.of_type("AWS::DynamoDB::Table").items():
        name = resources.physical_id(logical_id)
        if ttl := properties.get("TimeToLiveSpecification"):
            client.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
        if recovery := properties.get("PointInTimeRecoverySpecification"):
            client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    client.close()


def _complete_buckets(cloud: LocalCloud, resources: Resources) -> None:
    client = cloud.client("s3")
    for logical_id, properties in resources.of_type("AWS::S3::Bucket").items():
        name = resources.physical_id(logical_id)
        resolved = resources.resolved(properties)
        if access := resolved.get("PublicAccessBlockConfiguration"):
            client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=access)
        if encryption := resolved.get("BucketEncryption"):
            client.put_bucket_encryption(
                Bucket=name, ServerSideEncryptionConfiguration=_encryption(encryption)
            )
        if versioning := resolved.get("VersioningConfiguration"):
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
        if lifecycle := resolved.get("LifecycleConfiguration"):
            rules = [_lifecycle_rule(rule) for rule in lifecycle["Rules"]]
            client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
        if notification := resolved.get("NotificationConfiguration"):
            queues = [_queue_notification(each) for each in notification["QueueConfigurations"]]
            client.put_bucket_notification_configuration(
                Bucket=name, NotificationConfiguration={"QueueConfigurations": queues}
            )
    client.close()


# CloudFormation and the S3 API name the same things differently.


def _encryption(declared: Mapping[str, Any]) -> dict[str, Any]:
    rules = declared["ServerSideEncryptionConfiguration"]
    return {
        "Rules": [
            {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]} for rule in rules
        ]
    }


def _lifecycle_rule(declared: Mapping[str, Any]) -> dict[str, Any]:
    known = {"Id", "Status", "Prefix", "ExpirationInDays", "AbortIncompleteMultipartUpload"}
    if unknown := set(declared) - known:
        raise TemplateNotPlayable(f"A lifecycle rule says {', '.join(sorted(unknown))}.")
    rule: dict[str, Any] = {
        "ID": declared["Id"],
        "Status": declared["Status"],
        "Filter": {"Prefix": declared.get("Prefix", "")},
    }
    if "ExpirationInDays" in declared:
        rule["Expiration"] = {"Days": int(declared["ExpirationInDays"])}
    if "AbortIncompleteMultipartUpload" in declared:
        rule["AbortIncompleteMultipartUpload"] = declared["AbortIncompleteMultipartUpload"]
    return rule


def _queue_notification(declared: Mapping[str, Any]) -> dict[str, Any]:
    notification: dict[str, Any] = {"QueueArn": declared["Queue"], "Events": [declared["Event"]]}
    rules = declared.get("Filter", {}).get("S3Key", {}).get("Rules")
    return {**notification, "Filter": {"Key": {"FilterRules": rules}}} if rules else notification
