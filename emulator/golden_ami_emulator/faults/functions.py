"""Faults of every function: throttled, denied, timed out, crashed, around its own side effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from golden_ami.models import Engine
from golden_ami_emulator.calls import Call, Crash, client_error
from golden_ami_emulator.faults.fault import ALL, LAUNCHING, InjectableFault, Injection
from golden_ami_emulator.waits import Overslept

# The calls by which a function changes the world, or, where it only looks, the call that all depends on.
EFFECTS: dict[str, frozenset[str]] = {
    "load-config": frozenset({"dynamodb:PutItem"}),
    "ensure-target-template": frozenset({"inspector2:BatchGetAccountStatus", "inspector:ListEventSubscriptions"}),
    "plan-wave": frozenset({"stepfunctions:GetExecutionHistory"}),
    "launch-instances": frozenset({"ec2:RunInstances"}),
    "check-agents": frozenset({"dynamodb:Query"}),
    "start-run": frozenset({"inspector:StartAssessmentRun", "inspector2:StartOnDemandScan", "dynamodb:scan"}),
    "await-completion": frozenset({"dynamodb:token"}),
    "resume": frozenset({"stepfunctions:SendTaskSuccess"}),
    "store-findings": frozenset({"s3:PutObject"}),
    "check-run": frozenset({"dynamodb:UpdateItem"}),
    "tag-findings": frozenset({"s3:PutObject"}),
    "terminate": frozenset({"ec2:TerminateInstances"}),
    "aggregate": frozenset({"s3:PutObject"}),
    "on-execution-end": frozenset({"ec2:TerminateInstances", "s3:PutObject"}),
    "reap": frozenset({"ec2:TerminateInstances"}),
}
_ENGINES: dict[str, frozenset[Engine]] = {
    "ensure-target-template": LAUNCHING,
    "launch-instances": LAUNCHING,
    "check-agents": LAUNCHING,
    "store-findings": frozenset({"ami"}),
    "terminate": LAUNCHING,
    "reap": LAUNCHING,
}
# A function that is only called when something else has failed.
_COMPANIONS = {
    "on-execution-end": ("execution.aborted-in-await-completion",),
    "reap": ("execution.aborted-in-await-completion", "on-execution-end.terminates-nothing"),
}
_WORDS = {("on-execution-end", "timed-out"): ("ReportUnfinished",)}  # of the last report, after attempts without end
# Another part does the job, later.
_HEALED_ELSEWHERE = frozenset({"resume", "store-findings", "on-execution-end", "reap", "terminate"})

Strike = Callable[[Call], BaseException]


def faults() -> Iterator[InjectableFault]:
    """Six of every function, and some of their own."""
    for function in EFFECTS:
        yield from _of(function)
    yield InjectableFault(
        "on-execution-end.terminates-nothing",
        "EC2 denies on-execution-end the termination for ever; only the reaper is left",
        lambda injection: _strike(injection, "on-execution-end", _denied, once=False, only="ec2:TerminateInstances"),
        words=("AccessDenied", "aborted"),
        engines=LAUNCHING,
        companions=("execution.aborted-in-await-completion",),
    )
    yield InjectableFault(
        "launch-instances.launch-not-noted",
        "the ledger refuses for ever the note of what was launched: only EC2 knows of the instances",
        lambda injection: _strike(injection, "launch-instances", _denied, once=False, only="dynamodb:instance"),
        words=("AccessDenied",),
        engines=LAUNCHING,
    )
    yield InjectableFault(
        "aggregate.crash-after-notice",
        "aggregate dies after SNS took the report's message and before it notes so",
        lambda injection: _strike(injection, "aggregate", _crash, once=True, after=True, only="sns:Publish"),
        costs=False,
    )


def _of(function: str) -> Iterator[InjectableFault]:
    def fault(kind: str, about: str, strike: Strike, *words: str, once: bool, after: bool = False) -> InjectableFault:
        return InjectableFault(
            f"{function}.{kind}",
            f"{function}: {about}",
            lambda injection: _strike(injection, function, strike, once=once, after=after),
            costs=not once and function not in _HEALED_ELSEWHERE,
            words=(*words, *_WORDS.get((function, kind), ())),
            engines=_ENGINES.get(function, ALL),
            companions=_COMPANIONS.get(function, ()),
        )

    yield fault("throttled-once", "AWS throttles its call once", _throttled, "Throttled", once=True)
    yield fault("throttled-for-ever", "AWS throttles its call for ever", _throttled, "Throttled", once=False)
    yield fault("denied", "its role may not make its call", _denied, "AccessDenied", once=False)
    yield fault("timed-out", "it hangs, every time", _hangs, "Sandbox.Timedout", "time-out", once=False)
    yield fault("crash-before", "it dies once, before its call", _crash, "Runtime.ExitError", once=True)
    yield fault("crash-after", "it dies once, after its call", _crash, "Runtime.ExitError", once=True, after=True)


def _strike(
    injection: Injection, function: str, strike: Strike, *, once: bool, after: bool = False, only: str = ""
) -> None:
    struck = injection.name
    effects = frozenset({only}) if only else EFFECTS[function]
    done: list[str] = []

    def rule(call: Call) -> BaseException | None:
        if injection.function(call) != function or not effects & set(_kinds(call)) or (once and done):
            return None
        done.append(call.operation)
        struck()
        return strike(call)

    (injection.after if after else injection.before)(rule)


def _kinds(call: Call) -> Iterator[str]:
    yield f"{call.service}:{call.operation}"
    if call.operation == "UpdateItem" and call.parameters["Key"]["sk"] == {"S": "TOKEN"}:
        yield "dynamodb:token"
    if "scan" in call.parameters.get("ExpressionAttributeNames", {}).values():
        yield "dynamodb:scan"
    if "instanceId" in call.parameters.get("ExpressionAttributeNames", {}).values():
        yield "dynamodb:instance"


def _throttled(call: Call) -> BaseException:
    return client_error("ThrottlingException", call.operation, "Rate exceeded", 429)


def _denied(call: Call) -> BaseException:
    return client_error("AccessDeniedException", call.operation, f"not authorized to perform {call.operation}", 403)


def _hangs(_: Call) -> BaseException:
    return Overslept()


def _crash(_: Call) -> BaseException:
    return Crash()
