"""Amazon Inspector (`inspector2`): account status, coverage, findings. CIS and on-demand scans are mixed in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from moto.inspector2.responses import Inspector2Response

from golden_ami_emulator.inspector import coverage, filters, service_roles, vulnerabilities
from golden_ami_emulator.inspector.cis import CisOperations
from golden_ami_emulator.inspector.errors import Refusal
from golden_ami_emulator.inspector.ondemand import OnDemandOperations
from golden_ami_emulator.inspector.service import Params, Service, operation, present
from golden_ami_emulator.inspector.wire import ModelViolation, epoch

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.instances import Tracked
    from golden_ami_emulator.inspector.region import InspectorRegion

_RESOURCES = {"ec2": "EC2", "ecr": "ECR", "lambda": "LAMBDA", "lambdaCode": "LAMBDA_CODE"}


class Inspector2(CisOperations, OnDemandOperations, Service, Inspector2Response):
    """The operations that moto lacks or answers from nothing; its other operations stay."""

    def refuse(self, found: Sequence[ModelViolation]) -> Refusal:
        """The service's error for a request that breaks its model."""
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
        message = f"{count}: {'; '.join(violation.message for violation in found)}"
        fields = [{"name": ".".join(violation.path), "message": violation.message} for violation in found]
        return Refusal("ValidationException", message, reason="FIELD_VALIDATION_FAILED", fields=fields)

    @operation
    def batch_get_account_status(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Which scans are on."""
        accounts, failed = _accounts(region, params)
        states = {name: _state(word in region.scan_types) for name, word in _RESOURCES.items()}
        state = _state(bool(region.scan_types))
        return {
            "accounts": [{"accountId": account, "state": state, "resourceState": states} for account in accounts],
            "failedAccounts": failed,
        }

    @operation
    def enable(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Turn scans on; instances that run already are scanned then."""
        accounts, failed = _accounts(region, params)
        if accounts:
            service_roles.make(region.account, service_roles.ACTIVATION)
            region.scan_types.update(params["resourceTypes"])
            for tracked in region.instances.values():
                coverage.consider(region, tracked)
        return {"accounts": _statuses(region, accounts), "failedAccounts": failed}

    @operation
    def disable(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Turn scans off; without resource types, all."""
        accounts, failed = _accounts(region, params)
        if accounts:
            region.scan_types.difference_update(params.get("resourceTypes") or tuple(region.scan_types))
        return {"accounts": _statuses(region, accounts), "failedAccounts": failed}

    @operation
    def get_ec2_deep_inspection_configuration(
        self,
        region: InspectorRegion,
        params: Params,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Whether instances are looked at for packages of programming languages; no paths of one's own are set."""
        status = region.world.deep_inspection
        message = "Deep inspection could not be activated." if status == "FAILED" else None
        return present(packagePaths=[], orgPackagePaths=[], status=status, errorMessage=message)

    @operation
    def get_configuration(self, region: InspectorRegion, params: Params) -> dict[str, Any]:  # noqa: ARG002
        """How instances are scanned, of this account."""
        world = region.world
        mode = {"scanMode": world.scan_mode, "scanModeStatus": "SUCCESS"}
        scanner = {"activated": world.vm_scanner, "status": "SUCCESS"}
        return {"ec2Configuration": {"scanModeState": mode, "vmScannerState": scanner}}

    @operation
    def list_usage_totals(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """What scans were used in the last 30 days, and their cost, of the accounts asked for, else of this one."""
        usage = [
            {"type": kind, "total": total, "estimatedMonthlyCost": cost, "currency": "USD", "cloudProvider": "AWS"}
            for kind, (total, cost) in region.world.inspector_usage.items()
        ]
        asked = params.get("accountIds") or [region.account]
        totals = [{"accountId": account, "usage": usage} for account in asked if account == region.account]
        page, token = self.page(region, params, params.get("maxResults", 500), lambda: totals)
        return present(totals=page, nextToken=token)

    @operation
    def list_coverage(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """The covered resources."""
        criteria = params.get("filterCriteria") or {}

        def rows() -> list[dict[str, Any]]:
            covered = coverage.rows(region, _asked(region, criteria))
            return [row for row in covered if filters.matches(row, criteria, filters.COVERAGE)]

        page, token = self.page(region, params, params.get("maxResults", 200), rows)
        return present(coveredResources=page, nextToken=token)

    @operation
    def list_findings(self, region: InspectorRegion, params: Params) -> str:
        """The findings of scanned instances, in JSON: they are kept in the form that goes over the wire."""
        criteria = params.get("filterCriteria") or {}

        def rows() -> Sequence[Any]:
            asked = _asked(region, criteria)
            found = [row for row in _findings(region, asked) if filters.matches(row, criteria, filters.FINDING)]
            return _with_repeats(region, filters.in_order(_with_lag(region, found), params.get("sortCriteria")))

        page, token = self.page(region, params, params.get("maxResults", 100), rows)
        return json.dumps(present(findings=list(page), nextToken=token))

    @operation
    def batch_get_finding_details(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """CISA's dates, CWEs, EPSS and the rest of what ListFindings leaves out."""
        known = {}
        for arn in params["findingArns"]:
            owner = region.owners.get(arn)
            if owner is not None and not _gone(region, owner):
                known[arn] = owner.details[arn]
        found = [{"findingArn": arn, **details} for arn, details in known.items()]
        return {
            "findingDetails": found,
            "errors": [_no_details(arn) for arn in params["findingArns"] if arn not in known],
        }

    @operation
    def search_vulnerabilities(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """The one vulnerability asked for; none for an id that nothing here was found under."""
        [name] = params["filterCriteria"]["vulnerabilityIds"]
        if not vulnerabilities.is_cve(name):
            path = ("filterCriteria", "vulnerabilityIds")
            text = f"Value '{name}' at '{'.'.join(path)}' failed to satisfy constraint: Member must match a CVE id"
            raise self.refuse([ModelViolation(path, "pattern", text)])
        found = region.vulnerabilities.get(name)
        return {"vulnerabilities": [found] if found else []}


def _accounts(region: InspectorRegion, params: Params) -> tuple[list[str], list[dict[str, Any]]]:
    asked = params.get("accountIds") or [region.account]
    failed = [
        {"accountId": account, "errorCode": "ACCESS_DENIED", "errorMessage": "Not a member account of this account."}
        for account in asked
        if account != region.account
    ]
    return [account for account in asked if account == region.account], failed


def _state(enabled: bool) -> dict[str, str]:
    return {"status": "ENABLED" if enabled else "DISABLED"}


def _statuses(region: InspectorRegion, accounts: Sequence[str]) -> list[dict[str, Any]]:
    resources = {name: _state(word in region.scan_types)["status"] for name, word in _RESOURCES.items()}
    status = _state(bool(region.scan_types))["status"]
    return [{"accountId": account, "status": status, "resourceStatus": resources} for account in accounts]


def _gone(region: InspectorRegion, tracked: Tracked) -> bool:
    return tracked.terminated_at is not None and region.now() >= tracked.terminated_at + coverage.RETENTION


def _asked(region: InspectorRegion, criteria: dict[str, Any]) -> Iterable[Tracked]:
    """The instances that a filter can match: by id where it names them, for there may be thousands of others."""
    wanted = criteria.get("resourceId") or []
    if not wanted or any(item["comparison"] != "EQUALS" for item in wanted):
        return region.instances.values()
    ids = dict.fromkeys(item["value"] for item in wanted)
    return [region.instances[instance_id] for instance_id in ids if instance_id in region.instances]


def _findings(region: InspectorRegion, instances: Iterable[Tracked]) -> Iterator[dict[str, Any]]:
    for tracked in instances:
        if not tracked.scanned_at or _gone(region, tracked):
            continue
        if tracked.terminated_at:
            closed = {"status": "CLOSED", "updatedAt": epoch(tracked.terminated_at)}
            yield from (one if one["status"] == "CLOSED" else {**one, **closed} for one in tracked.findings)
        else:
            yield from tracked.findings


def _instance_of(finding: Any) -> str:
    return str(finding["resources"][0]["id"])


def _with_lag(region: InspectorRegion, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the last finding of every instance whose listing still lags; each such listing uses up one lag.

    ListFindings is not said to be consistent with the message of a scan's end; how late it is, is not documented.
    """
    last = {_instance_of(finding): number for number, finding in enumerate(findings)}
    lagging = {instance_id for instance_id in last if region.instances[instance_id].lag > 0}
    for instance_id in lagging:
        region.instances[instance_id].lag -= 1
    late = {instance_id for instance_id in last if _is_late(region, region.instances[instance_id])}
    dropped = {last[instance_id] for instance_id in lagging | late}
    return [finding for number, finding in enumerate(findings) if number not in dropped]


def _is_late(region: InspectorRegion, tracked: Tracked) -> bool:
    scanned = tracked.deeply_inspected_at or tracked.scanned_at
    return scanned is not None and region.now() < scanned + timedelta(seconds=tracked.behaviour.listing_late)


def _with_repeats(region: InspectorRegion, findings: Sequence[Any]) -> Sequence[Any]:
    repeated: list[Any] = []
    for finding in findings:
        instance_id = _instance_of(finding)
        limit = region.instances[instance_id].behaviour.repeat_arns
        if limit and sum(_instance_of(item) == instance_id for item in repeated) < limit:
            repeated.append(finding)
    return [*findings, *repeated] if repeated else findings


def _no_details(arn: str) -> dict[str, str]:
    text = "No finding details exist for this ARN."
    return {"findingArn": arn, "errorCode": "FINDING_DETAILS_NOT_FOUND", "errorMessage": text}
