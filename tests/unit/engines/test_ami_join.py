"""What an event may add to a row of GetImageFindings, and that it can take nothing away."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registers import past_with
from report_world import ami, exception

from golden_ami.engines.ami.findings import BOTH, FINDING_EVENT, from_event, from_image_row
from golden_ami.engines.ami.join import joined, of_scan
from golden_ami.evaluation.evaluate import AmiRules, evaluate
from golden_ami.evaluation.exceptions import ExceptionIndex
from golden_ami.evaluation.identity import identities_of
from golden_ami.models import END_OF_SUPPORT, SEVERITIES, Finding, Policy, Severity, Threshold
from golden_ami.register.model import Entry

CVE = "CVE-2026-1"
PREFIX = "arn:aws:inspector2:us-east-1:123456789012:finding/ondemand/scan-1"
FAILING: list[Severity] = ["CRITICAL", "HIGH"]


def row(title: str = f"{CVE} - openssl", **members: Any) -> Finding:
    told = {"Title": title, "SeverityLabel": "high", "FixAvailable": True, "SnapshotId": "snap-1"}
    return from_image_row(told | members, "ami-1")


def event(number: int = 1, packages: Any = (("openssl", "3.0.1", "3.0.9"),), **members: Any) -> Finding:
    vulnerable = [{"name": name, "version": version, "fixedInVersion": fix} for name, version, fix in packages]
    detail = {
        "findingArn": f"{PREFIX}/{number:032x}",
        "title": f"{CVE} - openssl",
        "severity": "HIGH",
        "type": "PACKAGE_VULNERABILITY",
        "packageVulnerabilityDetails": {"vulnerabilityId": CVE, "vulnerablePackages": vulnerable},
    }
    return from_event(detail | members)


def together(rows: list[Finding], events: list[Finding]) -> list[Finding]:
    return [*joined(rows, events, FAILING)]


def test_an_event_tells_more_of_its_row() -> None:
    [found] = together([row(Score=7.5)], [event(description="d", epss={"score": 0.2})])
    assert (found.arn, found.source, found.description) == (event().arn, BOTH, "d")
    assert [(one.name, one.version, one.fixed_in) for one in found.packages] == [("openssl", "3.0.1", "3.0.9")]
    assert (found.severity, found.score, found.epss) == ("HIGH", 7.5, 0.2)


SAME: list[dict[str, Any]] = [
    {"severity": "LOW", "fixAvailable": "NO", "exploitAvailable": "NO"},
    {
        "severity": "CRITICAL",
        "fixAvailable": "YES",
        "exploitAvailable": "YES",
        "epss": {"score": 0.9},
        "inspectorScore": 9,
    },
    {"severity": "MEDIUM", "exploitAvailable": "NO", "epss": {"score": 0.1}, "inspectorScore": 9},
]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
@pytest.mark.parametrize("rows", [[], [row(SeverityLabel="low", FixAvailable=False)]])
def test_of_several_events_of_one_arn_the_worst_that_they_say_counts(
    rows: list[Finding], order: tuple[int, ...]
) -> None:
    [found] = together(rows, [event(**SAME[number]) for number in order])
    told = (found.severity, found.fix_available, found.exploit_available, found.epss, found.score)
    assert told == ("CRITICAL", "YES", True, 0.9, 9)
    assert [one.name for one in found.packages] == ["openssl"]


def test_events_of_one_arn_about_other_things_are_findings_of_their_own() -> None:
    other = {"vulnerabilityId": "CVE-2026-2", "vulnerablePackages": [{"name": "bash", "version": "1"}]}
    invented = event(title="CVE-2026-2 - bash", packageVulnerabilityDetails=other)
    for events in ([event(), invented], [invented, event()]):
        found = together([], events)
        assert {one.vulnerability_id for one in found} == {CVE, "CVE-2026-2"}
        assert len({one.arn for one in found}) == 2
        assert all(one.arn.startswith(f"{PREFIX}/") for one in found)  # as of_scan asks


def test_the_packages_of_all_events_of_one_arn_are_kept() -> None:
    [found] = together([], [event(), event(packages=(("openssl", "3.0.1", "3.0.9"), ("libssl", "3", "4")))])
    assert [one.name for one in found.packages] == ["openssl", "libssl"]


def test_events_without_packages_under_one_arn_are_united() -> None:
    nameless: dict[str, Any] = {"title": "t", "packageVulnerabilityDetails": {}}
    [found] = together([], [event(**nameless, severity="LOW"), event(**nameless, severity="HIGH")])
    assert found.severity == "HIGH"


@pytest.mark.parametrize(
    ("told", "forged", "expected"),
    [
        ({"SeverityLabel": "critical"}, {"severity": "INFORMATIONAL"}, {"severity": "CRITICAL"}),
        ({"SeverityLabel": "low"}, {"severity": "CRITICAL"}, {"severity": "CRITICAL"}),
        ({"FixAvailable": True}, {"fixAvailable": "NO"}, {"fix_available": "YES"}),
        ({"FixAvailable": False}, {"fixAvailable": "YES"}, {"fix_available": "YES"}),
        ({"FixAvailable": None}, {"fixAvailable": "NO"}, {"fix_available": ""}),
        (
            {"FirstObservedAt": "2026-01-01T00:00:00Z"},
            {"firstObservedAt": "2026-11-01T00:00:00Z"},
            {"first_observed_at": "2026-01-01T00:00:00Z"},
        ),
        ({}, {"status": "SUPPRESSED"}, {"suppressed": False}),
        ({}, {"exploitAvailable": "NO"}, {"unanswered": ["knownExploited", "exploitAvailable"]}),
        ({}, {"exploitAvailable": "YES"}, {"unanswered": ["knownExploited"], "exploit_available": True}),
        ({}, {"epss": {"score": 0.0}}, {"unanswered": ["knownExploited", "exploitAvailable", "epss"]}),
        ({}, {"type": "NETWORK_REACHABILITY"}, {"type": "PACKAGE_VULNERABILITY"}),
    ],
)
def test_of_two_words_the_worse_counts(told: dict[str, Any], forged: dict[str, Any], expected: dict[str, Any]) -> None:
    [found] = together([row(**told)], [event(**forged)])
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize("told", [[], ["CVE-2026-0003"], ["CVE-2026-0002", "CVE-2026-0003"]])
def test_an_event_hides_no_vulnerability_that_its_rows_title_names(told: list[str]) -> None:
    """AWS's page of the on-demand event has no relatedVulnerabilities; a title may name several."""
    own = "CVE-2026-0001"
    details = {"vulnerabilityId": own, "relatedVulnerabilities": told, "vulnerablePackages": [{"name": "openssl"}]}
    [found] = together([row(f"{own}, CVE-2026-0002 - openssl")], [event(packageVulnerabilityDetails=details)])
    assert found.related == [*dict.fromkeys(["CVE-2026-0002", *told])]


def test_a_worse_word_does_not_lift_a_row_out_of_what_fails() -> None:
    [found] = joined([row()], [event(severity="CRITICAL")], ["HIGH"])
    assert found.severity == "HIGH"


@pytest.mark.parametrize(
    "other",
    [
        event(packages=(("bash", "5", ""),)),
        event(
            packageVulnerabilityDetails={"vulnerabilityId": "CVE-2026-2", "vulnerablePackages": [{"name": "openssl"}]}
        ),
        event(packageVulnerabilityDetails={}),
    ],
)
def test_an_event_of_another_vulnerability_or_package_stands_alone(other: Finding) -> None:
    assert together([row()], [other]) == [row(), other]


def test_each_event_is_of_one_row_and_each_row_has_one() -> None:
    rows = [row(Paths=["/a"]), row(Paths=["/b"]), row(Paths=["/a"])]  # the last is another page's repeat
    vulnerable = [{"name": "openssl", "filePath": "/b"}]
    details = {"vulnerabilityId": CVE, "vulnerablePackages": vulnerable}
    own = event(1, packageVulnerabilityDetails=details)
    found = together(rows, [event(2), own, event(3)])
    assert [one.source for one in found] == [BOTH, BOTH, FINDING_EVENT]
    assert found[1].arn == own.arn, "the event with the row's path"


def test_packages_that_a_title_counts_are_no_names() -> None:
    counted = row("CVE-2026-1 - openssh, openssh-clients and 1 more")
    assert [one.name for one in counted.packages] == ["openssh", "openssh-clients", "(1 more)"]
    names = ("openssh", "openssh-clients", "openssh-server")
    [found] = together([counted], [event(packages=[(name, "9", "9.1") for name in names])])
    assert [one.name for one in found.packages] == [*names]
    [found] = together([row("CVE-2026-1 - openssh and 3 more")], [event(packages=[("openssh", "9", "")])])
    assert [one.name for one in found.packages] == ["openssh", "(3 more)"]


@pytest.mark.parametrize(
    "vulnerability", ["GHSA-jf85-cpcp-j695", "ALAS2023-2026-001", "RHSA-2026:0001", "SUSE-SU-2026:1-1", "KB5034441"]
)
def test_the_head_of_a_title_is_the_id_of_any_catalogue(vulnerability: str) -> None:
    assert row(f"{vulnerability} - openssl").vulnerability_id == vulnerability
    assert row("openssl - is old").vulnerability_id == ""


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:inspector2:us-east-1:999999999999:finding/ondemand/scan-1/1",
        "arn:aws:inspector2:eu-west-1:123456789012:finding/ondemand/scan-1/1",
        "arn:aws:inspector2:us-east-1:123456789012:finding/ondemand/scan-10/1",
        "arn:aws:inspector2:us-east-1:123456789012:finding/1",
        f"x{PREFIX}/1",
    ],
)
def test_a_finding_of_another_scan_account_or_region_is_not_its_own(arn: str) -> None:
    own = ami("ami-1", scan="scan-1")
    assert of_scan(own, f"{PREFIX}/1")
    assert not of_scan(own, arn)


severities = st.sampled_from(SEVERITIES)
labels = st.sampled_from(["informational", "low", "medium", "high", "critical", None])
dates = st.sampled_from(["2026-01-01T00:00:00Z", "2026-03-30T00:00:00Z", "2027-01-01T00:00:00Z", None])
names = st.sampled_from(["openssl", "openssl-libs", "bash"])
forged_events = st.fixed_dictionaries({
    "severity": st.sampled_from([*SEVERITIES, "none"]),
    "title": st.sampled_from([f"{CVE} - openssl", "the system is out of support", ""]),
    "type": st.sampled_from(["PACKAGE_VULNERABILITY", "NETWORK_REACHABILITY", "CODE_VULNERABILITY", "x"]),
    "status": st.sampled_from(["ACTIVE", "SUPPRESSED", "CLOSED"]),
    "fixAvailable": st.sampled_from(["YES", "NO", "PARTIAL", None]),
    "exploitAvailable": st.sampled_from(["YES", "NO", None]),
    "epss": st.sampled_from([{"score": 0.0}, {"score": 0.9}, None]),
    "firstObservedAt": dates,
    "packageVulnerabilityDetails": st.fixed_dictionaries({
        "vulnerabilityId": st.sampled_from([CVE, "CVE-2026-2", "", None]),
        "relatedVulnerabilities": st.lists(st.sampled_from(["CVE-2026-3", "x"]), max_size=2),
        "vulnerablePackages": st.lists(
            st.fixed_dictionaries({"name": names, "arch": st.sampled_from(["X86_64", ""]), "fixedInVersion": names}),
            max_size=3,
        ),
    }),
})  # fmt: skip
rows = st.builds(
    lambda title, label, fix, at: row(title, SeverityLabel=label, FixAvailable=fix, FirstObservedAt=at),
    st.sampled_from([f"{CVE} - openssl", f"{CVE} - openssl, openssl-libs", f"{CVE} - openssl and 1 more", CVE]),
    labels,
    st.sampled_from([True, False, None]),
    dates,
)
policies = st.builds(
    Policy,
    fail_on=st.builds(
        Threshold,
        severities=st.lists(severities, unique=True),
        known_exploited=st.sampled_from([None, True, False]),
        exploit_available=st.booleans(),
        epss=st.sampled_from([None, 0.5]),
        discontinued_os=st.booleans(),
    ),
    only_fixable=st.booleans(),
    grace_days=st.sampled_from([0, 30]),
    suppressed=st.sampled_from(["judge", "tolerate"]),
)


@settings(max_examples=400)
@given(
    alone=rows,
    forged=forged_events,
    policy=policies,
    excepted=st.sampled_from([None, "openssl", "x"]),
    known=st.booleans(),
)
def test_nothing_that_an_event_says_makes_a_row_better(
    alone: Finding, forged: dict[str, Any], policy: Policy, excepted: str | None, known: bool
) -> None:
    scope = {"package": excepted} if excepted else {"lineage": "other"}
    exceptions = ExceptionIndex([exception(CVE, "2026-12-31", **scope)])
    rules = AmiRules(ami("ami-1"), policy, exceptions, date(2026, 4, 2))
    [vulnerability, *_] = identities_of(alone)[0]
    packages = [(one, other) for _, one, other in identities_of(alone)]
    seen = Entry(vulnerability, packages, "anyPackages", alone.severity, "2026-02-01", "2026-03-01")

    def judged(finding: Finding) -> tuple[bool, bool]:
        one = evaluate(finding, rules, past_with(rules.ami, "2026-04-02", [seen] if known else []))
        return one.status.fails, bool(one.unknown)

    fails, unknown = judged(alone)
    found = [*joined([alone], [event(**forged)], policy.fail_on.severities)]
    after = [judged(one) for one in found]
    assert not fails or any(one[0] for one in after), "a FAIL stays one"
    assert not unknown or any(any(one) for one in after), "what is unknown stays so, or fails"


OUT_OF_SUPPORT = "Amazon Linux AMI 2018.03 is out of support"


def test_the_end_of_support_is_known_by_a_row_alone_and_counts_once() -> None:
    told = row(OUT_OF_SUPPORT, SeverityLabel="informational")
    detail = {"findingArn": f"{PREFIX}/1", "title": OUT_OF_SUPPORT, "severity": "INFORMATIONAL"}
    assert told.type == END_OF_SUPPORT
    [found] = together([told], [from_event(detail | {"type": "PACKAGE_VULNERABILITY"})])
    assert (found.type, found.source) == (END_OF_SUPPORT, BOTH)
    assert row(f"{CVE} - out of support").type == "PACKAGE_VULNERABILITY"


def of(vulnerability: str, package: str, **members: Any) -> Finding:
    vulnerable = {"vulnerabilityId": vulnerability, "vulnerablePackages": [{"name": package, "version": "1"}]}
    return event(title=f"{vulnerability} - {package}", packageVulnerabilityDetails=vulnerable, **members)


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_no_choice_of_names_gives_two_events_one_arn(order: tuple[int, ...]) -> None:
    events = [
        of(CVE, "golang.org/x/net", severity="CRITICAL"),
        of("CVE-0", "z", severity="LOW"),
        of(f"{CVE}/golang.org", "x/net", severity="LOW"),
    ]
    found = together([], [events[number] for number in order])
    assert len({one.arn for one in found}) == 3
    assert "CRITICAL" in {one.severity for one in found}


def test_a_row_takes_the_event_of_its_own_path() -> None:
    def at(number: int, path: str, version: str) -> Finding:
        package = {"name": "lodash", "version": version, "filePath": path}
        details = {"vulnerabilityId": CVE, "vulnerablePackages": [package]}
        return event(number, title=f"{CVE} - lodash", packageVulnerabilityDetails=details)

    rows = [row(f"{CVE} - lodash", Paths=[path]) for path in ("/b", "/a")]
    found = together(rows, [at(1, "/a", "1.0"), at(2, "/b", "2.0")])
    assert {(one.packages[0].path, one.packages[0].version) for one in found} == {("/a", "1.0"), ("/b", "2.0")}


@pytest.mark.parametrize("fix", ["YES", "PARTIAL"])
def test_a_fix_that_an_event_tells_of_counts(fix: str) -> None:
    [found] = together([row(FixAvailable=False)], [event(fixAvailable=fix)])
    assert found.fix_available == fix


def test_the_latest_exploit_that_is_known_counts() -> None:
    told = [event(exploitabilityDetails={"lastKnownExploitAt": at}) for at in ("2026-03-01T00:00:00Z", "")]
    for events in (told, told[::-1]):
        assert together([], events)[0].last_known_exploit_at.startswith("2026-03-01")
