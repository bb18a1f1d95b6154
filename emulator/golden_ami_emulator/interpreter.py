"""moto's Step Functions interpreter in emulated time, with what AWS does and moto does not.

Time: the interpreter's threads, events and sleeps are the clock's (its modules see stand-ins for `threading` and
`time`). Executions: stop, time-out and a full history take effect at once, on whatever the execution waits for, and
nothing is added to its history after, but by a redrive. Callbacks: see `task_tokens`. Every change of an
execution's status is published.
"""

from __future__ import annotations

import copy
import importlib
import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from types import SimpleNamespace
from typing import Any

from golden_ami.events import Event
from golden_ami.executions import ENDS, EVENT_LIMIT
from golden_ami_emulator import task_tokens
from golden_ami_emulator.clock import Clock
from golden_ami_emulator.history_pages import get_execution_history
from golden_ami_emulator.machine_versions import MachineVersions, associated
from golden_ami_emulator.patching import Patches
from golden_ami_emulator.redrives import Redrives, is_entered_already
from golden_ami_emulator.sessions import operator_client
from golden_ami_emulator.threads import ClockThread
from golden_ami_emulator.waits import Group, GroupCancelled

Publish = Callable[..., None]

_ASL = "moto.stepfunctions.parser.asl"
_STATE = f"{_ASL}.component.state"
# How AWS ends an execution whose history is full, in its own words: github.com/loads/ardere, issue 86, shows them, and
# github.com/floci-io/floci, issue 2734, the event itself: number 25,000, after any other's 24,999.
_FULL = ("States.Runtime", f"The execution reached the maximum number of history events ({EVENT_LIMIT}).")
# Modules of the interpreter and the name under which each knows what the clock stands in for.
_TIMED = {
    f"{_ASL}.component.common.retry.retrier_decl": ["time"],
    f"{_ASL}.component.program.program": ["threading"],
    f"{_STATE}.exec.execute_state": ["threading", "Thread"],
    f"{_STATE}.exec.state_map.iteration.inline_iteration_component": ["threading"],
    f"{_STATE}.exec.state_map.iteration.job": ["threading"],
    f"{_STATE}.exec.state_map.iteration.itemprocessor.map_run_record": ["threading"],
    f"{_STATE}.exec.state_parallel.branch_worker": ["threading"],
    f"{_STATE}.exec.state_parallel.branches_decl": ["threading"],
    f"{_STATE}.exec.state_task.service.state_task_service_callback": ["threading", "time"],
    f"{_ASL}.eval.environment": ["threading"],
    f"{_ASL}.eval.callback.callback": ["Event"],
}


class Running:
    """What the embedded AWS knows of an execution beside moto."""

    def __init__(self, clock: Clock, execution: Any) -> None:
        self.execution = execution
        self.group = Group()
        self.over = clock.event()  # its history is complete
        self.settled = clock.event()  # and its status is told
        self.news = clock.event()  # set whenever an event was added
        self.mutex = threading.Lock()
        self.settling = threading.Lock()
        self.ender: threading.Thread | None = None  # which ends it from outside, by a stop or a time-out
        self.status = ""  # that the ender gives it


class Interpreter(Patches):
    """The patched interpreter, from `__enter__` to `__exit__`."""

    def __init__(self, clock: Clock, publish: Publish) -> None:
        """`publish(source, detail_type, detail, resources)` puts an event on the default bus."""
        super().__init__()
        self._clock = clock
        self._publish = publish
        self._running: dict[str, Running] = {}
        self._by_manager: dict[int, Running] = {}

    def __enter__(self) -> Interpreter:
        super().__enter__()
        self._use_clock()
        self.enter_context(MachineVersions())
        self.enter_context(Redrives(self._go))
        self._patch_executions()
        self._patch_callbacks()
        self._patch_economy()
        return self

    def running(self, arn: str) -> Running:
        """The execution's state. Raises KeyError when it was not started here."""
        return self._running[arn]

    def events(self, arn: str, since: int = 0) -> list[Event]:
        """The history from position `since` on, as GetExecutionHistory gives it, timestamps as datetimes."""
        env = self._running[arn].execution.exec_worker.env
        if env is None:
            return []
        manager = env.event_manager
        with manager._mutex:
            added = copy.deepcopy(manager._history_event_list[since:])
        return [
            {
                **event,
                "type": str(getattr(event["type"], "value", event["type"])),
                "timestamp": datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")),
            }
            for event in added
        ]

    # ------------------------------------------------------------ time

    def _use_clock(self) -> None:
        stand_ins = {
            "threading": SimpleNamespace(
                Thread=partial(ClockThread, self._clock),
                Event=self._clock.event,
                Lock=threading.Lock,
                RLock=threading.RLock,
                Condition=threading.Condition,
            ),
            "time": SimpleNamespace(sleep=self._clock.sleep, time=time.time),
            "Thread": partial(ClockThread, self._clock),
            "Event": self._clock.event,
        }
        for module, names in _TIMED.items():
            for name in names:
                self.set(importlib.import_module(module), name, stand_ins[name])
        wait_function = importlib.import_module(f"{_STATE}.wait.wait_function.wait_function").WaitFunction
        self.set(wait_function, "_wait_interval", _method(self._wait_state))

    def _wait_state(self, _state: Any, env: Any, wait_seconds: float) -> None:  # noqa: ARG002 -- the names are moto's
        if wait_seconds > 0:
            self._clock.sleep(wait_seconds)

    # ------------------------------------------------------------ executions

    def _patch_executions(self) -> None:
        from moto.stepfunctions.models import StepFunctionBackend
        from moto.stepfunctions.parser.asl.component.program.program import Program
        from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
        from moto.stepfunctions.parser.backend.execution import Execution
        from moto.stepfunctions.parser.models import StepFunctionsParserBackend
        from moto.stepfunctions.responses import StepFunctionResponse

        self._add_event = self.set(EventManager, "add_event", _method(self._record))
        self._evaluate = self.set(Program, "eval", _method(self._program))
        self.set(Execution, "start", _method(self._start))
        self.set(StepFunctionResponse, "stop_execution", _method(self._stop_execution))
        self.set(StepFunctionResponse, "get_execution_history", get_execution_history)
        describe = StepFunctionResponse.describe_execution
        original = StepFunctionsParserBackend.start_execution

        def describe_execution(response: Any) -> Any:
            answer: Any = describe(response)
            if answer.result["status"] == "TIMED_OUT":  # moto leaves it out
                arn = answer.result["executionArn"]
                answer.result["stopDate"] = response.stepfunction_backend.describe_execution(arn).stop_date
            return answer

        self.set(StepFunctionResponse, "describe_execution", describe_execution)

        def start_execution(backend: Any, arn: str, name: str | None = None, *args: Any, **kwargs: Any) -> Any:
            if name:
                StepFunctionBackend._validate_name(backend, name)
            return original(backend, arn, name or _new_name(), *args, **kwargs)

        self.set(StepFunctionsParserBackend, "start_execution", start_execution)

    def _start(self, execution: Any) -> None:
        worker = execution.exec_worker = execution._get_start_execution_worker()
        env = worker.env = worker._get_evaluation_environment()
        env.next_state_name = worker._get_evaluation_entrypoint().start_at.start_at_name
        details = execution.get_start_execution_details()
        started = {
            "input": json.dumps(details.inpt),
            "inputDetails": {"truncated": False},
            "roleArn": details.role_arn,
            **associated(execution),
        }
        self._go(execution, "ExecutionStarted", {"executionStartedEventDetails": started})

    def _go(self, execution: Any, kind: str, details: Event) -> None:
        """Set an execution going from its environment's next state, with the event that says so."""
        from moto.stepfunctions.parser.api import ExecutionStatus

        running = Running(self._clock, execution)
        env = execution.exec_worker.env
        self._running[execution.exec_arn] = running
        self._by_manager[id(env.event_manager)] = running
        execution.exec_status = ExecutionStatus.RUNNING
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=kind,
            event_details=details,
            update_source_event_id=False,
        )
        self._tell(running)
        program = execution.exec_worker._get_evaluation_entrypoint()
        self._clock.spawn(self._run, running, program, name=f"execution {execution.name}")

    def _run(self, running: Running, program: Any) -> None:
        """What moto's ExecutionWorker does, so that a stop or a time-out need not wait for the program."""
        env = running.execution.exec_worker.env
        with self._clock.group(running.group):
            thread = ClockThread(self._clock, self._evaluate_states, (program, env), name=running.execution.name)
            thread.start()
        limit = program.timeout_seconds.timeout_seconds if program.timeout_seconds else None
        if not self._clock.wait(running.over, limit):
            self.time_out(running)
        self._settle(running)

    @staticmethod
    def _evaluate_states(program: Any, env: Any) -> None:
        from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent

        EvalComponent.eval(program, env)

    def _program(self, program: Any, env: Any) -> None:
        """A Map iteration or a Parallel branch: no thread of its own, for it has no time-out of its own."""
        env.next_state_name = program.start_at.start_at_name
        self._evaluate_states(program, env)

    def _record(self, manager: Any, *args: Any, **kwargs: Any) -> int:
        running = self._by_manager.get(id(manager))
        if running is None:
            return int(self._add_event(manager, *args, **kwargs))
        kind = str(getattr(kwargs["event_type"], "value", kwargs["event_type"]))
        if is_entered_already(manager, kind):
            return int(kwargs["context"].last_published_event_id)
        with running.mutex:
            if running.over.is_set() or running.ender not in (None, threading.current_thread()):
                raise GroupCancelled
            full = len(manager._history_event_list) == EVENT_LIMIT - 1 and kind != "ExecutionSucceeded"
            if running.ender or not full:
                number = int(self._add_event(manager, *args, **kwargs))
                if kind in ENDS:
                    running.over.set()
                running.news.set()
                return number
        self.fail_full(running)
        raise GroupCancelled

    def time_out(self, running: Running) -> None:
        """End an execution as when its TimeoutSeconds have passed."""
        self._end(running, "TIMED_OUT", "TimedOut")

    def fail_full(self, running: Running) -> None:
        """End an execution as when its history is full: it fails, and nothing retries or catches it."""
        self._end(running, "FAILED", "Failed", *_FULL)

    def _end(
        self, running: Running, status: str, kind: str, error: str | None = None, cause: str | None = None
    ) -> None:
        """End an execution from outside, unless it is over, and stop what it still does.

        Its program is not told: it ends at its next event or wait. A program of moto that sees itself stopped between
        two states fails, and would say so as the execution's status.
        """
        with running.mutex:
            if running.over.is_set() or running.ender:
                return
            running.ender, running.status = threading.current_thread(), status
            running.execution.error, running.execution.cause = error, cause
        details = {key: value for key, value in {"error": error, "cause": cause}.items() if value is not None}
        env = running.execution.exec_worker.env
        env.event_history_context.source_event_id = 0
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=f"Execution{kind}",
            event_details={f"execution{kind}EventDetails": details},
        )
        self._clock.cancel(running.group)

    def _settle(self, running: Running) -> None:
        """Give the execution its final status and publish it: once, by whoever comes first; others wait for that."""
        from moto.stepfunctions.parser.api import ExecutionStatus

        execution = running.execution
        with running.settling:
            if running.settled.is_set():
                return
            if running.status:
                execution.exec_status, execution.stop_date = ExecutionStatus(running.status), datetime.now(UTC)
            else:
                execution._get_start_execution_worker_comm().terminated()
            self._tell(running)
            running.settled.set()
        running.news.set()

    def _stop_execution(self, response: Any) -> Any:
        from moto.core.responses import ActionResult

        execution = response.stepfunction_backend.describe_execution(response._get_param("executionArn"))
        running = self._running[execution.exec_arn]
        self._end(running, "ABORTED", "Aborted", response._get_param("error"), response._get_param("cause"))
        self._clock.wait(running.over)
        self._settle(running)
        return ActionResult({"stopDate": execution.stop_date})

    def _tell(self, running: Running) -> None:
        execution = running.execution
        detail = {
            "executionArn": execution.exec_arn,
            "stateMachineArn": execution.state_machine.arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": _milliseconds(execution.start_date),
            "stopDate": _milliseconds(execution.stop_date),
            "input": execution.execution_input or "{}",
            "output": json.dumps(execution.output) if execution.status == "SUCCEEDED" else None,
            "inputDetails": {"included": True},
            "outputDetails": {"included": True} if execution.status == "SUCCEEDED" else None,
            "error": execution.error,
            "cause": execution.cause,
        }
        self._publish("aws.states", "Step Functions Execution Status Change", detail, [execution.exec_arn])

    # ------------------------------------------------------------ callbacks

    def _patch_callbacks(self) -> None:
        from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
        from moto.stepfunctions.responses import StepFunctionResponse

        self.set(state_task_service_callback.StateTaskServiceCallback, "_eval_body", task_tokens.callback_state)
        self.set(StepFunctionResponse, "send_task_success", task_tokens.send_task_success)
        self.set(StepFunctionResponse, "send_task_failure", task_tokens.send_task_failure)
        self._name_errors()

    def _name_errors(self) -> None:
        """moto's errors of this service have their codes under a name that its answers do not read."""
        from moto.core.exceptions import AWSError
        from moto.stepfunctions.parser import api

        for kind in vars(api).values():
            if isinstance(kind, type) and issubclass(kind, AWSError) and "code" in vars(kind):
                self.set(kind, "TYPE", vars(kind)["code"])

    # ------------------------------------------------------------ economy

    def _patch_economy(self) -> None:
        """moto parses per execution, makes a client per call and writes a representation per fault: do so once."""
        from moto.stepfunctions.parser import utils
        from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
        from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
        from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

        self.set(AmazonStateLanguageParser, "parse", staticmethod(_parser(AmazonStateLanguageParser.parse)))
        self.set(lambda_eval_utils, "boto_client_for", _lambda_client)
        self.set(EvalComponent, "_log_failure_event_exception", _silent)
        self.set(EvalComponent, "_log_exception", _silent)
        logger = logging.getLogger("moto.stepfunctions")
        self.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)
        self.callback(utils.TMP_THREADS.clear)


@cache
def _parser(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    return lru_cache(maxsize=32)(parse)


def _lambda_client(region: str, service: str, state_credentials: Any = None) -> Any:  # noqa: ARG001 -- moto's names
    return operator_client(service, region)


def _method(bound: Callable[..., Any]) -> Callable[..., Any]:
    """A function for a class attribute that passes the instance on to a bound method of ours."""

    def method(instance: Any, *args: Any, **kwargs: Any) -> Any:
        return bound(instance, *args, **kwargs)

    return method


def _silent(*_: Any, **__: Any) -> None:
    return None


def _new_name() -> str:
    from uuid import uuid4

    return str(uuid4())


def _milliseconds(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp() * 1000)
