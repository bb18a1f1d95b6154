"""RedriveExecution, which moto lacks.

Facts: Step Functions Developer Guide, "Restarting state machine executions with redrive"; botocore's model of Step
Functions (RedriveExecution, DescribeExecution). An execution goes on from its unsuccessful state with the input, the
definition and the history that it has, its time-out and its retries counted anew. A state of which the history has no
exit event is unsuccessful (ibid., "Redriving Map Runs"). That only a Fail state is entered a second time is inferred
from the Guide's words: the others are scheduled again. Of a Map, the iterations that succeeded stay, but where it
failed with States.DataLimitExceeded; one that did not begins with its first state, the only one of the definition's
that can fail.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from golden_ami.events import Event
from golden_ami.executions import EVENT_LIMIT
from golden_ami_emulator.patching import Patches

Go = Callable[[Any, str, Event], None]

_PERIOD = timedelta(days=14)  # from the end
_LONGEST = timedelta(days=365)  # from the start ("Quotas related to state machine executions": maximum open time)
_TOKENS = 10  # client tokens that are known, each for 15 minutes (RedriveExecution: clientToken)
_TOKEN_AGE = timedelta(minutes=15)


class Redrives(Patches):
    """Executions are redriven, and DescribeExecution and ListExecutions say so, while open."""

    def __init__(self, go: Go) -> None:
        """`go(execution, event type, event details)` sets an execution going, with its first event."""
        super().__init__()
        self._go = go

    def __enter__(self) -> Redrives:
        from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import (
            IterationWorker,
        )
        from moto.stepfunctions.responses import StepFunctionResponse

        super().__enter__()
        evaluate = IterationWorker._eval_job

        def iteration(worker: Any, env: Any, job: Any) -> None:
            kept = getattr(env.event_manager, "kept", {})
            if job.job_index in kept:
                job.job_output = kept.pop(job.job_index)
            else:
                evaluate(worker, env, job)

        self.set(IterationWorker, "_eval_job", iteration)
        self.supply(StepFunctionResponse, "redrive_execution", self._redriving())
        self._tell_of_redrives(StepFunctionResponse)
        return self

    def _redriving(self) -> Callable[[Any], Any]:
        def redrive_execution(response: Any) -> Any:
            from moto.core.responses import ActionResult
            from moto.stepfunctions.parser.api import ExecutionNotRedrivable

            execution = response.stepfunction_backend.describe_execution(response._get_param("executionArn"))
            tokens, token = _tokens(execution), response._get_param("clientToken")
            if token in tokens:
                return ActionResult({"redriveDate": tokens[token]})
            if reason := refusal(execution):
                raise ExecutionNotRedrivable(reason)
            self._redrive(execution)
            tokens[token] = execution.redrive_date
            return ActionResult({"redriveDate": execution.redrive_date})

        return redrive_execution

    def _redrive(self, execution: Any) -> None:
        execution.redrive_count, execution.redrive_date = count_of(execution) + 1, datetime.now(UTC)
        _resume(execution)
        execution.stop_date = execution.error = execution.cause = None
        details = {"executionRedrivenEventDetails": {"redriveCount": execution.redrive_count}}
        self._go(execution, "ExecutionRedriven", details)

    def _tell_of_redrives(self, responses: Any) -> None:
        describe, listed = responses.describe_execution, responses.list_executions

        def describe_execution(response: Any) -> Any:
            answer = describe(response)
            execution = response.stepfunction_backend.describe_execution(answer.result["executionArn"])
            reason = refusal(execution)
            status = {"redriveStatus": "REDRIVABLE"}
            if reason:
                status = {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
            answer.result.update(status | _redriven(execution))
            return answer

        def list_executions(response: Any) -> Any:
            answer = listed(response)
            for item in answer.result["executions"]:
                item.update(_redriven(response.stepfunction_backend.describe_execution(item["executionArn"])))
            return answer

        self.set(responses, "describe_execution", describe_execution)
        self.set(responses, "list_executions", list_executions)


def count_of(execution: Any) -> int:
    """How often an execution has been redriven."""
    return int(getattr(execution, "redrive_count", 0))


def refusal(execution: Any) -> str:
    """Why an execution cannot be redriven, in DescribeExecution's words; "" where it can."""
    now = datetime.now(UTC)
    if execution.status in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {execution.status} and cannot be redriven"
    if told := getattr(execution, "not_redrivable", ""):
        return str(told)
    if len(_events(execution)) >= EVENT_LIMIT - 1:
        return "Execution history event limit exceeded"
    if now - execution.start_date > _LONGEST:
        return "Execution has exceeded the max execution time"
    return "Execution redrivable period exceeded" if now - execution.stop_date > _PERIOD else ""


def is_entered_already(manager: Any, kind: str) -> bool:
    """Whether the event about to be recorded is the entry of the state that a redrive goes on with."""
    if not kind.endswith("StateEntered") or not getattr(manager, "resumes", False):
        return False
    manager.resumes = False
    return kind != "FailStateEntered"


def _redriven(execution: Any) -> dict[str, Any]:
    count = count_of(execution)
    return {"redriveCount": count} | ({"redriveDate": execution.redrive_date} if count else {})


def _tokens(execution: Any) -> dict[str, datetime]:
    """The client tokens that count, with the redrive that each was given for."""
    given: dict[str, datetime] = getattr(execution, "redrive_tokens", {})
    young = [(token, at) for token, at in given.items() if datetime.now(UTC) - at <= _TOKEN_AGE]
    kept: dict[str, datetime] = dict(young[-_TOKENS:])
    execution.redrive_tokens = kept
    return kept


def _events(execution: Any) -> list[Event]:
    env = execution.exec_worker.env
    return list(env.event_manager._history_event_list) if env else []


def _resume(execution: Any) -> None:
    """Give the execution an environment that goes on where the one before it ended.

    A thread of the attempt before keeps its own, and can add nothing any more. Task tokens of then are known, and void.
    """
    from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext, EventManager

    worker, events = execution.exec_worker, _events(execution)
    before, program = worker.env, worker._get_evaluation_entrypoint()
    env = worker._get_evaluation_environment()
    env.event_manager = EventManager(cloud_watch_logging_session=env.cloud_watch_logging_session)
    env.event_manager._history_event_list = list(events)
    env.event_manager._event_id_gen._next_id = len(events) + 1
    env.event_history_context = EventHistoryContext(previous_event_id=len(events))
    env.callback_pool_manager = before.callback_pool_manager
    context = env.states.context_object.context_object_data["Execution"]
    context |= {"RedriveCount": execution.redrive_count, "RedriveTime": execution.redrive_date.isoformat()}
    entered = unsuccessful(events, program.states.states)
    if entered:
        details = entered["stateEnteredEventDetails"]
        env.next_state_name, state_input = details["name"], json.loads(details["input"])
        env.event_manager.resumes = True
        if execution.error != "States.DataLimitExceeded":
            env.event_manager.kept = dict(_succeeded(events[entered["id"] :], events))
    else:  # it ended between two states
        env.next_state_name, state_input = before.next_state_name, before.states.get_input()
    env.states.reset(input_value=state_input)
    worker.env = env


def unsuccessful(events: Iterable[Event], states: Iterable[str]) -> Event | None:
    """The entry of the state that was not exited; None if each was. `states` are the names of those outside Maps."""
    entered: Event | None = None
    names = set(states)
    for event in events:
        if event.get("stateEnteredEventDetails", {}).get("name") in names:
            entered = event
        elif event.get("stateExitedEventDetails", {}).get("name") in names:
            entered = None
    return entered


def _succeeded(since: Iterable[Event], events: list[Event]) -> Iterable[tuple[int, Any]]:
    """Index and result of each iteration that succeeded: the output of the state that its last event follows."""
    for event in since:
        if done := event.get("mapIterationSucceededEventDetails"):
            last = events[event["previousEventId"] - 1]
            yield int(done["index"]), json.loads(last["stateExitedEventDetails"]["output"])
