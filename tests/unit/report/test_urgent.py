"""What a large run's page shows is kept while findings are evaluated, and is what reading all again would choose."""

from __future__ import annotations

from functools import partial

import pytest
from report_world import World, ami, finding

from golden_ami.report import build, urgent
from golden_ami.report.model import Report
from golden_ami.report.urgent import most_urgent
from golden_ami.storage.keys import urgent_key


def _run(world: World) -> tuple[Report, str]:
    findings = [finding(f"CVE-{number}", epss=number % 7 / 10, tags={"a": "b"}) for number in range(60)]
    image = ami("ami-0a", counts={"HIGH": len(findings)})
    return world.run("run-1", "2026-04-02T03:00:00Z", [(image, findings)]), urgent_key("run-1", image.key)


@pytest.fixture
def large(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[World, Report, str]:
    monkeypatch.setattr(build, "SHOWN", 20)
    monkeypatch.setattr(build, "shown_of_each", partial(urgent.shown_of_each, limit=20))
    return world, *_run(world)


@pytest.mark.parametrize("most", [1, 10, 20, 21, 60, 100])
def test_the_kept_are_those_of_all(large: tuple[World, Report, str], most: int) -> None:
    world, report, key = large
    assert len(list(world.store.lines(key))) == 20
    kept = most_urgent(world.store, "run-1", report.amis[0], most)
    (world.root / key).unlink()
    of_all = most_urgent(world.store, "run-1", report.amis[0], most)
    assert [(one.vulnerability_id, standing) for one, standing in kept] == [
        (one.vulnerability_id, standing) for one, standing in of_all
    ]


def test_a_small_run_keeps_none(world: World) -> None:
    _, key = _run(world)
    assert not (world.root / key).exists()


@pytest.mark.parametrize("most", [1, 20_000], ids=["large", "small"])
def test_what_the_page_cannot_read_spoils_its_ami_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(build, "SHOWN", most)
    damaged = finding("CVE-1", severity="LOW", urls=[5])
    images = [(ami("ami-0a", counts={"LOW": 2}), [damaged]), (ami("ami-0b", counts={"HIGH": 1}), [finding("CVE-2")])]
    reasons = [one.reason.code if one.reason else "" for one in world.run("run-1", "2026-04-02T03:00:00Z", images).amis]
    assert sorted(reasons) == ["", "FINDINGS_UNREADABLE"]
