"""Evidence `findings` of a number that was announced and one that was received. Pure."""

from __future__ import annotations

from golden_ami.models import Evidence
from golden_ami.reasons import incomplete


def announced(total: int | None, received: int, source: str) -> Evidence:
    """PENDING while fewer were received than a completion announced, else COMPLETE.

    `total` is None when nothing was announced. A message that announces too few cannot make the evidence better.
    """
    if received < (total or 0):
        reason = incomplete.FINDINGS_INCOMPLETE(announced=total, received=received, source=source)
        return incomplete.evidence("findings", "PENDING", reason)
    word = "none announced" if total is None else f"{total} announced"
    return Evidence(kind="findings", status="COMPLETE", detail=f"{word}, {received} received from {source}")
