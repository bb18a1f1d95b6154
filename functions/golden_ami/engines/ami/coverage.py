"""What the state of Amazon Inspector's on-demand scan of an AMI means for a run: a table. Pure.

Our reading of the reasons of inspector2 GetOnDemandScanStatus (botocore 1.44.5's model has the full list).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from golden_ami.engines.coverage import TOO_LARGE, Cause, Outcome, reason_of
from golden_ami.models import Ami, Reason

_OTHER_ENGINE = 'use engine `instance` for this AMI: "engine": "instance"'

ON_DEMAND = {
    "ACCESS_DENIED": Cause(
        "Inspector may not read the AMI or its snapshots: this account must own both, and Inspector must be allowed "
        "to use the key that encrypts them",
        f"copy the AMI into this account, or {_OTHER_ENGINE}",
    ),
    "UNSUPPORTED_OS": Cause(
        "Inspector's AMI scan does not support the operating system or the file system (LVM, macOS)",
        _OTHER_ENGINE,
    ),
    "INTERNAL_ERROR": Cause("Inspector's AMI scan failed internally", f"run again, or {_OTHER_ENGINE}"),
    "RESOURCE_TERMINATED": Cause(
        "the AMI or its snapshot was removed during the scan", "remove the AMI from the configuration, or restore it"
    ),
} | {name: Cause(what, _OTHER_ENGINE) for name, what in TOO_LARGE.items()}


def of_image(ami: Ami, answer: Mapping[str, Any]) -> Outcome:
    """The meaning of an answer of GetOnDemandScanStatus."""
    if answer["scanStatus"] == "SUCCESSFUL":
        return Outcome("COMPLETED", "SUCCESSFUL")
    if answer["scanStatus"] != "FAILED":
        return Outcome("RUNNING", str(answer["scanStatus"]))
    name = answer.get("scanStatusReason") or "INTERNAL_ERROR"
    return Outcome("FAILED", name, refused(ami, name))


def refused(ami: Ami, name: str, detail: str = "") -> Reason:
    """Why Inspector's AMI scan cannot be had for an AMI; `name` is a scan status reason or an error code."""
    known = ON_DEMAND.get(name.replace("AccessDeniedException", "ACCESS_DENIED"))
    cause = known or Cause("Inspector refused or failed the scan of the AMI", _OTHER_ENGINE)
    return reason_of(name, cause, ami.ami_id, detail)
