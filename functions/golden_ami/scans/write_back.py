"""The AMI's tags on its findings, where the engine has a place for them: best effort, when the findings are stored.

Security Hub knows a finding minutes after the scan that made it, so what Tag Findings could not write is tried once
more before the report. No AMI loses its verdict, and no run its report, for its tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import msgspec

from golden_ami import times
from golden_ami.aws.clients import Clients
from golden_ami.engines.base import WrittenBack
from golden_ami.engines.registry import ENGINES, adapter, traits
from golden_ami.errors import RunNotFound
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.models import Ami, Run
from golden_ami.places import Place
from golden_ami.settings import Settings
from golden_ami.storage.keys import untagged_key
from golden_ami.storage.objects import S3Store

FIRST = timedelta(seconds=600)  # of Tag Findings' 900, the rest of which is left to other AMIs of the batch
_SECOND = timedelta(seconds=120)  # of Aggregate's 900, most of which the report may need


class _Stored(msgspec.Struct):
    """What is read of a stored finding."""

    arn: str


class WriteBack:
    """The two tries of one run, each until an instant. Nothing is raised."""

    def __init__(self, run: Run, until: datetime, settings: Settings, clients: Clients, ledger: Ledger) -> None:
        self._run, self._until = run, until
        self._settings, self._clients, self._ledger = settings, clients, ledger

    def first(self, ami: Ami, arns: Sequence[str]) -> None:
        """Write the tags on the findings of an AMI; keep what is left for the second try."""
        if not self._has_place(ami):
            return
        with _best_effort(ami.key):
            written = self._written(ami, arns)
            if written.left:
                where = {"Bucket": self._settings.bucket, "Key": untagged_key(ami.run_id, ami.key)}
                body = msgspec.json.encode(written.left)
                self._clients.client("s3").put_object(**where, Body=body, ContentType="application/json")
            status = "PARTIAL" if written.left else "DONE"
            self._ledger.update_ami(ami, tags_written=status, tag_notes=written.notes)

    def second(self, amis: Sequence[Ami]) -> None:
        """Write what is left, and all of AMIs for which there was no first try."""
        for ami in amis:
            if times.now() >= self._until:
                return
            if not ami.findings_key or ami.tags_written == "DONE" or not self._has_place(ami):
                continue
            with _best_effort(ami.key):
                written = self._written(ami, self._left(ami))
                self._ledger.update_ami(ami, tags_written="DONE", tag_notes=written.notes)

    def _has_place(self, ami: Ami) -> bool:
        return traits(ami.engine).writes_back(self._run.config)

    def _written(self, ami: Ami, arns: Sequence[str]) -> WrittenBack:
        scanner = adapter(ami.engine, Place(ami.account, ami.region), self._settings, self._clients, self._ledger)
        return scanner.write_back(self._run, ami, arns, self._until)

    def _left(self, ami: Ami) -> list[str]:
        store = S3Store(self._clients.client("s3"), self._settings.bucket)
        if ami.tags_written == "PARTIAL":
            return msgspec.json.decode(store.read(untagged_key(ami.run_id, ami.key)), type=list[str])
        decoder = msgspec.json.Decoder(_Stored)
        return [decoder.decode(line).arn for line in store.lines(ami.findings_key, again=False)]


def write_what_is_left(run_id: str, settings: Settings, clients: Clients, ledger: Ledger) -> None:
    """The second try of a run, if it has a place for tags at all."""
    with _best_effort(run_id):
        try:
            run = ledger.run(run_id)
        except RunNotFound:
            return
        usable = [traits(engine) for engine in ENGINES if not traits(engine).unavailable(settings)]
        if any(engine.writes_back(run.config) for engine in usable):
            WriteBack(run, times.now() + _SECOND, settings, clients, ledger).second(ledger.amis(run_id))


@contextmanager
def _best_effort(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as fault:  # noqa: BLE001 -- whatever it is, the verdicts do not depend on it
        logger.warning("tags were not written on findings", exc_info=fault, extra={"of": what})
