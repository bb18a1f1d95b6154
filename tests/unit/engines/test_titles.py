"""What a title says of a finding: of an image's row all there is, of a system's end the only sign."""

from __future__ import annotations

from typing import Any

import pytest

from golden_ami.engines.ami.findings import from_image_row
from golden_ami.engines.findings import from_inspector
from golden_ami.models import END_OF_SUPPORT


@pytest.mark.parametrize(
    "title",
    ["CVE-2021-44228 - log4j", "CVE-2021-44228: log4j", "cve-2021-44228 - log4j", " CVE-2021-44228 - log4j",
     "Log4Shell CVE-2021-44228 - log4j", "log4j - CVE-2021-44228"],
)  # fmt: skip
def test_the_id_is_found_wherever_it_stands(title: str) -> None:
    assert from_image_row({"Title": title}, "ami-1").vulnerability_id == "CVE-2021-44228"


def test_further_ids_are_asked_for_too() -> None:
    row = from_image_row({"Title": "CVE-2021-44228, CVE-2021-45046 - log4j"}, "ami-1")
    assert [row.vulnerability_id, *row.related] == ["CVE-2021-44228", "CVE-2021-45046"]


def test_two_words_for_one_title_are_two_rows() -> None:
    rows = [from_image_row({"Title": "CVE-2021-1 - x", "SeverityLabel": word}, "ami-1") for word in ("low", "critical")]
    assert len({row.arn for row in rows}) == 2


def reported(title: str, **members: Any) -> str:
    return from_inspector({"title": title, "severity": "CRITICAL", "type": "PACKAGE_VULNERABILITY"} | members).type


@pytest.mark.parametrize("title", ["Node.js 14 end of life - nodejs", "EOL handling flaw in libxml2 - libxml2"])
def test_a_row_that_names_a_package_is_judged(title: str) -> None:
    assert from_image_row({"Title": title}, "ami-1").type == "PACKAGE_VULNERABILITY"


@pytest.mark.parametrize("title", ["Amazon Linux 2 is no longer supported", "Ubuntu 16.04 has reached end of support"])
def test_a_systems_end_of_support_is_recognised(title: str) -> None:
    assert reported(title) == END_OF_SUPPORT


@pytest.mark.parametrize(
    ("title", "members"),
    [
        (
            "RLSA-2026:1 - openssl-legacy (discontinued)",
            {"packageVulnerabilityDetails": {"vulnerabilityId": "RLSA-2026:1"}},
        ),
        ("php end of life", {"packageVulnerabilityDetails": {"vulnerablePackages": [{"name": "php"}]}}),
        ("Port 22 is reachable - EOL-bastion", {"type": "NETWORK_REACHABILITY"}),
        ("CVE-2026-1 - openssl", {}),
        ("Node.js 14 end of life - nodejs", {}),
        ("EOL handling flaw in libxml2 - libxml2", {}),
    ],
)
def test_what_names_a_vulnerability_or_a_package_is_judged(title: str, members: dict[str, Any]) -> None:
    assert reported(title, **members) != END_OF_SUPPORT
