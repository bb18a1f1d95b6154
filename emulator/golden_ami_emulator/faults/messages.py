"""Faults of Inspector's completion messages on their way to resume."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

from golden_ami import probes
from golden_ami_emulator.calls import Call
from golden_ami_emulator.faults.fault import InjectableFault, Injection
from golden_ami_emulator.world import ACCOUNT, REGION

STRANGER = "999999999999"
_FINDING = "OnDemand AMI Scan Findings"
_GARBAGE = (
    "not JSON at all",
    "[]",
    "null",
    '{"detail-type": "Inspector2 Scan", "source": "aws.inspector2"}',
    '{"detail-type": ["Inspector2 Scan"], "source": {}, "account": "123456789012", "detail": []}',
    '{"event": {"ASSESSMENT_RUN_COMPLETED": 1}, "run": 7}',
    '{"event": "ASSESSMENT_RUN_COMPLETED", "run": "arn:aws:s3:::bucket"}',
    "{" * 2000,
    "\u202e\u0000" * 50,
)


def faults() -> Iterator[InjectableFault]:
    """What can happen to a message, and who else may send one. The run heals each."""

    def fault(name: str, about: str, inject: Callable[[Injection], None]) -> InjectableFault:
        return InjectableFault(f"message.{name}", about, inject, costs=False)

    yield fault("completion-lost", "no completion arrives", _tampered(lambda _: []))
    yield fault("completion-twice", "every completion arrives twice", _tampered(lambda _: [0.0, 0.0]))
    yield fault(
        "completion-again-later", "every completion arrives again an hour later", _tampered(lambda _: [0.0, 3600.0])
    )
    yield fault(
        "completion-after-timeout",
        "every completion arrives 400 seconds late, after the wait has timed out",
        _tampered(lambda _: [400.0]),
    )
    yield fault("completion-before-token", "a completion arrives before the token is stored", _before_token)
    yield fault("completions-reordered", "completions overtake each other", _reordered)
    yield fault("completion-forged", "a completion is forged while the scan still runs", _forged(ACCOUNT))
    yield fault("another-account", "another account sends a completion of the run's scan", _forged(STRANGER))
    yield fault("stranger", "a completion arrives of a machine that nobody assesses", _stranger)
    yield fault("garbage", "garbage arrives before every completion", _garbage)
    yield fault(
        "probe-forged", "a probe arrives that tells of a scan's completion and of the execution's abort", _probe
    )
    for name, about, inject in (
        ("finding-forged", "an invented finding arrives while the scan still runs", _finding(ACCOUNT)),
        ("finding-of-another-account", "another account sends a finding of the run's scan", _finding(STRANGER)),
        ("finding-replaced", "a harmless finding of the same ARN arrives after each real one", _replaced),
    ):
        yield replace(fault(name, about, inject), engines=frozenset({"ami"}))
    yield InjectableFault(
        "events.topic-refuses",
        "the completion topic refuses what EventBridge publishes to it",
        lambda injection: _refuses(injection, injection.aws.outputs["CompleteTopicArn"]),
        costs=False,
        engines=frozenset({"instance", "ami"}),
    )
    yield InjectableFault(
        "events.queue-refuses",
        "the queue of findings refuses what EventBridge sends to it",
        lambda injection: _refuses(injection, injection.findings_queue),
        costs=False,
        engines=frozenset({"ami"}),
    )


def completion(scan: str, account: str = ACCOUNT, *, total: int = 0) -> str:
    """The message of a scan's completion, as its engine sends it."""
    if scan.startswith("arn:"):
        if account != ACCOUNT:
            scan = scan.replace(ACCOUNT, account)
        return json.dumps({"event": "ASSESSMENT_RUN_COMPLETED", "run": scan, "time": "2026-11-23T12:00:00.000Z"})
    instance = scan.startswith("i-")
    detail = (
        {
            "scan-status": "INITIAL_SCAN_COMPLETE",
            "instance-id": scan,
            "finding-severity-counts": {"TOTAL": total},
            "version": "1.0",
        }
        if instance
        else {"scanId": scan, "scanStatus": "SUCCESSFUL", "findingSeverityCounts": {"TOTAL": total}, "version": "1.0"}
    )
    kind = "Inspector2 Scan" if instance else "Inspector2 OnDemand Scan Complete"
    return _event(kind, "aws.inspector2", account, scan, detail)


def finding(scan: str, account: str = ACCOUNT) -> str:
    """The message of a finding of an on-demand scan that nobody found."""
    detail = {
        "findingArn": f"arn:aws:inspector2:{REGION}:{account}:finding/ondemand/{scan}/{'f' * 32}",
        "scanId": scan,
        "awsAccountId": account,
        "type": "PACKAGE_VULNERABILITY",
        "title": "CVE-2026-99999 - invented",
        "description": "Invented.",
        "severity": "LOW",
        "status": "ACTIVE",
        "firstObservedAt": "2026-11-23T12:00:00.000Z",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2026-99999",
            "source": "NVD",
            "vulnerablePackages": [{"name": "invented", "version": "1"}],
        },
        "fixAvailable": "NO",
        "exploitAvailable": "NO",
    }
    return _event(_FINDING, "inspector2.ami.ondemand", account, scan, detail)


def _event(kind: str, source: str, account: str, resource: str, detail: Mapping[str, object]) -> str:
    return json.dumps(
        {
            "version": "0",
            "id": "00000000-0000-0000-0000-000000000000",
            "detail-type": kind,
            "source": source,
            "account": account,
            "time": "2026-11-23T12:00:00Z",
            "region": REGION,
            "resources": [resource],
            "detail": detail,
        }
    )


def _probe(injection: Injection) -> None:
    """Through every rule, to whatever consumes its events; with an id that is one, and with one that is none."""

    def send(**detail: object) -> None:
        for rule in probes.RULES:
            for probe in ("f" * 32, "no id"):
                told = {"probe": probe, "rule": rule, "stack": injection.aws.stack_name, **detail}
                injection.aws.bus.publish(probes.SOURCE, probes.DETAIL_TYPE, told, [])

    def abort(arn: str, state: str) -> None:
        if state == "Await Completion":
            send(name=arn.rpartition(":")[2], executionArn=arn, status="ABORTED")

    injection.entered(abort)
    _on_scan(injection, lambda scan: send(**json.loads(completion(scan)).get("detail", {})))


def _refuses(injection: Injection, target: str) -> None:
    struck, bus = injection.name, injection.aws.bus
    permits = bus.permits

    def refuse(service: str, resource: str, source: str, role: str = "", event: str = "") -> bool:
        if (service, resource) == ("events.amazonaws.com", target):
            struck()
            return False
        return permits is None or permits(service, resource, source, role, event)

    injection.set(bus, "permits", refuse)


def _tampered(delays: Callable[[str], Sequence[float]]) -> Callable[[Injection], None]:
    def inject(injection: Injection) -> None:
        struck = injection.name

        def tamper(text: str) -> Sequence[float]:
            struck()
            return delays(text)

        injection.tamper(tamper)

    return inject


def _reordered(injection: Injection) -> None:
    struck, numbers = injection.name, count()

    def tamper(_: str) -> Sequence[float]:
        struck()
        return [float((7 * next(numbers) + 3) % 11)]

    injection.tamper(tamper)


def _garbage(injection: Injection) -> None:
    struck = injection.name

    def tamper(_: str) -> Sequence[float]:
        struck()
        for text in _GARBAGE:
            injection.send(text)
        return [1.0]

    injection.tamper(tamper)


def _stranger(injection: Injection) -> None:
    _on_scan(injection, lambda _: injection.send(completion("i-0fffffffffffffff0")))


def _forged(account: str) -> Callable[[Injection], None]:
    def inject(injection: Injection) -> None:
        _on_scan(injection, lambda scan: injection.send(completion(scan, account)))

    return inject


def _finding(account: str) -> Callable[[Injection], None]:
    def inject(injection: Injection) -> None:
        _on_scan(injection, lambda scan: injection.send_finding(finding(scan, account)))

    return inject


def _replaced(injection: Injection) -> None:
    """Sent right after the real one, so that it is in the same batch or the next."""
    struck = injection.name

    def replace_finding(text: str) -> None:
        event = json.loads(text)
        if event.get("detail-type") == _FINDING:
            struck()
            event["detail"] |= {"severity": "INFORMATIONAL", "fixAvailable": "NO", "exploitAvailable": "NO"}
            injection.send_finding(json.dumps(event))

    injection.heard(replace_finding)


def _before_token(injection: Injection) -> None:
    """Start Run knows the scan's key before Await Completion stores the token; there it is held for two seconds."""

    def hold(call: Call) -> None:
        if call.operation == "UpdateItem" and call.parameters["Key"]["sk"] == {"S": "TOKEN"}:
            injection.aws.clock.sleep(2)

    _on_scan(injection, lambda scan: injection.send(completion(scan)))

    def rule(call: Call) -> None:
        if injection.function(call) == "await-completion":
            hold(call)

    injection.before(rule)


def _on_scan(injection: Injection, action: Callable[[str], None]) -> None:
    """Do it once for every scan that Start Run records for an AMI."""
    struck, seen = injection.name, set[str]()

    def rule(call: Call) -> None:
        if injection.function(call) != "start-run" or call.operation != "UpdateItem":
            return
        for placeholder, name in call.parameters.get("ExpressionAttributeNames", {}).items():
            value = call.parameters.get("ExpressionAttributeValues", {}).get(re.sub("^#", ":", placeholder), {})
            scan = value.get("S", "")
            if name == "scan" and scan and scan not in seen:
                seen.add(scan)
                struck()
                action(scan)

    injection.after(rule)
