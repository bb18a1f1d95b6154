"""Lambda in this process: handlers run through their `Handler` string, under their own environment and limits."""

from __future__ import annotations

import hashlib
import json
import math
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from golden_ami.events import Event
from golden_ami_emulator import handlers
from golden_ami_emulator.calls import Crash
from golden_ami_emulator.clock import Clock
from golden_ami_emulator.concurrency import Concurrency
from golden_ami_emulator.environment import Sandbox, Sandboxes, inside
from golden_ami_emulator.function_versions import FunctionVersions
from golden_ami_emulator.waits import Overslept, sleep_limit

Send = Callable[[str, str, str, Mapping[str, str]], None]  # function, ARN, message, attributes

# Quotas of Lambda's developer guide, in bytes. Asynchronous events may be larger since 2025; the older bound holds
# for SNS and EventBridge, which are what invokes asynchronously here.
_SYNCHRONOUS = 6_291_456
_ASYNCHRONOUS = 262_144
_RETRY_DELAYS = (60, 120)  # emulated seconds before the second and the third attempt of an asynchronous invocation
# Of one that is throttled: for six hours, after 1 second and exponentially up to 5 minutes (developer guide, "How
# Lambda handles errors and retries with asynchronous invocation").
_EVENT_AGE = 21_600
_LONGEST_DELAY = 300
_DELIVERY = 0.05  # emulated seconds until an asynchronous event is delivered


@dataclass(frozen=True)
class InvocationResult:
    """What an invocation gave: the JSON text, and whether it is an error's."""

    payload: str
    failed: bool = False


@dataclass
class _Queued:
    """An asynchronous invocation that waits in Lambda's own queue."""

    function: Any
    event: str
    expires: float  # emulated, POSIX
    attempts: int = 0
    throttles: int = 0  # since the last attempt
    request: str = field(default_factory=lambda: str(uuid4()))


@dataclass(frozen=True)
class LambdaContext:
    """Lambda's context object, as far as handlers use it."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    deadline: float
    function_version: str = "$LATEST"
    client_context: None = None
    identity: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Emulated milliseconds until the time-out."""
        return max(0, int((self.deadline - time.time()) * 1000))


class Functions(Sandboxes):
    """The Lambda runtime, in place of moto's, while open."""

    def __init__(self, clock: Clock, code: Path, send: Send, opening: int = 0) -> None:
        """`code` is the folder of the functions; `send` reaches queues and topics in a function's name.

        Functions of the same name have the same access key in accounts of the same `opening`.
        """
        super().__init__()
        self._clock = clock
        self._code = code
        self._send = send
        self._opening = opening
        self._sandboxes: dict[tuple[str, str], Sandbox] = {}  # by the function's name and version
        self.concurrency = Concurrency(clock)

    def __enter__(self) -> Functions:
        from moto.awslambda.models import LambdaBackend, LambdaFunction

        super().__enter__()
        sys.path.insert(0, str(self._code))
        self.callback(sys.path.remove, str(self._code))
        self.enter_context(FunctionVersions())
        self.set(LambdaBackend, "invoke", _method(self._invoke))
        original, configure = LambdaFunction.__init__, LambdaFunction.update_configuration

        def make(function: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:
            self._check_handler(spec)
            original(function, account_id, spec, *args, **kwargs)
            function.dead_letter_arn = spec.get("DeadLetterConfig", {}).get("TargetArn")

        def update(function: Any, spec: dict[str, Any]) -> Any:
            self._check_handler(spec)
            if "DeadLetterConfig" in spec:
                function.dead_letter_arn = spec["DeadLetterConfig"].get("TargetArn")
            self._sandboxes.pop(_version(function), None)  # a new configuration starts with a new environment
            return configure(function, spec)

        self.set(LambdaFunction, "__init__", make)
        self.set(LambdaFunction, "update_configuration", update)
        return self

    def _check_handler(self, spec: Mapping[str, Any]) -> None:
        from moto.awslambda.exceptions import InvalidParameterValueException

        if "Handler" in spec and (why := handlers.refusal(spec["Handler"], self._code)):
            raise InvalidParameterValueException(why)

    def logs(self, function: str) -> list[str]:
        """What a function has printed and logged, line by line, version by version."""
        sandboxes = [sandbox for sandbox in list(self._sandboxes.values()) if sandbox.function == function]
        return [line for sandbox in sandboxes for line in sandbox.log]

    # ------------------------------------------------------------ ways in

    def _invoke(self, backend: Any, name: str, qualifier: str | None, body: Any, headers: Any, answer: Any) -> bytes:
        """LambdaBackend.invoke: the API's Invoke, for all three invocation types."""
        function = backend.get_function(name, qualifier)
        event = _text(body) or "{}"
        kind = headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return b""
        _check_size(event, _ASYNCHRONOUS if kind == "Event" else _SYNCHRONOUS)
        if kind == "Event":
            self._later(function, event)
            return b""
        result = self.attempt(function, event)
        if result is None:
            raise _throttled()
        if result.failed:
            answer["x-amz-function-error"] = "Unhandled"
        return result.payload.encode()

    def deliver(self, arn: str, event: Event) -> None:
        """Invoke asynchronously, as SNS, EventBridge and its Scheduler do: with retries, then the dead-letter queue."""
        self._later(self._find(arn), json.dumps(event))

    @staticmethod
    def _find(arn: str) -> Any:
        from moto.awslambda.models import lambda_backends

        _, _, _, region, account, _, name, *qualifier = arn.split(":")
        return lambda_backends[account][region].get_function(name, qualifier[0] if qualifier else None)

    def _later(self, function: Any, event: str) -> None:
        age = _invoke_config(function).get("MaximumEventAgeInSeconds", _EVENT_AGE)
        self._attempt_later(_Queued(function, event, time.time() + age), _DELIVERY)

    def _attempt_later(self, queued: _Queued, seconds: float) -> None:
        name = f"deliver to {queued.function.function_name}"

        def attempt() -> None:
            self._clock.spawn(self._attempt, queued, name=name)

        self._clock.call_later(seconds, attempt, name=name)

    def _attempt(self, queued: _Queued) -> None:
        result = self.attempt(queued.function, queued.event, queued.request)
        if result is None:
            delay = min(2.0**queued.throttles, _LONGEST_DELAY)
            queued.throttles += 1
            failure = InvocationResult(json.dumps({"errorMessage": "Rate Exceeded."}), failed=True)
        elif not result.failed:
            return
        else:
            retries = _invoke_config(queued.function).get("MaximumRetryAttempts", len(_RETRY_DELAYS))
            delay = (*_RETRY_DELAYS[:retries], math.inf)[queued.attempts]
            queued.attempts += 1
            queued.throttles = 0
            failure = result
        if time.time() + delay > queued.expires:
            self._give_up(queued, failure)
        else:
            self._attempt_later(queued, delay)

    def _give_up(self, queued: _Queued, result: InvocationResult) -> None:
        function, error = queued.function, json.loads(result.payload)
        if function.dead_letter_arn:
            attributes = {
                "RequestID": queued.request,
                "ErrorCode": "200" if queued.attempts else "429",
                "ErrorMessage": str(error["errorMessage"])[:1024],
            }
            self._send(function.function_name, function.dead_letter_arn, queued.event, attributes)
        destination = _invoke_config(function).get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if destination:
            record = json.dumps(_failure_record(queued, error))
            self._send(function.function_name, destination, record, {})

    # ------------------------------------------------------------ running

    def attempt(self, function: Any, event: str, request: str = "") -> InvocationResult | None:
        """Run a function's handler in the calling thread; None when it is throttled."""
        if not self.concurrency.take(function.function_name):
            return None
        try:
            return self.run(function, event, request)
        finally:
            self.concurrency.give_back()

    def run(self, function: Any, event: str, request: str = "") -> InvocationResult:
        """Run a function's handler in the calling thread."""
        request = request or str(uuid4())
        sandbox = self._sandbox(function)
        with self._clock.no_group(), self._clock.working(), inside(sandbox):
            limit = time.time() + int(function.timeout)
            context = _context(function, request, limit)
            token = sleep_limit.set(limit)
            try:
                result = self._answer(function, event, context)
            finally:
                sleep_limit.reset(token)
        if result.failed:
            sandbox.log.append(result.payload)
        return result

    def _answer(self, function: Any, event: str, context: LambdaContext) -> InvocationResult:
        request = context.aws_request_id
        late = _error(
            "Sandbox.Timedout", f"RequestId: {request} Error: Task timed out after {function.timeout}.00 seconds"
        )
        try:
            answer = json.dumps(handlers.find(str(function.handler), self._code)(json.loads(event), context))
        except handlers.Unusable as fault:
            return _error(fault.kind, str(fault))
        except Overslept:
            return late
        except (Crash, SystemExit):
            return _error("Runtime.ExitError", f"RequestId: {request} Error: Runtime exited with error: exit status 1")
        except Exception as fault:  # noqa: BLE001 -- any exception of a handler is its answer
            return _error(type(fault).__name__, str(fault), _stack(fault))
        if time.time() > context.deadline:
            return late
        if len(answer.encode()) > _SYNCHRONOUS:
            return _error(
                "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size"
            )
        return InvocationResult(answer)

    def _sandbox(self, function: Any) -> Sandbox:
        version = _version(function)
        if version not in self._sandboxes:
            environment = _runtime_variables(function, self._opening) | function.environment_vars
            encoded = {key.encode(): str(value).encode() for key, value in environment.items()}
            self._sandboxes[version] = Sandbox(function.function_name, encoded)
        return self._sandboxes[version]


def _version(function: Any) -> tuple[str, str]:
    """A function's name, and its published version or `$LATEST`: each runs in environments of its own."""
    return function.function_name, str(function.version)


def _runtime_variables(function: Any, opening: int) -> dict[str, str]:
    """The variables that Lambda itself sets. The access key identifies the function."""
    name = function.function_name
    return {
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": "embedded",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_ACCESS_KEY_ID": "ASIA" + hashlib.sha256(f"{name} {opening}".encode()).hexdigest()[:16].upper(),
        "AWS_SECRET_ACCESS_KEY": "embedded",
        "AWS_SESSION_TOKEN": "embedded",
        "_HANDLER": str(function.handler),
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }


def _context(function: Any, request: str, deadline: float) -> LambdaContext:
    return LambdaContext(
        function_name=function.function_name,
        invoked_function_arn=function.function_arn,
        memory_limit_in_mb=int(function.memory_size),
        aws_request_id=request,
        log_group_name=function.logs_group_name,
        log_stream_name="embedded",
        deadline=deadline,
        function_version=str(function.version),
    )


def _error(kind: str, message: str, stack: list[str] | None = None) -> InvocationResult:
    return InvocationResult(
        json.dumps({"errorMessage": message, "errorType": kind, "stackTrace": stack or []}), failed=True
    )


def _stack(fault: BaseException) -> list[str]:
    return traceback.format_tb(fault.__traceback__)[1:]


def _invoke_config(function: Any) -> Mapping[str, Any]:
    return function.event_invoke_config[-1].config if function.event_invoke_config else {}


def _qualified_arn(function: Any) -> str:
    arn = str(function.function_arn)
    return arn if function.version != "$LATEST" else f"{arn}:$LATEST"


def _failure_record(queued: _Queued, error: Event) -> Event:
    return {
        "version": "1.0",
        "requestContext": {
            "requestId": queued.request,
            "functionArn": _qualified_arn(queued.function),
            "condition": "EventAgeExceeded" if queued.throttles else "RetriesExhausted",
            "approximateInvokeCount": queued.attempts,
        },
        "requestPayload": json.loads(queued.event),
        "responseContext": {
            "statusCode": 200,
            "executedVersion": str(queued.function.version),
            "functionError": "Unhandled",
        },
        "responsePayload": error,
    }


def _check_size(event: str, limit: int) -> None:
    from moto.awslambda.exceptions import LambdaClientError

    size = len(event.encode())
    if size > limit:
        message = f"{size} byte payload is too large for the Event invocation type (limit {limit} bytes)"
        raise LambdaClientError("RequestTooLargeException", message)


def _throttled() -> Exception:
    from moto.awslambda.exceptions import LambdaClientError

    error = LambdaClientError("TooManyRequestsException", "Rate Exceeded.")
    error.code = 429
    return error


def _text(body: Any) -> str:
    return body.decode() if isinstance(body, bytes) else str(body or "")


def _method(bound: Callable[..., Any]) -> Callable[..., Any]:
    def method(instance: Any, *args: Any, **kwargs: Any) -> Any:
        return bound(instance, *args, **kwargs)

    return method
