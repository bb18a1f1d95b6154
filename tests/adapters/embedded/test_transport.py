"""Calls of many threads reach moto's services in turn."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.responses import DynamoHandler
from patience import HANGS

from golden_ami_emulator.transport import Transport


def test_calls_of_one_service_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    met = threading.Barrier(2)
    meetings = []

    def meet(_handler: Any) -> str:
        try:
            met.wait(timeout=0.2)
            meetings.append(threading.get_ident())
        except threading.BrokenBarrierError:
            met.reset()
        return '{"TableNames": []}'

    monkeypatch.setattr(DynamoHandler, "list_tables", meet)
    with mock_aws(), Transport(), ThreadPoolExecutor(2) as pool:
        client = boto3.client("dynamodb", region_name="us-east-1")
        for call in [pool.submit(client.list_tables) for _ in range(2)]:
            call.result()
    assert meetings == []


def test_different_services_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    met = threading.Barrier(2)

    def meet(_handler: Any) -> str:
        met.wait(timeout=HANGS)
        return '{"TableNames": []}'

    monkeypatch.setattr(DynamoHandler, "list_tables", meet)
    with mock_aws(), Transport(), ThreadPoolExecutor(1) as pool:
        client = boto3.client("dynamodb", region_name="us-east-1")
        call = pool.submit(client.list_tables)
        assert boto3.client("sqs", region_name="us-east-1").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
        met.wait(timeout=HANGS)
        assert call.result()["TableNames"] == []
