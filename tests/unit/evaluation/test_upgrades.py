"""What to do first: priority, versions and the upgrades that close findings."""

from __future__ import annotations

import random

import pytest
from report_world import World, ami, finding, package

from golden_ami.evaluation.model import Upgrade
from golden_ami.evaluation.packages import affected_by, is_fixable
from golden_ami.evaluation.priority import Priority, priority
from golden_ami.evaluation.upgrades import AmiUpgrades, describe_upgrade
from golden_ami.models import Finding, Package


def _ranked(*findings: Finding) -> list[Upgrade]:
    upgrades = AmiUpgrades()
    for one in findings:
        upgrades.add(one, affected_by(one), fails=one.severity in ("HIGH", "CRITICAL"))
    return upgrades.ranked()


def _priority(one: Finding) -> Priority:
    return priority(one, fixable=bool(is_fixable(one, affected_by(one))))


def test_priority_is_fixable_then_exploited_then_likely_then_bad() -> None:
    no_fix = [package(fixed_in="")]
    ordered = [
        finding("kev", severity="LOW", known_exploited_since="2026-01-01"),
        finding("exploit", severity="LOW", exploit_available=True),
        finding("epss", severity="LOW", epss=0.9, score=1.0),
        finding("score", severity="LOW", epss=0.1, score=9.9),
        finding("critical", severity="CRITICAL", epss=0.1, score=5.0),
        finding("high", severity="HIGH", epss=0.1, score=5.0),
        finding("unfixable", *no_fix, severity="CRITICAL", fix_available="NO", known_exploited_since="2026-01-01"),
    ]
    shuffled = random.Random(1).sample(ordered, len(ordered))
    assert sorted(shuffled, key=_priority, reverse=True) == ordered


def test_an_upgrade_closes_what_its_highest_fix_closes() -> None:
    findings = [finding(f"CVE-{number}", package(fixed_in=f"3.0.{number}")) for number in range(8, 22)]
    findings[3].known_exploited_since = findings[5].known_exploited_since = "2026-01-01"
    (upgrade,) = _ranked(*findings)
    assert describe_upgrade(upgrade) == "openssl 3.0.7 -> 3.0.21 closes 14 findings, 2 exploited"


def test_packages_of_one_vulnerability_are_one_upgrade_and_count_once() -> None:
    both = [package("openssl-libs"), package("openssl")]
    (upgrade,) = _ranked(finding("A", *both), finding("B"), finding("C", *both))
    assert (upgrade.package, upgrade.also, upgrade.closes) == ("openssl", ["openssl-libs"], 3)
    assert describe_upgrade(upgrade) == "openssl 3.0.7 -> 3.0.8 (with openssl-libs) closes 3 findings"


def test_packages_are_joined_over_others() -> None:
    pairs = [("a", "b"), ("c", "d"), ("e",), ("b", "c"), ("d",)]
    findings = [finding(f"CVE-{at}", *map(package, names)) for at, names in enumerate(pairs)]
    assert [(one.package, one.also, one.closes, one.worst) for one in _ranked(*findings)] == [
        ("a", ["b", "c", "d"], 4, "HIGH"),
        ("e", [], 1, "HIGH"),
    ]


def test_packages_of_one_upgrade_are_called_by_the_shortest_name() -> None:
    (upgrade,) = _ranked(finding("A", package("bpftool"), package("kernel"), package("kernel-core")))
    assert (upgrade.package, upgrade.also) == ("kernel", ["bpftool", "kernel-core"])


@pytest.mark.parametrize("fixed_in", ["", "NotAvailable"])
def test_what_has_no_fix_is_no_upgrade(fixed_in: str) -> None:
    assert _ranked(finding("A", package(fixed_in=fixed_in))) == []
    assert _ranked(finding("A", package(), package("curl", fixed_in=fixed_in))) == []


def test_what_fails_an_ami_goes_first_then_what_is_exploited() -> None:
    findings = [
        *(finding(f"L{number}", package("many"), severity="LOW") for number in range(5)),
        finding("H", package("failing"), severity="HIGH"),
        finding("K", package("exploited"), severity="HIGH", known_exploited_since="2026-01-01"),
    ]
    assert [upgrade.package for upgrade in _ranked(*findings)] == ["exploited", "failing", "many"]


def _across(world: World, one: Package, other: Package) -> list[str]:
    images = [(ami("ami-0a"), [finding("A", one)]), (ami("ami-0b", lineage="db"), [finding("A", other)])]
    return [describe_upgrade(upgrade) for upgrade in world.run("run-1", "2026-04-01T03:00:00Z", images).upgrades]


def test_the_run_sums_a_package_over_its_amis(world: World) -> None:
    one = package(version="3.0.6-1.amzn2023.0.1", fixed_in="3.0.8-1.amzn2023.0.9")
    other = package(version="3.0.7-1.amzn2023.0.1", fixed_in="3.0.8-1.amzn2023.0.18")
    assert _across(world, one, other) == [
        "openssl 3.0.6-1.amzn2023.0.1 and 1 more -> 3.0.8-1.amzn2023.0.18 closes 2 findings, in 2 AMIs"
    ]


def test_no_distributions_package_is_an_upgrade_for_anothers(world: World) -> None:
    one, other = package("kernel", "5.14-1.el9", "5.14-7.el9"), package("kernel", "6.1-2.amzn2023", "6.1-3.amzn2023")
    assert sorted(_across(world, one, other)) == [
        "kernel 5.14-1.el9 -> 5.14-7.el9 closes 1 finding",
        "kernel 6.1-2.amzn2023 -> 6.1-3.amzn2023 closes 1 finding",
    ]


def test_without_a_distributions_mark_the_upstream_version_tells(world: World) -> None:
    one, other = package("linux", "5.15.0-90.1", "5.15.0-91.101"), package("linux", "6.5.0-13.1", "6.5.0-14.14")
    assert len(_across(world, one, other)) == 2


def test_a_language_package_is_the_same_everywhere(world: World) -> None:
    one, other = (package("log4j", "2.14.1", fixed, manager="JAR") for fixed in ("2.15.0", "2.17.1"))
    assert _across(world, one, other) == ["log4j 2.14.1 -> 2.17.1 closes 2 findings, in 2 AMIs"]


def test_packages_of_two_managers_are_two(world: World) -> None:
    found = [finding("A", package("requests", manager="OS")), finding("B", package("requests", manager="PIP"))]
    assert len(_ranked(*found)) == 2
