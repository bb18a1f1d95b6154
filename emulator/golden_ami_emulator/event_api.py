"""What moto's EventBridge and CloudWatch leave out or allow, and AWS does not.

Patterns are checked as AWS's own matcher compiles them (github.com/aws/event-ruler, JsonRuleCompiler).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from golden_ami_emulator.patching import Patches

# API reference, TestEventPattern. AWS was seen to do without `resources`.
_MANDATORY = frozenset({"id", "account", "source", "time", "region", "resources", "detail-type"})
# Names that no field within `$or` may have (event-ruler, Constants).
_RESERVED = frozenset({
    "exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
    "=", "<", "<=", ">", ">=",
})  # fmt: skip


class EventApi(Patches):
    """PutEvents, TestEventPattern, patterns of rules and GetMetricStatistics as AWS answers them, while open."""

    def __enter__(self) -> EventApi:
        from moto.cloudwatch.models import CloudWatchBackend
        from moto.events.models import EventPatternParser, EventsBackend
        from moto.events.responses import EventsHandler

        super().__enter__()
        put_events = EventsBackend.put_events
        statistics: Any = CloudWatchBackend.get_metric_statistics

        def put(backend: Any, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
            taken = iter(put_events(backend, [event for event in events if not _is_of_aws(event)]))
            return [_not_authorized() if _is_of_aws(event) else next(taken) for event in events]

        def get_metric_statistics(backend: Any, *given: Any, dimensions: Any = (), **options: Any) -> Any:
            wanted = {(one["Name"], one["Value"]) for one in dimensions}
            held = [one for one in backend.get_all_metrics() if {(d.name, d.value) for d in one.dimensions} == wanted]
            of_metric: Any = SimpleNamespace(get_all_metrics=lambda: held)
            return statistics(of_metric, *given, **options, dimensions=[])

        self.set(EventsBackend, "put_events", put)
        self.set(EventPatternParser, "_validate_event_pattern", lambda _, pattern: check_pattern(pattern))
        self.set(EventsHandler, "test_event_pattern", _test_event_pattern)
        # Each combination of dimensions is a metric of its own (CloudWatch user guide, "Dimensions").
        self.set(CloudWatchBackend, "get_metric_statistics", get_metric_statistics)
        return self


def note_failed_invocation(rule: str) -> None:
    """Count a failure in FailedInvocations of a rule, by its ARN (EventBridge user guide, "Monitoring")."""
    from moto.cloudwatch.models import MetricDatum, cloudwatch_backends
    from moto.core.utils import utcnow

    _, _, _, region, account, resource = rule.split(":", 5)
    bus, _, name = resource.removeprefix("rule/").rpartition("/")
    names = {"RuleName": name} | ({"EventBusName": bus} if bus else {})
    dimensions = [{"Name": key, "Value": value} for key, value in names.items()]
    metric = MetricDatum("AWS/Events", "FailedInvocations", 1.0, dimensions, utcnow(), "Count")
    cloudwatch_backends[account][region].metric_data.append(metric)


def check_pattern(pattern: object, *, within_or: bool = False) -> None:
    """Raises moto's InvalidEventPatternException for a pattern that AWS refuses. Operands are not looked at."""
    if not isinstance(pattern, Mapping):
        raise _invalid("Filter is not an object")
    if not pattern:
        raise _invalid("Empty objects are not allowed")
    for name, value in pattern.items():
        if name == "$or":
            _check_or(value)
        elif within_or and name in _RESERVED:
            raise _invalid(f"{name} is Ruler reserved fieldName which cannot be used inside $or.")
        elif isinstance(value, Mapping):
            check_pattern(value, within_or=within_or)
        else:
            _check_values(name, value)


def _check_or(alternatives: object) -> None:
    if not isinstance(alternatives, list):
        raise _invalid("It must be an Array followed with $or.")
    for alternative in alternatives:
        if not isinstance(alternative, Mapping):
            raise _invalid("Only JSON object is allowed in array of $or relationship.")
        check_pattern(alternative, within_or=True)
    if len(alternatives) < 2:
        raise _invalid("There must have at least 2 Objects in $or relationship.")


def _check_values(name: str, values: object) -> None:
    if not isinstance(values, list):
        raise _invalid(f'"{name}" must be an object or an array')
    if not values:
        raise _invalid("Empty arrays are not allowed")
    for value in values:
        if isinstance(value, list):
            raise _invalid("Match value must be String, number, true, false, or null")
        if isinstance(value, Mapping) and not _RESERVED.issuperset(value):
            raise _invalid(f"Unrecognized match type {next(iter(value))}")


def _invalid(reason: str) -> Exception:
    from moto.events.exceptions import InvalidEventPatternException

    return InvalidEventPatternException(reason)


def _test_event_pattern(handler: Any) -> str:
    from moto.core.exceptions import JsonRESTError
    from moto.events.models import EventPattern

    pattern = EventPattern.load(handler._get_param("EventPattern"))
    event: Any = _read(handler._get_param("Event"))
    if not event.keys() >= _MANDATORY:
        raise JsonRESTError("ValidationException", "Parameter Event is not valid.")
    return json.dumps({"Result": pattern.matches_event(event)})


def _read(text: str) -> dict[str, Any]:
    try:
        event = json.loads(text)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _is_of_aws(entry: Mapping[str, Any]) -> bool:
    """Whether an entry has a source of AWS, which nobody may send (API reference, PutEventsResultEntry)."""
    return str(entry.get("Source", "")).startswith("aws.")


def _not_authorized() -> dict[str, Any]:
    return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
