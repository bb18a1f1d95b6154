"""The sums over an AMI's findings."""

from __future__ import annotations

from datetime import date

from registers import no_past, past_with
from report_world import ami, exception, finding

from golden_ami.evaluation.ami import AmiEvaluation, AmiEvaluator
from golden_ami.evaluation.evaluate import AmiRules, evaluate
from golden_ami.evaluation.exceptions import ExceptionIndex
from golden_ami.evaluation.model import Failing
from golden_ami.models import Finding, Policy, RiskException
from golden_ami.register.model import Entry

TODAY = date(2026, 4, 2)
KEV = "2026-01-01T00:00:00Z"


def summed(findings: list[Finding], policy: Policy, exceptions: list[RiskException]) -> AmiEvaluation:
    evaluator = AmiEvaluator(
        AmiRules(ami("ami-0a"), policy, ExceptionIndex(exceptions), TODAY),
        no_past(ami("ami-0a"), TODAY.isoformat()),
        listed=20,
        urgent=0,
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
    assert [*one.rules.items()] == [("known exploited (CISA KEV)", 5), ("severity HIGH", 6)]
    assert one.failing_by_severity == [
        Failing(severity="HIGH", findings=6),
        Failing(severity="LOW", findings=5, because={"known exploited": 5}),
    ]
    assert one.exceptions == {0: 8, 1: 9}, "the second is over, and told of"
    assert len(one.failures) == 11
    assert {item.rule for item in one.failures} == one.rules.keys()
    assert [upgrade.failing for upgrade in one.upgrades] == [11]


def test_a_finding_is_as_old_as_the_register_or_its_source_says() -> None:
    rules = AmiRules(ami("ami-0a"), Policy(), ExceptionIndex([]), TODAY)
    for known, told, since in (("2026-02-01", "2026-03-01", "2026-02-01"), ("2026-03-01", "2026-02-01", "2026-02-01")):
        entry = Entry("CVE-1", [("os", "openssl")], "packages", "HIGH", known, known)
        past = past_with(ami("ami-0a"), TODAY.isoformat(), [entry])
        assert evaluate(finding("CVE-1", first_observed_at=f"{told}T00:00:00Z"), rules, past).status.since == since
