"""What events the template waits for and where they go; when each alarm goes off."""

from __future__ import annotations

from typing import Any

import pytest

from golden_ami import probes
from golden_ami_emulator.event_api import check_pattern

HERE = "eu-central-1:123456789012"
QUEUE = {"Arn": f"arn:aws:sqs:{HERE}:DeadLetters"}
MACHINE = f"arn:aws:states:{HERE}:stateMachine:StateMachine"
TO_TOPIC = [{"Id": "complete-topic", "Arn": f"arn:aws:sns:{HERE}:CompleteTopic", "DeadLetterConfig": QUEUE}]

# Patterns and targets. The events are those of the Inspector User Guide, "EventBridge integration", and of the Step
# Functions Developer Guide, "EventBridge events".
RULES: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "ExecutionEnded": (
        {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {
                "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
                "stateMachineArn": [MACHINE, {"prefix": f"{MACHINE}:"}],
            },
        },
        [
            {
                "Id": "on-execution-end",
                "Arn": f"arn:aws:lambda:{HERE}:function:OnExecutionEnd:live",
                "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 20},
                "DeadLetterConfig": QUEUE,
            }
        ],
    ),
    "InstanceScanned": (
        {
            "source": ["aws.inspector2"],
            "detail-type": ["Inspector2 Scan"],
            "detail": {"scan-status": ["INITIAL_SCAN_COMPLETE"], "instance-id": [{"exists": True}]},
        },
        TO_TOPIC,
    ),
    "AmiScanned": (
        {"source": ["aws.inspector2"], "detail-type": ["Inspector2 OnDemand Scan Complete"]},
        TO_TOPIC,
    ),
    "AmiFinding": (
        {"source": ["inspector2.ami.ondemand"], "detail-type": ["OnDemand AMI Scan Findings"]},
        [{"Id": "findings-queue", "Arn": f"arn:aws:sqs:{HERE}:FindingsQueue", "DeadLetterConfig": QUEUE}],
    ),
}


def probe(rule: str) -> dict[str, Any]:
    """What matches a probe that is sent for this rule of this stack."""
    detail = {"rule": [rule], "stack": ["gold"]}
    return {"source": [probes.SOURCE], "detail-type": [probes.DETAIL_TYPE], "detail": detail}


def test_every_rule_takes_these_events_and_no_others(full: Any) -> None:
    found = full.of_type("AWS::Events::Rule")
    assert found.keys() == RULES.keys() == set(probes.RULES)
    for name, (pattern, targets) in RULES.items():
        rule = found[name]["Properties"]
        check_pattern(rule["EventPattern"])
        assert rule["EventPattern"] == {"$or": [pattern, probe(name)]}, name
        assert rule["Targets"] == targets, name
        assert rule.get("State", "ENABLED") == "ENABLED", name


def test_schedules_invoke_these_targets(full: Any) -> None:
    targets = {name: one["Properties"]["Target"] for name, one in full.of_type("AWS::Scheduler::Schedule").items()}
    assert {
        name: (target["Arn"], target["RoleArn"], target["Input"], target["RetryPolicy"])
        for name, target in targets.items()
    } == {
        "AssessmentSchedule": (
            f"{MACHINE}:live",
            "arn:aws:iam::123456789012:role/AssessmentScheduleRole",
            '{"AMIsParamName": "ContinuousAssessmentInput", "scheduledTime": "<aws.scheduler.scheduled-time>", '
            '"schedule": "<aws.scheduler.schedule-arn>"}',
            {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 5},
        ),
        "ReapSchedule": (
            f"arn:aws:lambda:{HERE}:function:Reap:live",
            "arn:aws:iam::123456789012:role/ReapScheduleRole",
            "{}",
            {"MaximumEventAgeInSeconds": 1800, "MaximumRetryAttempts": 5},
        ),
    }


# ---------------------------------------------------------------- alarms


def of_states(metric: str, statistic: str) -> dict[str, Any]:
    """A metric of the state machine, over five minutes."""
    dimensions = [{"Name": "StateMachineArn", "Value": MACHINE}]
    return {
        "Metric": {"Namespace": "AWS/States", "MetricName": metric, "Dimensions": dimensions},
        "Period": 300,
        "Stat": statistic,
    }


def query(name: str, metric: str, statistic: str) -> dict[str, Any]:
    return {"Id": name, "ReturnData": False, "MetricStat": of_states(metric, statistic)}


def own(metric: str) -> dict[str, Any]:
    """A metric of the stack's own."""
    return {"Namespace": "GoldenAmi", "MetricName": metric, "Dimensions": [{"Name": "Stack", "Value": "gold"}]}


REFUSED = {
    "Id": "refused",
    "ReturnData": False,
    "MetricStat": {"Metric": own("StartsRefused"), "Period": 300, "Stat": "Sum"},
}
AT_ONCE = {
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 0,
    "EvaluationPeriods": 1,
    "TreatMissingData": "notBreaching",
}
ALARMS: dict[str, dict[str, Any]] = {
    "RunFailedAlarm": {
        "AlarmName": "gold-run-failed",
        "Metrics": [
            {
                "Id": "ended",
                "Expression": "FILL(failed, 0) + FILL(timedout, 0) - FILL(refused, 0)",
                "ReturnData": True,
            },
            query("failed", "ExecutionsFailed", "Sum"),
            query("timedout", "ExecutionsTimedOut", "Sum"),
            REFUSED,
        ],
        **AT_ONCE,
    },
    "NoVerdictAlarm": {
        "AlarmName": "gold-no-verdict",
        **own("RunsWithoutVerdict"),
        "Statistic": "Sum",
        "Period": 300,
        **AT_ONCE,
    },
    "LongRunAlarm": {  # the reaper, which comes every half hour, writes 0 where nothing runs
        "AlarmName": "gold-run-too-long",
        **own("OldestRunHours"),
        "Statistic": "Maximum",
        "Period": 3600,
        **AT_ONCE,
        "Threshold": "6",
        "TreatMissingData": "missing",
        "InsufficientDataActions": [f"arn:aws:sns:{HERE}:AlarmTopic"],
    },
    "NoRunSucceededAlarm": {
        "AlarmName": "gold-no-run-succeeded",
        **own("AssessmentsSucceeded"),  # an execution that ended as a duplicate counts in AWS/States, and not here
        "Statistic": "Sum",
        "Period": 86400,
        "EvaluationPeriods": "2",
        "Threshold": 1,
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "breaching",
    },
    "FindingsWaitAlarm": {
        "AlarmName": "gold-findings-wait",
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": "FindingsQueue.QueueName"}],
        "Statistic": "Maximum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 1200,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    },
    "DeadLettersAlarm": {
        "AlarmName": "gold-dead-letters",
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": "DeadLetters.QueueName"}],
        "Statistic": "Maximum",
        "Period": 300,
        **AT_ONCE,
    },
    "ReaperActedAlarm": {
        "AlarmName": "gold-reaper-acted",
        **own("ReapedInstances"),
        "Statistic": "Sum",
        "Period": 300,
        **AT_ONCE,
    },
}
TOPIC = [f"arn:aws:sns:{HERE}:AlarmTopic"]


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_goes_off_as_said(full: Any, name: str) -> None:
    properties = dict(full.resources[name]["Properties"])
    assert properties.pop("AlarmDescription")
    assert properties.pop("AlarmActions") == TOPIC
    assert properties.pop("OKActions") == TOPIC, "who was told of it is told that it is over"
    assert properties == ALARMS[name]


def test_there_is_no_other_alarm(full: Any) -> None:
    assert full.of_type("AWS::CloudWatch::Alarm").keys() == ALARMS.keys()


def test_the_thresholds_that_a_person_chooses_are_the_parameters(deploy: Any) -> None:
    chosen = deploy({"LongRunHours": "9", "SilenceDays": "5", "ScheduleState": "ENABLED"})
    assert chosen.resources["LongRunAlarm"]["Properties"]["Threshold"] == "9"
    assert chosen.resources["NoRunSucceededAlarm"]["Properties"]["EvaluationPeriods"] == "5"
