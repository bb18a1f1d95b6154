"""New, fixed and open, between runs and between the AMIs of a lineage."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_world import World, ami, finding, package

from golden_ami.evaluation.comparison import first_observed
from golden_ami.evaluation.identity import identities_of
from golden_ami.evaluation.model import Comparison
from golden_ami.models import Finding, Reason
from golden_ami.natural_order import natural_order
from golden_ami.register.model import FindingIdentity

_CAUSE = Reason(code="X", message="x", remedy="x")


def _two(world: World, before: list[Finding], after: list[Finding], **fields: Any) -> Comparison:
    world.run("run-1", "2026-04-01T03:00:00Z", [(ami("ami-0a"), before)])
    report = world.run("run-2", "2026-04-11T03:00:00Z", [(ami("ami-0a", **fields), after)])
    assert report.amis[0].since_last_run
    return report.amis[0].since_last_run


def _counts(change: Comparison | None) -> tuple[int, int, int]:
    assert change
    return change.new, change.open, change.fixed


def test_first_assessment_has_nothing_to_compare_with(world: World) -> None:
    (image,) = world.run("run-1", "2026-04-01T03:00:00Z", [(ami("ami-0a"), [finding("CVE-1")])]).amis
    assert (image.since_last_run, image.since_previous_ami) == (None, None)


def test_new_fixed_and_open_with_age(world: World) -> None:
    change = _two(world, [finding("A"), finding("B")], [finding("B"), finding("C")])
    assert _counts(change) == (1, 1, 1)
    assert change.oldest_days == 10


def test_neither_arn_nor_order_nor_a_new_version_makes_another_finding(world: World) -> None:
    before = [finding("A"), finding("B", package("curl"))]
    after = [finding("B", package("curl", "8.0"), arn="x"), finding("A", arn="y", severity="LOW", title="other")]
    assert _counts(_two(world, before, after)) == (0, 2, 0)


@pytest.mark.parametrize("other", [package("libssl"), package(manager="PIP")])
def test_package_and_ecosystem_tell_findings_apart(world: World, other: Any) -> None:
    assert _counts(_two(world, [finding("A")], [finding("A", other)])) == (1, 0, 1)


@pytest.mark.parametrize(
    "other",
    [
        package(architecture="ARM64"),
        package(path="vol-0123456789abcdef0:/p1:opt/x.jar"),
        package(version="3.0.7-2"),
    ],
)
def test_architecture_path_and_version_are_occurrences(world: World, other: Any) -> None:
    assert _counts(_two(world, [finding("A")], [finding("A", other)])) == (0, 1, 0)
    both = [finding("A"), finding("A", other, arn="another")]
    assert _counts(_two(world, both, both)) == (0, 1, 0)


def test_a_finding_that_gains_a_package_is_the_same(world: World) -> None:
    after = finding("A", package(), package("openssl-libs"))
    assert _counts(_two(world, [finding("A")], [after])) == (0, 1, 0)


def test_findings_that_became_one_are_not_fixed(world: World) -> None:
    before = [finding("A", package("openssl")), finding("A", package("openssl-libs"), arn="another")]
    assert _counts(_two(world, before, [finding("A", package("openssl"), package("openssl-libs"))])) == (0, 1, 0)


def test_a_reachability_finding_is_its_port_not_its_instance() -> None:
    def identities(instance: str, ports: str) -> list[FindingIdentity]:
        network = {"protocol": "TCP", "ports": ports, "path": f"igw-1 > eni-{instance}"}
        title = f"Port {ports} of i-{instance} is reachable"
        kind = "NETWORK_REACHABILITY"
        reachable = Finding(arn="a", severity="HIGH", title=title, type=kind, source="s", network=network)
        return identities_of(reachable)

    assert identities("0123456789abcdef0", "22") == identities("0fedcba9876543210", "22")
    assert identities("0123456789abcdef0", "22") != identities("0123456789abcdef0", "80")


def test_a_run_without_assessment_never_makes_findings_look_fixed(world: World) -> None:
    world.run("run-1", "2026-04-01T03:00:00Z", [(ami("ami-0a"), [finding("A")])])
    missed = world.run("run-2", "2026-04-02T03:00:00Z", [(ami("ami-0a", reason=_CAUSE), None)])
    assert missed.totals.fixed == missed.totals.compared == 0
    report = world.run("run-3", "2026-04-03T03:00:00Z", [(ami("ami-0a"), [finding("A")])])
    assert report.amis[0].since_last_run
    assert report.amis[0].since_last_run.run_id == "run-1"
    assert _counts(report.amis[0].since_last_run) == (0, 1, 0)


def test_a_partial_scan_fixes_nothing_and_is_no_baseline(world: World) -> None:
    change = _two(world, [finding("A"), finding("B")], [finding("B")], scan_status="PARTIAL")
    assert _counts(change) == (0, 1, 0)
    assert "partial" in change.note
    report = world.run("run-3", "2026-04-12T03:00:00Z", [(ami("ami-0a"), [finding("A"), finding("B")])])
    assert report.amis[0].since_last_run
    assert report.amis[0].since_last_run.run_id == "run-1"


def test_a_partial_scan_of_the_ami_before_is_no_baseline(world: World) -> None:
    world.run("run-1", "2026-04-01T03:00:00Z", [(ami("ami-0a"), [finding("A")])])
    world.run("run-2", "2026-04-02T03:00:00Z", [(ami("ami-0b", scan_status="PARTIAL"), [])])
    report = world.run("run-3", "2026-04-03T03:00:00Z", [(ami("ami-0c"), [finding("A")])])
    assert report.amis[0].since_previous_ami
    assert report.amis[0].since_previous_ami.ami_id == "ami-0a"


def test_another_engine_fixes_only_what_it_can_see(world: World) -> None:
    check = Finding(arn="c", severity="LOW", title="1.1", type="CIS", source="s", vulnerability_id="1.1")
    change = _two(world, [finding("A"), check], [], engine="ami")
    assert _counts(change) == (0, 0, 1)
    assert "the engine was instance then" in change.note


def _lineage(world: World, *names: str) -> list[str]:
    """The AMIs that each of the last run's is compared with, all in one run."""
    images = [(ami(f"ami-{name}", name=name), [finding("A")]) for name in names]
    random.Random(4).shuffle(images)
    report = world.run("run-9", "2026-05-01T03:00:00Z", images)
    found = {one.name: one.since_previous_ami for one in report.amis}
    return [change.ami_id if (change := found[name]) else "" for name in names]


def test_each_ami_is_compared_with_the_one_before_it(world: World) -> None:
    assert _lineage(world, "web-v9", "web-v10", "web-v11") == ["", "ami-web-v9", "ami-web-v10"]
    assert _lineage(world, "web-v9", "web-v10", "web-v11") == ["", "ami-web-v9", "ami-web-v10"]  # and by a retry


def test_an_older_ami_is_not_compared_with_its_successor(world: World) -> None:
    world.run("run-1", "2026-04-01T03:00:00Z", [(ami("ami-41"), [finding("A")])])
    world.run("run-2", "2026-04-02T03:00:00Z", [(ami("ami-42"), [finding("B")])])
    report = world.run("run-3", "2026-04-03T03:00:00Z", [(ami("ami-41"), []), (ami("ami-42"), [])])
    changes = {one.ami_id: one.since_previous_ami for one in report.amis}
    assert changes["ami-41"] is None
    assert changes["ami-42"]
    assert changes["ami-42"].ami_id == "ami-41"


def test_the_sums_count_an_amis_own_last_run_before_the_ami_before_it(world: World) -> None:
    world.run("run-1", "2026-04-01T03:00:00Z", [(ami("ami-0a"), [finding("A"), finding("B")])])
    world.run("run-2", "2026-04-02T03:00:00Z", [(ami("ami-0b"), [finding("A")])])
    report = world.run("run-3", "2026-04-03T03:00:00Z", [(ami("ami-0b"), [finding("A"), finding("C")])])
    assert report.amis[0].since_previous_ami
    assert (report.totals.compared, report.totals.new, report.totals.open, report.totals.fixed) == (1, 1, 1, 0)


def test_other_lineages_regions_and_accounts_are_others(world: World) -> None:
    world.run("run-1", "2026-04-01T03:00:00Z", [(ami("ami-41"), [finding("A")])])
    others = [ami("a", lineage="db"), ami("b", region="eu-west-1"), ami("c", account="210987654321")]
    report = world.run("run-2", "2026-04-02T03:00:00Z", [(one, []) for one in others])
    assert report.totals.compared == 0


@pytest.mark.parametrize(
    ("told", "since"),
    [
        ("2026-11-20T23:00:00Z", "2026-11-20"),
        ("2027-01-01T00:00:00Z", "2026-11-27"),  # no grace beyond that of today's finding
        ("some day", "2026-11-27"),
    ],
)
def test_a_finding_is_as_old_as_its_source_says(told: str, since: str) -> None:
    assert first_observed(told, date(2026, 11, 27)) == since


def test_digits_in_names_count_as_numbers() -> None:
    assert sorted(["v10", "v9", "v1.12", "v1.9", "v"], key=natural_order) == ["v", "v1.9", "v1.12", "v9", "v10"]


_IDS = st.frozensets(st.integers(0, 12).map(lambda number: f"CVE-{number}"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(_IDS, _IDS)
def test_differences_are_those_of_sets(world: World, before: frozenset[str], after: frozenset[str]) -> None:
    world.history.notes.clear()
    world.history.known.clear()
    world.history.lineages.clear()
    change = _two(world, [finding(one) for one in before], [finding(one) for one in after])
    assert _counts(change) == (len(after - before), len(before & after), len(before - after))
