"""Amazon Inspector's CIS scans: a configuration targets instances by tag, its one-time scan runs at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from golden_ami_emulator.inspector.cis_results import CisResultOperations
from golden_ami_emulator.inspector.cis_scan import CisScan, Configuration, TargetResult
from golden_ami_emulator.inspector.errors import Refusal
from golden_ami_emulator.inspector.filters import at, matches
from golden_ami_emulator.inspector.service import Params, operation, present

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.region import InspectorRegion

_EMPTY_SCAN_SECONDS = 60.0  # of a scan that finds no target
_WORST = ("COMPLETED", "CANCELLED", "FAILED")
_CONFIGURATION = {
    "scanNameFilters": at("scanName"),
    "scanConfigurationArnFilters": at("scanConfigurationArn"),
    "targetResourceTagFilters": lambda row: _tag_pairs(row["targets"]["targetResourceTags"]),
}
_SCAN = {
    **_CONFIGURATION,
    "scanArnFilters": at("scanArn"),
    "scanStatusFilters": at("status"),
    "scheduledByFilters": at("scheduledBy"),
    "failedChecksFilters": at("failedChecks"),
    "targetAccountIdFilters": at("targets", "accountIds"),
    "targetResourceIdFilters": at("_resources"),
    "scanAtFilters": at("scanDate"),
}


class CisOperations(CisResultOperations):
    """Configurations and scans."""

    @operation
    def create_cis_scan_configuration(self: Any, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Create a configuration; a one-time schedule starts its scan now, others are kept and not run."""
        if len(params["schedule"]) != 1:
            text = "Exactly one of oneTime, daily, weekly and monthly is needed at 'schedule'."
            raise Refusal("ValidationException", text, reason="OTHER")
        accounts = [region.account if name == "SELF" else name for name in params["targets"]["accountIds"]]
        arn = f"{_owner(region)}/cis-configuration/{uuid4()}"
        names = ("scanName", "securityLevel", "schedule", "tags")
        members = {name: params[name] for name in names if name in params}
        members |= {"scanConfigurationArn": arn, "ownerId": region.account}
        members["targets"] = {**params["targets"], "accountIds": accounts}
        region.cis_configurations[arn] = Configuration(arn, members)
        if "oneTime" in params["schedule"]:
            _start(region, region.cis_configurations[arn])
        return {"scanConfigurationArn": arn}

    @operation
    def delete_cis_scan_configuration(self: Any, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Delete a configuration; its scans stay."""
        arn = params["scanConfigurationArn"]
        if region.cis_configurations.pop(arn, None) is None:
            raise Refusal("ResourceNotFoundException", f"No CIS scan configuration {arn} exists.")
        return {"scanConfigurationArn": arn}

    @operation
    def list_cis_scan_configurations(self: Any, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """The configurations."""
        rows = [configuration.members for configuration in region.cis_configurations.values()]
        page, token = self.page(
            region, params, params.get("maxResults", 100), lambda: _select(rows, params, _CONFIGURATION)
        )
        return present(scanConfigurations=page, nextToken=token)

    @operation
    def list_cis_scans(self: Any, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """The scans, the newest first."""
        rows = [scan.row() for scan in reversed(region.cis_scans.values())]
        page, token = self.page(region, params, params.get("maxResults", 50), lambda: _select(rows, params, _SCAN))
        return present(scans=page, nextToken=token)


def _select(rows: Iterable[dict[str, Any]], params: Params, getters: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    criteria = dict(params.get("filterCriteria") or {})
    criteria["scanAtFilters"] = [
        present(startInclusive=item.get("earliestScanStartTime"), endInclusive=item.get("latestScanStartTime"))
        for item in criteria.get("scanAtFilters", [])
    ]
    return [row for row in rows if matches(row, criteria, getters)]


def _tag_pairs(tags: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [(key, value) for key, values in tags.items() for value in values]


def _owner(region: InspectorRegion) -> str:
    return f"arn:{region.partition}:inspector2:{region.name}:{region.account}:owner/{region.account}"


def _start(region: InspectorRegion, configuration: Configuration) -> None:
    wanted = configuration.members["targets"]["targetResourceTags"]
    mine = region.account in configuration.members["targets"]["accountIds"]
    running = [tracked for tracked in region.instances.values() if mine and tracked.running]
    targets = [tracked for tracked in running if _targeted(tracked.tags, wanted)]
    scan = CisScan(f"{_owner(region)}/cis-scan/{uuid4().hex}", configuration, region.now(), targets)
    region.cis_scans[scan.arn] = scan
    seconds = max((tracked.behaviour.scan_seconds for tracked in targets), default=_EMPTY_SCAN_SECONDS)
    region.later(seconds, lambda: _end(region, scan), "CIS scan")


def _targeted(tags: Mapping[str, str], wanted: Mapping[str, Sequence[str]]) -> bool:
    return any(tags.get(key) in values for key, values in wanted.items())


def _end(region: InspectorRegion, scan: CisScan) -> None:
    level = str(scan.configuration.members["securityLevel"])
    scan.results = [TargetResult.of(tracked, level, tracked.managed(region.now())) for tracked in scan.targets]
    scan.status = max((tracked.behaviour.cis_result for tracked in scan.targets), key=_WORST.index, default="COMPLETED")
