"""Which evidence PASS needs, and what is said when it lacks."""

from __future__ import annotations

from typing import get_args

import pytest

from golden_ami.evaluation.verdict import required
from golden_ami.evidence.announced import announced
from golden_ami.evidence.requirements import DEFAULT, is_partial, lacking, merged
from golden_ami.models import Ami, AmiEntry, Config, Evidence, EvidenceKind, EvidenceStatus, Policy, Threshold
from golden_ami.reasons import incomplete

AMI = Ami(
    run_id="r", batch="b", key="ami-1", ami_id="ami-1", entry=AmiEntry(ami_id="ami-1"),
    engine="instance", region="us-east-1", account="123456789012",
)  # fmt: skip


def of(kind: EvidenceKind, status: EvidenceStatus, code: str = "C") -> Evidence:
    return Evidence(kind=kind, status=status, detail=f"{kind} detail", code=code, remedy=f"{kind} remedy")


def test_by_default_known_exploited_needs_exploit_data() -> None:
    assert required(Policy(), Config(), "instance") == [*DEFAULT, "exploitData"]


@pytest.mark.parametrize(
    ("rules", "needed"),
    [
        (Threshold(known_exploited=False), False),
        (Threshold(known_exploited=False, exploit_available=True), True),
        (Threshold(known_exploited=False, epss=0.5), True),
        (Threshold(known_exploited=True), True),
    ],
)
def test_exploit_data_is_needed_where_a_rule_asks(rules: Threshold, needed: bool) -> None:
    assert ("exploitData" in required(Policy(fail_on=rules), Config(), "ami")) == needed


def test_report_only_needs_no_exploit_data() -> None:
    assert required(Policy(report_only=True), Config(), "ami") == [*DEFAULT]


def test_the_benchmark_is_required_where_it_is_asked_for() -> None:
    assert "cis" in required(Policy(), Config(cis="LEVEL_1"), "instance")
    assert "cis" not in required(Policy(), Config(cis="LEVEL_1"), "ami")


def test_what_the_policy_lists_stands_alone() -> None:
    assert required(Policy(require=["findings"]), Config(cis="LEVEL_1"), "instance") == ["findings"]


@pytest.mark.parametrize("status", get_args(EvidenceStatus))
def test_only_complete_and_not_applicable_are_enough(status: EvidenceStatus) -> None:
    lack = lacking([of("packages", status)], ["packages"])
    assert bool(lack) == (status not in ("COMPLETE", "NOT_APPLICABLE"))


def test_what_nobody_recorded_is_missing() -> None:
    (lack,) = lacking([], ["findings"])
    assert (lack.status, lack.code) == ("MISSING", "EVIDENCE_NOT_RECORDED")
    assert "findings" in lack.detail


def test_the_reason_says_all_that_lacks() -> None:
    reason = incomplete.reason_for([of("packages", "MISSING", "FIRST"), of("findings", "PENDING", "SECOND")])
    assert reason.code == "FIRST"
    assert reason.message == "packages detail; findings detail"
    assert reason.remedy == "packages remedy; findings remedy"


def test_later_evidence_of_a_kind_stands() -> None:
    both = merged([of("findings", "PENDING"), of("packages", "COMPLETE")], [of("findings", "COMPLETE")])
    assert {one.kind: one.status for one in both} == {"findings": "COMPLETE", "packages": "COMPLETE"}


@pytest.mark.parametrize(("kind", "partial"), [("languagePackages", True), ("network", False)])
def test_a_scan_that_did_not_see_all_is_partial(kind: EvidenceKind, partial: bool) -> None:
    ami = Ami(**{name: getattr(AMI, name) for name in AMI.__struct_fields__} | {"evidence": [of(kind, "PARTIAL")]})
    assert is_partial(ami) == partial


@pytest.mark.parametrize(
    ("total", "received", "status"), [(None, 0, "COMPLETE"), (3, 2, "PENDING"), (3, 3, "COMPLETE"), (0, 4, "COMPLETE")]
)
def test_fewer_than_announced_are_looked_for(total: int | None, received: int, status: str) -> None:
    assert announced(total, received, "inspector2:ListFindings").status == status
