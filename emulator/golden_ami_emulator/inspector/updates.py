"""An instance that updates its own packages, and what Systems Manager's inventory tells of that.

Amazon Inspector User Guide, "Understanding findings in Amazon Inspector": a finding whose vulnerability is remediated
becomes CLOSED. What was updated before the first scan was never found, and nothing of Inspector's tells so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from golden_ami_emulator.inspector.bodies import Body, digest
from golden_ami_emulator.inspector.wire import epoch

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.instances import Tracked
    from golden_ami_emulator.inspector.region import InspectorRegion

_BUILT = datetime(2026, 1, 5, 12, 30, tzinfo=UTC)  # when the image's packages were installed
_COMMON = 60  # packages that every image has: more than a page of ListInventoryEntries
_DPKG = ("ubuntu", "debian")
_Entry = dict[str, str]


def update(region: InspectorRegion, tracked: Tracked) -> None:
    """The instance updates its packages, once: Inspector closes what it had found on them, and scans again."""
    if not tracked.running or tracked.updated_at:
        return
    now = tracked.updated_at = region.now()
    if tracked.scanned_at is None:
        return
    fixed = {arn_on_instance(region, tracked, body) for body in region.bodies_of(tracked.image_id) if is_updated(body)}
    tracked.findings = [
        {**one, "status": "CLOSED", "updatedAt": epoch(now)} if one["findingArn"] in fixed else one
        for one in tracked.findings
    ]


def is_updated(body: Body) -> bool:
    """Whether an update of the system's packages remedies a finding: packages of languages are not the system's."""
    packages = body.members.get("packageVulnerabilityDetails", {}).get("vulnerablePackages", [])
    return bool(packages) and body.members.get("fixAvailable") == "YES" and not body.of_language_packages


def inventory(region: InspectorRegion, tracked: Tracked) -> list[_Entry]:
    """The entries of type AWS:Application, once Inspector's association has collected them.

    amazon-ssm-agent, agent/plugins/inventory/gatherers/application: of rpm packages, InstalledTime is the instant; of
    dpkg packages it is not asked for; on Windows it is the day.
    """
    if tracked.scan_started_at is None:
        return []
    updated = {name for body in region.bodies_of(tracked.image_id) if is_updated(body) for name in _names(body)}
    names = {name for body in region.bodies_of(tracked.image_id) if not body.of_language_packages
             for name in _names(body)}  # fmt: skip
    when = dict.fromkeys([*(f"package-{number}" for number in range(_COMMON)), *sorted(names)], _BUILT)
    when["amazon-ssm-agent"] = tracked.agent_at or tracked.launched_at
    if tracked.updated_at:
        when |= dict.fromkeys(updated, tracked.updated_at)
    return [_entry(tracked, name, at) for name, at in when.items()]


def _entry(tracked: Tracked, name: str, at: datetime) -> _Entry:
    system = tracked.image.platform_name.lower()
    entry = {"Name": name, "Version": "1.0", "Architecture": "x86_64", "Publisher": "", "ApplicationType": ""}
    if "windows" in system:
        at = at.replace(hour=0, minute=0, second=0)
    return entry if system.startswith(_DPKG) else {**entry, "InstalledTime": at.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _names(body: Body) -> list[str]:
    details = body.members.get("packageVulnerabilityDetails", {})
    return [str(package.get("name", "")) for package in details.get("vulnerablePackages", [])]


def arn_on_instance(region: InspectorRegion, tracked: Tracked, body: Body) -> str:
    """The ARN of what is found on an instance."""
    name = digest(tracked.id, body.key)
    return f"arn:{region.partition}:inspector2:{region.name}:{region.account}:finding/{name}"
