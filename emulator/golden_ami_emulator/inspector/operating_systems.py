"""Which operating systems Amazon Inspector scans, and until when: `data/os-support.json`, with its sources.

Amazon Inspector User Guide, "Supported operating systems and programming languages": a discontinued system on an EC2
instance goes on being scanned, gets a CRITICAL finding that says so, and twelve months later no findings at all.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

_YEARS = "Amazon Linux AMI"  # its versions are years and months, of which the table has the beginning: 201
# Deep inspection is for Linux, without Bottlerocket (Amazon Inspector User Guide, "Deep inspection").
_NOT_DEEPLY = re.compile(r"Microsoft|Windows|mac|Mac|Bottlerocket")


@dataclass(frozen=True)
class OperatingSystem:
    """What Inspector does with a system. The dates are days in UTC; None: none is announced."""

    name: str  # as people call it, with its version: "Amazon Linux 2"
    instances: bool  # whether it scans instances of it
    machine_images: bool  # whether it scans images of it, on demand
    deep_inspection: bool  # whether it looks for packages of programming languages on an instance
    discontinued: date | None = None
    findings_stop: date | None = None

    def is_discontinued(self, day: date) -> bool:
        """Whether its end of support is a finding."""
        return self.discontinued is not None and self.discontinued <= day

    def is_silent(self, day: date) -> bool:
        """Whether Inspector makes no findings on it any more."""
        return self.findings_stop is not None and self.findings_stop <= day


# The agent reports none, so it is in no table of ours. Inspector sees the system itself (inferred), and scans it.
UNKNOWN = OperatingSystem("", instances=True, machine_images=True, deep_inspection=True)


def operating_system(platform_name: str, platform_version: str) -> OperatingSystem:
    """The system that Systems Manager reports so; one that is in no table of Inspector's is not scanned."""
    if not platform_name:
        return UNKNOWN
    deep = not _NOT_DEEPLY.search(platform_name)
    for row in _table():
        if _is(row["match"], platform_name, platform_version):
            return OperatingSystem(
                name=_called(row, platform_name, platform_version),
                instances=row["ec2Agent"],
                machine_images=row["machineImage"],
                deep_inspection=deep,
                discontinued=_day(row["discontinued"]),
                findings_stop=_day(row["findingsStop"]),
            )
    return OperatingSystem(f"{platform_name} {platform_version}", False, False, deep)


@cache
def _table() -> list[dict[str, Any]]:
    text = files("golden_ami_emulator").joinpath("data/os-support.json").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


def _is(match: dict[str, Any], name: str, version: str) -> bool:
    wanted = str(match["ssmPlatformName"])
    if not (name.startswith(wanted) if match["nameIsPrefix"] else name == wanted):
        return False
    beginning, number = str(match["ssmPlatformVersionPrefix"]), version.partition(" ")[0]  # "22.04 LTS" was seen, too
    if match["versionIsExact"]:
        return number == beginning
    whole = not beginning or beginning.endswith(".") or name == _YEARS
    return number.startswith(beginning) and (whole or number[len(beginning) :][:1] in ("", "."))


def _called(row: dict[str, Any], name: str, version: str) -> str:
    return name if row["match"]["nameIsPrefix"] else f"{name} {version}"


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
