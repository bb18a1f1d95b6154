"""Which operating systems Amazon Inspector makes findings for, and until when."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files

import pytest

from golden_ami.evidence.operating_systems import evidence_of, find, is_discontinued, known_systems

TODAY = "2026-11-27T06:00:00Z"


def test_the_table_is_read_whole() -> None:
    rows = json.loads(files("golden_ami.evidence").joinpath("os_support.json").read_text())
    known = known_systems()
    assert [(one["os"], one["version"], one["findingsStop"]) for one in rows] == [
        (one.os, one.version, one.findings_stop) for one in known
    ]
    assert all(one["source"] for one in rows)


@pytest.mark.parametrize("row", known_systems(), ids=lambda row: f"{row.os} {row.version}")
def test_each_row_is_found_by_what_it_matches(row: object) -> None:
    match = row.match  # type: ignore[attr-defined]
    prefix = match.ssm_platform_version_prefix
    version = {"": "9", "201": "2018.03", "1.": "1.20.1"}.get(prefix, prefix)
    assert find(match.ssm_platform_name, version) == row


@pytest.mark.parametrize(
    ("name", "version", "system"),
    [
        ("Amazon Linux", "2", "Amazon Linux 2"),
        ("Amazon Linux", "2023", "Amazon Linux 2023"),
        ("Amazon Linux", "2027", "Amazon Linux 2027 (preview)"),
        ("Amazon Linux AMI", "2018.03", "Amazon Linux (AL1)"),
        ("Ubuntu", "22.04 LTS", "Ubuntu (Jammy)"),
        ("ubuntu", "24.04", "Ubuntu (Noble)"),
        ("Red Hat Enterprise Linux", "9.4", "Red Hat Enterprise Linux"),
        ("Microsoft Windows Server 2019 Datacenter", "10.0.17763", "Windows Server"),
        ("Microsoft Windows Server 2012 R2 Standard", "6.3.9600", "Windows Server"),
        ("Bottlerocket", "1.7.0", "Bottlerocket"),
    ],
)
def test_names_as_systems_manager_writes_them(name: str, version: str, system: str) -> None:
    found = find(name, version)
    assert found
    assert found.os == system


@pytest.mark.parametrize(
    ("name", "version"),
    [("", ""), ("Amazon Linux", ""), ("Amazon Linux", "20"), ("Alpine Linux", "3.20"), ("Ubuntu", "26.10"),
     ("Bottlerocket", "1.6.9"), ("Red Hat Enterprise Linux", "99"), ("SLES", "15.8")],
)  # fmt: skip
def test_what_no_row_names_is_unknown(name: str, version: str) -> None:
    assert find(name, version) is None
    evidence = evidence_of(name, version, TODAY)
    assert (evidence.status, evidence.code) == ("MISSING", "OS_UNKNOWN")


@pytest.mark.parametrize(
    ("day", "status", "code"),
    [
        ("2026-06-29", "COMPLETE", "OS_DISCONTINUED"),
        ("2027-06-29", "COMPLETE", "OS_DISCONTINUED"),
        ("2027-06-30", "MISSING", "OS_FINDINGS_STOPPED"),
    ],
)
def test_amazon_linux_2_goes_silent(day: str, status: str, code: str) -> None:
    evidence = evidence_of("Amazon Linux", "2", f"{day}T12:00:00Z")
    assert (evidence.status, evidence.code) == (status, code)
    assert "2027-06-30" in evidence.detail


def test_the_other_amazon_linux_does_not() -> None:
    evidence = evidence_of("Amazon Linux", "2023", "2027-12-01T00:00:00Z")
    assert (evidence.status, evidence.detail) == ("COMPLETE", "Amazon Linux 2023")


def test_a_system_that_was_never_scanned_is_unsupported() -> None:
    assert evidence_of("CentOS Stream", "9", TODAY).code == "OS_UNSUPPORTED"


def test_discontinued_from_the_day_on() -> None:
    assert not is_discontinued("Amazon Linux", "2", date(2026, 6, 29))
    assert is_discontinued("Amazon Linux", "2", date(2026, 6, 30))
    assert not is_discontinued("Amazon Linux", "2023", date(2026, 6, 30))
    assert not is_discontinued("", "", date(2026, 6, 30))
