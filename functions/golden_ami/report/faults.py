"""What the execution's state says went wrong, in a sentence that a person can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from golden_ami.errors import within
from golden_ami.failures import COLLECT, LAUNCH
from golden_ami.models import RUN_TAG, Ami, Failure, Reason, Verdict
from golden_ami.places import Place
from golden_ami.reasons import reporting
from golden_ami.report.model import Fault, Instances

_LONGEST = 2000  # characters; Step Functions takes 32,768 for a cause, a person fewer

_REMEDIES = {
    "Throttled": "AWS limited the rate of calls: run again later, or ask for a higher quota.",
    "ServiceFault": "AWS had a fault: run again later.",
    "AccessDenied": "Allow the call in the policy of the function's role in template.yaml; where a service control "
    "policy or a permissions boundary denies it, there. Then run again.",
    "ServiceRejected": "Correct what AWS refuses, as its answer says, then run again.",
    "FindingsIncomplete": "Run again; if it persists, compare with the findings in the Inspector console.",
    "EngineBusy": "Wait for the other run to end, then run again.",
    "States.Timeout": "A step took longer than it may: look at the execution's history for the step, then run again.",
    "Sandbox.Timedout": "A function ran into its time-out: give it a longer one or more memory in template.yaml.",
    "Runtime.ExitError": "A function ended abruptly, most often for lack of memory: raise its MemorySize.",
    "Runtime.ImportModuleError": "The deployed package is incomplete: build and deploy again.",
    "States.DataLimitExceeded": 'A state\'s payload went over 256 KiB: start with {"AMIsParamName": "…"} and nothing '
    "else; if the input was small, report this as a bug, with the run id.",
    "States.Permissions": "Allow the state machine's role to do this in template.yaml.",
    "States.Runtime": "The state machine's definition and the functions do not fit together: deploy both again.",
}
# Of a call that was denied elsewhere than in the stack's own place: parameters allow what happens there.
_OTHER_REGION = "Deploy the stack with {region} in its parameter AdditionalRegions; where it has it, {rest}"
_OTHER_ACCOUNT = (
    "Deploy docs/member-role.yaml of this version in account {account}, with the subnets of what is launched there in "
    "SubnetArns, and the stack with MemberAccountIds, MemberRoleName, MemberExternalId and, for another Region than "
    "its own, AdditionalRegions. Then run again."
)
_MEANINGS = {
    "States.Timeout": "a step did not end in time",
    "Sandbox.Timedout": "a function did not end in time",
    "Lambda.Unknown": "a function ended without an answer",
}
_FALLBACK = reporting.NO_FINDINGS_COLLECTED.remedy
# Messages of our own errors end in their remedy; these names carry none of their own.
_SELF_EXPLAINED = frozenset(
    {"InvalidConfiguration", "EngineUnavailable", "AccessDenied", "InvalidEnvironment", "InvalidEvent"}
)


def message_of(cause: object) -> str:
    """The message in a Cause: of a Lambda's error its errorMessage, never its stack trace; else the text itself."""
    text = cause if isinstance(cause, str) else ""
    try:
        parsed = msgspec.json.decode(text) if text.lstrip().startswith("{") else None
    except msgspec.DecodeError:
        parsed = None
    if isinstance(parsed, dict):
        text = str(parsed.get("errorMessage") or parsed.get("Cause") or parsed.get("message") or "")
    lines = [line.strip() for line in text.split("\nTraceback ", 1)[0].split("\n")]
    return within([line for line in lines if line], _LONGEST, " ")


def describe_fault(error: str, cause: object) -> str:
    """What happened and what to do about it, from a caught error's name and Cause."""
    message = message_of(cause) or _MEANINGS.get(error, f"{error or 'an unknown fault'}, without a message")
    if error in _SELF_EXPLAINED:
        return _ended(message)
    remedy = _REMEDIES.get(error, _FALLBACK)
    return f"{_ended(_without(message, remedy))} {remedy}"


def _without(message: str, remedy: str) -> str:
    """The message without a remedy that stands in it already, as in one that was described before."""
    return message.replace(remedy, "").strip() or message


def _ended(message: str) -> str:
    return message if message.endswith((".", "!", "?")) else f"{message}."


def instances_of(state: Mapping[str, Any]) -> Instances:
    """Instances as terminate counted them; unknown where it did not answer."""
    counted = state.get("instances")
    if not isinstance(counted, Mapping):
        known = 0 if "terminateError" not in state else None
        return Instances(launched=known, terminated=known, running=known)
    return Instances(
        launched=_number(counted.get("launched")),
        terminated=_number(counted.get("terminated")),
        running=_number(counted.get("running")),
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def faults_of(state: Mapping[str, Any], run_id: str) -> list[Fault]:
    """The faults that make an execution fail, the first one first."""
    faults = []
    if caught := _caught(state.get("error")):
        told = _stopped(*caught) if state.get("aborted") is True else describe_fault(*caught)
        faults.append(Fault(where="run", error=caught[0], cause=told))
    if caught := _caught(state.get("terminateError")):
        left = (
            f"Instances of this run may still be running: {_ended(message_of(caught[1]) or caught[0])} {_look(run_id)}"
        )
        faults.append(Fault(where="terminate", error=caught[0], cause=left))
    elif running := instances_of(state).running:
        left = f"{running} instance{'s are' if running > 1 else ' is'} still running after termination. {_look(run_id)}"
        faults.append(Fault(where="terminate", error="InstancesRunning", cause=left))
    return faults


def _stopped(error: str, cause: object) -> str:
    """Of an execution that somebody stopped, with whatever name and cause: nothing is to be mended."""
    return f"The run was stopped: {_ended(message_of(cause) or error)} Start a new run to have its AMIs assessed."


def _look(run_id: str) -> str:
    return f"Terminate what EC2 lists with the tag {RUN_TAG}={run_id}; the reaper does so once their expiry tag is due."


def _caught(fault: object) -> tuple[str, object] | None:
    if not isinstance(fault, Mapping):
        return None
    return str(fault.get("Error") or "Unknown"), fault.get("Cause", "")


def failed_batches(state: Mapping[str, Any]) -> dict[str, Failure]:
    """Batches that failed inside a Map in the last turn. The earlier step counts.

    Plan Wave notes those of turns before on the rows of the AMIs.
    """
    failed: dict[str, Failure] = {}
    for member, step in (("launches", LAUNCH), ("findings", COLLECT)):
        items = state.get(member)
        for item in items if isinstance(items, list) else []:
            if isinstance(item, Mapping) and item.get("error"):
                failed.setdefault(str(item.get("batch")), Failure(step=step, error=str(item["error"])))
    return failed


def fault_of_batches(judged: Iterable[tuple[Ami, Verdict]], failed: Mapping[str, Failure]) -> list[Fault]:
    """The fault of a run of which failed batches left nothing assessed: the commonest error with its cause.

    AMIs with a reason of their own were not assessed for their own sake: without others a run has no fault.
    """
    listed = list(judged)
    tried = [ami for ami, _ in listed if ami.reason is None]
    known = [failure for ami in tried if (failure := ami.failure or failed.get(ami.batch))]
    if not known or len(known) < len(tried) or any(verdict != "NOT_ASSESSED" for _, verdict in listed):
        return []
    counts = Counter(failure.error for failure in known)
    example = max(known, key=lambda failure: (counts[failure.error], bool(failure.cause)))
    error, count = example.error, counts[example.error]
    of = "the AMI" if len(listed) == 1 else f"{'all' if count == len(listed) else f'{count} of'} {len(listed)} AMIs"
    what = f"Nothing was assessed: {example.step} failed for {of} with {error}"
    return [Fault(where="run", error=error, cause=f"{what}: {describe_fault(error, example.cause)}")]


def _remedy_of(failure: Failure, ami: Ami, home: Place) -> str:
    """What to do about a step that failed for an AMI; `home` is the stack's place."""
    remedy = _REMEDIES.get(failure.error, _FALLBACK)
    if failure.error != "AccessDenied" or home == Place(ami.account, ami.region):
        return remedy
    if ami.account != home.account:
        return _OTHER_ACCOUNT.format(account=ami.account)
    return _OTHER_REGION.format(region=ami.region, rest=remedy[:1].lower() + remedy[1:])


def reason_not_assessed(ami: Ami, failed: Mapping[str, Failure], faults: list[Fault], home: Place) -> Reason:
    """Why an AMI without findings and without a reason of its own is NOT ASSESSED; `home` is the stack's place."""
    if failure := ami.failure or failed.get(ami.batch):
        remedy = _remedy_of(failure, ami, home)
        cause = _without(message_of(failure.cause), remedy)
        return reporting.STEP_FAILED(step=failure.step, error=failure.error, cause=cause, remedy=remedy)
    if faults:
        return reporting.RUN_FAILED(error=faults[0].error, remedy=faults[0].cause)
    return reporting.NO_FINDINGS_COLLECTED()
