"""Section 2: what a run takes beyond what EC2 and Inspector take, by state; and how it grows with AMIs."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from math import log
from typing import Any

from benchmarks.metering import metered
from benchmarks.processes import answer, fresh
from benchmarks.tables import Goal, Section, Table
from benchmarks.worlds import configuration, world
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_emulator.embedded import Embedded

ENGINES = ("classic", "instance", "ami")
_SIZES = (10, 100, 1000)
_FINDINGS = 10  # of each AMI
_FIRST = 5  # AMIs at most of the run before the one that is measured
_EVENTS, _PAYLOAD = 25_000, 256 * 1024  # Step Functions' limits
_HUGE = 10_000
_PARAMETERS = {"ClassicEngine": "allowed", "VpcCidr": "10.66.0.0/18"}  # a /24, the default, holds 251 instances


def measure(quick: bool, huge: bool = False) -> Section:
    """Five AMIs with each engine, then more and more with `instance`."""
    small = {engine: fresh("critical_path", engine, 5) for engine in (("instance",) if quick else ENGINES)}
    sizes = (1,) if quick else (*_SIZES, *((_HUGE,) if huge else ()))
    grown = {amis: fresh("critical_path", "instance", amis, timeout=1800) for amis in sizes}
    if quick:
        grown |= {5: small["instance"]}
    exponent = _exponent(grown)
    return Section(
        "The critical path", [_by_state(small), _growth(grown, exponent)], _goals(small, grown, exponent, quick)
    )


def _by_state(small: dict[str, dict[str, Any]]) -> Table:
    states = list(dict.fromkeys(state for one in small.values() for state in one["states"]))
    rows: list[list[Any]] = [[state, *(one["states"].get(state) for one in small.values())] for state in states]
    rows.append(["total", *(one["ours"] for one in small.values())])
    rows.append(["total of the first run", *(one["first"] for one in small.values())])
    notes = [
        "Seconds of a run of 5 AMIs in the embedded AWS: the time in each state, summed over its visits, without Wait "
        "states, the sleep of Await Completion for its callback, and what a task waits until it is tried again.",
        "The second run of a process: the first also imports what each function needs, which section 4 measures.",
        "The embedded AWS answers each call with about 3 ms of CPU and no network; its moto and our functions share "
        "one interpreter, so that side by side is not quicker there.",
    ]
    return Table("Ours by state, 5 AMIs", ["state", *(f"{engine} s" for engine in small)], rows, notes)


def _growth(grown: dict[int, dict[str, Any]], exponent: float) -> Table:
    rows: list[list[Any]] = [
        [amis, one["ours"], one["wall"], one["ours"] / amis, one["events"], one["largest"], one["largest_in"],
         one["calls"] / amis]
        for amis, one in grown.items()
    ]  # fmt: skip
    notes = [f"Growth of ours from the fewest to the most AMIs: exponent {exponent:.2f} (1 is linear)."]
    if _HUGE not in grown:
        last = grown[max(grown)]
        notes.append(
            "10,000 AMIs by construction, not by a run (`make bench ARGS=--huge` runs it): a Map has at most 40 "
            f"batches however many AMIs there are, so that the history stays at about {last['events']:,} events and "
            "the payload, which holds batch keys and counts only, grows by digits."
        )
    columns = ["AMIs", "ours s", "wall s", "ours s per AMI", "history events", "largest payload bytes", "in",
               "API calls per AMI"]  # fmt: skip
    return Table("Growth, engine instance", columns, rows, notes)


def _exponent(grown: dict[int, dict[str, Any]]) -> float:
    least, most = min(grown), max(grown)
    return log(grown[most]["ours"] / grown[least]["ours"]) / log(most / least)


def _goals(
    small: dict[str, dict[str, Any]], grown: dict[int, dict[str, Any]], exponent: float, quick: bool
) -> list[Goal]:
    slowest = max(one["ours"] for one in small.values())
    events = max(one["events"] for one in grown.values())
    largest = max(one["largest"] for one in grown.values())
    goals = [
        Goal(
            "5 AMIs: ours under 1 s per run (plus at most one poll interval)",
            f"{slowest:.2f} s at most",
            slowest < 1,
            "" if slowest < 1 else "Nearly all of it is the emulation's CPU for each API call. Fewer calls, or an "
            "emulation that answers a call in less than 3 ms, would have to come; in AWS the calls wait, "
            "they do not compute.",
        ),
        Goal("growth no worse than linear", f"exponent {exponent:.2f}", exponent <= 1.05),
        Goal("events below 25,000, payloads below 256 KiB", f"{events:,} events, {largest:,} bytes",
             events < _EVENTS and largest < _PAYLOAD),
    ]  # fmt: skip
    if not quick:
        thousand = grown[1000]["ours"]
        goals.insert(1, Goal("1,000 AMIs: ours under 60 s on 2 cores", f"{thousand:.1f} s", thousand < 60,
                             "" if thousand < 60 else _WHY_THOUSAND))  # fmt: skip
    return goals


_WHY_THOUSAND = (
    "The embedded AWS answers every API call of every function on one interpreter, 3 to 5 ms of CPU each, and an AMI "
    "takes 16 calls: what is about to be done is written before it is done, and each answer after it, so that any step "
    "may be repeated. A second core does not help one interpreter. It would need a moto in processes of its own; in "
    "AWS the calls wait for the service side by side."
)


# ---------------------------------------------------------------- one run, in a process of its own


def _run(engine: str, amis: int) -> None:
    with Embedded(world(amis, _FINDINGS), parameters=_PARAMETERS) as aws:
        put_configuration(aws, configuration(min(amis, _FIRST), engine))
        first = by_state(aws.history(aws.run({"AMIsParamName": PARAMETER})["executionArn"]))
        put_configuration(aws, configuration(amis, engine))
        aws.calls.clear()
        with metered(aws) as meter:
            began = time.perf_counter()
            arn = aws.start({"AMIsParamName": PARAMETER})
            execution = aws.wait(arn)
            wall = time.perf_counter() - began
        assert execution["status"] == "SUCCEEDED", execution
        stored = {call.parameters["Key"] for call in meter.calls("tag-findings") if call.operation == "PutObject"}
        stored = {key for key in stored if "/findings/" in key}  # and not the ids to ask of
        assert len(stored) == amis, f"{len(stored)} of {amis} AMIs were assessed"
        events = aws.history(arn)
        states = by_state(events)
        size, where = _largest(events)
        answer(
            states=states,
            ours=sum(states.values()),
            first=sum(first.values()),
            wall=wall,
            events=len(events),
            largest=size,
            largest_in=where,
            calls=len(meter.calls()),
        )


def by_state(events: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds in each top-level state that is no Wait, without a task's sleep."""
    spent: Counter[str] = Counter()
    state, since, asleep = "", datetime.min, sorted(_asleep(events))
    for event in events:
        name, at = _name(event), event["timestamp"]
        if event["type"].endswith("StateEntered") and not state:
            state, since = name, at
        elif event["type"].endswith("StateExited") and name == state:
            if not event["type"].startswith("Wait"):
                spent[state] += (at - since).total_seconds() - _within(asleep, since, at)
            state = ""
    return {name: seconds for name, seconds in spent.items() if seconds >= 0.0005}


def _asleep(events: list[dict[str, Any]]) -> Iterator[tuple[datetime, datetime]]:
    """From when to when a task sleeps: until its token is answered, or until a retry is due."""
    before = {event["id"]: event for event in events}
    for event in events:
        cause = before.get(event["previousEventId"], event)
        answered = cause["type"] == "TaskSubmitted" and event["type"] in ("TaskSucceeded", "TaskTimedOut")
        retried = cause["type"] in ("TaskFailed", "TaskTimedOut") and event["type"] == "TaskScheduled"
        if answered or retried:
            yield cause["timestamp"], event["timestamp"]


def _within(asleep: list[tuple[datetime, datetime]], since: datetime, until: datetime) -> float:
    """Seconds between two instants in which some task sleeps; the parts, sorted, may overlap."""
    total = 0.0
    for began, ended in asleep:
        began, ended = max(began, since), min(ended, until)
        if began < ended:
            total += (ended - began).total_seconds()
            since = ended
    return total


def _name(event: dict[str, Any]) -> str:
    for part in ("stateEnteredEventDetails", "stateExitedEventDetails"):
        if part in event:
            return str(event[part]["name"])
    return ""


def _largest(events: list[dict[str, Any]]) -> tuple[int, str]:
    """The largest payload of the history, bytes, and the kind of event that holds it."""
    sizes = [
        (len(text.encode()), str(event["type"]))
        for event in events
        for part in event.values()
        if isinstance(part, dict)
        for text in part.values()
        if isinstance(text, str)
    ]
    return max(sizes)


if __name__ == "__main__":
    _run(sys.argv[1], int(sys.argv[2]))
