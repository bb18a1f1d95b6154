"""The ledger: what a run is about to do and has done, in one DynamoDB table.

    pk                sk                    what
    RUN#<run>         RUN                   the run (models.Run)
    RUN#<run>         AMI#<batch>#<key>     one AMI of it (models.Ami)
    RUN#<run>         TOKEN                 the callback: token, sealed, leaves (outstanding rows), resumed
    RUN#<run>         MADE#<name>           what was made in AWS for this run only, to be removed after it
    AWAIT#<run>       <scan>                an outstanding scan: the run awaits it and no completion of it is known
    SCAN#<scan>       RUN#<run>             that a run awaits this scan
    SCAN#<scan>       DONE                  the newest completion announced (models.Completion), the totals of all
    RUNS              <started>#<run>       index of the runs
    RUN#<run>         HISTORY[#<redrive>]   SHA-256 of the archived history's manifest; never changed, never expires
    RUN#<run>         ENDED                 when an execution ended that did not succeed, reported; a redrive may follow
    RUN#<run>         SENT#<name>           what the run asks of the outside: recorded before, confirmed by messageId
    RUN#<run>         REPORTING             attempts of on-execution-end to report that are under way, or died
    SCHEDULE#<arn>    <scheduled time>      the run that has claimed this instant of a schedule
    REGISTER#<lineage> CURRENT              where the lineage's register is, and its SHA-256; never expires
    KNOWN#<lineage>   LINEAGE               that the lineage has a register; never expires
    AMI#<account>/<region>/<ami> KNOWN      what is known of an AMI (register.model.KnownAmi); never expires
    AMI#<account>/<region>/<ami> DEPRECATION  that this system deprecated it (models.Deprecation); never expires
    LINEAGE#<lineage> <completed>#<run>#<key>  an assessment by a release that had no registers (models.Assessment)
    TREND#<parameter> <completed>#<run>     a run in the trend of its configuration (models.Point)
    PROBE#<id>        <rule>                that a probe came through a rule (probes); kept for a day
    ANSWERS           DIGEST                SHA-256 of the kept answers on vulnerabilities (vulnerabilities.known)

Either may come first, a scan's completion or the run that awaits it: each writes its own row, then looks for the
other's; so at least one of the two sees both, and deletes the outstanding row. A run is resumed when its awaited set
is sealed and has no more outstanding rows than the seal says. There is no counter to drift and no transaction to
conflict: every step may be repeated, in any order, by any number of functions at once. Reads are strongly consistent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec

from golden_ami.announcement import AnnouncedTotal, Announcement, with_total
from golden_ami.aws.clients import Clients
from golden_ami.errors import RunNotFound, Throttled
from golden_ami.logs import logger
from golden_ami.models import Ami, Completion, Reason, Run
from golden_ami.parallel import together
from golden_ami.register.rows import Lineages
from golden_ami.settings import Settings
from golden_ami.storage import keys
from golden_ami.storage.ends import Ends
from golden_ami.storage.keys import Key
from golden_ami.storage.rows import RETENTION, expiry, loaded, row, stored
from golden_ami.storage.table import Item, Table
from golden_ami.times import iso, now

RESULTS = "results"  # the name of the message to the results topic
_DAY = 86400
_AFTER = 2  # days: S3 removes objects at the midnight after they expire (S3 User Guide, "Expiring objects")
_STRAY = 2 * _DAY  # of a completion: most are of machines that no run awaits
_TRIES = 20  # of a write that meets another of the same row


class Resumption(NamedTuple):
    """A run of whose awaited scans enough are complete, and the callback token that it sleeps on."""

    run_id: str
    token: str


class Ledger(Ends, Lineages):
    """All access to the table. Every write may be repeated without further effect."""

    def __init__(self, client: Any, table: str, retention: int = RETENTION) -> None:
        super().__init__(Table(client, table), retention)

    @classmethod
    def of(cls, settings: Settings, clients: Clients) -> Ledger:
        """The stack's ledger."""
        return cls(clients.client("dynamodb"), settings.ledger_table, (settings.retention_days + _AFTER) * _DAY)

    # ------------------------------------------------------------ runs and AMIs

    def open_run(self, run: Run, amis: Iterable[Ami]) -> bool:
        """Write the AMIs, then the run. False when the run was open already: then nothing is changed.

        The configuration is kept without its list of AMIs, which stand in rows of their own (an item holds 400 KB).
        """
        known = [_key_of(item) for item in self._opened(run.run_id)]
        if keys.run_row(run.run_id) in known:
            return False
        rows = {_ami_key(ami): ami for ami in amis}
        # Of an earlier try that stopped half way, with another configuration.
        self._table.delete_many(key for key in known if key not in rows)
        index = self._row(keys.run_index_row(run.started_at, run.run_id), {"runId": run.run_id})
        self._table.put_many([index, *(self._row(key, stored(ami)) for key, ami in rows.items())])
        kept = msgspec.structs.replace(run, config=msgspec.structs.replace(run.config, amis=[]))
        return self._table.put(self._row(keys.run_row(run.run_id), stored(kept)), condition="attribute_not_exists(pk)")

    def run(self, run_id: str) -> Run:
        """The run, without `config.amis`. Raises RunNotFound."""
        item = self._table.get(keys.run_row(run_id))
        if item is None:
            raise RunNotFound(f"the ledger holds no run {run_id!r}; load-config opens it")
        return loaded(item, Run)

    def run_ids(self, limit: int = 50) -> list[str]:
        """The newest runs, newest first."""
        return [item["runId"] for item in self._table.query(keys.RUN_INDEX, forward=False, limit=limit)]

    def amis(self, run_id: str, batch: str | None = None) -> list[Ami]:
        """The AMIs of a run, or of one of its batches, in the order of their keys."""
        prefix = keys.AMIS if batch is None else keys.amis_of(batch)
        return [loaded(item, Ami) for item in self._table.query(keys.run_partition(run_id), prefix)]

    def run_and_amis(self, run_id: str, batch: str | None = None) -> tuple[Run, list[Ami]]:
        """The run and its AMIs, or those of one of its batches, read at once. Raises RunNotFound."""
        if batch is not None:
            found: list[Any] = together(lambda: self.run(run_id), lambda: self.amis(run_id, batch))
            return found[0], found[1]
        *amis, run = [*self._opened(run_id)] or [{}]
        if not keys.is_run(run):
            raise RunNotFound(f"the ledger holds no run {run_id!r}; load-config opens it")
        return loaded(run, Run), [loaded(item, Ami) for item in amis]

    def _opened(self, run_id: str) -> Iterator[Item]:
        """The rows of the AMIs and, the last, that of the run: what stands between them in the table is left out."""
        rows = self._table.query(keys.run_partition(run_id), keys.AMIS, last=keys.RUN)
        return (item for item in rows if keys.is_run(item) or keys.is_ami(item))

    def update_run(self, run_id: str, **fields: Any) -> None:
        """Set fields of the run. Raises RunNotFound."""
        if not self._table.update(keys.run_row(run_id), _camel(fields), condition="attribute_exists(pk)"):
            raise RunNotFound(f"the ledger holds no run {run_id!r}; load-config opens it")

    def update_ami(self, ami: Ami, **fields: Any) -> Ami:
        """Set fields of an AMI's row; returns the AMI as it then is. Raises RunNotFound."""
        if not self._table.update(_ami_key(ami), _camel(fields), condition="attribute_exists(pk)"):
            raise RunNotFound(f"the ledger holds no AMI {ami.key!r} in batch {ami.batch!r} of run {ami.run_id!r}")
        return msgspec.structs.replace(ami, **fields)

    def not_assessed(self, ami: Ami, reason: Reason) -> Ami:
        """Record why an AMI is not assessed. The first cause stays; so does a scan that is complete, whatever comes.

        Returns the AMI with the reason, or as it was given where the ledger knows better.
        """
        unset = "attribute_exists(pk) AND attribute_not_exists(reason)"
        undone = "(attribute_not_exists(scanStatus) OR NOT scanStatus IN (:completed, :partial))"
        values = {":completed": "COMPLETED", ":partial": "PARTIAL"}
        fields, condition = _camel({"reason": reason}), f"{unset} AND {undone}"
        if not self._table.update(_ami_key(ami), fields, condition=condition, values=values):
            return ami
        logger.warning("not assessed", extra={"ami": ami.key, "reason": reason.code})
        return msgspec.structs.replace(ami, reason=reason)

    def once(self, run_id: str, name: str, value: str) -> str:
        """Set a field of the run unless it is set; returns the value that stands. Raises RunNotFound."""
        field = _camel_name(name)
        unset = f"attribute_exists(pk) AND (attribute_not_exists({field}) OR {field} = :empty)"
        if self._table.update(keys.run_row(run_id), {field: value}, condition=unset, values={":empty": ""}):
            return value
        return str(getattr(self.run_and_amis(run_id)[0], name))  # a query, as it is read at first: no permission more

    def claim(self, schedule: str, time: str, run_id: str) -> str:
        """Claim an instant of a schedule (ARN, ISO 8601) for a run; the run that has it, the first that asked."""
        key = keys.scheduled_row(schedule, time)
        free = "attribute_not_exists(pk) OR runId = :own"
        if self._table.put(self._row(key, {"runId": run_id}), condition=free, values={":own": run_id}):
            return run_id
        return str(next(self._table.query(*key))["runId"])  # a query, as the run is read: no permission more

    # ------------------------------------------------------------ what was made for a run only

    def made(self, run_id: str, name: str) -> str:
        """The id of what was made under this name, or ""."""
        item = self._table.get(keys.made_row(run_id, name))
        return str(item["id"]) if item else ""

    def note_made(self, run_id: str, name: str, identity: str) -> None:
        """Note what was made in AWS for this run, to be found and removed after it."""
        self._table.put(self._row(keys.made_row(run_id, name), {"id": identity}))

    def note_removed(self, run_id: str, name: str) -> None:
        """Note that it exists no longer."""
        self._table.delete_many([keys.made_row(run_id, name)])

    # ------------------------------------------------------------ what a run asks of the outside, each once

    def sent(self, run_id: str, name: str) -> bool:
        """Whether AWS has confirmed what has this name: a message, say."""
        return "messageId" in (self._table.get(keys.sent_row(run_id, name)) or {})

    def all_sent(self, run_id: str, prefix: str) -> set[str]:
        """The names with this beginning that AWS has confirmed."""
        rows = self._table.query(*keys.sent_row(run_id, prefix))
        return {row["sk"].removeprefix(keys.SENT) for row in rows if "messageId" in row}

    def intend(self, run_id: str, names: Iterable[str]) -> None:
        """Record what will be asked for. What is recorded and not confirmed may have been done: it is asked again."""
        self._put(self._row(keys.sent_row(run_id, name), {"askedAt": iso(now())}) for name in names)

    def note_sent(self, run_id: str, ids: Mapping[str, str]) -> None:
        """Note what AWS confirmed, by name with AWS's id of it, so that a retry does not ask again."""
        self._put(self._row(keys.sent_row(run_id, name), {"messageId": given}) for name, given in ids.items())

    def _put(self, rows: Iterable[Item]) -> None:
        listed = list(rows)
        if len(listed) == 1:
            self._table.put(listed[0])
        else:
            self._table.put_many(listed)

    # ------------------------------------------------------------ probes

    def note_answers(self, sha256: str) -> None:
        """Note the SHA-256 of the kept answers; of two runs at once the later one's stands."""
        self._table.put(self._row(keys.answers_row(), {"sha256": sha256}))

    def answers_digest(self) -> str:
        """What was noted last; "": nothing was."""
        return str((self._table.get(keys.answers_row()) or {}).get("sha256", ""))

    def note_probe(self, probe: str, rule: str) -> None:
        """Note that a probe has come through a rule."""
        self._table.put(row(keys.probe_row(probe, rule), {"arrivedAt": iso(now())}, _DAY))

    def arrived(self, probe: str) -> set[str]:
        """The rules through which a probe has come."""
        return {item["sk"] for item in self._table.query(keys.probe_partition(probe))}

    # ------------------------------------------------------------ the archived history

    def rows(self, run_id: str) -> Iterator[Item]:
        """Every row of a run as it is stored, but for the archive's own."""
        rows = self._table.query(keys.run_partition(run_id))
        return (item for item in rows if not item["sk"].startswith(keys.HISTORY))

    # ------------------------------------------------------------ awaited completions

    def await_scans(self, run_id: str, token: str, scans: Sequence[str], leaves: int = 0) -> Resumption | None:
        """Store the callback and the exact set of scans that it awaits. A Resumption when enough are complete already.

        Enough are when no more than `leaves` of them are outstanding. Called again (a retry, or the next wait of the
        same run) it replaces the token and the set.
        """
        callback = keys.callback_row(run_id)
        self._table.update(callback, {"token": token, "sealed": False, "resumed": None, "ttl": expiry(self._retention)})
        wanted = set(scans)
        outstanding = {item["sk"] for item in self._table.query(keys.awaited_partition(run_id))}
        new = sorted(wanted - outstanding)
        # This order: where an outstanding row stands, a completion finds the run by the other row.
        self._table.put_many(self._row(keys.waiting_run_row(scan, run_id), {"runId": run_id}) for scan in new)
        self._table.put_many(self._row(keys.awaited_row(run_id, scan), {}) for scan in new)
        complete = self._complete(wanted)
        self._table.delete_many(keys.awaited_row(run_id, scan) for scan in sorted(complete | (outstanding - wanted)))
        self._table.update(callback, {"sealed": True, "leaves": leaves})
        return self._resumption(run_id)

    def complete_scan(self, completion: Completion) -> list[Resumption]:
        """Record a completion; the runs of whose scans enough are complete with it. A repeat changes nothing.

        Of all completions of the scan the announced totals are kept. Raises Throttled where too many come at once.
        """
        self._announce(completion)
        runs = [item["runId"] for item in self._table.query(keys.scan_partition(completion.scan), keys.WAITING_RUNS)]
        self._table.delete_many(keys.awaited_row(run_id, completion.scan) for run_id in runs)
        return [resumption for run_id in runs if (resumption := self._resumption(run_id))]

    def _announce(self, completion: Completion) -> None:
        """Put the completion beside the totals of those before it; one that comes in between is not lost."""
        key = keys.completion_row(completion.scan)
        for _ in range(_TRIES):
            before = self._table.get(key)
            totals = with_total(_announcement(before).totals if before else (), completion)
            done = stored(completion) | {"version": uuid4().hex, "totals": [stored(one) for one in totals]}
            same = "version = :version" if before else "attribute_not_exists(pk)"
            values = {":version": before["version"]} if before else None
            if self._table.put(row(key, done, _STRAY), condition=same, values=values):
                return
        raise Throttled(f"completions of scan {completion.scan} come faster than they can be kept")

    def announcements(self, scans: Iterable[str]) -> dict[str, Announcement]:
        """What messages announced of the scans, by scan; retracted ones too."""
        items = self._table.get_many(keys.completion_row(scan) for scan in scans)
        return {item["scan"]: _announcement(item) for item in items}

    def retract(self, announcement: Announcement) -> None:
        """Mark this completion as unconfirmed: Inspector itself does not confirm it. A newer message still counts.

        The run awaits the scan again from its next `await_scans` on.
        """
        key = keys.completion_row(announcement.completion.scan)
        same = "version = :version"
        self._table.update(key, {"retracted": True}, condition=same, values={":version": announcement.version})

    def outstanding(self, run_id: str) -> list[str]:
        """The scans that the run awaits and of which no completion is known."""
        return [item["sk"] for item in self._table.query(keys.awaited_partition(run_id))]

    def resumed(self, resumption: Resumption) -> None:
        """Note that the token was answered, so that no duplicate message answers it again."""
        callback = keys.callback_row(resumption.run_id)
        self._table.update(callback, {"resumed": resumption.token}, condition="attribute_exists(pk)")

    def _complete(self, scans: Iterable[str]) -> set[str]:
        items = self._table.get_many(keys.completion_row(scan) for scan in scans)
        return {item["scan"] for item in items if not item.get("retracted")}

    def _resumption(self, run_id: str) -> Resumption | None:
        callback = self._table.get(keys.callback_row(run_id)) or {}  # before the rows, which are then of this seal
        token, leaves = callback.get("token", ""), int(callback.get("leaves", 0))
        if not (callback.get("sealed") and token and callback.get("resumed") != token):
            return None
        outstanding = [*self._table.query(keys.awaited_partition(run_id), limit=leaves + 1)]
        return Resumption(run_id, token) if len(outstanding) <= leaves else None


def _announcement(item: Item) -> Announcement:
    completion = loaded(item, Completion)
    totals = [loaded(one, AnnouncedTotal) for one in item.get("totals", [])]
    return Announcement(completion, item["version"], tuple(totals or with_total((), completion)))


def _ami_key(ami: Ami) -> Key:
    return keys.ami_row(ami.run_id, ami.batch, ami.key)


def _key_of(item: Item) -> Key:
    return (item["pk"], item["sk"])


def _camel(fields: Mapping[str, Any]) -> Item:
    return {_camel_name(name): msgspec.to_builtins(value) for name, value in fields.items()}


def _camel_name(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
