"""The instances that a run has launched, as EC2 says; and their end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import code_of, named_errors
from golden_ami.errors import AssessmentError, RunNotFound, ServiceFault, ServiceRejected, worst
from golden_ami.ledger import Ledger
from golden_ami.models import AMI_TAG, ASSESSMENT_TAG, NO_BATCH, RUN_TAG, STACK_TAG, Ami
from golden_ami.parallel import chunks
from golden_ami.places import Place, named, place_of, places_of
from golden_ami.settings import Settings
from golden_ami.times import now

ALIVE = ("pending", "running", "stopping", "stopped")
VISIBLE_AFTER = timedelta(seconds=15)  # EC2 is eventually consistent: a younger launch may not be described yet

_FILTER_VALUES = 200  # values that a filter of EC2 takes
_TERMINATIONS = 100  # instances a call; EC2 recommends batches
_GONE = frozenset({"InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"})


@dataclass(frozen=True)
class Instance:
    """An instance as EC2 describes it."""

    instance_id: str
    state: str
    launched_at: datetime
    tags: Mapping[str, str]
    profile: str = ""  # name of its instance profile

    @property
    def alive(self) -> bool:
        """Whether it runs, or can run again; one that shuts down cannot."""
        return self.state in ALIVE

    def launched_by(self, settings: Settings) -> bool:
        """Whether it carries the stack's instance profile, which nobody can forge as one can its tags.

        A profile is given by who may pass its role (iam:PassRole). What no longer lives may have lost it.
        """
        return not self.alive or self.profile == name_of(settings.instance_profile)


def name_of(profile: str) -> str:
    """The name of an instance profile that is given by name or by ARN; unique in its account whatever its path."""
    return profile.rpartition("/")[2]


def find(
    place: Place,
    settings: Settings,
    clients: Clients,
    *,
    run_id: str | None = None,
    ami_keys: Sequence[str] | None = None,
) -> list[Instance]:
    """The instances that the stack has launched in a place; those of one run, or of AMIs by key.

    They are found by their tags and told from those of others by their instance profile.
    """
    found = tagged(clients.client("ec2", place), settings.stack, run_id=run_id, ami_keys=ami_keys)
    return [one for one in found if one.launched_by(settings)]


def tagged(
    ec2: Any,
    stack: str,
    *,
    run_id: str | None = None,
    ami_keys: Sequence[str] | None = None,
    states: Sequence[str] | None = None,
) -> list[Instance]:
    """All instances with the stack's tags, whoever launched them: of a run, of AMIs by key, in states.

    `ec2` is a client of the place.
    """
    filters = [_tag(ASSESSMENT_TAG, ["true"]), _tag(STACK_TAG, [stack])]
    if run_id is not None:
        filters.append(_tag(RUN_TAG, [run_id]))
    if states is not None:
        filters.append({"Name": "instance-state-name", "Values": list(states)})
    if ami_keys is None:
        return list(_described(ec2, filters))
    return [
        instance
        for some in chunks(ami_keys, _FILTER_VALUES)
        for instance in _described(ec2, [*filters, _tag(AMI_TAG, some)])
    ]


def _tag(key: str, values: Sequence[str]) -> dict[str, Any]:
    return {"Name": f"tag:{key}", "Values": list(values)}


def _described(ec2: Any, filters: Sequence[Mapping[str, Any]]) -> Iterator[Instance]:
    pages = ec2.get_paginator("describe_instances")
    for page in pages.paginate(Filters=filters, PaginationConfig={"PageSize": 500}):
        for reservation in page["Reservations"]:
            for found in reservation["Instances"]:
                yield Instance(
                    instance_id=found["InstanceId"],
                    state=found["State"]["Name"],
                    launched_at=found.get("LaunchTime") or datetime.fromtimestamp(0, UTC),
                    tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
                    profile=name_of(found.get("IamInstanceProfile", {}).get("Arn", "")),
                )


# ---------------------------------------------------------------- the end of a run


class InstanceCounts(NamedTuple):
    """Instances of a run after its termination. All members are counts."""

    launched: int
    terminated: int  # of these; or shutting down
    running: int  # of these


def terminate_run(run_id: str, settings: Settings, clients: Clients, ledger: Ledger) -> InstanceCounts:
    """Terminate every instance that was launched for the run as EC2 says, wherever the run's AMIs live.

    Works without a run in the ledger: then only at home. May be repeated. Raises ServiceFault, ServiceRejected or
    AccessDenied naming what could not be terminated, after everything else was; a retry asks EC2 again.
    """
    amis = _amis(run_id, ledger)
    launched = terminated = 0
    failures: list[AssessmentError] = []
    for place in places_of((ami for ami in amis if ami.batch != NO_BATCH), settings):
        try:
            with named_errors():
                found = find(place, settings, clients, run_id=run_id)
        except AssessmentError as fault:  # the other places' instances are not to wait for this one
            failures.append(fault)
            continue
        failed = terminate(place, clients, [instance.instance_id for instance in found if instance.alive])
        gone, missing = _unlisted([ami for ami in amis if place_of(ami, settings) == place], found, place, clients)
        failures += [*failed.values(), *missing]
        launched += len(found) + gone
        terminated += len(found) + gone - len(failed)
    if failures:
        raise worst(failures)
    return InstanceCounts(launched, terminated, running=launched - terminated)


def _amis(run_id: str, ledger: Ledger) -> list[Ami]:
    try:
        return ledger.run_and_amis(run_id)[1]
    except RunNotFound:
        return []


def _unlisted(
    amis: Iterable[Ami], found: Iterable[Instance], place: Place, clients: Clients
) -> tuple[int, list[AssessmentError]]:
    """Of launches that the ledger knows and EC2 does not list: how many are gone, and those too young to say."""
    listed = {instance.instance_id for instance in found}
    keys = {instance.tags.get(AMI_TAG) for instance in found}
    gone = 0
    young: list[Ami] = []
    for ami in amis:
        unlisted = ami.instance_id not in listed if ami.instance_id else ami.launch_token and ami.key not in keys
        if not unlisted or (ami.reason is not None and not ami.instance_id):
            continue
        if now() - datetime.fromisoformat(ami.launched_at) < VISIBLE_AFTER:
            young.append(ami)
        elif ami.instance_id:
            gone += 1
    if not young:
        return gone, []
    # It may work; a retry sees whether it did.
    terminate(place, clients, [ami.instance_id for ami in young if ami.instance_id])
    names = ", ".join(ami.key for ami in young)
    return gone, [ServiceFault(f"EC2 does not list yet what was just launched for {names} in {named(place)}")]


def terminate(place: Place, clients: Clients, instance_ids: Sequence[str]) -> dict[str, AssessmentError]:
    """Terminate instances; what could not be, with its fault. Instances that are gone already are no fault."""
    ec2 = clients.client("ec2", place)
    failures: dict[str, AssessmentError] = {}
    for some in chunks(instance_ids, _TERMINATIONS):
        fault = _terminate(place, ec2, some)
        if fault is None:
            continue
        if len(some) == 1:
            failures[some[0]] = fault
        else:  # one instance that refuses keeps the others of its call alive
            failures |= {name: fault for name in some if (fault := _terminate(place, ec2, [name]))}
    return failures


def _terminate(place: Place, ec2: Any, instance_ids: Sequence[str]) -> AssessmentError | None:
    try:
        with named_errors():
            ec2.terminate_instances(InstanceIds=list(instance_ids))
    except AssessmentError as fault:
        cause = fault.__cause__
        code = code_of(cause) if isinstance(cause, ClientError) else ""
        if len(instance_ids) == 1 and (code in _GONE or _over(ec2, instance_ids[0])):
            return None
        return _explained(fault, code, ", ".join(instance_ids), place)
    return None


def _over(ec2: Any, instance_id: str) -> bool:
    """Whether it has ended by itself meanwhile; the permission depends on the instance profile, which it then lacks."""
    try:
        answer = ec2.describe_instances(InstanceIds=[instance_id])
    except ClientError:
        return False
    states = [found["State"]["Name"] for group in answer["Reservations"] for found in group["Instances"]]
    return bool(states) and not set(states) & set(ALIVE)


def _explained(fault: AssessmentError, code: str, names: str, place: Place) -> AssessmentError:
    if code == "OperationNotPermitted":
        return ServiceRejected(
            f"{names} in {named(place)} is protected against termination, but was launched without protection: take it "
            f"off (aws ec2 modify-instance-attribute --no-disable-api-termination) and terminate it ({fault})"
        )
    return type(fault)(f"{names} in {named(place)} was not terminated: {fault}")
