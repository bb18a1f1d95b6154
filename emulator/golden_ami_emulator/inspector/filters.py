"""Amazon Inspector's filters: several values of one member are alternatives, several members must all hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from golden_ami_emulator.inspector.wire import epoch

Row = Mapping[str, Any]
Getter = Callable[[Row], Iterable[Any]]
Criterion = Mapping[str, Any]


def matches(row: Row, criteria: Mapping[str, Sequence[Criterion]], getters: Mapping[str, Getter]) -> bool:
    """Whether a row meets every criterion. A member that no instance's row has (of another resource) meets none."""
    return all(_meets(list(getters.get(name, _nothing)(row)), wanted) for name, wanted in criteria.items() if wanted)


def _nothing(_row: Row) -> Iterable[Any]:
    return ()


def _meets(values: Sequence[Any], wanted: Sequence[Criterion]) -> bool:
    refused = [item for item in wanted if item.get("comparison") == "NOT_EQUALS"]
    if any(value == item["value"] for item in refused for value in values):
        return False
    asked = [item for item in wanted if item.get("comparison") != "NOT_EQUALS"]
    return not asked or any(_holds(value, item) for item in asked for value in values)


def _holds(value: Any, item: Criterion) -> bool:
    if "key" in item:  # a tag, (key, value)
        return bool(value[0] == item["key"]) and item.get("value") in (None, value[1])
    if item.get("comparison") == "PREFIX":
        return str(value).startswith(item["value"])
    if item.get("comparison") == "EQUALS":
        return bool(str(value) == item["value"])
    if isinstance(value, tuple):  # the first and the last port
        return bool(value[0] <= item.get("endInclusive", 65535) and value[1] >= item.get("beginInclusive", 0))
    if "startInclusive" in item or "endInclusive" in item:
        moment = epoch(value)
        low, high = item.get("startInclusive"), item.get("endInclusive")
        return (low is None or epoch(low) <= moment) and (high is None or moment <= epoch(high))
    if "lowerInclusive" in item or "upperInclusive" in item:
        low, high = item.get("lowerInclusive"), item.get("upperInclusive")
        return (low is None or low <= value) and (high is None or value <= high)
    return _package(value, item)


def _package(package: Any, item: Criterion) -> bool:
    names = {"architecture": "arch"}
    return isinstance(package, Mapping) and all(
        _holds(package.get(names.get(name, name), ""), part) for name, part in item.items()
    )


def at(*path: str) -> Getter:
    """The value at a path of mappings, if there is one; the items, if it is a list."""

    def get(row: Row) -> Iterable[Any]:
        value: Any = row
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value if isinstance(value, list) else () if value is None else (value,)

    return get


def _of_resources(getter: Getter) -> Getter:
    return lambda row: [value for resource in row["resources"] for value in getter(resource)]


def _ports(row: Row) -> Iterable[Any]:
    return [(ports["begin"], ports["end"]) for ports in at("networkReachabilityDetails", "openPortRange")(row)]


def _steps(member: str) -> Getter:
    steps = at("networkReachabilityDetails", "networkPath", "steps")
    return lambda row: [step[member] for step in steps(row) if member in step]


FINDING: dict[str, Getter] = {
    "findingArn": at("findingArn"),
    "awsAccountId": at("awsAccountId"),
    "findingType": at("type"),
    "severity": at("severity"),
    "firstObservedAt": at("firstObservedAt"),
    "lastObservedAt": at("lastObservedAt"),
    "updatedAt": at("updatedAt"),
    "findingStatus": at("status"),
    "title": at("title"),
    "inspectorScore": at("inspectorScore"),
    "resourceType": _of_resources(at("type")),
    "resourceId": _of_resources(at("id")),
    "resourceTags": _of_resources(lambda resource: resource.get("tags", {}).items()),
    "ec2InstanceImageId": _of_resources(at("details", "awsEc2Instance", "imageId")),
    "ec2InstanceVpcId": _of_resources(at("details", "awsEc2Instance", "vpcId")),
    "ec2InstanceSubnetId": _of_resources(at("details", "awsEc2Instance", "subnetId")),
    "portRange": _ports,
    "networkProtocol": at("networkReachabilityDetails", "protocol"),
    "componentId": _steps("componentId"),
    "componentType": _steps("componentType"),
    "vulnerabilityId": at("packageVulnerabilityDetails", "vulnerabilityId"),
    "vulnerabilitySource": at("packageVulnerabilityDetails", "source"),
    "vendorSeverity": at("packageVulnerabilityDetails", "vendorSeverity"),
    "vulnerablePackages": at("packageVulnerabilityDetails", "vulnerablePackages"),
    "relatedVulnerabilities": at("packageVulnerabilityDetails", "relatedVulnerabilities"),
    "fixAvailable": at("fixAvailable"),
    "exploitAvailable": at("exploitAvailable"),
    "codeVulnerabilityDetectorName": at("codeVulnerabilityDetails", "detectorName"),
    "codeVulnerabilityDetectorTags": at("codeVulnerabilityDetails", "detectorTags"),
    "codeVulnerabilityFilePath": at("codeVulnerabilityDetails", "filePath", "filePath"),
    "epssScore": at("epss", "score"),
}

COVERAGE: dict[str, Getter] = {
    "scanStatusCode": at("scanStatus", "statusCode"),
    "scanStatusReason": at("scanStatus", "reason"),
    "accountId": at("accountId"),
    "resourceId": at("resourceId"),
    "resourceType": at("resourceType"),
    "scanType": at("scanType"),
    "scanMode": at("scanMode"),
    "lastScannedAt": at("lastScannedAt"),
    "ec2InstanceTags": lambda row: row["resourceMetadata"]["ec2"]["tags"].items(),
}

_SORTABLE = {
    "AWS_ACCOUNT_ID": "awsAccountId",
    "FINDING_TYPE": "findingType",
    "SEVERITY": "severity",
    "FIRST_OBSERVED_AT": "firstObservedAt",
    "LAST_OBSERVED_AT": "lastObservedAt",
    "FINDING_STATUS": "findingStatus",
    "RESOURCE_TYPE": "resourceType",
    "NETWORK_PROTOCOL": "networkProtocol",
    "COMPONENT_TYPE": "componentType",
    "VULNERABILITY_ID": "vulnerabilityId",
    "VULNERABILITY_SOURCE": "vulnerabilitySource",
    "INSPECTOR_SCORE": "inspectorScore",
    "VENDOR_SEVERITY": "vendorSeverity",
    "EPSS_SCORE": "epssScore",
}
_RANKS = {"CRITICAL": 5, "HIGH": 4, "MEDIUM": 3, "LOW": 2, "INFORMATIONAL": 1, "UNTRIAGED": 0}


def in_order(rows: Sequence[Row], sort: Mapping[str, str] | None) -> Sequence[Row]:
    """Findings sorted as asked; those without the member come last."""
    if not sort or sort["field"] not in _SORTABLE:
        return rows
    getter = FINDING[_SORTABLE[sort["field"]]]
    ranked = sort["field"] == "SEVERITY"

    def value(row: Row) -> Any:
        found = next(iter(getter(row)), None)
        return _RANKS.get(str(found), 0) if ranked else found

    known = [row for row in rows if value(row) is not None]
    known.sort(key=value, reverse=sort["sortOrder"] == "DESC")
    return known + [row for row in rows if value(row) is None]
