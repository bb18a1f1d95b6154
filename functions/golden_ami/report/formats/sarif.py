"""SARIF 2.1.0 (OASIS), for code-scanning views: a result for every finding, a rule for every vulnerability."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import quote

import msgspec

from golden_ami import __version__
from golden_ami.evaluation.model import FindingStatus
from golden_ami.models import Finding, Severity
from golden_ami.report.evidence import values
from golden_ami.report.findings import closed_words, every_finding
from golden_ami.report.formats.streaming import array
from golden_ami.report.links import finding_url
from golden_ami.report.model import AmiReport, Report
from golden_ami.report.verdicts import words_of_ami
from golden_ami.storage.objects import Store

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: dict[Severity, str] = {"CRITICAL": "error", "HIGH": "error", "MEDIUM": "warning", "UNTRIAGED": "warning"}
# GitHub sorts by the rule's property `security-severity`, which is a CVSS score as text.
_SCORES: dict[Severity, float] = {"CRITICAL": 9.5, "HIGH": 8.0, "MEDIUM": 5.5, "LOW": 2.0, "INFORMATIONAL": 0.0}
_STATES = {"NEW": "new", "OPEN": "unchanged"}

Rules = dict[str, tuple[int, dict[str, Any]]]  # by id: place in the list, and the rule


def write(report: Report, store: Store, out: IO[bytes]) -> None:
    """One SARIF run. Results are streamed before the rules, which are only as many as there are vulnerabilities."""
    rules: Rules = {}
    out.write(b'{"$schema":"' + _SCHEMA.encode() + b'","version":"2.1.0","runs":[{"results":')
    array(out, _results(report, store, rules))
    rest = {
        "tool": {
            "driver": {
                "name": "Golden AMI Assessment",
                "semanticVersion": __version__,
                "rules": [rule for _, rule in rules.values()],
                "notifications": [{"id": "NOT_ASSESSED"}, {"id": "RUN_FAULT"}],
            }
        },
        "automationDetails": {"id": f"golden-ami-assessment/{report.run.run_id}"},
        "invocations": [_invocation(report)],
    }
    out.write(b"," + msgspec.json.encode(rest)[1:] + b"]}\n")


def _results(report: Report, store: Store, rules: Rules) -> Iterator[dict[str, Any]]:
    assessed = [ami for ami in report.amis if ami.verdict != "NOT_ASSESSED"]
    compared = all(ami.since_last_run or ami.since_previous_ami for ami in assessed)
    for ami, finding, status in every_finding(report, store):
        rule = finding.vulnerability_id or status.identities[0][0]
        index = _place(rules, rule, finding)
        result = _result(report, ami, finding, status) | {"ruleId": rule, "ruleIndex": index}
        # SARIF 3.27.24: either every result has a baseline state, or none has.
        yield result | ({"baselineState": _STATES[status.change]} if compared and status.change else {})


def _place(rules: Rules, rule: str, finding: Finding) -> int:
    """The place of a vulnerability's rule, which is made when it is met for the first time."""
    if rule not in rules:
        rules[rule] = (len(rules), _rule(rule, finding))
    return rules[rule][0]


def _rule(rule: str, finding: Finding) -> dict[str, Any]:
    score = finding.score if finding.score is not None else _SCORES.get(finding.severity)
    url = finding_url(finding)
    return {
        "id": rule,
        "shortDescription": {"text": finding.title[:1000]},
        "fullDescription": {"text": (finding.description or finding.title)[:1000]},
        **({"helpUri": url} if url else {}),
        "properties": {
            "tags": ["security", "vulnerability"],
            **({} if score is None else {"security-severity": f"{score:.1f}"}),
        },
    }


def _result(report: Report, ami: AmiReport, finding: Finding, status: FindingStatus) -> dict[str, Any]:
    package = finding.packages[0] if finding.packages else None
    place = f"{ami.ami_id}/{package.path.lstrip('/') or package.name}" if package else ami.ami_id
    packages = ", ".join(f"{each.name} {each.version}".strip() for each in finding.packages)
    text = f"{finding.title}" + (f" in {packages}" if packages else "") + f" ({ami.name or ami.ami_id})"
    result: dict[str, Any] = {
        "level": _LEVELS.get(finding.severity, "note"),
        "kind": "fail",
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _uri(place)}},
                "logicalLocations": [{"fullyQualifiedName": ami.name or ami.ami_id, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"goldenAmiFinding/v1": fingerprint(ami, status)},
        "properties": {
            "ami": ami.ami_id,
            "severity": finding.severity,
            "since": status.since,
            "rule": status.rule,
            "tolerated": status.tolerated,
            **({"closed": words} if (words := closed_words(finding)) else {}),
        },
    }
    if suppressions := _suppressions(report, ami, finding, status):
        result["suppressions"] = suppressions
    return result


def _suppressions(report: Report, ami: AmiReport, finding: Finding, status: FindingStatus) -> list[dict[str, str]]:
    """Why a result is not to be counted (SARIF 3.27.23, 3.35); one that is under review still counts."""
    found = []
    if accepted := report.accepted_by(status):
        why = f"{accepted.reason} ({accepted.owner}, until {accepted.expires})"
        found.append({"kind": "external", "status": "accepted", "justification": why})
    if finding.suppressed:
        state = "accepted" if report.tolerates_suppressed(ami, finding) else "underReview"
        found.append({"kind": "external", "status": state, "justification": "a rule of Amazon Inspector"})
    return found


def _uri(path: str) -> str:
    return quote(path.replace("\\", "/"), safe="/")


def fingerprint(ami: AmiReport, status: FindingStatus) -> str:
    """The same for the same finding in every run of a lineage."""
    identity = [ami.account, ami.region, ami.lineage, status.identities]
    return hashlib.sha256(msgspec.json.encode(identity)).hexdigest()[:32]


def _invocation(report: Report) -> dict[str, Any]:
    run = report.run
    missing = [
        _notification("NOT_ASSESSED", f"{ami.name or ami.ami_id}: {ami.reason.message}. {ami.reason.remedy}")
        for ami in report.amis
        if ami.reason
    ]
    faults = [_notification("RUN_FAULT", fault.cause) for fault in run.faults]
    evidence = {ami.key: values(ami) for ami in report.amis if ami.evidence}
    return {
        "executionSuccessful": run.succeeded,
        "startTimeUtc": run.started_at,
        "endTimeUtc": run.completed_at,
        "toolExecutionNotifications": faults + missing,
        "properties": {"verdicts": {ami.key: words_of_ami(ami) for ami in report.amis}, "evidence": evidence},
    }


def _notification(kind: str, text: str) -> dict[str, Any]:
    return {"level": "error", "descriptor": {"id": kind}, "message": {"text": text}}
