"""A scan that ended is not a scan that looked: whole runs in accounts where something was not looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Behaviour, Image, World

KEV = {"cisaData": {"dateAdded": "2026-01-02T00:00:00Z", "dateDue": "2026-01-23T00:00:00Z", "action": "Apply."}}
PARAMETER = "ContinuousAssessmentInput"
NOV = datetime(2026, 11, 27, 6, tzinfo=UTC)


class Case(NamedTuple):
    """An AMI of a run, and what the report must say of it."""

    verdict: str
    code: str = ""  # of the reason, when it is not assessed
    findings: tuple[Mapping[str, Any], ...] = ()
    system: tuple[str, str] = ("Amazon Linux", "2023")
    behaviour: Behaviour = Behaviour()
    lacks: str = ""  # the evidence that is neither complete nor not applicable


def finding(severity: str, number: int, manager: str = "OS", **members: Any) -> dict[str, Any]:
    package = {"name": "openssl", "version": "3.0.7", "fixedInVersion": "3.0.8", "packageManager": manager}
    return {
        "findingArn": f"arn:aws:inspector2:us-east-1:123456789012:finding/{number:032x}",
        "title": f"CVE-2026-{number:04} - openssl",
        "type": "PACKAGE_VULNERABILITY",
        "severity": severity,
        "fixAvailable": "YES",
        "exploitAvailable": "NO",
        "epss": {"score": 0.1},
        "packageVulnerabilityDetails": {
            "vulnerabilityId": f"CVE-2026-{number:04}",
            "source": "NVD",
            "vulnerablePackages": [package],
        },
    } | members


HIGH, LOW = finding("HIGH", 1), finding("LOW", 2)
NEVER = Behaviour(language_packages_after=None)
LAGGING = Behaviour(listing_lag=10**6)

ON_INSTANCES = {
    "nothing found": Case("PASS"),
    "discontinued": Case("PASS", system=("Amazon Linux", "2")),
    "silent": Case("NOT_ASSESSED", "OS_FINDINGS_STOPPED", (HIGH,), ("Debian GNU/Linux", "10"), lacks="operatingSystem"),
    "unknown": Case("NOT_ASSESSED", "OS_UNKNOWN", system=("", ""), lacks="operatingSystem"),
    "unknown and failing": Case("FAIL", findings=(HIGH,), system=("", ""), lacks="operatingSystem"),
    "languages late": Case("FAIL", findings=(finding("HIGH", 3, "PYTHONPKG"),), behaviour=Behaviour(
        language_packages_after=1500)),
    "languages never": Case("NOT_ASSESSED", "LANGUAGE_PACKAGES_INCOMPLETE", (LOW, finding("HIGH", 3, "PYTHONPKG")),
                            behaviour=NEVER, lacks="languagePackages"),
    "languages never and failing": Case("FAIL", findings=(HIGH,), behaviour=NEVER, lacks="languagePackages"),
    "no languages": Case("PASS", system=("Bottlerocket", "1.20.1"), behaviour=NEVER),
    "listing short": Case("NOT_ASSESSED", "FINDINGS_INCOMPLETE", (LOW, finding("LOW", 4)), behaviour=LAGGING,
                          lacks="findings"),
    "listing short and failing": Case("FAIL", findings=(HIGH, LOW), behaviour=LAGGING, lacks="findings"),
    "suppressed": Case("FAIL", findings=({**HIGH, "status": "SUPPRESSED"},)),
    "closed before the launch": Case("PASS", findings=({**HIGH, "status": "CLOSED"},)),
    "exploited": Case("FAIL", findings=(finding("LOW", 5, details=KEV),)),
    "closed after boot": Case("FAIL", findings=(HIGH, LOW), behaviour=Behaviour(updates_after_scan=0)),
    "patched before the scan": Case("NOT_ASSESSED", "PACKAGES_CHANGED_AT_BOOT", (HIGH,),
                                    behaviour=Behaviour(updates_after=50), lacks="packages"),
    "patched before the scan and failing": Case("FAIL", findings=(HIGH, finding("HIGH", 6, fixAvailable="NO")),
                                                behaviour=Behaviour(updates_after=50), lacks="packages"),
}  # fmt: skip

LATE = Behaviour(events=("uncounted",), findings_events_lost=10**6, rows_after=300)
LOST = Behaviour(events=("uncounted",), findings_events_lost=10**6, rows_after=None)

ON_IMAGES = {
    "nothing found": Case("PASS"),
    "unsupported": Case("NOT_ASSESSED", "INSPECTOR_UNSUPPORTED_OS", system=("Amazon Linux", "2")),
    "rows late": Case("FAIL", findings=(HIGH,), behaviour=LATE),
    "rows never": Case("NOT_ASSESSED", "FINDINGS_NOT_CONFIRMED", (HIGH,), behaviour=LOST, lacks="findings"),
    "suppression does not reach it": Case("FAIL", findings=({**HIGH, "status": "SUPPRESSED"},)),
    "exploited": Case("FAIL", findings=(finding("LOW", 5, details=KEV),)),
    "exploited, known by its row alone": Case("FAIL", findings=(finding("LOW", 5, details=KEV),), behaviour=LATE),
}


def report_of(cases: Mapping[str, Case], engine: str, start: datetime = NOV, **settings: Any) -> dict[str, Any]:
    """The report of a run of the cases, each an AMI of its name."""
    ids = {name: f"ami-{number:017x}" for number, name in enumerate(cases, 1)}
    images = [
        Image(ids[name], name, platform_name=case.system[0], platform_version=case.system[1])
        for name, case in cases.items()
    ]
    found = {ids[name]: list(case.findings) for name, case in cases.items()}
    behaviours = {ids[name]: case.behaviour for name, case in cases.items()}
    text = {"version": 1, "engine": engine, "amis": [{"amiId": one} for one in ids.values()], **settings}
    with Embedded(World(images, found, behaviours), start=start) as aws:
        aws.put_configuration(PARAMETER, json.dumps(text))
        ended = aws.wait(aws.start({"AMIsParamName": PARAMETER}))
        assert ended["status"] == "SUCCEEDED"
        name = ended["executionArn"].rpartition(":")[2]
        key = {"Bucket": aws.outputs["ReportBucket"], "Key": f"runs/{name}/report.json"}
        report: dict[str, Any] = json.load(aws.client("s3").get_object(**key)["Body"])
    return report


def said_of(ami: Mapping[str, Any]) -> tuple[str, str, str]:
    """Verdict, code of the reason, and the evidence that lacks."""
    lacks = [one["kind"] for one in ami["evidence"] if one["status"] not in ("COMPLETE", "NOT_APPLICABLE")]
    return ami["verdict"], ami.get("reason", {}).get("code", ""), " ".join(lacks)


@pytest.mark.parametrize(("engine", "cases"), [("instance", ON_INSTANCES), ("ami", ON_IMAGES)])
def test_a_verdict_rests_on_evidence(engine: str, cases: Mapping[str, Case]) -> None:
    report = report_of(cases, engine)
    told = {ami["name"]: said_of(ami) for ami in report["amis"]}
    assert told == {name: (case.verdict, case.code, case.lacks) for name, case in cases.items()}
    assert report["verdict"] == "FAIL"


def test_a_system_goes_silent_on_its_day() -> None:
    case = {"Amazon Linux 2": Case("", system=("Amazon Linux", "2"), findings=(HIGH,))}
    before = report_of(case, "instance", datetime(2027, 6, 29, 12, tzinfo=UTC))["amis"][0]
    after = report_of(case, "instance", datetime(2027, 6, 30, 12, tzinfo=UTC))["amis"][0]
    assert (before["verdict"], before["counts"]) == ("FAIL", {"CRITICAL": 1, "HIGH": 1}), "the CRITICAL is Inspector's"
    assert before["rules"] == {"severity HIGH": 1}
    assert said_of(after)[:2] == ("NOT_ASSESSED", "OS_FINDINGS_STOPPED")


def test_without_deep_inspection_in_the_account_nothing_passes() -> None:
    ids = [f"ami-{number:017x}" for number in (1, 2)]
    world = World(
        [Image(one, name) for one, name in zip(ids, ("web", "failing"), strict=True)],
        {ids[1]: [HIGH]},
        deep_inspection="DEACTIVATED",
    )
    with Embedded(world, start=NOV) as aws:
        for number, policy in enumerate(({}, {"require": ["operatingSystem", "packages", "findings"]})):
            text = {"version": 1, "amis": [{"amiId": one} for one in ids], "policy": policy}
            aws.put_configuration(PARAMETER, json.dumps(text))
            aws.wait(aws.start({"AMIsParamName": PARAMETER}, f"run-{number}"))
            key = {"Bucket": aws.outputs["ReportBucket"], "Key": f"runs/run-{number}/report.json"}
            report = json.load(aws.client("s3").get_object(**key)["Body"])
            told = {ami["name"]: said_of(ami)[:2] for ami in report["amis"]}
            web = ("PASS", "") if policy else ("NOT_ASSESSED", "DEEP_INSPECTION_OFF")
            assert told == {"web": web, "failing": ("FAIL", "")}


def test_what_the_policy_tolerates_passes_and_is_shown() -> None:
    cases = {"suppressed": ON_INSTANCES["suppressed"]}
    (ami,) = report_of(cases, "instance", policy={"suppressed": "tolerate"})["amis"]
    assert (ami["verdict"], ami["suppressed"], ami["tolerated"], ami["counts"]) == ("PASS", 1, 1, {"HIGH": 1})


def test_report_only_is_no_pass_like_others() -> None:
    (ami,) = report_of({"web": Case("", findings=(HIGH,))}, "instance", policy={"reportOnly": True})["amis"]
    assert (ami["verdict"], ami["reportOnly"], ami["counts"]) == ("PASS", True, {"HIGH": 1})
