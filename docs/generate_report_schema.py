"""Writes the JSON Schema of report.json to stdout, from the model (`make pages`)."""

from __future__ import annotations

import json
import sys

import msgspec

from golden_ami.report.model import Report


def page() -> str:
    """The schema that ships as `golden_ami/schema/report.schema.json`."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:golden-ami-assessment:report:1",
        "title": "Report of a golden AMI assessment",
        **msgspec.json.schema(Report),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
