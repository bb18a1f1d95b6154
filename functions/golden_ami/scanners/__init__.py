"""The port to a scanner, and its three adapters, one module each: classic, instance, ami.

The state machine and the handlers know no engine by name; they group a run's AMIs by engine and place and ask
`for_engine`. Adapters are imported only when a run uses them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import ceil
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from golden_ami.models import Ami, Engine, Finding, Reason, Run, Scan, Waits
from golden_ami.places import Place

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients
    from golden_ami.ledger import Ledger
    from golden_ami.settings import Settings

NEEDS_INSTANCES: dict[Engine, bool] = {"classic": True, "instance": True, "ami": False}
_TAKES_ASSESSMENT_SECONDS: dict[Engine, bool] = {"classic": True, "instance": False, "ami": False}


@dataclass(frozen=True)
class Agent:
    """What the scanner knows of the agent on one AMI's instance."""

    ami_key: str
    status: Literal["READY", "WAITING", "FAILED"]
    reason: Reason | None = None  # FAILED: no waiting will help; WAITING: the cause if it is still so at the deadline


@dataclass(frozen=True)
class Progress:
    """Inspector's own answer to how far the scan of one AMI is."""

    ami_key: str
    status: Literal["RUNNING", "COMPLETED", "PARTIAL", "FAILED"]
    detail: str = ""  # Inspector's word for the state
    reason: Reason | None = None  # with FAILED; with RUNNING, the cause if it is still so at the deadline
    note: str = ""  # with PARTIAL and COMPLETED: what a reader of the report must know
    at: str = ""  # when the scan ended, ISO 8601 UTC
    total_since: str = ""  # a total of findings that was announced before this instant is not believed


class Scanner(Protocol):
    """One way to have AMIs scanned, in one place. Every method may be repeated without further effect.

    All raise botocore's ClientError, named at the handler's edge by `aws.errors.named_errors`.
    """

    def ensure(self, run: Run, amis: Sequence[Ami]) -> None:
        """Make the scanner ready for the run. AMIs beyond what it can hold are recorded as not assessed.

        Raises EngineUnavailable with the remedy, EngineBusy naming the run that holds it.
        """

    def agents(self, run: Run, amis: Sequence[Ami]) -> list[Agent]:
        """The agents of launched AMIs, one answer each. Engines without agents answer READY."""

    def start(self, run: Run, amis: Sequence[Ami]) -> list[Scan]:
        """Start the AMIs' scans and return them; what an earlier try has started is found again, not started twice.

        AMIs that Inspector refuses are recorded in the ledger as not assessed. Raises EngineBusy.
        """

    def poll(self, run: Run, amis: Sequence[Ami]) -> list[Progress]:
        """Ask Inspector itself; one answer for each AMI."""

    def findings(self, run: Run, ami: Ami) -> Iterator[Finding]:
        """Every finding of one AMI, page by page, possibly with repeats. Raises FindingsIncomplete at the end."""

    def write_back(self, run: Run, ami: Ami, arns: Sequence[str]) -> Counter[str]:
        """Put the AMI's tags on its findings where the engine has such a place.

        Returns notes for the report, each with the number of findings it is about (0: about the AMI).
        """

    def close(self, run: Run) -> None:
        """Remove what `start` made for this run only."""


def for_engine(engine: Engine, place: Place, settings: Settings, clients: Clients, ledger: Ledger) -> Scanner:
    """The adapter of an engine in a place."""
    module: Any = import_module(f"golden_ami.scanners.{engine}")
    return cast(Scanner, module.make(place, settings, clients, ledger))


def in_play(ami: Ami) -> bool:
    """Whether the AMI is still to be assessed and has what its engine needs.

    One without the instance that it needs was lost in a failed launch batch; the report names that fault.
    """
    return ami.reason is None and bool(ami.instance_id or not NEEDS_INSTANCES[ami.engine])


def next_look(engines: Collection[Engine], waits: Waits, elapsed: float = 0) -> int:
    """Seconds after which Inspector is asked about the scans of these engines, unless a message comes before.

    A scan of known duration is not asked about before it is due. `elapsed` are the seconds since the scans were
    started; the look never comes after the completion deadline.
    """
    known = bool(engines) and all(_TAKES_ASSESSMENT_SECONDS[engine] for engine in engines)
    due = max(0.0, waits.assessment_seconds - elapsed) if known else 0.0
    left = waits.completion_deadline_seconds - elapsed
    return max(1, ceil(min(due + waits.poll_seconds, left)))


def by_scanner(amis: Sequence[Ami]) -> dict[tuple[Engine, Place], list[Ami]]:
    """AMIs grouped by the scanner that serves them."""
    groups: dict[tuple[Engine, Place], list[Ami]] = {}
    for ami in amis:
        groups.setdefault((ami.engine, Place(ami.account, ami.region)), []).append(ami)
    return groups
