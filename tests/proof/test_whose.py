"""Whose instances and whose roles: what is somebody else's is refused by the code, and by the policies without it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import permissions
import places
import pytest

from golden_ami.models import AMI_TAG, ASSESSMENT_TAG, EXPIRY_TAG, RUN_TAG, STACK_TAG
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.iam.needs import needs
from golden_ami_emulator.iam.policy import Need, decide, statements
from golden_ami_emulator.iam.principals import Principal, decided, trust_of
from golden_ami_emulator.iam.request import Request
from golden_ami_emulator.project import TEMPLATE

TERMINATING = ("terminate", "on-execution-end", "reap")
OTHER_PROFILE = "somebody-elses"


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    """Two accounts with two regions each, and a second stack at home whose name begins like the first one's."""
    with places.opened() as opened:
        places.prepare(opened)
        parameters = {**places.PARAMETERS, "ParameterName": "Second"}
        place = {"account": opened.account, "region": opened.region}
        second = opened.deploy(TEMPLATE, parameters, name=f"{opened.stack_name}-2", **place)
        opened.__dict__["second"] = second
        for account, _ in (places.HOME, (places.MEMBER, "")):
            opened.client("iam", account=account).create_instance_profile(InstanceProfileName=OTHER_PROFILE)
        yield opened


def forged(aws: Embedded, place: tuple[str, str], profile: str, run_id: str = "run") -> str:
    """An instance with every tag that the stack gives, long expired."""
    tags = {
        STACK_TAG: aws.stack_name,
        ASSESSMENT_TAG: "true",
        EXPIRY_TAG: "2020-01-01T00:00:00Z",
        RUN_TAG: run_id,
        AMI_TAG: places.amis(place)[0],
    }
    return permissions.launch(aws, places.amis(place)[0], tags, profile=profile, place=place)


def state(aws: Embedded, place: tuple[str, str], instance: str) -> str:
    account, region = place
    found = aws.client("ec2", region, account).describe_instances(InstanceIds=[instance])
    return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])


@pytest.mark.parametrize("profile", ["", OTHER_PROFILE, None], ids=["none", "other", "of-the-second-stack"])
def test_forged_tags_survive_a_run_its_end_and_the_reaper(aws: Embedded, profile: str | None) -> None:
    name = aws.__dict__["second"].outputs["InstanceProfileName"] if profile is None else profile
    targets = places.PLACES if profile is not None else places.PLACES[:2]  # a member has no second profile
    run_id = f"run-{profile}".lower()
    foreign = {place: forged(aws, place, name, run_id) for place in targets}
    aws.put_configuration("ContinuousAssessmentInput", str(places.configuration(aws)).replace("'", '"'))
    arn = aws.start({"AMIsParamName": "ContinuousAssessmentInput"}, run_id)
    if profile == OTHER_PROFILE:
        aws.clock.sleep(60)
        aws.client("stepfunctions").stop_execution(executionArn=arn)
    aws.wait(arn)
    aws.clock.sleep(600)
    aws.fire_schedule("ReapSchedule")
    aws.clock.sleep(60)
    assert {place: state(aws, place, instance) for place, instance in foreign.items()} == dict.fromkeys(
        foreign, "running"
    )
    mine = [one for place in places.PLACES for one in states(aws, place, run_id) if one[0] not in foreign.values()]
    assert mine
    assert {how for _, how in mine} == {"terminated"}
    # Which machine a task token is of, the emulation does not know: it asks for every one that there is.
    assert {action for _, action, _ in aws.iam.denied} <= {"states:SendTaskSuccess"}


def states(aws: Embedded, place: tuple[str, str], run_id: str) -> list[tuple[str, str]]:
    account, region = place
    filters = [{"Name": f"tag:{RUN_TAG}", "Values": [run_id]}]
    found = aws.client("ec2", region, account).describe_instances(Filters=filters)["Reservations"]
    return [(one["InstanceId"], one["State"]["Name"]) for group in found for one in group["Instances"]]


def asked(account: str, region: str, instance: str) -> Need:
    """What TerminateInstances needs for an instance."""
    [need] = needs(Request("ec2", "TerminateInstances", {"InstanceIds": [instance]}, region, account))
    return need


@pytest.mark.parametrize("function", TERMINATING)
def test_the_policy_refuses_what_the_code_would_not_ask_for(aws: Embedded, function: str) -> None:
    second = aws.__dict__["second"].outputs["InstanceProfileName"]
    ours = forged(aws, places.HOME, aws.outputs["InstanceProfileName"])
    name, denied = aws.lambda_name(function), set(aws.iam.denied)
    assert aws.iam.function_may(name, asked(*places.HOME, ours))
    for profile in ("", OTHER_PROFILE, second):
        assert not aws.iam.function_may(name, asked(*places.HOME, forged(aws, places.HOME, profile)))
    aws.iam.denied.intersection_update(denied)


def test_the_member_role_terminates_by_the_profile_of_its_own_account(aws: Embedded) -> None:
    place = places.PLACES[2]
    iam = aws.client("iam", account=places.MEMBER)
    role = places.PARAMETERS["MemberRoleName"]
    policy = iam.get_role_policy(RoleName=role, PolicyName="assess")["PolicyDocument"]

    def decision(profile: str) -> str:
        return decide(statements(policy), asked(*place, forged(aws, place, profile)))[0]

    assert decision(aws.outputs["InstanceProfileName"]) == "allow"
    assert decision("") == decision(OTHER_PROFILE) == "silence"


def launching(profile: dict[str, Any], aws: Embedded) -> Need:
    """What RunInstances needs for the instance itself."""
    tags = [{"Key": ASSESSMENT_TAG, "Value": "true"}, {"Key": STACK_TAG, "Value": aws.stack_name}]
    parameters = {
        "ImageId": places.amis(places.HOME)[0],
        "MetadataOptions": {"HttpTokens": "required"},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": tags}],
        **({"IamInstanceProfile": profile} if profile else {}),
    }
    return next(iter(needs(Request("ec2", "RunInstances", parameters, aws.region, aws.account))))


def test_nothing_is_launched_with_another_profile(aws: Embedded) -> None:
    name, denied = aws.lambda_name("launch-instances"), set(aws.iam.denied)
    own = aws.outputs["InstanceProfileName"]
    arn = f"arn:aws:iam::{aws.account}:instance-profile/{own}"
    assert aws.iam.function_may(name, launching({"Name": own}, aws))
    assert aws.iam.function_may(name, launching({"Arn": arn}, aws))
    assert not aws.iam.function_may(name, launching({}, aws))
    assert not aws.iam.function_may(name, launching({"Name": OTHER_PROFILE}, aws))
    aws.iam.denied.intersection_update(denied)


def test_the_member_role_trusts_this_stacks_roles_only(aws: Embedded) -> None:
    """Those of stack golden-ami-2 are named golden-ami-2-…Role-…, which a pattern by the stack's name takes too."""
    member = f"arn:aws:iam::{places.MEMBER}:role/{places.PARAMETERS['MemberRoleName']}"
    trust = trust_of(member)
    assert trust

    def decision(role: str, external_id: str = "between-us") -> str:
        principal = Principal(aws.account, role, "golden-ami-assessment")
        context = {"sts:externalid": [external_id], **principal.context(aws.region, member)}
        return decided(trust, principal, Need("sts:AssumeRole", member, context))

    callers = aws.outputs["MemberRoleCallers"].split(",")
    assert {decision(role) for role in callers} == {"allow"}
    assert {decision(role, "another") for role in callers} == {"silence"}
    second = [
        one.made.attributes["Arn"] for one in aws.__dict__["second"].resources.values() if one.type == "AWS::IAM::Role"
    ]
    assert all(f":role/{aws.stack_name}-" in arn for arn in second)
    others = [
        one.made.attributes["Arn"]
        for one in aws.stack.resources.values()
        if one.type == "AWS::IAM::Role" and one.made.attributes["Arn"] not in callers
    ]
    assert others
    assert {decision(role) for role in (*second, *others)} == {"silence"}
