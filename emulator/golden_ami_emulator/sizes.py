"""Step Functions' limits on sizes that moto does not hold: an execution's input, and what a task is given.

Step Functions Developer Guide, "Quotas related to state machine executions": 256 KiB for the input or result of a task,
a state or an execution, as UTF-8. Neither `States.DataLimitExceeded` nor `States.Runtime` is retried or
caught by `States.ALL` ("Handling errors in Step Functions workflows").
"""

from __future__ import annotations

from typing import Any

from golden_ami_emulator.patching import Patches

LIMIT = 262_144  # bytes
_TERMINAL = frozenset({"States.DataLimitExceeded", "States.Runtime"})


class Sizes(Patches):
    """The limits hold while open."""

    def __enter__(self) -> Sizes:
        from moto.stepfunctions.exceptions import ValidationException
        from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
        from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
            StateTaskService,
        )
        from moto.stepfunctions.parser.models import StepFunctionsParserBackend

        super().__enter__()
        parameters, start = StateTaskService._eval_parameters, StepFunctionsParserBackend.start_execution

        def within(task: Any, env: Any) -> Any:
            given = parameters(task, env)
            task._verify_size_quota(env=env, value=given)
            return given

        def start_execution(backend: Any, arn: str, name: str, execution_input: str, *args: Any, **kwargs: Any) -> Any:
            if len(execution_input.encode()) > LIMIT:
                raise ValidationException(
                    "1 validation error detected: Value at 'input' failed to satisfy constraint: "
                    f"Member must have length less than or equal to {LIMIT}"
                )
            return start(backend, arn, name, execution_input, *args, **kwargs)

        for name in ("_handle_retry", "_handle_catch"):
            self.set(ExecutionState, name, _unless_terminal(getattr(ExecutionState, name)))
        self.set(StateTaskService, "_eval_parameters", within)
        self.set(StepFunctionsParserBackend, "start_execution", start_execution)
        return self


def _unless_terminal(handle: Any) -> Any:
    """What retries or catches a failure, but for those that end the execution whatever the definition says."""

    def handled(state: Any, env: Any, failure_event: Any) -> Any:
        if str(failure_event.error_name.error_name) in _TERMINAL:
            return state._handle_uncaught(env=env, failure_event=failure_event)
        return handle(state, env=env, failure_event=failure_event)

    return handled
