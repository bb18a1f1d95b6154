"""What a large run's page shows is kept while its findings are judged, and is what reading all again would choose."""

from __future__ import annotations

from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_world import World, ami, finding, package

from golden_ami.models import Finding
from golden_ami.report import build, urgent
from golden_ami.report.identity import identities, ports, vulnerability_of
from golden_ami.report.model import Report, Standing
from golden_ami.report.sighting import seen
from golden_ami.report.upgrades import names_of, priority, urgency
from golden_ami.report.urgent import Urgent, most_urgent
from golden_ami.storage.keys import urgent_key
from golden_ami.verdict import fixability, is_fixable

_STANDING = Standing(identities=[], severity="LOW", type="", since="")
_WORDS = st.sampled_from(["", "openssl", "curl", "i-0123456789abcdef0", "é", '"'])
_PACKAGES = st.builds(
    package, _WORDS, fixed_in=st.sampled_from(["", "NotAvailable", "3.0.8"]), path=_WORDS, manager=_WORDS
)
_FINDINGS = st.builds(
    Finding,
    arn=_WORDS,
    severity=st.sampled_from(["CRITICAL", "LOW", "UNTRIAGED"]),
    title=_WORDS,
    type=_WORDS,
    source=_WORDS,
    vulnerability_id=_WORDS,
    score=st.none() | st.floats(0, 10),
    epss=st.none() | st.floats(0, 1),
    exploit_available=st.booleans(),
    known_exploited_since=st.sampled_from(["", "2026-01-01"]),
    fix_available=st.sampled_from(["", "YES", "NO", "PARTIAL"]),
    packages=st.lists(_PACKAGES, max_size=3),
    network=st.none() | st.dictionaries(st.sampled_from(["protocol", "ports", "path"]), _WORDS),
)


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


@given(st.lists(st.integers(0, 5)), st.integers(1, 8))
def test_the_most_urgent_first_and_of_equals_the_first(scores: list[int], most: int) -> None:
    kept = Urgent(most)
    for place, score in enumerate(scores):
        one = finding(f"CVE-{place}", score=float(score))
        kept.offer(priority(one), (msgspec.json.encode(one), _STANDING))
    expected = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:most]
    assert [one.finding.vulnerability_id for one in kept.findings()] == [f"CVE-{place}" for place in expected]


@given(_FINDINGS)
def test_a_sighting_says_of_a_finding_what_the_whole_finding_says(one: Finding) -> None:
    sighting, affected = seen(msgspec.json.encode(one))
    fixable = fixability(sighting.fix_available, affected.fixed)
    vulnerability = vulnerability_of(sighting.vulnerability_id, sighting.title)
    places = affected.places or ports(sighting.network)
    assert [(vulnerability, *place) for place in places] == identities(one)
    assert fixable == is_fixable(one)
    assert urgency(sighting, fixable=bool(fixable)) == priority(one)
    assert (affected.packages, affected.closed_by) == (one.packages, names_of(one.packages))
