"""What an engine is: traits, an adapter, messages, coverage and usage. See `registry` for how each is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from golden_ami.models import Ami, Config, Evidence, Finding, Reason, Run, Scan

if TYPE_CHECKING:
    from golden_ami.settings import Settings


class Traits(NamedTuple):
    """What the rest of the system asks of an engine; TRAITS of its package."""

    needs_instances: bool  # it scans a launched instance, not the AMI itself
    one_wave_at_a_time: bool = False  # no scan of its may run when another wave is launched
    known_duration: bool = False  # its scans take waits.assessmentSeconds
    needs_activation: bool = False  # Amazon Inspector's EC2 scanning has to be turned on
    has_benchmark: bool = False  # it runs a CIS benchmark where the configuration asks for one
    tells_exploitation: bool = True  # its findings, or their vulnerabilities, say whether they are exploited
    newest_operation: str = ""  # of inspector2: an SDK without it cannot serve the engine
    writes_back: Callable[[Config], bool] = lambda _: False  # the AMI's tags are written on its findings
    unavailable: Callable[[Settings], str] = lambda _: ""  # why it cannot be used, and what to use; "" when it can be


class Agent(NamedTuple):
    """What the scanner knows of the agent on one AMI's instance."""

    ami_key: str
    status: Literal["READY", "WAITING", "FAILED"]
    reason: Reason | None = None  # FAILED: no waiting will help; WAITING: the cause if it is still so at the deadline
    platform_name: str = ""  # of the operating system, where the agent reports it
    platform_version: str = ""


class Progress(NamedTuple):
    """Inspector's own answer to how far the scan of one AMI is."""

    ami_key: str
    status: Literal["RUNNING", "COMPLETED", "PARTIAL", "FAILED"]
    detail: str = ""  # Inspector's word for the state
    reason: Reason | None = None  # with FAILED; with RUNNING, the cause if it is still so at the deadline
    note: str = ""  # with PARTIAL and COMPLETED: what a reader of the report must know
    at: str = ""  # when the scan ended, ISO 8601 UTC
    total_since: str = ""  # a total of findings that was announced before this instant is not believed
    started_at: str = ""  # when the scan started, ISO 8601 UTC; "" where Inspector does not say
    evidence: tuple[Evidence, ...] = ()  # with PARTIAL and COMPLETED: what the scan looked at
    soon: bool = False  # with RUNNING: the scan itself is over, and the rest is a matter of seconds
    scan: str = ""  # with RUNNING: the key of a scan that was started in place of the AMI's, which failed


class Amount(NamedTuple):
    """What a run uses of one thing that is paid for; a line of the estimate."""

    what: str
    unit: str
    between: tuple[float, float]  # of a run without any wait, and of one that reaches every bound
    price: str  # its name in the table of prices
    share: float = 1  # how much of the priced unit one of this unit is


class WrittenBack(NamedTuple):
    """What became of an AMI's tags on its findings."""

    left: list[str]  # ARNs of findings that did not take them
    notes: list[str]  # for the report: what was left out or not taken, of how many findings, and what to do


class Adapter(Protocol):
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
        """Every finding of one AMI that can be read now, page by page, possibly with repeats."""

    def confirm(self, run: Run, ami: Ami, received: Mapping[str, int]) -> list[Evidence]:
        """After the findings were read: evidence `findings`, and more where reading them shows more.

        `received` is the number of findings by source. PENDING where another look may find more.
        """

    def write_back(self, run: Run, ami: Ami, arns: Sequence[str], until: datetime) -> WrittenBack:
        """Put the AMI's tags on its findings where the engine has such a place (`Traits.writes_back`).

        What has no answer at `until` is left.
        """

    def close(self, run: Run, amis: Sequence[Ami]) -> None:
        """Remove what `start` made for this run only. `amis` are all that the scanner serves."""
