"""Ending a run, and proving by EC2 that none of its instances runs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from golden_ami.aws.consistency import may_be_unlisted
from golden_ami.errors import RunNotFound
from golden_ami.models import Ami
from golden_ami_cli.assessing.following import poll_seconds
from golden_ami_cli.runs.orphans import instances_of

if TYPE_CHECKING:
    from golden_ami_cli.account import Account

_ALIVE = ("pending", "running", "stopping", "stopped")


@dataclass
class Proof:
    """What EC2 says of a run's instances."""

    gone: list[str] = field(default_factory=list)
    alive: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)  # AMIs whose launch is too young for EC2 to tell
    elsewhere: list[str] = field(default_factory=list)  # accounts that these credentials cannot ask
    reported: bool = False  # whether on-execution-end, or the run itself, has done its part

    @property
    def over(self) -> bool:
        """Whether nothing runs, as far as EC2 was asked."""
        return self.reported and not self.alive and not self.unlisted


@dataclass
class CancelledRun:
    """What became of a cancelled run."""

    run_id: str
    was: str  # the status before
    proof: Proof

    def problem(self) -> str:
        """What keeps it from being proven, with the remedy; "" when nothing does."""
        proof = self.proof
        if proof.alive:
            return (
                f"still running: {', '.join(proof.alive)}; the reaper looks every half hour, or "
                f"end them yourself: aws ec2 terminate-instances --instance-ids {' '.join(proof.alive)}"
            )
        if proof.unlisted:
            return (
                f"EC2 does not list yet what was launched for {', '.join(proof.unlisted)}; cancel again in five minutes"
            )
        if not proof.reported:
            return "no instance runs, but on-execution-end has not reported; look at its log and at the dead letters"
        if proof.elsewhere:
            return f"nobody asked account {', '.join(proof.elsewhere)}; cancel with a --profile of it, too, to be sure"
        return ""

    def text(self) -> str:
        """For people."""
        ended = "ended before" if self.was != "RUNNING" else "cancelled"
        proof = self.proof
        said = f"{len(proof.gone)} terminated, {len(proof.alive)} running, as EC2 says"
        return f"Run {self.run_id} {ended}{'' if self.was == 'RUNNING' else f' ({self.was})'}: {said}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        proof = self.proof
        return {
            "runId": self.run_id,
            "statusBefore": self.was,
            "terminated": proof.gone,
            "running": proof.alive,
            "unlisted": proof.unlisted,
            "accountsNotAsked": proof.elsewhere,
            "reported": proof.reported,
        }


def cancel(account: Account, run: str, timeout: float) -> CancelledRun:
    """Stop the execution if it runs, and wait, at most `timeout` seconds, until none of its instances does."""
    execution = account.describe(run)
    run_id, was = execution["name"], execution["status"]
    if was == "RUNNING":
        account.client("stepfunctions").stop_execution(
            executionArn=execution["executionArn"],
            error="Cancelled",
            cause=f"by {_who(account)}, with golden-ami cancel",
        )
    deadline, pause = time.monotonic() + timeout, poll_seconds(account)
    while not (proof := prove(account, run_id)).over and time.monotonic() < deadline:
        time.sleep(pause)
    return CancelledRun(run_id, was, proof)


def _who(account: Account) -> str:
    return str(account.client("sts").get_caller_identity()["Arn"])


def prove(account: Account, run_id: str) -> Proof:
    """Ask EC2, in every region in which the run has AMIs, for instances by the run's tag and by the ledger's ids."""
    proof = Proof()
    try:
        proof.reported = bool(account.ledger.run(run_id).report_key)
        amis = account.ledger.amis(run_id)
    except RunNotFound:  # it ended before anything was launched
        proof.reported, amis = True, []
    home = account.settings.account
    proof.elsewhere = sorted({ami.account for ami in amis if ami.account != home and ami.launch_token})
    mine = [ami for ami in amis if ami.account == home]
    for region in sorted({account.region} | {ami.region for ami in mine}):
        _ask(proof, account, region, run_id, [ami for ami in mine if ami.region == region])
    return proof


def _ask(proof: Proof, account: Account, region: str, run_id: str, amis: list[Ami]) -> None:
    states = {one.instance_id: one.state for one in instances_of(account, region, run_id)}
    missing = [ami.instance_id for ami in amis if ami.instance_id and ami.instance_id not in states]
    for some in range(0, len(missing), 200):  # values that a filter takes
        states |= _states(account.client("ec2", region), {"Name": "instance-id", "Values": missing[some : some + 200]})
    proof.alive += [name for name, state in states.items() if state in _ALIVE]
    proof.gone += [name for name, state in states.items() if state not in _ALIVE]
    launched = (ami for ami in amis if ami.launch_token and ami.instance_id not in states)
    proof.unlisted += [ami.key for ami in launched if may_be_unlisted(ami.launched_at)]


def _states(ec2: Any, wanted: dict[str, Any]) -> dict[str, str]:
    pages = ec2.get_paginator("describe_instances").paginate(Filters=[wanted])
    return {
        instance["InstanceId"]: instance["State"]["Name"]
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    }
