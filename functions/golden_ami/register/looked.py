"""What an assessment has looked at, and so could have found. Pure."""

from __future__ import annotations

from collections.abc import Collection

from golden_ami.evidence.requirements import gaps, is_partial
from golden_ami.models import Ami, Config, Engine, Finding, FindingKind, Severity

_SEEN_BY: dict[Engine, tuple[FindingKind, ...]] = {
    "classic": ("classic",),
    "instance": ("packages", "languagePackages", "network"),
    "ami": ("packages", "languagePackages"),
}
# The profile of level 2 extends that of level 1 (CIS Benchmarks, "Profile Definitions"). That a scan of LEVEL_2 runs
# the checks of both is inferred: each check has its own level (botocore 1.44.5, inspector2 CisScanResultDetails).
_BENCHMARK: dict[str | None, tuple[FindingKind, ...]] = {
    None: (),
    "LEVEL_1": ("cisLevel1",),
    "LEVEL_2": ("cisLevel1", "cisLevel2"),
}


def looked_at(ami: Ami, config: Config) -> list[FindingKind]:
    """The kinds of findings of which the AMI's scan would have shown each."""
    if is_partial(ami):
        return []
    missed = {one.kind for one in gaps(ami.evidence)}
    seen = [kind for kind in _SEEN_BY[ami.engine] if kind not in missed]
    if any(one.kind == "cis" and one.status == "COMPLETE" for one in ami.evidence):
        seen += _BENCHMARK[config.cis]
    return seen


def assumed(engine: Engine) -> list[FindingKind]:
    """What an earlier release looked at, which did not note it."""
    return list(_SEEN_BY[engine])


def could_show(kind: FindingKind, looked: Collection[FindingKind]) -> bool:
    """Whether an assessment that looked at these would have shown a finding of the kind."""
    if kind == "anyPackages":
        return "packages" in looked and "languagePackages" in looked
    return kind in looked


def kind_of(finding: Finding) -> FindingKind:
    """What must be looked at to find it."""
    managers = {package.manager for package in finding.packages}
    if finding.type == "PACKAGE_VULNERABILITY" and managers and "" not in managers:
        return "packages" if "OS" in managers else "languagePackages"
    return kind_of_type(finding.type, finding.severity)


def kind_of_type(type_: str, severity: Severity) -> FindingKind:
    """The same where nothing is known of the managers of its packages."""
    if type_ == "CIS":  # the adapter gives checks of level 2 the severity LOW
        return "cisLevel2" if severity == "LOW" else "cisLevel1"
    kinds: dict[str, FindingKind] = {
        "NETWORK_REACHABILITY": "network", "CLASSIC": "classic", "PACKAGE_VULNERABILITY": "anyPackages"
    }  # fmt: skip
    return kinds.get(type_, "packages")
