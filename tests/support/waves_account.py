"""An account of EC2 in numbers, and a run that launches in it as the planner says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import inf

from msgspec.structs import replace

from golden_ami.instances.waves import capacity_of, share, vcpus
from golden_ami.models import Ami, Reason
from golden_ami.times import iso

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
BOOT = timedelta(seconds=240)
SHUTTING_DOWN = timedelta(seconds=60)
TOO_LARGE = Reason(code="VCPU_LIMIT", message="", remedy="")


class Account:
    """EC2 with a quota of vCPUs, some of which others hold, for ever or until so many seconds have passed."""

    def __init__(
        self, amis: list[Ami], quota: int, others: int, *, told: bool, scans: Sequence[int], others_gone: float = inf
    ) -> None:
        self.amis = amis
        self.scanned = set[str]()
        self.most = 0  # vCPUs that EC2 counted at once
        self._quota, self._others, self._told, self._scans = quota, others, told, scans
        self._now = START
        self._others_gone = others_gone
        self._ends: dict[str, datetime] = {}  # of the scans, by AMI

    def run(self) -> None:
        """Plan, launch, and collect what is over, until nothing is left."""
        for _ in range(1_000):
            waiting = [one for one in self.amis if not one.reason and not one.instance_id]
            found = share(waiting, capacity_of(self.amis, self._quota if self._told else None, self._now))
            for one in found.too_large:
                self._change(one, reason=TOO_LARGE)
            if found.launched:
                for one in found.launched:
                    self._launch(one)
                self._now += BOOT
            elif not found.awaits_ending and self._ends:
                self._now = max(self._now, min(self._ends.values()))
            elif not found.awaits_ending and len(found.too_large) == len(waiting):
                return
            else:
                self._now += timedelta(seconds=30)
            self._collect()
        raise AssertionError("the run does not end")

    def _launch(self, ami: Ami) -> None:
        used = sum(vcpus(one) for one in self.amis if self._counts(one))
        others = self._others if (self._now - START).total_seconds() < self._others_gone else 0
        if used + vcpus(ami) > self._quota - others:
            self._change(ami, deferred_since=ami.deferred_since or iso(self._now), deferred_at=iso(self._now))
            return
        self.most = max(self.most, used + vcpus(ami) + others)
        self._change(ami, instance_id=f"i-{ami.key}", launched_at=iso(self._now))
        self._ends[ami.key] = self._now + timedelta(seconds=self._scans[len(self.scanned) + len(self._ends)])

    def _collect(self) -> None:
        for key in [key for key, at in self._ends.items() if at <= self._now]:
            del self._ends[key]
            self.scanned.add(key)
            self._change(next(one for one in self.amis if one.key == key), terminated_at=iso(self._now))

    def _counts(self, ami: Ami) -> bool:
        if not ami.instance_id:
            return False
        return not ami.terminated_at or datetime.fromisoformat(ami.terminated_at) + SHUTTING_DOWN > self._now

    def _change(self, ami: Ami, **fields: object) -> None:
        self.amis = [replace(one, **fields) if one.key == ami.key else one for one in self.amis]
