"""boto3 clients, which take long to make, are made once per process; they outlive the account that they first meet."""

from __future__ import annotations

import threading
from functools import cache, partial
from typing import Any

_lock = threading.Lock()  # a session is not safe for threads while it makes a client


@cache
def _session() -> Any:
    import boto3

    return boto3.Session(aws_access_key_id="AKIAOPERATOR00000000", aws_secret_access_key="embedded")


@cache
def _make(service: str, region: str, account: str) -> Any:
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    client = _session().client(service, region_name=region, config=config)
    if account:
        client.meta.events.register("before-sign", partial(_name_account, account))
    return client


def _name_account(account: str, request: Any, **_: object) -> None:
    request.headers["x-moto-account-id"] = account


def operator_client(service: str, region: str, account: str = "") -> Any:
    """A client with the operator's credentials, without the SDK's retries; in moto's own account if none is named."""
    with _lock:
        return _make(service, region, account)
