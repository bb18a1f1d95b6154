"""Faults after which a scan has ended and has not looked, or nobody can tell that it has."""

from __future__ import annotations

from collections.abc import Iterator

from golden_ami.models import Engine
from golden_ami.reasons import incomplete
from golden_ami.storage.keys import ANSWERS
from golden_ami_emulator.calls import Call, client_error
from golden_ami_emulator.faults.fault import InjectableFault, Injection, behaves
from golden_ami_emulator.inspector.bodies import bodies

_EVERY = 1_000_000  # findings events, of any scan
_ROWS_LATE = 300.0  # emulated seconds, below waits.findingsSeconds
_PACKAGES_LATE = 600.0  # emulated seconds, below waits.languagePackagesSeconds
_PATCHED = 50.0  # emulated seconds after the launch, before any agent answers
_COVERAGE_LATE = 240.0  # emulated seconds
_AMI: frozenset[Engine] = frozenset({"ami"})
_INSTANCE: frozenset[Engine] = frozenset({"instance"})


def faults() -> Iterator[InjectableFault]:
    """Of Inspector's results; those that pass cost nothing."""
    yield InjectableFault(
        "ami.events-and-findings-late",
        f"findings events are lost, the completion tells no number, and EC2 has the findings after {_ROWS_LATE:.0f} s",
        lambda injection: _only_rows(injection, _ROWS_LATE),
        costs=False,
        engines=_AMI,
    )
    yield InjectableFault(
        "ami.events-and-findings-late-for-ever",
        "findings events are lost, the completion tells no number, and EC2 never has the findings",
        lambda injection: _only_rows(injection, None),
        words=(incomplete.FINDINGS_NOT_CONFIRMED.code,),
        engines=_AMI,
    )
    yield InjectableFault(
        "instance.language-packages-late",
        f"deep inspection collects language packages only {_PACKAGES_LATE:.0f} seconds after the scan",
        lambda injection: behaves(injection, "*", language_packages_after=_PACKAGES_LATE),
        costs=False,
        engines=_INSTANCE,
    )
    yield InjectableFault(
        "instance.language-packages-late-for-ever",
        "deep inspection never collects language packages",
        lambda injection: behaves(injection, "*", language_packages_after=None),
        words=(incomplete.LANGUAGE_PACKAGES_INCOMPLETE.code,),
        engines=_INSTANCE,
    )
    yield InjectableFault(
        "instance.patches-itself",
        "each instance updates its packages after its scan, and Inspector closes what a fix remedies before it is read",
        lambda injection: behaves(injection, "*", updates_after_scan=0),
        costs=False,
        engines=_INSTANCE,
    )
    yield InjectableFault(
        "instance.patched-before-scan",
        f"each instance updates its packages {_PATCHED:.0f} seconds after its launch, before Inspector scans it",
        lambda injection: behaves(injection, "*", updates_after=_PATCHED),
        words=(incomplete.PACKAGES_CHANGED_AT_BOOT.code,),
        engines=_INSTANCE,
    )
    yield InjectableFault(
        "instance.coverage-of-the-past",
        f"coverage has rows of an earlier use of each instance's id, and shows each state {_COVERAGE_LATE:.0f} s late",
        lambda injection: behaves(injection, "*", coverage_late=_COVERAGE_LATE),
        costs=False,
        engines=_INSTANCE,
    )
    yield InjectableFault(
        "inspector.findings-suppressed",
        "a suppression rule hides the first half of the findings on the first AMI",
        _half_suppressed,
        costs=False,
        engines=_INSTANCE,
    )
    yield InjectableFault(
        "inspector.vulnerabilities-unanswered",
        "Inspector throttles every question about a vulnerability",
        _unanswered,
        words=(incomplete.EXPLOIT_DATA_MISSING.code,),
        engines=_AMI,
    )


def _only_rows(injection: Injection, after: float | None) -> None:
    """Completions that are lost or doubled by another fault stay so."""
    for ami in injection.amis:
        events = injection.world_of(ami).behaviour_of(ami).events
        uncounted = tuple("uncounted" if event == "complete" else event for event in events)
        behaves(injection, ami, findings_events_lost=_EVERY, events=uncounted, rows_after=after)


def _half_suppressed(injection: Injection) -> None:
    first = injection.amis[0]
    found = {body.key for body in bodies(injection.world_of(first).findings_of(first))}
    behaves(injection, first, suppressed=(len(found) + 1) // 2)


def _unanswered(injection: Injection) -> None:
    """Answers that earlier runs kept are gone, for with them nothing is asked."""
    struck = injection.name
    injection.aws.client("s3").delete_object(Bucket=injection.aws.outputs["ReportBucket"], Key=ANSWERS)

    def rule(call: Call) -> BaseException | None:
        if call.operation != "SearchVulnerabilities":
            return None
        struck()
        return client_error("ThrottlingException", call.operation, "Rate exceeded", 429)

    injection.before(rule)
