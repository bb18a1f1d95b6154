"""No past that is lost, moved, vague or of an earlier release makes a finding younger."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from evidence import complete_evidence
from hypothesis import given, settings
from hypothesis import strategies as st
from report_world import World, ami, finding, package
from weeks import FROM_EVENT, FROM_ROW, GRACE, START, changes, register_of, week

from golden_ami.evaluation.identity import identities_of
from golden_ami.models import Assessment, Config, Evidence, Finding, Package, Policy, Reason
from golden_ami.register.looked import looked_at
from golden_ami.register.model import Entry, Header
from golden_ami.register.past import Known, Past
from golden_ami.register.register import Register

UNKNOWN = Reason(code="X", message="m", remedy="r")
WEB = "123456789012/us-east-1/web"


def at(number: int, hour: int = 3) -> str:
    return f"{START + timedelta(weeks=number)}T{hour:02}:00:00Z"


def lose(world: World, lineage: str = WEB) -> None:
    world.store.remove(world.history.notes[lineage].key)


def test_an_ami_that_was_not_there_when_the_loss_was_found_has_no_grace(world: World) -> None:
    both = [(ami("ami-1"), []), (ami("ami-2"), [finding("CVE-2")])]
    world.run("run-0", at(0), both, GRACE)
    lose(world)
    world.run("run-2", at(2), [(ami("ami-1"), []), (ami("ami-2", reason=UNKNOWN), None)], GRACE)
    report = world.run("run-3", at(3), both, GRACE)
    assert {one.ami_id: one.verdict for one in report.amis} == {"ami-1": "PASS", "ami-2": "FAIL"}


def test_a_later_ami_of_the_lineage_has_grace_again(world: World) -> None:
    week(world, 0, [])
    lose(world)
    week(world, 1, [])
    assert week(world, 2, [finding("CVE-1")], ami_id="ami-2").verdict == "FAIL", (
        "it may have been there before the loss"
    )
    found = week(world, 3, [finding("CVE-1"), finding("CVE-2")], ami_id="ami-2")
    assert [item.vulnerability for item in found.failures] == ["CVE-1"]


def test_a_finding_that_pauses_over_a_loss_has_no_grace(world: World) -> None:
    week(world, 0, [finding("CVE-1")])
    lose(world)
    week(world, 2, [])
    assert week(world, 3, [finding("CVE-1")]).verdict == "FAIL"
    assert week(world, 4, [finding("CVE-1")]).verdict == "FAIL"


def test_a_row_that_is_lost_is_missed_by_an_ami_of_another_id(world: World) -> None:
    week(world, 0, [finding("CVE-1")])
    world.history.notes.clear()
    found = week(world, 2, [finding("CVE-1")], ami_id="ami-2")
    assert found.verdict == "FAIL"
    assert any("does not have the register" in note for note in found.notes)


def test_a_loss_elsewhere_costs_only_the_ami_that_was_there(world: World) -> None:
    old = "123456789012/us-east-1/old"
    week(world, 0, [], lineage="old")
    lose(world, old)
    images: Any = [(ami("ami-1"), [finding("CVE-1")]), (ami("ami-2"), [finding("CVE-2")])]
    report = world.run("run-1", at(1), images, GRACE)
    assert {one.ami_id: one.verdict for one in report.amis} == {"ami-1": "FAIL", "ami-2": "PASS"}


@pytest.mark.parametrize("partial", [False, True])
def test_a_retagged_ami_keeps_more_than_its_last_assessments(world: World, partial: bool) -> None:
    evidence = complete_evidence()
    if partial:
        evidence = [one for one in evidence if one.kind != "languagePackages"]
        evidence.append(Evidence(kind="languagePackages", status="MISSING"))
    config = Config(policy=Policy(grace_days=10, require=["packages", "findings"]))
    week(world, 0, [finding("CVE-1")], config, evidence=evidence)
    for number in (1, 2):
        week(world, number, [], config, evidence=evidence)
    found = week(world, 3, [finding("CVE-1")], config, lineage="another", evidence=evidence)
    assert (found.verdict, found.failures[0].since) == ("FAIL", START.isoformat())


def test_a_retagged_ami_brings_what_its_source_said_less_of(world: World) -> None:
    week(world, 0, [FROM_ROW], engine="ami")
    week(world, 2, [FROM_EVENT], ami_id="ami-2", lineage="another")
    found = week(world, 3, [FROM_EVENT], lineage="another", engine="ami")
    assert (found.verdict, changes(found)) == ("FAIL", (0, 1, 0))


def test_another_row_of_a_known_finding_is_an_occurrence(world: World) -> None:
    week(world, 0, [FROM_EVENT], engine="ami")
    for number in (1, 2):
        found = week(world, number, [FROM_ROW, FROM_ROW], engine="ami")
        assert changes(found) == (0, 1, 0)
    assert found.verdict == "FAIL"
    assert len(register_of(world).entries) == 1


def test_a_row_beside_the_finding_that_it_may_be_is_no_finding_of_its_own(world: World) -> None:
    week(world, 0, [finding("CVE-1")], engine="ami")
    for _ in range(2):
        found = week(world, 1, [finding("CVE-1"), FROM_ROW], engine="ami", ami_id="ami-2")
        assert changes(found) == (0, 1, 0)
    assert len(register_of(world).entries) == 1


def test_two_findings_of_one_identity_are_one_that_was_told_of_before(world: World) -> None:
    week(world, 0, [FROM_ROW], engine="ami")
    assert changes(week(world, 1, [FROM_EVENT, FROM_EVENT], engine="ami")) == (0, 1, 0)


def test_each_finding_that_may_be_the_old_one_is_as_old(world: World) -> None:
    vague = Finding(
        arn="x", severity="HIGH", title="CVE-1", type="PACKAGE_VULNERABILITY", source="s", vulnerability_id="CVE-1"
    )
    week(world, 0, [vague])
    week(world, 1, [finding("CVE-1"), finding("CVE-1", package("curl"), arn="y")])
    assert week(world, 2, [finding("CVE-1", package("curl"), arn="y")]).verdict == "FAIL"


def test_of_findings_that_a_row_may_be_the_oldest_counts(world: World) -> None:
    older = finding("CVE-1", package(manager="NODEPKG"), arn="y", first_observed_at="2026-01-01T00:00:00Z")
    week(world, 0, [FROM_EVENT], engine="ami")
    week(world, 1, [FROM_EVENT, older], engine="ami")
    assert week(world, 2, [FROM_ROW], Config(), engine="ami").failures[0].since == "2026-01-01"


def standings(
    world: World, run_id: str, ami_id: str, lineage: str, vulnerability: str, package_name: str = "openssl"
) -> None:
    """Of a release without registers: one finding, since the first of January."""
    key = f"runs/{run_id}/standings/{ami_id}.ndjson"
    line = (
        f'{{"identities":[["{vulnerability}","{package_name}","X86_64",""]],"severity":"HIGH",'
        '"type":"PACKAGE_VULNERABILITY","since":"2026-01-01"}\n'
    )
    with world.store.writing(key, "") as out:
        out.write(line.encode())
    world.history.former.append(
        Assessment(
            run_id=run_id, key=ami_id, ami_id=ami_id, name=ami_id, lineage=f"123456789012/us-east-1/{lineage}",
            engine="instance", completed_at="2026-01-02T03:00:00Z", verdict="FAIL", standings_key=key,
        )
    )  # fmt: skip


def test_an_ami_of_an_earlier_release_is_taken_over_when_it_comes(world: World) -> None:
    standings(world, "old-1", "ami-1", "before-a", "CVE-1")
    standings(world, "old-1", "ami-2", "before-b", "CVE-2")
    week(world, 2, [finding("CVE-1")], tags={"Name": "before-a"})
    found = week(world, 3, [finding("CVE-2")], ami_id="ami-2", tags={"Name": "before-b"})
    assert (found.verdict, found.failures[0].since) == ("FAIL", "2026-01-01")


@pytest.mark.parametrize(
    ("former", "now"),
    [
        ("linux-image-6.1.0-18-amd64", package("linux-image-6.1.0-21-amd64")),
        ("Jinja2", package("jinja2", manager="PYTHONPKG")),
    ],
)
def test_an_earlier_release_knew_a_package_by_the_name_of_its_build(world: World, former: str, now: Package) -> None:
    standings(world, "old-1", "ami-1", "before", "CVE-1", former)
    found = week(world, 2, [finding("CVE-1", now)], tags={"Name": "before"})
    assert (found.verdict, found.failures[0].since) == ("FAIL", "2026-01-01")


def test_a_report_that_is_made_again_later_has_the_same_baseline(world: World) -> None:
    for number in range(3):
        before = week(world, number, [finding(f"CVE-{number}")]).since_last_run
        if number == 1:
            first = before
    again = world.run("run-1", at(1), [(ami("ami-1"), [finding("CVE-1")])], GRACE).amis[0].since_last_run
    assert first
    assert (first.run_id, again and again.run_id) == ("run-0", None), "that of run-0 is not kept, and none later counts"


_SOURCES = st.sampled_from(["event", "row", "title"])
_WEEKS = st.lists(
    st.tuples(st.sets(st.sampled_from(["CVE-1", "CVE-2"])), _SOURCES, st.sampled_from(["ami", "instance"])),
    min_size=2, max_size=5,
)  # fmt: skip


def told(source: str, vulnerability: str) -> Finding:
    if source == "event":
        return finding(vulnerability)
    if source == "row":
        return finding(vulnerability, package(manager="", architecture="", version=""))
    return Finding(
        arn="t", severity="HIGH", title=vulnerability, type="PACKAGE_VULNERABILITY", source="s",
        vulnerability_id=vulnerability,
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(_WEEKS, st.booleans())
def test_no_source_makes_a_finding_younger_and_no_repetition_changes_a_report(weeks: Any, moved: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world, first = World(Path(folder)), dict[str, str]()
        for number, (vulnerabilities, source, engine) in enumerate(weeks):
            lineage = "another" if moved and number else "web"
            findings = [told(source, one) for one in sorted(vulnerabilities)]
            found, again = (week(world, number, findings, Config(), engine=engine, lineage=lineage) for _ in range(2))
            for one in vulnerabilities:
                first.setdefault(one, (START + timedelta(weeks=number)).isoformat())
            assert {item.vulnerability: item.since for item in found.failures} == {
                one: first[one] for one in vulnerabilities
            }
            assert (again.since_last_run, again.failures) == (found.since_last_run, found.failures)


LOST_AT = "2026-01-01T03:00:00Z"


def known_after_loss(completed_at: str) -> Known:
    """Of a finding that is new to a register that lost a part of its past, and looked again since."""
    image = ami("ami-1", run_id="run-2")
    since = Assessment(
        run_id="run-1", key=image.key, ami_id="ami-1", name="", lineage=WEB, engine="instance", completed_at=LOST_AT,
        verdict="PASS", looked_at=["packages", "languagePackages"],
    )  # fmt: skip
    register = Register(Header(lineage=WEB, lost_at=LOST_AT, assessments=[since]))
    past = Past(register, image, looked_at(image, Config()), completed_at)
    new = finding("CVE-1")
    return past.match(new, identities_of(new), completed_at[:10], grace_days=10)


def test_what_comes_when_the_grace_since_a_loss_is_over_is_new() -> None:
    assert known_after_loss("2026-01-10T03:00:00Z").uncertain
    assert not known_after_loss("2026-01-11T03:00:00Z").uncertain


@pytest.mark.parametrize(("own", "other"), [("", LOST_AT), (LOST_AT, ""), ("2025-12-01T03:00:00Z", LOST_AT)])
def test_the_last_loss_of_two_registers_counts(own: str, other: str) -> None:
    register = Register(Header(lineage=WEB, lost_at=own))
    register.adopt(Register(Header(lineage="other", lost_at=other)), [])
    assert register.lost_at == LOST_AT


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True)])
def test_what_was_uncertain_once_stays_so(first: bool, second: bool) -> None:
    entries = [
        Entry("CVE-1", [("os", "openssl")], "packages", "HIGH", "2026-01-01", "2026-01-01", uncertain=uncertain)
        for uncertain in (first, second)
    ]
    register = Register(Header(lineage=WEB), entries[:1])
    register.see(0, entries[1])
    assert register.entries[0].uncertain
