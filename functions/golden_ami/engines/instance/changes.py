"""Packages that an instance installed between its launch and its scan: the scan saw those, not the image's.

Inspector scans the inventory of Systems Manager's type AWS:Application (Inspector User Guide, "Scanning Amazon EC2
instances"). Its InstalledTime is what the SSM agent collects (aws/amazon-ssm-agent,
agent/plugins/inventory/gatherers/application): the second of the installation from rpm, nothing from dpkg, and on
Windows the day, whose beginning is before the launch. So of dpkg and Windows this sees nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from golden_ami import times
from golden_ami.aws.errors import code_of
from golden_ami.models import Ami, Evidence, EvidenceStatus
from golden_ami.reasons import incomplete

_PAGE = 50  # entries that ListInventoryEntries answers at most
_DENIED = ("AccessDeniedException", "InvalidInstanceId")
# The agent updates itself, and rpm lists keys that were imported as packages.
_OF_NO_IMAGE = frozenset({"amazon-ssm-agent", "gpg-pubkey"})
_NAMED = 5


def evidence_of(ssm: Any, ami: Ami, remedied: Mapping[str, str]) -> list[Evidence]:
    """Evidence `packages` of an AMI whose findings are looked at; none where there is nothing to add.

    PARTIAL where packages changed before the scan, PENDING while Systems Manager does not answer. `remedied` are
    packages of findings that Inspector closed, with the instant (ISO 8601) at which it had found them: what was
    installed later, Inspector had scanned before. One call for 50 packages.
    """
    known = next((one for one in ami.evidence if one.kind == "packages"), None)
    again = known is not None and known.status == "PENDING"
    if known is None or not (again or (known.status == "COMPLETE" and not ami.findings_key)):
        return []
    try:
        entries = list(_entries(ssm, ami.instance_id))
    except ClientError as error:
        reason = incomplete.INVENTORY_UNKNOWN(error=error.response["Error"].get("Message") or code_of(error))
        status: EvidenceStatus = "COMPLETE" if code_of(error) in _DENIED else "PENDING"
        return [incomplete.evidence("packages", status, reason)]
    if not any(entry.get("InstalledTime") for entry in entries) or "windows" in ami.platform_name.lower():
        return [incomplete.evidence("packages", "COMPLETE", incomplete.INSTALLATIONS_NOT_DATED())]
    names = sorted({*_installed(entries, ami, remedied)} - _OF_NO_IMAGE)
    if not names:
        return [Evidence(kind="packages", status="COMPLETE", detail="scanned since the launch")] if again else []
    some = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    if ami.user_data_sha256:
        reason = incomplete.PACKAGES_CHANGED_BY_USER_DATA(count=len(names), names=some)
        return [incomplete.evidence("packages", "COMPLETE", reason)]
    reason = incomplete.PACKAGES_CHANGED_AT_BOOT(count=len(names), names=some)
    return [incomplete.evidence("packages", "PARTIAL", reason)]


def _installed(entries: Iterable[Mapping[str, str]], ami: Ami, remedied: Mapping[str, str]) -> Iterator[str]:
    """The names of packages that were installed after the launch, and not after the scan."""
    launched, scanned = datetime.fromisoformat(ami.launched_at), datetime.fromisoformat(ami.scanned_at)
    for entry in entries:
        name, told = str(entry.get("Name", "unnamed")), times.read(entry.get("InstalledTime"))
        if not told or not launched <= datetime.fromisoformat(told) <= scanned:
            continue
        found_at = remedied.get(name)  # rpm gives whole seconds
        if not found_at or datetime.fromisoformat(told) < datetime.fromisoformat(found_at).replace(microsecond=0):
            yield name


def _entries(ssm: Any, instance_id: str) -> Iterator[Mapping[str, str]]:
    """Every application; botocore has no paginator for this call, and the last page's token is empty."""
    asked = {"InstanceId": instance_id, "TypeName": "AWS:Application", "MaxResults": _PAGE}
    token = ""
    while True:
        answer = ssm.list_inventory_entries(**asked, **({"NextToken": token} if token else {}))
        yield from answer.get("Entries", [])
        token = answer.get("NextToken", "")
        if not token:
            return
