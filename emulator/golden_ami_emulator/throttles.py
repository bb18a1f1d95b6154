"""How fast EC2 takes requests that launch and terminate: its token buckets, which moto lacks.

EC2 Developer Guide, "Request throttling for the Amazon EC2 API": for each account and Region an API has a bucket of
requests, and RunInstances and TerminateInstances have one of resources, here instances, besides. It is filled at a
steady rate. Functions are held to it; the operator, who stands for tests and for the emulation itself, is not.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from golden_ami_emulator.environment import current_function
from golden_ami_emulator.patching import Patches
from golden_ami_emulator.server_errors import server_error

# Size, and refill a second, of the bucket of requests and of that of resources (same page).
_BUCKETS = {"RunInstances": ((5, 2), (1_000, 2)), "TerminateInstances": ((100, 5), (1_000, 20))}


class Bucket:
    """Tokens, as many as `size` at most, `refill` more in each emulated second."""

    def __init__(self, size: float, refill: float) -> None:
        self._size = size
        self._refill = refill
        self._tokens = size
        self._at = 0.0
        self._lock = threading.Lock()

    def take(self, count: int, at: float) -> bool:
        """Take so many tokens, if there are so many at that POSIX time; whether. A refusal costs none (inferred)."""
        with self._lock:
            self._tokens = min(self._size, self._tokens + max(0.0, at - self._at) * self._refill)
            self._at = at
            if count > self._tokens:
                return False
            self._tokens -= count
            return True


class Throttles(Patches):
    """While open, a request beyond a bucket is answered RequestLimitExceeded, with status 503 (otiai10/hotsub#10).

    The text for requests is that of CloudSnorkel/cdk-github-runners#946, that for resources is inferred from it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._buckets: dict[tuple[str, str, str, str], Bucket] = {}

    def __enter__(self) -> Throttles:
        from moto.ec2.responses.instances import InstanceResponse

        super().__enter__()
        launch, terminate = InstanceResponse.run_instances, InstanceResponse.terminate_instances

        def run_instances(response: Any) -> Any:
            self._admit(response, "RunInstances", int(response._get_param("MaxCount", 1)))
            return launch(response)

        def terminate_instances(response: Any) -> Any:
            self._admit(response, "TerminateInstances", len(response._get_param("InstanceIds", [])))
            return terminate(response)

        self.set(InstanceResponse, "run_instances", run_instances)
        self.set(InstanceResponse, "terminate_instances", terminate_instances)
        return self

    def _admit(self, response: Any, operation: str, resources: int) -> None:
        """Take the tokens of a function's request. Raises EC2's refusal."""
        if not current_function():
            return
        account, region = response.current_account, response.region
        requests, of_resources = _BUCKETS[operation]
        for kind, count, bucket in (("request", 1, requests), ("resource", resources, of_resources)):
            found = self._buckets.setdefault((account, region, operation, kind), Bucket(*bucket))
            if not found.take(count, time.time()):
                why = f"has been throttled on ec2:{operation} because it exceeded its {kind} rate limit."
                raise server_error("RequestLimitExceeded", f"Request limit exceeded. Account {account} {why}", 503)
