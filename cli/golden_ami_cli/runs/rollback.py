"""Going back to the version before: the aliases of the state machine and of the functions, moved together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from golden_ami.history.binding import function_versions
from golden_ami_cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from golden_ami_cli.account import Account


class Move(NamedTuple):
    """An alias of a function that is to point to another version; the same one where nothing is to do."""

    function: str
    now: str
    then: str


@dataclass(frozen=True)
class Rollback:
    """What is moved, from one version of the state machine to another."""

    alias_arn: str
    now: int
    then: int
    published: datetime  # when the version that is gone back to was
    moves: tuple[Move, ...]

    def text(self, done: bool) -> list[str]:
        """For people, line by line."""
        moved = "moved" if done else "would move"
        published = f"{self.published.astimezone(UTC):%Y-%m-%d %H:%M}Z"
        head = f"state machine: {moved} from version {self.now} to {self.then}, published {published}"
        functions = [
            f"{one.function}: {moved} from version {one.now} to {one.then}" for one in self.moves if one.now != one.then
        ]
        ends = (
            f"Runs that start from now on use version {self.then}; runs under way end as they began."
            if done
            else "A dry run, nothing was done."
        )
        return [head, *functions, ends]

    def as_json(self, done: bool) -> dict[str, Any]:
        """For programs."""
        functions = {one.function: {"from": int(one.now), "to": int(one.then)} for one in self.moves}
        return {"done": done, "stateMachine": {"from": self.now, "to": self.then}, "functions": functions}


def plan(account: Account, to: int | None) -> Rollback:
    """What going back means: to the version before, or to the one given. Raises CommandError where it cannot be done.

    Nothing is changed. Every version of a function that is needed is asked for, so that a rollback is not begun which
    cannot be ended.
    """
    alias_arn, states = account.output("StateMachineAliasArn"), account.client("stepfunctions")
    route, *others = states.describe_state_machine_alias(stateMachineAliasArn=alias_arn)["routingConfiguration"]
    if others:
        raise CommandError(
            f"the alias {alias_arn} divides its executions between versions; give it one (aws stepfunctions "
            "update-state-machine-alias --state-machine-alias-arn ARN --routing-configuration …), then roll back"
        )
    now, versions = _number(route["stateMachineVersionArn"]), _versions(states, account.state_machine)
    then = to if to is not None else max((number for number in versions if number < now), default=0)
    if then not in versions:
        there = ", ".join(map(str, sorted(versions)))
        asked = f"no version {then}" if to is not None else f"no version before {now}, which is live"
        raise UsageError(f"the state machine of stack {account.stack} has {asked}; it has {there}")
    definition = states.describe_state_machine(stateMachineArn=f"{account.state_machine}:{then}")["definition"]
    wanted = function_versions(definition)
    live = alias_arn.rpartition(":")[2]
    moves = tuple(_move(account.client("lambda"), name, live, str(version)) for name, version in wanted.items())
    return Rollback(alias_arn, now, then, versions[then], moves)


def _versions(states: Any, machine: str) -> dict[int, datetime]:
    """When each version of the state machine was published. ListStateMachineVersions has no paginator in botocore."""
    found: dict[int, datetime] = {}
    token: dict[str, str] = {}
    while True:
        answer = states.list_state_machine_versions(stateMachineArn=machine, **token)
        found |= {_number(one["stateMachineVersionArn"]): one["creationDate"] for one in answer["stateMachineVersions"]}
        if not answer.get("nextToken"):
            return found
        token = {"nextToken": answer["nextToken"]}


def _number(version_arn: str) -> int:
    return int(version_arn.rpartition(":")[2])


def _move(lambdas: Any, function: str, alias: str, version: str) -> Move:
    try:
        now = lambdas.get_alias(FunctionName=function, Name=alias)["FunctionVersion"]
        lambdas.get_function_configuration(FunctionName=function, Qualifier=version)
    except lambdas.exceptions.ResourceNotFoundException as error:
        raise CommandError(
            f"function {function} has no version {version} any more; go back to another version with --to, "
            "or deploy the earlier release again (sam build && sam deploy)"
        ) from error
    return Move(function, str(now), version)


def carry_out(account: Account, rollback: Rollback) -> None:
    """Move the aliases, the state machine's last: what fails before is done by the same command again."""
    live = rollback.alias_arn.rpartition(":")[2]
    lambdas, states = account.client("lambda"), account.client("stepfunctions")
    for one in rollback.moves:
        if one.now != one.then:
            lambdas.update_alias(FunctionName=one.function, Name=live, FunctionVersion=one.then)
    version = f"{account.state_machine}:{rollback.then}"
    states.update_state_machine_alias(
        stateMachineAliasArn=rollback.alias_arn,
        routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}],
    )
