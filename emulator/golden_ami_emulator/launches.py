"""RunInstances' ClientToken, and how late EC2 lists what it has launched: moto knows neither."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import Any

from golden_ami_emulator.environment import current_function
from golden_ami_emulator.patching import Patches
from golden_ami_emulator.quotas import Quotas
from golden_ami_emulator.world import World
from golden_ami_emulator.zones import Zones

_SHOWN = re.compile(r"[0-9a-zA-Z\-_+=,.@:]{1,255}")  # tag keys in instance metadata, but for the reserved ones
_RESERVED = frozenset({".", "..", "_index"})
_FORGOTTEN = 3600.0  # emulated seconds from its termination after which EC2 knows an instance no more
_NOT_COMPARED = frozenset({"Action", "Version", "ClientToken"})


class Launches(Patches):
    """While open, a token launches once (EC2 Developer Guide, "Ensuring idempotency in Amazon EC2 API requests").

    With the same parameters it answers the first call's reservation, before anything is refused; with others
    IdempotentParameterMismatch, where AWS says that it may. It is a token of one Availability Zone when the request
    names a subnet: in another zone it launches once more. That a subnet of a network interface counts is inferred.
    `listed_after` are the emulated seconds for which functions are told of no instance after its launch: it is not
    listed, and TerminateInstances and DescribeInstances with its id answer InvalidInstanceID.NotFound. For as long
    again every second answer lacks it (EC2 Developer Guide, "Eventual consistency in the Amazon EC2 API"). An hour
    after its termination EC2 has forgotten it (EC2 API Reference, TerminateInstances: "for approximately one hour").
    The operator sees it at once and for ever.
    """

    def __init__(self, world: World, zones: Zones, quotas: Quotas) -> None:
        super().__init__()
        self._zones = zones
        self._quotas = quotas
        self.listed_after = world.listed_after
        self._metadata_tags = world.metadata_tags
        self._by_token: dict[tuple[str, str, str, str], tuple[Any, Any]] = {}
        self._launched_at: dict[str, float] = {}
        self._asked: Counter[str] = Counter()

    def __enter__(self) -> Launches:
        from moto.ec2.models.instances import InstanceBackend
        from moto.ec2.responses.instances import InstanceResponse

        super().__enter__()
        launch = InstanceResponse.run_instances
        self.set(InstanceResponse, "run_instances", lambda response: self._once(launch, response))
        self._hide_from_listings(InstanceBackend)
        for name in ("get_multi_instances_by_id", "get_reservations_by_instance_ids"):
            self._hide_from_calls_by_id(InstanceBackend, name)
        return self

    def _once(self, launch: Any, response: Any) -> Any:
        from moto.core.responses import ActionResult
        from moto.ec2.exceptions import EC2ClientError

        token = str(response._get_param("ClientToken", ""))
        zone = _zone_of(response)
        key = (response.current_account, response.region, zone, token)
        request = {name: value for name, value in response.data.items() if name not in _NOT_COMPARED}
        if token and key in self._by_token:
            first, reservation = self._by_token[key]
            if first != request:
                raise EC2ClientError("IdempotentParameterMismatch", "The token was used with other parameters.")
            return ActionResult(reservation)
        self._check_tag_keys(response)
        self._zones.refuse(response, zone)
        self._quotas.refuse(response)
        answer = launch(response)
        self._by_token[key] = request, answer.result
        self._launched_at |= {instance.id: time.time() for instance in answer.result.instances}
        return answer

    def _check_tag_keys(self, response: Any) -> None:
        """Refuse keys that instance metadata cannot show, where tags are to be shown there; in EC2's own words."""
        from moto.ec2.exceptions import EC2ClientError

        default = "enabled" if self._metadata_tags else "disabled"
        if response._get_param("MetadataOptions", {}).get("InstanceMetadataTags", default) != "enabled":
            return
        for key in response._parse_tag_specification().get("instance", {}):
            if key in _RESERVED or not _SHOWN.fullmatch(key):
                message = (
                    rf"'{key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{{1,255}}), "
                    "and must not be a reserved name ('.', '..', '_index')"
                )
                raise EC2ClientError("InvalidParameterValue", message)

    def _hide_from_listings(self, backend: Any) -> None:
        original = backend.describe_instances

        def listed(backend: Any, *args: Any, **kwargs: Any) -> list[Any]:
            found: list[Any] = original(backend, *args, **kwargs)
            return [one for one in found if not any(self._is_hidden(instance.id) for instance in one.instances)]

        self.set(backend, "describe_instances", listed)

    def _hide_from_calls_by_id(self, backend: Any, name: str) -> None:
        from moto.ec2.exceptions import InvalidInstanceIdError

        original = getattr(backend, name)

        def known(backend: Any, instance_ids: list[str], *args: Any, **kwargs: Any) -> list[Any]:
            if hidden := [one for one in instance_ids if self._is_hidden(one)]:
                raise InvalidInstanceIdError(hidden)
            found: list[Any] = original(backend, instance_ids, *args, **kwargs)
            return found

        self.set(backend, name, known)

    def _is_hidden(self, instance_id: str) -> bool:
        if not current_function():
            return False
        if time.time() > self._quotas.ended_at(instance_id) + _FORGOTTEN:
            return True
        age = time.time() - self._launched_at.get(instance_id, 0.0)
        if self.listed_after <= age < 2 * self.listed_after:
            self._asked[instance_id] += 1
            return self._asked[instance_id] % 2 == 0
        return age < self.listed_after


def _zone_of(response: Any) -> str:
    """The zone that a request names, by a subnet or itself; "" for none, and for a subnet that does not exist."""
    interfaces = response._get_param("NetworkInterfaces", [])
    named = [response._get_param("SubnetId"), *(one.get("SubnetId") for one in interfaces)]
    subnet = next(filter(None, named), "")
    zones = response.ec2_backend.subnets.values()
    of_subnet = next((str(zone[subnet].availability_zone) for zone in zones if subnet in zone), "")
    return of_subnet or str(response._get_param("Placement.AvailabilityZone") or "")
