"""What decides whether PASS is allowed reads the world, and sees programs that take an ended scan for a look."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from golden_ami.models import Engine
from golden_ami_emulator.chaos.bench import Bench, Trial
from golden_ami_emulator.chaos.guarantees import violations
from golden_ami_emulator.chaos.worlds import Plan, ami_id, world
from golden_ami_emulator.faults import chosen

IMAGES = 40  # those above 30 are of unusual systems, too
EVIDENCE = {
    "instance": ("instance.language-packages-late", "instance.language-packages-late-for-ever",
                 "inspector.findings-suppressed", "securityhub.off", "instance.patches-itself",
                 "instance.patched-before-scan", "instance.coverage-of-the-past"),
    "ami": ("message.finding-forged", "message.finding-replaced", "message.finding-of-another-account",
            "ami.events-and-findings-late", "ami.events-and-findings-late-for-ever",
            "inspector.vulnerabilities-unanswered", "inspector.scan-internal-error",
            "inspector.scan-internal-error-for-ever"),
}  # fmt: skip


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(world(IMAGES, 1)) as opened:
        yield opened


def held(bench: Bench, engine: Engine, numbers: range, *faults: str) -> Trial:
    plan = Plan(dict.fromkeys(map(ami_id, numbers), engine))
    return bench.trial([plan], chosen(faults))


def verdicts(trial: Trial) -> dict[str, str]:
    report = trial.runs[0].report
    return {ami.ami_id: ami.verdict for ami in report.amis} if report else {}


def wrong(bench: Bench, trial: Trial) -> list[str]:
    return [str(one) for one in violations(trial, bench.world) if one.kind == "wrongVerdict"]


def test_systems_are_judged_by_what_inspector_finds_on_them(bench: Bench) -> None:
    for engine in ("instance", "ami"):
        trial = held(bench, engine, range(31, 41))
        assert [*map(str, violations(trial, bench.world))] == []
        assert set(verdicts(trial).values()) == {"FAIL", "NOT_ASSESSED", "PASS"}


def _nothing(*_: object) -> list[str]:
    return []


BROKEN: list[tuple[Engine, range, str, Any, str]] = [
    ("instance", range(31, 41), "golden_ami.evaluation.verdict.lacking", _nothing, ""),
    ("instance", range(4, 5), "golden_ami.evaluation.verdict.lacking", _nothing,
     "instance.language-packages-late-for-ever"),
    ("instance", range(1, 5), "golden_ami.engines.instance.changes.evidence_of", _nothing,
     "instance.patched-before-scan"),
    ("instance", range(1, 5), "golden_ami.engines.instance.adapter._is_of_launch",
     lambda _, raw: raw["status"] != "CLOSED", "instance.patches-itself"),
    ("ami", range(1, 4), "golden_ami.engines.ami.adapter.is_shown", lambda *_: True, "ami.events-and-findings-late"),
    ("ami", range(1, 5), "golden_ami.evaluation.evaluate.unknown_rules", _nothing,
     "inspector.vulnerabilities-unanswered"),
]  # fmt: skip


@pytest.mark.parametrize(("engine", "numbers", "name", "broken", "fault"), BROKEN)
def test_a_program_that_does_not_look_is_seen(
    bench: Bench, engine: Engine, numbers: range, name: str, broken: Any, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name, broken)
    assert wrong(bench, held(bench, engine, numbers, *filter(None, [fault])))


@pytest.mark.parametrize("engine", ["instance", "ami"])
def test_no_fault_moves_a_verdict_towards_pass(bench: Bench, engine: Engine) -> None:
    """Alone or in pairs, and what fails by its severity still fails where its findings can be read."""
    numbers = range(1, 5)
    without = verdicts(held(bench, engine, numbers))
    assert set(without.values()) == {"FAIL", "PASS"}
    by_severity = {ami_id(2), ami_id(3)}  # others fail as known exploited, which an answer must say
    names = EVIDENCE[engine]
    for faults in [*((name,) for name in names), *combinations(names, 2)]:
        trial = held(bench, engine, numbers, *faults)
        assert [*map(str, violations(trial, bench.world))] == [], faults
        for ami, verdict in verdicts(trial).items():
            assert verdict != "PASS" or without[ami] == "PASS", faults
            hidden = any(
                name.endswith(("-for-ever", "patched-before-scan")) for name in faults
            )  # what failed may never be seen
            assert hidden or ami not in by_severity or verdict == "FAIL", faults
