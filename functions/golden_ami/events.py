"""Events of AWS as JSON."""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]  # what a function is invoked with, or an event of an execution's history (GetExecutionHistory)
