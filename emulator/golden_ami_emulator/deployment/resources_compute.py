"""Resource types of identity, rules and schedules."""

from __future__ import annotations

from golden_ami_emulator.deployment.resources import (
    Made,
    Properties,
    ResourceType,
    StackPlace,
    ignore,
    numbers,
    only,
    tags,
    text,
    without,
)

# ------------------------------------------------------------ IAM


def _role(place: StackPlace, name: str, properties: Properties) -> Made:
    request = only(properties, "Path", "Description", "MaxSessionDuration", "PermissionsBoundary")
    trust = text(properties["AssumeRolePolicyDocument"])
    client = place.client("iam")
    answer = client.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=tags(properties), **request)["Role"]
    _put_policies(place, name, properties)
    return Made(name, {"Arn": answer["Arn"], "RoleId": answer["RoleId"]})


def _put_policies(place: StackPlace, name: str, properties: Properties) -> None:
    client = place.client("iam")
    for policy in properties.get("Policies", []):
        versioned = {"Version": "2012-10-17", **policy["PolicyDocument"]}  # IAM takes one without it, moto does not
        client.put_role_policy(RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=text(versioned))
    for arn in properties.get("ManagedPolicyArns", []):
        _ensure_managed(place, arn)
        client.attach_role_policy(RoleName=name, PolicyArn=arn)


def _update_role(place: StackPlace, name: str, properties: Properties) -> None:
    client = place.client("iam")
    wanted = {policy["PolicyName"] for policy in properties.get("Policies", [])}
    for stale in set(client.list_role_policies(RoleName=name)["PolicyNames"]) - wanted:
        client.delete_role_policy(RoleName=name, PolicyName=stale)
    for attached in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        if attached["PolicyArn"] not in properties.get("ManagedPolicyArns", []):
            client.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    _put_policies(place, name, properties)


def _ensure_managed(place: StackPlace, arn: str) -> None:
    """AWS's managed policies, which moto loads all or none; the few that a template names are made when needed."""
    if ":iam::aws:" not in arn:
        return
    from moto.iam.models import AWSManagedPolicy, iam_backends

    backend = iam_backends[place.account]["aws"]
    if arn not in backend.managed_policies:
        path, _, name = arn.split(":policy")[1].rpartition("/")
        data = {
            "Arn": arn,
            "Path": f"{path}/",
            "Document": {"Version": "2012-10-17", "Statement": []},
            "DefaultVersionId": "v1",
            "CreateDate": "2020-01-01T00:00:00+00:00",
            "UpdateDate": "2020-01-01T00:00:00+00:00",
        }
        backend.managed_policies[arn] = AWSManagedPolicy.from_data(name, place.account, backend.region_name, data)


def _delete_role(place: StackPlace, name: str) -> None:
    client = place.client("iam")
    _update_role(place, name, {})
    client.delete_role(RoleName=name)


def _profile(place: StackPlace, name: str, properties: Properties) -> Made:
    client = place.client("iam")
    answer = client.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    for role in properties["Roles"]:
        client.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    return Made(name, {"Arn": answer["Arn"]})


def _delete_profile(place: StackPlace, name: str) -> None:
    client = place.client("iam")
    for role in client.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]:
        client.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role["RoleName"])
    client.delete_instance_profile(InstanceProfileName=name)


def _policy(place: StackPlace, name: str, properties: Properties) -> Made:
    for role in properties["Roles"]:
        document = text(properties["PolicyDocument"])
        place.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    return Made(name)


# ------------------------------------------------------------ orchestration


def _put_rule(place: StackPlace, name: str, properties: Properties) -> str:
    request = only(properties, "ScheduleExpression", "State", "Description", "RoleArn", "EventBusName")
    if "EventPattern" in properties:
        request["EventPattern"] = text(properties["EventPattern"])
    client = place.client("events")
    arn = client.put_rule(Name=name, **request)["RuleArn"]
    if properties.get("Targets"):
        client.put_targets(Rule=name, Targets=numbers(properties["Targets"]))
    return str(arn)


def _rule(place: StackPlace, name: str, properties: Properties) -> Made:
    return Made(name, {"Arn": _put_rule(place, name, properties)})


def _delete_rule(place: StackPlace, name: str) -> None:
    client = place.client("events")
    targets = [target["Id"] for target in client.list_targets_by_rule(Rule=name)["Targets"]]
    if targets:
        client.remove_targets(Rule=name, Ids=targets)
    client.delete_rule(Name=name)


def _bus_policy(place: StackPlace, _name: str, properties: Properties) -> Made:
    bus = str(properties.get("EventBusName", "default"))
    statement = {"Sid": properties["StatementId"], **properties["Statement"]}
    policy = text({"Version": "2012-10-17", "Statement": [statement]})
    place.client("events").put_permission(EventBusName=bus, Policy=policy)
    return Made(f"{bus}|{properties['StatementId']}")


def _delete_bus_policy(place: StackPlace, name: str) -> None:
    bus, _, statement = name.partition("|")
    place.client("events").remove_permission(EventBusName=bus, StatementId=statement)


def _schedule_request(properties: Properties) -> Properties:
    request = without(properties, "Name", "Tags")
    return request | {"Target": request["Target"] | numbers(only(request["Target"], "RetryPolicy"))}


def _schedule(place: StackPlace, name: str, properties: Properties) -> Made:
    arn = place.client("scheduler").create_schedule(Name=name, **_schedule_request(properties))["ScheduleArn"]
    return Made(name, {"Arn": arn})


def _update_schedule(place: StackPlace, name: str, properties: Properties) -> None:
    place.client("scheduler").update_schedule(Name=name, **_schedule_request(properties))


def _schedule_group(place: StackPlace, name: str, _properties: Properties) -> Made:
    return Made(name, {"Arn": place.client("scheduler").create_schedule_group(Name=name)["ScheduleGroupArn"]})


KINDS: dict[str, ResourceType] = {
    "AWS::IAM::Role": ResourceType(
        _role,
        _delete_role,
        "RoleName",
        _update_role,
        ("RoleName", "AssumeRolePolicyDocument", "PermissionsBoundary", "Path"),
    ),
    "AWS::IAM::InstanceProfile": ResourceType(_profile, _delete_profile, "InstanceProfileName"),
    "AWS::IAM::Policy": ResourceType(_policy, ignore, "PolicyName"),
    "AWS::Events::Rule": ResourceType(_rule, _delete_rule, "Name"),
    "AWS::Events::EventBusPolicy": ResourceType(_bus_policy, _delete_bus_policy),
    "AWS::Scheduler::Schedule": ResourceType(
        _schedule, lambda p, i: p.client("scheduler").delete_schedule(Name=i), "Name", _update_schedule, ("Name",)
    ),
    "AWS::Scheduler::ScheduleGroup": ResourceType(
        _schedule_group, lambda p, i: p.client("scheduler").delete_schedule_group(Name=i), "Name"
    ),
}
