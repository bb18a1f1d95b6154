"""The operating system that a package is of: by the mark in its version, else by what the image's agent reported."""

from __future__ import annotations

import re
from typing import Literal

Tool = Literal["", "apt-get", "dnf", "yum", "zypper", "windows"]

# Debian and Ubuntu: "+deb12u3", "-0ubuntu3.10"; RPM's release ends in the macro %dist of the distribution: ".el8_10".
_MARK = re.compile(r"(?<![a-z])(?:(?:amzn|azl|cm|deb|el|fc|mga|oe|ph|sles|suse)\d+|ubuntu)")
_TOOLS: tuple[tuple[Tool, str], ...] = (
    ("apt-get", r"ubuntu|debian|deb\d"),
    ("zypper", r"sles|suse"),
    ("windows", r".*windows"),
    # Amazon Linux 2 and Red Hat's 7 and earlier have yum; their successors dnf.
    ("yum", r"amzn[12]\Z|el[4-7]\Z|amazon linux (ami|2\Z)|(red hat|centos|oracle|scientific).* [4-7](\.|\Z)"),
    ("dnf", r"amzn|azl|cm\d|el\d|fc\d|mga\d|oe\d|amazon linux|red hat|centos|oracle|alma|rocky|fedora"),
)


def mark_of(version: str) -> str:
    """The mark of a distribution in a package's version: "amzn2", "el8", "deb12", "ubuntu"; "" without one."""
    found = _MARK.search(version)
    return found[0] if found else ""


def system_of(version: str, reported: str) -> str:
    """What a package is of: the mark that names a release, else the image's system as reported, else any mark."""
    mark = mark_of(version)
    return mark if mark[-1:].isdigit() else reported or mark


def tool_of(system: str) -> Tool:
    """What installs packages on a system, given as `system_of` gives it; "" where it is not known."""
    return next((tool for tool, names in _TOOLS if re.search(rf"\A(?:{names})", system, re.IGNORECASE)), "")
