"""AMIs by verdict and risk, findings by risk over all AMIs, and what fails an AMI in a fixed order: in every format."""

from __future__ import annotations

import csv
import json
import random
import re
from typing import Any

import pytest
from msgspec.structs import replace
from report_world import World, ami, finding

from golden_ami.evaluation.model import Failing, Item
from golden_ami.models import Config, Finding, Policy, Reason, RiskException, Threshold, Verdict
from golden_ami.report.ami import not_assessed
from golden_ami.report.mail import body
from golden_ami.report.model import AmiReport, Report
from golden_ami.report.notify import of_owner
from golden_ami.report.order import ami_order
from golden_ami.report.verdicts import why_it_fails

AT = "2026-04-02T03:00:00Z"
KEV = {"known_exploited_since": "2021-12-10"}
REASON = Reason(code="AMI_NOT_FOUND", message="is not there", remedy="configure another one")


def _report(name: str, verdict: Verdict = "FAIL", worst: Item | None = None, **members: Any) -> AmiReport:
    bare = not_assessed(ami(name, name=name), "Owner", REASON)
    return replace(bare, verdict=verdict, failures=[worst] if worst else [], **members)


def test_amis_are_ordered_by_verdict_then_worst_finding_then_counts_then_name() -> None:
    """Each by one reason before the next, which has more of all that counts less."""
    high = Item("CVE", "HIGH", epss=0.5)
    most: dict[str, Any] = {"known_exploited": 9, "counts": {"CRITICAL": 9, "HIGH": 9}, "failing": 99}
    ordered = [
        _report("z-1", worst=Item("CVE", "LOW", known_exploited=True)),
        _report("y-1", worst=Item("CVE", "CRITICAL")),
        _report("x-1", worst=Item("CVE", "HIGH", epss=0.9)),
        _report("w-1", worst=high, known_exploited=2),
        _report("v-1", worst=high, known_exploited=1, counts={"CRITICAL": 2}),
        _report("u-1", worst=high, known_exploited=1, counts={"CRITICAL": 1, "HIGH": 2}),
        _report("t-9", worst=high, known_exploited=1, counts={"CRITICAL": 1, "HIGH": 1}),
        _report("t-10", worst=high, known_exploited=1, counts={"CRITICAL": 1, "HIGH": 1}),
        _report("s-1", rules={"discontinued operating system": 1}, **most | {"failing": 0}),
        _report("r-1", "NOT_ASSESSED", **most),
        _report("q-1", "NOT_ASSESSED"),
        _report("p-1", "PASS", **most),
        _report("o-1", "PASS"),
    ]
    shuffled = random.Random(1).sample(ordered, len(ordered))
    assert sorted(shuffled, key=ami_order) == ordered


def _fleet(world: World) -> Report:
    """Many AMIs with many failing findings, and in their midst a few that have the one that is exploited."""
    images: list[Any] = []
    for number in range(60):
        found: list[Finding] = [finding(f"CVE-2026-{number:04}{at:02}", epss=0.001 * number) for at in range(5)]
        if number % 7 == 3:
            found = [finding("CVE-2021-44228", severity="CRITICAL", epss=0.9 + number / 1000, **KEV)]
        if number % 7 == 4:
            found = [finding(f"CVE-2025-{number:04}", severity="LOW")]
        image = ami(
            f"ami-{number:03}", name=f"image-{number:03}", lineage=f"l{number}", tags={"Owner": f"o{number % 2}"}
        )
        images.append((image, found))
    images.append((ami("ami-gone", name="gone", lineage="gone", reason=REASON), None))
    return world.run("run-1", AT, images)


EXPLOITED = [f"image-{number:03}" for number in range(59, 0, -7)]  # the likelier the earlier
PASSING = [f"image-{number:03}" for number in range(4, 60, 7)]


def test_the_exploited_come_first_in_every_format(world: World) -> None:
    report = _fleet(world)
    names = [one.name for one in report.amis]
    assert names[: len(EXPLOITED)] == EXPLOITED
    assert names[-len(PASSING) - 1 :] == ["gone", *PASSING]
    text = world.rendered("run-1", "text").decode()
    assert re.findall(r"^  FAIL  (\S+)", text, re.MULTILINE)[: len(EXPLOITED)] == EXPLOITED
    page = world.rendered("run-1", "html").decode()
    assert re.findall(r'<span class="label">(image-\d+)', page)[: len(EXPLOITED)] == EXPLOITED
    for owner in ("o0", "o1"):
        theirs = [name for name in EXPLOITED if int(name[-3:]) % 2 == int(owner[1])]
        mail = body(of_owner(report, owner), [], owner)
        assert re.findall(r"^  FAIL  (\S+)", mail, re.MULTILINE)[: len(theirs)] == theirs


def _rows(world: World) -> list[dict[str, str]]:
    return list(csv.DictReader(world.rendered("run-1", "csv").decode("utf-8-sig").splitlines()))


def test_findings_are_by_risk_over_all_amis(world: World) -> None:
    _fleet(world)
    rows = _rows(world)
    assert [row["name"] for row in rows[: len(EXPLOITED)]] == EXPLOITED
    assert [row["known_exploited"] for row in rows].count("YES") == len(EXPLOITED)
    assert [row["verdict"] for row in rows] == sorted(
        (row["verdict"] for row in rows), key=["FAIL", "NOT_ASSESSED", "PASS"].index
    )
    failing = [float(row["epss"]) for row in rows if row["severity"] == "HIGH"]
    assert failing == sorted(failing, reverse=True)
    data = re.search(r"(?s)<script[^>]*application/json[^>]*>(.*?)</script>", world.rendered("run-1", "html").decode())
    assert data
    shown = [(row[2], row[6]) for row in json.loads(data[1])["findings"]]
    assert shown == [(row["vulnerability"], float(row["epss"]) if row["epss"] else None) for row in rows if row["arn"]]


def test_in_a_run_that_memory_may_not_hold_each_ami_has_its_findings_by_risk(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("golden_ami.report.formats.csv.SHOWN", 10)
    report = _fleet(world)
    rows = _rows(world)
    assert list(dict.fromkeys(row["name"] for row in rows)) == [one.name for one in report.amis]


def _why(world: World, *found: Finding, exceptions: list[RiskException] | None = None, **fail_on: Any) -> str:
    policy = Policy(fail_on=Threshold(**fail_on))
    report = world.run("run-1", AT, [(ami("ami-0a"), found)], Config(policy=policy, exceptions=exceptions or []))
    return why_it_fails(report.amis[0])


def test_what_fails_an_ami_is_told_in_a_fixed_order_and_adds_up(world: World) -> None:
    found = [
        *(finding(f"CVE-1-{at}") for at in range(2)),
        finding("CVE-2-1", severity="CRITICAL"),
        *(finding(f"CVE-3-{at}", severity="CRITICAL", **KEV) for at in range(2)),
    ]
    assert _why(world, *found) == "3 critical (2 known exploited), 2 high"
    random.Random(1).shuffle(found)
    assert _why(world, *found, finding("CVE-4", severity="LOW")) == "3 critical (2 known exploited), 2 high"


def test_what_fails_by_more_than_its_severity_is_told(world: World) -> None:
    found = [
        finding("CVE-1", severity="MEDIUM", epss=0.7),
        finding("CVE-2", severity="MEDIUM", epss=0.8),
        finding("CVE-3", severity="MEDIUM", exploit_available=True),
        finding("CVE-4", severity="MEDIUM", epss=0.1),
        finding("CVE-5", severity="LOW", **KEV),
    ]
    assert (
        _why(world, *found, epss=0.5, exploit_available=True)
        == "3 of 4 medium (1 exploit available, 2 EPSS >= 0.5), 1 low (1 known exploited)"
    )


def test_a_system_that_fails_an_ami_is_told_with_its_findings() -> None:
    report = _report("a", failing=1, counts={"HIGH": 2}, failing_by_severity=[Failing("HIGH", 1)])
    report.rules = {"severity HIGH": 1, "discontinued operating system": 1}
    assert why_it_fails(report) == "1 of 2 high, discontinued operating system"


def test_a_report_of_an_earlier_version_tells_its_rules() -> None:
    assert why_it_fails(_report("a", failing=3, rules={"severity HIGH": 2, "exploit available": 1})) == (
        "severity HIGH: 2, exploit available: 1"
    )
    assert why_it_fails(_report("a", failing=3)) == "fails its policy"
    assert why_it_fails(_report("a", "PASS")) == ""
