"""The text of the e-mail, as a file."""

from __future__ import annotations

from typing import IO

from golden_ami.report.links import report_links
from golden_ami.report.mail import body, subject
from golden_ami.report.model import Report
from golden_ami.storage.objects import Store


def write(report: Report, store: Store, out: IO[bytes]) -> None:
    """Subject, an empty line, and the body."""
    out.write(f"{subject(report)}\n\n{body(report, report_links(report, store))}".encode())
