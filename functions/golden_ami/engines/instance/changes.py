"""Packages that an instance installed between its launch and its scan: the scan saw those, not the image's.

Inspector scans the inventory of Systems Manager's type AWS:Application (Inspector User Guide, "Scanning Amazon EC2
instances"). Its InstalledTime is what the SSM agent collects (aws/amazon-ssm-agent,
agent/plugins/inventory/gatherers/application): the second of the installation from rpm, nothing from dpkg, and on
Windows the day, whose beginning is before the launch. So of dpkg and Windows this sees nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from golden_ami import times
from golden_ami.aws.errors import code_of
from golden_ami.models import Ami, Evidence
from golden_ami.reasons import incomplete

_PAGE = 50  # entries that ListInventoryEntries answers at most
_UNKNOWN = ("AccessDeniedException", "InvalidInstanceId")
# The agent updates itself, and rpm lists keys that were imported as packages.
_OF_NO_IMAGE = frozenset({"amazon-ssm-agent", "gpg-pubkey"})
_NAMED = 5


def evidence_of(ssm: Any, ami: Ami, launched: datetime, remedied: Collection[str]) -> list[Evidence]:
    """Evidence `packages` where packages changed before the scan, or nobody can tell; none otherwise.

    `remedied` are packages of findings that Inspector closed: it scanned those before they were updated. Where it is
    not known, the evidence of the scan stays, with a note. One call for 50 packages.
    """
    known = next((one for one in ami.evidence if one.kind == "packages"), None)
    if known is None or known.status != "COMPLETE":
        return []
    try:
        names = sorted(set(_installed(ssm, ami, launched)) - _OF_NO_IMAGE - set(remedied))
    except ClientError as error:
        if code_of(error) not in _UNKNOWN:
            raise
        reason = incomplete.INVENTORY_UNKNOWN(error=error.response["Error"].get("Message") or code_of(error))
        return [incomplete.evidence("packages", "COMPLETE", reason)]
    if not names:
        return []
    some = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    if ami.user_data_sha256:
        reason = incomplete.PACKAGES_CHANGED_BY_USER_DATA(count=len(names), names=some)
        return [incomplete.evidence("packages", "COMPLETE", reason)]
    reason = incomplete.PACKAGES_CHANGED_AT_BOOT(count=len(names), names=some)
    return [incomplete.evidence("packages", "PARTIAL", reason)]


def _installed(ssm: Any, ami: Ami, launched: datetime) -> Iterator[str]:
    """The names of packages that were installed after the launch, and not after the scan."""
    scanned = datetime.fromisoformat(ami.scanned_at)
    for entry in _entries(ssm, ami.instance_id):
        told = times.read(entry.get("InstalledTime"))
        if told and launched <= datetime.fromisoformat(told) <= scanned:
            yield str(entry.get("Name", "unnamed"))


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
