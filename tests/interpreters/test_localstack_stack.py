"""The translated template in LocalStack's CloudFormation, as far as that goes without Docker."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from ipaddress import ip_network
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from localstack import ACCOUNT, REGION, LocalStack
from scenarios import definition
from stack_options import every_option

from golden_ami_emulator.deployment.template import translate

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
DEADLINE = 240  # seconds of real time that a stack may take
# What is left out, and why; the rest of the template refers to it by an invented name or ARN.
LEFT_OUT = {
    "AWS::Lambda::Function": "LocalStack creates a function in a Docker container, with a runtime that it downloads",
    "AWS::Lambda::Version": "it is of a function",
    "AWS::Lambda::Alias": "it is of a function",
    "AWS::Lambda::EventInvokeConfig": "it is of a function",
    "AWS::AppConfig::Application": "LocalStack has no such resource",
    "AWS::AppConfig::ConfigurationProfile": "LocalStack has no such resource",
    "AWS::AppConfig::HostedConfigurationVersion": "LocalStack has no such resource",
    "AWS::StepFunctions::StateMachineVersion": "it names the versions of the functions",
    "AWS::StepFunctions::StateMachineAlias": "it names a version",
    "AWS::Lambda::EventSourceMapping": "it reads for a function",
    "AWS::Lambda::Permission": "it is a permission of a function",
    "AWS::DynamoDB::Table": "LocalStack downloads DynamoDB Local and a Java runtime for it",
    "AWS::Events::EventBusPolicy": "LocalStack has no default for EventBusName: Event bus None does not exist",
    "AWS::CloudWatch::Dashboard": "LocalStack has no such resource; it would say CREATE_COMPLETE and create nothing",
}
OPTIONS = every_option(ACCOUNT, REGION, others="eu-west-1,us-east-2")


def without(template: Mapping[str, Any], left_out: set[str]) -> dict[str, Any]:
    """The template without these resources; what refers to one has its name, or an ARN with it, instead.

    A version or an alias of a function is the function, by its ARN.
    """
    of_function = {
        name: _arn(each["Properties"]["FunctionName"]["Ref"])
        for name, each in template["Resources"].items()
        if each["Type"] in ("AWS::Lambda::Version", "AWS::Lambda::Alias")
    }

    def resolved(value: Any) -> Any:
        if isinstance(value, list):
            return [resolved(each) for each in value]
        if isinstance(value, str):
            return re.sub(r"\$\{(\w+)(\.Arn)?\}", lambda match: substituted(*match.group(0, 1, 2)), value)
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Ref"} and value["Ref"] in left_out:
            return of_function.get(value["Ref"], value["Ref"])
        if value.keys() == {"Fn::GetAtt"} and value["Fn::GetAtt"][0] in left_out:
            return _arn(value["Fn::GetAtt"][0])
        return {key: resolved(each) for key, each in value.items()}

    def substituted(whole: str, name: str, attribute: str | None) -> str:
        return whole if name not in left_out else _arn(name) if attribute else of_function.get(name, name)

    def kept(resource: dict[str, Any]) -> dict[str, Any]:
        depends = resource.get("DependsOn", [])
        on = [name for name in ([depends] if isinstance(depends, str) else depends) if name not in left_out]
        rest = {key: value for key, value in resource.items() if key != "DependsOn"}
        return {**resolved(rest), **({"DependsOn": on} if on else {})}

    resources = {name: kept(one) for name, one in template["Resources"].items() if name not in left_out}
    return {**template, "Resources": resources, "Outputs": resolved(template["Outputs"])}


def with_cidrs(value: Any, parameters: Mapping[str, str]) -> Any:
    """With Fn::Cidr evaluated, which LocalStack does not know: always of VpcCidr, by SubnetBits."""
    if isinstance(value, list):
        return [with_cidrs(each, parameters) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Fn::Cidr"}:
        assert value["Fn::Cidr"] == [{"Ref": "VpcCidr"}, 3, {"Ref": "SubnetBits"}]
        whole = ip_network(parameters["VpcCidr"])
        return [str(one) for one in islice(whole.subnets(new_prefix=32 - int(parameters["SubnetBits"])), 3)]
    return {key: with_cidrs(each, parameters) for key, each in value.items()}


def _arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def deploy(local: LocalStack, name: str, given: Mapping[str, str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The stack once it is created or has failed, and its resources."""
    whole = translate(TEMPLATE, given, REGION)
    template = without(whole, {one for one, each in whole["Resources"].items() if each["Type"] in LEFT_OUT})
    defaults = {key: str(one["Default"]) for key, one in whole["Parameters"].items() if "Default" in one}
    template = with_cidrs(template, defaults | dict(given))
    s3, cloudformation = local.client("s3"), local.client("cloudformation")
    s3.create_bucket(Bucket=f"{name}-templates")
    s3.put_object(Bucket=f"{name}-templates", Key="template.json", Body=json.dumps(template))
    cloudformation.create_stack(
        StackName=name,
        TemplateURL=f"{local.endpoint}/{name}-templates/template.json",
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    deadline = time.monotonic() + DEADLINE
    while (stack := cloudformation.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"].endswith("IN_PROGRESS"):
        assert time.monotonic() < deadline, f"{name} is still {stack['StackStatus']} after {DEADLINE} seconds"
        time.sleep(0.5)
    return stack, cloudformation.describe_stack_resources(StackName=name)["StackResources"]


@pytest.fixture(scope="module")
def boundary(local: LocalStack) -> None:
    """The policy that OPTIONS names as the roles' permissions boundary; it exists before a deployment."""
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    local.client("iam").create_policy(PolicyName="boundary", PolicyDocument=json.dumps(document))


@pytest.mark.parametrize(("name", "given"), [("plain", {}), ("full", OPTIONS)], ids=["plain", "full"])
def test_the_stack_is_created(name: str, given: dict[str, str], local: LocalStack, boundary: None) -> None:
    stack, resources = deploy(local, name, given)
    others = [one for one in resources if one["ResourceStatus"] != "CREATE_COMPLETE"]
    failed = {one["LogicalResourceId"]: one.get("ResourceStatusReason") for one in others}
    assert (stack["StackStatus"], failed) == ("CREATE_COMPLETE", {})
    assert "No resource provider found" not in local.log.read_text()  # then nothing would have been created
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    deployed = local.client("stepfunctions").describe_state_machine(stateMachineArn=outputs["StateMachineArn"])
    assert json.loads(deployed["definition"]) == json.loads(definition())
