"""What follows from a finding's packages alone: where the finding is, whether a fix exists, what upgrade closes it."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from golden_ami.evaluation.identity import ecosystem
from golden_ami.models import Finding, Package
from golden_ami.package_names import spelled

PackageName = tuple[str, str]  # ecosystem, package: one package has several managers, each for a kind of file
_NO_VERSION = frozenset({"", "notavailable", "none", "n/a"})  # Inspector writes "NotAvailable"


class Affected(Struct, frozen=True, cache_hash=True):
    """What a vulnerability affects."""

    packages: tuple[Package, ...]
    fixed: bool  # a version of one of the packages fixes it
    closed_by: frozenset[PackageName]  # packages whose upgrade closes it; empty when one has no version that fixes


def affected_by(finding: Finding) -> Affected:
    """What a finding's vulnerability affects."""
    return _affected(tuple(finding.packages))


@lru_cache(maxsize=8192)  # an image names the same packages in many findings, and a fleet in many images
def _affected(packages: tuple[Package, ...]) -> Affected:
    fixed = [bool(fixed_version(package.fixed_in)) for package in packages]
    return Affected(
        packages=packages,
        fixed=any(fixed),
        closed_by=frozenset(map(name_of, packages)) if all(fixed) else frozenset(),
    )


def name_of(package: Package) -> PackageName:
    """What is one package, whichever file says that it is there, and however that one spells it."""
    kind = ecosystem(package.manager)
    return kind, spelled(kind, package.name)


def fixed_version(version: str) -> str:
    """The version that fixes, or "" where Inspector's text says that there is none."""
    return "" if version.strip().lower() in _NO_VERSION else version.strip()


def is_fixable(finding: Finding, affected: Affected) -> bool | None:
    """Whether a fix exists; None when the finding does not say."""
    if affected.fixed or finding.fix_available in ("YES", "PARTIAL"):
        return True
    return False if finding.fix_available == "NO" else None
