"""Each alarm of the stack, tried: it is raised for its cause and for nothing else.

Its state is calculated from what the emulated account has published, every minute.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_emulator.alarms import alarm_states, raised_since
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.faults import Injection, chosen
from golden_ami_emulator.world import Behaviour, Image, World

AMIS = ["ami-00000000000000001", "ami-00000000000000002"]
HALF_AN_HOUR = 1800
SILENCE = "no-run-succeeded"  # raised in a new stack until a run has succeeded


def behaving(**changes: Any) -> World:
    return World([Image(ami, ami) for ami in AMIS], {"*": []}, {"*": Behaviour(**changes)})


class Watched(Embedded):
    """A stack with its schedule on, whose reaper comes every half hour while time passes."""

    def __init__(self, world: World | None = None) -> None:
        super().__init__(world or behaving(), parameters={"ScheduleState": "ENABLED"})
        self.opened_at = datetime.now(UTC)

    def __enter__(self) -> Watched:
        super().__enter__()
        self.fire_schedule("ReapSchedule")
        self.clock.sleep(60)
        self.opened_at = datetime.now(UTC)
        return self

    def configure(self, amis: Sequence[str] = AMIS, **settings: Any) -> None:
        """Put the configuration into the parameter."""
        entries = [{"amiId": ami} for ami in amis]
        put_configuration(self, json.dumps({"engine": "instance", "amis": entries, **settings}))

    def assess(self, amis: Sequence[str] = AMIS, faults: Sequence[str] = ()) -> str:
        """Assess the AMIs, and let half an hour pass after the end; the execution's status."""
        self.configure(amis)
        return self.execute({"AMIsParamName": PARAMETER}, faults)

    def execute(self, given: Any, faults: Sequence[str] = ()) -> str:
        """Start an execution with this input and wait for its end, and for half an hour more; its status."""
        with Injection(self, chosen(faults), AMIS):
            ended = self.wait(self.start(given))
            self.clock.sleep(60)  # on_execution_end comes before the reaper
            self.pass_time(HALF_AN_HOUR)
        return str(ended["status"])

    def pass_time(self, seconds: int) -> None:
        """Let time pass, with a round of the reaper at the start of each half hour."""
        for _ in range(0, seconds, HALF_AN_HOUR):
            self.fire_schedule("ReapSchedule")
            self.clock.sleep(HALF_AN_HOUR)

    def raised(self) -> set[str]:
        """The alarms that were raised at any minute since the stack was opened."""
        return {self._named(name) for name in raised_since(self, self.opened_at)}

    def now(self) -> set[str]:
        """The alarms that are raised."""
        return {name for name, state in self.states().items() if state == "ALARM"}

    def states(self) -> dict[str, str]:
        """The alarms' states."""
        return {self._named(name): state for name, state in alarm_states(self).items()}

    def _named(self, alarm: str) -> str:
        return alarm.removeprefix(f"{self.stack_name}-")


@pytest.fixture
def stack() -> Iterator[Watched]:
    with Watched() as opened:
        yield opened


def test_an_ordinary_run_raises_none(stack: Watched) -> None:
    assert stack.assess() == "SUCCEEDED"
    assert stack.raised() == {SILENCE}, "no run has succeeded before"
    assert stack.now() == set()


def test_nothing_to_assess_raises_none(stack: Watched) -> None:
    assert stack.assess(["ami-0000000000000000f"]) == "SUCCEEDED"
    assert stack.raised() == {SILENCE}


@pytest.mark.parametrize("fault", ["ensure-target-template.denied", "launch-instances.denied", "execution.timed-out"])
def test_a_run_that_fails(stack: Watched, fault: str) -> None:
    assert stack.assess(faults=[fault]) in ("FAILED", "TIMED_OUT")
    assert stack.raised() == {SILENCE, "run-failed"}
    assert "run-failed" not in stack.now(), "it ends by itself"


def test_a_run_without_a_verdict() -> None:
    with Watched(behaving(agent_after=None)) as stack:
        assert stack.assess() == "SUCCEEDED"
        assert "no-verdict" in stack.raised()
        assert stack.now() == set()


def test_a_run_that_hangs_is_seen_before_its_end() -> None:
    with Watched(behaving(scan_seconds=10 * 3600)) as stack:
        stack.configure(AMIS[:1], waits={"completionDeadlineSeconds": 43_200})
        arn = stack.start({"AMIsParamName": PARAMETER})
        stack.pass_time(6 * 3600)
        assert "run-too-long" not in stack.now()
        stack.pass_time(2 * HALF_AN_HOUR)
        assert "run-too-long" in stack.now()
        assert stack.client("stepfunctions").describe_execution(executionArn=arn)["status"] == "RUNNING"
        stack.pass_time(6 * 3600)
        assert stack.now() == set(), "it has ended, and succeeded"


def test_a_reaper_that_tells_nothing_hides_no_run(stack: Watched) -> None:
    assert stack.states()["run-too-long"] == "OK"
    stack.clock.sleep(3600)
    assert stack.states()["run-too-long"] == "INSUFFICIENT_DATA", "which is told as well"


def test_a_new_stack_wakes_nobody() -> None:
    """An alarm begins with INSUFFICIENT_DATA: to be in it before the reaper's first round is no change."""
    with Embedded(World([Image(AMIS[0], AMIS[0])], {})) as aws:
        states = {name.removeprefix("golden-ami-"): state for name, state in alarm_states(aws).items()}
    assert states.pop("run-too-long") == "INSUFFICIENT_DATA"
    assert set(states.values()) == {"OK"}


def test_days_without_a_run_that_succeeds(stack: Watched) -> None:
    stack.assess()
    assert stack.now() == set()
    stack.clock.sleep(2 * 86_400)
    assert SILENCE in stack.now()


def test_a_message_that_nobody_could_deliver(stack: Watched) -> None:
    stack.client("sqs").send_message(QueueUrl=stack.outputs["DeadLettersUrl"], MessageBody="{}")
    assert stack.now() == {SILENCE, "dead-letters"}


def test_findings_that_wait(stack: Watched) -> None:
    functions = stack.client("lambda")
    [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    sqs, queue = stack.client("sqs"), mapping["EventSourceArn"].rpartition(":")[2]
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], MessageBody="{}")
    stack.clock.sleep(1100)
    assert stack.now() == {SILENCE}
    stack.clock.sleep(200)
    assert stack.now() == {SILENCE, "findings-wait"}


def test_an_instance_that_outlives_its_run(stack: Watched) -> None:
    faults = ["execution.aborted-in-await-completion", "on-execution-end.terminates-nothing"]
    assert stack.assess(faults=faults) == "ABORTED"
    stack.pass_time(HALF_AN_HOUR)
    raised = stack.raised()
    assert raised - {"dead-letters"} == {SILENCE, "reaper-acted"}, "the end that was not worked off is a dead letter"


# ---------------------------------------------------------------- what wakes nobody


def test_a_run_that_a_person_cancels(stack: Watched) -> None:
    assert stack.assess(faults=["execution.aborted-in-await-completion"]) == "ABORTED"
    assert stack.raised() == {SILENCE}


SCHEDULE = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/assess"
SCHEDULED = {"scheduledTime": "2026-01-01T00:00:00Z", "schedule": SCHEDULE}
REFUSED = [
    ('{"engine": "clasic", "amis": []}', {"AMIsParamName": PARAMETER}),
    ("[]", {"AMIsParamName": "ContinuousAssessmentInput-of-nobody"}),
    ("[]", {}),
]


@pytest.mark.parametrize(("configuration", "given"), REFUSED)
def test_a_start_that_is_refused(stack: Watched, configuration: str, given: dict[str, str]) -> None:
    """Who has started it is told; nobody is told of what the schedule starts."""
    put_configuration(stack, configuration)
    assert stack.execute(given) == "FAILED"
    assert stack.raised() == {SILENCE}
    assert stack.execute(given | SCHEDULED) == "FAILED"
    assert stack.raised() == {SILENCE, "run-failed"}


def test_a_duplicate(stack: Watched) -> None:
    stack.configure()
    for _ in range(2):
        assert stack.execute({"AMIsParamName": PARAMETER, **SCHEDULED}) == "SUCCEEDED"
    assert stack.raised() == {SILENCE}
