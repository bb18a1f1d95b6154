"""Every format: as the golden file has it, valid by its standard's own schema, and safe."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from packageurl import PackageURL
from report_world import World, ami, finding, package
from standards import VALID

from golden_ami.models import Reason
from golden_ami.report.formats import CONTENT_TYPES
from golden_ami.report.formats.csv import COLUMNS, safe
from golden_ami.report.model import Report

FIXTURES = Path(__file__).parents[2] / "fixtures" / "report"
HOSTILE = '=HYPERLINK("http://evil")</script><script>alert(1)</script>\u2028&\x00]]><img src=x onerror=alert(1)>'


def _rendered(world: World, report: Report, name: str) -> bytes:
    return world.rendered(report.run.run_id, name)


def _hostile(world: World) -> Report:
    """Every text that comes from outside is hostile."""
    bad = finding(
        HOSTILE,
        package(HOSTILE, HOSTILE, HOSTILE, path=HOSTILE),
        title=HOSTILE,
        description=HOSTILE,
        remedy=HOSTILE,
        urls=["javascript:alert(1)", HOSTILE],
        cwes=[HOSTILE],
    )
    reason = Reason(code="X", message=HOSTILE, remedy=HOSTILE)
    tags = {HOSTILE: HOSTILE, "Owner": HOSTILE}
    images = [
        (ami("ami-0a", name=HOSTILE, tags=tags, notes=[HOSTILE]), [bad]),
        (ami("ami-0b", name=HOSTILE, tags=tags, lineage="b", reason=reason), None),
    ]
    return world.run("run-1", "2026-04-02T03:00:00Z", images)


@pytest.mark.parametrize("name", CONTENT_TYPES)
def test_golden(sampled: tuple[World, Report], name: str) -> None:
    rendered = _rendered(*sampled, name)
    if name == "html":  # its style and script are their own sources, and change for their own reasons
        rendered = re.sub(rb"(?s)<style>.*?</style>|<script>.*?</script>|'sha256-[^']*'", b"", rendered)
    golden = FIXTURES / "golden" / CONTENT_TYPES[name][0]
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(rendered)
    assert rendered.decode() == golden.read_bytes().decode()


@pytest.mark.parametrize("name", VALID)
def test_valid_by_the_standards_own_schema(sampled: tuple[World, Report], world: World, name: str) -> None:
    VALID[name](_rendered(*sampled, name))
    VALID[name](_rendered(world, _hostile(world), name))
    VALID[name](_rendered(world, world.run("run-2", "2026-04-02T03:00:00Z", []), name))


def test_csv_has_a_row_for_every_finding_and_for_every_ami_without(sampled: tuple[World, Report]) -> None:
    report = sampled[1]
    rows = list(csv.DictReader(io.StringIO(_rendered(*sampled, "csv").decode("utf-8-sig"))))
    without = sum(not ami.total for ami in report.amis)
    assert len(rows) == report.totals.findings + without
    assert {row["ami"] for row in rows} == {ami.ami_id for ami in report.amis}
    assert sum(row["verdict"] == "NOT_ASSESSED" for row in rows) == report.totals.not_assessed
    assert all(len(row) == len(COLUMNS) and None not in row.values() for row in rows)


FORMULAS = ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "|x", "%0a", "\r=1"]
FORMULAS += ["\u200b=1", "\ufeff=1", "\u2060+1", "\u00a0-1", "\u3000@x", "\u00ad=1", "\u202e=1", "\x00=1", "\x1b=1"]
FORMULAS += ["\u200b \ufeff\t=1", "\u3164=1", "\ufe0f=1", "\x85=1", "\u2028=1", "\U000e0020=1", "\u22121"]


@pytest.mark.parametrize("text", FORMULAS, ids=ascii)
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe(text).startswith("'")


def test_a_cell_holds_nothing_that_is_not_drawn() -> None:
    assert safe("a\u202eb\x9b\x1b\u200bc\nd") == r"a\u202eb\x9b \u200bc d"


WEB = ["https://nvd.nist.gov/vuln/detail/CVE-2026-1", "http://[2001:db8::1]:8080/a?b=c#d", "HTTPS://a.example/%7Eb;c=1"]
NOT_WEB = [
    "", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example", "/x", "https://", "https:///x",
    "https:x", "https://a b", "https://a.example/\n", "https://a.example/\u202e", "https://a.example/<b>", "https://a/%zz",
    'https://a.example/"onclick=', "https://a.example/{x}", "https://a.example/\\x", "https://user:pw@a.example/",
    "https://a.example:port/", "https://a.example:99999/", "https://[::1", "https://a.example/x#y#z", " https://a.example",
    "https://gr\u00f6\u00dfe.example/", "ftp://a.example/", "https://a.example/[ab]", "https://a.example/\x9b",
]  # fmt: skip


@pytest.mark.parametrize("url", WEB)
def test_a_web_address_is_a_link_in_every_format(world: World, url: str) -> None:
    report = world.run("r", "2026-04-01T03:00:00Z", [(ami("ami-1"), [finding("X-1", urls=[url])])])
    assert links(world, report) == {url}


@pytest.mark.parametrize("url", NOT_WEB, ids=ascii)
def test_what_is_no_web_address_is_a_link_in_no_format(world: World, url: str) -> None:
    for vulnerability, expected in (
        ("X-1", set()), ("CVE-2026-1", {"https://nvd.nist.gov/vuln/detail/CVE-2026-1"}), ("CVE-/../x", set()),
    ):  # fmt: skip
        found = [finding(vulnerability, urls=[url])]
        report = world.run("r", "2026-04-01T03:00:00Z", [(ami("ami-1"), found)])
        assert links(world, report) == expected


def test_a_long_address_is_left_out_of_asff_and_not_cut(world: World) -> None:
    url = "https://a.example/" + "%41" * 200
    report = world.run("r", "2026-04-01T03:00:00Z", [(ami("ami-1"), [finding("X-1", urls=[url])])])
    (one,) = json.loads(_rendered(world, report, "asff"))
    assert "Url" not in one["Remediation"]["Recommendation"]


def links(world: World, report: Report) -> set[str]:
    """Every address of a finding, in all formats that have a place for one."""
    (sarif,) = json.loads(_rendered(world, report, "sarif"))["runs"]
    bom = json.loads(_rendered(world, report, "cyclonedx"))
    asff = json.loads(_rendered(world, report, "asff"))
    html = _rendered(world, report, "html").decode()
    data = json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL)[1])  # type: ignore[index]
    rows = csv.DictReader(io.StringIO(_rendered(world, report, "csv").decode("utf-8-sig")))
    junit = _rendered(world, report, "junit").decode()
    found = [rule.get("helpUri") for rule in sarif["tool"]["driver"]["rules"]]
    found += [one.get("source", {}).get("url") for one in bom["vulnerabilities"]]
    found += [one["Remediation"]["Recommendation"].get("Url") for one in asff]
    found += [row["url"] for row in rows]
    found += [text[1] for text in data["texts"].values()]
    found += re.findall(r"https?:[^ <]+", junit.partition("</failure>")[0].partition("<failure")[2])
    return set(filter(None, found))


@pytest.mark.parametrize("text", ["openssl", "1:3.0.7-24.el9", "", "CVE-2026-1 - curl", "https://nvd.nist.gov/x=1"])
def test_plain_cells_stay_as_they_are(text: str) -> None:
    assert safe(text) == text


def test_junit_counts_what_it_holds(sampled: tuple[World, Report]) -> None:
    document = ElementTree.fromstring(_rendered(*sampled, "junit"))
    report = sampled[1]
    tags = {"failures": "failure", "errors": "error", "skipped": "skipped", "tests": "testcase"}
    for suites in (document, *document):
        assert {name: int(suites.attrib[name]) for name in tags} == {
            name: len(suites.findall(f".//{tag}")) for name, tag in tags.items()
        }
    assert len(document) == report.totals.amis
    assert int(document.attrib["failures"]) == report.totals.failing
    assert int(document.attrib["errors"]) == report.totals.not_assessed


def test_junit_is_well_formed_whatever_the_text(world: World) -> None:
    document = ElementTree.fromstring(_rendered(world, _hostile(world), "junit"))
    assert len(document.findall(".//failure")) == 1


def test_sarif_tells_what_the_rules_and_exceptions_say(sampled: tuple[World, Report]) -> None:
    (run,) = json.loads(_rendered(*sampled, "sarif"))["runs"]
    report = sampled[1]
    assert len(run["results"]) == report.totals.findings
    assert sum("suppressions" in result for result in run["results"]) == report.totals.excepted
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    missing = run["invocations"][0]["toolExecutionNotifications"]
    assert len(missing) == report.totals.not_assessed
    prints = [result["partialFingerprints"]["goldenAmiFinding/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_vex_says_who_accepted_a_vulnerability_until_when(sampled: tuple[World, Report]) -> None:
    bom = json.loads(_rendered(*sampled, "cyclonedx"))
    accepted = [one for one in bom["vulnerabilities"] if one.get("analysis", {}).get("response") == ["will_not_fix"]]
    assert len(accepted) == sampled[1].totals.excepted == 1
    assert "security@example.com until 2026-04-10" in accepted[0]["analysis"]["detail"]
    refs = {part["bom-ref"] for ami in bom["components"] for part in [ami, *ami.get("components", [])]}
    assert all(affected["ref"] in refs for one in bom["vulnerabilities"] for affected in one["affects"])


@pytest.mark.parametrize(
    ("manager", "name", "version", "purl"),
    [
        ("GOBINARY", "github.com/Azure/azure-sdk", "v1.2.3", "pkg:golang/github.com/azure/azure-sdk@v1.2.3"),
        ("GOMOD", "golang.org/x/net", "v0.0.0+incompatible", "pkg:golang/golang.org/x/net@v0.0.0%2Bincompatible"),
        ("GOBINARY", "stdlib", "1.21.0", "pkg:golang/stdlib@1.21.0"),
        ("GOBINARY", "go:stdlib", "1.21.9", "pkg:golang/stdlib@1.21.9"),
        (
            "JAR",
            "org.apache.logging.log4j:log4j-core",
            "2.14.1",
            "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
        ),
        ("POM", "com.Example/App", "1.0", "pkg:maven/com.Example/App@1.0"),
        ("JAR", "log4j-core", "2.14.1", None),
        ("JAR", ":log4j-core", "2.14.1", None),
        ("NPM", "@babel/traverse", "7.0.0", "pkg:npm/%40babel/traverse@7.0.0"),
        ("COMPOSER", "Symfony/Http", "6.0", "pkg:composer/symfony/http@6.0"),
        ("PYTHONPKG", "Typing_Extensions", "4.0", "pkg:pypi/typing-extensions@4.0"),
        ("NUGET", "Newtonsoft.Json", "13.0.1", "pkg:nuget/Newtonsoft.Json@13.0.1"),
        ("CARGO", "tokio", "", None),
        ("PIP", " ", "1", None),
        ("OS", "openssl", "3.0.7", None),
    ],
)
def test_a_package_url_names_the_package(world: World, manager: str, name: str, version: str, purl: str | None) -> None:
    """As the library of the specification writes it."""
    found = finding("CVE-1", package(name, version, manager=manager))
    report = world.run("run-1", "2026-04-02T03:00:00Z", [(ami("ami-1"), [found])])
    (component,) = json.loads(_rendered(world, report, "cyclonedx"))["components"][0]["components"]
    assert component.get("purl") == purl
    assert purl is None or PackageURL.from_string(purl).to_string() == purl
    VALID["cyclonedx"](_rendered(world, report, "cyclonedx"))


def test_asff_suppresses_what_is_accepted(sampled: tuple[World, Report]) -> None:
    findings = json.loads(_rendered(*sampled, "asff"))
    assert sum(one["Workflow"]["Status"] == "SUPPRESSED" for one in findings) == 1
    assert len({one["Id"] for one in findings}) == len(findings)


def test_asff_has_each_ami_of_a_lineage_and_each_occurrence(world: World) -> None:
    found = [finding("CVE-1"), finding("CVE-1", package(path="/opt/x"), arn="b")]
    report = world.run("run-1", "2026-04-02T03:00:00Z", [(ami("ami-1"), found), (ami("ami-2"), found)])
    content = _rendered(world, report, "asff")
    assert len({one["Id"] for one in json.loads(content)}) == 4
    VALID["asff"](content)


def test_asff_holds_to_the_limits_whatever_the_texts(world: World) -> None:
    long = "\U0001f600" * 5000
    packages = [package(f"{at}{long}", long, long, path=long, remediation=long) for at in range(30)]
    urls = [f"https://a.example/{'x' * length}" for length in (10, 400, 3000)] * 20
    findings = [
        finding("CVE-1", *packages, title=long, description=long, remedy=long, urls=urls),
        finding("CVE-2", package(" ", " ", " "), title=" ", description="\n", remedy=" ", vulnerability_id=" "),
        finding("CVE-3", title="", description="", type="END_OF_SUPPORT"),
        finding("CVE-4", description=f"{'x' * 1023}  y", type="NETWORK_REACHABILITY"),
    ]
    tags = {f"{at}": "v" for at in range(60)} | {"aws:x": "y", "k" * 200: "v", "v": "v" * 300, " ": "x", "e": " "}
    images = [
        (ami("ami-1", name=long, lineage=long, tags=dict(reversed(tags.items()))), findings),
        (ami("ami-2", name=" ", lineage=" ", tags=tags | {"Owner": long}), findings),
    ]
    report = world.run("run-1", "2026-04-02T03:00:00Z", images)
    content = _rendered(world, report, "asff")
    assert len(json.loads(content)) == 8
    VALID["asff"](content)


def _data(page: str) -> Any:
    return json.loads(page.partition('<script type="application/json" id="data">')[2].partition("</script>")[0])


def test_the_page_holds_hostile_text_as_data_only(world: World) -> None:
    page = _rendered(world, _hostile(world), "html").decode()
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "\u2028" not in page.partition('id="data">')[2]
    assert page.count("<script") == 2
    assert _data(page)["findings"][0][3] == HOSTILE


def test_the_page_refers_to_nothing_outside(sampled: tuple[World, Report]) -> None:
    page = _rendered(*sampled, "html").decode()
    assert not re.search(r"\b(?:src|srcset|action|poster)=|<link|@import|url\(", page)
    assert "default-src 'none'" in page


def test_a_large_run_is_cut_to_the_most_urgent_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golden_ami.report.formats.html._FINDINGS", 20)
    findings = [finding(f"CVE-{number}", epss=number / 1000) for number in range(100)]
    report = world.run("run-1", "2026-04-02T03:00:00Z", [(ami("ami-0a"), findings)])
    page = _rendered(world, report, "html").decode()
    shown = [row[2] for row in _data(page)["findings"]]
    assert shown == [f"CVE-{number}" for number in range(99, 79, -1)]
    assert "All 100 are in findings.csv" in page


def test_a_weakness_without_a_number_is_left_out(world: World) -> None:
    report = world.run("run-1", "2026-04-02T03:00:00Z", [(ami("ami-1"), [finding("CVE-1", cwes=["CWE-0", "CWE-079"])])])
    content = _rendered(world, report, "cyclonedx")
    VALID["cyclonedx"](content)
    assert json.loads(content)["vulnerabilities"][0]["cwes"] == [79]
