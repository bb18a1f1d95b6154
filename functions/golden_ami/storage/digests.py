"""SHA-256 of a run's objects: noted while they are written, kept in a manifest, whose own the ledger has.

`runs/<run>/manifest.json` lists the reports, findings, standings and urgent findings of a run. Whoever can write to the
bucket and not to the table can change none of them unseen. The archived execution has a manifest of its own.
The kept answers on vulnerabilities, of all runs, have their digest in a row of their own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from golden_ami.storage.keys import run_manifest_key, run_prefix
from golden_ami.storage.objects import Missing, Store

Entry = dict[str, Any]  # key, sha256 and, where it is known, bytes


class Changed(Exception):
    """An object is not what was written; the text says which."""


class DigestedFile:
    """A file that is hashed while it is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Like the file's own."""
        self._sha256.update(data)
        self.size += len(data)
        return self._file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def entry(self, key: str) -> Entry:
        """What a manifest says of the object with this key."""
        return {"key": key, "sha256": self._sha256.hexdigest(), "bytes": self.size}


class NotedStore:
    """A store that notes what is written through it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: dict[str, Entry] = {}

    def lines(self, key: str, *, again: bool = True) -> Iterator[bytes]:
        """See Store."""
        return self._store.lines(key, again=again)

    def read(self, key: str) -> bytes:
        """See Store."""
        return self._store.read(key)

    def remove(self, key: str) -> None:
        """See Store."""
        self._store.remove(key)

    def uri(self, key: str) -> str:
        """See Store."""
        return self._store.uri(key)

    @contextmanager
    def writing(self, key: str, content_type: str, *, again: bool = True) -> Iterator[Any]:
        """See Store."""
        with self._store.writing(key, content_type, again=again) as file:
            digested = DigestedFile(file)
            yield digested
        self._written[key] = digested.entry(key)

    def sha256(self, key: str) -> str:
        """Of the object that was written with this key, in hexadecimal digits. Raises KeyError."""
        return str(self._written[key]["sha256"])

    def write_manifest(self, run_id: str, others: Iterable[Entry]) -> str:
        """Write the manifest of what was written for the run, and of `others`; its SHA-256."""
        mine = [entry for key, entry in self._written.items() if key.startswith(run_prefix(run_id))]
        objects = sorted([*mine, *others], key=lambda entry: str(entry["key"]))
        key = run_manifest_key(run_id)
        with self.writing(key, "application/json") as file:
            file.write(json.dumps({"version": 1, "runId": run_id, "objects": objects}, separators=(",", ":")).encode())
        return str(self._written.pop(key)["sha256"])


def checked(lines: Iterable[bytes], key: str, sha256: str) -> Iterator[bytes]:
    """The lines of an object; raises Changed after the last where they are not those of this SHA-256.

    "" is not checked: an earlier release noted none.
    """
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
        digest.update(b"\n")
        yield line
    if sha256 and digest.hexdigest() != sha256:
        raise Changed(changed_text(key, digest.hexdigest(), sha256, "ledger"))


def problems_of_run(store: Store, run_id: str, sha256: str) -> list[str]:
    """What is wrong with a run's objects, one sentence each. `sha256` is the manifest's own, of the ledger."""
    key = run_manifest_key(run_id)
    if wrong := changed(store, key, sha256, "ledger"):
        return [wrong]
    entries = json.loads(store.read(key))["objects"]
    found = (changed(store, str(entry["key"]), str(entry["sha256"]), "manifest") for entry in entries)
    return [problem for problem in found if problem]


def changed(store: Store, key: str, sha256: str, who: str) -> str:
    """That an object is missing or is not the one of which `who` says the SHA-256; "" when it is."""
    try:
        digest = hashlib.sha256(store.read(key)).hexdigest()
    except Missing:
        return f"{key} is missing"
    return "" if digest == sha256 else changed_text(key, digest, sha256, who)


def changed_text(key: str, digest: str, sha256: str, who: str) -> str:
    """A sentence that says so."""
    return f"{key} was changed: its SHA-256 is {digest}, the {who} says {sha256}"
