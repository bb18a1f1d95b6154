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

from golden_ami.errors import ServiceRejected
from golden_ami.models import Finding
from golden_ami.parallel import WORKERS, chunks, side_by_side
from golden_ami.storage.keys import event_findings_key, event_findings_prefix

_MOST = 200_000_000  # bytes of a scan's findings: some 100,000 findings as Inspector sends them
_DECODE = msgspec.json.Decoder(Finding).decode_lines  # prepared here, as several threads read (see ledger)


class EventFindings:
    """All that was received of a scan, as often as it was received. Raises botocore's errors and ServiceRejected."""

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
        """The findings kept for a scan, each once; several of an ARN where they differ.

        Raises ServiceRejected when there are more than a function has the memory for: one who may send events sends
        too many, and what is among them cannot be told.
        """
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=event_findings_prefix(scan)
        )
        found = [content for page in pages for content in page.get("Contents", [])]
        if (size := sum(one["Size"] for one in found)) > _MOST:
            raise ServiceRejected(
                f"events brought {size:,} bytes of findings of scan {scan}, more than {_MOST:,} bytes: find who sends "
                "them (CloudTrail, PutEvents), keep them from it, and assess the AMI again"
            )
        seen = set[bytes]()
        for some in chunks([str(one["Key"]) for one in found], WORKERS):
            for body in side_by_side(self._read, some):
                new = {hashlib.blake2b(line, digest_size=16).digest(): line for line in body.splitlines()}
                fresh = [line for name, line in new.items() if name not in seen]
                seen.update(new)
                yield from _DECODE(b"\n".join(fresh))

    def _read(self, key: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
