"""What the product says of a week: report.json, the objects that it names, and the messages, read as data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.year.account import Account
from tests.year.truth import OS, Exposure, Year


@dataclass(frozen=True)
class Said:
    """What is said of one finding. `key` is its exposure's; "" where the world has none of the kind."""

    key: str
    what: str  # in the product's own words
    since: str
    change: str


@dataclass(frozen=True)
class SaidOfAmi:
    """What is said of one AMI."""

    ami_id: str
    verdict: str
    engine: str
    name: str
    owner: str
    lineage: str
    counts: Mapping[str, int] = field(default_factory=dict)
    failing: int = 0
    findings: tuple[Said, ...] = ()
    failures: tuple[Said, ...] = ()  # the list in report.json
    last_run: Mapping[str, Any] | None = None
    previous: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Answers:
    """What is said of a week."""

    week: int
    verdict: str
    amis: Mapping[str, SaidOfAmi]
    trend: tuple[Mapping[str, Any], ...]
    exceptions: tuple[tuple[str, int, str], ...]  # status, matches, message
    messages: tuple[str, ...]
    owner_messages: tuple[str, ...]


def read(account: Account, year: Year, week: int) -> Answers:
    """Read what there is of a week's run."""
    report = account.report(week)
    known = Known(year)
    results, owner = account.messages(week)
    amis = [_ami(ami, known, lambda key: _lines(account.object(key))) for ami in report["amis"]]
    return Answers(
        week=week,
        verdict=report["verdict"],
        amis={ami.ami_id: ami for ami in amis},
        trend=tuple(report.get("trend", ())),
        exceptions=tuple((one["status"], one["matches"], one["message"]) for one in report.get("exceptions", ())),
        messages=tuple(results),
        owner_messages=tuple(owner),
    )


def _lines(content: bytes) -> list[Any]:
    return [json.loads(line) for line in content.splitlines()]


def _ami(ami: Mapping[str, Any], known: Known, lines: Callable[[str], list[Any]]) -> SaidOfAmi:
    findings: Iterable[tuple[Any, Any]] = ()
    if ami.get("standingsKey"):
        findings = zip(lines(ami["findingsKey"]), lines(ami["standingsKey"]), strict=True)
    said = tuple(known.findings(findings))
    return SaidOfAmi(
        ami_id=ami["amiId"],
        verdict=ami["verdict"],
        engine=ami["engine"],
        name=ami["name"],
        owner=ami["owner"],
        lineage=ami["lineage"],
        counts=ami.get("counts", {}),
        failing=ami.get("failing", 0),
        findings=said,
        failures=tuple(known.failures(ami.get("failures", ()), {one.key for one in said})),
        last_run=ami.get("sinceLastRun"),
        previous=ami.get("sincePreviousAmi"),
    )


class Known:
    """Finds the exposure that a finding is of."""

    def __init__(self, year: Year) -> None:
        self._by_words: dict[tuple[str, str], list[Exposure]] = {}
        for each in year.exposures.values():
            self._by_words.setdefault((each.vulnerability, (*each.packages, "")[0]), []).append(each)

    def findings(self, pairs: Iterable[tuple[Any, Any]]) -> Iterator[Said]:
        """Of one AMI: pairs of a finding and its status. Of two of a package's ecosystems, each is taken once."""
        taken: Counter[str] = Counter()
        for finding, status in pairs:
            package: Mapping[str, Any] = next(iter(finding.get("packages", ())), {})
            words = (_vulnerability(finding), package.get("name", ""))
            fitting = [one for one in self._by_words.get(words, ()) if _fits(one, package)]
            key = min((one.key for one in fitting), key=lambda one: (taken[one], one), default="")
            taken[key] += 1
            yield Said(key, " ".join(filter(None, words)), status["since"], status.get("change", ""))

    def failures(self, items: Iterable[Mapping[str, Any]], there: Collection[str]) -> Iterator[Said]:
        """Of one AMI: items of report.json, which name no ecosystem. `there` are the keys of its findings."""
        for item in items:
            words = (item["vulnerability"], item.get("package", ""))
            found = self._by_words.get(words) or self._by_words.get((_port(words[0]), ""), [])
            key = next((one.key for one in found if one.key in there), "")
            yield Said(key, " ".join(filter(None, words)), item.get("since", ""), "")


def _vulnerability(finding: Mapping[str, Any]) -> str:
    network = finding.get("network")
    return f"{network['protocol']} {network['ports']}" if network else str(finding.get("vulnerabilityId", ""))


def _port(title: str) -> str:
    """Of "Port 22 is reachable from … - TCP"."""
    words = title.split()
    return f"{words[-1]} {words[1]}" if words[:1] == ["Port"] else ""


def _fits(exposure: Exposure, package: Mapping[str, Any]) -> bool:
    """Whether a package may be of the exposure's ecosystem: a row tells a path at most, which the system's lack."""
    manager = package.get("manager")
    if manager:
        return bool(manager == exposure.ecosystem)
    return exposure.kind != "package" or bool(package.get("path")) == (exposure.ecosystem != OS)
