"""Which finding is the same one as in another run: by what it is about, never by its ARN or its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from golden_ami.models import Ami, Finding, Package

# Titles of Inspector Classic and of reachability findings name the instance, which is another one in every run.
_RESOURCE = re.compile(r"\b(?:i|eni|ami|sg|vol)-[0-9a-f]{8,17}\b")


Place = tuple[str, str, str]  # package, architecture, path


class Identity(NamedTuple):
    """A vulnerability in one place of an image. With the AMI's lineage, it is the same in every run."""

    vulnerability: str
    package: str = ""
    architecture: str = ""
    path: str = ""


def identities(finding: Finding) -> list[Identity]:
    """The identities of a finding: one for each package that it names; at least one."""
    vulnerability = vulnerability_of(finding.vulnerability_id, finding.title)
    return [Identity(vulnerability, *place) for place in places(finding.packages) or ports(finding.network)]


def vulnerability_of(vulnerability_id: str, title: str) -> str:
    """What is found, by the same words in every run."""
    return vulnerability_id or _RESOURCE.sub("*", title)


def places(packages: Iterable[Package]) -> list[Place]:
    """Where it is found, when it names packages: in each of them."""
    return sorted({(package.name, package.architecture, package.path) for package in packages})


def ports(network: Mapping[str, str] | None) -> list[Place]:
    """Where it is found, when it names none."""
    told = network or {}
    return [("", "", " ".join(told[member] for member in ("protocol", "ports") if told.get(member)))]


def lineage_of(ami: Ami) -> str:
    """The key under which assessments of an AMI's lineage are indexed: "account/region/lineage"."""
    return f"{ami.account}/{ami.region}/{ami.lineage or ami.name or ami.ami_id}"


def day_of(instant: str) -> date | None:
    """The UTC day of an ISO 8601 instant or date; None when it is none."""
    try:
        parsed = datetime.fromisoformat(instant)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo in (UTC, None) else parsed.astimezone(UTC)).date()
