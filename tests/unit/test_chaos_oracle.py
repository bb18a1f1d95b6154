"""Which verdicts the oracle of chaos runs allows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from golden_ami_emulator.chaos.oracle import Seen
from golden_ami_emulator.world import Image

RULES: list[tuple[dict[str, Any], str]] = [
    ({"severities": ["HIGH"]}, "PASS"),
    ({"severities": []}, "NOT_ASSESSED"),
    ({"severities": ["HIGH"], "knownExploited": True}, "NOT_ASSESSED"),
    ({"severities": ["HIGH"], "knownExploited": False}, "PASS"),
]


@pytest.mark.parametrize(("rules", "verdict"), RULES)
def test_classic_cannot_pass_on_what_it_never_tells(rules: dict[str, Any], verdict: str) -> None:
    seen = Seen(Image("ami-1", "golden"), [], "classic", {"policy": {"failOn": rules}}, date(2026, 11, 27))
    assert seen.expected().verdicts == {verdict}


@pytest.mark.parametrize("struck", ["message.finding-forged", "events.topic-refuses"])
def test_an_exploitation_that_nobody_tells_may_keep_an_image_from_pass(struck: str) -> None:
    settings = {"policy": {"failOn": {"severities": ["HIGH"], "epss": 0.5}}}
    seen = Seen(Image("ami-1", "golden"), [], "ami", settings, date(2026, 11, 27), frozenset({struck}))
    expected = seen.expected()
    assert expected.verdicts == {"PASS", "NOT_ASSESSED"}
    assert "EXPLOIT_DATA_MISSING" in expected.words
