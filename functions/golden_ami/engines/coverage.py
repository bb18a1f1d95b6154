"""How a package says what the states of its scans mean for a run. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from golden_ami.models import Reason


class Outcome(NamedTuple):
    """What a scan status means."""

    status: Literal["RUNNING", "COMPLETED", "PARTIAL", "FAILED"]
    detail: str
    reason: Reason | None = None
    note: str = ""


class Cause(NamedTuple):
    """What happened, and what a person can do about it: a row of an engine's table."""

    what: str
    remedy: str


def reason_of(name: str, cause: Cause, resource: str, detail: str = "") -> Reason:
    """Why a resource is not assessed; `name` is Amazon Inspector's word for it."""
    text = f"Inspector says {name} of {resource}: {cause.what}"
    return Reason(f"INSPECTOR_{name}", f"{text} ({detail})" if detail else text, cause.remedy)


# Amazon Inspector's scans of instances and of AMIs both end so.
TOO_LARGE = {
    "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED": "the volumes are larger than an agentless scan takes",
    "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED": (
        "collecting the inventory took longer than an agentless scan may"
    ),
    "STORAGE_LIMIT_EXCEEDED": "the volumes are larger than Inspector scans",
    "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED": "collecting the inventory took longer than Inspector allows",
}
