"""How calls reach moto: over TLS, which it does not see, and in turn, as its services are not made for threads."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.parse import urlsplit

from golden_ami_emulator.patching import Patches


class Transport(Patches):
    """Statements of a bucket's policy about calls without TLS concern nobody, while open: boto3 uses TLS.

    Calls of one service wait for each other. Lambda's do not: an invocation is a call that lasts, and makes others.
    """

    def __init__(self) -> None:
        super().__init__()
        self._locks = defaultdict[str, Any](threading.RLock)

    def turn(self, service: str) -> AbstractContextManager[Any]:
        """To be held while a call of the service, by the name in its address, is made."""
        return nullcontext() if service == "lambda" else self._locks[service]

    def __enter__(self) -> Transport:
        from moto.core.botocore_stubber import BotocoreStubber
        from moto.iam.access_control import IAMPolicy, PermissionResult
        from moto.s3.models import FakeBucket

        super().__enter__()

        def permission(bucket: Any, action: str, resource: str) -> Any:
            if bucket.policy is None:
                return PermissionResult.NEUTRAL
            policy = json.loads(bucket.policy.decode())
            policy["Statement"] = [part for part in policy["Statement"] if not _needs_plain_text(part)]
            return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)

        self.set(FakeBucket, "get_permission", permission)
        process = BotocoreStubber.process_request

        def in_turn(stubber: Any, request: Any) -> Any:
            with self.turn(_service(request.url)):
                return process(stubber, request)

        self.set(BotocoreStubber, "process_request", in_turn)
        return self


def _service(url: str) -> str:
    """The service that an address belongs to; a bucket's own address is S3's."""
    host = urlsplit(url).hostname or ""
    return "s3" if ".s3." in host else host.partition(".")[0]


def _needs_plain_text(statement: Mapping[str, Any]) -> bool:
    secure = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return str(secure).lower() == "false"
