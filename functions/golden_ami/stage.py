"""How far an AMI is in its run, as its row in the ledger tells. Pure."""

from __future__ import annotations

from golden_ami.engines.registry import traits
from golden_ami.models import NO_BATCH, Ami, Evidence

TURNS = 20  # a run looks when one scan in so many of those that it awaits is over, and collects what is over
_LOOKED_AT = ("packages", "findings", "exploitData")  # evidence that collecting the findings gives


def is_open(ami: Ami) -> bool:
    """Whether the run still has something to do for the AMI."""
    return ami.reason is None and ami.failure is None and ami.batch != NO_BATCH and not is_collected(ami)


def needs_launch(ami: Ami) -> bool:
    """Whether an instance is still to be launched for the AMI."""
    return is_open(ami) and traits(ami.engine).needs_instances and not ami.instance_id


def is_startable(ami: Ami) -> bool:
    """Whether the AMI has what its engine needs, and no scan yet."""
    return is_open(ami) and not ami.scan and not needs_launch(ami)


def is_running(ami: Ami) -> bool:
    """Whether its scan is not known to be over."""
    return is_open(ami) and ami.scan_status == "PENDING"


def is_collectable(ami: Ami) -> bool:
    """Whether its scan is over and its findings are to be collected."""
    return is_open(ami) and ami.scan_status in ("COMPLETED", "PARTIAL")


def is_collected(ami: Ami) -> bool:
    """Whether its findings are stored, and no further look will complete them."""
    return bool(ami.findings_key) and not incomplete(ami)


def incomplete(ami: Ami) -> list[Evidence]:
    """What another look at its findings may complete."""
    return [one for one in ami.evidence if one.kind in _LOOKED_AT and one.status == "PENDING"]
