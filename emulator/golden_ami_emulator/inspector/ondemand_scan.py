"""An on-demand scan of a machine image, as Inspector keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class OnDemandScan:
    """One scan of one image."""

    id: str
    image_id: str
    token: str
    started_at: datetime
    status: str = "IN_PROGRESS"
    reason: str = ""
    completed_at: datetime | None = None
    rows_at: datetime | None = None  # from when on EC2 tells what it found; None: not yet, or never
    findings: list[dict[str, Any]] = field(default_factory=list)
