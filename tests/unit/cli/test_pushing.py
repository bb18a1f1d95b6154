"""Where a configuration is put, by its size."""

from __future__ import annotations

import json

import pytest

from golden_ami_cli.account import Account
from golden_ami_cli.configuration.pushing import plan
from golden_ami_cli.errors import UsageError

ACCOUNT = Account("stack", "us-east-1", lambda _service, region=None: region, {"ReportBucket": "reports"})


def text(size: int) -> str:
    """A JSON text of so many bytes."""
    return json.dumps({"a": "x" * (size - len('{"a":""}'))}, separators=(",", ":"))


@pytest.mark.parametrize(
    ("size", "advanced", "tier", "document"),
    [
        (4096, 0, "Standard", ""),
        (4097, 0, "Standard", "config/team/amis.json"),
        (4097, 8192, "Advanced", ""),
        (8192, 8192, "Advanced", ""),
        (8193, 8192, "Standard", "config/team/amis.json"),
    ],
)
def test_the_tier_decides(size: int, advanced: int, tier: str, document: str) -> None:
    planned = plan(ACCOUNT, "/team/amis", text(size), 4096, advanced)
    assert (planned.tier, planned.document) == (tier, document)
    assert planned.content == text(size)
    if document:
        assert json.loads(planned.text) == {"version": 1, "document": f"s3://reports/{document}"}
    else:
        assert planned.text == text(size)


def test_bytes_count_not_characters() -> None:
    assert plan(ACCOUNT, "amis", json.dumps({"a": "ö" * 2045}, ensure_ascii=False), 4096, 0).document


def test_blanks_do_not_make_it_too_large() -> None:
    spread = json.dumps({"a": list(range(1000))}, indent=8)
    assert len(spread) > 4096
    assert not plan(ACCOUNT, "amis", spread, 4096, 0).document


def test_more_than_the_functions_read_is_refused() -> None:
    with pytest.raises(UsageError, match="split it"):
        plan(ACCOUNT, "amis", text(50_000_001), 4096, 0)
