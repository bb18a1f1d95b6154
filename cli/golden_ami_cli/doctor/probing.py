"""One probe through each rule of a deployed stack: whether events reach what they are for."""

from __future__ import annotations

import json
import time
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami.probes import DETAIL_TYPE, RULES, SOURCE
from golden_ami.times import now
from golden_ami_cli.account import Account
from golden_ami_cli.doctor.model import Diagnosis, error, ok
from golden_ami_cli.doctor.rule_checks import dead_letters, rule_name, targets_of
from golden_ami_cli.session import explained

_PATIENCE = 60  # seconds
_PAUSE = 1  # seconds between two looks
_NEEDED = (
    "a probe needs events:PutEvents on the default event bus and dynamodb:Query on the table in output LedgerTable"
)


def probe(account: Account) -> list[Diagnosis]:
    """What became of a probe, rule by rule. Each that arrives leaves a row in the ledger, for a day.

    Raises CommandError for a stack of a version without probes.
    """
    names = {rule: rule_name(account, rule) for rule in RULES}
    probe_id = uuid4().hex
    try:
        refused = _send(account, probe_id)
        arrived = _arrived(account, probe_id, set(RULES) - refused.keys())
    except (ClientError, BotoCoreError) as fault:
        return [error("probe", f"cannot be made: {explained(fault) or fault}", _NEEDED)]
    return [_diagnosis(account, rule, names[rule], refused.get(rule, ""), arrived.get(rule)) for rule in RULES]


def _send(account: Account, probe_id: str) -> dict[str, str]:
    """Send an event for each rule; why those were not taken that were not, by rule. Raises ClientError."""
    details = [{"probe": probe_id, "rule": rule, "stack": account.stack} for rule in RULES]
    entries = [{"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail)} for detail in details]
    # PutEvents answers 200 though it took only some; results are in the order of the entries (API reference).
    results = account.client("events").put_events(Entries=entries)["Entries"]
    return {
        rule: f"{result['ErrorCode']}: {result.get('ErrorMessage', '')}"
        for rule, result in zip(RULES, results, strict=True)
        if "ErrorCode" in result
    }


def _arrived(account: Account, probe_id: str, awaited: set[str]) -> dict[str, float]:
    """After how many seconds a probe was seen to have come through each rule. Raises ClientError."""
    began, seconds = now(), 0.0
    seen: dict[str, float] = {}
    while not awaited <= seen.keys() and seconds < _PATIENCE:
        time.sleep(_PAUSE)
        arrived = account.ledger.arrived(probe_id)
        seconds = (now() - began).total_seconds()
        seen |= dict.fromkeys(arrived - seen.keys(), seconds)
    return seen


def _diagnosis(account: Account, rule: str, name: str, refused: str, seconds: float | None) -> Diagnosis:
    check = f"probe {rule}"
    if refused:
        return error(check, f"EventBridge did not take the event: {refused}", _NEEDED)
    target = _target(account, rule)
    if seconds is not None:
        return ok(check, f"arrived by {target} after {seconds:.0f} s")
    looked = "look at what golden-ami doctor says of the rule, its target and who reads that"
    remedy = f"{looked}, at FailedInvocations of {name} (CloudWatch, AWS/Events), at {dead_letters(account)}"
    cause = f"not arrived by {target} within {_PATIENCE} s"
    return error(check, cause, f"{remedy}, and at the log of the function behind it")


def _target(account: Account, rule: str) -> str:
    try:
        return ", ".join(targets_of(account, rule)) or "no target"
    except ClientError:  # what may not be listed is still tried
        return "its target"
