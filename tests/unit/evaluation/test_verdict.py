"""The verdict of an AMI: findings first, then whether the evidence is enough."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from evidence import complete_evidence
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from registers import no_past
from report_world import ami, finding, package

from golden_ami.evaluation.ami import AmiEvaluator
from golden_ami.evaluation.evaluate import AmiRules
from golden_ami.evaluation.exceptions import ExceptionIndex
from golden_ami.evaluation.verdict import Judgement, judge
from golden_ami.models import (
    END_OF_SUPPORT,
    Ami,
    Config,
    Evidence,
    EvidenceStatus,
    Finding,
    Policy,
    RiskException,
    Scope,
    Threshold,
)

TODAY = date(2026, 11, 27)
KEV = {"known_exploited_since": "2026-01-01T00:00:00Z"}
_EXPLOIT = Threshold(known_exploited=False, exploit_available=True)
LOW: dict[str, Any] = {"severity": "LOW", "first_observed_at": "2026-11-27T00:00:00Z"}


def judged(findings: list[Finding], policy: Policy | None = None, image: Ami | None = None, **config: Any) -> Judgement:
    image, policy = image or ami("ami-0a"), policy or Policy()
    exceptions = ExceptionIndex(config.get("exceptions", []))
    evaluator = AmiEvaluator(
        AmiRules(image, policy, exceptions, TODAY), no_past(image, TODAY.isoformat()), listed=5, urgent=0
    )
    for one in findings:
        evaluator.add(one)
    return judge(image, evaluator.evaluation(), policy, Config(**config))


def lacking(kind: str, status: EvidenceStatus = "PARTIAL") -> Ami:
    found = [
        replace(one, status=status, code="LACKING", remedy="look again") if one.kind == kind else one
        for one in complete_evidence()
    ]
    return ami("ami-0a", evidence=found)


def test_no_findings_and_complete_evidence_pass() -> None:
    found = judged([])
    assert (found.verdict, found.reason, found.notes) == ("PASS", None, ())
    assert [one.kind for one in found.evidence] == [
        "operatingSystem", "packages", "languagePackages", "findings", "exploitData",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["operatingSystem", "packages", "languagePackages", "findings"])
@pytest.mark.parametrize("status", ["PENDING", "PARTIAL", "MISSING"])
def test_without_required_evidence_nothing_passes(kind: str, status: EvidenceStatus) -> None:
    found = judged([finding("CVE-1", **LOW)], image=lacking(kind, status))
    assert found.verdict == "NOT_ASSESSED"
    assert found.reason
    assert (found.reason.code, found.reason.remedy) == ("LACKING", "look again")


def test_a_known_fail_stays_one_and_says_what_else_may_be_there() -> None:
    found = judged([finding("CVE-1")], image=lacking("findings"))
    assert (found.verdict, found.reason) == ("FAIL", None)
    assert found.notes == ("more may be there: seen",)


def test_an_ami_without_any_evidence_is_not_assessed() -> None:
    found = judged([], image=ami("ami-0a", evidence=[]))
    assert found.verdict == "NOT_ASSESSED"
    assert found.reason
    assert found.reason.code == "EVIDENCE_NOT_RECORDED"


def test_only_what_the_policy_requires_is_asked_for() -> None:
    policy = Policy(require=["packages", "findings"])
    assert judged([], policy, lacking("languagePackages")).verdict == "PASS"
    assert judged([], policy, lacking("packages")).verdict == "NOT_ASSESSED"
    assert judged([], Policy(require=["network"])).verdict == "NOT_ASSESSED"


# ---------------------------------------------------------------- what is known of exploitation


def test_an_unanswered_question_keeps_an_ami_from_pass() -> None:
    unanswered = finding("CVE-1", **LOW, unanswered=["knownExploited"])
    found = judged([unanswered])
    assert found.verdict == "NOT_ASSESSED"
    assert found.reason
    assert found.reason.code == "EXPLOIT_DATA_MISSING"
    assert judged([replace(unanswered, unanswered=[])]).verdict == "PASS"


@pytest.mark.parametrize(
    ("rules", "fields", "verdict"),
    [
        (Threshold(known_exploited=False), {"unanswered": ["knownExploited"]}, "PASS"),
        (Threshold(known_exploited=False), {"unanswered": ["exploitAvailable"]}, "PASS"),
        (_EXPLOIT, {"unanswered": ["exploitAvailable"]}, "NOT_ASSESSED"),
        (_EXPLOIT, {}, "PASS"),
        (Threshold(known_exploited=False, epss=0.5), {"epss": None}, "NOT_ASSESSED"),
        (Threshold(known_exploited=False, epss=0.5), {"epss": 0.1}, "PASS"),
        # of one of its vulnerabilities only
        (Threshold(known_exploited=False, epss=0.5), {"epss": 0.1, "unanswered": ["epss"]}, "NOT_ASSESSED"),
        (Threshold(), {"vulnerability_id": "ALAS2-2026-1", "unanswered": ["knownExploited"]}, "PASS"),
        (Threshold(), {"vulnerability_id": "ALAS2-2026-1", "related": ["CVE-2026-1"], "unanswered": ["knownExploited"]},
         "NOT_ASSESSED"),
        (Threshold(), {"type": "NETWORK_REACHABILITY", "unanswered": ["knownExploited"]}, "PASS"),
    ],
)  # fmt: skip
def test_each_rule_asks_its_own(rules: Threshold, fields: dict[str, Any], verdict: str) -> None:
    assert judged([replace(finding("CVE-2026-2", **LOW), **fields)], Policy(fail_on=rules)).verdict == verdict


def test_what_fails_or_is_accepted_needs_no_answer() -> None:
    asked: dict[str, Any] = {"unanswered": ["knownExploited"]}
    assert judged([finding("CVE-1", **asked)]).verdict == "FAIL"
    accepted = RiskException(
        vulnerability="CVE-1", scope=Scope(ami="ami-0a"), reason="r", owner="o", expires="2099-01-01"
    )
    assert judged([finding("CVE-1", **LOW, **asked)], exceptions=[accepted]).verdict == "PASS"


@pytest.mark.parametrize("policy", [Policy(only_fixable=True), Policy(grace_days=30)])
def test_no_respite_for_what_is_known_to_be_exploited(policy: Policy) -> None:
    respite: dict[str, Any] = LOW | {"severity": "HIGH", "fix_available": "NO", "packages": [package(fixed_in="")]}
    assert judged([finding("CVE-1", **respite)], policy).verdict == "PASS"
    assert judged([finding("CVE-1", **respite, **KEV)], policy).verdict == "FAIL"
    assert judged([finding("CVE-1", **respite, unanswered=["knownExploited"])], policy).verdict == "NOT_ASSESSED"
    lenient = replace(policy, tolerate_known_exploited=True)
    assert judged([finding("CVE-1", **respite, **KEV)], lenient).verdict == "PASS"
    assert judged([finding("CVE-1", **respite, unanswered=["knownExploited"])], lenient).verdict == "PASS"


def test_classic_is_judged_without_what_it_never_tells() -> None:
    image = ami("ami-0a", engine="classic")
    assert judged([], image=image).verdict == "PASS"
    explicit = judged([], Policy(fail_on=Threshold(known_exploited=True)), image)
    assert explicit.verdict == "NOT_ASSESSED"
    assert explicit.reason
    assert "classic" in explicit.reason.message


def test_classic_with_no_rule_that_it_can_meet_passes_nothing() -> None:
    image = ami("ami-0a", engine="classic")
    found = judged([finding("CVE-1")], Policy(fail_on=Threshold(severities=[])), image)
    assert found.verdict == "NOT_ASSESSED"


def test_a_pass_says_what_it_does_without() -> None:
    found = judged([], Policy(require=["packages"]), lacking("languagePackages"))
    assert found.notes == ("not required and not seen: seen",)


def test_a_finding_without_any_id_may_be_exploited() -> None:
    assert judged([finding("", **LOW, unanswered=["knownExploited"])]).verdict == "NOT_ASSESSED"


# ---------------------------------------------------------------- suppressed, report only, discontinued systems


def test_suppressed_findings_are_judged_unless_tolerated() -> None:
    hidden = finding("CVE-1", suppressed=True)
    assert judged([hidden]).verdict == "FAIL"
    assert judged([hidden], Policy(suppressed="tolerate")).verdict == "PASS"
    exploited = replace(hidden, known_exploited_since="2026-01-01T00:00:00Z")
    assert judged([exploited], Policy(suppressed="tolerate")).verdict == "PASS"
    assert judged([replace(hidden, suppressed=False)], Policy(suppressed="tolerate")).verdict == "FAIL"


def test_report_only_says_so() -> None:
    found = judged([finding("CVE-1", **KEV)], Policy(report_only=True))
    assert (found.verdict, found.report_only) == ("PASS", True)
    assert "report only" in found.notes[0]
    assert judged([], Policy(report_only=True), lacking("findings")).verdict == "NOT_ASSESSED"


def test_the_finding_on_a_systems_end_of_support_is_no_packages() -> None:
    told = finding("", severity="CRITICAL", type=END_OF_SUPPORT, packages=[])
    assert judged([told]).verdict == "PASS"
    strict = Policy(fail_on=Threshold(discontinued_os=True))
    assert judged([told], strict).verdict == "FAIL"


def test_what_is_to_be_known_of_complete_evidence_is_a_note() -> None:
    told = Evidence(kind="operatingSystem", status="COMPLETE", detail="Amazon Linux 2: discontinued", remedy="move")
    found = judged([], image=ami("ami-0a", evidence=[*complete_evidence()[1:], told]))
    assert (found.verdict, found.notes) == ("PASS", ("Amazon Linux 2: discontinued; move",))


def test_a_discontinued_system_fails_where_asked_for_without_a_finding() -> None:
    strict = Policy(fail_on=Threshold(discontinued_os=True))
    image = ami("ami-0a", platform_name="Amazon Linux", platform_version="2", scanned_at="2026-11-27T00:00:00Z")
    assert judged([], strict, image).verdict == "FAIL"
    assert judged([], Policy(), image).verdict == "PASS"
    assert judged([], replace(strict, report_only=True), image).verdict == "PASS"
    assert judged([], strict, replace(image, platform_version="2023")).verdict == "PASS"


# ---------------------------------------------------------------- the order of verdicts

_ORDER = {"FAIL": 0, "NOT_ASSESSED": 1, "PASS": 2}
_STATUSES = st.sampled_from(["COMPLETE", "PENDING", "PARTIAL", "MISSING", "NOT_APPLICABLE"])


@given(
    statuses=st.lists(_STATUSES, min_size=4, max_size=4),
    worse=st.integers(0, 3),
    severities=st.lists(st.sampled_from(["CRITICAL", "MEDIUM", "LOW"]), max_size=3),
)
def test_less_evidence_never_moves_a_verdict_towards_pass(
    statuses: list[Any], worse: int, severities: list[Any]
) -> None:
    def image(given_statuses: list[Any]) -> Ami:
        pairs = zip(complete_evidence(), given_statuses, strict=True)
        return ami("ami-0a", evidence=[replace(one, status=status) for one, status in pairs])

    findings = [finding(f"CVE-{at}", severity=severity) for at, severity in enumerate(severities)]
    before = judged(findings, image=image(statuses)).verdict
    after = judged(findings, image=image([*statuses[:worse], "MISSING", *statuses[worse + 1 :]])).verdict
    assert _ORDER[after] <= _ORDER[before]
    assert (before == "FAIL") == ("CRITICAL" in severities)


def test_evidence_is_in_the_report() -> None:
    kinds: list[Evidence] = judged([]).evidence
    assert all(one.detail for one in kinds)
