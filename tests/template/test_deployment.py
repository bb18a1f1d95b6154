"""What a deployment is: its names, its data, what starts it, what wakes a person."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from stack_options import NETWORKS

ROOT = Path(__file__).parents[2]
SAMPLE = "/golden-ami/gold/ContinuousAssessmentInput"
NAME_ANOTHER = ("AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission", "AWS::Lambda::Alias",
                "AWS::Lambda::Version", "AWS::StepFunctions::StateMachineAlias",
                "AWS::AppConfig::ConfigurationProfile")  # fmt: skip
NAMES = {
    "AlarmName",
    "BucketName",
    "DashboardName",
    "FunctionName",
    "GroupName",
    "InstanceProfileName",
    "LogGroupName",
    "Name",
    "QueueName",
    "RoleName",
    "StateMachineName",
    "TableName",
    "TopicName",
}


def names(deployed: Any) -> dict[tuple[str, str], str]:
    """The names that the template chooses; what has none gets one from CloudFormation, unlike any other."""
    return {
        (name, key): value
        for name, resource in deployed.resources.items()
        for key, value in resource["Properties"].items()
        if key in NAMES and isinstance(value, str) and resource["Type"] not in NAME_ANOTHER
    }


def test_two_stacks_live_in_one_account(deploy: Any) -> None:
    one, two = names(deploy({}, stack="one")), names(deploy({}, stack="two"))
    assert one.keys() == two.keys()
    assert len(one) > 10
    assert not {key for key in one if one[key] == two[key]}


def test_the_topics_of_the_walk_through_are_recognised(plain: Any) -> None:
    topics = {one["Properties"]["TopicName"] for one in plain.of_type("AWS::SNS::Topic").values()}
    assert {
        "gold-ContinuousAssessmentCompleteTopic",
        "gold-ContinuousAssessmentResultsTopic",
    } < topics


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_no_arn_of_another_partition(deploy: Any, partition: str) -> None:
    deployed = deploy({}, partition=partition)
    partitions = set(re.findall(r"arn:([\w-]+):", json.dumps(deployed.resources)))
    assert partitions == {partition}


def test_the_template_names_no_partition() -> None:
    text = (ROOT / "template.yaml").read_text()
    patterns = [line for line in text.splitlines() if "AllowedPattern" in line]
    assert not re.findall(r"arn:aws[\w-]*:", text.replace("\n".join(patterns), "").replace("arn:aws[a-z-]*", ""))


def test_every_partition_has_a_console(deploy: Any) -> None:
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        deployed = deploy({}, partition=partition)
        outputs = {name: deployed.resolver.resolve(one["Value"]) for name, one in deployed.template["Outputs"].items()}
        assert outputs["ConsoleUrl"].startswith("https://console.")


def test_outputs_say_what_to_do_next(plain: Any) -> None:
    outputs = {name: plain.resolver.resolve(one["Value"]) for name, one in plain.template["Outputs"].items()}
    assert set(outputs) >= {
        "StateMachineArn",
        "StartCommand",
        "ConsoleUrl",
        "DashboardUrl",
        "ReportBucket",
        "LedgerTable",
        "ResultsTopicArn",
        "CompleteTopicArn",
        "ParameterName",
    }
    command = outputs["StartCommand"]
    assert json.loads(command.split("--input ")[1].strip("'")) == {"AMIsParamName": SAMPLE}


# ---------------------------------------------------------------- data


def test_data_outlives_the_stack_and_nothing_else_does(full: Any) -> None:
    """A first deployment that fails takes it away again (RetainExceptOnCreate): else its names keep the next from
    succeeding. UpdateReplacePolicy does not know that value.
    """
    of_deletion = {name: one.get("DeletionPolicy") for name, one in full.resources.items()}
    versions = set(full.of_type("AWS::Lambda::Version")) | {"StateMachineVersion"}  # which go with what they are of
    kept = {name for name, policy in of_deletion.items() if policy not in (None, "Delete")} - versions
    assert kept == {"Ledger", "ReportBucket", "ReportBucketPolicy", "OwnedConfiguration"}
    assert {of_deletion[name] for name in kept} == {"RetainExceptOnCreate"}
    of_replacement = {name for name, one in full.resources.items() if one.get("UpdateReplacePolicy") == "Retain"}
    of_functions = {f"{name}{part}" for name in full.functions() for part in ("", "Role", "Aliaslive")}
    assert of_replacement - versions - of_functions == kept
    assert not any("RoleName" in full.resources[f"{name}Role"]["Properties"] for name in full.functions())


def test_the_ledger_is_as_the_code_writes_it(plain: Any) -> None:
    table = plain.resources["Ledger"]["Properties"]
    assert table["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}


def test_the_bucket_is_private_versioned_and_tidied(plain: Any) -> None:
    bucket = plain.resources["ReportBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    of_runs, of_all, of_events = bucket["LifecycleConfiguration"]["Rules"]
    assert (of_events["Prefix"], of_events["ExpirationInDays"]) == ("scans/", 30)
    assert of_runs["Prefix"] == "runs/"
    assert "ExpirationInDays" not in of_all, "registers and configurations last"
    assert {
        "NoncurrentVersionExpiration",
        "AbortIncompleteMultipartUpload",
        "ExpiredObjectDeleteMarker",
    } < of_all.keys()
    assert "ObjectLockConfiguration" not in bucket


def test_reports_can_be_locked(full: Any) -> None:
    retention = full.resources["ReportBucket"]["Properties"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert (retention["Mode"], str(retention["Days"])) == ("GOVERNANCE", "30")


def test_an_update_never_writes_to_a_persons_parameter(plain: Any) -> None:
    """CloudFormation writes a parameter that it owns anew whenever any of its properties or stack tags change."""
    [sample] = plain.of_type("AWS::SSM::Parameter").values()
    assert sample["Properties"]["Name"] == SAMPLE
    assert sample["Properties"]["Name"] != plain.source["Parameters"]["ParameterName"]["Default"]


def test_the_sample_is_a_valid_configuration(plain: Any) -> None:
    from golden_ami.configuration import config

    parsed = config.parse(plain.resources["SampleConfiguration"]["Properties"]["Value"], "sample")
    assert [entry.ami_id.split(":")[0] for entry in parsed.amis] == ["resolve"]


def test_everything_is_encrypted(full: Any) -> None:
    assert all(one["Properties"]["KmsMasterKeyId"] == "TopicKey" for one in full.of_type("AWS::SNS::Topic").values())
    assert all(one["Properties"]["SqsManagedSseEnabled"] for one in full.of_type("AWS::SQS::Queue").values())


def test_logs_are_kept_for_as_long_as_said(plain: Any) -> None:
    assert all("RetentionInDays" in one["Properties"] for one in plain.of_type("AWS::Logs::LogGroup").values())
    groups = {one["Properties"]["LoggingConfig"]["LogGroup"] for one in plain.functions().values()}
    assert groups == {"FunctionLogs"}


# ---------------------------------------------------------------- events


def test_the_schedule_starts_the_walk_through_but_only_when_told_to(plain: Any, full: Any) -> None:
    schedule = plain.resources["AssessmentSchedule"]["Properties"]
    assert schedule["State"] == "DISABLED"
    assert full.resources["AssessmentSchedule"]["Properties"]["State"] == "ENABLED"
    assert json.loads(schedule["Target"]["Input"]) == {
        "AMIsParamName": "ContinuousAssessmentInput",
        "scheduledTime": "<aws.scheduler.scheduled-time>",
        "schedule": "<aws.scheduler.schedule-arn>",
    }
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}


def test_schedules_have_no_name_that_could_be_too_long(plain: Any) -> None:
    assert not [name for name, one in plain.of_type("AWS::Scheduler::Schedule").items() if "Name" in one["Properties"]]


def test_the_reaper_is_always_on(plain: Any) -> None:
    schedule = plain.resources["ReapSchedule"]["Properties"]
    assert (schedule["State"], schedule["ScheduleExpression"]) == ("ENABLED", "rate(30 minutes)")


def test_executions_that_no_catch_ends_are_seen(plain: Any) -> None:
    pattern = plain.resources["ExecutionEnded"]["Properties"]["EventPattern"]["$or"][0]
    assert pattern["detail"]["status"] == ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
    machine = f"arn:aws:states:{plain.region}:123456789012:stateMachine:StateMachine"
    assert pattern["detail"]["stateMachineArn"] == [machine, {"prefix": f"{machine}:"}]


def test_nothing_that_is_delivered_later_is_lost_in_silence(full: Any) -> None:
    queue = f"arn:aws:sqs:{full.region}:123456789012:DeadLetters"
    for schedule in full.of_type("AWS::Scheduler::Schedule").values():
        assert schedule["Properties"]["Target"]["DeadLetterConfig"] == {"Arn": queue}
        assert schedule["Properties"]["Target"]["RetryPolicy"]["MaximumRetryAttempts"] > 0
    for rule in full.of_type("AWS::Events::Rule").values():
        assert all(target["DeadLetterConfig"] == {"Arn": queue} for target in rule["Properties"]["Targets"])
    [resume] = [
        one for one in full.of_type("AWS::SNS::Subscription").values() if one["Properties"]["Protocol"] == "lambda"
    ]
    assert resume["Properties"]["RedrivePolicy"] == {"deadLetterTargetArn": queue}
    # A redrive policy is for messages that SNS cannot hand over; one that the function fails on is Lambda's.
    for name in ("Resume", "OnExecutionEnd", "Reap"):
        assert full.functions()[name]["Properties"]["DeadLetterConfig"] == {"TargetArn": queue}


def test_every_completion_of_inspector_reaches_the_topic(plain: Any) -> None:
    patterns = {
        (*pattern["source"], *pattern["detail-type"])
        for one in plain.of_type("AWS::Events::Rule").values()
        if one["Properties"]["Targets"][0]["Arn"].endswith("CompleteTopic")
        for pattern in one["Properties"]["EventPattern"]["$or"][:1]
    }
    assert patterns == {
        ("aws.inspector2", "Inspector2 Scan"),
        ("aws.inspector2", "Inspector2 OnDemand Scan Complete"),
    }


def test_findings_that_come_one_by_one_are_taken_in_batches(plain: Any) -> None:
    mapping = plain.resources["FindingsQueueMapping"]["Properties"]
    queue = plain.resources["FindingsQueue"]["Properties"]
    function = plain.functions()["StoreFindings"]["Properties"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}  # of 10 that a new account may have
    window = mapping["MaximumBatchingWindowInSeconds"]
    assert queue["VisibilityTimeout"] == 6 * function["Timeout"] + window
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert queue["RedrivePolicy"]["deadLetterTargetArn"].endswith(":DeadLetters")


# ---------------------------------------------------------------- alarms


def test_alarms_wake_somebody(full: Any) -> None:
    alarms = full.of_type("AWS::CloudWatch::Alarm")
    assert set(alarms) == {
        "RunFailedAlarm",
        "LongRunAlarm",
        "NoVerdictAlarm",
        "NoRunSucceededAlarm",
        "DeadLettersAlarm",
        "FindingsWaitAlarm",
        "ReaperActedAlarm",
    }
    topic = f"arn:aws:sns:{full.region}:123456789012:AlarmTopic"
    assert all(
        one["Properties"]["AlarmActions"] == one["Properties"]["OKActions"] == [topic] for one in alarms.values()
    )


def shown(widget: dict[str, Any]) -> set[tuple[str, ...]]:
    """The metrics of a widget as (namespace, name, dimension, value), its abbreviations written out."""
    found: set[tuple[str, ...]] = set()
    above: list[str] = []
    for row in widget["properties"].get("metrics", ()):
        texts = [part for part in row if isinstance(part, str)]
        if texts[:1] == ["..."]:
            texts = above[:-1] + texts[1:]
        above = [above[at] if part == "." else part for at, part in enumerate(texts)] or above
        if texts:
            found.add(tuple(above))
    return found


def test_dashboard_and_alarms_use_the_metrics_that_the_functions_write_and_all_of_them(plain: Any, full: Any) -> None:
    from golden_ami import metrics

    own = {(metrics.NAMESPACE, name, metrics.DIMENSION, plain.stack) for name in metrics.NAMES}
    body = json.loads(plain.resources["Dashboard"]["Properties"]["DashboardBody"])
    dashboard = set().union(*(shown(widget) for widget in body["widgets"]))
    assert {metric for metric in dashboard if not metric[0].startswith("AWS/")} == own
    for name, stack in (("ReaperActedAlarm", plain), ("NoRunSucceededAlarm", full)):
        alarm = stack.resources[name]["Properties"]
        assert alarm["Dimensions"] == [{"Name": metrics.DIMENSION, "Value": stack.stack}]
        assert (alarm["Namespace"], alarm["MetricName"]) in {(metrics.NAMESPACE, name) for name in metrics.NAMES}


def test_silence_is_an_alarm_only_while_the_schedule_is_on(plain: Any, full: Any) -> None:
    assert "NoRunSucceededAlarm" not in plain.resources
    alarm = full.resources["NoRunSucceededAlarm"]["Properties"]
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Period"] == 86400
    days = full.source["Parameters"]["SilenceDays"]
    assert days["MaxValue"] == 7  # CloudWatch looks back seven days at most with periods of an hour or more


def test_the_dashboard_is_valid_json_and_shows_every_function(plain: Any) -> None:
    body = json.loads(plain.resources["Dashboard"]["Properties"]["DashboardBody"])
    text = json.dumps(body)
    assert all(name in text for name in plain.functions())
    assert all(widget["properties"]["region"] == plain.region for widget in body["widgets"])


# ---------------------------------------------------------------- network


def test_instances_have_no_way_in_and_only_https_out(plain: Any) -> None:
    group = plain.resources["SecurityGroup"]["Properties"]
    assert "SecurityGroupIngress" not in group
    [out] = group["SecurityGroupEgress"]
    assert (out["IpProtocol"], out["FromPort"], out["ToPort"]) == ("tcp", 443, 443)


@pytest.mark.parametrize("network", NETWORKS)
def test_no_network_lets_anybody_in(deploy: Any, network: str) -> None:
    deployed = deploy(NETWORKS[network])
    groups = {name: one["Properties"] for name, one in deployed.of_type("AWS::EC2::SecurityGroup").items()}
    let_in = {name: one["SecurityGroupIngress"] for name, one in groups.items() if "SecurityGroupIngress" in one}
    assert let_in.keys() == ({"EndpointSecurityGroup"} if network == "own" else set())
    assert all("SourceSecurityGroupId" in rule and "CidrIp" not in rule for rules in let_in.values() for rule in rules)
    assert not deployed.of_type("AWS::EC2::SecurityGroupIngress")
    assert not any(one["Properties"]["MapPublicIpOnLaunch"] for one in deployed.of_type("AWS::EC2::Subnet").values())
    addresses = {
        one["Properties"]["Environment"]["Variables"]["PUBLIC_ADDRESS"] for one in deployed.functions().values()
    }
    assert addresses == {"true" if network == "public" else "false"}
    assert bool(deployed.of_type("AWS::EC2::InternetGateway")) == (network == "public")


def endpoints(deployed: Any) -> set[str]:
    return {
        one["Properties"]["ServiceName"].split(".")[-1] for one in deployed.of_type("AWS::EC2::VPCEndpoint").values()
    }


def test_the_own_network_reaches_what_agents_need_and_not_the_internet(plain: Any, full: Any) -> None:
    kinds = {one["Type"] for one in plain.resources.values()}
    assert not kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route"}
    assert endpoints(plain) == {"ssm", "ssmmessages", "ec2messages", "s3"}
    assert endpoints(full) == endpoints(plain) | {"inspector2", "inspector2-telemetry"}
