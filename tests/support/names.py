"""The names that documentation may use, by how they are spelled: those of code, template and definition, and of AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from cfn_flip import load_yaml
from documented import ROOT
from states import all_states

from golden_ami import errors, metrics, models
from golden_ami.usage import prices

_SERVICES = ("cloudwatch", "ec2", "events", "iam", "imagebuilder", "inspector", "inspector2", "lambda", "pricing",
             "s3", "securityhub", "sns", "ssm", "stepfunctions")  # fmt: skip
_TEMPLATES = ("template.yaml", "docs/member-role.yaml", "docs/member-events.yaml")
_SCHEMAS = ("configuration", "report")

# What is AWS's or of 2017 and in no model: tags, policies, members of a definition or a template, metrics, fields.
_OF_OTHERS = {
    "AMIsParamName", "AWSLambdaBasicExecutionRole", "AWSServiceRoleForAmazonInspector2",
    "AWSServiceRoleForAmazonInspector2Ami", "AWSXrayWriteOnlyAccess", "AmazonSSMManagedInstanceCore", "AmiId",
    "Assign", "Authorization", "AutoPublishAlias", "AutoPublishAliasAllProperties", "Cause",
    "ContinuousAssessmentInput", "Error", "ExecutionNotRedrivable", "ExecutionsSucceeded", "FailedInvocations",
    "FindingScanDate", "Handler", "InspectorEc2Exclusion", "InstalledTime", "Jinja2", "MaxAttempts",
    "MaxConcurrency",
    "Name", "NoEcho", "NoSuchVersion", "Owner", "Records", "ResultSelector", "RetainExceptOnCreate", "Retry",
    "RuleName", "SecondsPath", "Stack", "StartContinuousAssessment", "TimeoutSeconds", "TimeoutSecondsPath",
    "Undefined", "ASSESSMENT_RUN_COMPLETED", "EC2_HYBRID", "EC2_INSPECTOR_AGENT_BASED",
    "FINDING_DETAILS_NOT_FOUND", "INITIAL_SCAN_COMPLETE", "INSUFFICIENT_DATA", "INTERNAL_ERROR", "NO_COLOR",
    "PATH", "ROLLBACK_COMPLETE", "UTC", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION",
    "Amazon_AMI_Management_Identifier", "Ec2ImageBuilderArn", "HCPPackerBucketName",
    "cisaData", "lastScannedAt", "redriveStatusReason", "retrierRetryCount", "updatedAt",
}  # fmt: skip
# Placeholders, and what a test throws in the place of another name.
_OF_PAGES = {"BUCKET", "TABLE", "RUN", "NoCompletion", "Event", "Answer", "Clients"}
_LINEAGES = {"golden-rhel"}  # of an example
# What the pages on changes say is gone.
GONE = {"SUBNET_ID", "START_TIMED_OUT", "nothing-assessed", "Needs Instances?", "Run Over?"}


@cache
def templates() -> list[dict[str, Any]]:
    return [load_yaml((ROOT / name).read_text()) for name in _TEMPLATES]


def alarms() -> set[str]:
    """Names of alarms, without the stack's."""
    every = templates()[0]["Resources"].values()
    names = (one["Properties"]["AlarmName"]["Fn::Sub"] for one in every if one["Type"] == "AWS::CloudWatch::Alarm")
    return {name.removeprefix("${AWS::StackName}-") for name in names}


def topics() -> set[str]:
    every = templates()[0]["Resources"].values()
    names = (one["Properties"]["TopicName"]["Fn::Sub"] for one in every if one["Type"] == "AWS::SNS::Topic")
    return {name.removeprefix("${AWS::StackName}-") for name in names}


def states() -> set[str]:
    definition = json.loads((ROOT / "statemachine" / "assessment.asl.json").read_text())["States"]
    return {*definition, *all_states()}  # those that change nothing, too


def handlers() -> set[str]:
    return {path.stem for path in (ROOT / "functions" / "handlers").glob("*.py")}


def modules() -> set[str]:
    return {path.stem for folder in ("functions", "cli", "emulator") for path in (ROOT / folder).rglob("*.py")}


def sources() -> str:
    """The text of everything that runs or is deployed; not of the documentation."""
    folders = ("functions", "cli", "emulator", "statemachine", "samples")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".json")]
    return "\n".join(path.read_text(encoding="utf-8") for path in [*found, ROOT / "template.yaml"])


@cache
def words_of_sources() -> set[str]:
    """What is written there as one word: members of rows, answers and reports, settings, codes."""
    return set(re.findall(r"[A-Za-z_][\w-]*", sources()))


@cache
def operations() -> set[str]:
    """Names of API calls."""
    session = botocore.session.get_session()
    return {name for service in _SERVICES for name in session.get_service_model(service).operation_names}


def of_schemas() -> set[str]:
    """Members and values of configuration and report."""
    return {name for one in _SCHEMAS for name in _of_schema(json.loads(_schema(one)))}


def _schema(name: str) -> str:
    return (ROOT / "functions" / "golden_ami" / "schema" / f"{name}.schema.json").read_text()


def _of_schema(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from part.get("properties", {})
        yield from (value for value in part.get("enum", ()) if isinstance(value, str))
        for value in part.values():
            yield from _of_schema(value)
    if isinstance(part, list):
        for value in part:
            yield from _of_schema(value)


def camel() -> set[str]:
    """Names in words that begin with capitals: of templates, metrics, faults, models and API calls."""
    of_templates = {name for one in templates() for part in ("Parameters", "Outputs", "Resources", "Conditions")
                    for name in one.get(part, {})}  # fmt: skip
    roles = {f"{name}Role" for name in templates()[0]["Resources"]}
    of_models = {name for module in (errors, models) for name in vars(module)}
    return of_templates | roles | topics() | metrics.NAMES | {metrics.NAMESPACE} | of_models | operations() | other()


def codes() -> set[str]:
    """Codes of reasons, as the page has them that is written from the code; one is of an error of Inspector."""
    listed = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "codes.md").read_text(), flags=re.MULTILINE)
    return {*listed, "INSPECTOR_AccessDeniedException"}


def other() -> set[str]:
    return _OF_OTHERS | _OF_PAGES | codes() | GONE


def snake() -> set[str]:
    """Names with underscores: functions, modules, prices, and what is written in the sources."""
    tests = {
        name for path in (ROOT / "tests").rglob("*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    return handlers() | modules() | set(prices.known()) | tests | words_of_sources()


def kebab() -> set[str]:
    """Names with hyphens: alarms, functions as the log has them, tags, values of parameters."""
    values = {str(value) for one in templates()[0]["Parameters"].values() for value in one.get("AllowedValues", ())}
    spelled = {name.replace("_", "-") for name in handlers()}
    return alarms() | spelled | values | words_of_sources() | {"golden-ami", "golden-ami-assessment"} | GONE | _LINEAGES
