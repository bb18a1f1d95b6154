"""The formats of a report, by name."""

from __future__ import annotations

from importlib import import_module
from typing import IO, Any

import msgspec

from golden_ami.report.model import Report
from golden_ami.storage.keys import report_key
from golden_ami.storage.objects import Store

# name -> (file beside report.json, content type)
CONTENT_TYPES = {
    "json": ("report.json", "application/json"),
    "html": ("report.html", "text/html; charset=utf-8"),
    "text": ("report.txt", "text/plain; charset=utf-8"),
    "csv": ("findings.csv", "text/csv; charset=utf-8"),
    "sarif": ("report.sarif", "application/sarif+json"),
    "cyclonedx": ("report.cdx.json", "application/vnd.cyclonedx+json; version=1.6"),
    "junit": ("junit.xml", "application/xml"),
    "asff": ("report.asff.json", "application/json"),
}


def load(store: Store, run_id: str) -> Report:
    """The report of a past run. Raises store.Missing."""
    return msgspec.json.decode(store.read(report_key(run_id)), type=Report)


def write(report: Report, store: Store, name: str, out: IO[bytes]) -> None:
    """Write a report in a format."""
    if name == "json":
        out.write(msgspec.json.encode(report))
        return
    if name not in CONTENT_TYPES:
        raise KeyError(name)
    module: Any = import_module(f"golden_ami.report.formats.{name}")
    module.write(report, store, out)
