"""The operator's own prices, over those that ship."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from golden_ami.usage.prices import known, shipped
from golden_ami_cli.errors import BadFile
from golden_ami_cli.prices import prices


def test_a_file_goes_before_the_shipped_table(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(
        '[instance_hour."t3.small"]\nprice = 0.03\nunit = "hour"\nsource = "our contract"\ndate = 2026-11-01\n'
        '[lambda_gb_second]\nprice = 1\nsource = "our contract"\n'
    )
    found = prices(file)
    assert found["instance_hour.t3.small"].price == 0.03
    assert found["lambda_gb_second"].price == 1
    assert found["step_functions_transition"] == shipped()["step_functions_transition"]


def test_without_a_file_it_is_the_shipped_table() -> None:
    assert prices() == shipped()


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[nonesuch]\nprice = 1", "nonesuch"),
        ('[volume_gib_month]\nprice = "1"\nsource = "s"', "volume_gib_month.price"),
        ('[volume_gib_month]\nprice = -1\nsource = "s"', "volume_gib_month.price"),
        ("[volume_gib_month]\nprice = 1", "volume_gib_month.source"),
        ("price = ", "file"),
        ("lambda_gb_second = 3", "lambda_gb_second.price"),
        ("instance_hour = 3", "instance_hour"),
        ("[volume_gib_month]\nprice = nan\nsource = 's'", "volume_gib_month.price"),
        ("[volume_gib_month]\nprice = true\nsource = 's'", "volume_gib_month.price"),
        ("[volume_gib_month]\nprice = 1\nsource = 's'\ncertainty = 'sure'", "volume_gib_month.certainty"),
        ("[volume_gib_month]\nprice = 1\nsource = 's'\nfree = -1", "volume_gib_month.free"),
        ("[[volume_gib_month]]\nprice = 1\n", "volume_gib_month.source"),
    ],
)
def test_a_bad_table_of_prices_is_named(tmp_path: Path, text: str, field: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(BadFile, match=field):
        prices(file)


def test_the_names_are_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()
    listed = page.partition("Known names: ")[2].partition("\n\n")[0]
    assert re.findall(r"`([^`]+)`", listed) == [*known()[:3], 'instance_hour."TYPE"', *known()[3:]]
