"""The instances that a run has launched, as EC2 says; and their end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from golden_ami.aws.clients import Clients
from golden_ami.aws.consistency import may_be_unlisted
from golden_ami.aws.errors import code_of, named_errors
from golden_ami.aws.filters import FILTER_VALUES
from golden_ami.errors import AssessmentError, LaunchNotListed, RunNotFound, ServiceRejected, worst
from golden_ami.ledger import Ledger
from golden_ami.models import AMI_TAG, ASSESSMENT_TAG, NO_BATCH, RUN_TAG, STACK_TAG, Ami
from golden_ami.parallel import chunks, side_by_side
from golden_ami.places import Place, named, place_of, places_of
from golden_ami.settings import Settings
from golden_ami.stage import is_collectable, is_open
from golden_ami.times import iso, now

ALIVE = ("pending", "running", "stopping", "stopped")

_EVER = "1970-01-01T00:00:00Z"
_TERMINATIONS = 100  # instances a call; EC2 recommends batches
_UNKNOWN = frozenset({"InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"})


@dataclass(frozen=True)
class Instance:
    """An instance as EC2 describes it."""

    instance_id: str
    state: str
    launched_at: datetime
    tags: Mapping[str, str]
    profile: str = ""  # name of its instance profile
    token: str = ""  # RunInstances' ClientToken

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
        for some in chunks(ami_keys, FILTER_VALUES)
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
                    launched_at=found.get("LaunchTime") or datetime.fromisoformat(_EVER),
                    tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
                    profile=name_of(found.get("IamInstanceProfile", {}).get("Arn", "")),
                    token=found.get("ClientToken", ""),
                )


# ---------------------------------------------------------------- the end of a run


class InstanceCounts(NamedTuple):
    """Instances of a run after a termination. All members are counts."""

    launched: int
    terminated: int  # of these; or shutting down
    running: int  # of these


def terminate_run(run_id: str, settings: Settings, clients: Clients, ledger: Ledger) -> InstanceCounts:
    """Terminate what EC2 lists of the run and what the ledger knows of it, wherever the run's AMIs live.

    Works without a run in the ledger: then only at home. May be repeated. Raises ServiceFault, ServiceRejected or
    AccessDenied naming what could not be terminated, and LaunchNotListed while EC2 may not tell yet of a launch, after
    everything else was done; a retry asks EC2 again.
    """
    amis = _amis(run_id, ledger)
    ends: list[_End] = []
    failures: list[AssessmentError] = []
    for place in places_of((ami for ami in amis if ami.batch != NO_BATCH), settings):
        here = [ami for ami in amis if place_of(ami, settings) == place]
        ends.append(_end(place, here, settings, clients, run_id))
        failures += [*ends[-1].failures, *_unanswered(here, ends[-1].found, place)]
    failures += _note(ends, ledger)
    if failures:
        raise worst(failures)
    launched, terminated = sum(len(one.launched) for one in ends), sum(len(one.ended) for one in ends)
    return InstanceCounts(launched, terminated, running=launched - terminated)


def terminate_finished(
    run_id: str, batches: Collection[str], settings: Settings, clients: Clients, ledger: Ledger
) -> InstanceCounts:
    """Terminate the instances of AMIs for which nothing is left to do; the others live on.

    These are the AMIs that the run has done with, and those of the batches that Tag Findings has just had whose scan is
    over. The counts are of the instances that the ledger knows. Raises as `terminate_run` does, but a launch that EC2
    does not list yet is left to the next call.
    """
    amis = _amis(run_id, ledger)
    over = [ami for ami in amis if not is_open(ami) or (ami.batch in batches and is_collectable(ami))]
    due = [ami for ami in over if (ami.instance_id or ami.launch_token) and not ami.terminated_at]
    ends: list[_End] = []
    for place in dict.fromkeys(place_of(ami, settings) for ami in due):
        here = [ami for ami in due if place_of(ami, settings) == place]
        ends.append(_end(place, here, settings, clients, run_id, [ami.key for ami in here]))
    failures = [*(fault for one in ends for fault in one.failures), *_note(ends, ledger)]
    if failures:
        raise worst(failures)
    earlier = sum(bool(ami.terminated_at) for ami in amis)
    alive = {ami.instance_id for ami in amis if ami.instance_id and not ami.terminated_at}
    launched = alive.union(*(one.launched for one in ends))
    ended = set[str]().union(*(one.ended for one in ends))
    return InstanceCounts(earlier + len(launched), earlier + len(ended), running=len(launched - ended))


class _End(NamedTuple):
    """What became of instances in one place."""

    amis: Sequence[Ami]
    found: Sequence[Instance]  # as EC2 lists them
    launched: frozenset[str]  # ids of all
    ended: frozenset[str]  # of these; or shutting down
    failures: Sequence[AssessmentError]


def _end(
    place: Place,
    amis: Sequence[Ami],
    settings: Settings,
    clients: Clients,
    run_id: str,
    ami_keys: Sequence[str] | None = None,
) -> _End:
    """Terminate the instances of these AMIs, and what else EC2 lists of the run, or of AMIs by key."""
    found: list[Instance] = []
    failures: list[AssessmentError] = []
    try:
        with named_errors():
            found = find(place, settings, clients, run_id=run_id, ami_keys=ami_keys)
    except AssessmentError as fault:  # what the ledger knows, here and in other places, is not to wait for this
        failures.append(fault)
    gone = {one.instance_id for one in found if not one.alive}
    # EC2 forgets what has terminated after about an hour (EC2 API Reference, TerminateInstances); one forgotten id has
    # it terminate none of a call. What the ledger has as ended is asked for only where EC2 lists it as alive.
    ended = {ami.instance_id for ami in amis if ami.terminated_at} - {one.instance_id for one in found}
    launches = {name: at for name, at in _launches(amis, found).items() if name not in gone | ended}
    failed = terminate(place, clients, launches)
    launched = frozenset(launches) | gone | ended
    return _End(amis, found, launched, launched - failed.keys(), [*failures, *failed.values()])


def _note(ends: Iterable[_End], ledger: Ledger) -> list[AssessmentError]:
    """Note in the ledger when the instances of AMIs have ended; the fault that kept it from that."""
    at = iso(now())
    over = [ami for one in ends for ami in one.amis if not ami.terminated_at and _has_ended(ami, one)]
    try:
        with named_errors():
            side_by_side(lambda ami: ledger.update_ami(ami, terminated_at=at), over)
    except AssessmentError as fault:
        return [fault]
    return []


def _has_ended(ami: Ami, end: _End) -> bool:
    """Whether the AMI had an instance, and has none any more."""
    own = {one.instance_id for one in end.found if one.tags.get(AMI_TAG) == ami.key} | {ami.instance_id} - {""}
    return bool(own) and own <= end.ended


def _amis(run_id: str, ledger: Ledger) -> list[Ami]:
    try:
        return ledger.run_and_amis(run_id)[1]
    except RunNotFound:
        return []


def _launches(amis: Iterable[Ami], found: Iterable[Instance]) -> dict[str, datetime]:
    """When each instance was launched that the ledger knows, or EC2 lists, by its id."""
    known = {ami.instance_id: datetime.fromisoformat(ami.launched_at or _EVER) for ami in amis if ami.instance_id}
    return {one.instance_id: one.launched_at for one in found} | known


def _unanswered(amis: Iterable[Ami], found: Iterable[Instance], place: Place) -> list[AssessmentError]:
    """A fault for launches whose answer the ledger lacks, and that EC2 does not list and may yet list."""
    listed = {one.token for one in found}
    young = [
        ami.key
        for ami in amis
        if ami.launch_token
        and not ami.instance_id
        and ami.launch_token not in listed
        and may_be_unlisted(ami.launched_at)
    ]
    if not young:
        return []
    return [LaunchNotListed(f"EC2 does not list yet what was just launched for {', '.join(young)} in {named(place)}")]


def terminate(place: Place, clients: Clients, launches: Mapping[str, datetime]) -> dict[str, AssessmentError]:
    """Terminate instances, given with the instant of their launch; what could not be, with its fault.

    Instances that are gone already are no fault. One that EC2 does not know is not gone while it may be unlisted.
    """
    ec2 = clients.client("ec2", place)
    failures: dict[str, AssessmentError] = {}
    for some in chunks(list(launches), _TERMINATIONS):
        refused = _refusal(ec2, some)
        for name in some if refused else ():
            # One unknown or refused id has EC2 terminate none of a call (EC2 API Reference, TerminateInstances).
            fault = refused if len(some) == 1 else _refusal(ec2, [name])
            if left := fault and _unless_ended(place, ec2, name, launches[name], fault):
                failures[name] = left
    return failures


def _refusal(ec2: Any, instance_ids: Sequence[str]) -> AssessmentError | None:
    """Why EC2 terminates none of the instances; None when it does."""
    try:
        with named_errors():
            ec2.terminate_instances(InstanceIds=list(instance_ids))
    except AssessmentError as fault:
        return fault
    return None


def _unless_ended(
    place: Place, ec2: Any, instance_id: str, launched_at: datetime, fault: AssessmentError
) -> AssessmentError | None:
    """What a refused termination comes to; None when the instance has ended."""
    cause = fault.__cause__
    code = code_of(cause) if isinstance(cause, ClientError) else ""
    state = _state(ec2, instance_id)
    # One that has ended lacks the profile on which the permission depends, and so may one that is not listed yet
    # (inferred): what EC2 says of it counts, not the refusal.
    if state and state not in ALIVE:
        return None
    if state == "" and not may_be_unlisted(launched_at):
        return None
    if state == "" or code in _UNKNOWN:
        return LaunchNotListed(f"EC2 does not know yet {instance_id} in {named(place)}, which was just launched")
    return _explained(fault, code, instance_id, place)


def _state(ec2: Any, instance_id: str) -> str | None:
    """As EC2 says; "" when it does not know the instance, None when it cannot be asked."""
    try:
        answer = ec2.describe_instances(InstanceIds=[instance_id])
    except ClientError as error:
        return "" if code_of(error) in _UNKNOWN else None
    states = [str(found["State"]["Name"]) for group in answer["Reservations"] for found in group["Instances"]]
    return states[0] if states else ""


def _explained(fault: AssessmentError, code: str, names: str, place: Place) -> AssessmentError:
    if code == "OperationNotPermitted":
        return ServiceRejected(
            f"{names} in {named(place)} is protected against termination, but was launched without protection: take it "
            f"off (aws ec2 modify-instance-attribute --instance-id INSTANCE --no-disable-api-termination) and "
            f"terminate it ({fault})"
        )
    return type(fault)(f"{names} in {named(place)} was not terminated: {fault}")
