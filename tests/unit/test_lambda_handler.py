"""The edge of a function: its settings, its clients by execution environment, and the context of its log."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from golden_ami.contracts import FunctionAnswer, FunctionEvent
from golden_ami.errors import InvalidEnvironment, InvalidEvent, Throttled
from golden_ami.lambda_handler import _MOST, Stack, _clients, lambda_handler
from golden_ami.logs import logger
from golden_ami.settings import ALWAYS, REQUIRED

FUNCTIONS = Path(__file__).parents[2] / "functions"
VARIABLES = {
    "region": "AWS_REGION",
    "account": "ACCOUNT_ID",
    "ledger_table": "LEDGER_TABLE",
    "stack": "STACK_NAME",
    "bucket": "REPORT_BUCKET",
    "complete_topic": "COMPLETE_TOPIC_ARN",
    "results_topic": "RESULTS_TOPIC_ARN",
    "instance_profile": "INSTANCE_PROFILE",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what every function needs."""
    for field, variable in VARIABLES.items():
        monkeypatch.delenv(variable, raising=False)
        if field in ALWAYS:
            monkeypatch.setenv(variable, "eu-central-1" if field == "region" else f"the-{field}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "first")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


class Event(FunctionEvent):
    """Anything."""


class Answer(FunctionAnswer):
    """An empty object."""


_given = list[Stack]()  # to the functions, at each invocation


@lambda_handler(Event, "bucket")
def _bucket(event: Event, stack: Stack) -> Answer:
    _given.append(stack)
    return Answer()


@lambda_handler(Event)
def _plain(event: Event, stack: Stack) -> Answer:
    logger.warning("here")
    _given.append(stack)
    return Answer()


def bucket(event: object, context: object) -> Stack:
    assert _bucket(event, context) == {}
    return _given.pop()


def plain(event: object, context: object) -> Stack:
    assert _plain(event, context) == {}
    return _given.pop()


def test_the_variables_are_those_of_the_fields() -> None:
    assert VARIABLES.keys() == REQUIRED


@pytest.mark.parametrize("field", sorted(ALWAYS))
def test_what_every_function_needs(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    monkeypatch.setenv(VARIABLES[field], "")
    with pytest.raises(InvalidEnvironment, match=f"^{VARIABLES[field]} is not set; deploy the function with template"):
        plain({}, None)


def test_a_function_asks_for_what_it_needs_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plain({}, None).settings.bucket == ""
    with pytest.raises(InvalidEnvironment, match="REPORT_BUCKET is not set"):
        bucket({}, None)
    monkeypatch.setenv("REPORT_BUCKET", "reports")
    assert bucket({}, None).settings.bucket == "reports"


def test_a_warm_start_keeps_its_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    first = plain({}, None).clients
    assert plain({}, None).clients is first
    monkeypatch.setenv("SUBNET_IDS", "subnet-0a1b2c3d")
    assert plain({}, None).clients is first, "they are not made from it"
    found = [first]
    for variable in ("AWS_ACCESS_KEY_ID", "ACCOUNT_ID", "AWS_REGION", "MEMBER_ROLE_NAME", "MEMBER_EXTERNAL_ID"):
        monkeypatch.setenv(variable, "other")
        found.append(plain({}, None).clients)
    assert len({id(clients) for clients in found}) == len(found), "each of another execution environment"


def test_clients_of_accounts_long_closed_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(_MOST + 5):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"opening-{number}")
        plain({}, None)
    assert len(_clients) == _MOST


def test_each_line_names_run_request_and_cold_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-this-test")
    for handler in logger._logger.handlers:
        monkeypatch.setattr(handler, "stream", SimpleNamespace(write=print, flush=lambda: None), raising=False)
    context: Any = SimpleNamespace(function_name="check-run", aws_request_id="request-1")
    plain({"runId": "run-1"}, context)
    plain({"detail": {"name": "run-2"}}, context)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    told = [(line["run_id"], line["function"], line["function_request_id"], line["cold_start"]) for line in lines]
    assert told == [("run-1", "check-run", "request-1", True), ("run-2", "check-run", "request-1", False)]


def test_what_follows_an_invocation_is_not_told_as_its_own() -> None:
    plain({"runId": "run-1"}, None)
    with pytest.raises(InvalidEvent):
        plain([], None)
    assert not logger.thread_safe_get_current_keys()


def test_a_setting_is_missed_before_the_event_is_read() -> None:
    with pytest.raises(InvalidEnvironment):
        bucket([], None)
    with pytest.raises(InvalidEvent):
        plain([], None)


def test_errors_of_aws_have_our_names() -> None:
    from botocore.exceptions import ClientError

    @lambda_handler(Event)
    def refused(event: Event, stack: Stack) -> Answer:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "GetItem")

    with pytest.raises(Throttled):
        refused({}, None)


def test_only_the_edge_reads_the_environment() -> None:
    readers = {
        path.relative_to(FUNCTIONS).as_posix()
        for path in FUNCTIONS.rglob("*.py")
        if re.search(r"\b(environ|getenv)\b\W", path.read_text().replace("environ:", "").replace("environ is", ""))
    }
    assert readers == {"golden_ami/lambda_handler.py", "golden_ami/settings.py"}
