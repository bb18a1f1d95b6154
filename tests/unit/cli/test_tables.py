"""Names in the cells of tables."""

from __future__ import annotations

import pytest

from golden_ami_cli.tables import broken


@pytest.mark.parametrize(
    ("name", "width", "lines"),
    [
        ("golden-web", 21, ["golden-web"]),
        ("golden-ubuntu2404-api-2026-09-30", 22, ["golden-ubuntu2404-api-", "2026-09-30"]),
        ("golden-ubuntu2404-api-2026-09-30", 24, ["golden-ubuntu2404-api-", "2026-09-30"]),
        ("web-base-2026.03.1-arm64", 17, ["web-base-", "2026.03.1-arm64"]),
        ("al2023_2026_03_01.x86", 11, ["al2023_", "2026_03_01.", "x86"]),
        ("al2023-20260301-x86", 12, ["al2023-", "20260301-x86"]),
        ("averyveryverylongword", 10, ["averyveryverylongword"]),
        ("", 10, [""]),
    ],
)
def test_a_name_breaks_at_no_date(name: str, width: int, lines: list[str]) -> None:
    assert broken(name, width) == lines
    assert "".join(lines) == name
