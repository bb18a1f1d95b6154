"""Amazon Inspector's on-demand scans of AMIs in one place: found or started, never started twice for one purpose.

Botocore's model promises idempotency of StartOnDemandScan by `clientToken`, and not for how long. So a scan whose id
was lost is looked for in ListOnDemandScans first, also where it has ended meanwhile.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from golden_ami.aws.errors import code_of
from golden_ami.models import Ami, Run

T = TypeVar("T")
Item = Mapping[str, Any]  # of ListOnDemandScans

_TYPE = "AMI"
_TRIES = 3
_PATIENCE = 20  # seconds of retryAfterSeconds that a function waits; botocore's own retries do not look at it


class OnDemandScans:
    """The calls. All raise botocore's errors; several threads may use it."""

    def __init__(self, inspector: Any) -> None:
        self._inspector = inspector

    def start(self, run: Run, ami: Ami) -> str:
        """The id of a scan that runs, or was started since the run was, whoever asked for it; else of a new one."""
        since = datetime.fromisoformat(run.started_at).replace(microsecond=0)
        return self._found_or_started(ami, _token(run, ami), lambda one: bool(one["startedAt"] >= since))

    def start_again(self, run: Run, ami: Ami, failed: Item) -> str:
        """The id of a scan that was started after the AMI's own, which failed; else of a new one."""

        def later(one: Item) -> bool:
            return one["scanId"] != ami.scan and bool(one["startedAt"] >= failed["startedAt"])

        return self._found_or_started(ami, _token(run, ami, ami.scan), later)

    def status(self, ami: Ami) -> dict[str, Any]:
        """GetOnDemandScanStatus of the AMI's scan."""
        answer: dict[str, Any] = _patiently(
            lambda: self._inspector.get_on_demand_scan_status(
                resourceId=ami.ami_id, scanId=ami.scan, resourceType=_TYPE
            )
        )
        return answer

    def _found_or_started(self, ami: Ami, token: str, counts: Callable[[Item], bool]) -> str:
        for _ in range(_TRIES - 1):
            if found := _patiently(lambda: self._found(ami, counts)):
                return found
            try:
                return self._started(ami, token)
            except ClientError as error:
                if code_of(error) != "ConflictException":
                    raise  # else one that was started, or has ended, between the two calls
        return self._found(ami, counts) or self._started(ami, token)

    def _found(self, ami: Ami, counts: Callable[[Item], bool]) -> str:
        pages = self._inspector.get_paginator("list_on_demand_scans").paginate(
            resourceId=ami.ami_id, resourceType=_TYPE
        )
        items = [one for page in pages for one in page["items"] if one["scanStatus"] == "IN_PROGRESS" or counts(one)]
        newest = max(items, key=lambda one: one["startedAt"], default=None)
        return str(newest["scanId"]) if newest else ""

    def _started(self, ami: Ami, token: str) -> str:
        answer = _patiently(
            lambda: self._inspector.start_on_demand_scan(resourceId=ami.ami_id, resourceType=_TYPE, clientToken=token)
        )
        return str(answer["scanId"])


def _token(run: Run, ami: Ami, failed: str = "") -> str:
    parts = [run.run_id, ami.key, *([failed] if failed else [])]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def _patiently(call: Callable[[], T]) -> T:
    """Call again when the seconds are over that a throttled call names (ThrottlingException, retryAfterSeconds)."""
    for _ in range(_TRIES - 1):
        try:
            return call()
        except ClientError as error:
            response: dict[str, Any] = dict(error.response)
            seconds = response.get("retryAfterSeconds")
            if code_of(error) != "ThrottlingException" or seconds is None or seconds > _PATIENCE:
                raise
            time.sleep(max(0, seconds))
    return call()
