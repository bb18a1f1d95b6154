"""What Inspector says of an exposure in one scan, in the shape of ListFindings (botocore's model of inspector2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from random import Random
from typing import Any

from tests.year.plan import CHECKS
from tests.year.truth import OS, Build, Exposure, Line, Year, visible

from golden_ami_emulator.world import ACCOUNT, REGION, Behaviour

_LATE = 7200  # seconds; longer than a run waits for findings
_SCAN = 300  # seconds
_FOLDERS = ("opt/app", "usr/lib")  # where packages of languages are; some are in both


def findings(year: Year, line: Line, build: Build, week: int) -> list[Mapping[str, Any]]:
    """What a scan of an AMI finds in a week, but for the benchmark. Paths, versions and the order are the scan's."""
    random = Random(f"{year.seed} {week} {build.ami_id}")
    seen = [one for one in visible(year, line, build, week) if one.kind != "cis"]
    ordered = sorted(seen, key=lambda one: one.key)
    random.shuffle(ordered)
    told = (_body(each, line.engine(week), build, week, random) for each in ordered)
    return [each if "paths" in year.troubles else _with_one_path(each) for each in told]


def _with_one_path(body: dict[str, Any]) -> dict[str, Any]:
    """The finding with paths that name neither a volume nor a version."""
    for package in body.get("packageVulnerabilityDetails", {}).get("vulnerablePackages", ()):
        if "filePath" in package:
            folder = next(one for one in _FOLDERS if one in package["filePath"])
            package["filePath"] = f"{folder}/{package['name']}"
    return body


def behaviour(year: Year, line: Line, build: Build, week: int) -> Behaviour:
    """How EC2 and Inspector treat an AMI in a week."""
    conditions, level = year.of(week, build), year.levels[week]
    asked = [check for check in CHECKS if level == "LEVEL_2" or check[1] == "LEVEL_1"]
    failing = {each.vulnerability for each in build.has if each.kind == "cis"}
    return Behaviour(
        scan_seconds=_SCAN,
        findings_events_lost=1_000_000 if conditions.events_lost else 0,
        listing_late=_LATE if conditions.listing_lags else 0,
        cis_checks=len(asked),
        cis_failed=sum(check in failing for check, _ in asked),
    )


def _body(exposure: Exposure, engine: str, build: Build, week: int, random: Random) -> dict[str, Any]:
    common: dict[str, Any] = {
        "findingArn": f"arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/{sha256(exposure.key.encode()).hexdigest()[:32]}",
        "severity": exposure.severity,
        "description": "A weakness.",
        "status": "ACTIVE",
    }
    if exposure.dated and exposure.dated[0] == week:
        common["firstObservedAt"] = f"{exposure.dated[1].isoformat()}T03:00:00+00:00"
    return common | (
        _port(exposure, random) if exposure.kind == "network" else _package(exposure, engine, build, random)
    )


def _port(exposure: Exposure, random: Random) -> dict[str, Any]:
    protocol, port = exposure.vulnerability.split()
    step = {"componentId": f"eni-{random.getrandbits(68):017x}", "componentType": "AWS::EC2::NetworkInterface"}
    return {
        "type": "NETWORK_REACHABILITY",
        "title": f"Port {port} is reachable from an Internet Gateway - {protocol}",
        "networkReachabilityDetails": {
            "networkPath": {"steps": [step]},
            "openPortRange": {"begin": int(port), "end": int(port)},
            "protocol": protocol,
        },
    }


def _package(exposure: Exposure, engine: str, build: Build, random: Random) -> dict[str, Any]:
    version = f"1.{int(build.stamp) % 97}.{random.randint(0, 3)}"  # an update that fixes nothing
    listed = {"dateAdded": "2026-01-01T00:00:00Z", "dateDue": "2026-02-01T00:00:00Z", "action": "Apply updates."}
    return {
        "type": "PACKAGE_VULNERABILITY",
        "title": f"{exposure.vulnerability} - {_names(exposure)}",
        "fixAvailable": exposure.fix,
        "exploitAvailable": "NO",
        "epss": {"score": 0.01},
        "packageVulnerabilityDetails": {
            "vulnerabilityId": exposure.vulnerability,
            "source": "NVD",
            "vulnerablePackages": list(_vulnerable(exposure, version, engine, random)),
        },
        **({"details": {"cisaData": listed}} if exposure.exploited else {}),
    }


def _names(exposure: Exposure) -> str:
    """As titles name packages: two, and how many more."""
    more = len(exposure.packages) - 2
    return ", ".join(exposure.packages[:2]) + (f" and {more} more" if more > 0 else "")


def _vulnerable(exposure: Exposure, version: str, engine: str, random: Random) -> Iterator[dict[str, Any]]:
    """Each package, and of a language's each place, in any order."""
    fixed = "NotAvailable" if exposure.fix == "NO" else "99.0.0"
    folders = _FOLDERS if Random(exposure.key).random() < 0.4 else _FOLDERS[:1]
    for name in exposure.packages:
        package = {"name": name, "version": version, "fixedInVersion": fixed, "packageManager": exposure.ecosystem}
        if exposure.ecosystem == OS:
            yield package | {"arch": "X86_64", "release": f"{random.randint(1, 9)}.amzn2023"}
            continue
        for folder in random.sample(folders, len(folders)):
            path = f"{folder}/{name}-{version}.dist-info/METADATA"
            volume = f"vol-{random.getrandbits(68):017x}:/p1:" if engine == "ami" else ""
            yield package | {"filePath": f"{volume}{path}"}
