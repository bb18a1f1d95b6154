"""The faults after which a scan has ended and nobody can tell what it saw: what each lays into the account."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from golden_ami.engines.messages import ScanFinding
from golden_ami.scans.messages import read
from golden_ami_emulator.calls import Call
from golden_ami_emulator.faults import Injection, catalogue
from golden_ami_emulator.faults.messages import STRANGER, finding
from golden_ami_emulator.world import ACCOUNT, Behaviour, Image, World

AMIS = ["ami-1", "ami-2"]
LATE: list[tuple[str, str, dict[str, Any]]] = [
    ("ami.events-and-findings-late", "ami", {"rows_after": 300}),
    ("ami.events-and-findings-late-for-ever", "ami", {"rows_after": None}),
    ("instance.language-packages-late", "instance", {"language_packages_after": 600}),
    ("instance.language-packages-late-for-ever", "instance", {"language_packages_after": None}),
]


@pytest.fixture
def laid() -> Injection:
    """A place for faults, with five findings on each AMI; one of them is listed twice, one is closed."""
    found = [{"findingArn": name} for name in "aabcde"] + [{"findingArn": "f", "status": "CLOSED"}]
    world = World([Image(ami, ami) for ami in AMIS], {"*": found})
    bucket = SimpleNamespace(delete_object=lambda **_: None)
    account = SimpleNamespace(world=world, worlds=[world], outputs={"ReportBucket": "reports"}, client=lambda _: bucket)
    return Injection(account, [], AMIS)  # type: ignore[arg-type]


def lay(injection: Injection, name: str) -> dict[str, Behaviour]:
    catalogue()[name].inject(injection)
    return injection.aws.world.behaviours


@pytest.mark.parametrize(("name", "engine", "changes"), LATE)
def test_results_that_come_late_or_never(laid: Injection, name: str, engine: str, changes: dict[str, Any]) -> None:
    fault, behaviours = catalogue()[name], lay(laid, name)
    assert ([*fault.engines], fault.costs) == ([engine], name.endswith("-for-ever"))
    assert {ami: {key: getattr(one, key) for key in changes} for ami, one in behaviours.items()} == dict.fromkeys(
        AMIS, changes
    )
    if engine == "ami":
        for one in behaviours.values():
            assert one.events == ("uncounted",)
            assert one.findings_events_lost > 100_000


def test_a_completion_that_another_fault_loses_stays_lost(laid: Injection) -> None:
    laid.aws.world.behaviours["ami-1"] = Behaviour(events=())
    assert lay(laid, "ami.events-and-findings-late")["ami-1"].events == ()


def test_amis_of_another_place_behave_in_its_world(laid: Injection) -> None:
    away = World([Image("ami-3", "ami-3")], {}, {"ami-3": Behaviour(scan_seconds=7)})
    laid.aws.worlds.append(away)
    laid.amis = [*AMIS, "ami-3"]
    laid._behaviours()
    assert [*lay(laid, "instance.language-packages-late-for-ever")] == AMIS
    assert away.behaviours == {"ami-3": Behaviour(scan_seconds=7, language_packages_after=None)}
    laid.close()
    assert away.behaviours == {"ami-3": Behaviour(scan_seconds=7)}


def test_half_of_the_first_amis_findings_are_suppressed(laid: Injection) -> None:
    assert {ami: one.suppressed for ami, one in lay(laid, "inspector.findings-suppressed").items()} == {"ami-1": 3}


def test_every_question_about_a_vulnerability_is_throttled(laid: Injection) -> None:
    lay(laid, "inspector.vulnerabilities-unanswered")
    [rule] = laid._before
    answers = [
        rule(Call("f", "inspector2", name, {}, "us-east-1")) for name in ("SearchVulnerabilities", "ListFindings")
    ]
    assert [str(answer)[:40] for answer in answers] == ["An error occurred (ThrottlingException) ", "None"]


@pytest.mark.parametrize("account", [ACCOUNT, STRANGER])
def test_a_forged_finding_is_of_the_scan_and_of_who_sent_it(account: str) -> None:
    message = read(finding("9f1c", account))
    assert isinstance(message, ScanFinding)
    assert (message.scan, message.account, message.finding.severity) == ("9f1c", account, "LOW")
    assert json.loads(finding("9f1c", account))["detail"]["awsAccountId"] == account
