"""The own metrics, in CloudWatch's embedded metric format: one line of the log a run. See docs/operations.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from golden_ami.models import SEVERITIES, Severity, Verdict

NAMESPACE = "GoldenAmi"
DIMENSION = "Stack"  # the only one: a dimension more makes another metric, which is billed

FINDINGS: dict[Severity, str] = {severity: f"{severity.capitalize()}Findings" for severity in SEVERITIES}
AMIS: dict[Verdict, str] = {"PASS": "AmisPassed", "FAIL": "AmisFailed", "NOT_ASSESSED": "AmisNotAssessed"}
DURATION = "RunDuration"  # seconds, from the execution's start to its report
SUCCEEDED = "AssessmentsSucceeded"
WITHOUT_VERDICT = "RunsWithoutVerdict"
REFUSED = "StartsRefused"
REAPED = "ReapedInstances"
OLDEST = "OldestRunHours"  # CloudWatch has no unit for hours
NAMES = frozenset({*FINDINGS.values(), *AMIS.values(), DURATION, SUCCEEDED, WITHOUT_VERDICT, REFUSED, REAPED, OLDEST})


class Outcome(NamedTuple):
    """How a run ended, beside its verdict."""

    succeeded: bool  # without a fault
    without_verdict: bool = False  # it succeeded, something was to be assessed, and no AMI passed or failed
    refused: bool = False  # Load Config refused what a person or a pipeline started; the starter is told at once


def of_run(
    stack: str, findings: Mapping[Severity, int], amis: Mapping[Verdict, int], seconds: int, outcome: Outcome
) -> None:
    """Write a run's metrics: findings by severity, AMIs by verdict, the duration, how it ended."""
    counts = {name: findings.get(severity, 0) for severity, name in FINDINGS.items()}
    counts |= {name: amis[verdict] for verdict, name in AMIS.items()}
    counts |= {SUCCEEDED: outcome.succeeded, WITHOUT_VERDICT: outcome.without_verdict, REFUSED: outcome.refused}
    _write(stack, counts, {DURATION: seconds})


def of_success(stack: str) -> None:
    """Write that a run of which the metrics are written has succeeded after all: it was redriven."""
    _write(stack, {SUCCEEDED: 1})


def of_reaper(stack: str, terminated: int) -> None:
    """Write how many instances the reaper terminated."""
    _write(stack, {REAPED: terminated})


def of_running(stack: str, hours: float) -> None:
    """Write for how long the oldest RUNNING execution has run; 0 without one."""
    _write(stack, {}, {}, {OLDEST: round(hours, 2)})


def _write(
    stack: str,
    counts: Mapping[str, int],
    seconds: Mapping[str, int] | None = None,
    plain: Mapping[str, float] | None = None,
) -> None:
    metrics = EphemeralMetrics(namespace=NAMESPACE)
    metrics.add_dimension(DIMENSION, stack)
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, int(count))
    for name, duration in (seconds or {}).items():
        metrics.add_metric(name, MetricUnit.Seconds, duration)
    for name, value in (plain or {}).items():
        metrics.add_metric(name, MetricUnit.NoUnit, value)
    metrics.flush_metrics()
