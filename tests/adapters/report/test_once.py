"""What a run asks of the outside: recorded before, confirmed after, asked again only where it was not confirmed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import boto3
import msgspec
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError
from image_dates import ImageDates
from moto.sns.models import sns_backends
from report_world import Image, ami, exception, finding, package

from golden_ami.ledger import Ledger
from golden_ami.models import Act, Config, Reason

Answer = Callable[[str, dict[str, Any]], Any]


def _answering(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> list[tuple[str, Any]]:
    """Calls as they are made; `answer` gives AWS's where it gives one, and may raise."""
    calls: list[tuple[str, Any]] = []
    base: Any = BaseClient
    real = base._make_api_call

    def call(client: Any, name: str, given: dict[str, Any]) -> Any:
        calls.append((name, given))
        if name == "GetExecutionHistory":
            return {"events": []}
        found = answer(name, given)
        return real(client, name, given) if found is None else found

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    return calls


def _of(calls: list[tuple[str, Any]], name: str) -> list[Any]:
    return [given for called, given in calls if called == name]


def _acting(stack: Any, count: int = 2, **asked: bool) -> list[str]:
    images: list[Image] = [(ami(f"ami-{number}", lineage=f"{number}"), [finding("CVE-1")]) for number in range(count)]
    stack.open("run-1", images, Config(act=Act(dry_run=False, **asked)))
    return [f"ami-{number}" for number in range(count)]


def _quiet() -> Answer:
    """EC2 that takes tags and dates."""
    dates = ImageDates()
    return lambda name, given: {"Return": True} if name == "CreateTags" else dates.answer(name, given)


def test_a_retry_asks_for_nothing_again(stack: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    calls = _answering(monkeypatch, _quiet())
    _acting(stack, 12, tag_amis=True, events=True, deprecate=True)
    first, second = stack.aggregate("run-1"), stack.aggregate("run-1")
    assert first == second
    assert len(_of(calls, "CreateTags")) == len(_of(calls, "EnableImageDeprecation")) == 12
    assert [len(given["Entries"]) for given in _of(calls, "PutEvents")] == [10, 2]
    assert len(_of(calls, "Publish")) == 1
    assert capsys.readouterr().out.count('"CloudWatchMetrics"') == 1
    actions = {one["action"]: (one["amis"], one["done"]) for one in stack.report("run-1")["actions"]}
    assert actions == {"tag": (12, True), "deprecate": (12, True), "event": (12, True)}


def _dies_once(effect: str) -> Answer:
    """AWS does it, and the function dies before it can note so."""
    died: list[str] = []
    quiet = _quiet()

    def answer(name: str, given: dict[str, Any]) -> Any:
        if name == effect and not died:
            died.append(name)
            if name == "PutEvents":
                return None
        elif died == [effect] and name in ("PutItem", "BatchWriteItem") and "messageId" in json.dumps(given):
            died.append(name)
            raise KeyboardInterrupt
        return quiet(name, given)

    return answer


def test_what_died_between_is_sent_again_with_the_same_id(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _answering(monkeypatch, _dies_once("PutEvents"))
    _acting(stack, 3, events=True)
    with pytest.raises(KeyboardInterrupt):
        stack.aggregate("run-1")
    stack.aggregate("run-1")
    details = [[json.loads(entry["Detail"]) for entry in given["Entries"]] for given in _of(calls, "PutEvents")]
    assert len(details) == 2
    assert details[0] == details[1]
    assert len({detail["id"] for detail in details[0]}) == 3


def test_what_ec2_is_asked_twice_is_the_same(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _answering(monkeypatch, _dies_once("CreateTags"))
    _acting(stack, 1, tag_amis=True)
    with pytest.raises(KeyboardInterrupt):
        stack.aggregate("run-1")
    stack.aggregate("run-1")
    first, second = _of(calls, "CreateTags")
    assert first == second


def test_an_ami_is_deprecated_at_a_whole_minute_to_come(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _answering(monkeypatch, _quiet())
    _acting(stack, 1, deprecate=True)
    before = datetime.now(UTC)
    stack.aggregate("run-1")
    (given,) = _of(calls, "EnableImageDeprecation")
    at = given["DeprecateAt"]
    assert (at.second, at.microsecond) == (0, 0)
    assert at > before + timedelta(minutes=1)


def test_an_event_says_why_an_ami_was_not_assessed(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _answering(monkeypatch, _quiet())
    gone = Reason(code="AMI_NOT_FOUND", message="it does not exist", remedy="Correct the id.")
    stack.open("run-1", [(ami("ami-0a", reason=gone), None)], Config(act=Act(dry_run=False, events=True)))
    stack.aggregate("run-1")
    (detail,) = [json.loads(entry["Detail"]) for given in _of(calls, "PutEvents") for entry in given["Entries"]]
    assert (detail["verdict"], detail["reason"]) == ("NOT_ASSESSED", msgspec.to_builtins(gone))
    assert detail["id"] == str(uuid5(NAMESPACE_URL, f"{stack.execution}:run-1/ami-0a")), "of this execution only"


@pytest.mark.parametrize(("part", "call"), [("tag", "CreateTags"), ("event", "PutEvents")])
def test_an_endpoint_that_does_not_answer_fails_nothing(
    stack: Any, monkeypatch: pytest.MonkeyPatch, part: str, call: str
) -> None:
    def away(name: str, _: dict[str, Any]) -> Any:
        if name == call:
            raise EndpointConnectionError(endpoint_url="https://x")

    _acting(stack, 3, tag_amis=part == "tag", events=part == "event")
    with monkeypatch.context() as patch:
        _answering(patch, away)
        assert stack.aggregate("run-1")["succeeded"]
    (action,) = stack.report("run-1")["actions"]
    assert (action["action"], action["amis"], action["done"]) == (part, 0, False)
    assert action["detail"].startswith("0 of 3 done; 3 refused: ")
    calls = _answering(monkeypatch, _quiet())
    stack.aggregate("run-1")
    assert _of(calls, call), "a retry asks again"
    assert stack.report("run-1")["actions"][0]["done"]


def test_an_account_without_a_member_role_costs_its_own_amis(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _answering(monkeypatch, _quiet())
    images: list[Image] = [(ami("ami-1"), []), (ami("ami-2", lineage="b", account="222222222222"), [])]
    stack.open("run-1", images, Config(act=Act(dry_run=False, tag_amis=True)))
    assert stack.aggregate("run-1")["succeeded"]
    assert [given["Resources"] for given in _of(calls, "CreateTags")] == [["ami-1"]]
    (action,) = stack.report("run-1")["actions"]
    assert (action["amis"], action["done"]) == (1, False)
    assert "MemberRoleName" in action["detail"]


def test_the_message_is_recorded_before_it_is_sent(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str, _: dict[str, Any]) -> Any:
        if name == "Publish":
            assert not stack.ledger.sent("run-1", "results")
            assert "SENT#results" in {row["sk"] for row in stack.ledger.rows("run-1")}
            raise ClientError({"Error": {"Code": "InternalError"}}, name)

    with monkeypatch.context() as patch:
        _answering(patch, refused)
        _acting(stack)
        with pytest.raises(Exception, match="Publish"):
            stack.aggregate("run-1")
    stack.aggregate("run-1")
    assert len(stack.messages()) == 1
    assert stack.ledger.sent("run-1", "results")


def test_events_that_fail_one_by_one(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    rounds: list[int] = []

    def partly(name: str, given: dict[str, Any]) -> Any:
        if name != "PutEvents":
            return None
        rounds.append(len(given["Entries"]))
        codes = {"ami-1": "ThrottlingException" if len(rounds) < 3 else "", "ami-2": "AccessDeniedException"}
        answers = []
        for entry in given["Entries"]:
            code = codes.get(entry["Resources"][0], "")
            answers.append({"ErrorCode": code, "ErrorMessage": "no"} if code else {"EventId": "e"})
        return {"FailedEntryCount": sum("ErrorCode" in one for one in answers), "Entries": answers}

    _answering(monkeypatch, partly)
    _acting(stack, 4, events=True)
    stack.aggregate("run-1")
    (action,) = stack.report("run-1")["actions"]
    assert (action["amis"], action["done"]) == (3, False)
    assert action["detail"] == "3 of 4 done: ami-0, ami-1, ami-3; 1 refused: ami-2: AccessDeniedException: no"
    assert rounds == [4, 1, 1]
    stack.aggregate("run-1")
    assert rounds == [4, 1, 1, 1], "a retry asks for what was refused"


def test_an_event_that_is_throttled_for_ever_is_told(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    answer = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
    calls = _answering(monkeypatch, lambda name, _: answer if name == "PutEvents" else None)
    _acting(stack, 1, events=True)
    stack.aggregate("run-1")
    assert len(_of(calls, "PutEvents")) == 4
    assert stack.report("run-1")["actions"][0]["detail"].startswith(
        "0 of 1 done; 1 refused: ami-0: ThrottlingException"
    )


def test_a_request_stays_within_the_size_that_eventbridge_takes(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _answering(monkeypatch, lambda *_: None)
    reason = Reason(code="X", message="é" * 10_000, remedy="ü" * 10_000)
    names = [ami(f"ami-{number}", lineage=f"{number}", name="n" * 60_000, reason=reason) for number in range(9)]
    stack.open("run-1", [(one, None) for one in names], Config(act=Act(dry_run=False, events=True)))
    stack.aggregate("run-1")
    sizes = [sum(len(entry["Detail"].encode()) for entry in given["Entries"]) for given in _of(calls, "PutEvents")]
    assert len(sizes) > 1
    assert max(sizes) < 256_000


@pytest.mark.parametrize("fault", [EndpointConnectionError(endpoint_url="https://sns"), RuntimeError("ours")])
def test_whatever_an_owners_topic_does_costs_only_its_message(
    stack: Any, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    topic = stack.topics["payments"]

    def refused(name: str, given: dict[str, Any]) -> Any:
        if name == "Publish" and given["TopicArn"] == topic:
            raise fault

    _answering(monkeypatch, refused)
    stack.open("run-1", [(ami("ami-0a", tags={"Owner": "payments"}), [])], Config(routes={"payments": topic}))
    assert stack.aggregate("run-1")["succeeded"]
    assert len(stack.messages()) == 1
    (missing,) = stack.report("run-1")["run"]["incomplete"]
    assert missing["where"] == "message to payments"
    for named in (topic, "`routes`", "OwnerTopicArns"):
        assert named in missing["cause"]
    for file in ("report.html", "report.txt"):
        assert b"OwnerTopicArns" in stack.object(f"runs/run-1/{file}")


def test_an_owner_is_told_of_their_amis_alone(stack: Any) -> None:
    old = exception("CVE-9", "2026-01-01", lineage="db")
    config = Config(routes={"payments": stack.topics["payments"]}, exceptions=[old])
    mine = (ami("ami-0a", tags={"Owner": "payments"}), [finding("CVE-1", package("curl"), severity="LOW")])
    theirs = (ami("ami-0b", lineage="db", tags={"Owner": "data"}), [finding("CVE-2", package("sudo"))])
    stack.open("run-1", [mine, theirs], config)
    stack.aggregate("run-1")
    (whole,), (part,) = stack.messages(), stack.messages("payments")
    assert part["Subject"] == "Golden AMIs (payments): PASS - 1 pass"
    assert "1 golden AMI of payments - 0 fail, 0 not assessed, 1 pass" in part["Message"]
    for text in ("sudo", "CVE-9", "ami-0b"):
        assert text in whole["Message"]
        assert text not in part["Message"]
    assert "curl 3.0.7 -> 3.0.8 closes 1 finding" in part["Message"]


def test_a_topic_of_another_region_is_asked_there(stack: Any) -> None:
    topic = boto3.client("sns", region_name="eu-west-1").create_topic(Name="payments")["TopicArn"]
    stack.open("run-1", [(ami("ami-0a", tags={"Owner": "payments"}), [])], Config(routes={"payments": topic}))
    stack.aggregate("run-1")
    assert len(sns_backends["123456789012"]["eu-west-1"].topics[topic].sent_notifications) == 1


def test_an_owner_of_any_length_has_a_name_in_the_ledger(stack: Any) -> None:
    owner = "🦊" * 256
    config = Config(routes={owner: stack.topics["payments"]})
    stack.open("run-1", [(ami("ami-0a", tags={"Owner": owner}), [])], config)
    stack.aggregate("run-1")
    stack.aggregate("run-1")
    assert len(stack.messages("payments")) == 1


def test_a_fifo_topic_is_given_a_group_and_an_id(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _answering(monkeypatch, lambda name, _: {"MessageId": "m"} if name == "Publish" else None)
    topic = "arn:aws:sns:us-east-1:123456789012:owners.fifo"
    images: list[Image] = [
        (ami(f"ami-{owner}", lineage=owner, tags={"Owner": owner}), []) for owner in ("payments", "data")
    ]
    stack.open("run-1", images, Config(routes={"payments": topic, "data": topic}))
    stack.aggregate("run-1")
    given = [each for each in _of(calls, "Publish") if each["TopicArn"] == topic]
    assert all(each["MessageGroupId"] for each in given)
    identities = [each["MessageDeduplicationId"] for each in given]
    assert [len(each) for each in identities] == [64, 64]
    assert len({*identities}) == 2, "SNS would take one for the other, and drop it"


def test_a_name_that_was_noted_before_is_known(stack: Any) -> None:
    """Rows of an earlier version have the message's id alone."""
    ledger: Ledger = stack.ledger
    ledger._table.put({"pk": "RUN#r", "sk": "SENT#results", "messageId": "m"})
    assert ledger.sent("r", "results")
    ledger.intend("r", ["event#a", "event#b"])
    ledger.note_sent("r", {"event#a": "1"})
    assert ledger.all_sent("r", "event#") == {"event#a"}
