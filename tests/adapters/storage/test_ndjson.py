"""The object grows in parts, appears whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from golden_ami.storage.ndjson import NdjsonObject

PART = 5 * 1024 * 1024


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="reports")
        yield client


def body(s3: Any) -> bytes:
    content: bytes = s3.get_object(Bucket="reports", Key="k")["Body"].read()
    return content


def test_empty(s3: Any) -> None:
    with NdjsonObject(s3, "reports", "k"):
        pass
    assert body(s3) == b""


@pytest.mark.parametrize("lines", [1, 2, 3, 7])
def test_parts_join(s3: Any, lines: int) -> None:
    text = "x" * (PART // 2 - 2)
    line = f'"{text}"'.encode()
    with NdjsonObject(s3, "reports", "k", PART) as out:
        for _ in range(lines):
            out.write([text])
            assert len(out._buffer) <= PART + len(line)
    assert body(s3) == (line + b"\n") * lines
    assert s3.list_multipart_uploads(Bucket="reports").get("Uploads", []) == []


@pytest.mark.parametrize("lines", [1, 5])
def test_nothing_is_left_of_one_that_fails(s3: Any, lines: int) -> None:
    def fail() -> None:
        with NdjsonObject(s3, "reports", "k", PART) as out:
            for _ in range(lines):
                out.write(["x" * PART])
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert s3.list_objects_v2(Bucket="reports")["KeyCount"] == 0
    assert s3.list_multipart_uploads(Bucket="reports").get("Uploads", []) == []
