"""What a report must say of findings that were given. Plain arithmetic, by nothing of the code under test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from golden_ami.models import SEVERITIES, Engine, Verdict

Finding = Mapping[str, Any]
Settings = Mapping[str, Any]  # members of the configuration

LONG_AGO, FAR_OFF = "2020-01-01", "2099-12-31"  # days on which an exception expires
_DEFAULT = {"failOn": {"severities": ["CRITICAL", "HIGH"]}}
_NOTHING: Settings = {}


def expected_counts(findings: Sequence[Finding], engine: Engine) -> dict[str, int]:
    """Each ARN once; Classic has no CRITICAL, there it is HIGH."""
    counts = Counter({each["findingArn"]: _severity(each, engine) for each in findings}.values())
    return {severity: counts[severity] for severity in SEVERITIES if counts[severity]}


def expected_verdict(
    findings: Sequence[Finding],
    engine: Engine = "instance",
    settings: Settings = _NOTHING,
    ami: str = "",
    tags: Mapping[str, str] = _NOTHING,
) -> Verdict:
    """By the policy and the exceptions of the configuration."""
    policy = settings.get("policy", _DEFAULT)
    accepted = {
        one["vulnerability"]
        for one in settings.get("exceptions", ())
        if one["expires"] == FAR_OFF and _within(one["scope"], ami, tags)
    }
    counting = [each for each in findings if _vulnerability(each) not in accepted]
    return "FAIL" if any(_fails(each, engine, policy) for each in counting) else "PASS"


def by_severity_alone(settings: Settings) -> bool:
    """Whether a verdict needs nothing but severities: what EC2's GetImageFindings tells of a finding."""
    rules = settings.get("policy", _DEFAULT)["failOn"]
    return not settings.get("exceptions") and not (rules.keys() - {"severities"})


def _fails(finding: Finding, engine: Engine, policy: Settings) -> bool:
    """Classic tells severities alone. That CISA lists a vulnerability, only BatchGetFindingDetails tells."""
    rules = policy["failOn"]
    named = _severity(finding, engine) in rules["severities"]
    if engine == "classic":
        return named
    named |= rules.get("exploitAvailable", False) and finding["exploitAvailable"] == "YES"
    named |= "epss" in rules and finding["epss"]["score"] >= rules["epss"]
    named |= engine == "instance" and rules.get("knownExploited", False) and "details" in finding
    return named and not (policy.get("onlyFixable", False) and finding["fixAvailable"] == "NO")


def _severity(finding: Finding, engine: Engine) -> str:
    told = str(finding["severity"])
    return "HIGH" if engine == "classic" and told == "CRITICAL" else told


def _vulnerability(finding: Finding) -> str:
    return str(finding["packageVulnerabilityDetails"]["vulnerabilityId"])


def _within(scope: Settings, ami: str, tags: Mapping[str, str]) -> bool:
    return scope.get("ami", ami) == ami and all(tags.get(key) == value for key, value in scope.get("tag", {}).items())
