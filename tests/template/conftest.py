"""The template as CloudFormation sees it: translated by AWS's own translator, its functions resolved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from cfn_flip import load_yaml
from stack_options import every_option

from golden_ami_emulator.deployment.template import Resolver, resolve_parameters, translate

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"
REGIONS = {"aws": "eu-central-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
SUFFIXES = {"aws-cn": "amazonaws.com.cn"}

EVERYTHING = every_option(ACCOUNT, "eu-central-1", others="eu-west-1,us-east-1")

Resources = dict[str, dict[str, Any]]

_ARNS = {
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::IAM::InstanceProfile": "iam::{account}:instance-profile/{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
    "AWS::CloudWatch::Alarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::StepFunctions::StateMachine": "states:{region}:{account}:stateMachine:{name}",
}
_REF_IS_ARN = {"AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"}
_QUALIFIED = {f"AWS::{kind}" for kind in ("Lambda::Version", "Lambda::Alias", "StepFunctions::StateMachineVersion",
                                          "StepFunctions::StateMachineAlias")}  # fmt: skip


def _uuid(stack: str) -> str:
    """The end of a stack's id, which no other stack has."""
    return str(uuid5(NAMESPACE_URL, stack))


class Deployed:
    """The template with parameters given: what would be created, resolved as far as can be without creating it."""

    def __init__(self, given: Mapping[str, str], stack: str = "gold", partition: str = "aws") -> None:
        self.stack = stack
        self.partition = partition
        self.region = REGIONS[partition]
        self.source: dict[str, Any] = json.loads(json.dumps(load_yaml((ROOT / "template.yaml").read_text())))
        self.template = translate(ROOT / "template.yaml", given, self.region)
        values = resolve_parameters(self.source, given) | {
            "AWS::StackName": stack,
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": self.region,
            "AWS::Partition": partition,
            "AWS::URLSuffix": SUFFIXES.get(partition, "amazonaws.com"),
            "AWS::StackId": f"arn:{partition}:cloudformation:{self.region}:{ACCOUNT}:stack/{stack}/{_uuid(stack)}",
        }
        self.resolver = Resolver(self.template, values, self._ref, self._attribute)
        self.resources: Resources = {
            name: self.resolver.resolve({key: part for key, part in resource.items() if key != "Metadata"})
            for name, resource in self.template["Resources"].items()
            if self.resolver.condition(resource.get("Condition"))
        }

    def of_type(self, kind: str) -> Resources:
        return {name: resource for name, resource in self.resources.items() if resource["Type"] == kind}

    def functions(self) -> Resources:
        return self.of_type("AWS::Lambda::Function")

    def statements(self, role: str) -> list[dict[str, Any]]:
        """What a role may do: its own policies, and those that an option attaches to it."""
        policies = [one["PolicyDocument"] for one in self.resources[role]["Properties"].get("Policies", [])]
        for policy in self.of_type("AWS::IAM::Policy").values():
            if role in policy["Properties"]["Roles"]:
                policies.append(policy["Properties"]["PolicyDocument"])
        return [statement for policy in policies for statement in policy["Statement"]]

    def _kind(self, name: str) -> str:
        return str(self.template["Resources"][name]["Type"])

    def _ref(self, name: str) -> str:
        if self._kind(name) == "AWS::SSM::Parameter":
            return str(self.resolver.resolve(self.template["Resources"][name]["Properties"]["Name"]))
        if self._kind(name) in _QUALIFIED:
            return self._qualified_arn(name)
        return self._arn(name) if self._kind(name) in _REF_IS_ARN else name

    def _qualified_arn(self, name: str) -> str:
        """Of a version, which is the first, or an alias."""
        properties = self.template["Resources"][name]["Properties"]
        owner = next(filter(None, (properties.get("FunctionName"), properties.get("StateMachineArn"))), None)
        version = properties.get("DeploymentPreference", {}).get("StateMachineVersionArn")
        arn = self._arn(owner["Ref"]) if owner else self._ref(version["Ref"]).removesuffix(":1")
        return f"{arn}:{properties.get('Name', '1')}"

    def _attribute(self, name: str, attribute: str) -> str:
        return self._arn(name) if attribute == "Arn" else f"{name}.{attribute}"

    def _arn(self, name: str) -> str:
        pattern = _ARNS[self._kind(name)].format(region=self.region, account=ACCOUNT, name=name)
        return f"arn:{self.partition}:{pattern}"


@pytest.fixture(scope="session")
def deploy() -> Callable[..., Deployed]:
    return Deployed


@pytest.fixture(scope="session")
def plain() -> Deployed:
    """As deployed by default."""
    return Deployed({})


@pytest.fixture(scope="session")
def full() -> Deployed:
    """With every option on."""
    return Deployed(EVERYTHING)


@pytest.fixture(scope="session")
def source(plain: Deployed) -> dict[str, Any]:
    """The template as written."""
    return plain.source


@pytest.fixture(scope="session")
def definition() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "statemachine" / "assessment.asl.json").read_text())
    return loaded
