"""What stays the same from one version of a golden AMI to the next."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami.configuration.lineage import lineage_of


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
def test_examples(name: str, lineage: str) -> None:
    assert lineage_of(name) == lineage


days = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@given(st.from_regex(r"[a-z]{1,9}(-[a-z]{1,9}){0,3}", fullmatch=True), days, days)
def test_the_date_does_not_matter(name: str, one: date, other: date) -> None:
    assert lineage_of(f"{name}-{one}") == lineage_of(f"{name}-{other}") == name


@given(st.text(max_size=128))
def test_a_name_has_a_lineage(name: str) -> None:
    assert bool(lineage_of(name)) == bool(name)
