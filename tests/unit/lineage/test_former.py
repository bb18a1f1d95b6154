"""The lineage that an earlier release gave: unchanged, so that what is stored under it is found."""

from __future__ import annotations

import pytest
from report_world import World, ami, exception, finding

from golden_ami.lineage.former import former_lineage, renamed, renaming
from golden_ami.models import AmiEntry, Config


@pytest.mark.parametrize(
    ("name", "lineage"),
    [
        ("golden-base-2026-04-01", "golden-base"),
        ("golden-base-20260401", "golden-base"),
        ("golden-base-20260401-3", "golden-base"),
        ("golden-base-2026-04-01T12-30-00Z", "golden-base"),
        ("golden-base-20260401T120000Z", "golden-base"),
        ("golden-base-20260401120000", "golden-base"),
        ("golden-base 2026-04-01 12:30:00", "golden-base"),
        ("golden-base-1718900000", "golden-base"),
        ("golden-base-v42", "golden-base"),
        ("golden_base_V1.4.2", "golden_base"),
        ("golden-base 1.4.2", "golden-base"),
        ("golden-base-42", "golden-base"),
        ("golden-rhel-9-20260401", "golden-rhel-9"),
        ("golden-v3-20260401", "golden"),
        ("golden-2026.04.01-x86_64", "golden-x86_64"),
        ("Windows_Server-2022-English-Full-Base-2024.06.13", "Windows_Server-2022-English-Full-Base"),
        ("ubuntu-jammy-22.04-amd64-server-20240701", "ubuntu-jammy-22.04-amd64-server"),
        ("amzn2-ami-hvm-2.0.20240620.0-x86_64-gp2", "amzn2-ami-hvm-x86_64-gp2"),
        ("web", "web"),
        ("20260401", "20260401"),
        ("", ""),
    ],
)
def test_of_a_name(name: str, lineage: str) -> None:
    image = ami("ami-1", name=name)
    assert former_lineage(image) == (lineage or "ami-1")
    assert former_lineage(ami("ami-1", name="other", tags={"Name": f" {name} "})) == (lineage or "other")


def test_entry_tag_and_id() -> None:
    tags = {"Name": "web-v1", "family": "database v9"}
    image = ami("ami-1", name="api-1.2.3", tags=tags)
    assert former_lineage(image) == former_lineage(image, "Name") == "web"
    assert former_lineage(image, "family") == "database v9"
    assert former_lineage(image, "absent") == "api"
    assert former_lineage(ami("ami-1", entry=AmiEntry(ami_id="ami-1", lineage="the-api"), tags=tags)) == "the-api"
    assert former_lineage(ami("ami-1", name="")) == "ami-1"


def test_a_lineage_that_an_exception_names_and_no_ami_has_any_more() -> None:
    images = [ami(f"ami-{release}", name=f"rhel-{release}", lineage=f"rhel-{release}") for release in (9, 8)]
    exceptions = [exception("CVE-1", "2036-01-01", lineage=lineage) for lineage in ("rhel", "rhel-9", "none")]
    assert renamed(exceptions, images) == {"rhel": ["rhel-8", "rhel-9"]}
    assert renamed(exceptions, [*images, ami("ami-0", name="rhel", lineage="rhel")]) == {}
    assert renamed([], images) == {}
    assert renaming("rhel", ["a", "b", "c", "d"]) == "lineage rhel is now a, b, c and 1 more"


def test_the_report_says_what_such_a_lineage_is_called_now_and_accepts_nothing(world: World) -> None:
    images = [
        (ami(f"ami-{release}", name=f"rhel-{release}", lineage=f"rhel-{release}"), [finding("CVE-1")])
        for release in (8, 9)
    ]
    accepted = [exception("CVE-1", "2036-01-01", lineage=lineage) for lineage in ("rhel", "rhel-9")]
    report = world.run("run-1", "2026-04-02T06:00:00+00:00", images, Config(exceptions=accepted))
    assert [(one.status, one.matches) for one in report.exceptions] == [("UNUSED", 0), ("ACTIVE", 1)]
    assert report.exceptions[0].message == (
        "matches nothing: lineage rhel is now rhel-8, rhel-9; name the one that it is meant for"
    )
    assert {one.ami_id: one.verdict for one in report.amis} == {"ami-8": "FAIL", "ami-9": "PASS"}
