"""Who may do what: a role of its own for each function, and nothing wider than it must be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cfnlint  # type: ignore[import-untyped]
import pytest
import yaml

ROOT = Path(__file__).parents[2]
UNSCOPED: dict[str, str] = yaml.safe_load((ROOT / "docs" / "iam-unscoped.yaml").read_text())
# AWS's service authorization reference, as cfn-lint carries it.
REFERENCE: dict[str, Any] = json.loads(
    (Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json").read_text()
)
OURS = {"aws:ResourceTag/continuous-assessment-instance": "true", "aws:ResourceTag/continuous-assessment-stack": "gold"}

# Scoped, although the reference names no resource: Step Functions authorises the callback on the state machine, as
# the CDK's StateMachine.grantTaskResponse relies on.
NOT_IN_REFERENCE = {"states:SendTaskSuccess"}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def roles(deployed: Any) -> list[str]:
    return [name for name, one in deployed.resources.items() if one["Type"] == "AWS::IAM::Role"]


def grants(deployed: Any) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Role, action, resource and statement of everything that is allowed."""
    for role in roles(deployed):
        for statement in deployed.statements(role):
            assert statement["Effect"] == "Allow", "a role's policy that denies is not read here"
            for action in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    yield role, action, resource, statement


def reference(action: str) -> dict[str, Any] | None:
    service, name = action.lower().split(":")
    known: dict[str, Any] | None = REFERENCE[service]["Actions"].get(name)
    return known


def test_each_function_has_a_role_of_its_own(full: Any) -> None:
    used = [one["Properties"]["Role"].rsplit("/", 1)[1] for one in full.functions().values()]
    assert sorted(used) == sorted(f"{name}Role" for name in full.functions())


def test_managed_policies_are_the_narrow_ones_that_lambda_x_ray_and_agents_need(full: Any) -> None:
    managed = {
        arn.rsplit("/", 1)[1]
        for role in roles(full)
        for arn in full.resources[role]["Properties"].get("ManagedPolicyArns", [])
    }
    assert managed == {
        "AWSLambdaBasicExecutionRole",
        "AWSXrayWriteOnlyAccess",
        "AmazonSSMManagedInstanceCore",
        "AmazonInspector2ManagedCisPolicy",
    }


def test_the_instances_may_be_looked_at_and_nothing_more(plain: Any) -> None:
    role = plain.resources["InstanceRole"]["Properties"]
    assert role["ManagedPolicyArns"] == ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]
    assert "Policies" not in role


def test_statements_only_allow_and_name_their_actions(full: Any) -> None:
    for role, action, _, statement in grants(full):
        assert statement["Effect"] == "Allow"
        assert re.fullmatch(r"[a-z0-9]+:[A-Z]\w+", action), f"{role} {action}"
        assert not {"NotAction", "NotResource"} & set(statement)


def test_every_resource_is_named_unless_there_is_a_reason(full: Any) -> None:
    unscoped = {action for _, action, resource, _ in grants(full) if resource == "*"}
    classic = {action for action in unscoped if action.startswith("inspector:")}  # takes no resources at all
    assert unscoped - classic == set(UNSCOPED)


def test_the_reasons_are_true_by_the_reference(full: Any) -> None:
    for _, action, resource, _ in grants(full):
        if resource != "*":
            continue
        known = reference(action)
        if known is None:
            assert "not yet in the reference" in UNSCOPED[action]
        else:
            assert not known.get("Resources"), f"{action} takes a resource: name it"


def test_a_named_resource_is_of_a_kind_that_the_action_takes(full: Any) -> None:
    """An ARN of another kind would allow nothing, and be noticed only in AWS."""
    for role, action, resource, _ in grants(full):
        if resource == "*" or action in NOT_IN_REFERENCE:
            continue
        known = reference(action)
        assert known is not None, action
        kinds = REFERENCE[action.split(":")[0]]["Resources"]
        formats = [form for kind in known["Resources"] for form in kinds[kind.lower()]["ARNFormats"]]
        assert any(_same_kind(resource, form) for form in formats), f"{role}: {action} on {resource}"


def _same_kind(arn: str, form: str) -> bool:
    """Whether two ARNs are of one service and one kind of resource, as far as the reference's patterns tell."""
    mine, theirs = arn.split(":", 5), form.split(":", 5)
    if mine[2] != theirs[2]:
        return False
    literal = re.split(r"\.\*|\$\{", theirs[5])[0]
    return mine[5].startswith(literal) or literal.startswith(mine[5].rstrip("*"))


@pytest.mark.parametrize("role", ["TerminateRole", "OnExecutionEndRole", "ReapRole"])
def test_only_our_instances_are_terminated(full: Any, role: str) -> None:
    [statement] = [one for one in full.statements(role) if one["Action"] == "ec2:TerminateInstances"]
    profile = "arn:aws:iam::123456789012:instance-profile/InstanceProfile"
    assert statement["Condition"] == {"StringEquals": OURS, "ArnEquals": {"ec2:InstanceProfile": profile}}
    assert statement["Resource"] == "arn:aws:ec2:*:123456789012:instance/*"


def test_nobody_else_terminates(full: Any) -> None:
    terminating = {role for role, action, _, _ in grants(full) if action == "ec2:TerminateInstances"}
    assert terminating == {"TerminateRole", "OnExecutionEndRole", "ReapRole"}


def test_only_tagged_instances_are_launched(full: Any) -> None:
    created = [
        statement
        for role, action, resource, statement in grants(full)
        if action == "ec2:RunInstances" and resource.split(":")[5].split("/")[0] in ("instance", "volume")
    ]
    assert len(created) == 2
    for statement in created:
        condition = statement["Condition"]["StringEquals"]
        assert condition["aws:RequestTag/continuous-assessment-instance"] == "true"
        assert condition["aws:RequestTag/continuous-assessment-stack"] == "gold"
    assert created[0]["Condition"]["StringEquals"]["ec2:MetadataHttpTokens"] == "required"


def test_the_launch_request_meets_those_conditions(plain: Any) -> None:
    from golden_ami.instances.launch import run_instances_request
    from golden_ami.models import Ami, AmiEntry, Config, Run
    from golden_ami.settings import Settings

    variables = plain.functions()["LaunchInstances"]["Properties"]["Environment"]["Variables"]
    settings = Settings.load(variables | {"AWS_REGION": plain.region})
    place = {"region": plain.region, "account": "123456789012"}
    run = Run(
        run_id="run", execution_arn="", started_at="2026-03-01T06:00:00Z", parameter="", config=Config(), batches=[],
        ami_count=1, needs_instances=True, **place,
    )  # fmt: skip
    ami = Ami(
        run_id="run", batch="b", key="ami-1", ami_id="ami-1", entry=AmiEntry(ami_id="ami-1"), engine="instance", **place
    )
    tags = {"continuous-assessment-instance": "true", "continuous-assessment-stack": "gold"}
    request = run_instances_request(run, ami, settings, tags, settings.subnet_ids[0])
    assert {one["ResourceType"] for one in request["TagSpecifications"]} == {"instance", "volume"}
    assert all(
        {"Key": key, "Value": value} in one["Tags"]
        for one in request["TagSpecifications"]
        for key, value in tags.items()
    )
    assert request["MetadataOptions"]["HttpTokens"] == "required"
    [interface] = request["NetworkInterfaces"]
    allowed = {resource for _, action, resource, _ in grants(plain) if action == "ec2:RunInstances"}
    for kind, name in (("subnet", interface["SubnetId"]), ("security-group", interface["Groups"][0])):
        assert f"arn:aws:ec2:{plain.region}:123456789012:{kind}/{name}" in allowed


def test_instances_are_launched_in_our_network_only(plain: Any) -> None:
    networks = {
        resource
        for _, action, resource, _ in grants(plain)
        if action == "ec2:RunInstances" and re.search(":(subnet|security-group)/", resource)
    }
    assert not any("*" in one for one in networks)
    assert len(networks) == 3, "two subnets and a security group"


def test_in_other_regions_only_where_the_deployment_says(full: Any) -> None:
    [statement] = [one for one in full.statements("LaunchInstancesRole") if one["Sid"] == "LaunchInOtherRegions"]
    assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}


def test_instances_are_tagged_at_launch_only(plain: Any) -> None:
    conditions = [statement["Condition"] for _, action, _, statement in grants(plain) if action == "ec2:CreateTags"]
    assert conditions
    assert all(one == {"StringEquals": {"ec2:CreateAction": "RunInstances"}} for one in conditions)


@pytest.mark.parametrize(("partition", "principal"), [("aws", "ec2.amazonaws.com"), ("aws-cn", "ec2.amazonaws.com.cn")])
def test_only_the_instance_role_is_passed_and_only_to_ec2(deploy: Any, partition: str, principal: str) -> None:
    deployed = deploy({}, partition=partition)
    [passing] = [one for one in grants(deployed) if one[1] == "iam:PassRole"]
    assert passing[2] == f"arn:{partition}:iam::123456789012:role/InstanceRole"
    assert passing[3]["Condition"] == {"StringEquals": {"iam:PassedToService": principal}}


def test_callbacks_are_answered_for_this_machine_only(plain: Any) -> None:
    answering = [
        (role, resource) for role, action, resource, _ in grants(plain) if action.startswith("states:SendTask")
    ]
    name = plain.resolver.resolve(plain.source["Resources"]["StateMachine"]["Properties"]["Name"])
    machine = f"arn:aws:states:{plain.region}:123456789012:stateMachine:{name}"
    assert answering == [("AwaitCompletionRole", machine), ("ResumeRole", machine)]


@pytest.mark.parametrize(
    ("parameter", "arn"),
    [
        ("ContinuousAssessmentInput", "parameter/ContinuousAssessmentInput*"),
        ("/golden/input", "parameter/golden/input*"),
    ],
)
def test_only_our_parameters_are_read(deploy: Any, parameter: str, arn: str) -> None:
    deployed = deploy({"ParameterName": parameter})
    prefix = f"arn:aws:ssm:{deployed.region}:123456789012:"
    read = {resource for role, action, resource, _ in grants(deployed) if action == "ssm:GetParameter"}
    assert read == {prefix + arn, prefix + "parameter/golden-ami/gold/ContinuousAssessmentInput"}


def test_the_table_is_used_by_its_name_and_never_scanned(full: Any) -> None:
    used = {(action, resource) for _, action, resource, _ in grants(full) if action.startswith("dynamodb:")}
    assert {resource for _, resource in used} == {f"arn:aws:dynamodb:{full.region}:123456789012:table/Ledger"}
    assert not {action for action, _ in used} & {"dynamodb:Scan", "dynamodb:DeleteTable", "dynamodb:UpdateTable"}


def test_the_bucket_is_written_by_prefix_and_only_registers_are_replaced(full: Any) -> None:
    used = {(action, resource) for _, action, resource, _ in grants(full) if action.startswith("s3:")}
    objects = {resource for action, resource in used if action != "s3:ListBucket"}
    parts = ("findings", "terms", "untagged", "vulnerabilities")
    prefixes = (
        "config/*",
        "lineages/*",
        "runs/*",
        "scans/*/findings/*",
        "vulnerabilities/*",
        *(f"runs/*/{part}/*" for part in parts),
    )
    assert objects == {"arn:aws:s3:::ReportBucket/" + key for key in prefixes}
    assert {resource for action, resource in used if "Delete" in action} == {"arn:aws:s3:::ReportBucket/lineages/*"}


def test_options_that_are_off_allow_nothing(plain: Any) -> None:
    actions = {action for _, action, _, _ in grants(plain)}
    assert not {action for action in actions if action.startswith("inspector:")}
    # Engine ami is no option: its first scan in an account makes Inspector's roles.
    assert {role for role, action, _, _ in grants(plain) if action == "iam:CreateServiceLinkedRole"} == {"StartRunRole"}
    assert not actions & {
        "ec2:DisableImageDeprecation",
        "ec2:EnableImageDeprecation",
        "events:PutEvents",
        "inspector2:Enable",
        "kms:CreateGrant",
        "sts:AssumeRole",
    }


def test_a_role_stays_within_the_limit_of_inline_policies(full: Any) -> None:
    for role in roles(full):
        text = re.sub(r"\s", "", json.dumps(full.statements(role)))
        assert len(text) < 10_240, role


def test_schedules_are_trusted_for_this_account_only(plain: Any) -> None:
    for role in ("AssessmentScheduleRole", "ReapScheduleRole"):
        [trust] = plain.resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_the_permissions_boundary_is_on_every_role(full: Any) -> None:
    bounded = {full.resources[role]["Properties"].get("PermissionsBoundary") for role in roles(full)}
    assert bounded == {"arn:aws:iam::123456789012:policy/boundary"}


# ---------------------------------------------------------------- policies of resources


def policy(deployed: Any, name: str) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = deployed.resources[name]["Properties"]["PolicyDocument"]["Statement"]
    return statements


def test_the_complete_topic_takes_messages_from_eventbridge_and_inspector_only(plain: Any, full: Any) -> None:
    [rules] = policy(plain, "CompleteTopicPolicy")
    assert rules["Principal"] == {"Service": "events.amazonaws.com"}
    [_, classic] = policy(full, "CompleteTopicPolicy")
    assert classic["Principal"] == {"Service": "inspector.amazonaws.com"}
    assert classic["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    assert classic["Condition"]["ArnLike"]["aws:SourceArn"].startswith("arn:aws:inspector:")


def test_who_reports_may_publish_and_nobody_else(plain: Any) -> None:
    [allowed] = [one for one in policy(plain, "ResultsTopicPolicy") if one["Effect"] == "Allow"]
    publishing = {
        full_role
        for full_role, action, resource, _ in grants(plain)
        if action == "sns:Publish" and resource.endswith(":ResultsTopic")
    }
    assert {arn.rsplit("/", 1)[1] for arn in allowed["Principal"]["AWS"]} == publishing


def test_who_publishes_may_use_the_topics_key(plain: Any) -> None:
    publishing = {role for role, action, _, _ in grants(plain) if action == "sns:Publish"}
    with_key = {
        role
        for role, action, resource, _ in grants(plain)
        if action == "kms:GenerateDataKey" and "TopicKey" in resource
    }
    assert publishing == with_key


def test_the_key_serves_other_services_for_our_topics_only(plain: Any) -> None:
    statements = plain.resources["TopicKey"]["Properties"]["KeyPolicy"]["Statement"]
    [_, service] = [one for one in statements if "Service" in one["Principal"]]
    assert "events.amazonaws.com" not in service["Principal"]["Service"]
    assert {key for keys in service["Condition"].values() for key in keys} == {"kms:EncryptionContext:aws:sns:topicArn"}


@pytest.mark.parametrize(
    "name", ["ResultsTopicPolicy", "DeadLettersPolicy", "FindingsQueuePolicy", "ReportBucketPolicy"]
)
def test_only_tls(plain: Any, name: str) -> None:
    denied = [one for one in policy(plain, name) if one["Effect"] == "Deny"]
    assert [one["Condition"] for one in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_the_dead_letter_queue_takes_letters_from_our_senders_only(plain: Any) -> None:
    for statement in policy(plain, "DeadLettersPolicy"):
        if statement["Effect"] == "Allow":
            assert statement["Condition"]["ArnEquals"]["aws:SourceArn"]
