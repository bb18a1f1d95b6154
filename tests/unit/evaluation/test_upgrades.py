"""What to do first: priority, versions and the upgrades that close findings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_world import World, ami, finding, package

from golden_ami.engines.findings import from_inspector
from golden_ami.evaluation.model import Upgrade, UpgradedAmi
from golden_ami.evaluation.packages import affected_by
from golden_ami.evaluation.run_upgrades import RunUpgrades
from golden_ami.evaluation.upgrades import AmiUpgrades, describe_together, describe_upgrade, upgraded_amis
from golden_ami.evaluation.versions import key_of, order_of
from golden_ami.models import Ami, Finding, Package

WINDOWS = "Microsoft Windows Server 2022 Datacenter 10.0.20348"
FIXTURES = Path(__file__).parents[2] / "fixtures" / "inspector2"


def _read(name: str) -> list[Finding]:
    return [from_inspector(one) for one in json.loads((FIXTURES / f"{name}.json").read_text())["findings"]]


def _shared(upgrade: Upgrade) -> dict[str, int]:
    """What the upgrade closes with others, by these."""
    return {describe_together(one): one.closes for one in upgrade.together}


def _of(key: str, system: str) -> Ami:
    """An AMI whose agent reported a system."""
    name, _, version = system.rpartition(" ")
    return ami(key, lineage=key, platform_name=name, platform_version=version)


def _ranked(*findings: Finding, reported: str = "") -> list[Upgrade]:
    upgrades = AmiUpgrades(reported)
    for one in findings:
        upgrades.add(one, affected_by(one), fails=one.severity in ("HIGH", "CRITICAL"))
    return upgrades.ranked()


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


def test_what_a_distribution_builds_from_one_source_is_one_command() -> None:
    """Packages that one finding names with the same version; kernel-tools is built apart here."""
    kernel, core = (package(name, "5.14.0-70.el9", "5.14.0-427.el9") for name in ("kernel", "kernel-core"))
    tools = package("kernel-tools", "5.14.0-70.el9", "5.14.0-430.el9")
    upgrades = _ranked(finding("A", kernel, core), finding("B", kernel), finding("C", core, tools))
    assert [(one.package, one.also, one.closes, one.command) for one in upgrades] == [
        ("kernel", ["kernel-core"], 2, "dnf update kernel-5.14.0-427.el9 kernel-core-5.14.0-427.el9"),
        ("kernel-tools", [], 0, "dnf update kernel-tools-5.14.0-430.el9"),
    ]
    assert _shared(upgrades[0]) == {"kernel-tools 5.14.0-430.el9": 1}
    assert _shared(upgrades[1]) == {"kernel 5.14.0-427.el9, kernel-core 5.14.0-427.el9": 1}


def test_an_epoch_of_zero_makes_no_other_source() -> None:
    (upgrade,) = _ranked(finding("A", package("a", "1.0-1", "0:1.0-2.el9"), package("a-libs", "1.0-1", "1.0-2.el9")))
    assert (upgrade.also, upgrade.command) == (["a-libs"], "dnf update a-1.0-2.el9 a-libs-1.0-2.el9")


def test_packages_of_one_source_get_one_version(world: World) -> None:
    """Their exact versions depend on each other, whichever of them a finding names; also over AMIs."""
    name, libs = (package(name, "32:9.16.23-15.el9", "32:9.16.23-18.el9") for name in ("bind", "bind-libs"))
    later = finding("B", package("bind-libs", "32:9.16.23-15.el9", "32:9.16.23-20.el9", remediation="RHSA-2"))
    named = finding("C", package("bind", "32:9.16.23-15.el9", "32:9.16.23-19.el9", remediation="RHSA-1"))
    command = "dnf update bind-32:9.16.23-20.el9 bind-libs-32:9.16.23-20.el9"
    both = finding("A", name, libs)
    (upgrade,) = _ranked(both, later, named)
    assert (upgrade.to, upgrade.closes, upgrade.command) == ("32:9.16.23-20.el9", 3, command)
    assert upgrade.remediation == "RHSA-2"
    images = [
        (ami("ami-0a"), [finding("A", name, libs)]),
        (ami("ami-0b", lineage="b"), [finding("A", name, libs), later]),
    ]
    (whole,) = world.run("run-1", "2026-04-01T03:00:00Z", images).upgrades
    assert (whole.closes, whole.command) == (3, command)
    images = [(ami("ami-0c"), [both]), (ami("ami-0d", lineage="b"), [named])]
    (whole,) = world.run("run-2", "2026-04-02T03:00:00Z", images).upgrades
    assert whole.command == command.replace("-20.", "-19.")


def test_versions_with_and_without_an_architecture_are_one() -> None:
    told = [("4.9.17-6.29.amzn1.X86_64", "0:4.9.18-6.30.amzn1.X86_64"), ("4.9.17-6.29.amzn1", "4.9.18-6.30.amzn1")]
    (upgrade,) = _ranked(*(finding(to, package("kernel", low, to)) for low, to in told))
    assert (upgrade.installed, upgrade.command) == (["4.9.17-6.29.amzn1"], "yum update kernel-4.9.18-6.30.amzn1")


def test_a_source_with_two_streams_has_two_versions() -> None:
    old, new = "4.14.336-1.amzn2", "5.10.205-1.amzn2"
    first = finding("A", package("kernel", "4.14.301-1.amzn2", old), package("kernel-tools", "4.14.301-1.amzn2", old))
    second = finding("B", package("kernel", "5.10.1-1.amzn2", new), package("kernel-tools", "4.14.301-1.amzn2", new))
    (upgrade,) = _ranked(first, second)
    assert {(one.package, one.to) for one in upgrade.packages} == {
        ("kernel", old), ("kernel", new), ("kernel-tools", new),
    }  # fmt: skip


def test_packages_of_one_upgrade_are_called_by_the_shortest_name() -> None:
    (upgrade,) = _ranked(finding("A", package("bpftool"), package("kernel"), package("kernel-core")))
    assert (upgrade.package, upgrade.also) == ("kernel", ["bpftool", "kernel-core"])


@pytest.mark.parametrize("fixed_in", ["", "NotAvailable"])
def test_what_has_no_fix_is_no_upgrade(fixed_in: str) -> None:
    assert _ranked(finding("A", package(fixed_in=fixed_in))) == []
    assert _ranked(finding("A", package(), package("curl", fixed_in=fixed_in))) == []


def test_windows_gets_the_update_of_the_version_that_closes_all(world: World) -> None:
    """Also where the update of a lower version has the lower number, and where the higher version names none."""
    fixes = [("10.0.20348.2402", "KB5036909"), ("10.0.20348.2340", "KB5035857")]
    found = [
        finding(kb, package("Windows Server 2022", "10.0.20348.2322", to, remediation=f"Install {kb}"))
        for to, kb in fixes
    ]
    (upgrade,) = _ranked(*found, reported=WINDOWS)
    assert (upgrade.to, upgrade.closes, upgrade.command) == (fixes[0][0], 2, "install the update KB5036909")
    images = [(_of(f"ami-0{at}", WINDOWS), [one]) for at, one in enumerate(found)]
    (whole,) = world.run("run-1", "2026-04-01T03:00:00Z", images).upgrades
    assert (whole.to, whole.command, whole.remediation) == (fixes[0][0], upgrade.command, "Install KB5036909")
    lower = package("Windows Server 2022", "10.0.20348.2322", "10.0.020348.2402", remediation="Install KB4000000")
    same = finding("B", lower)
    (upgrade,) = _ranked(*found, same, reported=WINDOWS)
    assert upgrade.command == "install the update KB4000000"
    nameless = finding("A", package("Windows Server 2022", "10.0.20348.2322", "10.0.20348.2500"))
    (upgrade,) = _ranked(*found, nameless, reported=WINDOWS)
    assert (upgrade.closes, upgrade.command) == (3, "")


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


@pytest.mark.parametrize(
    ("one", "other", "merged"),
    [("Red Hat Enterprise Linux 8.9", "Oracle Linux Server 8.9", False), ("Rocky Linux 8.9", "AlmaLinux 8.9", False),
     ("Red Hat Enterprise Linux 8.9", "CentOS Stream 8", False), ("Red Hat Enterprise Linux 8.9", " ", False),
     ("Red Hat Enterprise Linux 8.9", "Red Hat Enterprise Linux 8.10", True), (" ", " ", True)],
)  # fmt: skip
def test_the_reported_system_tells_distributions_of_one_mark_apart(
    world: World, one: str, other: str, merged: bool
) -> None:
    fixes = ("1:1.1.1k-12.el8_9", "1:1.1.1k-12.0.1.el8_9")
    images = [
        (_of(f"ami-0{at}", system), [finding("A", package("openssl", "1:1.1.1k-9.el8_7", to))])
        for at, (system, to) in enumerate(zip((one, other), fixes, strict=True))
    ]
    found = world.run("run-1", "2026-04-01T03:00:00Z", images).upgrades
    assert sorted(one.command for one in found) == [f"dnf update openssl-{to}" for to in sorted(fixes[merged:])]


def test_without_a_distributions_mark_the_upstream_version_tells(world: World) -> None:
    one, other = package("linux", "5.15.0-90.1", "5.15.0-91.101"), package("linux", "6.5.0-13.1", "6.5.0-14.14")
    assert len(_across(world, one, other)) == 2


def test_two_upstream_versions_of_one_series_are_of_two_releases(world: World) -> None:
    one = package("libssl3", "3.0.2-0ubuntu1.10", "3.0.2-0ubuntu1.16")
    other = package("libssl3", "3.0.10-1ubuntu2", "3.0.10-1ubuntu2.3")
    assert len(_across(world, one, other)) == 2


def test_what_the_agent_reports_tells_the_command_where_no_version_has_a_mark() -> None:
    (upgrade,) = _ranked(
        finding("A", package("linux-aws", "5.15.0-1051.56", "5.15.0-1055.60")), reported="Ubuntu 22.04"
    )
    assert upgrade.command == "apt-get install --only-upgrade linux-aws=5.15.0-1055.60"


@pytest.mark.parametrize("at", [0, 1])
def test_the_worst_figures_of_all_amis_are_an_upgrades(world: World, at: int) -> None:
    figures = [{"epss": 0.1, "score": 5.0}, {"epss": 0.9, "score": 9.8}]
    images = [(ami(f"ami-0{at ^ low}", lineage=str(low)), [finding("A", **one)]) for low, one in enumerate(figures)]
    report = world.run("run-1", "2026-04-01T03:00:00Z", images)
    assert [(one.epss, one.score) for one in report.upgrades] == [(0.9, 9.8)]
    own = sorted((one.epss, one.score) for image in report.amis for one in image.upgrades)
    assert own == [(0.1, 5.0), (0.9, 9.8)]


def test_a_language_package_is_the_same_everywhere(world: World) -> None:
    one, other = (package("log4j", "2.14.1", fixed, manager="JAR") for fixed in ("2.15.0", "2.17.1"))
    assert _across(world, one, other) == ["log4j 2.14.1 -> 2.17.1 closes 2 findings, in 2 AMIs"]


def test_packages_of_two_managers_are_two(world: World) -> None:
    found = [finding("A", package("requests", manager="OS")), finding("B", package("requests", manager="PIP"))]
    assert len(_ranked(*found)) == 2


def test_an_upgrade_is_what_one_command_does() -> None:
    """A Go binary and RPMs that findings name together: no command does them all."""
    upgrades = _ranked(*_read("findings-of-a-go-binary"))
    assert [(one.package, one.to, one.closes, one.findings, _shared(one)) for one in upgrades] == [
        ("golang.org/x/net", "0.38.0", 2, 4, {"google.golang.org/grpc 1.58.3": 1, "nerdctl 2.0.5-1.amzn2.0.1": 1}),
        ("nerdctl", "2.0.5-1.amzn2.0.1", 0, 2, {"cri-tools 1.32.0-1.amzn2.0.1": 1, "golang.org/x/net 0.38.0": 1}),
        ("cri-tools", "1.32.0-1.amzn2.0.1", 0, 1, {"nerdctl 2.0.5-1.amzn2.0.1": 1}),
        ("google.golang.org/grpc", "1.58.3", 0, 1, {"golang.org/x/net 0.38.0": 1}),
    ]
    assert describe_upgrade(upgrades[1]) == (
        "nerdctl 2.0.4-1.amzn2.0.1 -> 2.0.5-1.amzn2.0.1 closes none alone; "
        "1 finding with cri-tools 1.32.0-1.amzn2.0.1; 1 finding with golang.org/x/net 0.38.0"
    )


def test_a_package_that_two_managers_see_is_one() -> None:
    (upgrade,) = _ranked(*_read("findings-of-two-managers"))
    assert (upgrade.also, upgrade.together, upgrade.command) == ([], [], "pip install certifi==2023.7.22")
    assert describe_upgrade(upgrade) == "certifi 2022.12.7 and 1 more -> 2023.7.22 closes 1 finding"


@pytest.mark.parametrize(
    "managers", [("GOMOD", "GOBINARY"), ("NPM", "NODEPKG"), ("BUNDLER", "GEMSPEC"), ("JAR", "POM")]
)
def test_two_managers_and_two_copies_are_one_upgrade(world: World, managers: tuple[str, str]) -> None:
    both = [package("x", "0.0.8", "0.2.4", manager=managers[0]), package("x", "1.2.5", "1.2.6", manager=managers[1])]
    findings = [finding("A", *both), finding("B", both[0]), finding("C", both[1])]
    (upgrade,) = _ranked(*findings)
    assert (upgrade.to, upgrade.closes, upgrade.also, upgrade.together) == ("1.2.6", 3, [], [])
    images = [(ami("ami-0a"), findings[1:2]), (ami("ami-0b", lineage="db"), findings[:1])]
    (whole,) = world.run("run-1", "2026-04-01T03:00:00Z", images).upgrades
    assert (whole.to, whole.closes, whole.also, whole.amis) == ("1.2.6", 2, [], 2)


def test_a_milestone_is_before_its_release() -> None:
    (upgrade,) = _ranked(*_read("findings-of-a-milestone"))
    assert (upgrade.to, upgrade.closes) == ("10.0.0", 2)


KERNELS = (
    package("kernel", "4.14.301-1.amzn2", "4.14.336-1.amzn2"),
    package("kernel", "5.10.1-1.amzn2", "5.10.205-1.amzn2"),
)
MODULES = (package("nodejs", "16.20.1-1.module+el8", "16.20.2-1.module+el8"),
           package("nodejs", "18.17.1-1.module+el8", "18.18.2-1.module+el8"))  # fmt: skip


@pytest.mark.parametrize("pair", [KERNELS, MODULES], ids=["kernels of Amazon Linux 2", "modules of Red Hat"])
def test_streams_are_not_merged(world: World, pair: tuple[Package, Package]) -> None:
    expected = sorted((one.fixed_in, f"{_TOOL[one.name]} {one.name}-{one.fixed_in}") for one in pair)
    images = [(ami(f"ami-0{at}", lineage=str(at)), [finding("A", one)]) for at, one in enumerate(pair)]
    found = world.run("run-1", "2026-04-01T03:00:00Z", images).upgrades
    assert sorted((one.to, one.command) for one in found) == expected
    of_one = _ranked(*(finding(one.fixed_in, one) for one in pair))
    assert sorted((one.to, one.command) for one in of_one) == expected


_TOOL = {"kernel": "yum update", "nodejs": "dnf update"}


def test_a_fix_that_is_no_version_is_closed_by_nothing_else() -> None:
    fixes = ("2023.3", "2004d", "2024.1", "next release")
    upgrades = _ranked(*(finding(fix, package("pytz", "2003", fix, manager="PIP")) for fix in fixes))
    assert sorted((one.to, one.closes, one.command) for one in upgrades) == [
        ("2004d", 1, "pip install pytz==2004d"), ("2024.1", 2, "pip install pytz==2024.1"), ("next release", 1, ""),
    ]  # fmt: skip


def test_a_fix_that_is_no_version_is_the_same_over_amis(world: World) -> None:
    pytz = package("pytz", "2003", "next release", manager="PIP")
    assert _across(world, pytz, pytz) == ["pytz 2003 -> next release closes 2 findings, in 2 AMIs"]


def test_what_always_needs_another_upgrade_goes_last() -> None:
    names = ("perl", "perl-Errno", "perl-IO")
    parts = [package(name, f"1.{at}-1.el8", f"1.{at}-2.el8") for at, name in enumerate(names)]
    low = finding("L", package("curl"), severity="LOW")
    assert [one.package for one in _ranked(finding("A", *parts), finding("B", *parts), low)] == [
        "perl",
        "curl",
        *names[1:],
    ]


def test_a_runs_upgrade_names_amis_and_owners(world: World) -> None:
    def image(number: int, owner: str) -> Any:
        tags = {"Owner": owner} if owner else {}
        named = ami(f"ami-{number:02}", name=f"web-{number}", lineage=str(number), tags=tags)
        return named, [finding("A", package(version=f"3.0.{number % 3}")), finding("B")]

    images = [image(number, ("payments", "", "platform")[number % 3]) for number in range(25)]
    (upgrade,) = world.run("run-1", "2026-04-01T03:00:00Z", images).upgrades
    assert (upgrade.amis, upgrade.closes, upgrade.owners) == (25, 50, ["payments", "platform"])
    assert [one.name for one in upgrade.images] == [f"web-{number}" for number in range(20)]
    assert upgraded_amis(upgrade) == "web-0, web-1, web-2 and 22 more; owners: payments, platform"


def test_an_ami_whose_streams_another_one_joins_counts_once() -> None:
    whole = RunUpgrades()
    apart = _ranked(
        *(finding(fix, package("x", low, fix, manager="NPM")) for low, fix in (("1.0.0", "1.0.1"), ("3.0.0", "3.0.1")))
    )
    assert len(apart) == 2
    whole.add(apart, UpgradedAmi(key="a", name="a"))
    whole.add(_ranked(finding("A", package("x", "0.9.0", "3.5.0", manager="NPM"))), UpgradedAmi(key="b", name="b"))
    (upgrade,) = whole.ranked()
    assert (upgrade.to, upgrade.closes, upgrade.amis, len(upgrade.images)) == ("3.5.0", 3, 2, 2)


def test_what_is_closed_with_others_adds_up_over_amis(world: World) -> None:
    def image(key: str, go: str, rpm: str) -> Any:
        found = [package("golang.org/x/net", "0.1.0", go, manager="GOBINARY"), package("nerdctl", "2.0.4", rpm)]
        return ami(key, lineage=key), [finding("A", *found)]

    images = [image("ami-0a", "0.38.0", "2.0.5-1.amzn2"), image("ami-0b", "0.38.1", "2.0.6-1.amzn2")]
    upgrades = {one.package: one for one in world.run("run-1", "2026-04-01T03:00:00Z", images).upgrades}
    assert _shared(upgrades["golang.org/x/net"]) == {"nerdctl 2.0.6-1.amzn2": 2}
    assert _shared(upgrades["nerdctl"]) == {"golang.org/x/net 0.38.1": 2}


_FIXED = st.sampled_from(["1.0.1", "1.0.2", "1.0.10", "1.0.2-rc.1", "2.0.0", "3.0.0", "no version", "2004d"])
_KNOWN = st.sampled_from([("a", "NPM"), ("b", "NODEPKG"), ("a", "OS"), ("b", "OS"), ("c", "OS"), ("a", "PIP")])
_AFFECTED = st.builds(
    lambda known, low, to: package(known[0], low, to, manager=known[1]),
    _KNOWN,
    st.sampled_from(["1.0.0", "2.9.9", ""]),
    _FIXED,
)


def _closed(one: Finding, *targets: tuple[str, str, str]) -> bool:
    """Whether upgrading to these closes a finding, by each package alone."""

    def reached(needed: Package, name: str, to: str, manager: str) -> bool:
        order = order_of(manager)
        wanted, got = key_of(needed.fixed_in, order), key_of(to, order)
        enough = needed.fixed_in == to or (wanted is not None and got is not None and not got < wanted)
        return needed.name == name and order_of(needed.manager) == order and enough

    return all(any(reached(needed, *target) for target in targets) for needed in one.packages)


@given(st.lists(st.lists(_AFFECTED, min_size=1, max_size=3), min_size=1, max_size=8))
def test_an_upgrade_closes_what_it_says(found: list[list[Package]]) -> None:
    findings = [finding(f"CVE-{at}", *packages) for at, packages in enumerate(found)]
    for upgrade in _ranked(*findings):
        own = [(one.package, one.to, one.manager) for one in upgrade.packages]
        closed = sum(_closed(one, *own) for one in findings)
        assert 0 <= upgrade.closes <= closed
        assert upgrade.findings == upgrade.closes + sum(one.closes for one in upgrade.together)
        for shared in upgrade.together:
            others = [(one.package, one.to, one.manager) for one in shared.packages]
            assert upgrade.closes + shared.closes <= sum(_closed(one, *own, *others) for one in findings)


def test_the_worst_is_mended_first_also_where_it_takes_two_packages() -> None:
    log4j = [
        package("log4j-core", manager="JAR", fixed_in="2.17.1"),
        package("log4j-api", manager="JAR", fixed_in="2.17.1"),
    ]
    exploited = {"severity": "CRITICAL", "known_exploited_since": "2021-12-10"}
    upgrades = _ranked(
        *(finding(f"CVE-{number}", package("openssl"), severity="HIGH") for number in range(9)),
        finding("CVE-2023-4911", package("glibc"), severity="HIGH", known_exploited_since="2023-11-21"),
        finding("CVE-2021-44228", *log4j, **exploited),
    )
    assert [one.package for one in upgrades] == ["log4j-api", "glibc", "openssl", "log4j-core"]
    assert describe_upgrade(upgrades[0]).endswith("closes none alone; 1 finding with log4j-core 2.17.1, 1 exploited")
