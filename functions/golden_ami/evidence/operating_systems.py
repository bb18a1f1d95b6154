"""Until when Amazon Inspector makes findings for an operating system. Pure; `os_support.json` is the table.

The table was collected on 2026-11-26 from the Amazon Inspector User Guide, "Supported operating systems and programming
languages" (supported-os-ec2, supported-os-ami, formerly-supported-os); each row names its source. That page: systems
without standard support go on being scanned, the results are informational, a CRITICAL finding tells of it, and
findings stop 12 months after the date.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from importlib.resources import files

import msgspec

from golden_ami.models import Evidence
from golden_ami.reasons import incomplete


class _Match(msgspec.Struct, rename="camel"):
    """How `ssm:DescribeInstanceInformation` names a system."""

    ssm_platform_name: str
    ssm_platform_version_prefix: str  # "": any
    version_is_exact: bool
    name_is_prefix: bool


class OperatingSystem(msgspec.Struct, rename="camel"):
    """A row of the table. Dates are ISO 8601; None where the service names none."""

    os: str
    version: str
    match: _Match
    ec2_agent: bool  # scanned on an instance
    machine_image: bool  # scanned as a machine image
    discontinued: str | None
    findings_stop: str | None


def known_systems() -> list[OperatingSystem]:
    """Every row of the table."""
    return [*_table()]


@cache
def _table() -> tuple[OperatingSystem, ...]:
    text = files("golden_ami.evidence").joinpath("os_support.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[OperatingSystem, ...])


def find(name: str, version: str) -> OperatingSystem | None:
    """The row of a system as its agent reports it; None for one that the table does not have.

    The version may have a word behind it ("22.04 LTS"). Of two rows that match, the more exact one.
    """
    number = (version.split() or [""])[0]
    matching = [row for row in _table() if _is_named(row.match, name.strip()) and _is_of_version(row, number)]
    return max(matching, key=lambda row: len(row.match.ssm_platform_name), default=None)


def evidence_of(name: str, version: str, scanned_at: str) -> Evidence:
    """The evidence `operatingSystem` of a scanned instance. `scanned_at` is ISO 8601; its day decides."""
    day = date.fromisoformat(scanned_at[:10])
    told = f"{name} {version}".strip()
    system = find(name, version)
    if system is None:
        reason = incomplete.OS_UNKNOWN(system=told or "not reported by the agent")
    elif system.findings_stop and day >= date.fromisoformat(system.findings_stop):
        reason = incomplete.OS_FINDINGS_STOPPED(system=told, day=system.findings_stop)
    elif not system.ec2_agent:
        reason = incomplete.OS_UNSUPPORTED(system=told)
    elif system.discontinued:
        since = "since" if day >= date.fromisoformat(system.discontinued) else "from"
        reason = incomplete.OS_DISCONTINUED(
            system=told, since=since, day=system.discontinued, stop=system.findings_stop
        )
        return incomplete.evidence("operatingSystem", "COMPLETE", reason, scanned_at)
    else:
        return Evidence(kind="operatingSystem", status="COMPLETE", detail=told, at=scanned_at)
    return incomplete.evidence("operatingSystem", "MISSING", reason, scanned_at)


def is_discontinued(name: str, version: str, day: date) -> bool:
    """Whether the system is out of standard support on a day."""
    system = find(name, version)
    return bool(system and system.discontinued and day >= date.fromisoformat(system.discontinued))


def _is_named(match: _Match, name: str) -> bool:
    wanted, told = match.ssm_platform_name.lower(), name.lower()
    return told == wanted or (match.name_is_prefix and told.startswith(f"{wanted} "))


def _is_of_version(row: OperatingSystem, number: str) -> bool:
    prefix = row.match.ssm_platform_version_prefix
    if not prefix or row.match.version_is_exact:
        return not prefix or number == prefix
    if row.os == "Bottlerocket":
        found = re.search(r"\A([0-9]+)\.([0-9]+)", number)
        return found is not None and (int(found[1]), int(found[2])) >= (1, 7)
    whole = prefix if prefix.endswith(".") or row.os.startswith("Amazon Linux (AL1)") else f"{prefix}."
    return number == prefix or number.startswith(whole)
