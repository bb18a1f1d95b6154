"""The template, the definition and the code hold together."""

from __future__ import annotations

import ast
import importlib
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import fields
from state_cases import CASES

from golden_ami.contracts import decode
from golden_ami.settings import Settings
from golden_ami.usage.history import FUNCTION_GB, LARGE, LARGE_GB

ROOT = Path(__file__).parents[2]
HANDLERS = sorted(path.stem for path in (ROOT / "functions" / "handlers").glob("[!_]*.py"))
TEXT = (ROOT / "statemachine" / "assessment.asl.json").read_text()
TOKENS = set(re.findall(r"\$\{(\w+)\}", TEXT))


def resource_name(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def tasks(states: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every task by the logical id of its function."""
    found = {}
    for state in states.values():
        if state["Type"] == "Task":
            found[state["Parameters"]["FunctionName"].removeprefix("${").removesuffix("Arn}")] = state
        if state["Type"] == "Map":
            found |= tasks(state["ItemProcessor"]["States"])
    return found


def functions_of(states: dict[str, Any]) -> dict[str, str]:
    """The logical id of its function by the name of a task's state."""
    found = {}
    for name, state in states.items():
        if state["Type"] == "Task":
            found[name] = state["Parameters"]["FunctionName"].removeprefix("${").removesuffix("Arn}")
        if state["Type"] == "Map":
            found |= functions_of(state["ItemProcessor"]["States"])
    return found


def handler_of(function: str) -> Any:
    """The handler's module by the logical id of its function."""
    return importlib.import_module("handlers." + re.sub(r"(?<!^)(?=[A-Z])", "_", function).lower())


def test_there_are_fifteen_functions(source: dict[str, Any]) -> None:
    assert len(HANDLERS) == 15
    declared = {name for name, one in source["Resources"].items() if one["Type"] == "AWS::Serverless::Function"}
    assert declared == {resource_name(name) for name in HANDLERS}


@pytest.mark.parametrize("name", HANDLERS)
def test_a_function_is_named_alike_everywhere(name: str, plain: Any) -> None:
    function = plain.functions()[resource_name(name)]["Properties"]
    assert function["Handler"] == f"handlers.{name}.handler"
    assert "FunctionName" not in function, "CloudFormation makes up one that is short enough"
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["Description"]


def test_every_token_is_substituted_and_every_substitution_is_used(source: dict[str, Any]) -> None:
    substitutions = source["Resources"]["StateMachine"]["Properties"]["DefinitionSubstitutions"]
    assert set(substitutions) == TOKENS
    for token in TOKENS - {"Partition"}:
        assert substitutions[token] == {"Ref": f"{token.removesuffix('Arn')}.Version"}  # which no deployment changes


def test_the_machine_may_invoke_what_it_names_and_nothing_else(plain: Any) -> None:
    [invoke] = [one for one in plain.statements("StateMachineRole") if one["Action"] == "lambda:InvokeFunction"]
    invoked = tasks(json.loads(TEXT)["States"])
    named = {f"arn:aws:lambda:{plain.region}:123456789012:function:{name}" for name in invoked}
    assert set(invoke["Resource"]) == named | {f"{arn}:*" for arn in named}


def test_a_version_of_the_machine_names_that_of_every_function(plain: Any, definition: dict[str, Any]) -> None:
    """What a rollback moves the aliases by, and what an archived run is bound to."""
    by_event = set(re.findall(r"\$\{(\w+)Arn\}", definition["Comment"]))
    assert by_event | set(tasks(definition["States"])) == set(plain.functions())
    assert not by_event & set(tasks(definition["States"]))


def test_a_changed_value_of_the_environment_publishes_new_versions(plain: Any, source: dict[str, Any]) -> None:
    """SAM sees what a template says, not what it refers to (see template.yaml, Settings)."""

    def referred(value: Any) -> set[str]:
        text = json.dumps(value)
        names = re.findall(r'"Ref": "(\w+)"', text) + re.findall(r"\$\{(\w+)\}", text)
        return {name for name in [*names, *re.findall(r'"Fn::If": \["(\w+)"', text)] if name != "Others"}

    variables = source["Globals"]["Function"]["Environment"]["Variables"]
    settings = source["Resources"]["SettingsVersion"]["Properties"]["Content"]
    decided = {"HasAdditionalRegions"}  # by a parameter that stands there
    assert referred(variables) - decided <= referred(settings)
    number = {"Fn::GetAtt": ["SettingsVersion", "VersionNumber"]}
    assert variables["SETTINGS_VERSION"] == number, "else there would be nothing new to publish"
    assert source["Globals"]["Function"]["AutoPublishAliasAllProperties"] is True
    for name in plain.functions():
        function = source["Resources"][name]
        assert function["UpdateReplacePolicy"] == "Retain", "runs under way need the version before"
        assert function["Properties"]["VersionDescription"] == {"Fn::Sub": "settings ${SettingsVersion.VersionNumber}"}
    versions = plain.of_type("AWS::Lambda::Version")
    assert len(versions) == len(plain.functions())
    assert {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in versions.values()} == {("Retain", "Retain")}


def test_every_function_is_used_by_the_machine_or_by_an_event(plain: Any, definition: dict[str, Any]) -> None:
    arns = {name: f"function:{name}" for name in plain.functions()}
    rest = json.dumps(
        [
            one["Properties"]
            for one in plain.resources.values()
            if one["Type"] in ("AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::SNS::Subscription")
        ]
    )
    by_event = {name for name, arn in arns.items() if f'{arn}:live"' in rest}
    by_queue = {
        one["Properties"]["FunctionName"].split(":")[-2]
        for one in plain.resources.values()
        if one["Type"] == "AWS::Lambda::EventSourceMapping"
    }
    assert (by_event, by_queue) == ({"Resume", "OnExecutionEnd", "Reap"}, {"StoreFindings"})
    assert set(tasks(definition["States"])) | by_event | by_queue == set(arns)


def test_the_members_that_an_event_may_lack() -> None:
    lacking = {
        name: {field.encode_name for field in fields(handler_of(resource_name(name)).Event) if not field.required}
        for name in HANDLERS
    }
    assert {name: members for name, members in lacking.items() if members} == {
        "aggregate": {"executionArn", "startedAt", "input", "state"},
        "launch_instances": {"wave"},
        "on_execution_end": {"time"},
        "reap": {"dryRun"},
        "resume": {"Records"},
        "store_findings": {"Records"},
        "terminate": {"executionArn", "batches"},
    }


def test_the_cases_of_the_states_are_of_the_types(definition: dict[str, Any]) -> None:
    """What the interpreters are given is what the functions take and answer."""
    functions = {state: handler_of(name) for state, name in functions_of(definition["States"]).items()}
    sent = [(functions[case.state], case.sent) for case in CASES if case.sent is not None]
    answered = [
        (functions[case.state], case.result["Payload"])
        for case in CASES
        if case.state in functions and "Payload" in (case.result or {})
    ]
    assert len(sent) == len(functions)
    assert len(answered) == len(functions) - 1  # Await Completion has none
    for handler, event in sent:
        decode(event, handler.Event)
    for handler, answer in answered:
        msgspec.convert(answer, handler.Answer)


def test_the_reapers_schedule_gives_it_an_event(plain: Any) -> None:
    [given] = [
        one["Properties"]["Target"]["Input"]
        for name, one in plain.of_type("AWS::Scheduler::Schedule").items()
        if name == "ReapSchedule"
    ]
    assert decode(json.loads(given), handler_of("Reap").Event).dry_run is False


def test_a_task_outlives_its_function_a_little(plain: Any, definition: dict[str, Any]) -> None:
    """Else Step Functions would start a second invocation beside one that still works."""
    for name, task in tasks(definition["States"]).items():
        timeout = plain.functions()[name]["Properties"]["Timeout"]
        if "TimeoutSeconds" in task:
            assert task["TimeoutSeconds"] == timeout + 10, name


def test_who_does_a_tasks_work_beside_the_machine_has_its_time_and_memory(plain: Any) -> None:
    functions = {name: function["Properties"] for name, function in plain.functions().items()}
    for name, task in (("OnExecutionEnd", "Aggregate"), ("OnExecutionEnd", "Terminate"), ("Reap", "Terminate")):
        for setting in ("Timeout", "MemorySize"):
            assert functions[name][setting] >= functions[task][setting], (name, setting)


def test_usage_counts_with_the_memory_that_a_task_has(plain: Any, definition: dict[str, Any]) -> None:
    sizes = {name: plain.resources[name]["Properties"]["MemorySize"] for name in tasks(definition["States"])}
    functions = functions_of(definition["States"])
    large = {functions[state] for state in LARGE}
    assert sizes == {name: 1024 * (LARGE_GB if name in large else FUNCTION_GB) for name in sizes}
    assert large < sizes.keys()


def test_settings_load_from_the_environment_of_every_function(plain: Any, full: Any) -> None:
    for deployed in (plain, full):
        for name, function in deployed.functions().items():
            variables = function["Properties"]["Environment"]["Variables"]
            settings = Settings.load(variables | {"AWS_REGION": deployed.region})
            assert settings.stack == "gold", name
            assert settings.subnet_ids
            assert settings.security_group_id
    assert settings.classic_engine
    assert settings.reap_regions == ("eu-central-1", "eu-west-1", "us-east-1")
    assert settings.member_role == "GoldenAmiMember"


def test_every_variable_that_the_code_reads_is_set_and_every_one_set_is_read(plain: Any) -> None:
    read: set[str] = set()
    for path in (ROOT / "functions").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            text = ast.unparse(node) if isinstance(node, ast.Call | ast.Subscript) else ""
            read |= set(re.findall(r"^(?:os\.environ\.get|env\.get|required|os\.getenv)\('(\w+)'", text))
            read |= set(re.findall(r"^os\.environ\['(\w+)'\]", text))
    lambdas_own = {"AWS_REGION", "AWS_ACCESS_KEY_ID"}
    [variables] = {
        tuple(sorted(function["Properties"]["Environment"]["Variables"])) for function in plain.functions().values()
    }
    others = {"POWERTOOLS_LOG_LEVEL", "SETTINGS_VERSION"}  # of Powertools, and of CloudFormation (see Settings)
    assert read - lambdas_own == set(variables) - others


def test_without_a_network_the_functions_are_told_so(deploy: Any) -> None:
    deployed = deploy({"Network": "none"})
    variables = deployed.functions()["LaunchInstances"]["Properties"]["Environment"]["Variables"]
    assert (variables["SUBNET_IDS"], variables["SECURITY_GROUP_ID"]) == ("", "")
    assert not any(one["Type"].startswith("AWS::EC2::") for one in deployed.resources.values())


def test_a_public_network_has_a_way_out_and_no_way_in(deploy: Any, plain: Any) -> None:
    deployed = deploy({"Network": "public", "CisBenchmark": "true", "EnhancedScanning": "true", "EndpointZones": "all"})
    route = deployed.resources["WayOut"]["Properties"]
    assert route == {"RouteTableId": "RouteTable", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "InternetGateway"}
    assert deployed.resources["WayOut"]["DependsOn"] == "InternetGatewayOfVpc"
    [group] = deployed.of_type("AWS::EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in group["Properties"]
    assert [one["FromPort"] for one in group["Properties"]["SecurityGroupEgress"]] == [443]
    [endpoint] = deployed.of_type("AWS::EC2::VPCEndpoint").values()
    assert endpoint["Properties"]["VpcEndpointType"] == "Gateway"
    for one, said in ((deployed, "true"), (plain, "false")):
        variables = one.functions()["LoadConfig"]["Properties"]["Environment"]["Variables"]
        assert (variables["PUBLIC_ADDRESS"], variables["SUBNET_IDS"]) == (said, "Subnet,SecondSubnet")
    assert not plain.of_type("AWS::EC2::Route")
    assert not plain.of_type("AWS::EC2::InternetGateway")


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({"SubnetId": "subnet-0a1b2c3d"}, "subnet-0a1b2c3d"),
        ({"SubnetIds": "subnet-0a1b2c3d,subnet-0a1b2c3e"}, "subnet-0a1b2c3d,subnet-0a1b2c3e"),
        ({"SubnetIds": "subnet-0a1b2c3d", "SubnetId": "subnet-0a1b2c3e"}, "subnet-0a1b2c3d,subnet-0a1b2c3e"),
    ],
)
def test_an_existing_network_is_used_as_given(deploy: Any, given: dict[str, str], used: str) -> None:
    deployed = deploy({"Network": "existing", "VpcId": "vpc-0a1b2c3d", **given})
    assert set(deployed.of_type("AWS::EC2::SecurityGroup")) == {"SecurityGroup"}
    assert deployed.resources["SecurityGroup"]["Properties"]["VpcId"] == "vpc-0a1b2c3d"
    assert not deployed.of_type("AWS::EC2::VPC")
    variables = deployed.functions()["LaunchInstances"]["Properties"]["Environment"]["Variables"]
    assert variables["SUBNET_IDS"] == used
    statements = {one["Sid"]: one for one in deployed.statements("LaunchInstancesRole")}
    allowed = {arn.rpartition("/")[2] for arn in statements["LaunchInOurNetwork"]["Resource"]}
    if "LaunchInSubnetIds" in statements:
        allowed |= set(statements["LaunchInSubnetIds"]["Condition"]["StringEquals"]["ec2:SubnetID"])
    assert allowed == {*used.split(","), "SecurityGroup"}


# ---------------------------------------------------------------- parameters


def test_parameters_are_described_checked_and_grouped(source: dict[str, Any]) -> None:
    groups = source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(source["Parameters"])
    for name, parameter in source["Parameters"].items():
        assert parameter["Description"].strip().endswith((".", "?")), name
        assert {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter), name
        assert "Default" in parameter, f"{name}: a deployment without questions needs a default"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ParameterName", "Continuous*"),
        ("ParameterName", "//x"),
        ("ScheduleExpression", "every day"),
        ("ScheduleTimeZone", "Europe Berlin"),
        ("NotificationEmail", "nobody"),
        ("SubnetId", "vpc-0a1b2c3d"),
        ("SubnetIds", "vpc-0a1b2c3d"),
        ("AvailabilityZones", "us-east-1"),
        ("AvailabilityZones", "use1-az3"),
        ("VpcCidr", "10.0.0.0/27"),  # which has no three subnets
        ("Configuration", "ami-0a1b2c3d"),
        ("AdditionalRegions", "eu_west_1"),
        ("AmiParameterPath", "golden-amis"),
        ("OwnerTopicArns", "web"),
        ("MemberRoleName", "arn:aws:iam::123456789012:role/x"),
        ("MemberAccountIds", "*"),  # whose events the bus would take
        ("MemberExternalId", "a b"),
        ("AmiKeyArns", "alias/golden"),
        ("VpcId", "subnet-0a1b2c3d"),
        ("PermissionsBoundaryArn", "boundary"),
    ],
)
def test_a_pattern_refuses_what_would_fail_later(source: dict[str, Any], name: str, value: str) -> None:
    assert not re.search(source["Parameters"][name]["AllowedPattern"], value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ParameterName", "/golden/input"),
        ("ScheduleExpression", "cron(0 6 ? * MON *)"),
        ("ScheduleTimeZone", "America/Argentina/Buenos_Aires"),
        ("AdditionalRegions", "us-gov-west-1"),
        ("AvailabilityZones", "us-gov-west-1a"),
        ("AvailabilityZones", "us-west-2-lax-1a"),
        ("Configuration", '{"version": 1,\n "amis": []}'),
        ("OwnerTopicArns", "arn:aws:sns:eu-west-1:123456789012:web.fifo"),
        ("AmiKeyArns", "arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234"),
    ],
)
def test_a_pattern_takes_what_is_right(source: dict[str, Any], name: str, value: str) -> None:
    assert re.search(source["Parameters"][name]["AllowedPattern"], value)


def test_every_condition_is_used(source: dict[str, Any]) -> None:
    text = json.dumps({key: source[key] for key in ("Resources", "Globals", "Outputs", "Conditions")})
    for name in source["Conditions"]:
        assert f'"Fn::If": ["{name}"' in text or f'"Condition": "{name}"' in text, name
