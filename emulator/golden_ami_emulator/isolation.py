"""Keeps the machine's own AWS settings away from the embedded AWS, and its calls on the machine."""

from __future__ import annotations

import os
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import EndpointConnectionError

from golden_ami_emulator.patching import Patches

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_OWN = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Isolation(Patches):
    """While open, no profile, endpoint, FIPS or dual-stack setting of the machine holds.

    It is opened before the SDK is used. A call to an address that nothing here answers, which would leave the machine,
    fails as where there is no network.
    """

    def __enter__(self) -> Isolation:
        from moto.core.botocore_stubber import BotocoreStubber

        super().__enter__()
        self._replace_settings()
        process = BotocoreStubber.process_request

        def answered(stubber: Any, request: Any) -> Any:
            answer = process(stubber, request)
            if answer is None and urlsplit(request.url).hostname not in _LOOPBACK:
                raise EndpointConnectionError(endpoint_url=request.url)
            return answer

        self.set(BotocoreStubber, "process_request", answered)
        return self

    def _replace_settings(self) -> None:
        before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        self.callback(os.environ.update, before)
        for name in _OWN:
            self.callback(os.environ.pop, name, None)
        for name in before:
            del os.environ[name]
        os.environ.update(_OWN)


def unreachable(client: Any) -> EndpointConnectionError | None:
    """The error of a client in a region that AWS does not have: its address has no entry in the DNS."""
    region = client.meta.region_name or ""
    if region in _regions() or region.endswith("-global"):  # of IAM and STS
        return None
    return EndpointConnectionError(endpoint_url=client.meta.endpoint_url)


@cache
def _regions() -> frozenset[str]:
    import boto3

    session = boto3.Session()
    partitions = session.get_available_partitions()
    return frozenset(
        region for partition in partitions for region in session.get_available_regions("ec2", partition_name=partition)
    )
