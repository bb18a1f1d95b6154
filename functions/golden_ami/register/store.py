"""Registers in the store, found through the ledger; written so that two runs at once lose nothing."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from golden_ami.errors import Throttled
from golden_ami.logs import logger
from golden_ami.models import Ami, Assessment
from golden_ami.register.model import Entry, Header, KnownAmi, RegisterNote
from golden_ami.register.register import Register
from golden_ami.register.takeover import belonging, take_over
from golden_ami.storage.digests import Changed, changed_text
from golden_ami.storage.keys import register_key
from golden_ami.storage.objects import UNDECODABLE, Missing, Store

_TRIES = 10  # of a write that meets another run's
_HEADER, _ENTRY = msgspec.json.Decoder(Header), msgspec.json.Decoder(Entry)


class Index(Protocol):
    """The ledger's rows about lineages and AMIs."""

    def register_note(self, lineage: str) -> RegisterNote | None:
        """Where the register of a lineage ("account/region/lineage") is; None where it has none."""

    def note_register(self, lineage: str, note: RegisterNote, before: RegisterNote | None) -> bool:
        """Note where it is now; False, and nothing is changed, when it is not where it was `before`."""

    def known_amis(self, amis: Iterable[tuple[str, str, str]]) -> list[KnownAmi]:
        """What is known of AMIs, given by account, region and AMI id."""

    def note_amis(self, amis: Iterable[KnownAmi]) -> None:
        """Note what is known of AMIs now, and that their lineages have registers."""

    def knows_lineage(self, lineage: str) -> bool:
        """Whether a lineage ("account/region/lineage") had a register once."""

    def assessments(self, lineage: str) -> list[Assessment]:
        """The assessments of a lineage by a release that had no registers, newest first."""


class Registers:
    """The registers of a stack."""

    def __init__(self, store: Store, index: Index) -> None:
        self._store, self._index = store, index
        self._origins: dict[str, RegisterNote | None] = {}  # by lineage: where `open` read it

    def open(self, lineage: str, amis: Sequence[Ami], former: Iterable[str]) -> Register:
        """The register of a lineage, with what other registers know of these of its AMIs.

        `former` are the lineages under which an earlier release, which had no registers, kept their past.
        Whatever should be there and cannot be read is named in `lost`. Raises botocore's ClientError.
        """
        register, note = self._read(lineage)
        self._origins[lineage] = note
        known = self._index.known_amis((ami.account, ami.region, ami.ami_id) for ami in amis)
        register.known = {one.ami_id for one in known}
        if note is None and self._index.knows_lineage(lineage):
            register.lost = f"the ledger does not have the register of {lineage} any more"
        new = [ami for ami in amis if ami.ami_id not in register.known]
        if note is None or new:
            self._take_over(register, amis if note is None else new, former)
        for other in dict.fromkeys(one.lineage_key for one in known if one.lineage_key != lineage):
            self._adopt(register, other, {one.ami_id for one in known if one.lineage_key == other})
        return register

    def _take_over(self, register: Register, amis: Sequence[Ami], former: Iterable[str]) -> None:
        """Add what an earlier release kept of the lineage, or only of these AMIs when it has a register."""
        found = [one for key in dict.fromkeys([register.lineage, *former]) for one in self._index.assessments(key)]
        if register.assessments:
            ids = {ami.ami_id for ami in amis}
            found = [one for one in found if one.ami_id in ids]
        found = sorted(filter(belonging(register.lineage, amis), found), key=lambda one: one.completed_at, reverse=True)
        taken = Register(Header(lineage=register.lineage))
        take_over(taken, found, self._store)
        register.adopt(taken, taken.assessments)
        register.lost = register.lost or taken.lost

    def _adopt(self, register: Register, lineage: str, amis: set[str]) -> None:
        """Take over the past of AMIs that were of another lineage."""
        other, note = self._read(lineage)
        lost = other.lost or ("" if note else f"the ledger does not have the register of {lineage} any more")
        register.lost_of |= dict.fromkeys(amis, lost) if lost else {}
        register.moved |= dict.fromkeys(amis, lineage)
        register.adopt(other, [one for one in other.assessments if one.ami_id in amis])

    def _read(self, lineage: str) -> tuple[Register, RegisterNote | None]:
        note = self._index.register_note(lineage)
        empty = Header(lineage=lineage)
        if note is None:
            return Register(empty), None
        try:
            return read(self._store.read(note.key), note), note
        except (Missing, Changed, OSError, EOFError, zlib.error, *UNDECODABLE) as error:
            now = self._index.register_note(lineage)
            if now and now.sha256 != note.sha256:  # another run has replaced it meanwhile
                return self._read(lineage)
            return Register(empty, lost=f"the register {note.key} cannot be read: {error}"), note

    def save(self, register: Register, run_id: str) -> None:
        """Write a register that `open` gave, to which a run added its assessments.

        Where another run has written it meanwhile, what that one knows is joined. Raises Throttled when that happens
        again and again, and botocore's ClientError.
        """
        for _ in range(_TRIES):
            before = self._index.register_note(register.lineage)
            content = written(self._joined(register, run_id, before))
            sha256 = hashlib.sha256(content).hexdigest()
            if before and before.sha256 == sha256:
                return
            note = RegisterNote(key=register_key(register.lineage, sha256), sha256=sha256)
            with self._store.writing(note.key, "application/gzip", again=False) as out:
                out.write(content)
            if self._index.note_register(register.lineage, note, before):
                if before and not register.lost:  # what could not be read may be needed to find out why
                    self._remove(before)
                return
        raise Throttled(f"the register of {register.lineage} is written by other runs all the time; try again")

    def _remove(self, note: RegisterNote) -> None:
        """Remove a register that was replaced. One that stays costs a little storage, and no run its report."""
        try:
            self._store.remove(note.key)
        except (BotoCoreError, ClientError) as error:
            logger.warning("a register that was replaced is not removed: %s", error)

    def _joined(self, register: Register, run_id: str, now: RegisterNote | None) -> Register:
        """What is to be written: the register, into which what another run has written since was joined."""
        origin = self._origins.get(register.lineage)
        if now is None or (origin and origin.sha256 == now.sha256):
            return register
        theirs, _ = self._read(register.lineage)
        theirs.adopt(register, [one for one in register.assessments if one.run_id == run_id])
        return theirs


def written(register: Register) -> bytes:
    """The object of a register: gzip of NDJSON, a header and a line for each entry; the same for the same content."""
    sets = {mask: number for number, mask in enumerate(dict.fromkeys(entry.on for entry in register.entries))}
    header = Header(
        lineage=register.lineage,
        assessments=register.assessments,
        lost_at=register.lost_at,
        sets=[format(mask, "x") for mask in sets],
    )
    encoder = msgspec.json.Encoder()
    entries = (replace(entry, on=sets[entry.on]) for entry in register.entries)
    return gzip.compress(encoder.encode_lines([header, *entries]), compresslevel=6, mtime=0)


def read(content: bytes, note: RegisterNote) -> Register:
    """A register from its object. Raises Changed, msgspec's MsgspecError, and OSError or EOFError for no gzip."""
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != note.sha256:
        raise Changed(changed_text(note.key, sha256, note.sha256, "ledger"))
    first, *lines = gzip.decompress(content).splitlines()
    header = _HEADER.decode(first)
    masks = [int(mask, 16) for mask in header.sets]
    entries = [_ENTRY.decode(line) for line in lines]
    register = Register(header)
    for entry in entries:
        entry.on = masks[entry.on]
        register.restore(entry)
    return register
