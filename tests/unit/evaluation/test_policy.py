"""The policy, its exceptions and what is said of them."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registers import no_past
from report_world import World, ami, exception, finding, package

from golden_ami.evaluation.evaluate import AmiRules, evaluate
from golden_ami.evaluation.exceptions import ExceptionIndex, covers, exception_status
from golden_ami.evaluation.packages import affected_by, is_fixable
from golden_ami.evaluation.policy import run_verdict
from golden_ami.models import AmiEntry, Config, Policy, Reason, RiskException, Threshold

TODAY = date(2026, 4, 2)
SINCE = "2026-04-01T09:00:00Z"

KEV = {"known_exploited_since": "2026-01-01T00:00:00Z"}
_NOTHING = Threshold(severities=[], known_exploited=False)
_KEV = Threshold(severities=[], known_exploited=True)
_NO_FIX, _FIX = [package(fixed_in="")], [package(fixed_in="3.0.8")]
_NOT_AVAILABLE = [package(fixed_in="NotAvailable"), package(fixed_in="None"), package(fixed_in=" N/A ")]


def _policy(threshold: Threshold | None = None, **fields: Any) -> Policy:
    return Policy(fail_on=threshold or Threshold(), **fields)


POLICIES = [
    # policy, finding, rule, fails
    (_policy(), {"severity": "CRITICAL"}, "severity CRITICAL", True),
    (_policy(), {"severity": "HIGH"}, "severity HIGH", True),
    (_policy(), {"severity": "MEDIUM"}, "", False),
    (_policy(), {"severity": "UNTRIAGED"}, "", False),
    (_policy(Threshold(severities=["LOW"])), {"severity": "CRITICAL"}, "", False),
    (_policy(Threshold(severities=["UNTRIAGED"])), {"severity": "UNTRIAGED"}, "severity UNTRIAGED", True),
    (_policy(_NOTHING), {"severity": "CRITICAL"} | KEV, "", False),
    (_policy(), {"severity": "LOW"} | KEV, "known exploited (CISA KEV)", True),
    (_policy(_KEV), {"severity": "LOW"} | KEV, "known exploited (CISA KEV)", True),
    (_policy(_KEV), {"severity": "CRITICAL"}, "", False),
    (_policy(Threshold(severities=[], exploit_available=True)), {"exploit_available": True}, "exploit available", True),
    (_policy(Threshold(severities=[], epss=0.5)), {"epss": 0.5}, "EPSS 0.500 >= 0.5", True),
    (_policy(Threshold(severities=[], epss=0.5)), {"epss": 0.499}, "", False),
    (_policy(Threshold(severities=[], epss=0.0)), {"epss": None}, "", False),
    (_policy(only_fixable=True), {"fix_available": "YES"}, "severity HIGH", True),
    (_policy(only_fixable=True), {"fix_available": "PARTIAL"}, "severity HIGH", True),
    (_policy(only_fixable=True), {"fix_available": "NO", "packages": _NO_FIX}, "severity HIGH", False),
    (_policy(only_fixable=True), {"fix_available": "NO", "packages": _NOT_AVAILABLE}, "severity HIGH", False),
    (_policy(only_fixable=True), {"fix_available": "", "packages": _NO_FIX}, "severity HIGH", True),  # unknown
    (_policy(only_fixable=True), {"fix_available": "", "packages": []}, "severity HIGH", True),
    (_policy(grace_days=1), {}, "severity HIGH", True),
    (_policy(grace_days=2), {}, "severity HIGH", False),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "fields", "rule", "fails"), POLICIES)
def test_policy(policy: Policy, fields: dict[str, Any], rule: str, fails: bool) -> None:
    rules = AmiRules(ami("ami-0a"), policy, ExceptionIndex([]), TODAY)
    past = no_past(ami("ami-0a"), TODAY.isoformat())
    found = evaluate(finding("CVE-1", first_observed_at=SINCE, **fields), rules, past).status
    assert (found.rule, found.fails) == (rule, fails)
    assert bool(found.tolerated) == (bool(rule) and not fails)


@pytest.mark.parametrize(("said", "fixable"), [("YES", True), ("PARTIAL", True), ("NO", False), ("", None)])
def test_whether_a_fix_exists(said: Any, fixable: bool | None) -> None:
    without, with_fix = (
        finding("CVE-1", fix_available=said, packages=of) for of in (_NO_FIX, [package(fixed_in="3.0.8")])
    )
    assert is_fixable(without, affected_by(without)) is fixable
    assert is_fixable(with_fix, affected_by(with_fix)) is True


SCOPES = [
    ({"ami": "ami-0a"}, True),
    ({"ami": "ami-0b"}, False),
    ({"lineage": "web"}, True),
    ({"lineage": "db"}, False),
    ({"package": "openssl"}, True),
    ({"package": "curl"}, False),
    ({"tag": {"Environment": "test"}}, True),
    ({"tag": {"Environment": "production"}}, False),
    ({"tag": {"Environment": "test", "Owner": "x"}}, False),
    ({"ami": "ami-0a", "package": "curl"}, False),
]


@pytest.mark.parametrize(("scope", "matches"), SCOPES)
def test_scope(scope: dict[str, Any], matches: bool) -> None:
    image = ami("ami-0a", tags={"Environment": "test"})
    for vulnerability in ("cve-1", " CVE-1 "):
        assert covers(exception(vulnerability, "2026-12-31", **scope), finding("CVE-1"), image) is matches
    assert not covers(exception("CVE-2", "2026-12-31", **scope), finding("CVE-1"), image)


def test_an_exception_for_one_package_does_not_cover_the_others() -> None:
    both = finding("CVE-1", package("openssl"), package("curl"))
    assert not covers(exception("CVE-1", "2026-12-31", package="openssl"), both, ami("ami-0a"))


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_blank_exception_covers_no_finding_without_an_id(blank: str) -> None:
    for vulnerability in ("", " "):
        without = finding(vulnerability, packages=[package("openssl")])
        assert not covers(exception(blank, "2026-12-31", package="openssl"), without, ami("ami-0a"))


@pytest.mark.parametrize(
    ("expires", "matches", "status"),
    [
        ("2026-04-01", 1, "EXPIRED"),
        ("2026-04-01", 0, "EXPIRED"),
        ("2026-04-02", 1, "EXPIRING"),
        ("2026-04-16", 1, "EXPIRING"),
        ("2026-04-17", 1, "ACTIVE"),
        ("2026-04-17", 0, "UNUSED"),
        ("2026-04-03", 0, "UNUSED"),
    ],
)
def test_exception_status(expires: str, matches: int, status: str) -> None:
    assert exception_status(exception("CVE-1", expires, ami="ami-0a"), matches, TODAY) == status


def _run(world: World, *exceptions: RiskException, policy: Policy | None = None) -> Any:
    config = Config(exceptions=list(exceptions), policy=policy or Policy())
    return world.run("run-1", "2026-04-02T03:00:00Z", [(ami("ami-0a"), [finding("CVE-1")])], config)


def test_an_exception_that_holds_makes_pass_and_is_shown(world: World) -> None:
    report = _run(world, exception(" cve-1 ", "2026-04-02", ami="ami-0a"))
    assert (report.verdict, report.totals.excepted) == ("PASS", 1)
    (shown,) = report.exceptions
    assert (shown.status, shown.matches, shown.message) == ("EXPIRING", 1, "accepts 1 finding; today is its last day")


def test_an_expired_exception_counts_again_and_says_so(world: World) -> None:
    report = _run(world, exception("CVE-1", "2026-04-01", ami="ami-0a"))
    assert (report.verdict, report.totals.excepted) == ("FAIL", 0)
    assert report.exceptions[0].message == "expired on 2026-04-01; 1 finding counts again"


def test_of_two_exceptions_the_one_that_holds_counts(world: World) -> None:
    expired, holds = exception("CVE-1", "2026-04-01", ami="ami-0a"), exception("CVE-1", "2026-06-01", lineage="web")
    for pair in permutations([expired, holds]):
        report = _run(world, *pair)
        assert report.verdict == "PASS"
        assert {one.exception.expires: one.matches for one in report.exceptions} == {"2026-04-01": 0, "2026-06-01": 1}


def test_an_unused_exception_is_reported(world: World) -> None:
    report = _run(world, exception("CVE-9", "2026-06-01", ami="ami-0a"))
    assert (report.verdict, report.exceptions[0].status) == ("FAIL", "UNUSED")


def test_an_exception_tells_of_amis_it_may_be_for_where_it_matches_nothing(world: World) -> None:
    lost = ami("ami-0b", lineage="other", reason=Reason(code="X", message="x", remedy="x"))
    config = Config(exceptions=[exception("CVE-1", "2026-12-31"), exception("CVE-9", "2026-12-31")])
    report = world.run("run-1", "2026-04-02T03:00:00Z", [(ami("ami-0a"), [finding("CVE-1")]), (lost, None)], config)
    used, unused = (one.message for one in report.exceptions)
    assert used == "accepts 1 finding"
    assert unused == "matches nothing that was assessed; 1 AMI in its scope could not be assessed"


def test_an_amis_own_policy_replaces_the_runs(world: World) -> None:
    lenient = Policy(fail_on=Threshold(severities=["CRITICAL"]))
    own = ami("ami-0b", lineage="db", entry=AmiEntry(ami_id="ami-0b", policy=lenient))
    report = world.run("run-1", "2026-04-02T03:00:00Z", [(ami("ami-0a"), [finding("C")]), (own, [finding("C")])])
    assert {one.ami_id: one.verdict for one in report.amis} == {"ami-0a": "FAIL", "ami-0b": "PASS"}


def test_grace_counts_from_the_first_run_that_saw_it_not_from_the_scan(world: World) -> None:
    config = Config(policy=Policy(grace_days=7))
    verdicts = []
    for day in (
        "2026-04-01",
        "2026-04-07",
        "2026-04-08",
    ):  # every run has an instance, and so a first sight, of its own
        seen = finding("CVE-1", first_observed_at=f"{day}T02:59:00Z")
        verdicts.append(world.run(f"run-{day}", f"{day}T03:00:00Z", [(ami("ami-0a"), [seen])], config).verdict)
    assert verdicts == ["PASS", "PASS", "FAIL"]


def test_the_report_says_which_rule_failed_which_finding(world: World) -> None:
    (image,) = _run(world).amis
    assert image.rules == {"severity HIGH": 1}
    assert [(one.vulnerability, one.rule) for one in image.failures] == [("CVE-1", "severity HIGH")]


@given(st.lists(st.sampled_from(["PASS", "FAIL", "NOT_ASSESSED"])))
def test_run_verdict(verdicts: list[Any]) -> None:
    verdict = run_verdict(verdicts)
    assert (verdict == "PASS") == (bool(verdicts) and set(verdicts) == {"PASS"})
    assert (verdict == "FAIL") == ("FAIL" in verdicts)
