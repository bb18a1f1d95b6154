"""What Amazon Inspector's scans of instances cost: by the instance and its time, and by the CIS assessment."""

from __future__ import annotations

from golden_ami.engines.base import Amount
from golden_ami.models import Config

INSTANCES, CIS = "Inspector, instances", "Inspector, CIS"


def estimated(config: Config, count: int, minutes: tuple[float, float]) -> list[Amount]:
    """What scanning so many AMIs uses; `minutes` are the least and the most that an instance lives."""
    between = (count * minutes[0], count * minutes[1])
    amounts = [Amount(INSTANCES, "instance minutes", between, "inspector_instance_hour", 1 / 60)]
    if config.cis:
        amounts.append(Amount(CIS, "assessments", (count, count), "inspector_cis_assessment"))
    return amounts


def used(minutes: float, scans: int) -> dict[str, float]:
    """What was used, by the estimate's lines: minutes of instances, and scans that were completed.

    With CIS, a scan is completed when the benchmark is too.
    """
    return {INSTANCES: minutes, CIS: scans}
