"""Evidence, findings of what is not assessed, report only and suppressed findings: in every format."""

from __future__ import annotations

import csv
import io
import json
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from evidence import complete_evidence
from msgspec.structs import replace
from report_world import World, ami, finding, package
from standards import VALID

from golden_ami.models import END_OF_SUPPORT, Ami, AmiEntry, Config, Evidence, Finding, Policy, Reason, Threshold
from golden_ami.report import mail
from golden_ami.report.actions.act import _tag
from golden_ami.report.actions.events import _entry
from golden_ami.report.formats import CONTENT_TYPES
from golden_ami.report.last import _ami, _lines
from golden_ami.report.model import Report
from golden_ami.report.verdicts import value_of_ami, words_of_run

AT = "2026-04-02T03:00:00Z"
GAP = Evidence(
    kind="languagePackages",
    status="PARTIAL",
    detail="DEEP_INSPECTION_NO_INVENTORY",
    code="LANGUAGE_PACKAGES_INCOMPLETE",
    remedy="raise waits.languagePackagesSeconds",
)
LINE = "languagePackages PARTIAL: DEEP_INSPECTION_NO_INVENTORY"
AL2 = {"platform_name": "Amazon Linux", "platform_version": "2", "scanned_at": "2026-11-01T00:00:00Z"}
OS_FAILS = Config(policy=Policy(fail_on=Threshold(discontinued_os=True)))
REPORT_ONLY = Config(policy=Policy(report_only=True))


def with_gap(ami_id: str, **fields: Any) -> Ami:
    """An AMI whose packages of languages were not all seen."""
    return ami(ami_id, evidence=[one for one in complete_evidence() if one.kind != GAP.kind] + [GAP], **fields)


def low(vulnerability: str, **fields: Any) -> Finding:
    return finding(vulnerability, severity="LOW", **fields)


def rows_of(world: World, report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(world, report, "csv").removeprefix("\ufeff"))))


def text_of(world: World, report: Report, name: str) -> str:
    return world.rendered(report.run.run_id, name).decode()


def page_data(world: World, report: Report) -> Any:
    page = text_of(world, report, "html")
    return json.loads(page.partition('<script type="application/json" id="data">')[2].partition("</script>")[0])


def suite_of(world: World, report: Report) -> ElementTree.Element:
    document = ElementTree.fromstring(text_of(world, report, "junit"))
    tags = {"failures": "failure", "errors": "error", "skipped": "skipped", "tests": "testcase"}
    assert {name: int(document[0].attrib[name]) for name in tags} == {
        name: len(document[0].findall(f".//{tag}")) for name, tag in tags.items()
    }
    return document[0]


@pytest.fixture
def unassessed(world: World) -> Report:
    """An AMI that lacks evidence, with one known finding that fails nothing."""
    return world.run("run-1", AT, [(with_gap("ami-1"), [low("CVE-1")])])


@pytest.fixture
def discontinued(world: World) -> Report:
    """An AMI that its operating system fails, without any finding."""
    return world.run("run-1", AT, [(ami("ami-1", **AL2), [])], OS_FAILS)


# ---------------------------------------------------------------- evidence


@pytest.mark.parametrize("name", CONTENT_TYPES)
def test_a_gap_is_named_in_every_format(world: World, unassessed: Report, name: str) -> None:
    assert unassessed.verdict == "NOT_ASSESSED"
    text = text_of(world, unassessed, name)
    assert "DEEP_INSPECTION_NO_INVENTORY" in text
    assert "CVE-1" in text or name in ("text", "json", "junit")  # these list what a rule names
    if name in VALID:
        VALID[name](text.encode())


def test_the_mail_says_what_was_found_and_what_is_missing(unassessed: Report) -> None:
    text = mail.body(unassessed, [])
    assert "ami-1 (1 finding all the same: 1 low): DEEP_INSPECTION_NO_INVENTORY. raise waits" in text
    assert mail.subject(unassessed) == "Golden AMIs: NOT ASSESSED - 1 not assessed"


def test_the_mail_says_what_is_missing_of_an_ami_that_fails(world: World) -> None:
    report = world.run("run-1", AT, [(with_gap("ami-1"), [finding("CVE-1")]), (ami("ami-2", lineage="b"), [])])
    text = mail.body(report, [])
    assert f"WHAT THE SCANS DID NOT SEE\n  ami-1, which may have more findings: {LINE}\n" in text
    assert "ami-2" not in text.partition("WHAT THE SCANS")[2]


def test_csv_has_evidence_on_every_row(world: World) -> None:
    report = world.run("run-1", AT, [(with_gap("ami-1"), [finding("CVE-1")]), (ami("ami-2", lineage="b"), [])])
    first, second = rows_of(world, report)
    assert list(first)[-4:] == ["suppressed", "evidence", "closed", "known_exploited"]
    assert first["evidence"].startswith("operatingSystem COMPLETE; packages COMPLETE; ")
    assert LINE in first["evidence"]
    assert "PARTIAL" not in second["evidence"]


def test_junit_has_evidence_as_properties(world: World, unassessed: Report) -> None:
    found = {one.get("name"): one.get("value") for one in suite_of(world, unassessed).findall("properties/property")}
    assert found["evidence.languagePackages"] == "PARTIAL: DEEP_INSPECTION_NO_INVENTORY"
    assert found["evidence.packages"] == "COMPLETE: seen"
    assert found["verdict"] == "NOT ASSESSED"


# ---------------------------------------------------------------- NOT ASSESSED with findings


def test_csv_has_the_reason_and_the_findings(world: World, unassessed: Report) -> None:
    reason, found = rows_of(world, unassessed)
    assert reason["title"] == "LANGUAGE_PACKAGES_INCOMPLETE: DEEP_INSPECTION_NO_INVENTORY"
    assert reason["remedy"] == "raise waits.languagePackagesSeconds"
    assert (found["verdict"], found["vulnerability"]) == ("NOT_ASSESSED", "CVE-1")


def test_junit_has_an_error_and_the_tolerated_findings(world: World) -> None:
    config = Config(policy=Policy(only_fixable=True))
    no_fix = finding("CVE-2", package(fixed_in=""), fix_available="NO")
    report = world.run("run-1", AT, [(with_gap("ami-1"), [no_fix])], config)
    suite = suite_of(world, report)
    (error,) = suite.findall(".//error")
    assert (error.get("type"), error.get("message")) == ("LANGUAGE_PACKAGES_INCOMPLETE", "DEEP_INSPECTION_NO_INVENTORY")
    assert error.text == "raise waits.languagePackagesSeconds"
    assert [one.get("name") for one in suite.findall("testcase")] == ["assessed", "CVE-2 openssl"]


def test_the_legacy_object_has_the_reason_and_the_counts(unassessed: Report) -> None:
    (found,) = unassessed.legacy
    assert found["Not-Assessed"] == "LANGUAGE_PACKAGES_INCOMPLETE: DEEP_INSPECTION_NO_INVENTORY"
    assert found["Finding-Severity-Low-Count"] == 1


def test_what_is_not_assessed_is_no_point_and_no_change(world: World) -> None:
    world.run("run-0", "2026-04-01T03:00:00Z", [(ami("ami-1"), [])])
    images = [(with_gap("ami-1"), [low("CVE-1")]), (ami("ami-2", lineage="b"), [low("CVE-2"), low("CVE-3")])]
    report = world.run("run-1", AT, images)
    assert report.trend[-1].counts == {"LOW": 2}
    assert report.trend[-1].amis == 1
    assert (report.totals.findings, report.totals.compared, report.totals.new) == (3, 0, 0)


def test_the_page_has_what_was_found(world: World, unassessed: Report) -> None:
    page = text_of(world, unassessed, "html")
    assert "Not enough is known about these AMIs" in page
    assert "ami-1: 1 finding all the same" in page
    assert [row[2] for row in page_data(world, unassessed)["findings"]] == ["CVE-1"]


# ---------------------------------------------------------------- FAIL without a failing finding


def test_junit_has_a_failure_of_the_operating_system(world: World, discontinued: Report) -> None:
    assert (discontinued.verdict, discontinued.totals.failing) == ("FAIL", 0)
    suite = suite_of(world, discontinued)
    assert [one.get("name") for one in suite.findall("testcase")] == ["operating system is in standard support"]
    assert suite.find(".//failure[@type='discontinued operating system']") is not None


def test_csv_has_a_row_of_the_operating_system(world: World, discontinued: Report) -> None:
    (row,) = rows_of(world, discontinued)
    assert (row["verdict"], row["rule"]) == ("FAIL", "discontinued operating system")
    assert row["title"] == "the operating system is out of standard support"


def test_junit_has_the_operating_system_beside_failing_findings(world: World) -> None:
    report = world.run("run-1", AT, [(ami("ami-1", **AL2), [finding("CVE-1")])], OS_FAILS)
    names = [one.get("name") for one in suite_of(world, report).findall("testcase")]
    assert names == ["operating system is in standard support", "CVE-1 openssl"]


def test_the_last_report_keeps_a_fail_without_failing_findings() -> None:
    ami_row = {"verdict": "FAIL", "name": "web", "amiId": "ami-1", "key": "ami-1", "counts": {}, "failing": 0}
    assert list(_lines([ami_row])) == ["  FAIL  web (ami-1): its operating system fails it [findings: not known]"]


def test_the_last_report_takes_a_known_fail_without_findings() -> None:
    settings: Any = SimpleNamespace(account="1", region="us-east-1")
    reason = Reason("REPORT_FAILED", "m", "r")
    found, other = (_ami({"key": key}, reason, {"ami-1": 0}, {}, settings) for key in ("ami-1", "ami-2"))
    assert (found["verdict"], found["failing"], "reason" in found) == ("FAIL", 0, False)
    assert other["verdict"] == "NOT_ASSESSED"


# ---------------------------------------------------------------- report only


def test_the_tag_says_report_only(world: World) -> None:
    report = world.run("run-1", AT, [(ami("ami-1"), [])], REPORT_ONLY)
    asked: list[dict[str, str]] = []
    _tag(SimpleNamespace(create_tags=lambda **given: asked.extend(given["Tags"])), report, report.amis[0])
    assert {"Key": "assessment-verdict", "Value": "REPORT_ONLY"} in asked


def test_a_pass_that_nothing_could_fail_says_so(world: World) -> None:
    report = world.run("run-1", AT, [(ami("ami-1"), [finding("CVE-1")])], REPORT_ONLY)
    (found,) = report.amis
    assert (found.verdict, found.report_only, value_of_ami(found)) == ("PASS", True, "REPORT_ONLY")
    assert (report.totals.passed, report.totals.report_only) == (1, 1)
    assert rows_of(world, report)[0]["verdict"] == "PASS (report only)"
    assert 'name="verdict" value="PASS (report only)"' in text_of(world, report, "junit")
    assert mail.subject(report) == "Golden AMIs: PASS (report only) - 1 pass (1 report only)"
    assert "PASS (report only): 1 golden AMI - 0 fail, 0 not assessed, 1 pass (1 report only)" in mail.body(report, [])
    assert f"PASS (report only)  {found.name or found.ami_id}" in mail.body(report, [])
    assert page_data(world, report)["amis"][0]["verdictWords"] == "PASS (report only)"
    assert 'class="verdict pass only">PASS (report only)<' in text_of(world, report, "html")
    (component,) = json.loads(text_of(world, report, "cyclonedx"))["components"]
    assert {"name": "golden-ami:verdict", "value": "REPORT_ONLY"} in component["properties"]
    (asff,) = json.loads(text_of(world, report, "asff"))
    assert asff["UserDefinedFields"]["verdict"] == "REPORT_ONLY"
    assert "Findings are only reported: none can fail the golden AMI" in text_of(world, report, "html")
    assert '"reportOnly":true' in text_of(world, report, "json")
    assert json.loads(_entry(report, found, "")["Detail"])["verdict"] == "REPORT_ONLY"
    assert report.allowed_amis == ""


def test_a_run_with_a_real_pass_is_no_report_only(world: World) -> None:
    own = AmiEntry(ami_id="ami-2", policy=Policy(report_only=True))
    report = world.run("run-1", AT, [(ami("ami-1", name="real"), []), (ami("ami-2", lineage="b", entry=own), [])])
    assert words_of_run(report) == "PASS"
    assert "2 pass (1 report only)" in mail.body(report, [])
    assert "1 of 2 golden AMIs are fit to use" in text_of(world, report, "html")
    assert '"real"' in report.allowed_amis
    assert "ami-2" not in report.allowed_amis


# ---------------------------------------------------------------- suppressed


def test_what_was_closed_after_boot_is_judged_and_marked(world: World) -> None:
    report = world.run("run-1", AT, [(ami("ami-1"), [finding("CVE-1", closed=True), finding("CVE-2", severity="LOW")])])
    one = report.amis[0]
    assert (report.verdict, report.totals.closed, one.closed) == ("FAIL", 1, 1)
    assert [item.closed for item in one.failures] == [True]
    assert any(note.startswith("1 findings were closed after boot") for note in one.notes)
    assert "; 1 closed after boot" in mail.body(report, [])
    assert [row["closed"] for row in rows_of(world, report)] == ["after boot", ""]
    results = json.loads(text_of(world, report, "sarif"))["runs"][0]["results"]
    assert [result["properties"].get("closed") for result in results] == ["after boot", None]
    (first, _) = json.loads(text_of(world, report, "cyclonedx"))["vulnerabilities"]
    assert {"name": "golden-ami:closed", "value": "after boot"} in first["properties"]
    assert [one["UserDefinedFields"].get("closed") for one in json.loads(text_of(world, report, "asff"))] == [
        "after boot",
        None,
    ]
    assert [bool(row[7] & 128) for row in page_data(world, report)["findings"]] == [True, False]
    for name, valid in VALID.items():
        valid(text_of(world, report, name).encode())


@pytest.mark.parametrize(("word", "verdict"), [("judge", "FAIL"), ("tolerate", "PASS")])
def test_a_suppressed_finding_is_marked_wherever_it_stands(world: World, word: Any, verdict: str) -> None:
    found = [finding("CVE-1", suppressed=True)]
    report = world.run("run-1", AT, [(ami("ami-1"), found)], Config(policy=Policy(suppressed=word)))
    assert (report.verdict, report.totals.suppressed, report.amis[0].suppressed) == (verdict, 1, 1)
    assert "; 1 suppressed in Inspector" in mail.body(report, [])
    assert [item.suppressed for item in report.amis[0].failures] == [True] * (word == "judge")
    assert rows_of(world, report)[0]["suppressed"] == "YES"
    sarif = json.loads(text_of(world, report, "sarif"))
    (suppression,) = sarif["runs"][0]["results"][0]["suppressions"]
    tolerated = word == "tolerate"
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted" if tolerated else "underReview")
    (vulnerability,) = json.loads(text_of(world, report, "cyclonedx"))["vulnerabilities"]
    assert vulnerability["analysis"]["state"] == ("exploitable" if tolerated else "in_triage")
    (asff,) = json.loads(text_of(world, report, "asff"))
    assert asff["Workflow"]["Status"] == ("SUPPRESSED" if tolerated else "NEW")
    flags = page_data(world, report)["findings"][0][7]
    assert bool(flags & 32)
    assert bool(flags & 16) == tolerated
    for name, valid in VALID.items():
        valid(text_of(world, report, name).encode())


# ---------------------------------------------------------------- end of support


def test_the_end_of_support_is_no_packages_finding(world: World) -> None:
    title = "The operating system has reached its end of support"
    odd = finding("ODD-1", package("system-release"), severity="CRITICAL", title=title)
    report = world.run("run-1", AT, [(ami("ami-1"), [replace(odd, type=END_OF_SUPPORT)])])
    (row,) = rows_of(world, report)
    assert (report.verdict, row["title"], row["vulnerability"], row["packages"]) == ("PASS", title, "", "")
    assert report.upgrades == []
    shown = page_data(world, report)["findings"][0]
    assert shown[2:5] == ["", title, []]
    assert shown[7] & 64
    (asff,) = json.loads(text_of(world, report, "asff"))
    assert asff["Types"] == ["Software and Configuration Checks/AWS Security Best Practices"]
    assert "Vulnerabilities" not in asff


def test_the_end_of_support_fails_where_the_policy_says_so(world: World) -> None:
    odd = finding("ODD-1", severity="CRITICAL", title="out of support")
    report = world.run("run-1", AT, [(ami("ami-1"), [replace(odd, type=END_OF_SUPPORT)])], OS_FAILS)
    names = [one.get("name") for one in suite_of(world, report).findall("testcase")]
    assert (report.verdict, names) == ("FAIL", ["out of support"])
