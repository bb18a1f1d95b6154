"""Findings of complete scans: fetched, deduplicated, tagged, counted, streamed to S3, then written back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from golden_ami import times
from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import named_errors
from golden_ami.engines.registry import adapter
from golden_ami.errors import AssessmentError, FindingsIncomplete, worst
from golden_ami.evidence.requirements import merged
from golden_ami.failures import COLLECT, cause_noted
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.models import SEVERITIES, Ami, Evidence, Finding, Run
from golden_ami.parallel import chunks
from golden_ami.places import Place
from golden_ami.scans.write_back import FIRST, WriteBack
from golden_ami.settings import Settings
from golden_ami.stage import incomplete, is_collectable, is_collected
from golden_ami.storage.keys import findings_key, vulnerabilities_key
from golden_ami.storage.ndjson import NdjsonObject
from golden_ami.vulnerabilities.questions import questions

_TOGETHER = 20  # findings encoded by one call; many more would no longer be in the processor's cache


class Collected(NamedTuple):
    """What a batch yielded."""

    amis: int
    findings: int


def tag_findings(run_id: str, batch: str, settings: Settings, clients: Clients, ledger: Ledger) -> Collected:
    """Collect the findings of every AMI of the batch whose scan is over and whose findings are not collected.

    What fails with one AMI is raised when the others are collected: `errors` for faults, and FindingsIncomplete while
    another look may find more. What was found so far is kept: when no look comes any more, it is judged as it is.
    """
    run, batched = ledger.run_and_amis(run_id, batch)
    write_back = WriteBack(run, times.now() + FIRST, settings, clients, ledger)
    collected: list[Ami] = []
    faults: list[AssessmentError] = []
    for ami in filter(is_collectable, batched):
        try:
            with cause_noted(COLLECT, [ami], ledger), named_errors():
                taken, arns = _collect(run, ami, settings, clients, ledger)
                if is_collected(taken):
                    write_back.first(taken, arns)
            collected.append(taken)
            if left := incomplete(taken):
                faults.append(FindingsIncomplete(f"{taken.ami_id}: {'; '.join(one.detail for one in left)}"))
        except AssessmentError as fault:
            faults.append(fault)
    if faults:
        raise worst(faults)
    return Collected(len(collected), sum(sum(ami.counts.values()) for ami in collected))


def _collect(run: Run, ami: Ami, settings: Settings, clients: Clients, ledger: Ledger) -> tuple[Ami, list[str]]:
    """Collect an AMI's findings; the AMI as it then is, and their ARNs."""
    scanner = adapter(ami.engine, Place(ami.account, ami.region), settings, clients, ledger)
    counts: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    arns: dict[str, None] = {}
    asked = set[str]()
    policy = run.config.policy_of(ami)
    key = findings_key(ami.run_id, ami.key)
    with NdjsonObject(clients.client("s3"), settings.bucket, key) as lines:
        for findings in chunks(_distinct(scanner.findings(run, ami), arns), _TOGETHER):
            for finding in findings:
                finding.tags = ami.tags
                counts[finding.severity] += 1
                sources[finding.source] += 1
                asked.update(questions(finding, policy))
            lines.write(findings)
    if asked:
        where = {"Bucket": settings.bucket, "Key": vulnerabilities_key(ami.run_id, ami.key)}
        body = msgspec.json.encode(sorted(asked))
        clients.client("s3").put_object(**where, Body=body, ContentType="application/json")
    confirmed = [_dated(one, run, ami) for one in scanner.confirm(run, ami, sources)]
    logger.info("findings collected", extra={"ami": ami.key, "findings": counts.total(), "source": dict(sources)})
    taken = ledger.update_ami(
        ami,
        findings_key=key,
        findings_sha256=lines.sha256,
        findings_source=", ".join(sorted(sources)),
        evidence=merged(ami.evidence, confirmed),
        counts={severity: counts[severity] for severity in SEVERITIES if counts[severity]},
    )
    return taken, [*arns]


def _dated(evidence: Evidence, run: Run, ami: Ami) -> Evidence:
    """Evidence with its instant: of what is pending, that of the first look.

    After waits.findingsSeconds nobody looks again.
    """
    first = next((one.at for one in ami.evidence if one.kind == evidence.kind and one.status == "PENDING"), "")
    at = first or times.iso(times.now())
    over = evidence.status == "PENDING" and -times.until(at) >= run.config.waits.findings_seconds
    return replace(evidence, at=at, status="PARTIAL" if over else evidence.status)


def _distinct(findings: Iterator[Finding], seen: dict[str, None]) -> Iterator[Finding]:
    """Each ARN once. `seen` gets it; memory grows by about 200 bytes per finding of the AMI."""
    for finding in findings:
        if finding.arn not in seen:
            seen[finding.arn] = None
            yield finding
