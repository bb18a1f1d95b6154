"""Events as types: what is decoded, what is refused and how, and what is answered."""

from __future__ import annotations

import importlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami.contracts import decode, encode
from golden_ami.errors import InvalidEvent
from golden_ami.models import Waits
from handlers import aggregate, check_run, launch_instances, load_config, on_execution_end, reap, resume

HANDLERS = sorted(path.stem for path in (Path(__file__).parents[2] / "functions" / "handlers").glob("[!_]*.py"))
LOADED = {"runId": "r", "executionArn": "a", "startedAt": "2026-01-01T00:00:00Z"}
STATUS_CHANGE = "a Step Functions Execution Status Change passes a text here"


def refusal(event: object, kind: Any) -> str:
    with pytest.raises(InvalidEvent) as caught:
        decode(event, kind)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "event", "said"),
    [
        (launch_instances.Event, {"batch": "b"}, "runId: None; the state machine passes a text here"),
        (launch_instances.Event, {"runId": "r", "batch": ""}, "batch: ''; the state machine passes a text here"),
        (launch_instances.Event, {"runId": "r", "batch": 3}, "batch: 3; the state machine passes a text here"),
        (launch_instances.Event, [], "runId: None; the state machine passes a text here"),
        (load_config.Event, LOADED, "input: None; the state machine passes any JSON here"),
        (reap.Event, {"dryRun": "yes"}, "dryRun: 'yes'; the schedule or a person passes true or false here"),
        (reap.Event, [], "the event cannot be read: Expected `object`, got `array`"),
        (on_execution_end.Event, {}, f"detail.name: None; {STATUS_CHANGE}"),
        (on_execution_end.Event, {"detail": "x"}, f"detail.name: None; {STATUS_CHANGE}"),
        (on_execution_end.Event, {"detail": {"name": "r", "cause": 1}}, f"detail.cause: 1; {STATUS_CHANGE}"),
    ],
)
def test_a_refusal_names_the_member_and_its_value(kind: Any, event: object, said: str) -> None:
    assert refusal(event, kind) == said


def test_a_long_value_is_cut() -> None:
    assert len(refusal({"runId": ["x" * 10_000] * 1000}, check_run.Event)) < 300


def test_half_a_surrogate_pair_in_a_name_is_refused() -> None:
    assert "cannot be read" in refusal({"runId": "r", "\ud800": 1}, check_run.Event)


@pytest.mark.parametrize("given_input", [None, 7, "x", [[[]]], {"\ud800": 1}, {"AMIsParamName": 3}])
def test_any_json_may_be_an_input(given_input: object) -> None:
    assert decode({**LOADED, "input": given_input}, load_config.Event).input is given_input


def test_an_end_without_error_cause_and_input_is_read() -> None:
    detail = {"name": "r", "executionArn": "a", "status": "SUCCEEDED", "startDate": 1767225600000}
    event = {"time": "2026-01-01T01:00:00Z", "detail": {**detail, "error": None, "cause": None, "input": None}}
    ended = decode(event, on_execution_end.Event).ended()
    assert (ended.started_at, ended.at) == ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")
    assert (ended.error, ended.cause, ended.input) == ("", "", "")


def test_a_run_is_reported_of_which_only_the_id_is_known() -> None:
    assert decode({"runId": "r"}, aggregate.Event).state is None


def test_a_record_that_cannot_be_read_does_not_keep_the_others() -> None:
    records = [None, {"Sns": 3}, {"Sns": {"Message": "{}"}}]
    assert decode({"Records": records}, resume.Event).records == records


def test_an_answer_has_every_member_in_camel_case() -> None:
    look = load_config.FirstLook(next_look_seconds=5)
    answer = load_config.Answer(
        assessable=0, needs_instances=False, batches=[], waits=Waits(), assessment=look, duplicate_of=""
    )
    members = encode(answer)
    assert list(members) == ["assessable", "needsInstances", "batches", "waits", "assessment", "duplicateOf"]
    assert members["assessment"] == {"nextLookSeconds": 5}
    assert members["waits"]["bootSeconds"] == 240


texts = st.text(max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
events = values | st.fixed_dictionaries({}, optional=dict.fromkeys(("runId", "batch", "detail", "dryRun"), values))


@pytest.mark.parametrize("name", HANDLERS)
@given(event=events)
def test_any_event_is_taken_or_refused(name: str, event: object) -> None:
    with suppress(InvalidEvent):
        decode(event, importlib.import_module(f"handlers.{name}").Event)
