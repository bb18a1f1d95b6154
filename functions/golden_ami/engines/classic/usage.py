"""What Inspector Classic costs: nothing that has a price, as AWS ended it."""

from __future__ import annotations

from golden_ami.engines.base import Amount
from golden_ami.models import Config


def estimated(config: Config, count: int, minutes: tuple[float, float]) -> list[Amount]:  # noqa: ARG001
    """What scanning so many AMIs uses; `minutes` are the least and the most that an instance lives."""
    return []


def used(minutes: float, scans: int) -> dict[str, float]:  # noqa: ARG001
    """What was used, by the estimate's lines: minutes of instances, and scans that were completed."""
    return {}
