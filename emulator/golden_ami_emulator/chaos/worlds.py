"""The AMIs of trials, what Inspector finds on each, and the runs that assess them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from golden_ami.models import Engine
from golden_ami_emulator.chaos.oracle import FAR_OFF, LONG_AGO, Finding
from golden_ami_emulator.chaos.places import AWAY, HOME, Place
from golden_ami_emulator.world import Behaviour, Image, World

MANY = 1_105  # findings of an AMI that has more than one page of anything
OWNERS = ("payments", 'team "ö" <b>')
TOPIC = f"arn:aws:sns:{HOME[1]}:{HOME[0]}:payments"  # of the first owner
USUAL = ("Amazon Linux", "2023")
# By the last digit of an image's number: discontinued, silent, not reported, without deep inspection.
SYSTEMS = {1: ("Amazon Linux", "2"), 3: ("Debian GNU/Linux", "10"), 5: ("", ""), 7: ("Bottlerocket", "1.20.1")}
_UNUSUAL = 30  # images above this number may be of such a system
_AWAY_FROM = 1_001  # numbers of the AMIs in the other place


@dataclass(frozen=True)
class Plan:
    """A run to be started: its AMIs, each with its engine, and further members of the configuration."""

    engines: Mapping[str, Engine]
    poll_seconds: int = 300
    assessment_seconds: int = 180
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def amis(self) -> list[str]:
        """The ids."""
        return list(self.engines)

    @property
    def bound(self) -> float:
        """Emulated seconds within which the run's own waits are over."""
        return 240 + 900 + 10_800 + self.poll_seconds

    def configuration(self, subnet: str = "") -> str:
        """The parameter's text; the subnet is that of the other place."""
        waits = {"pollSeconds": self.poll_seconds, "assessmentSeconds": self.assessment_seconds}
        amis = [{"amiId": ami, "engine": engine, **_elsewhere(ami)} for ami, engine in self.engines.items()]
        placement = {"placement": {"/".join(AWAY): {"subnetId": subnet}}} if subnet else {}
        always = {"version": 1, "waits": waits, "amis": amis, "securityHub": True}
        return json.dumps({**always, **placement, **self.settings})


def ami_id(number: int, *, away: bool = False) -> str:
    """The id of a trial's AMI, in the stack's own place or in the other."""
    return f"ami-{number + (_AWAY_FROM - 1 if away else 0):017x}"


def place_of(ami: str) -> Place:
    """The place of a trial's AMI."""
    return AWAY if int(ami.removeprefix("ami-"), 16) >= _AWAY_FROM else HOME


def _elsewhere(ami: str) -> dict[str, str]:
    account, region = place_of(ami)
    return {} if (account, region) == HOME else {"account": account, "region": region}


def world(count: int, seed: int, *, away: bool = False, many: bool = False, unsteady: bool = False) -> World:
    """So many images; by turns with no findings, with mild ones, and with such as fail by the default policy.

    With `many` there is one more, which has so many; with `unsteady`, scans take different times. Images above number
    30 are of unusual systems, too.
    """
    random = Random(seed)
    images, findings = [], {}
    for number in range(1, count + 1 + many):
        image = ami_id(number, away=away)
        tags = {"Name": f"golden {number}", "Owner": OWNERS[number // 4 % 2], "formula": "=1+1"}
        system = SYSTEMS.get(number % 10, USUAL) if number > _UNUSUAL else USUAL
        owner = place_of(image)[0]
        images.append(
            Image(image, f"golden-{number:03}", tags, owner=owner, platform_name=system[0], platform_version=system[1])
        )
        severities = ((), ("MEDIUM", "LOW"), ("HIGH", "LOW", "LOW"), ("CRITICAL", "MEDIUM"))[number % 4]
        extra = random.choices(["LOW", "MEDIUM"], k=1 + random.randrange(3)) if severities else []
        if number > count:
            extra = random.choices(["LOW", "MEDIUM"], k=MANY)
        each = [*severities, *extra]
        of_language = {len(each) - 1} | ({0} if number % 8 == 3 else set())  # the last one, and a failing one of some
        findings[image] = [
            _finding(image, severity, number, at, random, of_language=at in of_language)
            for at, severity in enumerate(each)
        ]
        if severities and number % 6 == 5:
            closed = _finding(image, "CRITICAL", number, len(each), random)
            findings[image].append({**closed, "status": "CLOSED"})
    return World(images, findings, _behaviours(images, random) if unsteady else {})


def _behaviours(images: list[Image], random: Random) -> dict[str, Behaviour]:
    """Scans that end when they end, and results that are shown some time later."""
    return {
        image.image_id: Behaviour(
            scan_seconds=random.choice((300, 900, 1700)),
            language_packages_after=random.choice((0, 0, 90, 1500)),
            rows_after=random.choice((0, 0, 20, 400)),
        )
        for image in images
    }


def _finding(image: str, severity: str, number: int, at: int, random: Random, *, of_language: bool = False) -> Finding:
    """As ListFindings answers it, and with `details` what BatchGetFindingDetails adds (shapes: botocore's model).

    What is known of a vulnerability's exploitation is the same on every image.
    """
    account, region = place_of(image)
    vulnerability = f"CVE-2026-{1000 + at}"
    known = Random(vulnerability)
    package = {"name": "openssl", "version": "3.0.7"}
    if of_language:
        package = {"name": "requests", "version": "2.31.0", "packageManager": "PYTHONPKG", "filePath": "opt/app"}
    fix = random.choice(("YES", "YES", "PARTIAL", "NO"))
    listed = {"dateAdded": "2026-01-01T00:00:00Z", "dateDue": "2026-02-01T00:00:00Z", "action": "Apply updates."}
    return {
        "findingArn": f"arn:aws:inspector2:{region}:{account}:finding/{number:016x}{at:016x}",
        "awsAccountId": account,
        "type": "PACKAGE_VULNERABILITY",
        "description": "A vulnerability.",
        "title": f"{vulnerability} - {package['name']}",
        "severity": severity,
        "status": "ACTIVE",
        "firstObservedAt": "2026-10-01T00:00:00+00:00",
        "lastObservedAt": "2026-10-20T00:00:00+00:00",
        "remediation": {"recommendation": {"text": "None Provided"}},
        "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-0", "region": region}],
        "fixAvailable": fix,
        "exploitAvailable": known.choice(("YES", "NO", "NO", "NO")),
        "epss": {"score": known.choice((0.001, 0.1, 0.5, 0.97))},
        "packageVulnerabilityDetails": {
            "vulnerabilityId": vulnerability,
            "source": "NVD",
            "vulnerablePackages": [package | {"fixedInVersion": "NotAvailable" if fix == "NO" else "99.0.0"}],
        },
        **({"details": {"cisaData": listed}} if known.random() < 0.2 else {}),
    }


# ---------------------------------------------------------------- what a configuration asks for, by chance


def settings(random: Random, amis: list[str]) -> dict[str, Any]:
    """Policy, exceptions, an owner's route and actions, each in some runs only."""
    drawn: dict[str, Any] = {}
    if random.random() < 0.5:
        drawn["policy"] = {"failOn": _rules(random), "onlyFixable": random.random() < 0.3} | _evidence(random)
    if random.random() < 0.3:
        drawn["exceptions"] = [_exception(random, amis) for _ in range(random.randint(1, 3))]
    if random.random() < 0.3:
        drawn["routes"] = {OWNERS[0]: TOPIC}
    if random.random() < 0.3:
        names = ("tagAmis", "events", "deprecate", "dryRun")
        drawn["act"] = {name: random.random() < (0.2 if name == "dryRun" else 0.7) for name in names}
    return drawn


def _rules(random: Random) -> dict[str, Any]:
    severities = random.choice((["CRITICAL", "HIGH"], ["CRITICAL"], ["CRITICAL", "HIGH", "MEDIUM"], []))
    rules: dict[str, Any] = {"severities": severities}
    if random.random() < 0.5:
        rules["knownExploited"] = random.random() < 0.6
    if random.random() < 0.3:
        rules["exploitAvailable"] = True
    if random.random() < 0.4:
        rules["epss"] = random.choice((0.05, 0.5, 0.9))
    decides = severities or rules.get("knownExploited", True) or len(rules.keys() - {"knownExploited"}) > 1
    return rules if decides else rules | {"knownExploited": True}


def _evidence(random: Random) -> dict[str, Any]:
    """What PASS asks for beside the rules, in some policies only."""
    drawn: dict[str, Any] = {}
    if random.random() < 0.2:
        drawn["require"] = random.choice((["packages", "findings"], ["operatingSystem", "findings"], ["network"]))
    if random.random() < 0.2:
        drawn["suppressed"] = "tolerate"
    if random.random() < 0.1:
        drawn["tolerateKnownExploited"] = True
    return drawn


def _exception(random: Random, amis: list[str]) -> dict[str, Any]:
    return {
        "vulnerability": f"CVE-2026-{1000 + random.randrange(3)}",
        "scope": random.choice(({"ami": random.choice(amis)}, {"tag": {"Owner": random.choice(OWNERS)}})),
        "reason": "not reachable",
        "owner": "security",
        "expires": random.choice((LONG_AGO, FAR_OFF, FAR_OFF)),
    }
