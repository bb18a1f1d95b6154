"""A record of every AWS API call that a handler or the operator makes, and the place where faults are injected."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from golden_ami_emulator.environment import current_function
from golden_ami_emulator.isolation import unreachable
from golden_ami_emulator.limits import refusal
from golden_ami_emulator.patching import Patches


@dataclass(frozen=True)
class Call:
    """One API call. `error` is None until it has failed, then the service's error code or the exception's name."""

    function: str  # "" for the operator and the emulation itself
    service: str  # as boto3 names it: "ec2", "stepfunctions"
    operation: str  # as the API names it: "RunInstances"
    parameters: Mapping[str, Any]
    region: str
    error: str | None = None


Hook = Callable[[Call], BaseException | None]
Guard = Callable[[Call, Any], BaseException | None]  # gets the client as well
Aftermath = Callable[[Call, Any, Any], None]  # gets the client and the answer


class Crash(BaseException):
    """The function's process dies here: hooks return it, and the runtime answers Runtime.ExitError."""


def client_error(code: str, operation: str, message: str = "injected", status: int = 400) -> ClientError:
    """The error that boto3 raises for an error code; for hooks."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


class Calls(Patches):
    """Records while open. The SDK's own retries are inside one call.

    `before_call` and `after_call` may return an exception, which is raised instead of making the call or of
    returning its answer. `guard` says what the caller's permissions refuse, `limits` which texts the service does;
    `aftermath` is what comes of a call that has been answered.
    """

    def __init__(self) -> None:
        super().__init__()
        self.before_call: Hook | None = None
        self.after_call: Hook | None = None
        self.guard: Guard | None = None
        self.aftermath: Aftermath | None = None
        self._made: list[Call] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Calls:
        super().__enter__()
        original = BaseClient._make_api_call  # type: ignore[attr-defined]

        def call(client: Any, operation_name: str, api_params: Mapping[str, Any]) -> Any:
            return self._call(original, client, operation_name, api_params)

        self.set(BaseClient, "_make_api_call", call)
        return self

    @property
    def made(self) -> list[Call]:
        """All calls so far, in the order in which they ended."""
        with self._lock:
            return list(self._made)

    def of(self, function: str) -> list[Call]:
        """The calls of one function, by its name in Lambda."""
        return [call for call in self.made if call.function == function]

    def clear(self) -> None:
        """Forget the calls made so far."""
        with self._lock:
            self._made.clear()

    def _call(self, original: Any, client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        meta = client.meta
        function = current_function()
        service = meta.service_model.service_name
        call = Call(function, service, operation, dict(parameters), meta.region_name or "")
        error: str | None = None
        try:
            self._intervene(self.before_call, call)
            if missing := unreachable(client):
                raise missing
            if self.guard and (refused := self.guard(call, client)):
                raise refused
            if invalid := refusal(meta.service_model, operation, parameters):
                raise invalid
            answer = original(client, operation, parameters)
            if self.aftermath:
                self.aftermath(call, client, answer)
            self._intervene(self.after_call, call)
            return answer
        except ClientError as fault:
            error = str(fault.response.get("Error", {}).get("Code", ""))
            raise
        except BaseException as fault:
            error = type(fault).__name__
            raise
        finally:
            ended = Call(call.function, call.service, call.operation, call.parameters, call.region, error)
            with self._lock:
                self._made.append(ended)

    @staticmethod
    def _intervene(hook: Hook | None, call: Call) -> None:
        fault = hook(call) if hook else None
        if fault is not None:
            raise fault
