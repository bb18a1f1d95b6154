"""What Amazon Inspector's on-demand scans cost: by the scan that succeeds."""

from __future__ import annotations

from golden_ami.engines.base import Amount
from golden_ami.models import Config

SCANS = "Inspector, on demand"


def estimated(config: Config, count: int, minutes: tuple[float, float]) -> list[Amount]:  # noqa: ARG001
    """What scanning so many AMIs uses; `minutes` are the least and the most that an instance lives."""
    return [Amount(SCANS, "AMI scans", (count, count), "inspector_ami_scan")]


def used(minutes: float, scans: int) -> dict[str, float]:  # noqa: ARG001
    """What was used, by the estimate's lines: minutes of instances, and scans that were completed."""
    return {SCANS: scans}
