"""The sums over an AMI's findings."""

from __future__ import annotations

from datetime import date

from report_world import ami, exception, finding

from golden_ami.evaluation.ami import AmiEvaluation, AmiEvaluator
from golden_ami.evaluation.comparison import EarlierAssessment
from golden_ami.evaluation.evaluate import AmiRules, evaluate
from golden_ami.evaluation.exceptions import ExceptionIndex
from golden_ami.evaluation.model import FindingStatus
from golden_ami.models import Assessment, Finding, Policy, RiskException

TODAY = date(2026, 4, 2)
KEV = "2026-01-01T00:00:00Z"


def summed(findings: list[Finding], policy: Policy, exceptions: list[RiskException]) -> AmiEvaluation:
    evaluator = AmiEvaluator(
        AmiRules(ami("ami-0a"), policy, ExceptionIndex(exceptions), TODAY), [], listed=20, urgent=0
    )
    for one in findings:
        evaluator.add(one)
    return evaluator.evaluation()


def test_each_sum_counts_its_own_findings() -> None:
    found = [
        *(finding(f"A-{n}", severity="LOW", suppressed=True) for n in range(2)),
        *(finding(f"B-{n}", severity="LOW", closed=True) for n in range(3)),
        *(finding(f"C-{n}", severity="LOW", exploit_available=True) for n in range(4)),
        *(finding(f"D-{n}", severity="LOW", known_exploited_since=KEV) for n in range(5)),
        *(finding(f"E-{n}", severity="HIGH") for n in range(6)),
        *(finding(f"F-{n}", severity="HIGH", suppressed=True) for n in range(7)),
        *(finding("CVE-1", severity="HIGH") for _ in range(8)),
        *(finding("CVE-2", severity="LOW") for _ in range(9)),
    ]
    accepted = [exception("CVE-1", "2026-12-31"), exception("CVE-2", "2026-01-31")]
    one = summed(found, Policy(suppressed="tolerate"), accepted)
    assert (one.total, one.counts) == (44, {"HIGH": 21, "LOW": 23})
    assert (one.suppressed, one.closed, one.exploit_available, one.known_exploited) == (9, 3, 4, 5)
    assert (one.failing, one.tolerated, one.excepted) == (11, 15, 8)
    assert [*one.rules.items()] == [("severity HIGH", 6), ("known exploited (CISA KEV)", 5)]
    assert one.exceptions == {0: 8, 1: 9}, "the second is over, and told of"
    assert len(one.failures) == 11
    assert {item.rule for item in one.failures} == one.rules.keys()
    assert [upgrade.failing for upgrade in one.upgrades] == [11]


def test_a_finding_is_as_old_as_the_earliest_assessment_that_has_it() -> None:
    def earlier(since: str) -> EarlierAssessment:
        then = Assessment(
            run_id="0", key="", ami_id="", name="", lineage="", engine="ami", completed_at="", verdict="FAIL"
        )
        status = FindingStatus(identities=one.status.identities, severity="HIGH", type="", since=since)
        return EarlierAssessment(then, [status])

    rules = AmiRules(ami("ami-0a"), Policy(), ExceptionIndex([]), TODAY)
    one = evaluate(finding("CVE-1"), rules)
    for dates in (("2026-03-01", "2026-02-01"), ("2026-02-01", "2026-03-01")):
        assert evaluate(finding("CVE-1"), rules, [*map(earlier, dates)]).status.since == "2026-02-01"
