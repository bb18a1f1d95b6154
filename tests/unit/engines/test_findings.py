"""Findings of every engine and form become one form, whatever members they lack."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami.engines.ami.findings import FINDING_EVENT, from_event, from_image_row
from golden_ami.engines.classic.findings import from_classic
from golden_ami.engines.findings import from_inspector
from golden_ami.engines.instance.findings import from_cis, with_details
from golden_ami.models import Finding, Package

FIXTURES = Path(__file__).parents[2] / "fixtures" / "inspector2"
MIXED: list[dict[str, Any]] = json.loads((FIXTURES / "findings-mixed.json").read_text())["findings"]


def test_a_real_finding() -> None:
    finding = from_inspector(MIXED[0])
    assert finding == Finding(
        arn="arn:aws:inspector2:us-east-1:012345678901:finding/00037f625ee77ac186869f906eb73366",
        severity="MEDIUM",
        title="CVE-2021-3744 - linux",
        type="PACKAGE_VULNERABILITY",
        source="inspector2:ListFindings",
        vulnerability_id="CVE-2021-3744",
        description=MIXED[0]["description"],
        score=5.5,
        epss=0.00075,
        fix_available="YES",
        first_observed_at="2024-02-02T15:30:33.045Z",
        packages=[
            Package(
                name="linux",
                version="4.19.118-2",
                fixed_in="0:4.19.232-1",
                architecture="AMD64",
                manager="OS",
                remediation="apt-get update && apt-get upgrade",
            )
        ],
        urls=["https://security-tracker.debian.org/tracker/CVE-2021-3744"],
        closed=True,
    )


def test_what_inspector_does_not_know_is_empty() -> None:
    finding = from_inspector(MIXED[1])
    assert finding.packages[0].fixed_in == ""
    assert finding.packages[0].remediation == ""
    assert finding.remedy == ""
    assert finding.score is None
    assert finding.severity == "UNTRIAGED"


def test_real_findings_keep_their_severities() -> None:
    severities = [from_inspector(raw).severity for raw in MIXED]
    assert {word: severities.count(word) for word in {*severities}} == {
        "MEDIUM": 3,
        "HIGH": 2,
        "LOW": 1,
        "UNTRIAGED": 2,
    }


def test_network_reachability() -> None:
    raw = {
        "findingArn": "arn:n",
        "severity": "MEDIUM",
        "networkReachabilityDetails": {
            "protocol": "TCP",
            "openPortRange": {"begin": 22, "end": 22},
            "networkPath": {"steps": [{"componentId": "igw-1"}, {"componentId": "i-1"}]},
        },
    }
    finding = from_inspector(raw)
    assert finding.type == "NETWORK_REACHABILITY"
    assert finding.network == {"protocol": "TCP", "ports": "22", "path": "igw-1 > i-1"}


def test_code_vulnerability() -> None:
    details = {"detectorId": "python/x", "detectorName": "X", "cwes": ["CWE-89"], "referenceUrls": ["https://x"]}
    finding = from_inspector({"type": "CODE_VULNERABILITY", "codeVulnerabilityDetails": details})
    assert (finding.vulnerability_id, finding.cwes, finding.urls) == ("python/x", ["CWE-89"], ["https://x"])


def test_details_add_what_listing_leaves_out() -> None:
    base = from_inspector(MIXED[0])
    detailed = with_details(
        base,
        {
            "cisaData": {"dateAdded": datetime(2024, 1, 2, tzinfo=UTC), "dateDue": datetime(2024, 1, 23, tzinfo=UTC)},
            "cwes": ["CWE-401"],
            "epssScore": 0.9,
            "referenceUrls": base.urls,
        },
    )
    assert detailed.known_exploited_since == "2024-01-02T00:00:00Z"
    assert detailed.known_exploited_due == "2024-01-23T00:00:00Z"
    assert detailed.cwes == ["CWE-401"]
    assert detailed.epss == base.epss  # the listing's own stands
    assert detailed.urls == base.urls


def test_a_row_of_get_image_findings() -> None:
    row = {
        "Title": "CVE-2026-1 - openssl, openssl-libs",
        "SeverityLabel": "critical",
        "Score": 9.8,
        "FixAvailable": True,
        "FirstObservedAt": datetime(2026, 1, 2, tzinfo=UTC),
        "Paths": ["/usr/lib/x"],
        "SnapshotId": "snap-1",
    }
    finding = from_image_row(row, "ami-1")
    assert finding.source == "ec2:GetImageFindings"
    assert (finding.severity, finding.vulnerability_id, finding.fix_available) == ("CRITICAL", "CVE-2026-1", "YES")
    assert [package.name for package in finding.packages] == ["openssl", "openssl-libs"]
    assert finding.arn == from_image_row(row, "ami-1").arn != from_image_row(row, "ami-2").arn


@pytest.mark.parametrize("label", ["SEVERE", "", None, 9])
@pytest.mark.parametrize(
    ("score", "severity"),
    [(10, "CRITICAL"), (9.0, "CRITICAL"), (8.9, "HIGH"), (7.0, "HIGH"), (6.9, "MEDIUM"), (4, "MEDIUM"), (3.9, "LOW"),
     (0.1, "LOW"), (0, "UNTRIAGED"), (None, "UNTRIAGED")],
)  # fmt: skip
def test_an_unknown_label_is_what_the_score_stands_for(label: object, score: object, severity: str) -> None:
    assert from_inspector({"severity": label, "inspectorScore": score}).severity == severity
    assert from_image_row({"SeverityLabel": label, "Score": score}, "ami-1").severity == severity


@pytest.mark.parametrize("status", ["SUPPRESSED", "CLOSED"])
def test_the_status_that_an_event_tells_is_not_believed(status: str) -> None:
    """Anybody may send it, and `policy.suppressed: tolerate` would tolerate the finding."""
    raw = {"findingArn": "arn:1", "status": status}
    found = from_event(raw)
    assert (found.suppressed, found.closed) == (False, False)
    assert not from_inspector(raw, FINDING_EVENT).closed
    listed = from_inspector(raw)
    assert (listed.suppressed, listed.closed) == (status == "SUPPRESSED", status == "CLOSED")


def test_an_inspector_score_of_0_hides_no_other_score() -> None:
    raw = {"inspectorScore": 0.0, "packageVulnerabilityDetails": {"cvss": [{"baseScore": 9.8}]}}
    assert from_inspector(raw).severity == "CRITICAL"


def test_a_known_label_stands_whatever_the_score() -> None:
    assert from_inspector({"severity": "UNTRIAGED", "inspectorScore": 9.8}).severity == "UNTRIAGED"
    assert from_inspector({"severity": "low", "inspectorScore": 9.8}).severity == "LOW"


def test_classic_has_no_critical_and_undefined_is_rated_by_score() -> None:
    raw = {
        "arn": "arn:c",
        "severity": "Undefined",
        "id": "CVE-2018-1",
        "title": "t",
        "attributes": [{"key": "CVSS3_SCORE", "value": "7.5"}, {"key": "package_name", "value": "kernel"}, {}],
        "recommendation": "Update.",
    }
    finding = from_classic(raw)
    assert (finding.severity, finding.score, finding.vulnerability_id) == ("HIGH", 7.5, "CVE-2018-1")
    assert (finding.packages, finding.remedy) == ([Package(name="kernel")], "Update.")
    assert from_classic({"severity": "High"}).severity == "HIGH"
    scores = [{"key": "CVSS3_SCORE", "value": "0.0"}, {"key": "CVSS2_SCORE", "value": "9.3"}]
    assert from_classic({"severity": "Undefined", "attributes": scores}).severity == "CRITICAL"
    undefined = from_classic({"severity": "Undefined", "numericSeverity": 0.0})
    assert (undefined.severity, undefined.score) == ("UNTRIAGED", 0.0)


@pytest.mark.parametrize(("level", "severity"), [("LEVEL_1", "MEDIUM"), ("LEVEL_2", "LOW"), (None, "MEDIUM")])
def test_a_failed_check_stays_below_the_default_threshold(level: str | None, severity: str) -> None:
    finding = from_cis({"checkId": "1.1.1", "title": "t", "level": level, "remediation": "do"}, "i-1")
    assert (finding.type, finding.severity, finding.arn, finding.remedy) == ("CIS", severity, "i-1/cis/1.1.1", "do")


oddities = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.just("\ud800")
    | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]))
    | st.sampled_from(["YES", "NotAvailable", "HIGH", "critical", "Undefined", "2024-01-01T00:00:00Z"])
)
trees = st.recursive(oddities, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner))


def mutated(value: Any, draw: Any) -> Any:
    """The value with members left out and others replaced by anything."""
    choice = draw(st.integers(0, 9))
    if choice == 0:
        return draw(trees)
    if isinstance(value, dict):
        return {key: mutated(member, draw) for key, member in value.items() if draw(st.integers(0, 4))}
    if isinstance(value, list):
        return [mutated(member, draw) for member in value if draw(st.integers(0, 4))]
    return value


@given(data=st.data(), raw=st.sampled_from(MIXED))
def test_no_subset_or_oddity_breaks_a_finding(data: st.DataObject, raw: dict[str, Any]) -> None:
    odd = mutated(raw, data.draw)
    for finding in (
        from_inspector(odd),
        from_classic(odd),
        from_cis(odd, "i-1"),
        from_image_row(odd, "ami-1"),
        with_details(from_inspector(raw), odd),
    ):
        stored = msgspec.json.decode(msgspec.json.encode(finding), type=Finding)
        assert stored == finding
        assert finding.arn
        assert finding.title


members = st.sampled_from(
    ["findingArn", "arn", "severity", "title", "Title", "Score", "SeverityLabel", "Paths", "attributes", "checkId",
     "level", "networkReachabilityDetails", "codeVulnerabilityDetails", "cisaData", "cwes", "epssScore", "epss",
     "FirstObservedAt", "FixAvailable", "exploitObserved", "remediation", "packageVulnerabilityDetails"]
)  # fmt: skip


@given(raw=st.dictionaries(members, trees) | trees)
def test_anything_becomes_a_finding(raw: Any) -> None:
    for finding in (
        from_inspector(raw),
        from_classic(raw),
        from_cis(raw, "i-1"),
        from_image_row(raw, "ami-1"),
        with_details(from_inspector({}), raw),
    ):
        assert msgspec.json.decode(msgspec.json.encode(finding), type=Finding) == finding
