"""SARIF 2.1.0 (OASIS), for code-scanning views: a result for every finding, a rule for every vulnerability.

GitHub tells an alert of an earlier upload by category, rule, location and `primaryLocationLineHash`, and needs the
properties that its documentation says are required (GitHub Docs, "SARIF support for code scanning"). All of them are
the same for each build of a lineage, so that alerts and their dismissals stay.
"""

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
from golden_ami.report.findings import closed_words, every_finding, remedy_of
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
_ABOUT = "https://docs.aws.amazon.com/inspector/latest/user/findings-understanding.html"
_NOTIFICATIONS = {
    "NOT_ASSESSED": ("AMI not assessed", "Not enough is known of the AMI for a verdict; the message says what to do."),
    "RUN_FAULT": ("Run did not complete", "What kept the run from its end; the message names the fault."),
}
_WHOLE = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}  # an image has no lines

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
                "informationUri": _ABOUT,
                "rules": [rule for _, rule in rules.values()],
                "notifications": [_descriptor(name, *texts) for name, texts in _NOTIFICATIONS.items()],
            }
        },
        "automationDetails": {
            "id": _category(report),
            "description": {"text": f"Run {report.run.run_id}"},
        },
        "invocations": [_invocation(report)],
    }
    out.write(b"," + msgspec.json.encode(rest)[1:] + b"]}\n")


def _category(report: Report) -> str:
    """What an upload takes the place of: the last one of the same configuration. GitHub reads up to the last slash."""
    run = report.run
    parts = ["golden-ami-assessment", run.account, run.region, *run.parameter.split("/")]
    return "".join(f"{quote(part, safe='')}/" for part in parts if part)


def _descriptor(name: str, short: str, full: str) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        "help": {"text": full},
    }


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
    title = (finding.title.strip() or rule)[:1000]
    full = finding.description.strip()[:1000] or title
    remedy = remedy_of(finding) or "Build the AMI again with the packages upgraded."
    return {
        **_descriptor(rule, title, full),
        "help": {"text": f"{full}\n\n{remedy}"},
        **({"helpUri": url} if url else {}),
        "properties": {
            "tags": ["security", "vulnerability"],
            **({} if score is None else {"security-severity": f"{score:.1f}"}),
        },
    }


def _result(report: Report, ami: AmiReport, finding: Finding, status: FindingStatus) -> dict[str, Any]:
    packages = ", ".join(f"{each.name} {each.version}".strip() for each in finding.packages)
    text = f"{finding.title}" + (f" in {packages}" if packages else "") + f" ({ami.name or ami.ami_id})"
    result: dict[str, Any] = {
        "level": _LEVELS.get(finding.severity, "note"),
        "kind": "fail",
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _uri(ami, status)}, "region": _WHOLE},
                "logicalLocations": [{"fullyQualifiedName": ami.name or ami.ami_id, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {
            "primaryLocationLineHash": _digest(ami, [status.identities[0][0], _subject(status)]),
            "goldenAmiFinding/v1": fingerprint(ami, status),
        },
        "properties": {
            "ami": ami.ami_id,
            "severity": finding.severity,
            "since": status.since,
            "rule": status.rule,
            "tolerated": status.tolerated,
            **({"paths": paths} if (paths := [one.path for one in finding.packages if one.path]) else {}),
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


def _subject(status: FindingStatus) -> tuple[str, ...]:
    """What a finding is about, in the same words for each build: of several packages the first by its name."""
    return min(identity[1:] for identity in status.identities)


def _uri(ami: AmiReport, status: FindingStatus) -> str:
    """Lineage and package as a relative path. A package's file is none: its path may name a volume or a version."""
    name = "/".join([ami.lineage or ami.name or ami.ami_id, _subject(status)[-1]])
    segments = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(quote(segment, safe="") for segment in segments) or ami.ami_id


def fingerprint(ami: AmiReport, status: FindingStatus) -> str:
    """The same for the same finding in every run of a lineage."""
    return _digest(ami, status.identities)


def _digest(ami: AmiReport, identity: Any) -> str:
    whole = [ami.account, ami.region, ami.lineage, identity]
    return hashlib.sha256(msgspec.json.encode(whole)).hexdigest()[:32]


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
