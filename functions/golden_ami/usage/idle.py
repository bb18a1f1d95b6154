"""What the stack costs in a month in which nothing runs, by its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from golden_ami.engines.base import Amount
from golden_ami.places import Place
from golden_ami.usage.estimate import INVOCATIONS, LAMBDA, Item
from golden_ami.usage.history import FUNCTION_GB

HOURS = 730  # of a month, as AWS bills storage and its calculator reckons
ENDPOINTS, KEY, ALARMS, DASHBOARD = "Interface endpoints", "KMS key of the topics", "Alarms", "Dashboard"
_REAPS = 2 * HOURS  # template.yaml, ReapSchedule: rate(30 minutes)
_SECONDS = (0.2, 5.0)  # of one; an assumption, as for the functions of a run
# While a queue is empty, Lambda's pollers receive from it with long polling (Lambda Developer Guide, "Using Lambda with
# Amazon SQS"). Two to five of them, of which each waits 20 seconds, the longest of SQS, is an assumption.
_POLLS = (2 * HOURS * 180, 5 * HOURS * 180)
# What CloudWatch's page of prices counts: an alarm on an expression has one for each metric that it lists.
_ALARM_METRICS, _SILENCE_ALARM_METRICS = 8, 1
# Each of a key's first two rotations adds the price of one (KMS Developer Guide, "AWS KMS pricing for key storage").
_KEY_MONTHS = {"disk": (0, 0), "key": (1, 1), "rotated-key": (1, 3)}


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
    topics: str = "key"  # how topics are encrypted, TopicEncryption
    alarms: bool = True
    dashboard: bool = True

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
            # a stack that was deployed before there was this choice has a key that is rotated every year
            topics=parameters.get("TopicEncryption", "rotated-key"),
            alarms=parameters.get("CreateAlarms") != "false",
            dashboard=parameters.get("CreateDashboard") != "false",
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
    alarms = stack.alarms * (_ALARM_METRICS + stack.scheduled * _SILENCE_ALARM_METRICS)
    seconds = (_REAPS * FUNCTION_GB * _SECONDS[0], _REAPS * FUNCTION_GB * _SECONDS[1])
    amounts = [
        Amount(KEY, "key months", _KEY_MONTHS[stack.topics], "kms_key_month"),
        Amount(ALARMS, "alarm metric months", (alarms, alarms), "alarm_month"),
        Amount(DASHBOARD, "dashboard months", (int(stack.dashboard), int(stack.dashboard)), "dashboard_month"),
        Amount("Metric of the oldest run", "metric months", (1, 1), "metric_month"),
        Amount(f"Reaper: {LAMBDA}", "GB-s", seconds, "lambda_gb_second"),
        Amount(f"Reaper: {INVOCATIONS}", "invocations", (_REAPS, _REAPS), "lambda_request"),
        Amount("Queue, while it is empty", "requests", _POLLS, "sqs_request"),
    ]
    return [*network(stack, home), *(Item(amount, home) for amount in amounts if amount.between[1])]
