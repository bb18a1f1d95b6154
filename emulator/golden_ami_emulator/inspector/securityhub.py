"""Security Hub's BatchUpdateFindings and ListEnabledProductsForImport, which moto lacks, and DescribeHub.

Its other operations stay. Errors are those of botocore's model: InvalidAccessException, 401, where the hub is off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.utils import parse_timestamp
from moto.securityhub.models import Finding
from moto.securityhub.responses import SecurityHubResponse

from golden_ami_emulator.inspector.errors import Refusal
from golden_ami_emulator.inspector.service import Params, Service, operation
from golden_ami_emulator.inspector.wire import ModelViolation, iso

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.instances import Tracked
    from golden_ami_emulator.inspector.region import InspectorRegion

LIMIT = 100  # findings in one call; the service's documentation, the model does not say
_UPDATABLE = (
    "Note", "Severity", "VerificationState", "Confidence", "Criticality", "Types", "UserDefinedFields", "Workflow",
    "RelatedFindings",
)  # fmt: skip


class SecurityHub(Service, SecurityHubResponse):
    """Inspector's findings arrive in Security Hub by themselves, minutes after the scan; then they can be updated."""

    def refuse(self, found: Sequence[ModelViolation]) -> Refusal:
        """The service's error for a request that breaks its model."""
        return Refusal("InvalidInputException", found[0].message, Code="InvalidInput")

    @operation
    def batch_update_findings(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Update findings; what is updated is kept in `Region.security_hub_updates` and shown by GetFindings."""
        self._must_be_on(region)
        identifiers = params["FindingIdentifiers"]
        if not 1 <= len(identifiers) <= LIMIT:
            text = f"FindingIdentifiers has {len(identifiers)} items; it may have 1 to {LIMIT}"
            raise Refusal("InvalidInputException", text, Code="InvalidInput")
        change = {name: params[name] for name in _UPDATABLE if name in params}
        processed, unprocessed = [], []
        for identifier in identifiers:
            finding = self._finding(region, identifier)
            if finding is None:
                error = {"ErrorCode": "FindingNotFound", "ErrorMessage": "Finding Not Found"}
                unprocessed.append({"FindingIdentifier": identifier, **error})
                continue
            finding.data.update(change)
            region.security_hub_updates.append({**identifier, **change})
            processed.append(identifier)
        return {"ProcessedFindings": processed, "UnprocessedFindings": unprocessed}

    @operation
    def describe_hub(self, region: InspectorRegion, params: Params) -> dict[str, Any]:  # noqa: ARG002
        """The hub, where it is on."""
        self._must_be_on(region)
        return {"HubArn": f"arn:{region.partition}:securityhub:{region.name}:{region.account}:hub/default"}

    @operation
    def list_enabled_products_for_import(self, region: InspectorRegion, params: Params) -> dict[str, Any]:  # noqa: ARG002
        """ARNs of subscriptions, one to each product whose findings are accepted."""
        self._must_be_on(region)
        home = f"arn:{region.partition}:securityhub:{region.name}:{region.account}"
        products = ["aws/guardduty", *(["aws/inspector"] if region.world.security_hub_imports else [])]
        return {"ProductSubscriptions": [f"{home}:product-subscription/{product}" for product in products]}

    def _must_be_on(self, region: InspectorRegion) -> None:
        if not (region.world.security_hub_enabled or self.securityhub_backend.enabled):
            text = f"Account {region.account} is not subscribed to AWS Security Hub"
            raise Refusal("InvalidAccessException", text, Code="InvalidAccess")

    def _finding(self, region: InspectorRegion, identifier: dict[str, str]) -> Any:
        """moto's finding; one of Inspector's is imported when it is first asked for, not before its time."""
        arn = identifier["Id"]
        if arn in region.security_hub_findings:
            return region.security_hub_findings[arn]
        tracked = region.owners.get(arn)
        product = f"arn:{region.partition}:securityhub:{region.name}::product/aws/inspector"
        if tracked is None or identifier["ProductArn"] != product:
            return next((finding for finding in self.securityhub_backend.findings if finding.id == arn), None)
        if not region.world.security_hub_imports or not _is_imported(region, tracked):
            return None
        source = next(finding for finding in tracked.findings if finding["findingArn"] == arn)
        imported = Finding(arn, {"ProductArn": product, **_security_finding(region, source)})
        self.securityhub_backend.findings.append(imported)
        region.security_hub_findings[arn] = imported
        return imported


def _is_imported(region: InspectorRegion, tracked: Tracked) -> bool:
    scanned = tracked.deeply_inspected_at or tracked.scanned_at
    return scanned is not None and region.now() >= scanned + timedelta(seconds=tracked.behaviour.imported_after)


def _security_finding(region: InspectorRegion, finding: Mapping[str, Any]) -> dict[str, Any]:
    """A finding of Inspector in Security Hub's format (ASFF); untriaged has no word there."""
    [resource] = finding["resources"]
    label = str(finding["severity"])
    return {
        "SchemaVersion": "2018-10-08",
        "Id": finding["findingArn"],
        "ProductName": "Inspector",
        "CompanyName": "Amazon",
        "Region": region.name,
        "GeneratorId": "AWSInspector",
        "AwsAccountId": region.account,
        "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
        "FirstObservedAt": iso(parse_timestamp(finding["firstObservedAt"])),
        "LastObservedAt": iso(parse_timestamp(finding["lastObservedAt"])),
        "CreatedAt": iso(parse_timestamp(finding["firstObservedAt"])),
        "UpdatedAt": iso(parse_timestamp(finding["updatedAt"])),
        "Severity": {"Label": "INFORMATIONAL" if label == "UNTRIAGED" else label},
        "Title": finding.get("title", finding["description"]),
        "Description": finding["description"],
        "Resources": [
            {
                "Type": "AwsEc2Instance",
                "Id": f"arn:{region.partition}:ec2:{region.name}:{region.account}:instance/{resource['id']}",
                "Partition": region.partition,
                "Region": region.name,
                "Tags": resource["tags"],
            }
        ],
        "RecordState": "ACTIVE",
        "WorkflowState": "NEW",
        "Workflow": {"Status": "NEW"},
    }
