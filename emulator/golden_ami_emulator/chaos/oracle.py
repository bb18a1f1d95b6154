"""Which verdicts a report may give, by what the world holds. Plain rules, by nothing of the code under test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from golden_ami.models import SEVERITIES, Engine, Verdict
from golden_ami.reasons import incomplete
from golden_ami_emulator.inspector.operating_systems import OperatingSystem, operating_system
from golden_ami_emulator.world import Image

Finding = Mapping[str, Any]
Settings = Mapping[str, Any]  # members of the configuration

LONG_AGO, FAR_OFF = "2020-01-01", "2099-12-31"  # days on which an exception expires
_DEFAULT = {"failOn": {"severities": ["CRITICAL", "HIGH"]}}
_REQUIRED = ("operatingSystem", "packages", "languagePackages", "findings", "exploitData")
UNSUPPORTED = ("UNSUPPORTED_OS",)  # the cause of an AMI whose system the engine does not scan
_END_OF_SUPPORT: Finding = {"findingArn": "end of support", "severity": "CRITICAL"}


class Expected(NamedTuple):
    """What a report may say of an AMI."""

    verdicts: frozenset[Verdict]
    words: tuple[str, ...]  # of which the cause of NOT_ASSESSED has one, without any fault
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Seen:
    """What one run could see of one AMI, by the world and the faults that struck."""

    image: Image
    findings: Sequence[Finding]  # of the image, in the order of the world
    engine: Engine
    settings: Settings
    day: date  # of the scan, UTC
    struck: frozenset[str] = frozenset()  # faults
    first: bool = False  # the first AMI of the run, which faults of one AMI take

    def expected(self) -> Expected:
        """FAIL for what was to be seen, else NOT_ASSESSED where something was not looked at, else PASS."""
        fails = [one for one in self._visible() if self._fails(one)]
        lacks = self._lacks()
        verdicts: set[Verdict] = {"FAIL"} if fails else {"NOT_ASSESSED"} if lacks else {"PASS"}
        unclear = [incomplete.EXPLOIT_DATA_MISSING.code] if self._exploitation_unclear() else []
        if unclear and not any(self._fails_anyway(one) for one in fails):
            verdicts.add("NOT_ASSESSED")
        if fails and self._never("ami.events-and-findings-late"):
            verdicts.add("NOT_ASSESSED")
        return Expected(frozenset(verdicts), (*lacks, *unclear), self._counts())

    def unsupported(self) -> bool:
        """Whether the engine does not scan the system."""
        scans = {"ami": self._system.machine_images, "instance": self._system.instances, "classic": True}
        return not scans[self.engine]

    # ------------------------------------------------------------ what was to be seen

    @property
    def _system(self) -> OperatingSystem:
        return operating_system(self.image.platform_name, self.image.platform_version)

    def _given(self) -> list[Finding]:
        distinct = {each["findingArn"]: each for each in self.findings if each.get("status") != "CLOSED"}
        return list(distinct.values())

    def _visible(self) -> list[Finding]:
        given = self._given()
        if self.engine != "instance":
            return given
        if self._system.is_silent(self.day):
            return []
        given = [each for each in given if not self._patched(each)]
        if self._never("instance.language-packages-late") or not self._system.deep_inspection:
            return [each for each in given if not _of_language(each)]
        return given

    def _patched(self, finding: Finding) -> bool:
        """Whether the instance had updated the package before Inspector looked."""
        fixed = finding["fixAvailable"] == "YES" and not _of_language(finding)
        return fixed and "instance.patched-before-scan" in self.struck

    def _never(self, fault: str) -> bool:
        return f"{fault}-for-ever" in self.struck

    def _suppressed(self) -> set[str]:
        """ARNs of those that a rule of Inspector's hides: the first half, of the first AMI."""
        if self.engine != "instance" or not self.first or "inspector.findings-suppressed" not in self.struck:
            return set()
        arns = [str(each["findingArn"]) for each in self._given()]
        return set(arns[: (len(arns) + 1) // 2])

    # ------------------------------------------------------------ what was not looked at

    def _lacks(self) -> list[str]:
        """Codes of what PASS requires and the world withholds."""
        wanted = self._policy.get("require", _REQUIRED)
        found: list[tuple[str, str]] = []
        if self.engine == "instance":
            if self._system.is_silent(self.day):
                found.append(("operatingSystem", incomplete.OS_FINDINGS_STOPPED.code))
            elif not self.image.platform_name:
                found.append(("operatingSystem", incomplete.OS_UNKNOWN.code))
            if self._never("instance.language-packages-late") and self._system.deep_inspection:
                found.append(("languagePackages", incomplete.LANGUAGE_PACKAGES_INCOMPLETE.code))
            if any(self._patched(each) for each in self._given()):
                found.append(("packages", incomplete.PACKAGES_CHANGED_AT_BOOT.code))
        alone = not self._rules["severities"]  # then nothing that Classic tells could fail
        if self.engine == "classic" and self._asks_for_exploitation(by_default=alone):
            found.append(("exploitData", incomplete.EXPLOIT_DATA_MISSING.code))
        if self.engine == "ami" and self._never("ami.events-and-findings-late"):
            found.append(("findings", incomplete.FINDINGS_NOT_CONFIRMED.code))
        return [code for kind, code in found if kind in wanted]

    def _exploitation_unclear(self) -> bool:
        """Whether a rule on exploitation may have had no answer: of an image, it comes by two further ways.

        Of the vulnerability of a forged finding nobody knows anything.
        """
        ways = (
            "resume.", "dynamodb.failing", "inspector.findings-events-lost", "ami.", "inspector.vulnerabilities-",
            "message.finding-forged", "events.topic-refuses",
        )  # fmt: skip
        lost = any(name.startswith(ways) or ".denied" in name for name in self.struck)
        return self.engine == "ami" and lost and self._asks_for_exploitation(by_default=True)

    def _asks_for_exploitation(self, *, by_default: bool) -> bool:
        rules = self._rules
        return bool(rules.get("knownExploited", by_default) or rules.get("exploitAvailable") or "epss" in rules)

    # ------------------------------------------------------------ what fails

    @property
    def _policy(self) -> Settings:
        found: Settings = self.settings.get("policy", _DEFAULT)
        return found

    @property
    def _rules(self) -> Settings:
        found: Settings = self._policy["failOn"]
        return found

    def _fails(self, finding: Finding) -> bool:
        if self._accepted(finding):
            return False
        if self._known_exploited(finding) and not self._policy.get("tolerateKnownExploited", False):
            return True
        return self._named(finding) and not self._unfixable(finding)

    def _fails_anyway(self, finding: Finding) -> bool:
        """Whether it fails by its severity, for which nobody else has to be asked."""
        return not self._accepted(finding) and self._by_severity(finding) and not self._unfixable(finding)

    def _accepted(self, finding: Finding) -> bool:
        tolerant = self._policy.get("suppressed") == "tolerate" and finding["findingArn"] in self._suppressed()
        return tolerant or _vulnerability(finding) in {
            one["vulnerability"]
            for one in self.settings.get("exceptions", ())
            if one["expires"] == FAR_OFF and self._within(one["scope"])
        }

    def _named(self, finding: Finding) -> bool:
        """Classic tells severities alone."""
        rules = self._rules
        named = self._by_severity(finding)
        if self.engine == "classic":
            return named
        named |= rules.get("exploitAvailable", False) and finding["exploitAvailable"] == "YES"
        named |= "epss" in rules and finding["epss"]["score"] >= rules["epss"]
        return named or self._known_exploited(finding)

    def _by_severity(self, finding: Finding) -> bool:
        return _severity(finding, self.engine) in self._rules["severities"]

    def _known_exploited(self, finding: Finding) -> bool:
        """That CISA lists a vulnerability, Classic never tells."""
        return self.engine != "classic" and bool(self._rules.get("knownExploited", True)) and "details" in finding

    def _unfixable(self, finding: Finding) -> bool:
        told = self.engine != "classic" and self._policy.get("onlyFixable", False)
        return bool(told) and finding["fixAvailable"] == "NO"

    def _within(self, scope: Settings) -> bool:
        tags = self.image.tags
        given = scope.get("tag", {}).items()
        return scope.get("ami", self.image.image_id) == self.image.image_id and all(
            tags.get(key) == value for key, value in given
        )

    # ------------------------------------------------------------ what is counted

    def _counts(self) -> dict[str, int]:
        """Each ARN once; Classic has no CRITICAL, there it is HIGH."""
        visible = self._visible()
        if (
            self.engine == "instance"
            and self._system.is_discontinued(self.day)
            and not self._system.is_silent(self.day)
        ):
            visible = [*visible, _END_OF_SUPPORT]
        counts = Counter(_severity(each, self.engine) for each in visible)
        return {severity: counts[severity] for severity in SEVERITIES if counts[severity]}


def _severity(finding: Finding, engine: Engine) -> str:
    told = str(finding["severity"])
    return "HIGH" if engine == "classic" and told == "CRITICAL" else told


def _of_language(finding: Finding) -> bool:
    packages = finding["packageVulnerabilityDetails"]["vulnerablePackages"]
    return all("packageManager" in package for package in packages)


def _vulnerability(finding: Finding) -> str:
    return str(finding["packageVulnerabilityDetails"]["vulnerabilityId"])
