"""Faults of EC2, Inspector and the services below, and of the configuration."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from golden_ami.engines.ami.coverage import FAULT
from golden_ami.reasons import incomplete, scanning
from golden_ami_emulator.calls import Call, client_error
from golden_ami_emulator.faults import quotas, zones
from golden_ami_emulator.faults.fault import ALL, LAUNCHING, InjectableFault, Injection, behaves

OUTAGE = 120.0  # emulated seconds for which a service fails
_BUSY = 20.0  # emulated seconds
_REFUSED_TERMINATION = 200.0
_LISTED_AFTER = 90.0  # emulated seconds; for as long again every second answer lacks the instance
_EVERY = 1_000_000  # scans
_ENDLESS = 14_000  # emulated seconds: beyond every deadline of a run, and over before the next trial


def faults() -> Iterator[InjectableFault]:
    """Of EC2, Inspector, Security Hub, DynamoDB, S3 and SNS, and of who changes the configuration meanwhile."""
    yield from _ec2()
    yield from zones.faults()
    yield from quotas.faults()
    yield from _inspector()
    yield from _on_demand()
    yield InjectableFault(
        "securityhub.off",
        "Security Hub is off where the AMIs' tags are to be written on findings in it",
        _hub_off,
        costs=False,
        engines=frozenset({"instance"}),
    )
    for service, name in (("dynamodb", "DynamoDB"), ("s3", "S3"), ("sns", "SNS")):
        yield InjectableFault(
            f"{service}.failing",
            f"{name} answers 5xx for {OUTAGE:.0f} seconds, from its first call after Load Config on",
            lambda injection, service=service: _outage(injection, service),  # type: ignore[misc]
            words=("ServiceFault", "States.Timeout", "time-out"),
        )
    yield InjectableFault(
        "lambda.concurrency-10",
        f"the account runs ten invocations at once, others than ours use eight, and each takes {_BUSY:.0f} seconds",
        _little_concurrency,
        costs=False,
    )
    yield InjectableFault(
        "configuration.changed-while-running",
        "somebody replaces the configuration while the run is under way",
        _changed_configuration,
        costs=False,
    )


def _little_concurrency(injection: Injection) -> None:
    injection.name()
    injection.set(injection.aws.functions.concurrency, "limit", 2)
    injection.set(injection.aws.functions.concurrency, "held", _BUSY)


def _ec2() -> Iterator[InjectableFault]:
    codes = (
        ("insufficient-capacity", "InsufficientInstanceCapacity", "has no capacity for any launch"),
        ("vcpu-limit", "VcpuLimitExceeded", "refuses every launch: the account's vCPUs are used up"),
    )
    for name, code, about in codes:
        yield InjectableFault(
            f"ec2.{name}",
            f"EC2 {about}",
            lambda injection, code=code: _refused(injection, code),  # type: ignore[misc]
            words=(code,),
            engines=LAUNCHING,
        )
    yield InjectableFault(
        "ec2.one-bad-ami",
        "EC2 refuses to launch the first AMI; the others are well",
        lambda injection: _refused(injection, "InvalidAMIID.Unavailable", injection.amis[0]),
        words=("InvalidAMIID.Unavailable",),
        engines=LAUNCHING,
    )
    yield InjectableFault(
        "ec2.launch-listed-late",
        f"EC2 tells of an instance {_LISTED_AFTER:.0f} seconds after its launch, and launch-instances dies before it "
        "has the answer",
        _listed_late,
        costs=False,
        engines=LAUNCHING,
        companions=("launch-instances.crash-after",),
    )
    yield InjectableFault(
        "ec2.describe-lags",
        f"EC2 does not know an instance for {_LISTED_AFTER:.0f} seconds after its launch, by listing or by id, and for "
        "as long again in every second answer",
        _listed_late,
        costs=False,
        engines=LAUNCHING,
    )
    yield InjectableFault(
        "ec2.dies-booting",
        "the first AMI's instance terminates itself 60 seconds after its launch",
        lambda injection: behaves(injection, injection.amis[0], instance_dies_after=60),
        words=(scanning.INSTANCE_DIED.code, "TERMINATED"),
        engines=LAUNCHING,
    )
    yield InjectableFault(
        "ec2.dies-scanning",
        "the first AMI's instance terminates itself while it is scanned",
        lambda injection: behaves(injection, injection.amis[0], instance_dies_after=500, scan_seconds=900),
        words=("RESOURCE_TERMINATED", scanning.AGENT_SENT_NOTHING.code),
        engines=LAUNCHING,
    )
    yield InjectableFault(
        "ec2.terminate-failing",
        f"EC2 fails to terminate anything for {_REFUSED_TERMINATION:.0f} seconds",
        _termination_fails,
        costs=False,
        engines=LAUNCHING,
    )


def _inspector() -> Iterator[InjectableFault]:
    yield InjectableFault(
        "inspector.agent-never-healthy",
        "the agent on the first AMI's instance never answers",
        lambda injection: behaves(injection, injection.amis[0], agent_after=None),
        words=("AGENT",),
        engines=LAUNCHING,
    )
    results = (
        ("run-fails", "FAILED", "INTERNAL_ERROR", "fails", ("FAILED", "INTERNAL_ERROR"), True),
        (
            "run-ends-with-errors",
            "COMPLETED_WITH_ERRORS",
            "DEEP_INSPECTION_COLLECTION_TIME_LIMIT_EXCEEDED",
            "ends with errors",
            (incomplete.LANGUAGE_PACKAGES_INCOMPLETE.code,),
            True,
        ),
        ("run-cancelled", "CANCELED", "RESOURCE_TERMINATED", "is cancelled", ("CANCELED", "TERMINATED"), True),
        ("never-ends", "", "SCAN_IN_PROGRESS", "never ends", (scanning.COMPLETION_DEADLINE.code,), True),
    )
    for name, classic, other, about, words, costs in results:
        changes = {"scan_result": other} | ({"classic_result": classic} if classic else {})
        never = name == "never-ends"
        yield InjectableFault(
            f"inspector.{name}",
            f"the first AMI's scan (with Classic, the run) {about}",
            lambda injection, changes=changes, never=never: behaves(  # type: ignore[misc]
                injection, injection.amis[0], **(changes | ({"scan_seconds": _ENDLESS} if never else {}))
            ),
            costs=costs,
            words=words,
            engines=ALL - {"classic"} if never else ALL,
        )
    yield InjectableFault(
        "inspector.findings-paging-fails",
        "Inspector answers 5xx half way through the findings, three times",
        _paging_fails,
        costs=False,
        engines=LAUNCHING,
    )
    yield InjectableFault(
        "inspector.findings-late",
        "Inspector lists the last finding of each instance only 120 seconds after its scan",
        lambda injection: behaves(injection, "*", listing_late=120),
        costs=False,
        engines=frozenset({"instance"}),
    )
    yield InjectableFault(
        "inspector.findings-events-lost",
        "the first event with a finding of each AMI is lost",
        lambda injection: behaves(injection, "*", findings_events_lost=1),
        costs=False,
        engines=frozenset({"ami"}),
    )


def _on_demand() -> Iterator[InjectableFault]:
    yield InjectableFault(
        "inspector.scan-internal-error",
        "the first on-demand scan of each AMI ends with INTERNAL_ERROR, a second one as it should",
        lambda injection: behaves(injection, "*", internal_errors=1),
        costs=False,
        engines=frozenset({"ami"}),
    )
    yield InjectableFault(
        "inspector.scan-internal-error-for-ever",
        "every on-demand scan ends with INTERNAL_ERROR",
        lambda injection: behaves(injection, "*", internal_errors=_EVERY),
        words=(FAULT,),
        engines=frozenset({"ami"}),
    )


def _hub_off(injection: Injection) -> None:
    struck = injection.name

    def rule(call: Call) -> BaseException | None:
        if call.service != "securityhub":
            return None
        struck()
        text = f"Account {injection.aws.account} is not subscribed to AWS Security Hub"
        return client_error("InvalidAccessException", call.operation, text, 401)

    injection.before(rule)


def _listed_late(injection: Injection) -> None:
    injection.name()
    injection.set(injection.aws.launches, "listed_after", _LISTED_AFTER)


def _refused(injection: Injection, code: str, ami: str = "") -> None:
    struck = injection.name

    def rule(call: Call) -> BaseException | None:
        if call.operation != "RunInstances" or (ami and call.parameters["ImageId"] != ami):
            return None
        struck()
        return client_error(code, call.operation, f"{code}, says EC2")

    injection.before(rule)


def _termination_fails(injection: Injection) -> None:
    struck, first = injection.name, [0.0]

    def rule(call: Call) -> BaseException | None:
        if call.operation != "TerminateInstances":
            return None
        first[0] = first[0] or time.time()
        if time.time() > first[0] + _REFUSED_TERMINATION:
            return None
        struck()
        return client_error("InternalError", call.operation, "EC2 had an internal error", 500)

    injection.before(rule)


def _outage(injection: Injection, service: str) -> None:
    struck, first = injection.name, [0.0]

    def rule(call: Call) -> BaseException | None:
        if call.service != service or injection.function(call) in ("", "load-config"):
            return None
        first[0] = first[0] or time.time()
        if time.time() > first[0] + OUTAGE:
            return None
        struck()
        return client_error("InternalServerError", call.operation, f"{service} is out of order", 500)

    injection.before(rule)


def _paging_fails(injection: Injection) -> None:
    struck, left = injection.name, [3]
    half_way = frozenset({"BatchGetFindingDetails", "DescribeFindings"})

    def rule(call: Call) -> BaseException | None:
        if call.operation not in half_way and "nextToken" not in call.parameters:
            return None
        if injection.function(call) != "tag-findings" or call.service not in ("inspector", "inspector2"):
            return None
        if left[0] <= 0:
            return None
        left[0] -= 1
        struck()
        return client_error("InternalServerException", call.operation, "Inspector is out of order", 500)

    injection.before(rule)


def _changed_configuration(injection: Injection) -> None:
    struck = injection.name

    def entered(arn: str, state: str) -> None:
        if state != "Plan Wave":
            return
        struck()
        execution = injection.aws.client("stepfunctions").describe_execution(executionArn=arn)
        parameter = json.loads(execution["input"])["AMIsParamName"]
        other = json.dumps([{"amiId": "ami-0fffffffffffffff0"}])
        injection.aws.client("ssm").put_parameter(Name=parameter, Value=other, Type="String", Overwrite=True)

    injection.entered(entered)
