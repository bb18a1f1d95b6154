"""What a run that is over has used, as AWS's APIs and the ledger tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from golden_ami.errors import RunNotFound
from golden_ami.models import Ami, Config
from golden_ami_cli.assessing.result import transitions
from golden_ami_cli.errors import UsageError
from golden_ami_cli.estimate.command import Prices, estimate, lambda_gb_seconds, with_actual
from golden_ami_cli.estimate.lines import Line

if TYPE_CHECKING:
    from golden_ami_cli.account import Account


def of_run(account: Account, run: str, table: Prices) -> list[Line]:
    """The estimate for a run as the ledger has it, with the actual figures beside it. Raises UsageError."""
    execution = account.describe(run)
    run_id = execution["name"]
    try:
        config, amis = account.ledger.run(run_id).config, account.ledger.amis(run_id)
    except RunNotFound as error:
        raise UsageError(f"run {run_id} was never opened, so nothing was used beside its first state") from error
    return used_by(execution, account.history(execution["executionArn"]), config, amis, table)


def used_by(
    execution: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    config: Config,
    amis: Sequence[Ami],
    table: Prices,
) -> list[Line]:
    """The estimate for a configuration, with what an execution of it has used beside it."""
    ended = _terminated_at(events) or execution.get("stopDate") or datetime.now(UTC)
    used = {"State transitions": float(transitions(events)), "Lambda": lambda_gb_seconds(events)}
    return with_actual(estimate(config, amis, table), used | _instances(amis, ended))


def _terminated_at(events: Sequence[Mapping[str, Any]]) -> datetime | None:
    """When Terminate was over: the end of what instances and volumes are billed for."""
    for event in reversed(events):
        if event.get("stateExitedEventDetails", {}).get("name") == "Terminate":
            terminated: datetime = event["timestamp"]
            return terminated
    return None


def _instances(amis: Sequence[Ami], ended: datetime) -> dict[str, float]:
    """Minutes by the estimate's lines."""
    by_kind: dict[str, list[float]] = {}
    volumes = inspector = 0.0
    for ami in amis:
        if not ami.instance_id:
            continue
        minutes = max(0.0, (ended - datetime.fromisoformat(ami.launched_at)).total_seconds() / 60)
        by_kind.setdefault(ami.entry.instance_type, []).append(minutes)
        volumes += minutes * sum(ami.volumes.values())
        inspector += minutes if ami.engine == "instance" else 0
    used = {f"{len(each)} x {kind}": sum(each) for kind, each in by_kind.items()}
    scanned = sum(ami.engine == "ami" and bool(ami.findings_key) for ami in amis)
    return used | {"Volumes": volumes, "Inspector, instances": inspector, "Inspector, on demand": float(scanned)}
