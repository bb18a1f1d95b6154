"""Runs a month of a schedule's expression."""

from __future__ import annotations

import pytest

from golden_ami.usage.schedule import runs_a_month

DAYS = 365.25 / 12


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("rate(1 day)", DAYS),
        ("rate(12 hours)", 2 * DAYS),
        ("rate(7 days)", DAYS / 7),
        ("at(2026-12-01T06:00:00)", 1),
        ("cron(0 6 * * ? *)", DAYS),
        ("cron(0 6,18 * * ? *)", 2 * DAYS),
        ("cron(0 6 ? * MON *)", DAYS / 7),
        ("cron(0 6 ? * MON-FRI *)", 5 * DAYS / 7),
        ("cron(0 6 ? * FRI-MON *)", 4 * DAYS / 7),
        ("cron(0/15 8-17 * * ? *)", 40 * DAYS),
        ("cron(0 6 1,15 * ? *)", 2),
        ("cron(0 6 L * ? *)", 1),
        ("cron(0 6 15W * ? *)", 1),
        ("cron(0 6 ? * 6#3 *)", 1),
        ("cron(0 6 ? JAN-JUN * *)", DAYS / 2),
    ],
)
def test_runs_of_a_month(expression: str, runs: float) -> None:
    assert runs_a_month(expression) == pytest.approx(runs)


@pytest.mark.parametrize(
    "expression", ["", "rate(0 days)", "rate(x)", "cron(0 6)", "cron(a b c d e f)", "cron(0 6 0/0 * ? *)"]
)
def test_what_is_not_understood_is_not_guessed(expression: str) -> None:
    assert runs_a_month(expression) is None
