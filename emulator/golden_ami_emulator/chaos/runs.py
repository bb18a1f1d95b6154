"""Chaos: random runs under random faults, each from a seed of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from random import Random
from typing import TYPE_CHECKING

from msgspec import Struct, field

from golden_ami.models import Engine
from golden_ami_emulator.chaos.bench import REAP_INTERVAL

if TYPE_CHECKING:
    from golden_ami_emulator.chaos.bench import Bench
    from golden_ami_emulator.chaos.worlds import Plan

IMAGES = 60  # in the stack's own place; a run takes 1 to all of them
AWAY_IMAGES = 6  # in another account and region
WORLD_SEED = 1
ENGINES: tuple[Engine, ...] = ("classic", "instance", "ami")
_SHARE = 25  # runs that one account serves
_CORES = 2
_KINDS = ("stuck", "orphans", "lost", "duplicated", "wrongVerdict")


class Failure(Struct):
    """A run in which a guarantee did not hold. `--seed SEED --runs 1` repeats it."""

    seed: int
    faults: list[str]
    what: list[str]


class Tally(Struct, rename="camel"):
    """What `golden-ami local chaos --output json` prints: numbers of violations, and the runs that had them."""

    runs: int = 0
    stuck: int = 0
    orphans: int = 0
    lost: int = 0
    duplicated: int = 0
    wrong_verdict: int = 0
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another's runs too."""
        for name in ("runs", "stuck", "orphans", "lost", "duplicated", "wrong_verdict"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.failures += other.failures


@dataclass(frozen=True)
class Case:
    """What a seed stands for."""

    plans: Sequence[Plan]
    faults: Sequence[str]
    replay: bool
    reap_after: float  # seconds


def seeds(seed: int, runs: int) -> list[int]:
    """The runs' own seeds; the first is the given one, so that a run can be repeated alone."""
    random = Random(seed)
    return [seed, *(random.randrange(1, 2**31) for _ in range(runs - 1))]


def case(seed: int) -> Case:
    """The runs and faults of a seed: most runs are small, some have every AMI; some come two at once."""
    from golden_ami_emulator.chaos.worlds import Plan, settings
    from golden_ami_emulator.faults import catalogue

    random = Random(seed)
    amis = _amis(random)
    engines = ENGINES if random.random() < 0.4 else (random.choice(ENGINES),)
    poll = random.choice((60, 300, 900))
    plans = [
        Plan({ami: _engine(random, ami, engines) for ami in amis}, poll, settings=settings(random, amis))
        for _ in range(2 if random.random() < 0.15 else 1)
    ]
    used = {engine for plan in plans for engine in plan.engines.values()}
    fitting = sorted(fault.name for fault in catalogue().values() if used & fault.engines)
    count = random.choices((0, 1, 2, 3), weights=(5, 45, 35, 15))[0]
    faults = random.sample(fitting, count)
    return Case(plans, faults, random.random() < 0.1, random.uniform(1, REAP_INTERVAL))


def _amis(random: Random) -> list[str]:
    """Most in the stack's own place, sometimes one with very many findings, sometimes some in the other place."""
    from golden_ami_emulator.chaos.worlds import ami_id

    most = random.choices((5, 15, IMAGES), weights=(75, 20, 5))[0]
    numbers = random.sample(range(1, IMAGES + 1), random.randint(1, most))
    amis = [ami_id(number) for number in numbers]
    if random.random() < 0.03:
        amis.append(ami_id(IMAGES + 1))
    if random.random() < 0.15:
        others = random.sample(range(1, AWAY_IMAGES + 1), random.randint(1, AWAY_IMAGES))
        amis += [ami_id(number, away=True) for number in others]
    return amis


def _engine(random: Random, ami: str, engines: Sequence[Engine]) -> Engine:
    """Inspector Classic is not run in another account: its shared target and its topic are of one place."""
    from golden_ami_emulator.chaos.places import HOME
    from golden_ami_emulator.chaos.worlds import place_of

    fitting = engines if place_of(ami) == HOME else [one for one in engines if one != "classic"] or ["instance"]
    return random.choice(list(fitting))


def chaos(runs: int, seed: int) -> Iterator[Tally]:
    """Hold the runs, on two cores; a tally for each share of them, as it is ready."""
    own = seeds(seed, runs)
    shares = [own[at : at + _SHARE] for at in range(0, len(own), _SHARE)]
    if len(shares) == 1:
        yield hold(shares[0])
        return
    with ProcessPoolExecutor(_CORES, mp_context=get_context("spawn")) as pool:
        yield from pool.map(hold, shares)


def hold(own: Sequence[int]) -> Tally:
    """Hold runs one after the other in one account; a new one after a run that did not end."""
    from golden_ami_emulator.chaos.bench import Bench
    from golden_ami_emulator.chaos.worlds import world

    total, left = Tally(), list(own)
    while left:
        home = world(IMAGES, WORLD_SEED, many=True, unsteady=True)
        away = world(AWAY_IMAGES, WORLD_SEED, away=True, unsteady=True)
        with Bench(home, away) as bench:
            while left:
                tally = one(bench, left.pop(0))
                total.add(tally)
                if tally.stuck:
                    break
    return total


def one(bench: Bench, seed: int) -> Tally:
    """Hold one run and ask for the guarantees."""
    from golden_ami_emulator.chaos.guarantees import violations
    from golden_ami_emulator.faults import chosen

    given = case(seed)
    faults = chosen(given.faults)
    try:
        trial = bench.trial(given.plans, faults, replay=given.replay, reap_after=given.reap_after)
        found = violations(trial, bench.world, bench.away)
        kinds, what = Counter(each.kind for each in found), [str(each) for each in found]
    except Exception as fault:  # noqa: BLE001 -- whatever it is, the run did not end as it should
        kinds, what = Counter({"stuck": 1}), [f"{type(fault).__name__}: {fault}"]
    failures = [Failure(seed, [fault.name for fault in faults], what)] if what else []
    stuck, orphans, lost, duplicated, wrong = (kinds[name] for name in _KINDS)  # type: ignore[index]
    return Tally(1, stuck, orphans, lost, duplicated, wrong, failures)
