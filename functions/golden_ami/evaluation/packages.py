"""What follows from a finding's packages alone: where the finding is, whether a fix exists, what upgrade closes it."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from golden_ami.evaluation.identity import ecosystem
from golden_ami.evaluation.names import is_package
from golden_ami.models import Finding, Package
from golden_ami.package_names import spelled

PackageName = tuple[str, str]  # ecosystem, package: one package has several managers, each for a kind of file
_NO_VERSION = frozenset({"", "notavailable", "none", "n/a"})  # Inspector writes "NotAvailable"

_ARCHITECTURE = re.compile(
    r"(?<=[^.])\.(?:x86_64|i[3-6]86|amd64|aarch64|arm64|armv7hl|noarch|ppc64le|ppc64|s390x)\Z", re.IGNORECASE
)


class Affected(Struct, frozen=True, cache_hash=True):
    """What a vulnerability affects."""

    packages: tuple[Package, ...]  # those that can be upgraded
    fixed: bool  # a version of one of the packages fixes it
    closed_by: frozenset[PackageName]  # packages whose upgrade closes it; empty when one has no version that fixes


def affected_by(finding: Finding) -> Affected:
    """What a finding's vulnerability affects."""
    return _affected(tuple(finding.packages))


@lru_cache(maxsize=8192)  # an image names the same packages in many findings, and a fleet in many images
def _affected(packages: tuple[Package, ...]) -> Affected:
    """What is called as no package of its ecosystem is nothing to upgrade, and keeps no upgrade of another from closing
    the finding: anybody may send an event, and what it names is added to what AWS lists."""
    upgraded = tuple(package for package in packages if is_package(*name_of(package)))
    closes = all(fixed_version(package.fixed_in) for package in upgraded)
    return Affected(
        packages=upgraded,
        fixed=any(fixed_version(package.fixed_in) for package in packages),
        closed_by=frozenset(map(name_of, upgraded)) if closes else frozenset(),
    )


def name_of(package: Package) -> PackageName:
    """What is one package, whichever file says that it is there, and however that one spells it."""
    kind = ecosystem(package.manager)
    return kind, spelled(kind, package.name)


def fixed_version(version: str) -> str:
    """The version that fixes, or "" where Inspector's text says that there is none."""
    return "" if version.strip().lower() in _NO_VERSION else without_architecture(version.strip())


def without_architecture(version: str) -> str:
    """The version alone, of one that has the architecture behind it: "0:4.9.18-6.30.amzn1.X86_64"."""
    return _ARCHITECTURE.sub("", version)


def is_fixable(finding: Finding, affected: Affected) -> bool | None:
    """Whether a fix exists; None when the finding does not say."""
    if affected.fixed or finding.fix_available in ("YES", "PARTIAL"):
        return True
    return False if finding.fix_available == "NO" else None
