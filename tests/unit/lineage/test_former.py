"""The lineage that an earlier release gave: unchanged, so that what is stored under it is found."""

from __future__ import annotations

import pytest
from report_world import ami

from golden_ami.lineage.former import former_lineage
from golden_ami.models import AmiEntry


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
