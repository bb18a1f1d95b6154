"""Which operating systems the emulated Inspector scans, and until when."""

from __future__ import annotations

from datetime import date
from importlib.resources import files

import pytest

from golden_ami_emulator.inspector.operating_systems import UNKNOWN, _table, operating_system

TODAY = date(2026, 11, 26)


def test_the_table_is_read_whole() -> None:
    rows = _table()
    assert len(rows) == 93
    assert sum(row["discontinued"] is not None for row in rows) == 54
    for row in rows:
        name, version = row["match"]["ssmPlatformName"], row["match"]["ssmPlatformVersionPrefix"]
        found = operating_system(name, "2018.03" if version == "201" else "1.7.0" if version == "1." else version)
        assert (found.instances, found.machine_images) == (row["ec2Agent"], row["machineImage"])
        days = (found.discontinued, found.findings_stop)
        told = (row["discontinued"], row["findingsStop"])
        assert days == tuple(day and date.fromisoformat(day) for day in told)


def test_the_table_is_the_one_of_the_functions() -> None:
    mine = files("golden_ami_emulator").joinpath("data/os-support.json").read_bytes()
    assert mine == files("golden_ami.evidence").joinpath("os_support.json").read_bytes()


@pytest.mark.parametrize(
    ("name", "version", "instances", "images", "state"),
    [
        ("Amazon Linux", "2023", True, True, ""),
        ("Amazon Linux", "2", True, False, "discontinued"),
        ("Amazon Linux", "2027", False, False, ""),
        ("Amazon Linux", "20", False, False, ""),
        ("Amazon Linux AMI", "2018.03", True, False, "silent"),
        ("Ubuntu", "22.04 LTS", True, True, ""),
        ("Ubuntu", "16.04", True, False, "discontinued"),
        ("Ubuntu", "27.04", False, False, ""),
        ("Red Hat Enterprise Linux", "8.10", True, True, ""),
        ("Red Hat Enterprise Linux", "80", False, False, ""),
        ("Red Hat Enterprise Linux Server", "7.2", True, False, "silent"),
        ("Debian GNU/Linux", "12", True, True, ""),
        ("Bottlerocket", "1.20.0", True, True, ""),
        ("CentOS Stream", "9", False, False, ""),
        ("Microsoft Windows Server 2019 Datacenter", "10.0.17763", True, True, ""),
        ("Microsoft Windows Server 2012 R2 Standard", "6.3.9600", True, False, "silent"),
        ("macOS", "15.5", True, False, ""),
        ("Alpine Linux", "3.20", False, False, ""),
    ],
)
def test_a_system_as_systems_manager_reports_it(
    name: str, version: str, instances: bool, images: bool, state: str
) -> None:
    found = operating_system(name, version)
    assert (found.instances, found.machine_images) == (instances, images)
    assert found.is_discontinued(TODAY) == (state != "")
    assert found.is_silent(TODAY) == (state == "silent")


def test_a_system_goes_silent_on_its_day() -> None:
    found = operating_system("Amazon Linux", "2")
    assert [found.is_silent(date(2027, 6, day)) for day in (29, 30)] == [False, True]
    assert [found.is_discontinued(date(2026, 6, day)) for day in (29, 30)] == [False, True]


@pytest.mark.parametrize(
    ("name", "version", "deep"),
    [
        ("Amazon Linux", "2023", True),
        ("Microsoft Windows Server 2022 Datacenter", "10.0.20348", False),
        ("Bottlerocket", "1.20.0", False),
        ("macOS", "15.5", False),
    ],
)
def test_deep_inspection_is_for_linux_without_bottlerocket(name: str, version: str, deep: bool) -> None:
    assert operating_system(name, version).deep_inspection is deep


def test_a_system_that_the_agent_does_not_name_is_scanned() -> None:
    assert operating_system("", "") is UNKNOWN
    assert not UNKNOWN.is_discontinued(TODAY)
