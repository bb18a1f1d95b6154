"""Callbacks of Step Functions: a task token is answered once, and a late answer raises TaskTimedOut."""

from __future__ import annotations

import json
import threading
from typing import Any

_ANSWERING = threading.Lock()


def callback_state(state: Any, env: Any) -> None:
    """StateTaskServiceCallback._eval_body, with a token that is void once the state is over."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
        StateTaskService,
    )
    from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackConsumerTimeout

    if not state._is_integration_pattern():
        StateTaskService._eval_body(state, env)
        return
    state._assert_integration_pattern_is_supported()
    if state.resource.condition != ResourceCondition.WaitForTaskToken:
        raise NotImplementedError(f"the embedded AWS has no {state.resource.condition} integrations")
    endpoint = env.callback_pool_manager.add(env.states.context_object.update_task_token())
    try:
        StateTaskService._eval_body(state, env)
    finally:
        endpoint.report(CallbackConsumerTimeout())
        endpoint.interrupt_all()
        env.states.context_object.context_object_data.pop("Task", None)


def _answer(response: Any, outcome: Any) -> Any:
    """Give a token's outcome to the execution that awaits it, whichever it is. A token is answered once."""
    from moto.core.responses import EmptyResult
    from moto.stepfunctions.exceptions import InvalidToken
    from moto.stepfunctions.parser.api import TaskTimedOut

    for machine in response.stepfunction_backend.state_machines:
        for execution in list(machine.executions):
            endpoint = execution.exec_worker.env.callback_pool_manager.get(outcome.callback_id)
            if endpoint is None:
                continue
            with _ANSWERING:
                over = execution.status != "RUNNING" or endpoint.consumer_error or endpoint.get_outcome()
                if over:
                    raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")
                endpoint.notify(outcome)
            return EmptyResult()
    raise InvalidToken


def send_task_success(response: Any) -> Any:
    from moto.stepfunctions.parser.api import InvalidOutput
    from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeSuccess

    output = response._get_param("output")
    try:
        json.loads(output)
    except ValueError:
        raise InvalidOutput("Invalid Output: 'The output is not valid JSON'") from None
    return _answer(response, CallbackOutcomeSuccess(response._get_param("taskToken"), output))


def send_task_failure(response: Any) -> Any:
    from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeFailure

    error, cause = response._get_param("error"), response._get_param("cause")
    return _answer(response, CallbackOutcomeFailure(response._get_param("taskToken"), error, cause))
