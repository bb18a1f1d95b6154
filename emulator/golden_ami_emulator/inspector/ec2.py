"""What moto's EC2 lacks of images: findings, scan results, deprecation, Allowed AMIs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from botocore.utils import parse_timestamp
from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from golden_ami_emulator.default_key import default_key
from golden_ami_emulator.inspector import registry
from golden_ami_emulator.inspector.errors import Refusal
from golden_ami_emulator.inspector.ondemand import shown
from golden_ami_emulator.inspector.service import Params, Service, operation, present
from golden_ami_emulator.inspector.wire import ModelViolation, epoch

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.ondemand_scan import OnDemandScan
    from golden_ami_emulator.inspector.region import InspectorRegion

_LABELS = ("INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")  # the lowest first; UNTRIAGED has none


class Ec2(Service, EC2Response):
    """The findings of an image's last successful on-demand scan."""

    token_member = "NextToken"

    def refuse(self, found: Sequence[ModelViolation]) -> Refusal:
        """The service's error for a request that breaks its model."""
        return Refusal("InvalidParameterValue", found[0].message)

    @operation
    def get_image_findings(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """One row a finding; an image without a finished scan has none."""
        self.error_on_dryrun()
        image_id = params["ImageId"]
        ami = region.ec2.amis.get(image_id)
        if ami is None and region.image(image_id) is None:
            raise Refusal("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
        scan = shown(region, image_id)
        snapshot = getattr(getattr(ami, "ebs_snapshot", None), "id", None)
        rows = [_row(finding, snapshot) for finding in scan.findings] if scan else []
        page, token = self.page(region, params, int(params.get("MaxResults") or 1000), lambda: rows)
        return present(ImageFindings=page, NextToken=token)

    def describe_images(self) -> ActionResult:
        """moto's answer without what Allowed AMIs hide; the images that were scanned with what the last scan found."""
        answer: Any = super().describe_images()
        if region := registry.find(self.current_account, self.region):
            with region.lock:
                seen = [image for image in answer.result["Images"] if not _is_hidden(region, image.id)]
                answer.result["Images"] = seen
                for image in seen:
                    scan = shown(region, image.id)
                    image.scan_results = _scan_results(scan) if scan else None
                    told = region.world.allowed_images != "disabled"
                    image.image_allowed = _is_allowed(region, image.id) if told else None
        return cast("ActionResult", answer)

    def run_instances(self) -> ActionResult:
        """Of an image that Allowed AMIs hide EC2 knows nothing; the code of its refusal is inferred."""
        region, image_id = registry.find(self.current_account, self.region), self._get_param("ImageId")
        if region and _is_hidden(region, image_id):
            raise Refusal("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
        return super().run_instances()

    @operation
    def get_allowed_images_settings(self, region: InspectorRegion, params: Params) -> dict[str, Any]:  # noqa: ARG002
        """The account's setting. Criteria are not emulated: an image of the world says whether they name it."""
        self.error_on_dryrun()
        return {"State": region.world.allowed_images, "ImageCriteria": [], "ManagedBy": "account"}

    @operation
    def get_ebs_default_kms_key_id(self, region: InspectorRegion, params: Params) -> dict[str, Any]:  # noqa: ARG002
        """The account's default key for new encrypted volumes."""
        self.error_on_dryrun()
        return {"KmsKeyId": default_key(region.account, region.name)}

    @operation
    def enable_image_deprecation(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Of an image that the account owns, at a whole minute to come, at most ten years ahead; two of a public one.

        Seconds are rounded to the nearest minute (EC2 API Reference). DescribeImages tells the instant.
        """
        self.error_on_dryrun()
        ami = self._own_image(region, params["ImageId"])
        at = datetime.fromtimestamp((epoch(params["DeprecateAt"]) + 30) // 60 * 60, UTC)
        if at <= region.now():
            raise Refusal("InvalidParameterValue", f"DeprecateAt {at.isoformat()} must be in the future")
        public = ami.is_public
        first = datetime.fromisoformat(ami.creation_date) if public else region.now()
        if at > first + timedelta(days=365 * (2 if public else 10)):
            raise Refusal("InvalidParameterValue", f"DeprecateAt {at.isoformat()} is too far ahead")
        ami.deprecation_time = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return {"Return": True}

    @operation
    def disable_image_deprecation(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Of an image that the account owns, and that is not public (EC2 User Guide, "Deprecate an Amazon EC2 AMI").

        The codes of the refusals are inferred; so is that an image without a date is answered as one with it.
        """
        self.error_on_dryrun()
        ami = self._own_image(region, params["ImageId"])
        if ami.is_public:
            raise Refusal("InvalidRequest", f"The deprecation of the public image {ami.id} cannot be canceled")
        ami.deprecation_time = None
        return {"Return": True}

    def _own_image(self, region: InspectorRegion, image_id: str) -> Any:
        """Only the owner deprecates an image."""
        ami = region.ec2.amis.get(image_id)
        if ami is None:
            raise Refusal("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
        if ami.owner_id != region.account:
            raise Refusal("AuthFailure", f"Not authorized for image:{image_id}")
        return ami


def _is_allowed(region: InspectorRegion, image_id: str) -> bool:
    """The account's own images always are (EC2 API Reference, EnableAllowedImagesSettings)."""
    image = region.image(image_id)
    return image is None or image.allowed or image.owner == region.account


def _is_hidden(region: InspectorRegion, image_id: str) -> bool:
    return region.world.allowed_images == "enabled" and not _is_allowed(region, image_id)


def _row(finding: Mapping[str, Any], snapshot: str | None) -> dict[str, Any]:
    details = finding.get("packageVulnerabilityDetails", {})
    code = finding.get("codeVulnerabilityDetails", {}).get("filePath", {}).get("filePath")
    paths = [package["filePath"] for package in details.get("vulnerablePackages", []) if package.get("filePath")]
    label = str(finding["severity"])
    return present(
        FixAvailable=finding.get("fixAvailable") in ("YES", "PARTIAL"),
        Score=finding.get("inspectorScore"),
        FirstObservedAt=parse_timestamp(finding["firstObservedAt"]),
        UpdatedAt=parse_timestamp(finding["updatedAt"]),
        Title=finding.get("title", finding["description"]),
        Paths=(paths or ([code] if code else []))[:10] or None,
        SeverityLabel=label.lower() if label in _LABELS else None,
        SnapshotId=snapshot,
    )


def _scan_results(scan: OnDemandScan) -> dict[str, Any]:
    """Image.ScanResults. That on-demand scans fill it is inferred: their page sends readers to the EC2 console.

    A fix counts as available since the finding was first observed (inferred).
    """
    labels = [label for label in _LABELS if any(finding["severity"] == label for finding in scan.findings)]
    fixed: dict[str, float] = {}
    for finding in scan.findings:
        if finding.get("fixAvailable") in ("YES", "PARTIAL"):
            label, since = str(finding["severity"]), finding["firstObservedAt"]
            fixed[label] = min(since, fixed.get(label, since))
    return present(
        HighestFindingSeverityLabel=labels[-1].lower() if labels else None,
        FindingScanDate=scan.completed_at,
        **{
            f"{label.capitalize()}FixAvailableSince": datetime.fromtimestamp(since, UTC)
            for label, since in fixed.items()
            if label in _LABELS
        },
    )
