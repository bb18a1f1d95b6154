"""What a CIS scan reports: by target resource, by check, and one target's checks in detail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from golden_ami_emulator.inspector.bodies import digest
from golden_ami_emulator.inspector.cis_scan import CisCheck, CisScan, TargetResult
from golden_ami_emulator.inspector.errors import Refusal
from golden_ami_emulator.inspector.filters import at, matches
from golden_ami_emulator.inspector.service import Params, operation, present

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.region import InspectorRegion

PLATFORM = "AMAZON_LINUX_2023"


def _status_counts(statuses: Counter[str]) -> dict[str, int]:
    return {"failed": statuses["FAILED"], "skipped": statuses["SKIPPED"], "passed": statuses["PASSED"]}


def _scan(region: InspectorRegion, arn: str) -> CisScan:
    if arn not in region.cis_scans:
        raise Refusal("ValidationException", f"No CIS scan {arn} exists.", reason="OTHER")
    return region.cis_scans[arn]


_BY_RESOURCE = {
    "accountIdFilters": at("accountId"),
    "targetResourceIdFilters": at("targetResourceId"),
    "platformFilters": at("platform"),
    "targetStatusFilters": at("targetStatus"),
    "targetStatusReasonFilters": at("targetStatusReason"),
    "failedChecksFilters": at("statusCounts", "failed"),
    "statusFilters": at("_statuses"),
    "checkIdFilters": at("_checks"),
    "targetResourceTagFilters": lambda row: row["_tags"].items(),
}
_BY_CHECK = {
    "accountIdFilters": at("accountId"),
    "checkIdFilters": at("checkId"),
    "titleFilters": at("title"),
    "platformFilters": at("platform"),
    "failedResourcesFilters": at("statusCounts", "failed"),
    "securityLevelFilters": at("level"),
}
_DETAILS = {
    "findingStatusFilters": at("status"),
    "checkIdFilters": at("checkId"),
    "titleFilters": at("title"),
    "securityLevelFilters": at("level"),
    "findingArnFilters": at("findingArn"),
}


class CisResultOperations:
    """The three views of a scan's results."""

    @operation
    def list_cis_scan_results_aggregated_by_target_resource(
        self: Any, region: InspectorRegion, params: Params
    ) -> dict[str, Any]:
        """A row for every target."""
        scan = _scan(region, params["scanArn"])
        rows = [_resource_row(region, scan, result) for result in scan.results]
        return _answer(self, region, params, rows, _BY_RESOURCE, "targetResourceAggregations")

    @operation
    def list_cis_scan_results_aggregated_by_checks(
        self: Any, region: InspectorRegion, params: Params
    ) -> dict[str, Any]:
        """A row for every check."""
        scan = _scan(region, params["scanArn"])
        statuses: dict[str, Counter[str]] = {}
        checks: dict[str, CisCheck] = {}
        for check in (check for result in scan.results for check in result.checks):
            checks[check.id] = check
            statuses.setdefault(check.id, Counter())[check.status] += 1
        rows = [
            {
                "scanArn": scan.arn,
                "checkId": check.id,
                "title": check.title,
                "checkDescription": f"{check.title}.",
                "level": check.level,
                "accountId": region.account,
                "statusCounts": _status_counts(statuses[check.id]),
                "platform": PLATFORM,
            }
            for check in checks.values()
        ]
        return _answer(self, region, params, rows, _BY_CHECK, "checkAggregations")

    @operation
    def get_cis_scan_result_details(self: Any, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """The checks of one target."""
        scan = _scan(region, params["scanArn"])
        rows = [
            _detail_row(region, scan, result, check)
            for result in scan.results
            if result.tracked.id == params["targetResourceId"] and params["accountId"] == region.account
            for check in result.checks
        ]
        return _answer(self, region, params, rows, _DETAILS, "scanResultDetails", 1000)


def _answer(
    service: Any,
    region: InspectorRegion,
    params: Params,
    rows: Sequence[dict[str, Any]],
    getters: Mapping[str, Any],
    member: str,
    limit: int = 100,
) -> dict[str, Any]:
    criteria = params.get("filterCriteria") or {}
    selected = [row for row in rows if matches(row, criteria, getters)]
    page, token = service.page(region, params, params.get("maxResults", limit), lambda: selected)
    return present(**{member: page, "nextToken": token})


def _resource_row(region: InspectorRegion, scan: CisScan, result: TargetResult) -> dict[str, Any]:
    tags = scan.configuration.members["targets"]["targetResourceTags"]
    own = result.tracked.tags
    return present(
        scanArn=scan.arn,
        targetResourceId=result.tracked.id,
        accountId=region.account,
        targetResourceTags={key: [own[key]] for key in tags if key in own},
        statusCounts=_status_counts(Counter(check.status for check in result.checks)),
        platform=PLATFORM,
        targetStatus="COMPLETED" if result.managed else "TIMED_OUT",
        targetStatusReason=None if result.managed else "SSM_UNMANAGED",
        _statuses=sorted({check.status for check in result.checks}),
        _checks=[check.id for check in result.checks],
        _tags=own,
    )


def _detail_row(region: InspectorRegion, scan: CisScan, result: TargetResult, check: CisCheck) -> dict[str, Any]:
    finding = digest(scan.arn, result.tracked.id, check.id)
    return {
        "scanArn": scan.arn,
        "accountId": region.account,
        "targetResourceId": result.tracked.id,
        "platform": PLATFORM,
        "status": check.status,
        "statusReason": "" if check.status == "PASSED" else "The setting found is not the one required.",
        "checkId": check.id,
        "title": check.title,
        "checkDescription": f"{check.title}.",
        "remediation": f"Change the image so that this holds: {check.title}.",
        "level": check.level,
        "findingArn": f"{scan.arn}/finding/{finding}",
    }
