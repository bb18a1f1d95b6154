"""The AMIs of trials: what Inspector finds on each, and therefore what a report must say of it. Plain arithmetic."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from golden_ami.models import SEVERITIES, Engine, Verdict
from golden_ami_cli.local.world import ACCOUNT, REGION, Image, World

Finding = Mapping[str, Any]
_FAILING = frozenset({"CRITICAL", "HIGH"})  # of the default policy


@dataclass(frozen=True)
class Plan:
    """A run to be started: its AMIs, each with its engine."""

    engines: Mapping[str, Engine]
    poll_seconds: int = 300
    assessment_seconds: int = 180

    @property
    def amis(self) -> list[str]:
        """The ids."""
        return list(self.engines)

    @property
    def bound(self) -> float:
        """Emulated seconds within which the run's own waits are over."""
        return 240 + 900 + 10_800 + self.poll_seconds

    def configuration(self) -> str:
        """The parameter's text."""
        waits = {"pollSeconds": self.poll_seconds, "assessmentSeconds": self.assessment_seconds}
        amis = [{"amiId": ami, "engine": engine} for ami, engine in self.engines.items()]
        return json.dumps({"version": 1, "waits": waits, "amis": amis})


def ami_id(number: int) -> str:
    """The id of a trial's AMI."""
    return f"ami-{number:017x}"


def world(count: int, seed: int) -> World:
    """So many images; by turns with no findings, with mild ones, and with such as fail."""
    random = Random(seed)
    images, findings = [], {}
    for number in range(1, count + 1):
        image = ami_id(number)
        tags = {"Name": f"golden {number}", "Owner": 'team "ö" <b>', "formula": "=1+1"}
        images.append(Image(image, f"golden-{number:03}", tags))
        severities = ((), ("MEDIUM", "LOW"), ("HIGH", "LOW", "LOW"), ("CRITICAL", "MEDIUM"))[number % 4]
        extra = random.choices(["LOW", "MEDIUM"], k=random.randrange(3)) if severities else []
        findings[image] = [_finding(severity, number, at) for at, severity in enumerate([*severities, *extra])]
    return World(images, findings)


def _finding(severity: str, image: int, number: int) -> Finding:
    """As ListFindings answers it (shape: botocore's model of inspector2)."""
    vulnerability = f"CVE-2026-{1000 + number}"
    return {
        "findingArn": f"arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/{image:016x}{number:016x}",
        "awsAccountId": ACCOUNT,
        "type": "PACKAGE_VULNERABILITY",
        "description": "A vulnerability.",
        "title": f"{vulnerability} - openssl",
        "severity": severity,
        "status": "ACTIVE",
        "firstObservedAt": "2026-10-01T00:00:00+00:00",
        "lastObservedAt": "2026-10-20T00:00:00+00:00",
        "remediation": {"recommendation": {"text": "None Provided"}},
        "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-0", "region": REGION}],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": vulnerability,
            "source": "NVD",
            "vulnerablePackages": [{"name": "openssl", "version": "3.0.7", "fixedInVersion": "3.0.8"}],
        },
    }


def expected_counts(findings: Sequence[Finding], engine: Engine) -> dict[str, int]:
    """Each ARN once; Classic has no CRITICAL, there it is HIGH."""
    counts = Counter({each["findingArn"]: each["severity"] for each in findings}.values())
    if engine == "classic":
        counts["HIGH"] += counts.pop("CRITICAL", 0)
    return {severity: counts[severity] for severity in SEVERITIES if counts[severity]}


def expected_verdict(findings: Sequence[Finding]) -> Verdict:
    """By the default policy: CRITICAL and HIGH fail."""
    return "FAIL" if any(each["severity"] in _FAILING for each in findings) else "PASS"
