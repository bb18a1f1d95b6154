"""What the stack costs in a month in which nothing runs, by its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from golden_ami.engines.base import Amount
from golden_ami.places import Place
from golden_ami.usage.estimate import INVOCATIONS, LAMBDA, Item
from golden_ami.usage.history import FUNCTION_GB

HOURS = 730  # of a month, as AWS bills storage and its calculator reckons
ENDPOINTS = "Interface endpoints"
_REAPS = 2 * HOURS  # template.yaml, ReapSchedule: rate(30 minutes)
_SECONDS = (0.2, 5.0)  # of one; an assumption, as for the functions of a run
# run-failed looks at three metrics. Whether such an alarm is billed as one or by its metrics, no source says for sure.
_MORE_METRICS = 2
# While a queue is empty, Lambda's pollers receive from it with long polling (Lambda Developer Guide, "Using Lambda with
# Amazon SQS"). Two to five of them, of which each waits 20 seconds, the longest of SQS, is an assumption.
_POLLS = (2 * HOURS * 180, 5 * HOURS * 180)


@dataclass(frozen=True)
class Stack:
    """The parameters of the template that the bill depends on, with its defaults."""

    network: str = "own"
    zones: int = 1  # in which each interface endpoint is
    cis: bool = False
    enhanced: bool = False  # with the endpoint of Enhanced EC2 Scanning
    scheduled: bool = True  # with the alarm on silence
    retention_days: int = 400
    email: bool = True

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Stack:
        """As CloudFormation tells the parameters of a deployed stack."""
        named = len([zone for zone in parameters.get("AvailabilityZones", "").split(",") if zone])
        everywhere = parameters.get("EndpointZones") == "all"
        return cls(
            network=parameters.get("Network", cls.network),
            zones=(named or 2) if everywhere else 1,
            cis=parameters.get("CisBenchmark") == "true",
            enhanced=parameters.get("EnhancedScanning") == "true",
            scheduled=parameters.get("ScheduleState") == "ENABLED",
            retention_days=int(parameters.get("ReportRetentionDays", cls.retention_days)),
            email=bool(parameters.get("NotificationEmail")),
        )

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The services that an interface endpoint stands for; that of S3 is a gateway, which costs nothing."""
        if self.network != "own":
            return ()
        optional = {"inspector2": self.cis, "inspector2-telemetry": self.enhanced}
        return ("ssm", "ssmmessages", "ec2messages", *(name for name, wanted in optional.items() if wanted))


def network(stack: Stack, home: Place) -> list[Item]:
    """What the network costs, whether anything runs or not."""
    hours = len(stack.endpoints) * stack.zones * HOURS
    amount = Amount(ENDPOINTS, "endpoint hours", (hours, hours), "interface_endpoint_hour")
    return [Item(amount, home)] if hours else []


def idle(stack: Stack, home: Place) -> list[Item]:
    """What a month costs without a run: network, key, alarms, dashboard, reaper and its metric, queue's pollers."""
    alarms = 7 if stack.scheduled else 6
    seconds = (_REAPS * FUNCTION_GB * _SECONDS[0], _REAPS * FUNCTION_GB * _SECONDS[1])
    amounts = [
        Amount("KMS key of the topics", "key months", (1, 1), "kms_key_month"),
        Amount("Alarms", "alarm months", (alarms, alarms + _MORE_METRICS), "alarm_month"),
        Amount("Dashboard", "dashboard months", (1, 1), "dashboard_month"),
        Amount("Metric of the oldest run", "metric months", (1, 1), "metric_month"),
        Amount(f"Reaper: {LAMBDA}", "GB-s", seconds, "lambda_gb_second"),
        Amount(f"Reaper: {INVOCATIONS}", "invocations", (_REAPS, _REAPS), "lambda_request"),
        Amount("Queue, while it is empty", "requests", _POLLS, "sqs_request"),
    ]
    return [*network(stack, home), *(Item(amount, home) for amount in amounts)]
