"""The JSON Schema of report.json, from the model itself."""

from __future__ import annotations

from typing import Any

import msgspec

from golden_ami.report.model import Report


def schema() -> dict[str, Any]:
    """The schema that ships as `golden_ami/schema/report.schema.json`."""
    found: dict[str, Any] = msgspec.json.schema(Report)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:golden-ami-assessment:report:1",
        "title": "Report of a golden AMI assessment",
        **found,
    }
