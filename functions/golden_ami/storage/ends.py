"""Rows of the ledger about the ends of an execution: the reports that were made, and the archives."""

from __future__ import annotations

from typing import NamedTuple

from golden_ami.storage import keys
from golden_ami.storage.rows import Rows, expiry, lasting_row


class ReportNote(NamedTuple):
    """What the ledger knows of a run's last report."""

    at: str  # ISO 8601; "" where it is not known
    error: str  # names of the faults, as report.notify.errors_of


class Ends(Rows):
    """An execution ends once, and again after each redrive."""

    def reported(self, run_id: str) -> ReportNote | None:
        """The run's last report, whatever else its row holds; None where it has none."""
        item = self._table.get(keys.run_row(run_id)) or {}
        if not item.get("reportKey"):
            return None
        return ReportNote(str(item.get("completedAt") or ""), str(item.get("error") or ""))

    def manifest(self, run_id: str) -> str:
        """The SHA-256 of the manifest of the run's objects; "" where the ledger has none, or the run no more."""
        return str((self._table.get(keys.run_row(run_id)) or {}).get("manifestSha256", ""))

    def note_end(self, run_id: str, at: str) -> None:
        """Note that an attempt of the execution ended other than succeeded, and was reported."""
        self._table.put(self._row(keys.ended_row(run_id), {"at": at}))
        fields, known = {"endedAt": at, "ttl": expiry(self._retention)}, "attribute_exists(pk)"
        self._table.update(keys.run_row(run_id), fields, condition=known)  # which code of the release before reads

    def earlier_end(self, run_id: str, end: str = "") -> str:
        """When an attempt before this one ended that was reported, "" for none; `end` is this attempt's own end."""
        noted = str((self._table.get(keys.ended_row(run_id)) or {}).get("at", ""))
        return "" if noted == end else noted

    def begin_report(self, run_id: str) -> int:
        """Note an attempt to report at the end of an execution; how many before it ended in no way at all."""
        key = keys.reporting_row(run_id)
        before = int((self._table.get(key) or {}).get("attempts", 0))
        self._table.put(self._row(key, {"attempts": before + 1}))
        return before

    def end_report(self, run_id: str) -> None:
        """Note that the attempts have ended, well or with an error."""
        self._table.delete_many([keys.reporting_row(run_id)])

    def anchor_history(self, run_id: str, sha256: str, at: str, redrive: int = 0) -> str:
        """Keep the SHA-256 of an archive's manifest; returns the one that stands, which is the first."""
        item = lasting_row(keys.history_row(run_id, redrive), {"manifestSha256": sha256, "archivedAt": at})
        anchored = self._table.put(item, condition="attribute_not_exists(pk)")
        return sha256 if anchored else self.history_anchor(run_id, redrive)

    def history_anchor(self, run_id: str, redrive: int = 0) -> str:
        """The SHA-256 of the archive's manifest; "" when the run is not archived."""
        item = self._table.get(keys.history_row(run_id, redrive)) or {}
        return str(item.get("manifestSha256", ""))

    def history_anchors(self, run_id: str) -> dict[int, str]:
        """The SHA-256 of the manifest of each of a run's archives, by the number of redrives before it."""
        items = self._table.query(keys.run_partition(run_id), keys.HISTORY)
        return dict(sorted((keys.redrive_of(item["sk"]), str(item["manifestSha256"])) for item in items))
