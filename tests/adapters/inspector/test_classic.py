"""Inspector Classic's fixtures: groups, targets, templates, subscriptions, rules packages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.inspector.conftest import Aws

TAG = {"continuous-assessment-instance": "true"}


def refusal(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    """The error's code, and Inspector's own code in it."""
    with pytest.raises(ClientError) as refused:
        call(**params)
    response: Any = refused.value.response
    return response["Error"]["Code"], response.get("errorCode", "")


def make_target(aws: Aws, name: str = "ContinuousAssessment") -> str:
    client = aws.client("inspector")
    tags = [{"key": key, "value": value} for key, value in TAG.items()]
    group = client.create_resource_group(resourceGroupTags=tags)["resourceGroupArn"]
    return str(
        client.create_assessment_target(assessmentTargetName=name, resourceGroupArn=group)["assessmentTargetArn"]
    )


def make_template(aws: Aws, target: str, name: str = "ContinuousAssessment", duration: int = 3600) -> str:
    client = aws.client("inspector")
    answer = client.create_assessment_template(
        assessmentTargetArn=target,
        assessmentTemplateName=name,
        durationInSeconds=duration,
        rulesPackageArns=client.list_rules_packages()["rulesPackageArns"],
    )
    return str(answer["assessmentTemplateArn"])


def test_rules_packages(aws: Aws) -> None:
    client = aws.client("inspector")
    arns = client.list_rules_packages()["rulesPackageArns"]
    assert "arn:aws:inspector:us-east-1:316112463485:rulespackage/0-gEjTy7T7" in arns
    packages = client.describe_rules_packages(rulesPackageArns=arns)["rulesPackages"]
    assert [package["arn"] for package in packages] == arns
    assert "Common Vulnerabilities and Exposures" in {package["name"] for package in packages}


def test_a_target_is_made_of_tags(aws: Aws) -> None:
    client = aws.client("inspector")
    arn = make_target(aws)
    [target] = client.describe_assessment_targets(assessmentTargetArns=[arn])["assessmentTargets"]
    assert target["name"] == "ContinuousAssessment"
    [group] = client.describe_resource_groups(resourceGroupArns=[target["resourceGroupArn"]])["resourceGroups"]
    assert group["tags"] == [{"key": "continuous-assessment-instance", "value": "true"}]
    listed = client.list_assessment_targets(filter={"assessmentTargetNamePattern": "ContinuousAssessment"})
    assert listed["assessmentTargetArns"] == [arn]
    assert client.list_assessment_targets(filter={"assessmentTargetNamePattern": "Other"})["assessmentTargetArns"] == []
    client.update_assessment_target(assessmentTargetArn=arn, assessmentTargetName="Renamed")
    [target] = client.describe_assessment_targets(assessmentTargetArns=[arn])["assessmentTargets"]
    assert target["name"] == "Renamed"
    assert "resourceGroupArn" not in target


def test_a_template_is_described_and_found(aws: Aws) -> None:
    client = aws.client("inspector")
    target = make_target(aws)
    arn = make_template(aws, target)
    [template] = client.describe_assessment_templates(assessmentTemplateArns=[arn])["assessmentTemplates"]
    assert (template["durationInSeconds"], template["assessmentRunCount"]) == (3600, 0)
    assert len(template["rulesPackageArns"]) == 4
    found = client.list_assessment_templates(assessmentTargetArns=[target], filter={"namePattern": "Continuous.*"})
    assert found["assessmentTemplateArns"] == [arn]
    too_long = {"durationRange": {"minSeconds": 7200, "maxSeconds": 86400}}
    assert client.list_assessment_templates(filter=too_long)["assessmentTemplateArns"] == []
    client.delete_assessment_template(assessmentTemplateArn=arn)
    client.delete_assessment_target(assessmentTargetArn=target)
    assert client.list_assessment_targets()["assessmentTargetArns"] == []


def test_names_are_taken_once(aws: Aws) -> None:
    client = aws.client("inspector")
    target = make_target(aws)
    make_template(aws, target)
    invalid = "InvalidInputException"
    create = client.create_assessment_target
    taken = refusal(create, assessmentTargetName="ContinuousAssessment")
    assert taken == (invalid, "ASSESSMENT_TARGET_NAME_ALREADY_TAKEN")
    params = {"assessmentTargetArn": target, "assessmentTemplateName": "ContinuousAssessment"}
    again = refusal(client.create_assessment_template, **params, durationInSeconds=3600, rulesPackageArns=[])
    assert again == (invalid, "ASSESSMENT_TEMPLATE_NAME_ALREADY_TAKEN")
    make_template(aws, make_target(aws, "another"))  # of another target, it is free


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("describe_findings", {"findingArns": ["arn:x"] * 11}, "INVALID_NUMBER_OF_FINDING_ARNS"),
        ("list_findings", {"maxResults": 501}, "INVALID_MAX_RESULTS"),
        ("list_findings", {"nextToken": "made-up"}, "INVALID_PAGINATION_TOKEN"),
        ("list_findings", {"filter": {"agentIds": ["i-1"] * 100}}, "INVALID_NUMBER_OF_AGENT_IDS"),
        (
            "add_attributes_to_findings",
            {"findingArns": ["arn:x"] * 11, "attributes": []},
            "INVALID_NUMBER_OF_FINDING_ARNS",
        ),
        (
            "add_attributes_to_findings",
            {"findingArns": ["arn:x"], "attributes": [{"key": f"k{n}", "value": "v"} for n in range(11)]},
            "INVALID_NUMBER_OF_USER_ATTRIBUTES",
        ),
        (
            "add_attributes_to_findings",
            {"findingArns": ["arn:x"], "attributes": [{"key": "k" * 129, "value": "v"}]},
            "INVALID_USER_ATTRIBUTE_KEY",
        ),
        (
            "add_attributes_to_findings",
            {"findingArns": ["arn:x"], "attributes": [{"key": "k", "value": "v" * 257}]},
            "INVALID_USER_ATTRIBUTE_VALUE",
        ),
        (
            "create_resource_group",
            {"resourceGroupTags": [{"key": f"k{n}"} for n in range(11)]},
            "INVALID_NUMBER_OF_RESOURCE_GROUP_TAGS",
        ),
        ("describe_assessment_runs", {"assessmentRunArns": ["arn:x"] * 11}, "INVALID_NUMBER_OF_ASSESSMENT_RUN_ARNS"),
        ("create_assessment_target", {"assessmentTargetName": "n" * 141}, "INVALID_ASSESSMENT_TARGET_NAME"),
        (
            "create_assessment_template",
            {
                "assessmentTargetArn": "arn:x",
                "assessmentTemplateName": "n",
                "durationInSeconds": 86_401,
                "rulesPackageArns": [],
            },
            "INVALID_ASSESSMENT_TEMPLATE_DURATION",
        ),
        ("start_assessment_run", {"assessmentTemplateArn": "no-arn"}, "INVALID_ASSESSMENT_TEMPLATE_ARN"),
    ],
)
def test_limits(aws: Aws, operation: str, params: dict[str, Any], expected: str) -> None:
    assert refusal(getattr(aws.client("inspector"), operation), **params) == ("InvalidInputException", expected)


def test_an_empty_attribute_value_is_refused_by_the_model(aws: Aws) -> None:
    """botocore refuses it before it is sent; over HTTP from another client, the service does."""
    with pytest.raises(Exception, match="Invalid length for parameter"):
        aws.client("inspector").add_attributes_to_findings(
            findingArns=["arn:x"], attributes=[{"key": "k", "value": ""}]
        )


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("start_assessment_run", {"assessmentTemplateArn": "arn:x"}, "ASSESSMENT_TEMPLATE_DOES_NOT_EXIST"),
        ("stop_assessment_run", {"assessmentRunArn": "arn:x"}, "ASSESSMENT_RUN_DOES_NOT_EXIST"),
        ("preview_agents", {"previewAgentsArn": "arn:x"}, "ASSESSMENT_TARGET_DOES_NOT_EXIST"),
        ("list_findings", {"assessmentRunArns": ["arn:x"]}, "ASSESSMENT_RUN_DOES_NOT_EXIST"),
        ("delete_assessment_target", {"assessmentTargetArn": "arn:x"}, "ASSESSMENT_TARGET_DOES_NOT_EXIST"),
        (
            "create_assessment_target",
            {"assessmentTargetName": "n", "resourceGroupArn": "arn:x"},
            "RESOURCE_GROUP_DOES_NOT_EXIST",
        ),
    ],
)
def test_what_does_not_exist(aws: Aws, operation: str, params: dict[str, Any], expected: str) -> None:
    assert refusal(getattr(aws.client("inspector"), operation), **params) == ("NoSuchEntityException", expected)


def test_describing_reports_what_failed(aws: Aws) -> None:
    arn = make_target(aws)
    answer = aws.client("inspector").describe_assessment_targets(assessmentTargetArns=[arn, "arn:x", "junk"])
    assert len(answer["assessmentTargets"]) == 1
    codes = {name: item["failureCode"] for name, item in answer["failedItems"].items()}
    assert codes == {"arn:x": "ITEM_DOES_NOT_EXIST", "junk": "INVALID_ARN"}


def test_listings_come_in_tens_by_default(aws: Aws) -> None:
    client = aws.client("inspector")
    made = [make_target(aws, f"target-{number}") for number in range(12)]
    pages = list(client.get_paginator("list_assessment_targets").paginate())
    assert [len(page["assessmentTargetArns"]) for page in pages] == [10, 2]
    assert [arn for page in pages for arn in page["assessmentTargetArns"]] == made


def test_subscribing_announces_itself_once(aws: Aws) -> None:
    client = aws.client("inspector")
    topic, heard = aws.listen()
    target = make_target(aws)
    template = make_template(aws, target)
    for _ in range(2):
        client.subscribe_to_event(resourceArn=template, event="ASSESSMENT_RUN_COMPLETED", topicArn=topic)
    aws.advance()
    assert heard() == [
        {
            "template": template,
            "time": "2026-11-02T08:00:00.000Z",
            "event": "ENABLE_ASSESSMENT_NOTIFICATIONS",
            "target": target,
        }
    ]
    [subscription] = client.list_event_subscriptions(resourceArn=template)["subscriptions"]
    assert subscription["topicArn"] == topic
    assert [item["event"] for item in subscription["eventSubscriptions"]] == ["ASSESSMENT_RUN_COMPLETED"]
    client.unsubscribe_from_event(resourceArn=template, event="ASSESSMENT_RUN_COMPLETED", topicArn=topic)
    assert client.list_event_subscriptions()["subscriptions"] == []


def test_a_topic_must_exist_and_let_inspector_publish(aws: Aws) -> None:
    client = aws.client("inspector")
    template = make_template(aws, make_target(aws))
    subscribe = {"resourceArn": template, "event": "ASSESSMENT_RUN_COMPLETED"}
    missing = "arn:aws:sns:us-east-1:123456789012:missing"
    expected = ("NoSuchEntityException", "SNS_TOPIC_DOES_NOT_EXIST")
    assert refusal(client.subscribe_to_event, **subscribe, topicArn=missing) == expected
    topic, _ = aws.listen()
    statement = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    for principal, allowed in (
        ({"Service": "events.amazonaws.com"}, False),
        ({"Service": ["events.amazonaws.com", "inspector.amazonaws.com"]}, True),
        ({"AWS": "arn:aws:iam::316112463485:root"}, True),
    ):
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Principal": principal}]})
        aws.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
        if allowed:
            client.subscribe_to_event(**subscribe, topicArn=topic)
        else:
            denied = refusal(client.subscribe_to_event, **subscribe, topicArn=topic)
            assert denied == ("AccessDeniedException", "ACCESS_DENIED_TO_SNS_TOPIC")


def test_tags_of_a_template(aws: Aws) -> None:
    client = aws.client("inspector")
    template = make_template(aws, make_target(aws))
    client.set_tags_for_resource(resourceArn=template, tags=[{"key": "stack", "value": "golden"}])
    assert client.list_tags_for_resource(resourceArn=template)["tags"] == [{"key": "stack", "value": "golden"}]
