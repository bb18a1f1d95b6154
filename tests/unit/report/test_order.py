"""A report is the same to the byte, whichever lineage is done first and however Python hashes its texts."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from report_world import Image, World, ami, finding, package

from golden_ami.evaluation.model import Upgrade, UpgradedAmi
from golden_ami.evaluation.run_upgrades import RunUpgrades
from golden_ami.evaluation.upgrades import ranked
from golden_ami.evaluation.versions import highest
from golden_ami.models import Config, Reason
from golden_ami.report import build as building
from golden_ami.report.formats import CONTENT_TYPES

TESTS = Path(__file__).parents[2]
# Each lineage with the same upgrade; in versions that are equal, in remediations, severities and findings they differ.
_SEVERITIES: Sequence[Any] = ("LOW", "CRITICAL", "MEDIUM", "HIGH", "UNTRIAGED", "INFORMATIONAL")


def _images(run: int) -> list[Image]:
    found: list[Image] = []
    for number in range(12):
        fixes = ("3.0.8", "0:3.0.8", "3.0.08")[number % 3]
        affected = [
            package("openssl", f"3.0.{number}", fixes, remediation=f"upgrade as {number} says"),
            package("openssl-libs", "3.0.7", fixes),
        ]
        findings = [
            finding(f"CVE-{run}-{at}", *affected, severity=_SEVERITIES[(number + at) % 6])
            for at in range(number % 4 + 1)
        ]
        findings += [finding("CVE-2", package(f"tied-{number % 3}", "1", "2"))]
        image = ami(f"ami-{number:02}", name="same name", lineage=f"lineage-{number}", tags={"Owner": f"o{number % 3}"})
        found.append((image, findings if number % 5 else None))
    return found


def _rendered(root: Path, reorder: Callable[[list[Any]], None]) -> dict[str, bytes]:
    """Every format of the last of three runs, with the lineages done in another order."""
    world = World(root)

    def in_some_order(function: Callable[[Any], Any], items: Iterable[Any], workers: int = 0) -> list[Any]:
        waiting = list(enumerate(items))
        reorder(waiting)
        done = [(place, function(item)) for place, item in waiting]
        return [outcome for _, outcome in sorted(done, key=lambda one: one[0])]

    config = Config(routes={"o1": "arn:aws:sns:us-east-1:123456789012:o1"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "side_by_side", in_some_order)
        for run in range(3):
            world.run(f"run-{run}", f"2026-04-0{run + 1}T03:00:00Z", _images(run), config)
    return {name: world.rendered("run-2", name) for name in CONTENT_TYPES}


def test_no_order_of_completion_shows(tmp_path: Path) -> None:
    expected = _rendered(tmp_path / "in-order", lambda _: None)
    for seed in range(12):
        assert _rendered(tmp_path / str(seed), random.Random(seed).shuffle) == expected


def test_no_hash_seed_shows(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from test_order import _rendered;"
        "sys.stdout.buffer.write(repr(sorted(_rendered(pathlib.Path(sys.argv[1]), lambda _: None).items())).encode())"
    )
    outputs = []
    path = os.pathsep.join(map(str, (TESTS / "unit" / "report", TESTS / "support", TESTS.parent / "functions")))
    for seed in ("1", "2", "3"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path}
        command = [sys.executable, "-c", script, str(tmp_path / seed)]
        outputs.append(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    assert outputs[0]
    assert outputs[1:] == outputs[:1] * 2


def _upgrade(**fields: Any) -> Upgrade:
    given: dict[str, Any] = {"package": "openssl", "to": "3.0.8", "installed": ["3.0.7"], "closes": 1, "manager": "OS"}
    return Upgrade(**(given | fields))


def test_upgrades_add_up_in_any_order() -> None:
    parts = [
        _upgrade(to="3.0.8-1.el9", remediation="b", worst="LOW"),
        _upgrade(to="3.0.8-1.el9", remediation="", also=["libs"], installed=["3.0.6"]),
        _upgrade(to="3.0.08-1.el9", remediation="a", failing=1, epss=0.5),
    ]
    sums = []
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)):
        whole = RunUpgrades()
        for at in order:
            whole.add([replace(parts[at])], UpgradedAmi(key=f"ami-{at}", name="web", owner=f"o{at}"))
        sums.append(whole.ranked())
    assert sums[1:] == sums[:1] * 3
    assert (sums[0][0].remediation, sums[0][0].amis) == ("a", 3)


def test_what_makes_an_upgrade_worth_more() -> None:
    """Each by one reason before the next, which has more of all that counts less."""
    fails: dict[str, Any] = {"failing": 1, "worst": "LOW"}
    ordered = [
        _upgrade(**fails, known_exploited=1),
        _upgrade(**fails | {"worst": "HIGH"}, closes=2),
        _upgrade(**fails | {"failing": 9}, exploit_available=1),
        _upgrade(**fails, closes=9),
        _upgrade(**fails, closes=2, epss=0.9, score=1.0),
        _upgrade(**fails, closes=2, epss=0.1, score=9.0),
        _upgrade(**fails, closes=2, epss=0.1, score=5.0),
        _upgrade(known_exploited=9, closes=99, worst="CRITICAL", epss=1.0, score=10.0),
    ]
    assert ranked(reversed(ordered)) == ordered


@pytest.mark.parametrize("member", ["manager", "to", "remediation"])
def test_upgrades_that_are_worth_the_same_have_an_order(member: str) -> None:
    tied = [_upgrade(**{member: value}) for value in ("a", "b", "c")]
    assert ranked(tied) == ranked(reversed(tied))


def test_of_versions_that_are_equal_one_is_the_highest() -> None:
    assert highest(["1.0", "0:1.0", "1.00"], "rpm") == highest(["1.00", "1.0", "0:1.0"], "rpm")


def test_an_ami_without_a_name_stands_where_its_id_does(tmp_path: Path) -> None:
    world = World(tmp_path)
    reason = Reason(code="AMI_NOT_FOUND", message="is not there", remedy="configure another one")
    unknown = ami("ami-0b", key="222222222222/eu-west-1/ami-0b", name="", lineage="", reason=reason)
    named = [ami(f"ami-0{number}", name=name, reason=reason) for number, name in enumerate(("base", "a", "web"))]
    report = world.run("run-1", "2026-04-01T03:00:00Z", [(one, None) for one in (unknown, *named)])
    assert [one.name or one.ami_id for one in report.amis] == ["a", "ami-0b", "base", "web"]
