"""The own metrics, in CloudWatch's embedded metric format: one line of the log a run. See docs/operations.md."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from golden_ami.models import SEVERITIES, Severity, Verdict

NAMESPACE = "GoldenAmi"
DIMENSION = "Stack"  # the only one: a dimension more makes another metric, which is billed

FINDINGS: dict[Severity, str] = {severity: f"{severity.capitalize()}Findings" for severity in SEVERITIES}
AMIS: dict[Verdict, str] = {"PASS": "AmisPassed", "FAIL": "AmisFailed", "NOT_ASSESSED": "AmisNotAssessed"}
DURATION = "RunDuration"  # seconds, from the execution's start to its report
SUCCEEDED = "AssessmentsSucceeded"
REAPED = "ReapedInstances"
NAMES = frozenset({*FINDINGS.values(), *AMIS.values(), DURATION, SUCCEEDED, REAPED})


def of_run(
    stack: str, findings: Mapping[Severity, int], amis: Mapping[Verdict, int], seconds: int, *, succeeded: bool
) -> None:
    """Write a run's metrics: findings by severity, AMIs by verdict, the duration, whether it had no fault."""
    counts = {name: findings.get(severity, 0) for severity, name in FINDINGS.items()}
    counts |= {name: amis[verdict] for verdict, name in AMIS.items()}
    counts[SUCCEEDED] = int(succeeded)
    _write(stack, counts, {DURATION: seconds})


def of_success(stack: str) -> None:
    """Write that a run of which the metrics are written has succeeded after all: it was redriven."""
    _write(stack, {SUCCEEDED: 1})


def of_reaper(stack: str, terminated: int) -> None:
    """Write how many instances the reaper terminated."""
    _write(stack, {REAPED: terminated})


def _write(stack: str, counts: Mapping[str, int], seconds: Mapping[str, int] | None = None) -> None:
    metrics = EphemeralMetrics(namespace=NAMESPACE)
    metrics.add_dimension(DIMENSION, stack)
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    for name, duration in (seconds or {}).items():
        metrics.add_metric(name, MetricUnit.Seconds, duration)
    metrics.flush_metrics()
