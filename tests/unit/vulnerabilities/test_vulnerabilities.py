"""What is asked of Amazon Inspector about vulnerabilities, what is kept, and what findings become by it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import time_machine
from botocore.exceptions import ClientError, ConnectTimeoutError
from report_world import World, ami, finding

from golden_ami.models import AmiEntry, Config, Finding, Policy, Run, Threshold
from golden_ami.report.findings import findings_of
from golden_ami.storage.digests import NotedStore
from golden_ami.storage.keys import ANSWERS, vulnerabilities_key
from golden_ami.storage.objects import DirectoryStore
from golden_ami.vulnerabilities.answer import Answer, read, with_answers
from golden_ami.vulnerabilities.known import Known, known
from golden_ami.vulnerabilities.questions import questions
from golden_ami.vulnerabilities.search import Search

NOW = "2026-11-02T09:00:00Z"
ADDED = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = ["knownExploited", "exploitAvailable"]
LISTED = {"cisaData": {"dateAdded": ADDED, "dateDue": datetime(2026, 1, 22, tzinfo=UTC)}}
SEEN = {"epss": {"score": 0.4}, "exploitObserved": {"lastSeen": ADDED}}


class Inspector:
    """SearchVulnerabilities of a service that knows these; an exception is raised."""

    def __init__(self, rows: Mapping[str, Any] | None = None, error: Exception | None = None) -> None:
        self.rows, self.error = rows or {}, error
        self.asked: list[str] = []

    def search_vulnerabilities(self, filterCriteria: dict[str, list[str]]) -> dict[str, Any]:
        [cve] = filterCriteria["vulnerabilityIds"]
        self.asked.append(cve)
        if self.error:
            raise self.error
        return {"vulnerabilities": [{"id": cve} | self.rows[cve]] if cve in self.rows else []}


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "SearchVulnerabilities")


def on_image(vulnerability: str = "CVE-2026-1", **fields: Any) -> Finding:
    return finding(vulnerability, **({"unanswered": OPEN, "severity": "LOW"} | fields))


class Digests:
    """A ledger's row of the kept answers."""

    def __init__(self) -> None:
        self.noted = ""

    def note_answers(self, sha256: str) -> None:
        self.noted = sha256

    def answers_digest(self) -> str:
        return self.noted


class Kept(NamedTuple):
    """What outlives a run."""

    store: DirectoryStore
    digests: Digests


def answer(cve: str = "CVE-2026-1", **fields: Any) -> dict[str, Answer]:
    return {cve: Answer(id=cve, at=NOW, **({"known": True} | fields))}


# ---------------------------------------------------------------- what is asked


@pytest.mark.parametrize(
    ("rules", "fields", "asked"),
    [
        ({}, {}, ["CVE-2026-1"]),
        ({"known_exploited": False}, {}, []),
        ({"known_exploited": False, "exploit_available": True}, {}, ["CVE-2026-1"]),
        ({"known_exploited": False, "epss": 0.5}, {}, ["CVE-2026-1"]),
        ({"known_exploited": False, "epss": 0.5}, {"epss": 0.1, "unanswered": []}, []),
        ({"known_exploited": False, "epss": 0.5}, {"epss": 0.1, "unanswered": ["epss"]}, ["CVE-2026-1"]),
        ({}, {"unanswered": []}, []),
        ({}, {"type": "CIS"}, []),
        ({}, {"vulnerability_id": "GHSA-jf85-cpcp-j695", "related": ["CVE-2026-2", "x"]}, ["CVE-2026-2"]),
        ({}, {"vulnerability_id": "CVE-3026-1"}, []),
        ({}, {"vulnerability_id": "CVE-2026-1\n"}, []),
    ],
)
def test_only_what_a_rule_needs_is_asked(rules: dict[str, Any], fields: dict[str, Any], asked: list[str]) -> None:
    assert questions(on_image(**fields), Policy(fail_on=Threshold(**rules))) == asked


def test_each_id_is_asked_once() -> None:
    inspector = Inspector({"CVE-2026-1": LISTED})
    found = Search(inspector).ask(["CVE-2026-1", "CVE-2026-2"])
    assert sorted(inspector.asked) == ["CVE-2026-1", "CVE-2026-2"]
    assert [(one.id, one.known, one.known_exploited_since) for one in found] == [
        ("CVE-2026-1", True, "2026-01-01T00:00:00Z"),
        ("CVE-2026-2", False, ""),
    ]


@pytest.mark.parametrize(
    ("fault", "most"),
    [
        (error("ThrottlingException"), 20),
        (error("AccessDeniedException"), 10),
        (ConnectTimeoutError(endpoint_url="x"), 20),
    ],
)
def test_a_service_that_does_not_answer_is_left_alone(fault: Exception, most: int) -> None:
    inspector = Inspector(error=fault)
    search = Search(inspector)
    assert search.ask([f"CVE-2026-{number}" for number in range(500)]) == []
    assert len(inspector.asked) <= most
    assert "SearchVulnerabilities" in search.problem
    assert ("allow inspector2:SearchVulnerabilities" in search.problem) == ("Denied" in str(fault))


def test_an_id_that_is_refused_costs_no_other() -> None:
    inspector = Inspector(error=error("ValidationException"))
    search = Search(inspector)
    assert search.ask([f"CVE-2026-{number}" for number in range(20)]) == []
    assert (len(inspector.asked), search.problem) == (20, "")


def test_nothing_is_asked_after_the_time_for_it() -> None:
    inspector = Inspector()
    search = Search(inspector, seconds=0)
    assert search.ask(["CVE-2026-1"]) == []
    assert inspector.asked == []
    assert "time" in search.problem


# ---------------------------------------------------------------- what an answer says


def test_an_empty_answer_says_only_that_cisa_does_not_list_it() -> None:
    told = read("CVE-2026-1", {"vulnerabilities": []}, NOW)
    assert told == Answer(id="CVE-2026-1", at=NOW)
    found = with_answers(on_image(), {told.id: told})
    assert (found.known_exploited_since, found.epss, found.unanswered) == ("", None, ["exploitAvailable"])


@pytest.mark.parametrize("response", [{}, {"vulnerabilities": [{"id": "CVE-2026-9"}]}])
def test_an_answer_of_something_else_is_none(response: dict[str, Any]) -> None:
    assert read("CVE-2026-1", response, NOW) is None


def test_an_answer_fills_the_finding() -> None:
    told = read("CVE-2026-1", {"vulnerabilities": [{"id": "CVE-2026-1"} | LISTED | SEEN]}, NOW)
    assert told
    found = with_answers(on_image(), {told.id: told})
    assert (found.known_exploited_since, found.known_exploited_due) == ("2026-01-01T00:00:00Z", "2026-01-22T00:00:00Z")
    assert (found.epss, found.exploit_available, found.unanswered) == (0.4, True, [])
    assert found.last_known_exploit_at == "2026-01-01T00:00:00Z"


def test_a_vulnerability_that_cisa_lists_without_a_date_is_listed() -> None:
    told = read("CVE-2026-1", {"vulnerabilities": [{"id": "CVE-2026-1", "cisaData": {"action": "patch"}}]}, NOW)
    assert told
    assert told.known_exploited_since == NOW


def test_what_no_service_said_stays_open() -> None:
    assert with_answers(on_image(), {}) == with_answers(on_image(), answer("CVE-2026-2")) == on_image()
    found = with_answers(on_image(), answer(epss=None))
    assert (found.epss, found.unanswered) == (None, [])


def test_of_several_answers_the_worst_counts_and_each_is_needed() -> None:
    several = on_image("GHSA-a", vulnerability_id="GHSA-a", related=["CVE-2026-1", "CVE-2026-2"])
    found = with_answers(several, answer(known_exploited_since=NOW, epss=0.9))
    assert (found.known_exploited_since, found.epss) == (NOW, 0.9)
    assert found.unanswered == [*OPEN, "epss"]
    found = with_answers(several, answer(epss=0.1) | answer("CVE-2026-2", epss=0.9))
    assert (found.epss, found.unanswered) == (0.9, [])


def test_a_low_score_of_an_event_is_no_answer() -> None:
    told = on_image(epss=0.0, unanswered=[*OPEN, "epss"])
    assert with_answers(told, answer(epss=None)).unanswered == ["epss"]
    found = with_answers(told, answer(epss=0.7))
    assert (found.epss, found.unanswered) == (0.7, [])


# ---------------------------------------------------------------- a run


def a_run(policy: Policy | None = None) -> Run:
    return Run(
        run_id="r",
        execution_arn="",
        started_at=NOW,
        account="1",
        region="us-east-1",
        parameter="P",
        config=Config(policy=policy or Policy()),
        batches=[],
        ami_count=2,
        needs_instances=False,
    )


def asked_of(kept: Kept, inspector: Inspector, policy: Policy | None = None, **fields: Any) -> Known:
    """The answers for two AMIs whose findings leave the same id open, and one more."""
    amis = [ami(key, run_id="r", engine="ami", findings_key="k", **fields) for key in ("ami-1", "ami-2")]
    for one in amis:
        with kept.store.writing(vulnerabilities_key("r", one.key), "application/json") as out:
            out.write(msgspec.json.encode(["CVE-2026-1", f"CVE-2026-{one.key[-1]}1"]))
    return known(a_run(policy), amis, NotedStore(kept.store), kept.digests, lambda: inspector)


def test_an_id_of_many_amis_is_asked_once_a_run_and_kept_for_a_day(tmp_path: Path) -> None:
    kept, inspector = Kept(DirectoryStore(tmp_path), Digests()), Inspector({"CVE-2026-1": LISTED | SEEN})
    with time_machine.travel(NOW, tick=False) as clock:
        first = asked_of(kept, inspector)
        assert sorted(inspector.asked) == ["CVE-2026-1", "CVE-2026-11", "CVE-2026-21"]
        clock.shift(timedelta(hours=23))
        assert asked_of(kept, inspector) == first
        assert len(inspector.asked) == 3
        clock.shift(timedelta(hours=2))
        asked_of(kept, inspector)
        assert len(inspector.asked) == 6


def test_once_listed_a_vulnerability_stays_so_when_no_answer_comes(tmp_path: Path) -> None:
    kept = Kept(DirectoryStore(tmp_path), Digests())
    with time_machine.travel(NOW, tick=False) as clock:
        asked_of(kept, Inspector({"CVE-2026-1": LISTED | SEEN}))
        clock.shift(timedelta(days=400))
        later = asked_of(kept, Inspector(error=error("ThrottlingException")))
        assert later.answers.keys() == {"CVE-2026-1"}
        assert (later.answers["CVE-2026-1"].known, later.answers["CVE-2026-1"].epss) == (False, None)
        assert later.answers["CVE-2026-1"].known_exploited_since == "2026-01-01T00:00:00Z"
        assert "ThrottlingException" in later.problem
        again = asked_of(kept, Inspector({"CVE-2026-1": SEEN}))
        assert again.answers["CVE-2026-1"].known_exploited_since == "2026-01-01T00:00:00Z"
        assert again.answers["CVE-2026-1"].epss == 0.4


@pytest.mark.parametrize(
    "written", [b"{\n", b"", b'{"id":"\xff\xfe","at":""}\n', b'{"id":"CVE-2026-1","at":"2026-11-02T08:59:00Z"}\n']
)
@pytest.mark.parametrize("noted", [False, True])
def test_kept_answers_that_were_changed_are_asked_again(tmp_path: Path, written: bytes, noted: bool) -> None:
    kept, inspector = Kept(DirectoryStore(tmp_path), Digests()), Inspector({"CVE-2026-1": LISTED})
    with time_machine.travel(NOW, tick=False):
        if noted:
            asked_of(kept, inspector)
        with kept.store.writing(ANSWERS, "") as out:
            out.write(written)
        found = asked_of(kept, inspector)
    assert found.answers["CVE-2026-1"].known_exploited_since == "2026-01-01T00:00:00Z"
    assert len(found.answers) == 3


def test_an_answer_of_the_future_is_asked_again(tmp_path: Path) -> None:
    kept, inspector = Kept(DirectoryStore(tmp_path), Digests()), Inspector()
    with time_machine.travel(NOW, tick=False) as clock:
        asked_of(kept, inspector)
        clock.shift(timedelta(hours=-1))
        asked_of(kept, inspector)
    assert len(inspector.asked) == 6


@pytest.mark.parametrize(
    ("policy", "fields"),
    [
        (Policy(fail_on=Threshold(known_exploited=False)), {}),
        (Policy(report_only=True), {}),
        (None, {"findings_key": ""}),
        (None, {"entry": AmiEntry(ami_id="a", policy=Policy(fail_on=Threshold(known_exploited=False)))}),
    ],
)
def test_nothing_is_asked_that_no_policy_needs(tmp_path: Path, policy: Policy | None, fields: dict[str, Any]) -> None:
    inspector = Inspector()
    amis = [ami("ami-1", **({"run_id": "r", "engine": "ami", "findings_key": "k"} | fields))]
    store = DirectoryStore(tmp_path)
    with store.writing(vulnerabilities_key("r", "ami-1"), "") as out:
        out.write(b'["CVE-2026-1"]')
    assert known(a_run(policy), amis, NotedStore(store), Digests(), lambda: inspector) == Known({})
    assert inspector.asked == []


# ---------------------------------------------------------------- the report


def test_the_verdict_and_every_format_know_what_was_answered(tmp_path: Path) -> None:
    world = World(tmp_path)
    answers = Known(answer(known_exploited_since=NOW, epss=0.4), "the service throttles")
    images = [(ami("ami-1", engine="ami"), [on_image(), on_image("CVE-2026-2")])]
    report = world.run("r", NOW, images, known=answers)
    [one] = report.amis
    assert (one.verdict, one.known_exploited, one.rules) == ("FAIL", 1, {"known exploited (CISA KEV)": 1})
    assert "the service throttles" in one.notes
    assert next(item for item in one.evidence if item.kind == "exploitData").status == "MISSING"
    first, second = [found for found, _ in findings_of(world.store, one)]
    assert (first.known_exploited_since, first.epss, first.unanswered) == (NOW, 0.4, [])
    assert second == on_image("CVE-2026-2")
    assert NOW[:10] in world.rendered("r", "csv").decode()
