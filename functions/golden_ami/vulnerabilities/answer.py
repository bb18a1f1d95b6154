"""What Amazon Inspector answers of a CVE id, and a finding with the answers joined in. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from golden_ami import times
from golden_ami.engines.findings import listed, mapping, number
from golden_ami.evaluation.model import Answered
from golden_ami.evaluation.policy import cves_of
from golden_ami.models import Data, Finding


class Answer(Data):
    """An answer of SearchVulnerabilities, kept for later runs."""

    id: str
    at: str  # ISO 8601; when it was given
    known: bool = False  # False: Inspector knows no such vulnerability, so only that CISA does not list it is told
    known_exploited_since: str = ""  # CISA KEV date added; "": not listed
    known_exploited_due: str = ""
    epss: float | None = None
    exploit_observed: bool = False
    last_exploit_at: str = ""


Answers = Mapping[str, Answer]


def read(cve: str, response: Mapping[str, Any], at: str) -> Answer | None:
    """The answer in a response of SearchVulnerabilities (botocore 1.44.5); None when it is of another vulnerability.

    A vulnerability with `cisaData` is in CISA's catalogue of known exploited ones (inferred from the member's name and
    its dates). An empty response means that Inspector does not know the id; as it knows the catalogue, the id is not in
    it.
    """
    found = [mapping(one) for one in listed(response.get("vulnerabilities"))]
    if response.get("vulnerabilities") == [] and not response.get("nextToken"):
        return Answer(id=cve, at=at)
    row = next((one for one in found if one.get("id") == cve), None)
    if row is None:
        return None
    cisa, exploit = mapping(row.get("cisaData")), mapping(row.get("exploitObserved"))
    return Answer(
        id=cve,
        at=at,
        known=True,
        known_exploited_since=(times.read(cisa.get("dateAdded")) or at) if cisa else "",
        known_exploited_due=times.read(cisa.get("dateDue")),
        epss=number(mapping(row.get("epss")).get("score")),
        exploit_observed=bool(exploit),
        last_exploit_at=times.read(exploit.get("lastSeen")),
    )


def with_answers(finding: Finding, answers: Answers) -> Finding:
    """The finding with what is known of its vulnerabilities; itself when nothing is.

    Whether it is known to be exploited is asked of every CVE id that it names. EPSS and exploit are those of its own
    id, or of the others where its own is no CVE's. Of several answers the worst counts, and one that is missing leaves
    the question open.
    """
    if not answers or finding.type != "PACKAGE_VULNERABILITY" or not (finding.unanswered or finding.epss is None):
        return finding
    ids = cves_of(finding)
    found = [answers[one] for one in ids if one in answers]
    if not found:
        return finding
    first = min((one for one in found if one.known_exploited_since), key=_listed_since, default=None)
    scored = _scored(finding, ids, answers)
    known = [one for one in scored if one is not None and one.known]
    scores = [one.epss for one in known if one.epss is not None]
    answered: set[str] = {"knownExploited"} if len(found) == len(ids) else set()
    answered |= {"exploitAvailable"} if len(known) == len(scored) else set()
    answered |= {"epss"} if len(scores) == len(scored) else set()
    unanswered = [one for one in finding.unanswered if one not in answered]
    if scores and "epss" not in answered and "epss" not in unanswered:
        unanswered.append("epss")
    return replace(
        finding,
        known_exploited_since=finding.known_exploited_since or (first.known_exploited_since if first else ""),
        known_exploited_due=finding.known_exploited_due or (first.known_exploited_due if first else ""),
        epss=max([*scores, *([] if finding.epss is None else [finding.epss])], default=None),
        exploit_available=finding.exploit_available or any(one.exploit_observed for one in known),
        last_known_exploit_at=finding.last_known_exploit_at or max((one.last_exploit_at for one in known), default=""),
        unanswered=unanswered,
    )


def answered_of(finding: Finding) -> Answered:
    """What a finding that answers were joined into is stored with beside its status."""
    return Answered(
        known_exploited_since=finding.known_exploited_since,
        known_exploited_due=finding.known_exploited_due,
        epss=finding.epss,
        exploit_available=finding.exploit_available,
        last_known_exploit_at=finding.last_known_exploit_at,
        unanswered=finding.unanswered,
    )


def _listed_since(answer: Answer) -> str:
    return answer.known_exploited_since


def _scored(finding: Finding, ids: Sequence[str], answers: Answers) -> list[Answer | None]:
    own = ids[:1] if finding.vulnerability_id == ids[0] else ids
    return [answers.get(one) for one in own]
