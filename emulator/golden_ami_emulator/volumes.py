"""The keys that encrypt the volumes of a launch, and what becomes of an instance whose launcher may not use them.

RunInstances succeeds all the same. The instance ends at once, with the StateReason "Client.InternalError: Client error
on launch" (AWS re:Post, "Why does my instance with an encrypted volume stop immediately?"; EC2 API Reference,
StateReason). That a disabled key gives Client.InvalidKMSKey.InvalidState is reported by users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from golden_ami_emulator.calls import Call
from golden_ami_emulator.default_key import MANAGED, default_key
from golden_ami_emulator.iam.ec2 import volume_key_needs
from golden_ami_emulator.iam.policy import Need
from golden_ami_emulator.iam.request import Request

_DENIED = ("Client.InternalError", "Client.InternalError: Client error on launch")
_UNFIT = ("Client.InvalidKMSKey.InvalidState", "Client.InvalidKMSKey.InvalidState: The KMS key provided is not enabled")

Permits = Callable[[Call, Any, Iterable[Need]], bool]


def end_what_cannot_be_encrypted(call: Call, client: Any, answer: Any, account: str, permits: Permits) -> None:
    """After RunInstances: end the instances, if the caller may not use a key of their volumes, or nobody can."""
    from moto.ec2.models import ec2_backends
    from moto.ec2.models.instances import StateReason

    backend = ec2_backends[account][call.region]
    request = Request(call.service, call.operation, call.parameters, call.region, account)
    for key in _keys(backend, request):
        code, message = _UNFIT if _is_off(key) else _DENIED
        if code == _DENIED[0] and permits(call, client, volume_key_needs(request, key)):
            continue
        for one in answer["Instances"]:
            instance = backend.get_instance(one["InstanceId"])
            instance.terminate()
            instance.state_reason = StateReason(message, code)
        return


def _keys(backend: Any, request: Request) -> Iterator[str]:
    """Of an encrypted snapshot its own key; of a plain one, or another account's, the default one for the new volume.

    That the owner's volume keeps its snapshot's key, and another's takes the default, is inferred from "Amazon EBS
    encryption examples" (EBS User Guide).
    """
    image = backend.amis.get(request.parameters["ImageId"])
    own = getattr(getattr(image, "ebs_snapshot", None), "kms_key_id", None)
    if own:
        yield own
    encrypted = any(one.get("Ebs", {}).get("Encrypted") for one in request.parameters.get("BlockDeviceMappings", []))
    default = default_key(request.account, request.region)
    if encrypted and default != MANAGED and (not own or image.owner_id != request.account):
        yield default


def _is_off(key: str) -> bool:
    from moto.kms.models import kms_backends

    _, _, _, region, account, name = key.split(":", 5)
    found = kms_backends[account][region].keys.get(name.removeprefix("key/"))
    return found is not None and found.key_state != "Enabled"
