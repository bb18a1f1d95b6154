"""Systems Manager's DescribeInstanceInformation and ListInventoryEntries, and names that Parameter Store refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ssm.responses import SimpleSystemManagerResponse

from golden_ami_emulator.inspector import coverage, updates
from golden_ami_emulator.inspector.errors import Refusal
from golden_ami_emulator.inspector.instances import AGENT_VERSION
from golden_ami_emulator.inspector.service import Params, Service, operation, present
from golden_ami_emulator.inspector.wire import ModelViolation

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.instances import Tracked
    from golden_ami_emulator.inspector.region import InspectorRegion

DEFAULT_PAGE = 10
INVENTORY_PAGE = 50
_MEMBERS = {
    "InstanceIds": "InstanceId",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "ResourceType": "ResourceType",
    "AgentVersion": "AgentVersion",
    "IamRole": "IamRole",
}
_TYPES = {"WINDOWS": "Windows", "MACOS": "MacOS"}
_EMPTY = frozenset({"ActivationIds", "AssociationStatus", "SourceIds", "SourceTypes"})  # no instance here has any


class SystemsManager(Service, SimpleSystemManagerResponse):
    """Managed instances: those with an agent that answers and an instance profile."""

    token_member = "NextToken"

    def refuse(self, found: Sequence[ModelViolation]) -> Refusal:
        """The service's error for a request that breaks its model."""
        if found[0].path[-1] == "NextToken":
            return Refusal("InvalidNextToken", found[0].message)
        return Refusal("ValidationException", f"{len(found)} validation error(s) detected: {found[0].message}")

    def get_parameter(self) -> Any:
        """Refuses a malformed name."""
        _check_names([self._get_param("Name")])
        return super().get_parameter()

    def get_parameters(self) -> ActionResult:
        """One malformed name fails the whole request. A version or label that was asked for is answered as Selector."""
        names, decrypt = self._get_param("Names"), self._get_param("WithDecryption")
        _check_names(names)
        found = self.ssm_backend.get_parameters(names)
        held = [{**found[name].response_object(decrypt, self.region), **_selector(name)} for name in sorted(found)]
        return ActionResult({"Parameters": held, "InvalidParameters": [name for name in names if name not in found]})

    @operation
    def describe_instance_information(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """The managed instances."""
        legacy = [(item["key"], item["valueSet"]) for item in params.get("InstanceInformationFilterList") or []]
        wanted = [(item["Key"], item["Values"]) for item in params.get("Filters") or []] + legacy
        rows = [
            row
            for tracked, row in _information(region)
            if all(set(_values(tracked, row, key)) & set(values) for key, values in wanted)
        ]
        for key, _ in wanted:
            _check_key(key)
        page, token = self.page(region, params, params.get("MaxResults") or DEFAULT_PAGE, lambda: rows)
        return present(InstanceInformationList=page, NextToken=token)

    @operation
    def list_inventory_entries(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """The applications on a managed instance; botocore's model: at most 50 entries a page.

        NextToken is the empty string at the end ("If there are no additional items to return, the string is empty").
        """
        tracked = region.instances.get(params["InstanceId"])
        if tracked is None or tracked.terminated_at or not tracked.managed(region.now()):
            raise Refusal("InvalidInstanceId", "")
        rows = updates.inventory(region, tracked) if params["TypeName"] == "AWS:Application" else []
        page, token = self.page(region, params, params.get("MaxResults") or INVENTORY_PAGE, lambda: rows)
        return {
            "TypeName": params["TypeName"],
            "InstanceId": tracked.id,
            "SchemaVersion": "1.1",
            "CaptureTime": region.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Entries": list(page),
            "NextToken": token or "",
        }


def _selector(name: str) -> dict[str, str]:
    _, colon, selector = name.rpartition("/")[2].partition(":")
    return {"Selector": colon + selector} if selector else {}


def _check_names(names: Iterable[str]) -> None:
    """Systems Manager API Reference, GetParameters: blanks within a name fail the request with ValidationException."""
    for name in names:
        if re.search(r"\s", name.strip()):
            raise Refusal("ValidationException", f"Parameter name: can't contain spaces: {name}")


def _check_key(key: str) -> None:
    if key not in _MEMBERS and key not in _EMPTY and key != "tag-key" and not key.startswith("tag:"):
        raise Refusal("InvalidFilterKey", f"The filter key {key} is not valid")


def _values(tracked: Tracked, row: dict[str, Any], key: str) -> Iterable[str]:
    if key == "tag-key":
        return tracked.tags
    if key.startswith("tag:"):
        value = tracked.tags.get(key.removeprefix("tag:"))
        return () if value is None else (value,)
    member = _MEMBERS.get(key)
    return (row[member],) if member in row else ()


def _information(region: InspectorRegion) -> Iterable[tuple[Tracked, dict[str, Any]]]:
    now = region.now()
    for tracked in region.instances.values():
        registered = tracked.agent_at
        known = registered is not None and now >= registered and bool(tracked.profile_arn)
        if not known or tracked.terminated_at:
            continue
        yield (
            tracked,
            {
                **_system(tracked),
                "InstanceId": tracked.id,
                "PingStatus": "Online" if tracked.running else "ConnectionLost",
                "LastPingDateTime": now,
                "AgentVersion": AGENT_VERSION,
                "IsLatestVersion": True,
                "ResourceType": "EC2Instance",
                "IamRole": tracked.profile_arn.rpartition("/")[2][:64],
                "RegistrationDate": registered,
                "IPAddress": str(tracked.host.private_ip),
                "ComputerName": str(tracked.host.private_dns_name),
                "SourceId": tracked.id,
                "SourceType": "AWS::EC2::Instance",
            },
        )


def _system(tracked: Tracked) -> dict[str, str]:
    """The members that name the operating system; an agent that knows neither name nor version leaves them out."""
    kind = _TYPES.get(coverage.platform(tracked), "Linux")
    named = {"PlatformName": tracked.image.platform_name, "PlatformVersion": tracked.image.platform_version}
    return {"PlatformType": kind, **{member: text for member, text in named.items() if text}}
