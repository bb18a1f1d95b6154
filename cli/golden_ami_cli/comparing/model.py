"""What `golden-ami diff` answers. Its JSON form (camelCase) is the contract of `--output json`."""

from __future__ import annotations

from msgspec import field

from golden_ami.evaluation.model import Item
from golden_ami.models import Verdict
from golden_ami_cli.assessing.result import Output
from golden_ami_cli.comparing.pairs import Match


class RunSide(Output):
    """One of the two runs."""

    run_id: str
    completed_at: str  # ISO 8601, UTC
    verdict: Verdict


class AmiSide(Output):
    """An AMI in one of the two runs."""

    ami_id: str
    name: str
    verdict: Verdict
    report_only: bool  # PASS says nothing: no finding can fail the AMI


class AmiChanges(Output):
    """What changed of an AMI, or of a lineage from one AMI to another."""

    account: str
    region: str
    lineage: str
    match: Match
    before: AmiSide | None  # None: the AMI, and its lineage, are in the second run only
    after: AmiSide | None  # None: in the first run only
    compared: bool = False  # False: nothing is known of its findings in one of the runs; the lists are empty
    note: str = ""  # what limits the comparison
    new: list[Item] = field(default_factory=list)  # the most urgent first, as all three
    open: list[Item] = field(default_factory=list)
    fixed: list[Item] = field(default_factory=list)


class ChangeTotals(Output):
    """Sums over the AMIs that were compared."""

    compared: int = 0  # AMIs
    new: int = 0
    open: int = 0
    fixed: int = 0


class Diff(Output):
    """Two runs. What one of them did not look at is neither new nor fixed."""

    before: RunSide
    after: RunSide
    totals: ChangeTotals
    amis: list[AmiChanges]
