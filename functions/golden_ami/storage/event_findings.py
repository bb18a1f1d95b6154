"""Findings that come as events of on-demand scans, in the bucket: one object for each batch and scan.

Objects and not rows of the ledger: the thousands of findings of a scan come at once, and would all be written to the
scan's one partition, which takes 1,000 write units a second (DynamoDB developer guide, "Understanding DynamoDB warm
throughput in different scenarios").
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from golden_ami.models import Finding
from golden_ami.parallel import side_by_side
from golden_ami.storage.keys import event_findings_key, event_findings_prefix

_DECODE = msgspec.json.Decoder(Finding).decode_lines  # prepared here, as several threads read (see ledger)


class EventFindings:
    """All that was received of a scan, as often as it was received. Raises botocore's errors."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def store(self, scan: str, findings: Sequence[Finding]) -> None:
        """Keep findings of a scan. The same ones once more change nothing."""
        body = msgspec.json.Encoder().encode_lines(findings)
        self._s3.put_object(
            Bucket=self._bucket,
            Key=event_findings_key(scan, hashlib.sha256(body).hexdigest()),
            Body=body,
            ContentType="application/x-ndjson",
        )

    def of(self, scan: str) -> Iterator[Finding]:
        """The findings kept for a scan, each once; several of an ARN where they differ."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=event_findings_prefix(scan)
        )
        keys = [content["Key"] for page in pages for content in page.get("Contents", [])]
        seen = set[bytes]()
        for body in side_by_side(self._read, keys):
            new = [line for line in dict.fromkeys(body.splitlines()) if line not in seen]
            seen.update(new)
            yield from _DECODE(b"\n".join(new))

    def _read(self, key: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
