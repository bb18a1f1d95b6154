"""IAM's evaluation of policies, as its user guide describes it ("Policy evaluation logic", "Condition operators")."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

Context = Mapping[str, Sequence[str]]
Decision = Literal["allow", "deny", "silence"]


@dataclass(frozen=True)
class Need:
    """What a request must be allowed to do. Keys of `context` are condition keys, in lower case."""

    action: str  # "ec2:RunInstances"
    resource: str  # an ARN; "*" for an action that takes none
    context: Context = field(default_factory=dict)


class UnknownOperator(ValueError):
    """A condition operator that this evaluation does not know."""


class Statement:
    """One statement of a policy. Raises UnknownOperator, and ValueError for one without an action or a resource."""

    def __init__(self, written: Mapping[str, Any], source: str = "") -> None:
        self.source = source  # name of the policy
        self.sid = str(written.get("Sid", ""))
        self.allows = written["Effect"] == "Allow"
        self._actions = _Some(written, "Action", ignore_case=True)
        self._resources = _Some(written, "Resource")
        self._tests = [
            _Test(operator, key, _listed(values))
            for operator, tests in written.get("Condition", {}).items()
            for key, values in tests.items()
        ]

    def concerns(self, need: Need) -> bool:
        """Whether its action, resource and conditions all hold."""
        return (
            self._actions.hold(need.action, {})
            and self._resources.hold(need.resource, need.context)
            and all(test.holds(need.context) for test in self._tests)
        )


def statements(document: Any, source: str = "") -> list[Statement]:
    """A policy's statements, from its JSON text or the parsed document."""
    loaded = json.loads(document) if isinstance(document, str) else document
    return [Statement(written, source) for written in _listed(loaded["Statement"])]


def decide(policy: Iterable[Statement], need: Need) -> tuple[Decision, Statement | None]:
    """What the statements say together, and the one that says it: an explicit Deny wins, silence is no permission."""
    allowing: Statement | None = None
    for statement in policy:
        if statement.concerns(need):
            if not statement.allows:
                return "deny", statement
            allowing = allowing or statement
    return ("allow", allowing) if allowing else ("silence", None)


# ---------------------------------------------------------------- actions and resources


class _Some:
    """An element such as Action or NotAction: what it names, with wildcards and policy variables."""

    def __init__(self, written: Mapping[str, Any], element: str, *, ignore_case: bool = False) -> None:
        self._negated = f"Not{element}" in written
        if element not in written and not self._negated:
            raise ValueError(f"statement {written.get('Sid', '')!r} has neither {element} nor Not{element}")
        self._patterns = _listed(written[f"Not{element}" if self._negated else element])
        self._ignore_case = ignore_case

    def hold(self, value: str, context: Context) -> bool:
        found = any(like(value, filled(pattern, context), self._ignore_case) for pattern in self._patterns)
        return found != self._negated


def like(value: str, pattern: str | None, ignore_case: bool = False) -> bool:
    """Whether a value matches a pattern with `*` and `?`; nothing matches None, a variable without a value."""
    return pattern is not None and _pattern(pattern, ignore_case).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _pattern(text: str, ignore_case: bool) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    expression = "".join(parts.get(character) or re.escape(character) for character in text)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


_VARIABLE = re.compile(r"\$\{([^}]+)\}")


def filled(pattern: str, context: Context) -> str | None:
    """A pattern with its policy variables replaced; None where one has no single value."""
    if "${" not in pattern:
        return pattern
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = match[1].partition(",")
        if name in ("*", "?", "$"):  # written so to mean the character itself; the nearest that a pattern can say
            return name
        found = context.get(name.strip().lower(), ())
        if len(found) == 1:
            return found[0]
        missing = missing or not default
        return default.strip().strip("'")

    text = _VARIABLE.sub(value, pattern)
    return None if missing else text


# ---------------------------------------------------------------- conditions


class _Test:
    """One key of one condition operator."""

    def __init__(self, operator: str, key: str, expected: Sequence[Any]) -> None:
        quantifier, _, name = operator.rpartition(":")
        if quantifier not in ("", "ForAllValues", "ForAnyValue"):
            raise UnknownOperator(f"condition operator {operator}")
        self._quantifier = quantifier
        self._if_exists = name.endswith("IfExists")
        self._name = name.removesuffix("IfExists")
        self._key = key.lower()
        self._expected = [_text(value) for value in expected]
        if self._name != "Null" and self._name not in _OPERATORS:
            raise UnknownOperator(f"condition operator {operator}")

    def holds(self, context: Context) -> bool:
        values = context.get(self._key, ())
        if self._name == "Null":
            return str(not values).lower() in self._expected
        compare, negated = _OPERATORS[self._name]
        if not values:  # an absent key meets a negated operator, and ForAllValues
            return self._if_exists or negated or self._quantifier == "ForAllValues"
        wanted = [filled(text, context) for text in self._expected]

        def met(value: str) -> bool:
            return any(text is not None and compare(value, text) for text in wanted) != negated

        return all(map(met, values)) if self._quantifier != "ForAnyValue" else any(map(met, values))


def _numbers(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda value, expected: compare(float(value), float(expected))


def _arn_like(value: str, pattern: str) -> bool:
    """Part by part: a wildcard of an ARN's first five parts does not reach over the colons between them."""
    mine, theirs = value.split(":", 5), pattern.split(":", 5)
    return len(mine) == len(theirs) == 6 and all(map(like, mine, theirs))


# Each operator's comparison, and whether it is negated.
_OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (lambda value, expected: value == expected, False),
    "StringNotEquals": (lambda value, expected: value == expected, True),
    "StringEqualsIgnoreCase": (lambda value, expected: value.lower() == expected.lower(), False),
    "StringNotEqualsIgnoreCase": (lambda value, expected: value.lower() == expected.lower(), True),
    "StringLike": (like, False),
    "StringNotLike": (like, True),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
    "Bool": (lambda value, expected: value.lower() == expected.lower(), False),
    "NumericEquals": (_numbers(lambda value, expected: value == expected), False),
    "NumericNotEquals": (_numbers(lambda value, expected: value == expected), True),
    "NumericLessThan": (_numbers(lambda value, expected: value < expected), False),
    "NumericLessThanEquals": (_numbers(lambda value, expected: value <= expected), False),
    "NumericGreaterThan": (_numbers(lambda value, expected: value > expected), False),
    "NumericGreaterThanEquals": (_numbers(lambda value, expected: value >= expected), False),
}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
