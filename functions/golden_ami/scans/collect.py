"""Findings of complete scans: fetched, deduplicated, tagged, counted, streamed to S3, written back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import named_errors
from golden_ami.engines.registry import adapter
from golden_ami.errors import AssessmentError, worst
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.models import SEVERITIES, Ami, Finding, Run
from golden_ami.parallel import chunks
from golden_ami.places import Place
from golden_ami.settings import Settings
from golden_ami.storage.keys import findings_key
from golden_ami.storage.ndjson import NdjsonObject

_TOGETHER = 20  # findings encoded by one call; many more would no longer be in the processor's cache
_WAVE = 1000  # findings written back at once


class Collected(NamedTuple):
    """What a batch yielded."""

    amis: int
    findings: int


def tag_findings(run_id: str, batch: str, settings: Settings, clients: Clients, ledger: Ledger) -> Collected:
    """Collect the findings of every AMI of the batch whose scan is complete. What was collected before is skipped.

    What fails with one AMI is raised when the others are collected: FindingsIncomplete while Inspector lists fewer
    findings than it announced, and `errors` for faults.
    """
    run, batched = ledger.run_and_amis(run_id, batch)
    collected: list[Ami] = []
    faults: list[AssessmentError] = []
    for ami in batched:
        if ami.reason is not None or ami.scan_status not in ("COMPLETED", "PARTIAL"):
            continue
        try:
            with named_errors():
                collected.append(ami if ami.findings_key else _collect(run, ami, settings, clients, ledger))
        except AssessmentError as fault:
            faults.append(fault)
    if faults:
        raise worst(faults)
    taken = [ami for ami in collected if ami.findings_key]
    return Collected(len(taken), sum(sum(ami.counts.values()) for ami in taken))


def _collect(run: Run, ami: Ami, settings: Settings, clients: Clients, ledger: Ledger) -> Ami:
    scanner = adapter(ami.engine, Place(ami.account, ami.region), settings, clients, ledger)
    counts: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    written_back: Counter[str] = Counter()
    wave: list[str] = []
    key = findings_key(ami.run_id, ami.key)
    with NdjsonObject(clients.client("s3"), settings.bucket, key) as lines:
        for findings in chunks(_distinct(scanner.findings(run, ami)), _TOGETHER):
            for finding in findings:
                finding.tags = ami.tags
                counts[finding.severity] += 1
                sources[finding.source] += 1
                wave.append(finding.arn)
            lines.write(findings)
            if len(wave) >= _WAVE:
                written_back.update(scanner.write_back(run, ami, wave))
                wave.clear()
        if wave:
            written_back.update(scanner.write_back(run, ami, wave))
    if reason := scanner.confirm(run, ami):
        logger.warning("findings not taken", extra={"ami": ami.key, "reason": reason.code})
        return ledger.update_ami(ami, reason=reason)  # though its scan is complete: what it found can no longer be read
    logger.info("findings collected", extra={"ami": ami.key, "findings": counts.total(), "source": dict(sources)})
    notes = [f"{note} ({number} findings)" if number else note for note, number in written_back.items()]
    return ledger.update_ami(
        ami,
        findings_key=key,
        findings_source=", ".join(sorted(sources)),
        counts={severity: counts[severity] for severity in SEVERITIES if counts[severity]},
        notes=list(dict.fromkeys([*ami.notes, *notes])),
    )


def _distinct(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Each ARN once. Memory grows by about 200 bytes per finding of the AMI."""
    seen: set[str] = set()
    for finding in findings:
        if finding.arn not in seen:
            seen.add(finding.arn)
            yield finding
