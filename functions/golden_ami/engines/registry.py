"""Finds the parts of an engine by its name: the modules of the package of this name, loaded when they are needed.

The state machine and the handlers know no engine by name; they group a run's AMIs by engine and place and ask here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from math import ceil
from typing import TYPE_CHECKING, Any, cast, get_args

from golden_ami.engines.base import Adapter, Traits
from golden_ami.models import Ami, Engine, Waits
from golden_ami.places import Place

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients
    from golden_ami.ledger import Ledger
    from golden_ami.settings import Settings

ENGINES: tuple[Engine, ...] = get_args(Engine)
_SOON = 20  # seconds to the next look when nothing but findings under way is missing; their queue gathers for 10
_SOON_LOOKS = 540  # such looks at most in a run
PARTS = ("adapter", "messages", "coverage", "usage")  # modules of an engine's package, beside its TRAITS


def part(engine: Engine, name: str) -> Any:
    """A module of an engine's package, one of PARTS."""
    return import_module(f"golden_ami.engines.{engine}.{name}")


def traits(engine: Engine) -> Traits:
    """The traits of an engine."""
    return cast(Traits, import_module(f"golden_ami.engines.{engine}").TRAITS)


def adapter(engine: Engine, place: Place, settings: Settings, clients: Clients, ledger: Ledger) -> Adapter:
    """The adapter of an engine in a place."""
    return cast(Adapter, part(engine, "adapter").make(place, settings, clients, ledger))


def automatic(image: Mapping[str, Any], account: str) -> tuple[Engine, str]:
    """The engine that `auto` chooses for an image as EC2 describes it, and why.

    `ami` wherever the description does not rule an on-demand scan out, as it needs no instance.
    """
    from golden_ami.engines.ami.eligibility import exclusion  # of a run with `auto` only

    if why := exclusion(image, account):
        return "instance", f"auto: {why}"
    return "ami", "auto: the account owns the AMI and its EBS snapshots, so no instance is needed"


def next_look(engines: Collection[Engine], waits: Waits, elapsed: float = 0, *, soon: bool = False) -> int:
    """Seconds after which Inspector is asked about the scans of these engines, unless a message comes before.

    A scan of known duration is not asked about before it is due. `elapsed` are the seconds since the scans were
    started; the look never comes after the completion deadline. `soon` says that all that is missing is under way.
    """
    known = bool(engines) and all(traits(engine).known_duration for engine in engines)
    due = max(0.0, waits.assessment_seconds - elapsed) if known else 0.0
    left = waits.completion_deadline_seconds - elapsed
    return max(1, ceil(min(due + waits.poll_seconds, left, *[shortest_look(waits)] * soon)))


def shortest_look(waits: Waits) -> int:
    """The least seconds between two looks that no message has asked for: so few that a history has room for them."""
    return min(waits.poll_seconds, max(_SOON, ceil(waits.completion_deadline_seconds / _SOON_LOOKS)))


def by_engine_and_place(amis: Sequence[Ami]) -> dict[tuple[Engine, Place], list[Ami]]:
    """AMIs grouped by the scanner that serves them."""
    groups: dict[tuple[Engine, Place], list[Ami]] = {}
    for ami in amis:
        groups.setdefault((ami.engine, Place(ami.account, ami.region)), []).append(ami)
    return groups
