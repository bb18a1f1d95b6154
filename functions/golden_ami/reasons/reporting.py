"""Reasons that Aggregate and `golden-ami assess` give to AMIs that have none of their own."""

from __future__ import annotations

from golden_ami.reasons.cause import Cause

STEP_FAILED = Cause(
    "STEP_FAILED",
    when="Aggregate: a step failed for the AMI and not for every part of the run",
    message="{step} failed for this AMI: {error}[: {cause}]",
    remedy="{remedy}",
)
RUN_FAILED = Cause(
    "RUN_FAILED",
    when="Aggregate: the run failed before the AMI was assessed",
    message="the run stopped before this AMI was assessed: {error}",
    remedy="{remedy}",
)
NO_FINDINGS_COLLECTED = Cause(
    "NO_FINDINGS_COLLECTED",
    when="Aggregate: the AMI has no completed scan, and no step of the run failed",
    message="no completed scan of this AMI was collected",
    remedy="Look at the execution's history and the function's log, then run again.",
)
FINDINGS_UNREADABLE = Cause(
    "FINDINGS_UNREADABLE",
    when="Aggregate: the S3 object with the AMI's findings is missing or damaged",
    message="the findings at {key} cannot be read: {error}",
    remedy="Assess this AMI again; check that nothing else writes to or deletes from the report bucket.",
)
REPORT_FAILED = Cause(
    "REPORT_FAILED",
    when="Aggregate: the report could not be made, and the last report stands in for it",
    message="the report failed by a fault of this system: {error}",
    remedy="Read the function's log by the run's id, report the fault as a bug, and assess again.",
)
NO_REPORT = Cause(
    "NO_REPORT",
    when="golden-ami assess: the execution ended and there is no report",
    message="the run ended before its report was written",
    remedy="read the cause of the failed execution",
)
