"""Inspector Classic's runs: states in order, agents, notifications, findings and their attributes."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from golden_ami_emulator.world import Behaviour

if TYPE_CHECKING:
    from tests.adapters.inspector.conftest import Aws, MakeAws

TAG = {"continuous-assessment-instance": "true"}
ENDED = 3600 + 40
STATES = [
    "CREATED",
    "START_DATA_COLLECTION_PENDING",
    "START_DATA_COLLECTION_IN_PROGRESS",
    "COLLECTING_DATA",
    "STOP_DATA_COLLECTION_PENDING",
    "DATA_COLLECTED",
    "START_EVALUATING_RULES_PENDING",
    "EVALUATING_RULES",
    "COMPLETED",
]


def make_template(aws: Aws, packages: list[str] | None = None, duration: int = 3600) -> str:
    client = aws.client("inspector")
    group = client.create_resource_group(resourceGroupTags=[{"key": key, "value": value} for key, value in TAG.items()])
    target = client.create_assessment_target(assessmentTargetName="t", resourceGroupArn=group["resourceGroupArn"])
    answer = client.create_assessment_template(
        assessmentTargetArn=target["assessmentTargetArn"],
        assessmentTemplateName="t",
        durationInSeconds=duration,
        rulesPackageArns=packages or client.list_rules_packages()["rulesPackageArns"],
    )
    return str(answer["assessmentTemplateArn"])


def start(aws: Aws, template: str, name: str = "run-1") -> str:
    answer = aws.client("inspector").start_assessment_run(assessmentTemplateArn=template, assessmentRunName=name)
    return str(answer["assessmentRunArn"])


def describe(aws: Aws, run: str) -> dict[str, Any]:
    [row] = aws.client("inspector").describe_assessment_runs(assessmentRunArns=[run])["assessmentRuns"]
    return dict(row)


def arns(aws: Aws, run: str, **criteria: Any) -> list[str]:
    pages = aws.client("inspector").get_paginator("list_findings").paginate(assessmentRunArns=[run], filter=criteria)
    return [arn for page in pages for arn in page["findingArns"]]


def assess(aws: Aws, number: int = 1, template: str = "") -> tuple[str, list[str]]:
    """Launch, wait for the agents, run to the end."""
    instances = aws.launch(number=number, tags=TAG)
    aws.advance(300)
    run = start(aws, template or make_template(aws))
    aws.advance(ENDED)
    return run, instances


def listen(aws: Aws, template: str, *events: str) -> Any:
    topic, heard = aws.listen()
    for event in events:
        aws.client("inspector").subscribe_to_event(resourceArn=template, event=event, topicArn=topic)
    aws.advance()
    heard()
    return heard


def test_states_in_their_order(aws: Aws) -> None:
    aws.launch(tags=TAG)
    aws.advance(300)
    run = start(aws, make_template(aws))
    assert describe(aws, run)["state"] == "START_DATA_COLLECTION_PENDING"
    aws.advance(60)
    assert describe(aws, run)["state"] == "COLLECTING_DATA"
    assert "completedAt" not in describe(aws, run)
    aws.advance(ENDED - 61)
    assert describe(aws, run)["state"] == "EVALUATING_RULES"
    aws.advance(1)
    row = describe(aws, run)
    assert [change["state"] for change in row["stateChanges"]] == STATES
    moments = [change["stateChangedAt"] for change in row["stateChanges"]]
    assert moments == sorted(moments)
    assert (row["completedAt"] - row["startedAt"]).total_seconds() == ENDED
    assert row["dataCollected"] is True
    counts = {"High": 2, "Medium": 3, "Low": 1, "Informational": 0, "Undefined": 2}
    assert row["findingCounts"] == counts


def test_notifications_have_the_captured_shapes(aws: Aws) -> None:
    template = make_template(aws)
    target = template.rpartition("/template/")[0]
    heard = listen(
        aws, template, "ASSESSMENT_RUN_STARTED", "ASSESSMENT_RUN_COMPLETED", "ASSESSMENT_RUN_STATE_CHANGED",
        "FINDING_REPORTED",
    )  # fmt: skip
    run, _ = assess(aws, template=template)
    messages = heard()
    common = {"template": template, "run": run, "target": target}
    assert all(common.items() <= message.items() for message in messages)
    by_event: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        by_event.setdefault(message["event"], []).append(message)
    [started] = by_event["ASSESSMENT_RUN_STARTED"]
    assert started == {**common, "event": "ASSESSMENT_RUN_STARTED", "time": "2026-11-02T08:05:00.000Z"}
    assert [message["newstate"] for message in by_event["ASSESSMENT_RUN_STATE_CHANGED"]] == STATES
    assert sorted(message["finding"] for message in by_event["FINDING_REPORTED"]) == sorted(arns(aws, run))
    [completed] = by_event["ASSESSMENT_RUN_COMPLETED"]
    packages = aws.client("inspector").list_rules_packages()["rulesPackageArns"]
    counted = ", ".join(f"{package}={8 if package.endswith('0-gEjTy7T7') else 0}" for package in packages)
    assert completed["findingsCount"] == "{" + counted + "}"
    record = describe(aws, run)["notifications"][-1]
    assert (record["event"], record["snsPublishStatusCode"]) == ("ASSESSMENT_RUN_COMPLETED", "SUCCESS")


def test_a_notification_that_finds_no_topic_is_recorded(aws: Aws) -> None:
    template = make_template(aws)
    listen(aws, template, "ASSESSMENT_RUN_STARTED")
    [topic] = aws.client("sns").list_topics()["Topics"]
    aws.client("sns").delete_topic(TopicArn=topic["TopicArn"])
    run, _ = assess(aws, template=template)
    [record] = describe(aws, run)["notifications"]
    assert (record["error"], record["snsPublishStatusCode"]) == (True, "TOPIC_DOES_NOT_EXIST")


@pytest.mark.parametrize(("events", "expected"), [((), 0), (("complete", "complete"), 2)])
def test_a_completion_may_be_lost_or_come_twice(make_aws: MakeAws, events: tuple[str, ...], expected: int) -> None:
    aws = make_aws(behaviours={"*": Behaviour(events=events)})
    template = make_template(aws)
    heard = listen(aws, template, "ASSESSMENT_RUN_COMPLETED")
    run, _ = assess(aws, template=template)
    assert len(heard()) == expected
    assert describe(aws, run)["state"] == "COMPLETED"


def test_findings_only_for_agents_that_run(make_aws: MakeAws) -> None:
    aws = make_aws(behaviours={"ami-2": Behaviour(agent_after=None)})
    healthy, dead = aws.launch("ami-1", tags=TAG), aws.launch("ami-2", tags=TAG)
    stranger, gone = aws.launch("ami-1"), aws.launch("ami-1", tags=TAG)
    aws.advance(300)
    run = start(aws, make_template(aws))
    aws.client("ec2").terminate_instances(InstanceIds=gone)
    aws.advance(ENDED)
    assert describe(aws, run)["state"] == "COMPLETED_WITH_ERRORS"
    assert len(arns(aws, run)) == len(arns(aws, run, agentIds=healthy)) == 8
    for agents in (dead, stranger, gone):
        assert arns(aws, run, agentIds=agents) == []
    rows = aws.client("inspector").list_assessment_run_agents(assessmentRunArn=run)["assessmentRunAgents"]
    health = {row["agentId"]: (row["agentHealth"], row["agentHealthCode"]) for row in rows}
    assert health == {
        healthy[0]: ("HEALTHY", "IDLE"),
        dead[0]: ("UNHEALTHY", "UNHEALTHY"),
        gone[0]: ("UNHEALTHY", "SHUTDOWN"),
    }
    only = aws.client("inspector").list_assessment_run_agents(
        assessmentRunArn=run, filter={"agentHealths": ["HEALTHY"], "agentHealthCodes": ["IDLE"]}
    )
    assert [row["agentId"] for row in only["assessmentRunAgents"]] == healthy


def test_the_preview_shows_health_over_time_in_pages(make_aws: MakeAws) -> None:
    aws = make_aws(behaviours={"ami-2": Behaviour(agent_after=None)})
    template = make_template(aws)
    [instance], [never] = aws.launch("ami-1", tags=TAG), aws.launch("ami-2", tags=TAG)
    client = aws.client("inspector")

    def health() -> dict[str, str]:
        pages = client.get_paginator("preview_agents").paginate(
            previewAgentsArn=template.rpartition("/template/")[0], PaginationConfig={"PageSize": 1}
        )
        return {row["agentId"]: row["agentHealth"] for page in pages for row in page["agentPreviews"]}

    assert health() == {instance: "UNKNOWN", never: "UNHEALTHY"}
    aws.advance(100)
    assert health() == {instance: "HEALTHY", never: "UNHEALTHY"}


def test_no_two_runs_share_an_agent(aws: Aws) -> None:
    [instance] = aws.launch(tags=TAG)
    template = make_template(aws)
    run = start(aws, template)
    with pytest.raises(ClientError) as refused:
        start(aws, template, "run-2")
    response: Any = refused.value.response
    assert response["Error"]["Code"] == "AgentsAlreadyRunningAssessmentException"
    assert response["agents"] == [{"agentId": instance, "assessmentRunArn": run}]
    assert (response["agentsTruncated"], response["canRetry"]) == (False, True)
    with pytest.raises(ClientError, match="AssessmentRunInProgressException"):
        aws.client("inspector").delete_assessment_template(assessmentTemplateArn=template)
    aws.advance(ENDED)
    start(aws, template, "run-2")


def test_a_run_name_is_taken_once(aws: Aws) -> None:
    template = make_template(aws)
    start(aws, template)
    with pytest.raises(ClientError, match="An assessment run with the name run-1 already exists"):
        start(aws, template)


def test_at_most_500_agents(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golden_ami_emulator.inspector.classic_runs.AGENT_LIMIT", 2)
    aws.launch(number=3, tags=TAG)
    with pytest.raises(ClientError) as refused:
        start(aws, make_template(aws))
    response: Any = refused.value.response
    assert (response["Error"]["Code"], response["errorCode"]) == (
        "LimitExceededException",
        "ASSESSMENT_RUN_LIMIT_EXCEEDED",
    )


@pytest.mark.parametrize("result", ["COMPLETED_WITH_ERRORS", "FAILED", "ERROR", "CANCELED"])
def test_the_worst_image_decides_how_a_run_ends(make_aws: MakeAws, result: str) -> None:
    aws = make_aws(behaviours={"ami-2": Behaviour(classic_result=result)})
    aws.launch("ami-1", tags=TAG)
    aws.launch("ami-2", tags=TAG)
    aws.advance(300)
    run = start(aws, make_template(aws))
    aws.advance(ENDED)
    assert describe(aws, run)["state"] == result
    assert len(arns(aws, run)) == (16 if result == "COMPLETED_WITH_ERRORS" else 0)


@pytest.mark.parametrize(
    ("action", "state", "found"), [("START_EVALUATION", "COMPLETED", 8), ("SKIP_EVALUATION", "CANCELED", 0)]
)
def test_a_run_can_be_stopped(aws: Aws, action: str, state: str, found: int) -> None:
    aws.launch(tags=TAG)
    aws.advance(300)
    run = start(aws, make_template(aws))
    aws.advance(600)
    aws.client("inspector").stop_assessment_run(assessmentRunArn=run, stopAction=action)
    aws.advance(40)
    assert describe(aws, run)["state"] == state
    assert len(arns(aws, run)) == found
    aws.advance(ENDED)
    assert describe(aws, run)["state"] == state


def test_runs_are_listed_by_state_name_and_time(aws: Aws) -> None:
    client = aws.client("inspector")
    run, _ = assess(aws)
    template = describe(aws, run)["assessmentTemplateArn"]
    [row] = client.describe_assessment_templates(assessmentTemplateArns=[template])["assessmentTemplates"]
    assert (row["assessmentRunCount"], row["lastAssessmentRunArn"]) == (1, run)
    started = describe(aws, run)["startedAt"]
    for criteria, expected in (
        ({"states": ["COMPLETED"], "namePattern": "run-.*"}, [run]),
        ({"states": ["FAILED"]}, []),
        ({"startTimeRange": {"beginDate": started}}, [run]),
        ({"completionTimeRange": {"endDate": started}}, []),
    ):
        listed = client.list_assessment_runs(assessmentTemplateArns=[template], filter=criteria)
        assert listed["assessmentRunArns"] == expected


def test_findings_in_classics_shape(make_aws: MakeAws, mixed: list[dict[str, Any]]) -> None:
    critical = {"severity": "CRITICAL", "title": "CVE-2026-1 - a"}
    network = {
        "type": "NETWORK_REACHABILITY",
        "severity": "INFORMATIONAL",
        "title": "Port 22 is reachable",
        "networkReachabilityDetails": {"openPortRange": {"begin": 22, "end": 22}, "protocol": "TCP"},
    }
    aws = make_aws(findings={"*": [*mixed, critical, network]})
    run, [instance] = assess(aws)
    found = [
        finding
        for arn in arns(aws, run)
        for finding in aws.client("inspector").describe_findings(findingArns=[arn])["findings"]
    ]
    severities = Counter(finding["severity"] for finding in found)
    assert severities == {"High": 3, "Medium": 3, "Low": 1, "Undefined": 2, "Informational": 1}
    for finding in found:
        assert finding["assetAttributes"]["agentId"] == instance
        assert finding["assetAttributes"]["amiId"] == "ami-1"
        assert finding["serviceAttributes"]["assessmentRunArn"] == run
        assert finding["arn"].startswith(f"{run}/finding/")
        assert finding["userAttributes"] == []
    assert len({finding["arn"] for finding in found}) == 10
    attributes = {item["key"]: item["value"] for item in found[0]["attributes"]}
    assert attributes["CVE_ID"] == found[0]["id"] == "CVE-2021-3744"
    assert attributes["package_name"] == "linux-0:4.19.118-2"
    package = found[-1]["serviceAttributes"]["rulesPackageArn"]
    assert package.endswith("0-PmNV0Tcd")
    assert len(arns(aws, run, rulesPackageArns=[package])) == 1
    assert len(arns(aws, run, severities=["High", "Low"])) == 4
    assert len(arns(aws, run, ruleNames=["CVE-2021-3744"])) == 1
    assert len(arns(aws, run, attributes=[{"key": "CVE_ID", "value": "CVE-2021-3744"}])) == 1


def test_a_template_without_a_package_does_not_find_its_kind(make_aws: MakeAws) -> None:
    network = {"type": "NETWORK_REACHABILITY", "severity": "LOW", "title": "Port 22 is reachable"}
    aws = make_aws(findings={"*": [network, {"severity": "HIGH"}]})
    template = make_template(aws, ["arn:aws:inspector:us-east-1:316112463485:rulespackage/0-gEjTy7T7"])
    run, _ = assess(aws, template=template)
    assert len(arns(aws, run)) == 1


def test_findings_come_in_tens_and_at_most_500(make_aws: MakeAws) -> None:
    aws = make_aws(findings={"*": [{"severity": "LOW", "title": f"CVE-{number}"} for number in range(600)]})
    run, _ = assess(aws)
    client = aws.client("inspector")
    first = client.list_findings(assessmentRunArns=[run])
    assert len(first["findingArns"]) == 10
    pages = client.get_paginator("list_findings").paginate(assessmentRunArns=[run], maxResults=500)
    assert [len(page["findingArns"]) for page in pages] == [500, 100]


def test_an_arn_may_be_listed_twice(make_aws: MakeAws) -> None:
    aws = make_aws(behaviours={"*": Behaviour(repeat_arns=3)})
    run, _ = assess(aws)
    listed = arns(aws, run)
    assert (len(listed), len(set(listed))) == (11, 8)
    assert sum(describe(aws, run)["findingCounts"].values()) == 8


def test_attributes_are_added_replaced_and_removed(aws: Aws) -> None:
    client = aws.client("inspector")
    run, _ = assess(aws)
    listed = arns(aws, run)
    tags = [{"key": f"key-{number}", "value": "v" * 256} for number in range(10)]
    answer = client.add_attributes_to_findings(findingArns=[*listed, f"{run}/finding/0-none"], attributes=tags)
    assert answer["failedItems"] == {
        f"{run}/finding/0-none": {"failureCode": "ITEM_DOES_NOT_EXIST", "retryable": False}
    }
    [finding] = client.describe_findings(findingArns=listed[:1])["findings"]
    assert finding["userAttributes"] == tags
    more = client.add_attributes_to_findings(findingArns=listed[:1], attributes=[{"key": "eleventh", "value": "v"}])
    assert more["failedItems"][listed[0]]["failureCode"] == "LIMIT_EXCEEDED"
    client.add_attributes_to_findings(findingArns=listed[:1], attributes=[{"key": "key-0", "value": "new"}])
    client.remove_attributes_from_findings(
        findingArns=listed[:1], attributeKeys=[f"key-{number}" for number in range(1, 10)]
    )
    [finding] = client.describe_findings(findingArns=listed[:1])["findings"]
    assert finding["userAttributes"] == [{"key": "key-0", "value": "new"}]
    assert arns(aws, run, userAttributes=[{"key": "key-0", "value": "new"}]) == listed[:1]


def test_a_run_without_agents_completes_with_errors(aws: Aws) -> None:
    run = start(aws, make_template(aws))
    aws.advance(ENDED)
    row = describe(aws, run)
    assert (row["state"], row["dataCollected"]) == ("COMPLETED_WITH_ERRORS", False)
    assert json.dumps(row["findingCounts"]) == json.dumps(dict.fromkeys(row["findingCounts"], 0))
