"""The completion registry under every order of register, complete, duplicate, retract, crash and retry.

Operations may break before or after any of their rows is read or written, and another may run between any two.
What broke is repeated at any later time, as SNS and Step Functions do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from golden_ami.ledger import Ledger, Resumption
from golden_ami.models import Completion
from golden_ami.storage.keys import Key
from golden_ami.storage.table import Item, Table

RUNS = ("run-1", "run-2")
SCANS = ("a", "b", "c", "d")
runs = st.sampled_from(RUNS)
scans = st.sampled_from(SCANS)
leftovers = st.integers(0, len(SCANS))
moments = st.none() | st.integers(0, 20)  # before which step on the table something happens


class Crash(Exception):
    """The function was killed."""


class MemoryTable(Table):
    """The table in memory, each row a step of its own, and something may happen before any step."""

    def __init__(self) -> None:
        self.rows: dict[Key, Item] = {}
        self._at: int | None = None
        self._action: Callable[[], None] = lambda: None

    def plan(self, at: int | None, action: Callable[[], None]) -> None:
        """Do `action` before the step number `at` from now on."""
        self._at, self._action = at, action

    def _step(self) -> None:
        if self._at is not None:
            self._at -= 1
            if self._at < 0:
                self._at = None
                self._action()

    def get(self, key: Key) -> Item | None:
        self._step()
        return deepcopy(self.rows.get(key))

    def get_many(self, keys: Iterable[Key]) -> list[Item]:
        return [item for key in keys if (item := self.get(key))]

    def query(
        self, pk: str, prefix: str = "", *, last: str = "", forward: bool = True, limit: int | None = None
    ) -> Iterator[Item]:
        assert not last
        self._step()
        keys = sorted((key for key in self.rows if key[0] == pk and key[1].startswith(prefix)), reverse=not forward)
        return iter([deepcopy(self.rows[key]) for key in keys[:limit]])

    def put(self, item: Item, *, condition: str | None = None, values: Item | None = None) -> bool:
        self._step()
        key = (item["pk"], item["sk"])
        if not self._holds(self.rows.get(key, {}), condition, values):
            return False
        self.rows[key] = deepcopy(item)
        return True

    def put_many(self, items: Iterable[Item]) -> None:
        for item in items:
            self.put(item)

    def delete_many(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._step()
            self.rows.pop(key, None)

    def update(self, key: Key, fields: Item, *, condition: str | None = None, values: Item | None = None) -> bool:
        self._step()
        row = self.rows.get(key, {})
        if not self._holds(row, condition, values):
            return False
        changed = {"pk": key[0], "sk": key[1]} | row | deepcopy(fields)
        self.rows[key] = {name: value for name, value in changed.items() if value is not None}
        return True

    def _holds(self, row: Item, condition: str | None, values: Item | None) -> bool:
        return {
            None: True,
            "attribute_exists(pk)": bool(row),
            "attribute_not_exists(pk)": not row,
            "version = :version": row.get("version") == (values or {}).get(":version"),
        }[condition]


@dataclass
class Wait:
    """What a run sleeps on."""

    awaited: frozenset[str]
    leaves: int = 0  # so many may be outstanding
    met: set[str] = field(default_factory=set)
    whole: bool = False  # the registration ended
    answered: bool = False
    noted: bool = False  # that it was answered

    @property
    def ready(self) -> bool:
        return len(self.awaited - self.met) <= self.leaves


class Registry(RuleBasedStateMachine):
    """The ledger beside a model of it."""

    def __init__(self) -> None:
        super().__init__()
        self.table = MemoryTable()
        self.ledger = Ledger(None, "in memory")
        self.ledger._table = self.table
        self.done: set[str] = set()
        self.waits: dict[str, Wait] = {}  # by token
        self.current: dict[str, str] = {}  # token by run
        self.broken: list[str] = []  # scans whose completion was not wholly taken in
        self.tokens = 0
        self.at_once = False  # two functions work: both may answer, and Step Functions takes the first

    # ------------------------------------------------------------ operations

    @rule(run=runs, awaited=st.frozensets(scans), leaves=leftovers, crash=moments)
    def wait(self, run: str, awaited: frozenset[str], leaves: int, crash: int | None) -> None:
        """Await Completion: a new token, perhaps killed half way."""
        token = self._new_wait(run, awaited, leaves)
        self.table.plan(crash, _kill)
        try:
            resumption = self.ledger.await_scans(run, token, sorted(awaited), leaves)
        except Crash:
            return
        finally:
            self.table.plan(None, _kill)
        self.waits[token].whole = True
        self._take([resumption] if resumption else [])

    @precondition(lambda self: self.current)
    @rule(data=st.data())
    def wait_again(self, data: st.DataObject) -> None:
        """Await Completion's retry after a crash, or the next wait: the same scans under a new token."""
        run = data.draw(st.sampled_from(sorted(self.current)))
        wait = self.waits[self.current[run]]
        self.wait(run, wait.awaited, wait.leaves, None)

    @rule(run=runs, awaited=st.frozensets(scans, min_size=1), leaves=leftovers, at=st.integers(1, 20), scan=scans)
    def wait_while_a_message_comes(self, run: str, awaited: frozenset[str], leaves: int, at: int, scan: str) -> None:
        """Await Completion, and in the middle of it another function takes in a completion."""
        token = self._new_wait(run, awaited, leaves)
        with self._interrupted(at, lambda: self._complete(scan)):
            resumption = self.ledger.await_scans(run, token, sorted(awaited), leaves)
            self.waits[token].whole = True
            self._take([resumption] if resumption else [])

    @rule(scan=scans, crash=moments)
    def complete(self, scan: str, crash: int | None) -> None:
        """A completion message; also one that came before, and one that nobody awaits."""
        self.table.plan(crash, _kill)
        try:
            self._complete(scan)
        except Crash:
            self.broken.append(scan)
        finally:
            self.table.plan(None, _kill)

    @precondition(lambda self: self.broken)
    @rule()
    def message_again(self) -> None:
        """SNS delivers again what broke."""
        self._complete(self.broken.pop(0))

    @rule(first=scans, at=st.integers(0, 20), second=scans)
    def two_messages_at_once(self, first: str, at: int, second: str) -> None:
        """Two functions take in completions at the same time."""
        with self._interrupted(at, lambda: self._complete(second)):
            self._complete(first)

    @rule(scan=scans)
    def retract(self, scan: str) -> None:
        """Check Run: Inspector does not confirm. The wait that goes on is not changed by it."""
        for announcement in self.ledger.announcements([scan]).values():
            self.ledger.retract(announcement)
        self.done.discard(scan)

    # ------------------------------------------------------------ what must hold

    @invariant()
    def nobody_sleeps_for_ever(self) -> None:
        for run, token in self.current.items():
            wait = self.waits[token]
            if wait.whole and wait.ready and not set(self.broken) & wait.awaited:
                assert wait.answered, f"{run} sleeps though {sorted(wait.awaited)} are complete, all but {wait.leaves}"

    @invariant()
    def the_outstanding_are_right(self) -> None:
        for run, token in self.current.items():
            wait = self.waits[token]
            if wait.whole and not self.broken:
                assert set(self.ledger.outstanding(run)) == wait.awaited - wait.met

    # ------------------------------------------------------------ parts

    @contextmanager
    def _interrupted(self, at: int, action: Callable[[], None]) -> Iterator[None]:
        self.at_once = True
        self.table.plan(at, action)
        yield
        self.table.plan(None, _kill)
        self.at_once = False

    def _new_wait(self, run: str, awaited: frozenset[str], leaves: int) -> str:
        self.tokens += 1
        token = f"token-{self.tokens}"
        self.current[run] = token
        self.waits[token] = Wait(awaited, leaves, set(self.done & awaited))
        return token

    def _complete(self, scan: str) -> None:
        # Its row is the first write; whoever looks from then on may believe it.
        self.done.add(scan)
        for token in self.current.values():
            self.waits[token].met.add(scan)
        self._take(self.ledger.complete_scan(Completion(scan=scan, status="COMPLETED")))

    def _take(self, resumptions: list[Resumption]) -> None:
        for resumption in resumptions:
            current = self.waits[self.current[resumption.run_id]]
            if resumption.token != self.current[resumption.run_id]:
                assert not current.whole, "an old token, though a newer wait is registered"
                continue  # Step Functions refuses it
            assert current.ready, f"resumed while {sorted(current.awaited - current.met)} are outstanding"
            assert not current.noted or self.at_once, "answered again, though noted"
            current.answered = True
            self.ledger.resumed(resumption)
            current.noted = True


def _kill() -> None:
    raise Crash


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
