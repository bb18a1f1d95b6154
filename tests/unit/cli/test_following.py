"""A run followed by its history, page by page and poll by poll; interruptions; and what cancelling proves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from golden_ami.configuration.execution_input import started_by_of
from golden_ami_cli.account import Account
from golden_ami_cli.assessing import following
from golden_ami_cli.errors import INTERRUPTED, CommandError
from golden_ami_cli.runs.cancelling import CancelledRun, Proof
from golden_ami_cli.session import explained

ARN = "arn:aws:states:us-east-1:123456789012:execution:stack:run-1"


class States:
    """Step Functions, of which the history grows with every look."""

    meta = SimpleNamespace(endpoint_url="https://states.us-east-1.amazonaws.com")

    def __init__(self, grows: Iterable[int], page: int = 3) -> None:
        self.looks = iter(grows)
        self.page = page

    def get_paginator(self, name: str) -> States:
        assert name == "get_execution_history"
        return self

    def paginate(self, *, executionArn: str, reverseOrder: bool) -> Iterable[dict[str, Any]]:
        assert (executionArn, reverseOrder) == (ARN, True)
        count = next(self.looks)
        events = [{"id": n, "type": "ExecutionSucceeded" if n == 10 else "TaskStarted"} for n in range(count, 0, -1)]
        return [{"events": events[start : start + self.page]} for start in range(0, count, self.page)]


def account(states: States) -> Account:
    def client(service: str, region: str | None = None) -> Any:
        return states

    return Account("stack", "us-east-1", client, {})


class Starting:
    """STS and Step Functions, of which STS may not answer."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self.given: dict[str, Any] = {}

    def get_caller_identity(self) -> dict[str, str]:
        if not self.arn:
            raise EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com")
        return {"Arn": self.arn}

    def start_execution(self, **given: Any) -> dict[str, str]:
        self.given = json.loads(given["input"])
        return {"executionArn": ARN}


@pytest.mark.parametrize(
    ("arn", "told"),
    [
        ("a:user/me", {"startedBy": "a:user/me"}),
        ("", {}),
        ("x" * 600, {"startedBy": "x" * 256}),
    ],
    ids=["a user", "STS does not answer", "a long path"],
)
def test_a_start_says_who_starts(arn: str, told: dict[str, str]) -> None:
    starting = Starting(arn)
    account = Account("stack", "us-east-1", lambda *_: starting, {"StateMachineArn": "machine"})
    assert following.start(account, "P") == ARN
    assert starting.given == {"AMIsParamName": "P"} | told
    assert started_by_of(starting.given) == told.get("startedBy", "")


def test_every_event_is_told_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    told: list[int] = []
    following.follow(account(States([0, 4, 4, 9, 10])), ARN, lambda event: told.append(event["id"]))
    assert told == list(range(1, 11))
    assert slept == [5.0] * 4


def test_an_interrupt_says_that_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupted)
    with pytest.raises(CommandError, match="golden-ami cancel run-1") as raised:
        following.follow(account(States([2])), ARN, lambda _: None)
    assert raised.value.status == INTERRUPTED


@pytest.mark.parametrize(
    ("url", "seconds"),
    [("http://127.0.0.1:4566", 0.2), ("http://localhost:1", 0.2), ("https://states.x.amazonaws.com", 5.0)],
)
def test_only_the_embedded_aws_is_asked_often(url: str, seconds: float) -> None:
    states = States([])
    states.meta = SimpleNamespace(endpoint_url=url)
    assert following.poll_seconds(account(states)) == seconds


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        (Proof(gone=["i-1"], reported=True), ""),
        (Proof(alive=["i-1", "i-2"], reported=True), "--instance-ids i-1 i-2"),
        (Proof(unlisted=["ami-1"], reported=True), "cancel again"),
        (Proof(), "has not reported"),
        (Proof(elsewhere=["111122223333"], reported=True), "account 111122223333"),
    ],
)
def test_what_is_not_proven_is_said(proof: Proof, said: str) -> None:
    problem = CancelledRun("run-1", "RUNNING", proof).problem()
    assert said in problem
    assert bool(problem) == bool(said)
    assert CancelledRun("run-1", "RUNNING", proof).as_json()["running"] == proof.alive


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeStacks")


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (refused("ExpiredToken"), "sign in again"),
        (refused("InvalidClientTokenId"), "check --profile"),
        (refused("AccessDeniedException"), "have DescribeStacks allowed"),
        (refused("Teapot"), "--debug"),
        (NoCredentialsError(), "aws configure"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), "AWS_ENDPOINT_URL"),
    ],
)
def test_every_error_of_aws_has_a_remedy(error: Exception, remedy: str) -> None:
    assert remedy in str(explained(error))


def test_other_errors_are_not_explained_away() -> None:
    assert explained(ValueError("x")) is None
