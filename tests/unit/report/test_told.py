"""What an owner is told of grace, exceptions, what was not assessed, and what was done."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest
from report_world import Image, World, ami, exception, finding, package

from golden_ami.models import Config, Policy, Reason
from golden_ami.report.mail import body
from golden_ami.report.model import AmiAction, Report
from golden_ami.report.notify import of_owner

WEB, PAY = {"Owner": "web"}, {"Owner": "payments"}
GONE = Reason(code="AMI_NOT_FOUND", message="it does not exist", remedy="correct the id")
FIRST, SECOND = "2026-04-01T03:00:00Z", "2026-04-08T03:00:00Z"


def _mails(report: Report) -> list[str]:
    """The message to the results topic, and that to the owner web."""
    return [body(report, []), body(of_owner(report, "web"), [], "web")]


def _line(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if f"{name} (" in line)


def test_every_ami_has_its_counts_a_pass_too(world: World) -> None:
    severities = ("CRITICAL", "HIGH", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")
    findings = [finding(f"CVE-{at}", severity=one) for at, one in enumerate(severities)]
    images: list[Image] = [
        (ami("ami-0a", name="bad", tags=WEB), findings),
        (ami("ami-0b", name="good", lineage="b", tags=WEB), findings[4:5]),
    ]
    for text in _mails(world.run("run-1", FIRST, images)):
        assert "FAIL  bad (ami-0a)  C1 H2 M1 L1 I1 U1: 1 critical, 2 high" in text
        assert _line(text, "good").strip() == "PASS  good (ami-0b)  C0 H0 M0 L1 I0 U0"


def test_a_pass_that_rests_on_grace_says_when_the_first_ends(world: World) -> None:
    graced = Config(policy=Policy(grace_days=10))
    world.run("run-1", FIRST, [(ami("ami-0a", tags=WEB), [finding("CVE-1")])], graced)
    image: Image = (ami("ami-0a", tags=WEB), [finding("CVE-1"), finding("CVE-2")])
    report = world.run("run-2", SECOND, [image], graced)
    (found,) = report.amis
    assert (found.verdict, found.grace, found.grace_until) == ("PASS", 2, "2026-04-11")
    assert found.notes == ["PASS rests on grace (graceDays) of 2 findings; the first of them counts from 2026-04-11"]
    for text in _mails(report):
        assert "PASS  ami-0a (ami-0a)  C0 H2 M0 L0 I0 U0: 2 in grace, the first until 2026-04-11" in text
    assert b'"grace":[2,"2026-04-11"]' in world.rendered("run-2", "html")
    assert b"grace until 2026-04-11" in world.rendered("run-2", "csv")
    (after,) = world.run("run-3", "2026-04-11T03:00:00Z", [image], graced).amis
    assert (after.verdict, after.failing, after.grace) == ("FAIL", 1, 1)


def test_a_fix_that_is_missing_is_no_grace(world: World) -> None:
    config = Config(policy=Policy(grace_days=10, only_fixable=True))
    unfixed = finding("CVE-1", package(fixed_in=""), fix_available="NO")
    report = world.run("run-1", FIRST, [(ami("ami-0a"), [unfixed])], config)
    assert (report.amis[0].grace, report.amis[0].grace_until, report.amis[0].notes) == (0, "", [])


@pytest.mark.parametrize(
    ("expires", "told"),
    [
        ("2026-03-31", "EXPIRED: CVE-1 of security@example.com expired on 2026-03-31; 1 finding counts again"),
        ("2026-04-15", "EXPIRING: CVE-1 of security@example.com accepts 1 finding; expires in 14 days"),
        ("2026-04-16", "1 exception holds"),
    ],
)
def test_an_owner_hears_of_the_exceptions_that_are_about_theirs(world: World, expires: str, told: str) -> None:
    config = Config(exceptions=[exception("CVE-1", expires, package="openssl"), exception("CVE-9", expires, ami="x")])
    images: list[Image] = [
        (ami("ami-0a", tags=WEB), [finding("CVE-1")]),
        (ami("ami-0b", lineage="b", tags=PAY), [finding("CVE-1")]),
        (ami("ami-0c", lineage="c", tags={"Owner": "other"}), []),
    ]
    report = world.run("run-1", FIRST, images, config)
    theirs = body(of_owner(report, "web"), [], "web")
    assert told in theirs
    assert "2 finding" not in theirs, "not of others' AMIs"
    assert "CVE-9" not in theirs
    assert "EXCEPTIONS" not in body(of_owner(report, "other"), [], "other")
    if expires > FIRST[:10]:
        assert "1 under an exception" in _line(theirs, "ami-0a")


def test_an_owner_hears_of_the_exceptions_of_what_was_not_assessed(world: World) -> None:
    soon = exception("CVE-1", "2026-04-04", lineage="web")
    later = exception("CVE-2", "2026-12-31", ami="ami-0a")
    config = Config(exceptions=[soon, later])
    report = world.run("run-1", FIRST, [(ami("ami-0a", tags=WEB, reason=GONE), None)], config)
    told = "CVE-1 of security@example.com matches nothing that was assessed; expires in 3 days; 1 AMI in its scope"
    for text in _mails(report):
        assert told in text
    assert "CVE-2" not in body(of_owner(report, "web"), [], "web"), "it is neither expired nor soon"


def test_the_last_known_verdict_of_what_is_not_assessed(world: World) -> None:
    world.run("run-1", FIRST, [(ami("ami-0a", name="web-7", tags=WEB), [finding("CVE-1")])])
    gone: list[Image] = [
        (ami("ami-0a", name="web-7", tags=WEB, reason=GONE), None),
        (ami("ami-0b", name="new", lineage="b", tags=WEB, reason=GONE), None),
    ]
    for run in ("run-2", "run-2"):  # and a repetition of the last step
        report = world.run(run, SECOND, gone)
    told = {found.ami_id: found.last_verdict and found.last_verdict.verdict for found in report.amis}
    assert told == {"ami-0a": "FAIL", "ami-0b": None}
    for text in _mails(report):
        assert "web-7 (ami-0a) (last FAIL on 2026-04-01)" in text
        assert "new (ami-0b)" in text
    assert b"(last FAIL on 2026-04-01)" in world.rendered("run-2", "html")
    rows = [*csv.DictReader(io.StringIO(world.rendered("run-2", "csv").decode("utf-8-sig")))]
    assert [row["title"] for row in rows if row["ami"] == "ami-0a"] == [
        "AMI_NOT_FOUND: it does not exist (last FAIL on 2026-04-01)"
    ]


def test_a_last_verdict_of_report_only_is_no_pass(world: World) -> None:
    world.run("run-1", FIRST, [(ami("ami-0a"), [])], Config(policy=Policy(report_only=True)))
    report = world.run("run-2", SECOND, [(ami("ami-0a", reason=GONE), None)])
    assert "last PASS (report only) on 2026-04-01" in body(report, [])


def test_a_repetition_does_not_take_its_own_first_attempt_for_the_last_run(world: World) -> None:
    world.run("run-1", FIRST, [(ami("ami-0a"), [])])
    report = world.run("run-1", FIRST, [(ami("ami-0a", reason=GONE), None)])
    assert report.amis[0].last_verdict is None


def test_what_was_done_is_said_of_each_ami(world: World) -> None:
    images: list[Image] = [(ami(f"ami-0{at}", name=at, lineage=at, tags=WEB), []) for at in "abc"]
    images.append((ami("ami-0d", name="theirs", lineage="d", tags=PAY), []))
    report = world.run("run-1", FIRST, images)
    for found in report.amis:
        found.actions = [AmiAction(action="tag", outcome="DONE", detail="tagged with the verdict")]
    report.amis[0].actions += [AmiAction(action="undeprecate", outcome="DONE", detail="the deprecation was taken back")]
    report.amis[1].actions += [AmiAction(action="undeprecate", outcome="REFUSED", detail="no; deploy X")]
    main, theirs = _mails(report)
    assert "tagged with the verdict (4): a (ami-0a), b (ami-0b), c (ami-0c), theirs (ami-0d)" in main
    assert "tagged with the verdict (3): a (ami-0a), b (ami-0b), c (ami-0c)" in theirs
    for text in (main, theirs):
        assert "the deprecation was taken back (1): a (ami-0a)" in text
        assert "undeprecate refused: no; deploy X (1): b (ami-0b)" in text
    with world.store.writing("runs/run-1/report.json", "application/json") as out:
        out.write(msgspec.json.encode(report))
    assert b"undeprecate, refused: no; deploy X" in world.rendered("run-1", "html")


def test_every_ami_with_a_critical_exploited_finding_is_named_with_its_id(world: World) -> None:
    exploited = finding("CVE-2021-44228", severity="CRITICAL", known_exploited_since="2021-12-10")
    mild = finding("CVE-2021-0002", severity="HIGH", known_exploited_since="2021-12-10")
    images: list[Image] = [
        (ami(f"ami-0{number:02}", name=f"web-{number}", lineage=f"{number}", tags=WEB), [exploited, mild])
        for number in range(40)
    ]
    images.append((ami("ami-0ff", name="calm", lineage="calm", tags=WEB), [mild]))
    for text in _mails(world.run("run-1", FIRST, images)):
        section = text.partition("CRITICAL AND KNOWN TO BE EXPLOITED\n")[2].partition("\n\n")[0]
        assert "FAIL  web-0 (ami-000): 1 (CVE-2021-44228)\n" in section
        assert [section.count(f"ami-0{number:02}") for number in range(40)] == [1] * 40
        assert "ami-0ff" not in section


def test_an_accepted_exploited_finding_is_named_as_such(world: World) -> None:
    exploited = finding("CVE-2021-44228", severity="CRITICAL", known_exploited_since="2021-12-10")
    config = Config(exceptions=[exception("CVE-2021-44228", "2099-01-01")])
    for text in _mails(world.run("run-1", FIRST, [(ami("ami-0a", tags=WEB), [exploited])], config)):
        assert "  PASS  ami-0a: 1 (none fails the AMI)\n" in text


def test_what_a_parameter_named_is_known_by_it(world: World) -> None:
    resolved = ami("ami-0a", name="web-7", lineage="/golden/web", parameter="/golden/web", tags=WEB)
    world.run("run-1", FIRST, [(resolved, [finding("CVE-1")])])
    unresolved = ami("resolve:ssm:/golden/web:4", name="web-7", lineage="/golden/web", key="p", tags=WEB, reason=GONE)
    (found,) = world.run("run-2", SECOND, [(unresolved, None)]).amis
    assert found.last_verdict
    assert found.last_verdict.verdict == "FAIL"


def test_a_renewed_exception_is_the_one_that_counts(world: World) -> None:
    """The earlier one may be removed; the finding is accepted until the later one ends."""
    config = Config(exceptions=[exception("CVE-1", "2026-04-04"), exception("CVE-1", "2027-04-04")])
    told = world.run("run-1", FIRST, [(ami("ami-0a", tags=WEB), [finding("CVE-1")])], config).exceptions
    assert [(one.status, one.matches) for one in told] == [("UNUSED", 0), ("ACTIVE", 1)]


def test_an_owners_upgrades_are_counted_over_all_their_packages(world: World) -> None:
    """An AMI's own list is cut; the sum is not of what is left of it."""
    images: list[Image] = []
    for number in range(2):
        names = [f"package-{(at + 7 * number) % 60:02}" for at in range(60)]
        found = [finding(f"CVE-{at}", package(name), severity="HIGH") for at, name in enumerate(names)]
        images.append((ami(f"ami-0{number}", lineage=f"{number}", tags=WEB), found))
    report = world.run("run-1", FIRST, images)
    theirs = of_owner(report, "web").upgrades
    assert [(one.package, one.closes, one.amis) for one in theirs] == [
        (one.package, one.closes, one.amis) for one in report.upgrades[: len(theirs)]
    ]
    assert {one.amis for one in theirs} == {2}


def test_what_a_pass_rests_on_is_said(world: World) -> None:
    no_fix = finding("CVE-2", package(fixed_in=""), severity="CRITICAL", fix_available="NO")
    hidden = finding("CVE-1", severity="CRITICAL", suppressed=True)
    policy = Policy(only_fixable=True, suppressed="tolerate")
    report = world.run("run-1", FIRST, [(ami("ami-0a", tags=WEB), [no_fix, hidden])], Config(policy=policy))
    for text in _mails(report):
        assert "C2 H0 M0 L0 I0 U0: 1 suppressed in Inspector; 1 tolerated by the policy\n" in text


def test_blanks_around_an_owner_are_no_part_of_it(world: World) -> None:
    report = world.run("run-1", FIRST, [(ami("ami-0a", tags={"Owner": " web\t"}), [])])
    assert report.amis[0].owner == "web"
