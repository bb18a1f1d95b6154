"""Launches one instance for each AMI of a batch that needs one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from golden_ami.aws.clients import Clients
from golden_ami.aws.consistency import may_be_unlisted
from golden_ami.aws.errors import named_errors
from golden_ami.batches import shown
from golden_ami.engines.registry import traits
from golden_ami.errors import AccessDenied, AssessmentError, ServiceFault, ServiceRejected
from golden_ami.failures import LAUNCH, cause_noted
from golden_ami.instances.pacing import interval, pause
from golden_ami.instances.refusals import ELSEWHERE, Deferred, Refusal, over_quota, reason_of, refusal
from golden_ami.instances.tags import Tagging, instance_tags, own_tags, to_list
from golden_ami.instances.termination import Instance, find, name_of, tagged
from golden_ami.instances.user_data import user_data_of, with_user_data
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.models import AMI_TAG, Ami, Reason, Run
from golden_ami.parallel import side_by_side
from golden_ami.places import Place, home, place_of
from golden_ami.reasons import launching
from golden_ami.settings import Settings
from golden_ami.stage import needs_launch
from golden_ami.subnets import placement_of, subnets_of
from golden_ami.times import iso, now

WORKERS = 4  # launches under way at once

# InstanceMetadataTags is said outright: where the account's defaults enable it, EC2 refuses an instance with a tag
# whose key has a space or a slash, as AMIs' tags may (EC2 User Guide, "View tags for your EC2 instances using instance
# metadata"; "Order of precedence for instance metadata options": what a launch says goes before the account's default).
_METADATA = {
    "HttpTokens": "required",
    "HttpEndpoint": "enabled",
    "HttpPutResponseHopLimit": 1,
    "InstanceMetadataTags": "disabled",
}


class Launched(NamedTuple):
    """The AMIs of a batch that a wave launches."""

    launched: int
    not_launched: int
    reasons: list[str]  # of those that were not launched: the AMI's key and the reason's code


def launch(run_id: str, batch: str, wave: int | None, settings: Settings, clients: Clients, ledger: Ledger) -> Launched:
    """Launch what a wave has of the batch and has not launched; None stands for all that the batch needs.

    May be repeated: the intent is in the ledger before the call, the instance is found by its tags or by the call's
    ClientToken. What EC2 refuses for one AMI is recorded as its reason; the others go on. Raises botocore's ClientError
    and `errors` for faults, after every other launch under way has ended.
    """
    run, amis = ledger.run_and_amis(run_id, batch)
    needing = [ami for ami in amis if traits(ami.engine).needs_instances and wave in (None, ami.wave)]
    waiting = [ami for ami in needing if needs_launch(ami)]
    with cause_noted(LAUNCH, waiting, ledger), named_errors():
        known = _launched_before([ami for ami in waiting if ami.launch_token], run_id, settings, clients)
        ec2 = {place: clients.client("ec2", place) for place in {place_of(ami, settings) for ami in waiting}}
        texts = user_data_of(run, waiting, settings, clients)
    rest = partial(pause, interval(run.ami_count, len(run.batches)))
    attempts = side_by_side(partial(_attempt, run, known, texts, settings, ec2, ledger), waiting, WORKERS, rest)
    for attempt in attempts:
        if isinstance(attempt, Exception):
            raise attempt
    launched = sum(attempt is True for attempt in attempts) + sum(bool(ami.instance_id) for ami in needing)
    left = len(needing) - launched
    return Launched(launched, left, _reasons(run_id, batch, {ami.key for ami in needing}, ledger) if left else [])


def _reasons(run_id: str, batch: str, keys: Collection[str], ledger: Ledger) -> list[str]:
    unlaunched = (ami for ami in ledger.amis(run_id, batch) if ami.key in keys and not ami.instance_id)
    return shown([f"{ami.key}: {ami.reason.code if ami.reason else 'left to a later wave'}" for ami in unlaunched])


def _attempt(
    run: Run,
    known: Mapping[str, list[Instance]],
    texts: Mapping[str, str],
    settings: Settings,
    ec2: Mapping[Place, Any],
    ledger: Ledger,
    ami: Ami,
) -> bool | AssessmentError:
    """Whether an instance was launched; a fault is returned, so that the AMIs beside this one are not dropped."""
    if reason := _foreign_profile(run, ami, settings):
        ledger.not_assessed(ami, reason)
        return False
    earlier = known.get(ami.key, [])
    try:
        with cause_noted(LAUNCH, [ami], ledger), named_errors():
            if alive := next((instance for instance in earlier if instance.alive), None):
                return _note(ami, alive.instance_id, alive.launched_at, ledger)
            if ami.user_data_sha256 and ami.user_data_sha256 not in texts:
                ledger.not_assessed(ami, launching.USER_DATA_GONE())
                return False
            tagging = _tagging(run, ami, settings)
            notes = [*ami.notes, *(note for note in tagging.notes if note not in ami.notes)]
            requests = _requests(run, with_user_data(ami, texts), settings, tagging.tags, earlier)
            return _launch(ami, notes, requests, settings, ec2[place_of(ami, settings)], ledger)
    except AssessmentError as fault:
        return fault


def _launch(
    ami: Ami, notes: list[str], requests: Mapping[str, Mapping[str, Any]], settings: Settings, ec2: Any, ledger: Ledger
) -> bool:
    """Whether EC2 launches the AMI in a subnet; the next one is tried after a refusal that another subnet may heal.

    A refused call has launched nothing, nor has an earlier one with its token: EC2 would have answered its instance
    (EC2 Developer Guide, "Ensuring idempotency in Amazon EC2 API requests"). EC2 is asked all the same.
    """
    answered = not ami.launch_token
    refused: dict[str, Refusal] = {}
    for subnet, request in requests.items():
        ami = ledger.update_ami(ami, launch_token=request["ClientToken"], launched_at=iso(now()), notes=notes)
        try:
            outcome = _run_instances(ami, request, ec2)
        except (AccessDenied, ServiceRejected):  # an answer: nothing was launched, so Terminate waits for no instance
            if answered:
                ledger.update_ami(ami, launch_token="")
            raise
        if isinstance(outcome, Deferred):
            return _deferred(ami, outcome, ledger, answered)
        if not isinstance(outcome, Refusal):
            # A repeated call answers the instance of the first one, and when that was launched.
            return _note(ami, outcome["InstanceId"], outcome["LaunchTime"], ledger)
        refused[subnet] = outcome
        if outcome.cause not in ELSEWHERE:
            break
        if not answered and (alive := _alive(ami, settings, ec2)):
            return _note(ami, alive.instance_id, alive.launched_at, ledger)
        logger.info("not launched", extra={"ami": ami.key, "subnet": subnet, "error": outcome.error})
    return _not_launched(ami, reason_of(refused, ami.lacking_subnets, ami.entry.instance_type), ledger, answered)


def _deferred(ami: Ami, outcome: Deferred, ledger: Ledger, answered: bool) -> bool:
    """Leave the AMI to a later wave; false. An execution from before there were waves has none."""
    if not ami.wave:
        return _not_launched(ami, over_quota(ami, f"{outcome.said} ({outcome.error})"), ledger, answered)
    logger.info("deferred", extra={"ami": ami.key, "error": outcome.error})
    at = iso(now())
    deferred = {"deferred_since": ami.deferred_since or at, "deferred_at": at}
    ledger.update_ami(ami, wave=0, **deferred, **({"launch_token": ""} if answered else {}))
    return False


def _not_launched(ami: Ami, reason: Reason, ledger: Ledger, answered: bool) -> bool:
    """Keep why nothing was launched; false. With every call `answered` Terminate waits for no instance."""
    if answered:
        ami = ledger.update_ami(ami, launch_token="")
    ledger.not_assessed(ami, reason)
    return False


def _note(ami: Ami, instance_id: str, launched_at: datetime, ledger: Ledger) -> bool:
    """Keep what was launched; true."""
    ledger.update_ami(ami, instance_id=instance_id, launched_at=iso(launched_at))
    logger.info("launched", extra={"ami": ami.key, "instance": instance_id})
    return True


def _alive(ami: Ami, settings: Settings, ec2: Any) -> Instance | None:
    """The instance of an earlier launch of this AMI in this run, if EC2 lists it by now."""
    found = tagged(ec2, settings.stack, run_id=ami.run_id, ami_keys=[ami.key])
    return next((one for one in found if one.alive and one.launched_by(settings)), None)


def _run_instances(ami: Ami, request: Mapping[str, Any], ec2: Any) -> dict[str, Any] | Refusal | Deferred:
    """The instance as EC2 answers it, or why it does not launch this AMI."""
    try:
        with named_errors():
            answer = ec2.run_instances(**request)
    except (ServiceRejected, AccessDenied, ServiceFault) as fault:
        cause = fault.__cause__
        refused = refusal(cause, ami) if isinstance(cause, ClientError) else None
        if refused is None:
            raise
        return refused
    instance: dict[str, Any] = answer["Instances"][0]
    return instance


def _launched_before(
    amis: Sequence[Ami], run_id: str, settings: Settings, clients: Clients
) -> dict[str, list[Instance]]:
    """What EC2 holds of earlier launches whose answer the ledger does not have, by AMI key."""
    groups: dict[Place, list[str]] = {}
    for ami in amis:
        groups.setdefault(place_of(ami, settings), []).append(ami.key)
    found: dict[str, list[Instance]] = {}
    for place, keys in groups.items():
        for instance in find(place, settings, clients, run_id=run_id, ami_keys=keys):
            found.setdefault(instance.tags.get(AMI_TAG, ""), []).append(instance)
    return found


# ---------------------------------------------------------------- the request


def _tagging(run: Run, ami: Ami, settings: Settings) -> Tagging:
    own = own_tags(run_id=run.run_id, ami_key=ami.key, expires_at=run.expires_at, stack=settings.stack)
    return instance_tags(ami.tags, own)


def _requests(
    run: Run, ami: Ami, settings: Settings, tags: Mapping[str, str], earlier: Sequence[Instance]
) -> dict[str, dict[str, Any]]:
    """RunInstances' parameters by subnet, in the order in which they are tried; "" is for EC2 to choose one.

    A launch whose answer was lost is repeated before anything else is tried: what comes back is its instance. Raises
    ServiceFault for one that cannot be repeated, as the stack's subnets have changed since, while EC2 may not list it.
    """
    known = subnets_of(run.config, ami, settings)
    # All lack the type where the stack's subnets have changed since Load Config: EC2 says so then.
    subnets = [one for one in known if one not in ami.lacking_subnets] or [*known] or [""]
    attempt = len(earlier) + 1
    requests = {subnet: run_instances_request(run, ami, settings, tags, subnet, attempt=attempt) for subnet in subnets}
    asked = next((name for name, one in requests.items() if one["ClientToken"] == ami.launch_token), None)
    if asked is not None:
        return {asked: requests[asked]} | requests
    listed = {instance.token for instance in earlier}
    if ami.launch_token and ami.launch_token not in listed and ami.launched_at and may_be_unlisted(ami.launched_at):
        raise ServiceFault(f"EC2 does not list yet what may have been launched for {ami.key}, in another subnet")
    return requests


def run_instances_request(
    run: Run, ami: Ami, settings: Settings, tags: Mapping[str, str], subnet: str, *, attempt: int = 1
) -> dict[str, Any]:
    """RunInstances' parameters for an AMI in a subnet; "" is for EC2 to choose one. Pure.

    Metadata only by IMDSv2; every volume of the AMI encrypted and deleted with the instance; no public address unless
    the configuration asks for one; a shutdown from within terminates. `attempt` counts the instances of this AMI in
    this run that are gone; a ClientToken answers for one instance only.
    """
    request: dict[str, Any] = {
        "ImageId": ami.ami_id,
        "InstanceType": ami.entry.instance_type,
        "MinCount": 1,
        "MaxCount": 1,
        "MetadataOptions": _METADATA,
        "BlockDeviceMappings": [_volume(device, size) for device, size in sorted(ami.volumes.items())],
        "NetworkInterfaces": [_interface(run, ami, settings, subnet)],
        "InstanceInitiatedShutdownBehavior": "terminate",
        "TagSpecifications": [{"ResourceType": kind, "Tags": to_list(tags)} for kind in ("instance", "volume")],
    }
    profile = _profile(run, ami, settings)
    if profile:
        request["IamInstanceProfile"] = {"Arn" if profile.startswith("arn:") else "Name": profile}
    if ami.entry.user_data:
        request["UserData"] = ami.entry.user_data
    request["ClientToken"] = client_token(run.run_id, ami.key, attempt, request)
    return request


def client_token(run_id: str, ami_key: str, attempt: int, request: Mapping[str, Any]) -> str:
    """64 ASCII characters, EC2's limit; the same for the same launch, another for any other, as in another subnet.

    With other parameters EC2 refuses a token (IdempotentParameterMismatch), but with a subnet in another Availability
    Zone it launches once more: a token is then of its zone (EC2 Developer Guide, "Ensuring idempotency in Amazon EC2
    API requests").
    """
    content = json.dumps([run_id, ami_key, attempt, request], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _volume(device: str, gibibytes: int) -> dict[str, Any]:
    size = {"VolumeSize": gibibytes} if gibibytes else {}
    return {"DeviceName": device, "Ebs": {"Encrypted": True, "DeleteOnTermination": True} | size}


def _interface(run: Run, ami: Ami, settings: Settings, subnet: str) -> dict[str, Any]:
    placement = placement_of(run.config, ami)
    at_home = place_of(ami, settings) == home(settings)
    group = placement.security_group_id or (settings.security_group_id if at_home else "")
    interface: dict[str, Any] = {
        "DeviceIndex": 0,
        "DeleteOnTermination": True,
        "AssociatePublicIpAddress": run.config.public_address or placement.public_address,
    }
    if subnet:
        interface["SubnetId"] = subnet
    if group:
        interface["Groups"] = [group]
    return interface


def _profile(run: Run, ami: Ami, settings: Settings) -> str:
    """The stack's own profile serves in every region of its account (IAM is global); in others, one of its name."""
    profile = placement_of(run.config, ami).instance_profile or settings.instance_profile
    foreign = ami.account != settings.account and f":{settings.account}:" in profile
    return profile.rpartition("/")[2] if foreign else profile


def _foreign_profile(run: Run, ami: Ami, settings: Settings) -> Reason | None:
    """Why no instance is launched: with another profile than the stack's own the stack could not terminate it."""
    profile = _profile(run, ami, settings)
    if name_of(profile) == name_of(settings.instance_profile):
        return None
    return launching.INSTANCE_PROFILE_FOREIGN(profile=profile, own=settings.instance_profile)
