"""Amazon Inspector's on-demand scans of AMIs in one place: found or started, never started twice for one purpose.

Botocore's model promises idempotency of StartOnDemandScan by `clientToken`, and not for how long. So a scan whose id
was lost is looked for in ListOnDemandScans first, also where it has ended meanwhile.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from golden_ami import times
from golden_ami.aws.errors import code_of
from golden_ami.models import Ami, Run

T = TypeVar("T")
Item = Mapping[str, Any]  # of ListOnDemandScans

_TYPE = "AMI"
_TRIES = 3
_PATIENCE = 20  # seconds of retryAfterSeconds that a function waits in all; botocore's own retries do not look at it
_LOST = timedelta(hours=1)  # a scan whose id was lost is looked for within it, by retries of a function
_COUNT = ("IN_PROGRESS", "SUCCESSFUL")


class OnDemandScans:
    """The calls. All raise botocore's errors; several threads may use it."""

    def __init__(self, inspector: Any) -> None:
        self._inspector = inspector
        self._until = times.now() + timedelta(seconds=_PATIENCE)

    def start(self, run: Run, ami: Ami) -> str:
        """The id of a scan that runs, or was started since the run was and has not failed, whoever asked for it.

        Else of a new one. Of a run that is redriven much later, what it had started is too old.
        """
        opened = datetime.fromisoformat(run.started_at).replace(microsecond=0)
        since = max(opened, times.now() - _LOST)

        def ours(one: Item) -> bool:
            return one["scanStatus"] in _COUNT and bool(one["startedAt"] >= since)

        return self._found_or_started(ami, _token(run, ami), ours)

    def start_again(self, run: Run, ami: Ami, failed: Item) -> str:
        """The id of a scan that was started after the AMI's own, which failed; else of a new one."""

        def later(one: Item) -> bool:
            return one["scanId"] != ami.scan and bool(one["startedAt"] >= failed["startedAt"])

        return self._found_or_started(ami, _token(run, ami, ami.scan), later)

    def status(self, ami: Ami) -> dict[str, Any]:
        """GetOnDemandScanStatus of the AMI's scan."""
        answer: dict[str, Any] = self._patiently(
            lambda: self._inspector.get_on_demand_scan_status(
                resourceId=ami.ami_id, scanId=ami.scan, resourceType=_TYPE
            )
        )
        return answer

    def _found_or_started(self, ami: Ami, token: str, counts: Callable[[Item], bool]) -> str:
        for _ in range(_TRIES - 1):
            if found := self._patiently(lambda: self._found(ami, counts)):
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
        answer = self._patiently(
            lambda: self._inspector.start_on_demand_scan(resourceId=ami.ami_id, resourceType=_TYPE, clientToken=token)
        )
        return str(answer["scanId"])

    def _patiently(self, call: Callable[[], T]) -> T:
        """Call again when the seconds are over that a throttled call names (ThrottlingException, retryAfterSeconds).

        All calls of one invocation share the patience: the function has 90 seconds.
        """
        while True:
            try:
                return call()
            except ClientError as error:
                response: dict[str, Any] = dict(error.response)
                seconds = response.get("retryAfterSeconds")
                if code_of(error) != "ThrottlingException" or seconds is None:
                    raise
                if times.now() + timedelta(seconds=max(1, seconds)) > self._until:
                    raise
                time.sleep(max(1, seconds))


def _token(run: Run, ami: Ami, failed: str = "") -> str:
    parts = [run.run_id, ami.key, *([failed] if failed else [])]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
