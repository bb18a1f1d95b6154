"""The states of CloudWatch's alarms, from the metrics that the emulated account has published.

moto keeps an alarm and does not evaluate it. Here its state at an instant is calculated as CloudWatch does (User Guide,
"Alarm evaluation", "Configuring how CloudWatch alarms treat missing data"): of the last EvaluationPeriods periods up to
the instant, each data point against the threshold. Where none breaches or misses as it is to be treated, it is OK; with
nothing but missing ones, which are treated as missing, INSUFFICIENT_DATA. CloudWatch looks some periods further back
before it says that.
"""

from __future__ import annotations

import ast
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from golden_ami_emulator.embedded import Embedded

AlarmState = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]

# Of Step Functions, by an execution's status (Developer Guide, "Monitoring Step Functions metrics using CloudWatch").
_ENDED = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
_STATISTICS: dict[str, Callable[[list[float]], float]] = {"Sum": sum, "Maximum": max, "Minimum": min}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Datum(NamedTuple):
    """One value of a metric."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    value: float
    at: datetime


def alarm_states(aws: Embedded, at: datetime | None = None) -> dict[str, AlarmState]:
    """The state of every alarm of the account's Region by its name, now or at an earlier instant.

    Metrics of queues are those of now. Raises ValueError for what an alarm has and is not known here.
    """
    data = list(published(aws))
    instant = at or datetime.now(UTC)
    return {alarm["AlarmName"]: _state(alarm, data, instant) for alarm in _alarms(aws)}


def raised_since(aws: Embedded, begin: datetime) -> set[str]:
    """The names of the alarms that were raised at any minute since an instant: CloudWatch evaluates each minute."""
    data, alarms, now = list(published(aws)), _alarms(aws), datetime.now(UTC)
    minutes = [begin + timedelta(minutes=number) for number in range(int((now - begin) / timedelta(minutes=1)) + 1)]
    return {one["AlarmName"] for one in alarms if any(_state(one, data, at) == "ALARM" for at in minutes)}


def _alarms(aws: Embedded) -> list[Mapping[str, Any]]:
    alarms: list[Mapping[str, Any]] = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return alarms


# ---------------------------------------------------------------- what was published


def published(aws: Embedded) -> Iterator[Datum]:
    """Every value that the account's metrics have, as far as alarms of the template look at them."""
    yield from _of_executions(aws)
    yield from _of_queues(aws)
    for function in aws.client("lambda").list_functions()["Functions"]:
        for line in aws.functions.logs(function["FunctionName"]):
            yield from _embedded(line)


def _of_executions(aws: Embedded) -> Iterator[Datum]:
    states, machine = aws.client("stepfunctions"), aws.outputs["StateMachineArn"]
    dimensions = frozenset({("StateMachineArn", machine)})
    for page in states.get_paginator("list_executions").paginate(stateMachineArn=machine):
        for execution in page["executions"]:
            if name := _ENDED.get(execution["status"]):
                stopped = states.describe_execution(executionArn=execution["executionArn"])["stopDate"]
                yield Datum("AWS/States", name, dimensions, 1.0, stopped)


def _of_queues(aws: Embedded) -> Iterator[Datum]:
    from moto.sqs.models import sqs_backends

    now = datetime.now(UTC)
    for queue in sqs_backends[aws.account][aws.region].queues.values():
        held: list[Any] = queue._messages
        dimensions, visible = frozenset({("QueueName", str(queue.name))}), sum(one.visible for one in held)
        oldest = max((now.timestamp() - one.sent_timestamp / 1000 for one in held), default=0.0)
        yield Datum("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimensions, float(visible), now)
        yield Datum("AWS/SQS", "ApproximateAgeOfOldestMessage", dimensions, oldest, now)


def _embedded(line: str) -> Iterator[Datum]:
    """What a line of a log publishes in the embedded metric format (CloudWatch User Guide, its specification)."""
    if '"_aws"' not in line:
        return
    told: Any = json.loads(line)
    at = datetime.fromtimestamp(told["_aws"]["Timestamp"] / 1000, UTC)
    for directive in told["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = frozenset((name, str(told[name])) for name in names)
            for metric in directive["Metrics"]:
                values = told[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    yield Datum(directive["Namespace"], metric["Name"], dimensions, float(value), at)


# ---------------------------------------------------------------- what an alarm makes of it


def _state(alarm: Mapping[str, Any], data: Iterable[Datum], instant: datetime) -> AlarmState:
    listed, count = list(data), int(alarm["EvaluationPeriods"])
    seconds = int(alarm.get("Period") or _stats(alarm)[0]["Period"])
    values = [_value(alarm, listed, instant - timedelta(seconds=seconds * number), seconds) for number in range(count)]
    if alarm["TreatMissingData"] == "missing":
        values = [value for value in values if value is not None]
    if not values:
        return "INSUFFICIENT_DATA"
    return "ALARM" if all(_breaches(alarm, value) for value in values) else "OK"


def _breaches(alarm: Mapping[str, Any], value: float | None) -> bool:
    if value is None:
        return {"breaching": True, "notBreaching": False}[alarm["TreatMissingData"]]
    return _COMPARISONS[alarm["ComparisonOperator"]](value, float(alarm["Threshold"]))


def _stats(alarm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one["MetricStat"] for one in alarm["Metrics"] if "MetricStat" in one]


def _value(alarm: Mapping[str, Any], data: Iterable[Datum], end: datetime, seconds: int) -> float | None:
    """What the alarm watches, of the period that ends at an instant; None where there is no data."""
    begin = end - timedelta(seconds=seconds)
    within = [datum for datum in data if begin < datum.at <= end]
    if not alarm.get("Metrics"):
        return _statistic(alarm, alarm["Statistic"], within)
    values = {
        one["Id"]: _statistic(one["MetricStat"]["Metric"], one["MetricStat"]["Stat"], within)
        for one in alarm["Metrics"]
        if "MetricStat" in one
    }
    [expression] = [one["Expression"] for one in alarm["Metrics"] if one.get("Expression")]
    return _calculated(ast.parse(expression, mode="eval").body, values)


def _statistic(metric: Mapping[str, Any], statistic: str, data: Iterable[Datum]) -> float | None:
    dimensions = frozenset((one["Name"], one["Value"]) for one in metric["Dimensions"])
    wanted = (metric["Namespace"], metric["MetricName"], dimensions)
    values = [datum.value for datum in data if (datum.namespace, datum.name, datum.dimensions) == wanted]
    return _STATISTICS[statistic](values) if values else None


def _calculated(node: ast.expr, values: Mapping[str, float | None]) -> float | None:
    """An expression of metric math (CloudWatch User Guide, "Using math expressions"): FILL and arithmetic."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.Call(func=ast.Name(id="FILL"), args=[metric, filling]):
            value = _calculated(metric, values)
            return _calculated(filling, values) if value is None else value
        case ast.BinOp(left=left, op=op, right=right):
            first, second = _calculated(left, values), _calculated(right, values)
            return None if first is None or second is None else _OPERATORS[type(op)](first, second)
    raise ValueError(f"metric math is not known here: {ast.unparse(node)}")
