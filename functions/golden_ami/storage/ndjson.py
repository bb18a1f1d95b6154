"""One S3 object of newline-delimited JSON, written as it grows: memory holds one part at most."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import msgspec

PART = 8 * 1024 * 1024  # bytes; S3 asks for 5 MiB at least of every part but the last, and takes 10,000 parts

# glibc keeps for reuse up to twice the largest block that was ever given back to it, and returns the rest to the
# system. Without this the pages of each object's buffer would be asked for anew, a third of the time of writing it.
_given_back = len(bytes(PART))


class NdjsonObject:
    """A context: the object appears whole when it ends well, and not at all when it ends in an exception."""

    def __init__(self, s3: Any, bucket: str, key: str, part: int = PART) -> None:
        self._s3 = s3
        self._where = {"Bucket": bucket, "Key": key}
        self._part = part
        self._buffer = bytearray()
        self._sha256 = hashlib.sha256()
        self._encode = msgspec.json.Encoder().encode_lines
        self._upload = ""
        self._parts: list[dict[str, Any]] = []

    def __enter__(self) -> NdjsonObject:
        return self

    def write(self, values: Sequence[object]) -> None:
        """Add values, each as a line."""
        encoded = self._encode(values)
        self._sha256.update(encoded)
        self._buffer += encoded
        if len(self._buffer) >= self._part:
            self._send_part()

    @property
    def sha256(self) -> str:
        """Of what was written so far, in hexadecimal digits."""
        return self._sha256.hexdigest()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._abort()
        elif not self._upload:
            self._s3.put_object(**self._where, Body=bytes(self._buffer), ContentType="application/x-ndjson")
        else:
            self._complete()

    def _send_part(self) -> None:
        if not self._upload:
            answer = self._s3.create_multipart_upload(**self._where, ContentType="application/x-ndjson")
            self._upload = answer["UploadId"]
        number = len(self._parts) + 1
        answer = self._s3.upload_part(**self._where, UploadId=self._upload, PartNumber=number, Body=bytes(self._buffer))
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        self._buffer.clear()

    def _complete(self) -> None:
        try:
            if self._buffer:
                self._send_part()
            self._s3.complete_multipart_upload(
                **self._where, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
            )
        except BaseException:
            self._abort()
            raise

    def _abort(self) -> None:
        if self._upload:
            self._s3.abort_multipart_upload(**self._where, UploadId=self._upload)
