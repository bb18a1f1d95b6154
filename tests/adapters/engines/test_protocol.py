"""The completion protocol: messages early, late, twice, forged or for strangers, and a mixed run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from golden_ami.engines.registry import traits
from golden_ami.errors import EngineUnavailable
from golden_ami.models import Engine, Waits
from golden_ami.scans.callback import resume
from golden_ami_emulator.world import Behaviour

Make = Callable[..., Any]
A, B, C = "ami-11111111", "ami-22222222", "ami-33333333"


def forged(instance_id: str, **members: Any) -> str:
    counts = {"CRITICAL": 0, "HIGH": 0, "MEDIUM": 0, "TOTAL": 0}
    detail = {"scan-status": "INITIAL_SCAN_COMPLETE", "instance-id": instance_id, "finding-severity-counts": counts}
    event = {"source": "aws.inspector2", "detail-type": "Inspector2 Scan", "account": "123456789012", "detail": detail}
    return json.dumps(event | members)


def prepared(harness: Any, engine: Engine = "instance", **config: Any) -> Any:
    harness.open(engine, **config)
    harness.assessment.ensure("run-1")
    if traits(engine).needs_instances:
        harness.launch()
        harness.wait_for_agents()
    return harness.ledger.amis("run-1")[0]


def test_a_scan_that_was_seen_to_be_over_is_not_awaited(make: Make) -> None:
    """No message came, and none will: a poll has recorded its end."""
    harness = make()
    harness.deliver = False
    ami = prepared(harness)
    harness.start("run-1", "t")
    harness.ledger.update_ami(harness.ledger.amis("run-1")[0], scan_status="COMPLETED")
    harness.callbacks.waiting = "t2"
    assert harness.await_completion("run-1", "t2")
    assert harness.ledger.outstanding("run-1") == []
    assert ami.instance_id


def test_a_forged_completion_costs_one_look_and_ends_nothing(make: Make) -> None:
    harness = make()
    ami = prepared(harness)
    harness.callbacks.waiting = "t"
    harness.start("run-1", "t")
    assert harness.receive(forged(ami.instance_id)) == 1
    assert harness.assessment.check("run-1") == (False, False, [], [], 0, 1, 0, 300)
    harness.callbacks.waiting = "t2"
    assert not harness.start("run-1", "t2")  # it sleeps again; no hot loop
    harness.callbacks.waiting = ""
    harness.assess()
    [ami] = harness.ledger.amis("run-1")
    assert (ami.scan_status, ami.findings_total) == ("COMPLETED", 1)  # the true message's count


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "AccessDeniedException"])
def test_an_answer_that_fails_is_a_fault_and_the_next_one_resumes(
    make: Make, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    harness = make()
    ami = prepared(harness)
    harness.callbacks.waiting = "t"
    harness.start("run-1", "t")

    def fail(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "SendTaskSuccess")

    with monkeypatch.context() as failing:
        failing.setattr(harness.callbacks, "send_task_success", fail)
        with pytest.raises(ClientError, match=code):
            harness.receive(forged(ami.instance_id))
    assert harness.callbacks.answered == []
    assert harness.receive(forged(ami.instance_id)) == 1
    assert harness.callbacks.answered == ["t"]


def test_a_completion_that_inspector_confirms_later_keeps_its_count(make: Make) -> None:
    harness = make()
    ami = prepared(harness)
    harness.start("run-1", "t")
    counts = {"TOTAL": 7}
    detail = {"scan-status": "INITIAL_SCAN_COMPLETE", "instance-id": ami.instance_id}
    harness.receive(forged(ami.instance_id, detail=detail | {"finding-severity-counts": counts}))
    harness.assessment.check("run-1")
    harness.deliver = False
    harness.assess()
    [ami] = harness.ledger.amis("run-1")
    assert ami.findings_total == 7


def test_a_completion_before_start_run_counts(make: Make) -> None:
    harness = make(behaviours={"*": Behaviour(scan_seconds=10)})
    ami = prepared(harness)  # the scan ends while agents are awaited
    harness.callbacks.waiting = "t"
    assert harness.start("run-1", "t")
    assert harness.callbacks.answered == ["t"]
    state = harness.assessment.check("run-1")
    assert (state.over, state.collect, state.batches, state.completed, state.running) == (True, True, [ami.batch], 1, 0)


@pytest.mark.parametrize("engine", ["classic", "instance", "ami"])
def test_twice_is_once(make: Make, engine: Engine) -> None:
    harness = make(behaviours={"*": Behaviour(events=("complete", "complete"))})
    [ami] = harness.run(engine)
    assert ami.counts == {"HIGH": 1}
    assert len(harness.callbacks.answered) == 1


def test_an_answer_after_the_wait_is_a_no_op(make: Make) -> None:
    harness = make()
    ami = prepared(harness)
    harness.start("run-1", "t")  # nobody sleeps on it: the wait has timed out
    assert harness.receive(forged(ami.instance_id)) == 0
    assert harness.callbacks.answered == []


def test_another_accounts_message_is_ignored_unless_members_are_scanned(make: Make) -> None:
    harness = make()
    ami = prepared(harness)
    harness.callbacks.waiting = "t"
    harness.start("run-1", "t")
    foreign = forged(ami.instance_id, account="999999999999")
    assert harness.receive(foreign) == 0
    members = replace(harness.settings, member_accounts=("999999999999",))
    assert resume([{"Sns": {"Message": foreign}}], members, harness.clients, harness.ledger) == 1


@pytest.mark.parametrize(
    "records",
    [None, [], "x", {}, [None, {}, {"Sns": None}, {"Sns": {"Message": 1}}],
     [{"Sns": {"Message": '{"event": "ENABLE_ASSESSMENT_NOTIFICATIONS", "template": "t"}'}}]],
)  # fmt: skip
def test_garbage_is_ignored(make: Make, records: Any) -> None:
    harness = make()
    assert resume(records, *harness.stack) == 0


def test_a_stranger_resumes_nobody(make: Make) -> None:
    harness = make()
    prepared(harness)
    harness.callbacks.waiting = "t"
    harness.start("run-1", "t")
    assert harness.receive(forged("i-0123456789abcdef0")) == 0
    assert harness.callbacks.waiting == "t"


def test_engines_mix_in_one_run(make: Make) -> None:
    harness = make()
    harness.open("instance", [A])
    ledger = harness.ledger
    rows = [harness.ami("run-2", A, "classic"), harness.ami("run-2", B, "instance"), harness.ami("run-2", C, "ami")]
    run = ledger.run("run-1")
    import msgspec

    ledger.open_run(msgspec.structs.replace(run, run_id="run-2"), rows)
    harness.assessment.ensure("run-2")
    harness.launch("run-2")
    assert harness.wait_for_agents("run-2").ready == 2
    assert harness.assess("run-2").completed == 3


def test_an_engine_that_cannot_be_used_costs_only_its_own_amis(make: Make) -> None:
    harness = make(inspector_enabled=False)
    harness.open("instance", [A])
    import msgspec

    run = msgspec.structs.replace(harness.ledger.run("run-1"), run_id="run-2")
    harness.ledger.open_run(run, [harness.ami("run-2", A, "instance"), harness.ami("run-2", B, "ami")])
    harness.assessment.ensure("run-2")
    first, second = harness.ledger.amis("run-2")
    assert first.reason
    assert first.reason.code == "ENGINE_UNAVAILABLE"
    assert "aws inspector2 enable" in first.reason.message
    assert second.reason is None
    assert harness.assess("run-2").completed == 1
    with pytest.raises(EngineUnavailable):
        harness.assessment.ensure("run-1")


def test_deadlines_are_set_once(make: Make) -> None:
    harness = make(behaviours={"*": Behaviour(events=(), scan_result="INTERNAL_ERROR")})
    harness.deliver = False
    prepared(harness, waits=Waits(completion_deadline_seconds=1000, poll_seconds=300))
    harness.start("run-1", "t")
    before = harness.ledger.run("run-1")
    harness.clock.advance(300)
    harness.assessment.check("run-1")
    harness.start("run-1", "t2")
    assert harness.ledger.run("run-1") == before
    harness.clock.advance(700)
    assert harness.assessment.check("run-1").over
    [ami] = harness.ledger.amis("run-1")
    assert ami.reason
    assert ami.reason.code == "COMPLETION_DEADLINE"


def test_an_ami_lost_in_a_failed_launch_is_left_to_the_report(make: Make) -> None:
    harness = make()
    harness.open("instance", [A, B])
    harness.launch()
    second = harness.ledger.amis("run-1")[1]
    harness.ledger.update_ami(second, instance_id="", launched_at="")
    harness.wait_for_agents()
    state, first = harness.assess(), harness.ledger.amis("run-1")[0].batch
    assert (state.over, state.collect, state.batches, state.completed, state.running) == (True, True, [first], 1, 0)
    assert harness.ledger.amis("run-1")[1].reason is None
