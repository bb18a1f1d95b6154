"""Where a run's objects are: S3, or a directory of the same keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from io import SEEK_END, BufferedReader, BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Protocol

import msgspec
from botocore.exceptions import ClientError

from golden_ami.aws.errors import code_of

# S3 answers AccessDenied for a key that does not exist to a role that may not list the bucket.
_ABSENT = frozenset({"NoSuchKey", "AccessDenied"})
# What msgspec raises for bytes that are not the JSON of a type; the second for text that is not UTF-8.
UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError)
_IN_MEMORY = 8 * 1024 * 1024  # bytes; an object is spooled to disk above it
_AT_ONCE = 256 * 1024  # bytes that one call reads or writes
_KEPT = 64 * 1024 * 1024  # bytes; each format reads all findings again, and up to so many need no further request


class Missing(LookupError):
    """The store holds no object of this key, or does not let it be read."""


class Store(Protocol):
    """Objects by key. All formats are made from it alone."""

    def lines(self, key: str, *, again: bool = True) -> Iterator[bytes]:
        """The lines of an object, one by one, without their ends. Raises Missing.

        `again` says that this store will read the object again.
        """

    def read(self, key: str) -> bytes:
        """A whole object. Raises Missing."""

    def writing(self, key: str, content_type: str, *, again: bool = True) -> Any:
        """A context manager that gives a binary file; the object stands when it ends well."""

    def remove(self, key: str) -> None:
        """Remove an object; one that does not exist counts as removed.

        In a bucket with versions it stays as a noncurrent one, locked or not (S3 User Guide, "Working with delete
        markers").
        """

    def uri(self, key: str) -> str:
        """Where a person finds the object."""


class S3Store:
    """Objects in a bucket. Raises botocore's ClientError, but Missing for an object that does not exist.

    What was read or written line by line and will be read again is kept while there is room: nobody else writes a
    run's objects meanwhile.
    """

    def __init__(self, client: Any, bucket: str, room: int = _KEPT) -> None:
        self._client = client
        self._bucket = bucket
        self._room = room
        self._kept: dict[str, bytes] = {}

    def _object(self, key: str) -> Any:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if code_of(error) in _ABSENT:
                raise Missing(key) from error
            raise

    def lines(self, key: str, *, again: bool = True) -> Iterator[bytes]:
        if key not in self._kept:
            answer = self._object(key)
            with closing(answer["Body"]) as body:
                if not again or answer["ContentLength"] > self._room:
                    yield from _lines(BufferedReader(body, _AT_ONCE))
                    return
                self._keep(key, body.read())
        yield from _lines(BytesIO(self._kept[key]))

    def read(self, key: str) -> bytes:
        with closing(self._object(key)["Body"]) as body:
            return bytes(body.read())

    def _keep(self, key: str, content: bytes) -> None:
        self._room -= len(content)
        self._kept[key] = content

    @contextmanager
    def writing(self, key: str, content_type: str, *, again: bool = True) -> Iterator[IO[bytes]]:
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
            yield spool
            spool.seek(0)
            self._client.put_object(Bucket=self._bucket, Key=key, Body=spool, ContentType=content_type)
            self._room += len(self._kept.pop(key, b""))
            if again and key.endswith(".ndjson") and spool.seek(0, SEEK_END) <= self._room:
                spool.seek(0)
                self._keep(key, spool.read())

    def remove(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=key)

    def uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"


class DirectoryStore:
    """The same keys as files under a directory: a run's objects copied to a disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, key: str) -> Path:
        path = self._root / key
        if not path.is_file():
            raise Missing(key)
        return path

    def lines(self, key: str, *, again: bool = True) -> Iterator[bytes]:  # noqa: ARG002
        with self._path(key).open("rb", buffering=_AT_ONCE) as file:
            yield from _lines(file)

    def read(self, key: str) -> bytes:
        return self._path(key).read_bytes()

    @contextmanager
    def writing(self, key: str, content_type: str, *, again: bool = True) -> Iterator[IO[bytes]]:  # noqa: ARG002
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb", buffering=_AT_ONCE) as file:
            yield file

    def remove(self, key: str) -> None:
        (self._root / key).unlink(missing_ok=True)

    def uri(self, key: str) -> str:
        return (self._root / key).resolve().as_uri()


def _lines(file: Iterable[bytes]) -> Iterator[bytes]:
    return (line.rstrip(b"\n") for line in file)
