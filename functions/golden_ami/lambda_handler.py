"""The edge of every function: its event and answer, settings, clients and ledger, its log's context, AWS's errors by
our names.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import msgspec

from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import named_errors
from golden_ami.contracts import E, FunctionAnswer, decode, encode
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.probes import answer, probe_of
from golden_ami.settings import ALWAYS, Settings


class Stack(NamedTuple):
    """The deployed stack as a function sees it."""

    settings: Settings
    clients: Clients
    ledger: Ledger


# By what they are made from. An execution environment of Lambda has one, so that warm starts keep their connections; in
# the embedded AWS functions share a process, each with an access key of its own.
_clients: dict[tuple[str, ...], Clients] = {}
_MOST = 100  # of the embedded AWS, which has a dozen in each account that is opened


def lambda_handler(
    kind: type[E], *needed: str, probed: FunctionAnswer | None = None
) -> Callable[[Callable[[E, Stack], FunctionAnswer]], Callable[[Any, Any], dict[str, Any]]]:
    """Make a Lambda handler of `function(event, stack)`, which takes an event of the given type.

    `needed` are the settings (fields of Settings) that this function needs beside those of every function. Each log
    line has the run's id, the function, the request's id and whether the start was a cold one, as with Powertools'
    inject_lambda_context. `probed` is for a function that a rule of EventBridge invokes: its answer to a probe (see
    `probes`), of which nothing is read as the type. Raises InvalidEnvironment for a setting that is missing,
    InvalidEvent for a member of the event that is missing or ill-typed, and AWS's errors as `errors` names them.
    """

    msgspec.json.Decoder(kind)  # prepares the type, which is not safe where invocations share a process

    def decorate(function: Callable[[E, Stack], FunctionAnswer]) -> Callable[[Any, Any], dict[str, Any]]:
        @wraps(function)
        def handler(event: Any, context: Any) -> dict[str, Any]:
            probe = probe_of(event) if probed else None
            # Context variables: invocations that share a process do not see each other's keys.
            logger.thread_safe_append_keys(run_id=None if probe else _run_named_by(event), **_keys_of(context))
            try:
                with named_errors():
                    stack = _stack(needed)
                    if probe and probed:
                        answer(probe, stack.ledger)
                        return encode(probed)
                    return encode(function(decode(event, kind), stack))
            finally:
                logger.thread_safe_clear_keys()

        return handler

    return decorate


def _stack(needed: tuple[str, ...]) -> Stack:
    """The stack, with the clients that this execution environment made at its first invocation."""
    settings = Settings.load(needed=ALWAYS.union(needed))
    member = (settings.partition, settings.member_role, settings.member_external_id)
    key = (settings.account, settings.region, *member, os.environ.get("AWS_ACCESS_KEY_ID", ""))
    clients = _clients.get(key)
    logger.thread_safe_append_keys(cold_start=clients is None)
    if clients is None:
        if len(_clients) >= _MOST:
            _clients.pop(next(iter(_clients)), None)
        clients = _clients.setdefault(key, Clients(settings))
    return Stack(settings, clients, Ledger.of(settings, clients))


def _keys_of(context: Any) -> dict[str, Any]:
    return {
        "function": getattr(context, "function_name", None),
        "function_request_id": getattr(context, "aws_request_id", None),
    }


def _run_named_by(event: Any) -> Any:
    """The run's id, where the definition or an execution's status change gives it."""
    if not isinstance(event, dict):
        return None
    detail = event.get("detail")
    return event.get("runId") or (detail.get("name") if isinstance(detail, dict) else None)
