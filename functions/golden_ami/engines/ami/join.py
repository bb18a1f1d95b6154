"""The findings of an AMI: what GetImageFindings lists, and what events add to it. Pure.

Anybody may send an event, so nothing that one says may hide a row, make it less severe, later observed or without a
fix, or have it excepted. An event that is not of a row is a finding of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import replace

from golden_ami.engines.ami.findings import BOTH, is_count
from golden_ami.engines.findings import digest
from golden_ami.models import END_OF_SUPPORT, SEVERITIES, Ami, Finding, Package, Severity


def of_scan(ami: Ami, arn: str) -> bool:
    """Whether the ARN of an event's finding names the AMI's own region, account and scan."""
    own = rf"arn:aws[a-z-]*:inspector2:{re.escape(ami.region)}:{ami.account}:finding/ondemand/{re.escape(ami.scan)}/.+"
    return re.fullmatch(own, arn) is not None


def joined(rows: Iterable[Finding], events: Iterable[Finding], failing: Collection[Severity]) -> Iterator[Finding]:
    """Every row once, with what an event adds to it, then every event that is of no row.

    `failing` are the severities that fail the AMI by themselves.
    """
    waiting: dict[tuple[str, str], list[Finding]] = {}
    for event in _united(events, failing):
        waiting.setdefault(_key(event), []).append(event)
    seen: set[str] = set()  # pages may overlap
    for row in rows:
        if row.arn not in seen:
            seen.add(row.arn)
            own = _taken(waiting.get(_key(row)), row)
            yield _with(row, own, failing) if own else row
    for left in waiting.values():
        yield from left


def _united(events: Iterable[Finding], failing: Collection[Severity]) -> list[Finding]:
    """One event for each ARN and what it is about, with all that several of them say against the AMI.

    Under one ARN only one of them is real, and nobody knows which: those about something else get an ARN of their own.
    """
    about: dict[str, dict[tuple[str, str], Finding]] = {}
    for event in events:
        known = about.setdefault(event.arn, {})
        key = _key(event)
        if key in known:
            known[key] = _also(known[key], event, failing)
        else:
            known[key] = replace(event, arn=f"{event.arn}/{digest(*key)}") if known else event
    return [event for known in about.values() for event in known.values()]


def _key(finding: Finding) -> tuple[str, str]:
    """Vulnerability and first package: an event with the same is of the row. Of a row without either, none is.

    The end of a system's support is known by its title.
    """
    if finding.type == END_OF_SUPPORT:
        return END_OF_SUPPORT, finding.title
    package = finding.packages[0].name if finding.packages else ""
    return (finding.vulnerability_id, package) if finding.vulnerability_id and package else ("", finding.arn)


def _taken(events: list[Finding] | None, row: Finding) -> Finding | None:
    """One of the events, that of the row's path before any other; it is of no other row."""
    if not events:
        return None
    same = (at for at, event in enumerate(events) if _path(event) == _path(row))
    return events.pop(next(same, 0))


def _path(finding: Finding) -> str:
    return finding.packages[0].path if finding.packages else ""


def _also(first: Finding, second: Finding, failing: Collection[Severity]) -> Finding:
    """The first of two events of one ARN, with what the second says against the AMI."""
    packages = [*first.packages, *(one for one in second.packages if one not in first.packages)]
    return replace(_worse(first, second, failing), packages=packages)


def _with(row: Finding, event: Finding, failing: Collection[Severity]) -> Finding:
    """The row with what the event adds to it."""
    return replace(_worse(row, event, failing), arn=event.arn, source=BOTH, packages=_packages(row, event))


def _worse(told: Finding, event: Finding, failing: Collection[Severity]) -> Finding:
    """What was told, with all that the event tells more, and what speaks against the AMI.

    That no exploit is available, that the exploit score is low and that there is no fix, a row alone could say.
    """
    observed = [at for at in (told.first_observed_at, event.first_observed_at) if at]
    exploit = ["exploitAvailable"] if event.exploit_available else []
    unanswered = [one for one in told.unanswered if one not in exploit]
    return replace(
        told,
        severity=min(told.severity, event.severity, key=lambda one: (one not in failing, SEVERITIES.index(one))),
        description=event.description or told.description,
        score=max((one for one in (told.score, event.score) if one is not None), default=None),
        epss=max((one for one in (told.epss, event.epss) if one is not None), default=None),
        exploit_available=told.exploit_available or event.exploit_available,
        last_known_exploit_at=max(told.last_known_exploit_at, event.last_known_exploit_at),
        fix_available=event.fix_available if event.fix_available in ("YES", "PARTIAL") else told.fix_available,
        first_observed_at=min(observed, default=""),
        urls=event.urls or told.urls,
        cwes=event.cwes or told.cwes,
        remedy=event.remedy or told.remedy,
        related=[*dict.fromkeys([*told.related, *event.related])],
        unanswered=[*dict.fromkeys([*unanswered, "epss"])] if event.epss is not None else unanswered,
    )


def _packages(row: Finding, event: Finding) -> list[Package]:
    """The event's packages, which have versions, and the row's that are not among them.

    The row's first stays in its place, under which other runs know the finding, whatever place the event gives it.
    """
    if not (row.packages and event.packages):
        return [*row.packages, *event.packages]
    first, *others = row.packages
    names = {package.name for package in event.packages}
    places = {(package.name, package.architecture, package.path) for package in event.packages}
    own = replace(event.packages[0], architecture="", path=first.path)
    named = len(names) >= len(row.packages)  # also those that the row only counts
    return [
        *event.packages,
        *([] if (own.name, own.architecture, own.path) in places else [own]),
        *(one for one in others if one.name not in names and not (named and is_count(one))),
    ]
