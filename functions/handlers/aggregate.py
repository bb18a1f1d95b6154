"""Aggregate: verdicts, the report to S3, one message to ContinuousAssessmentResultsTopic."""

from __future__ import annotations

from typing import Any

from golden_ami import aws
from golden_ami.entry import handler as entry
from golden_ami.ledger import Ledger
from golden_ami.report.aggregate import aggregate
from golden_ami.settings import Settings


@entry
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answers `succeeded`, `verdict`, `report`, `error` and `cause`."""
    settings = Settings.load()
    ledger = Ledger(aws.client("dynamodb", settings.region), settings.ledger_table)
    return aggregate(event, settings, ledger)
