"""What Inspector knows of a vulnerability, asked by its CVE id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.adapters.inspector.conftest import Aws, MakeAws

LISTED = {"dateAdded": "2021-12-10", "dateDue": "2021-12-24", "action": "Apply updates."}


def finding(name: str, **members: Any) -> dict[str, Any]:
    related = members.pop("related", [])
    cvss = [{"baseScore": 10.0, "scoringVector": "CVSS:3.1/AV:N", "version": "3.1", "source": "NVD"}]
    details = {"vulnerabilityId": name, "source": "NVD", "cvss": cvss, "relatedVulnerabilities": related}
    return {"severity": "HIGH", "packageVulnerabilityDetails": details, **members}


def search(aws: Aws, *names: str) -> list[dict[str, Any]]:
    answer = aws.client("inspector2").search_vulnerabilities(filterCriteria={"vulnerabilityIds": list(names)})
    return list(answer["vulnerabilities"])


def test_a_vulnerability_is_as_its_findings_say(make_aws: MakeAws) -> None:
    plain, rich = finding("CVE-2021-44228"), {"epss": {"score": 0.94}, "details": {"cisaData": LISTED, "cwes": ["C"]}}
    aws = make_aws(findings={"ami-1": [plain], "ami-2": [finding("CVE-2021-44228", **rich)]})
    [found] = search(aws, "CVE-2021-44228")
    assert (found["id"], found["source"], found["epss"]) == ("CVE-2021-44228", "NVD", {"score": 0.94})
    assert found["cisaData"]["dateAdded"].date().isoformat() == "2021-12-10"
    assert (found["cwes"], found["cvss3"]["baseScore"]) == (["C"], 10.0)
    assert "exploitObserved" not in found


def test_what_no_finding_says_is_left_out(make_aws: MakeAws) -> None:
    [found] = search(make_aws(findings={"*": [finding("CVE-2026-0001")]}), "CVE-2026-0001")
    assert not found.keys() & {"epss", "cisaData", "exploitObserved", "cwes"}


def test_an_exploit_is_observed_where_a_finding_says_that_there_is_one(make_aws: MakeAws) -> None:
    known = {"exploitAvailable": "YES", "exploitabilityDetails": {"lastKnownExploitAt": "2026-08-31T00:04:50Z"}}
    given = [finding("CVE-2026-0001", **known), finding("CVE-2026-0002", exploitAvailable="NO")]
    aws = make_aws(findings={"*": given})
    [first], [second] = search(aws, "CVE-2026-0001"), search(aws, "CVE-2026-0002")
    assert first["exploitObserved"]["lastSeen"].isoformat().startswith("2026-08-31T00:04:50")
    assert "exploitObserved" not in second


def test_a_finding_of_another_id_tells_of_its_related_ones(make_aws: MakeAws) -> None:
    related = {"related": ["CVE-2026-0001", "GHSA-aaaa"], "details": {"cisaData": LISTED}}
    aws = make_aws(findings={"*": [finding("ALAS2-2026-001", **related)]})
    assert "cisaData" in search(aws, "CVE-2026-0001")[0]


def test_an_unknown_id_is_answered_by_nothing(aws: Aws) -> None:
    assert search(aws, "CVE-1999-0001") == []


@pytest.mark.parametrize(
    "names",
    [
        ("CVE-2021-3744", "CVE-2021-3640"),
        ("ALAS2-2026-001",),
        ("GHSA-jfh8-c2jp-5v3q",),
        ("CVE-3021-1",),
        ("cve-2021-3744",),
        ("CVE-2021-3744 ",),
    ],
)
def test_exactly_one_cve_id_is_taken(aws: Aws, names: tuple[str, ...]) -> None:
    with pytest.raises(ClientError) as refused:
        search(aws, *names)
    response: Any = refused.value.response
    assert (response["Error"]["Code"], response["reason"]) == ("ValidationException", "FIELD_VALIDATION_FAILED")
