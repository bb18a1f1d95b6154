"""The operating system that a package is of: as the image's agent reported it, else by the mark in its version."""

from __future__ import annotations

import re
from typing import Literal

Tool = Literal["", "apt-get", "dnf", "yum", "zypper", "windows"]

# Debian and Ubuntu: "+deb12u3", "-0ubuntu3.10"; RPM's release ends in the macro %dist of the distribution: ".el8_10",
# in modules "module+el8". A hash of git in a version begins or goes on with what looks so: "git20220527.2fc40b1".
_MARK = re.compile(
    r"(?<=[.+~_-])(?:(?:amzn|azl|cm|el|mga|oe|ph|sles|suse)\d+|(?:fc|deb)\d{1,2}(?![0-9a-f]))|(?<![a-z])ubuntu"
)
_RELEASE = re.compile(r".+ .*\d.*")  # of a reported system, "Amazon Linux 2023"; a mark is one word
_MINOR = re.compile(r"(?<= \d)(\d*)\.[\d.]+\Z")
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
    """What a package is of: the image's system and release as reported, else the mark in the version.

    `reported` may be a mark itself, which other packages of the image have; the version's own goes before it.
    Distributions that build from the same sources have the same mark (".el9") and packages of their own. Where dnf or
    yum installs, a release has one stream of updates, and its minor number is left out.
    """
    tool = tool_of(reported)
    if not tool or not _RELEASE.fullmatch(reported):
        return mark_of(version) or reported
    return _MINOR.sub(r"\1", reported) if tool in ("dnf", "yum") else reported


def tool_of(system: str) -> Tool:
    """What installs packages on a system, given as `system_of` gives it; "" where it is not known."""
    return next((tool for tool, names in _TOOLS if re.search(rf"\A(?:{names})", system, re.IGNORECASE)), "")
