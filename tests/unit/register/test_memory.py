"""What a lineage's register remembers: over lost events, pauses, other engines, other names, two runs at once."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from evidence import complete_evidence
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from registers import History
from report_world import World, ami, finding, package
from weeks import FROM_EVENT, FROM_ROW, GRACE, START, changes, register_of, week

from golden_ami.models import Assessment, Config, Evidence, Finding
from golden_ami.register.model import Entry, Header, RegisterNote
from golden_ami.register.register import Register
from golden_ami.register.store import Registers, read, written

PORT = Finding(
    arn="p", severity="MEDIUM", title="Port 22 is reachable", type="NETWORK_REACHABILITY", source="s",
    network={"protocol": "TCP", "ports": "22"},
)  # fmt: skip


def check(level: int) -> Finding:
    severity: Any = {1: "MEDIUM", 2: "LOW"}[level]
    return Finding(
        arn=f"c{level}", severity=severity, title=f"{level}.1", type="CIS", source="s", vulnerability_id=f"{level}.1"
    )


@pytest.mark.parametrize(
    "other",
    [
        FROM_ROW,
        finding("CVE-1", package(name="(2 more)", manager="")),  # a title that only counts its packages
        Finding(
            arn="x", severity="HIGH", title="CVE-1", type="PACKAGE_VULNERABILITY", source="s", vulnerability_id="CVE-1"
        ),
    ],
)
def test_a_source_that_says_less_tells_of_the_same_finding(world: World, other: Finding) -> None:
    assert week(world, 0, [FROM_EVENT]).verdict == "PASS"
    for number, one in enumerate((other, FROM_EVENT, other), 1):
        found = week(world, number, [one])
        assert changes(found) == (0, 1, 0)
        assert found.verdict == ("PASS" if number < 2 else "FAIL"), "grace goes on"


def test_what_a_source_does_not_say_matches_one_finding(world: World) -> None:
    vague = Finding(
        arn="x", severity="HIGH", title="CVE-1", type="PACKAGE_VULNERABILITY", source="s", vulnerability_id="CVE-1"
    )
    week(world, 0, [vague])
    found = week(world, 1, [finding("CVE-1"), finding("CVE-1", package("curl"), arn="y")])
    assert changes(found) == (1, 1, 0)


def test_a_finding_that_says_all_comes_before_one_that_says_less(world: World) -> None:
    """Of one vulnerability in two packages, one finding came as an event, and of the other EC2 has a row only."""
    libraries, library = package(manager="NODEPKG"), package(manager="", architecture="", version="")
    week(world, 0, [finding("CVE-1"), finding("CVE-1", libraries, arn="y")], engine="ami")
    for findings in ([finding("CVE-1", library, arn="x"), finding("CVE-1")], [finding("CVE-1", library, arn="x")] * 2):
        assert changes(week(world, 1, findings, engine="ami")) == (0, 2, 0)


def test_rows_that_could_not_be_told_apart_are_told_apart_later(world: World) -> None:
    row = finding("CVE-1", package(manager="", architecture="", version=""))
    whole = [finding("CVE-1"), finding("CVE-1", package(manager="NODEPKG"), arn="y")]
    week(world, 0, [row, row])
    for number in (1, 2):
        assert changes(week(world, number, whole)) == (0, 2, 0)
    assert changes(week(world, 3, whole[:1])) == (0, 1, 1)


def test_a_row_is_what_the_ami_had_before_that_of_another_build(world: World) -> None:
    library = finding("CVE-1", package(manager="NODEPKG"), arn="y")
    week(world, 0, [library, finding("CVE-1")])
    week(world, 1, [finding("CVE-1")], ami_id="ami-2")
    found = week(world, 2, [FROM_ROW], ami_id="ami-2")
    assert found.since_last_run
    assert not found.since_last_run.new_items
    assert changes(found) == (0, 1, 0)


def test_two_rows_are_two_findings_that_were_told_apart_once(world: World) -> None:
    row = finding("CVE-1", package(manager="", architecture="", version=""))
    whole = [finding("CVE-1"), finding("CVE-1", package(manager="NODEPKG"), arn="y")]
    for number, findings in enumerate(([row, row], whole, whole, [row, row], [row, row], whole)):
        images = [(ami(f"ami-{image}"), findings) for image in (1, 2)]
        found = world.run(f"run-{number}", f"{START + timedelta(weeks=number)}T03:00:00Z", images, GRACE).amis
        assert number == 0 or [changes(one) for one in found] == [(0, 2, 0)] * 2, number


def test_other_paths_of_a_new_finding_are_listed_once(world: World) -> None:
    week(world, 0, [])
    found = week(world, 1, [finding("CVE-1", package(path=path), arn=path) for path in ("a", "b")])
    assert changes(found) == (1, 0, 0)
    assert found.since_last_run
    assert len(found.since_last_run.new_items) == 1


def test_a_finding_that_pauses_keeps_its_age(world: World) -> None:
    week(world, 0, [finding("CVE-1")])
    for number in (1, 2, 3):
        week(world, number, [])
    found = week(world, 4, [finding("CVE-1")])
    assert (found.verdict, found.failures[0].since) == ("FAIL", START.isoformat())
    assert changes(found) == (1, 0, 0)


@pytest.mark.parametrize("others", [80, 300])
def test_an_ami_is_compared_with_itself_however_many_are_between(world: World, others: int) -> None:
    config = GRACE
    images = [(ami(f"ami-{number}"), [finding("CVE-1")]) for number in range(others)]
    world.run("run-0", f"{START}T03:00:00Z", images, config)
    later = world.run("run-1", f"{START + timedelta(weeks=2)}T03:00:00Z", images, config)
    assert later.totals.failed == later.totals.compared == later.totals.open == others
    assert later.trend[0].amis == others


def test_a_retagged_ami_keeps_its_past(world: World) -> None:
    week(world, 0, [finding("CVE-1")])
    found = week(world, 2, [finding("CVE-1")], lineage="another")
    assert (found.verdict, found.failures[0].since) == ("FAIL", START.isoformat())
    assert changes(found) == (0, 1, 0)
    assert "its lineage was web before, and its past was taken over" in found.notes
    later = week(world, 3, [finding("CVE-1")], lineage="another", ami_id="ami-2")
    assert (changes(later), [note for note in later.notes if "lineage" in note]) == ((0, 1, 0), [])


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ({"engine": "instance"}, {"engine": "ami"}),
        ({"engine": "instance"}, {"evidence": [Evidence(kind="network", status="MISSING")]}),
    ],
)
def test_what_was_not_looked_at_is_neither_new_nor_fixed(world: World, then: Any, now: Any) -> None:
    evidence = [one for one in complete_evidence() if one.kind != "network"] + now.pop("evidence", [])
    week(world, 0, [finding("CVE-1"), PORT], **then)
    assert changes(week(world, 1, [finding("CVE-1")], **now, evidence=evidence)) == (0, 1, 0)
    found = week(world, 2, [finding("CVE-1"), PORT], **then)
    assert changes(found) == (0, 1, 0)
    [since] = {entry.first_seen for entry in register_of(world).entries}
    assert since == START.isoformat()


def test_a_benchmark_of_another_level_neither_finds_nor_fixes(world: World) -> None:
    evidence = [*complete_evidence(), Evidence(kind="cis", status="COMPLETE")]
    both, base = Config(cis="LEVEL_2"), Config(cis="LEVEL_1")
    week(world, 0, [check(1), check(2)], both, evidence=evidence)
    assert changes(week(world, 1, [check(1)], base, evidence=evidence)) == (0, 1, 0)
    assert changes(week(world, 2, [], Config())) == (0, 0, 0)
    assert changes(week(world, 3, [check(1), check(2)], both, evidence=evidence)) == (0, 0, 0)
    assert changes(week(world, 4, [check(2)], both, evidence=evidence)) == (0, 1, 1)


def test_since_when_a_finding_is_gone(world: World) -> None:
    week(world, 0, [finding("CVE-1"), finding("CVE-2")])
    week(world, 1, [finding("CVE-1")], ami_id="ami-2")
    week(world, 2, [finding("CVE-1"), finding("CVE-2")])  # the older AMI still has it
    gone = {entry.vulnerability: entry.gone_since for entry in register_of(world).entries}
    assert gone == {"CVE-1": "", "CVE-2": (START + timedelta(weeks=1)).isoformat()}
    week(world, 3, [finding("CVE-2")], ami_id="ami-3")
    gone = {entry.vulnerability: entry.gone_since for entry in register_of(world).entries}
    assert gone == {"CVE-1": (START + timedelta(weeks=3)).isoformat(), "CVE-2": ""}


def test_an_assessment_that_fails_leaves_no_trace(world: World) -> None:
    week(world, 0, [finding("CVE-1")])
    before = world.history.notes.copy()
    lost = ami("ami-1", findings_key="nowhere")
    assert world.run("run-1", f"{START}T04:00:00Z", [(lost, None)]).amis[0].verdict == "NOT_ASSESSED"
    assert world.history.notes == before


class Rival(History):
    """A ledger in which another run writes the register first, once."""

    def __init__(self, rival: Any) -> None:
        super().__init__()
        self.rival = rival

    def note_register(self, lineage: str, note: RegisterNote, before: RegisterNote | None) -> bool:
        if self.rival:
            rival, self.rival = self.rival, None
            rival()
        return super().note_register(lineage, note, before)


def assessment(run_id: str, ami_id: str, at: str) -> Assessment:
    return Assessment(
        run_id=run_id,
        key=ami_id,
        ami_id=ami_id,
        name=ami_id,
        lineage="l",
        engine="ami",
        completed_at=at,
        verdict="PASS",
    )


def entered(register: Register, run_id: str, ami_id: str, *vulnerabilities: str) -> None:
    found = [
        same[0] if (same := register.same([(one, "os", "p")])) else register.add(
            Entry(one, [("os", "p")], "packages", "HIGH", "2026-01-01", "2026-01-01")
        )
        for one in vulnerabilities
    ]  # fmt: skip
    register.record(assessment(run_id, ami_id, f"2026-01-0{run_id[-1]}"), found)


def test_two_runs_at_once_lose_nothing(world: World) -> None:
    def other_run() -> None:
        theirs = Registers(world.store, history)
        register = theirs.open("1/r/l", [], [])
        entered(register, "run-2", "ami-2", "CVE-1", "CVE-2")
        theirs.save(register, "run-2")

    history = Rival(other_run)
    ours = Registers(world.store, history)
    register = ours.open("1/r/l", [], [])
    entered(register, "run-1", "ami-1", "CVE-1", "CVE-3")
    ours.save(register, "run-1")
    note = history.notes["1/r/l"]
    both = read(world.store.read(note.key), note)
    found = {
        one.run_id: sorted(both.entries[number].vulnerability for number in both.found_by(one))
        for one in both.assessments
    }
    assert found == {"run-1": ["CVE-1", "CVE-3"], "run-2": ["CVE-1", "CVE-2"]}
    assert len(both.entries) == 3


_MEMBERS = st.sampled_from(["", "a", "b"])
_ENTRIES = st.lists(
    st.builds(
        Entry, st.sampled_from(["V", "W"]), st.lists(st.tuples(_MEMBERS, _MEMBERS), min_size=1, max_size=2),
        st.sampled_from(["packages", "network"]), st.sampled_from(["HIGH", "LOW"]), st.just("2026-01-01"),
        st.just("2026-01-02"), uncertain=st.booleans(), on=st.integers(0, 7),
    ),
    max_size=12,
)  # fmt: skip


@given(_ENTRIES)
def test_a_register_is_read_as_it_was_written(entries: list[Entry]) -> None:
    assessments = [assessment(f"run-{number}", f"ami-{number}", "2026-01-01") for number in range(3)]
    register = Register(Header(lineage="l", assessments=assessments), entries)
    content = written(register)
    note = RegisterNote(key="k", sha256=sha256(content).hexdigest())
    again = read(content, note)
    assert (again.entries, again.assessments) == (register.entries, assessments)
    assert written(again) == content


@given(st.lists(st.sets(st.integers(0, 9)), max_size=8), st.sets(st.integers(0, 9)))
def test_a_forgotten_assessment_takes_no_other_with_it(found: list[set[int]], forgotten: set[int]) -> None:
    """Entry n was found by the assessments `found[n]`."""
    every = [assessment(f"run-{number}", f"ami-{number}", "2026-01-01") for number in range(10)]
    entries = [
        Entry(f"CVE-{number}", [("os", "p")], "packages", "LOW", "", "", on=sum(1 << one for one in those))
        for number, those in enumerate(found)
    ]
    register = Register(Header(assessments=every), entries)
    register._forget([every[number] for number in forgotten])
    kept = [number for number in range(10) if number not in forgotten]
    assert register.assessments == [every[number] for number in kept]
    for number, those in enumerate(found):
        by = {one.ami_id for one in register.assessments if number in register.found_by(one)}
        assert by == {f"ami-{one}" for one in those - forgotten}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(st.frozensets(st.integers(0, 8)), min_size=2, max_size=6))
def test_a_finding_is_as_old_as_the_first_week_that_saw_it(world: World, weeks: list[frozenset[int]]) -> None:
    world.history.notes.clear()
    world.history.known.clear()
    world.history.lineages.clear()
    first: dict[str, str] = {}
    for number, present in enumerate(weeks):
        today = (START + timedelta(weeks=number)).isoformat()
        found = week(world, number, [finding(f"CVE-{one}") for one in sorted(present)], Config())
        for one in present:
            first.setdefault(f"CVE-{one}", today)
        assert {item.vulnerability: item.since for item in found.failures} == {
            f"CVE-{one}": first[f"CVE-{one}"] for one in present
        }


def test_a_register_of_100_000_findings_is_small() -> None:
    entries = [
        Entry(
            f"CVE-20{number % 27:02}-{number}", [("os", f"package-{number % 900}")], "packages", "HIGH",
            (START + timedelta(days=number % 3000)).isoformat(), "2036-01-01", source="inspector2:ListFindings",
            on=(1 << number % 200) | 1,
        )
        for number in range(100_000)
    ]  # fmt: skip
    assessments = [assessment(f"run-{number}", f"ami-{number}", "2026-01-01") for number in range(200)]
    assert len(written(Register(Header(lineage="l", assessments=assessments), entries))) < 10_000_000


def test_amis_that_are_taken_over_follow_each_other_by_their_first_assessment(world: World) -> None:
    """Of ami-b and ami-a, by their names the other way, the last two assessments were of the same days."""
    for number, ids in enumerate([["ami-b"], ["ami-a", "ami-b"], ["ami-a", "ami-b"], ["ami-a", "ami-b"]]):
        for one in ids:
            key = f"runs/run-{number}/standings/{one}.ndjson"
            with world.store.writing(key, ""):
                pass
            then = replace(assessment(f"run-{number}", one, f"2025-12-0{number + 1}T03:00:00Z"), standings_key=key)
            world.history.former.append(replace(then, lineage="123456789012/us-east-1/web"))
    report = world.run("run-9", f"{START}T03:00:00Z", [(ami("ami-a"), []), (ami("ami-b"), [])])
    before = {one.ami_id: one.since_previous_ami.ami_id for one in report.amis if one.since_previous_ami}
    assert before == {"ami-a": "ami-b"}


def test_what_a_partial_scan_shows_has_its_date(world: World) -> None:
    """Grace counts from when a finding was first seen, not from the first scan that was complete."""
    partial = [one for one in complete_evidence() if one.kind != "languagePackages"]
    partial.append(Evidence(kind="languagePackages", status="MISSING"))
    for number in range(3):
        found = week(world, number, [finding("CVE-1")], evidence=partial)
        assert found.verdict == ("NOT_ASSESSED" if number < 2 else "FAIL")
    found = week(world, 3, [finding("CVE-1")])
    assert (found.verdict, found.failures[0].since) == ("FAIL", START.isoformat())
    assert found.since_last_run is None or found.since_last_run.new == 0
    assert week(world, 4, []).since_last_run


def test_what_a_partial_scan_does_not_show_is_not_gone(world: World) -> None:
    partial = [one for one in complete_evidence() if one.kind != "languagePackages"]
    partial.append(Evidence(kind="languagePackages", status="MISSING"))
    week(world, 0, [finding("CVE-1")])
    week(world, 1, [], evidence=partial)
    assert [entry.gone_since for entry in register_of(world).entries] == [""]
    assert changes(week(world, 2, [finding("CVE-1")])) == (0, 1, 0)


def kept(entries: list[Entry], assessments: int = 1) -> Register:
    """A register that was written with these entries, and read."""
    listed = [assessment(f"run-{number}", f"ami-{number}", "2026-01-01") for number in range(assessments)]
    content = written(Register(Header(lineage="l", assessments=listed), entries))
    return read(content, RegisterNote(key="k", sha256=sha256(content).hexdigest()))


def entry(kind: str, name: str, since: str, **fields: Any) -> Entry:
    return Entry("CVE-1", [(kind, name)], "packages", "HIGH", since, "2026-03-01", **fields)


@pytest.mark.parametrize(
    ("kind", "names", "name"),
    [
        ("python", ["Jinja2", "jinja2"], "jinja2"),
        ("python", ["jinja2", "Jinja2"], "jinja2"),
        ("dotnet", ["Newtonsoft.Json", "newtonsoft.json", "NEWTONSOFT.JSON"], "newtonsoft.json"),
        ("os", ["kernel-livepatch-6.1.94-99.176", "kernel-livepatch-6.1.97-104.177"], "kernel-livepatch-*"),
    ],
)
def test_entries_under_earlier_spellings_are_one(kind: str, names: list[str], name: str) -> None:
    entries = [
        entry(kind, one, f"2026-01-0{9 - at}", on=1 << at, gone_since="2026-02-01" if at else "")
        for at, one in enumerate(names)
    ]
    (found,) = kept(entries, len(names)).entries
    assert found.packages == [(kind, name)]
    assert (found.first_seen, found.on) == (f"2026-01-0{10 - len(names)}", (1 << len(names)) - 1)
    assert found.gone_since == ""


def test_of_entries_that_are_gone_the_last_to_go_counts() -> None:
    entries = [entry("python", one, "2026-01-01", gone_since=f"2026-02-0{at}") for at, one in enumerate(("A", "a"), 1)]
    assert [one.gone_since for one in kept(entries).entries] == ["2026-02-02"]


def test_an_entry_of_many_packages_names_each_once() -> None:
    two = Entry("CVE-1", [("python", "A.b"), ("python", "a-b")], "packages", "HIGH", "2026-01-01", "2026-01-01")
    assert [one.packages for one in kept([two]).entries] == [[("python", "a-b")]]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (package("Jinja2", manager="PYTHONPKG"), package("jinja2", manager="PIP")),
        (package("Jinja2", manager=""), package("Jinja2", manager="PYTHONPKG")),
        (package("Jinja2", manager="PYTHONPKG"), package("Jinja2", manager="")),
        (package("kpatch-patch-5_14_0-427_13_1"), package("kpatch-patch-5_14_0-427_16_1", manager="")),
    ],
)
def test_grace_goes_on_over_another_spelling(world: World, first: Any, second: Any) -> None:
    week(world, 0, [finding("CVE-1", first)])
    found = week(world, 2, [finding("CVE-1", second)], ami_id="ami-2")
    assert (found.verdict, changes(found)) == ("FAIL", (0, 1, 0))


def test_two_spellings_in_one_image_are_one_upgrade(world: World) -> None:
    found = week(
        world, 0,
        [finding("CVE-1", package("Jinja2", "3.1.3", "3.1.6", manager="PYTHONPKG")),
         finding("CVE-2", package("jinja2", "3.1.4", "3.1.5", manager="PIP"))],
    )  # fmt: skip
    assert [(one.package, one.to, one.findings) for one in found.upgrades] == [("jinja2", "3.1.6", 2)]
