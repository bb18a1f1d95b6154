"""The six guarantees of docs/reliability.md, asked of a trial.

The measure is what the world holds: EC2's instances, the emulated Inspector's scans, the findings that were given,
the messages that were sent. Nothing is counted by what the code under test counts with.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from golden_ami.reasons import reporting
from golden_ami.report.model import AmiReport
from golden_ami_emulator.chaos import places
from golden_ami_emulator.chaos.bench import Ran, Trial
from golden_ami_emulator.chaos.oracle import UNSUPPORTED, Seen
from golden_ami_emulator.chaos.worlds import OWNERS, place_of
from golden_ami_emulator.world import World

ViolationKind = Literal["stuck", "orphans", "lost", "duplicated", "wrongVerdict"]

SLACK = 7_200.0  # seconds beside a run's own waits where no function hangs: launches, collection, retries
_DAY = 86_400.0  # the definition's TimeoutSeconds: the bound where functions hang, each to its own time-out, every time
_BUSY = ("in use by", "already in assessment run")  # two runs at once, where Classic's shared target allows one
# Faults that keep the definition's own end from terminating, and from reporting.
_KEEP_INSTANCES = ("terminate.", "ec2.terminate-failing", "dynamodb.failing", "execution.history-full")
_COMPARED_WITH = re.compile(r" since ami-\w+\]")  # the lineage's previous AMI, whoever owned that one
_ADD_FINDINGS = ("message.finding-forged", "message.finding-replaced")
_KEEP_REPORTS = ("aggregate.", "s3.failing", "sns.failing", "dynamodb.failing", "execution.history-full")


@dataclass(frozen=True)
class Violation:
    """A guarantee that did not hold."""

    guarantee: int
    kind: ViolationKind
    what: str

    def __str__(self) -> str:
        return f"guarantee {self.guarantee} ({self.kind}): {self.what}"


def violations(trial: Trial, world: World, away: World | None = None) -> list[Violation]:
    """Everything that a trial shows to be broken; `away` is the world of the other place."""
    found = list(_ends(trial))
    for run in trial.runs:
        found += [
            *_instances(run),
            *_reaped(run),
            *_own_end(run, trial),
            *_status(run),
            *_report(run, trial, world, away),
            *_verdicts(run, trial, world, away),
            *_once(run, trial),
            *_owner(run, trial),
            *_tags(run, trial),
        ]
    found += [*_apart(trial), *_unchanged(trial), *_deprecated(trial), *_repeated(trial)]
    return found


def unreached(trial: Trial) -> list[str]:
    """Faults that were laid and did not strike: of them the trial says nothing."""
    return [fault.name for fault in trial.faults if fault.name not in trial.struck]


# ---------------------------------------------------------------- 1 and 3: nothing stays, everything ends


def _instances(run: Ran) -> Iterator[Violation]:
    left = [one.instance_id for one in run.instances if one.alive]
    if left:
        yield Violation(1, "orphans", f"{run.run_id} left {len(left)} instances running: {', '.join(left[:3])}")


def _reaped(run: Ran) -> Iterator[Violation]:
    if run.reaped:
        names = ", ".join(sorted(run.reaped)[:3])
        yield Violation(5, "wrongVerdict", f"the reaper terminated {names} while {run.run_id} was running")


def _own_end(run: Ran, trial: Trial) -> Iterator[Violation]:
    """An execution that the definition itself ended, well or badly, has cleaned up and reported before its end.

    What stands beside it would heal the lack of it, and so hide it.
    """
    if run.status not in ("SUCCEEDED", "FAILED"):
        return
    if run.left and not _struck(trial, _KEEP_INSTANCES):
        yield Violation(1, "orphans", f"{run.run_id} ended as {run.status} with {run.left} instances running")
    if not run.reported and not _struck(trial, _KEEP_REPORTS):
        yield Violation(2, "lost", f"{run.run_id} ended as {run.status} without a report of its own")


def _status(run: Ran) -> Iterator[Violation]:
    """A run of which failed steps left nothing assessed does not succeed, whatever else befell some of its AMIs."""
    if run.status != "SUCCEEDED" or run.report is None:
        return
    codes = {ami.reason.code for ami in run.report.amis if ami.reason}
    if reporting.STEP_FAILED.code in codes and all(ami.verdict == "NOT_ASSESSED" for ami in run.report.amis):
        yield Violation(2, "lost", f"{run.run_id} SUCCEEDED, though a step failed and nothing was assessed")


def _struck(trial: Trial, beginnings: tuple[str, ...]) -> bool:
    return any(name.startswith(beginnings) for name in trial.struck)


def _ends(trial: Trial) -> Iterator[Violation]:
    if trial.alive_in_time and not _all_ways_broken(trial):
        yield Violation(1, "orphans", "an instance outlived its run by more than the reaper's interval")
    if trial.stuck:
        yield Violation(3, "stuck", trial.stuck)
    hangs = any(fault.name.endswith(".timed-out") for fault in trial.faults)
    for run in trial.runs:
        bound = _DAY if hangs else run.plan.bound + SLACK
        if run.status == "RUNNING" or run.seconds > bound:
            yield Violation(3, "stuck", f"{run.run_id} is {run.status} after {run.seconds:.0f} of {bound:.0f} seconds")


def _all_ways_broken(trial: Trial) -> bool:
    """A reaper that is kept from acting for ever acts once the fault is over; until then the alarm tells."""
    return any(name.startswith("reap.") for name in trial.struck)


# ---------------------------------------------------------------- 2: every AMI, once, with its cause


def _report(run: Ran, trial: Trial, world: World, away: World | None) -> Iterator[Violation]:
    if run.report is None:
        yield Violation(2, "lost", f"{run.run_id} ({run.status}) has no report")
        return
    told = Counter(ami.ami_id for ami in run.report.amis)
    for name in run.plan.amis:
        if told[name] == 0:
            yield Violation(2, "lost", f"{name} is not in the report of {run.run_id} ({run.status})")
        if told[name] > 1:
            yield Violation(2, "duplicated", f"{name} is {told[name]} times in the report of {run.run_id}")
    for name in told.keys() - set(run.plan.amis):
        yield Violation(5, "wrongVerdict", f"the report of {run.run_id} has the stranger {name}")
    words = [word for fault in trial.faults for word in fault.words if fault.name in trial.struck]
    words += _BUSY if len(trial.runs) > 1 else ()
    for ami in run.report.amis:
        if ami.verdict == "NOT_ASSESSED":
            cause = _cause(run, ami)
            seen = _seen(run, trial, ami.ami_id, world, away)
            withheld = [*seen.expected().words, *(UNSUPPORTED if seen.unsupported() else ())] if seen else []
            if not any(word.lower() in cause.lower() for word in (*words, *withheld)):
                yield Violation(2, "lost", f"{ami.ami_id} is NOT ASSESSED without a fault that struck: {cause[:300]}")


def _cause(run: Ran, ami: AmiReport) -> str:
    """What a reader of the report is told of the AMI, and of the run."""
    faults = run.report.run.faults if run.report else []
    reason = ami.reason
    texts = [reason.code, reason.message, reason.remedy] if reason else []
    if reason and reason.code == reporting.RUN_FAILED.code:
        texts += [text for fault in faults for text in (fault.error, fault.cause)]
    return " ".join(texts)


def harmless(trial: Trial) -> list[Violation]:
    """Of faults that the run heals by itself: AMIs that they cost their assessment all the same."""
    if any(fault.costs for fault in trial.faults) or len(trial.runs) > 1:
        return []
    amis = trial.runs[0].report.amis if trial.runs[0].report else []
    return [
        Violation(2, "lost", f"{ami.ami_id} is NOT ASSESSED though the fault heals: {_cause(trial.runs[0], ami)[:300]}")
        for ami in amis
        if ami.verdict == "NOT_ASSESSED"
    ]


# ---------------------------------------------------------------- 4: a verdict only after a scan, and the right one


def _verdicts(run: Ran, trial: Trial, world: World, away: World | None) -> Iterator[Violation]:
    for ami in run.report.amis if run.report else ():
        if ami.verdict == "NOT_ASSESSED" or ami.ami_id not in run.plan.engines:
            continue
        at = run.scanned.get(ami.ami_id)
        if at is None or not _before(at, run):
            yield Violation(4, "wrongVerdict", f"{ami.ami_id} is {ami.verdict} without a completed scan")
            continue
        seen = _seen(run, trial, ami.ami_id, world, away)
        if seen is None:
            continue
        expected = seen.expected()
        if ami.verdict not in expected.verdicts:
            allowed = " or ".join(sorted(expected.verdicts))
            yield Violation(4, "wrongVerdict", f"{ami.ami_id} is {ami.verdict}, the world says {allowed}")
        counts: dict[str, int] = {name: count for name, count in ami.counts.items() if count}
        if not _counted(counts, expected.counts, trial):
            yield Violation(4, "wrongVerdict", f"{ami.ami_id} counts {counts}, its findings are {expected.counts}")


def _counted(counts: Mapping[str, int], expected: Mapping[str, int], trial: Trial) -> bool:
    """Whether the counts are right: nothing is lost, and only what was forged is added."""
    if not _struck(trial, _ADD_FINDINGS):
        return counts == expected
    return all(counts.get(name, 0) >= count for name, count in expected.items())


def _seen(run: Ran, trial: Trial, ami: str, world: World, away: World | None) -> Seen | None:
    """What the run could see of an AMI; None for a stranger."""
    held = {image.image_id: (place, image) for place in (world, away) if place for image in place.images}
    if ami not in held or ami not in run.plan.engines:
        return None
    place, image = held[ami]
    return Seen(
        image=image,
        findings=place.findings_of(ami),
        engine=run.plan.engines[ami],
        settings=run.plan.settings,
        day=run.day,
        struck=trial.struck,
        first=ami == trial.runs[0].plan.amis[0],
    )


def _before(at: datetime, run: Ran) -> bool:
    return run.report is not None and at <= datetime.fromisoformat(run.report.run.completed_at)


# ---------------------------------------------------------------- 5 and 6: apart, and only once


def _apart(trial: Trial) -> Iterator[Violation]:
    owners: dict[str, str] = {}
    for run in trial.runs:
        own = {one.instance_id for one in run.instances}
        for ami in run.report.amis if run.report else ():
            if ami.instance_id and ami.instance_id not in own:
                yield Violation(5, "wrongVerdict", f"{run.run_id} reports {ami.instance_id}, which is not its own")
        for name in own:
            if owners.setdefault(name, run.run_id) != run.run_id:
                yield Violation(5, "wrongVerdict", f"{name} is of {owners[name]} and of {run.run_id}")


def _allowed(trial: Trial) -> int:
    # SNS takes no condition: of a crash between its answer and the note of it, a second message is the lesser evil.
    return 2 if "aggregate.crash-after-notice" in trial.struck else 1


def _once(run: Ran, trial: Trial) -> Iterator[Violation]:
    if len(run.messages) > _allowed(trial):
        yield Violation(6, "duplicated", f"{len(run.messages)} messages tell of {run.run_id}")
    if not run.messages and run.report is not None:
        yield Violation(2, "lost", f"no message tells of {run.run_id}")
    launched = Counter(one.ami_id for one in run.instances)
    for ami, count in launched.items():
        if count > 1:
            yield Violation(6, "duplicated", f"{count} instances were launched from {ami} in {run.run_id}")


def _repeated(trial: Trial) -> Iterator[Violation]:
    """A second delivery ends as the duplicate of a run and leaves nothing; one that fails before says no verdict."""
    ends = [{"duplicateOf": run.run_id} for run in trial.runs]
    for one in trial.repeated:
        told = one.report.amis if one.report else []
        if one.instances or any(ami.verdict != "NOT_ASSESSED" for ami in told):
            yield Violation(6, "duplicated", f"{one.run_id} assessed what another run assesses")
        if one.status != "SUCCEEDED":
            continue
        if json.loads(one.output) not in ends:
            yield Violation(6, "duplicated", f"{one.run_id} ended with {one.output[:100]}, not as a duplicate")
        if one.report or one.messages or one.archived:
            yield Violation(6, "duplicated", f"{one.run_id} is a duplicate and left a report, a message or a history")


def _owner(run: Ran, trial: Trial) -> Iterator[Violation]:
    """An owner with a route is told once, and of nothing but theirs and the AMI that theirs was compared with."""
    owner = OWNERS[0]
    routed = owner in run.plan.settings.get("routes", {})
    present = run.report is not None and any(ami.owner == owner for ami in run.report.amis)
    if len(run.owner_messages) > (_allowed(trial) if routed and present else 0):
        yield Violation(6, "duplicated", f"{len(run.owner_messages)} messages tell {owner} of {run.run_id}")
    if routed and present and not run.owner_messages and not trial.struck:
        yield Violation(2, "lost", f"no message tells {owner} of {run.run_id}")
    messages = [_COMPARED_WITH.sub("", message) for message in run.owner_messages]
    for ami in run.report.amis if run.report else ():
        if ami.owner != owner and any(ami.ami_id in message for message in messages):
            yield Violation(5, "wrongVerdict", f"{owner} is told of {ami.ami_id}, which is {ami.owner}'s")


def _tags(run: Ran, trial: Trial) -> Iterator[Violation]:
    """An AMI carries the run's verdict where that is asked for, and nothing where it is not.

    AMIs of another account are never tagged (docs/places.md).
    """
    verdicts = {ami.ami_id: ami.verdict for ami in run.report.amis} if run.report else {}
    asked = _asks(run, "tagAmis")
    for ami, verdict in run.tagged.items():
        if not asked:
            yield Violation(5, "wrongVerdict", f"{ami} was tagged by {run.run_id}, which was not asked to")
        elif verdict != verdicts.get(ami):
            yield Violation(5, "wrongVerdict", f"{ami} is tagged {verdict}, its report says {verdicts.get(ami)}")
    if asked and not trial.struck and len(trial.runs) == 1:
        own = {ami for ami in verdicts if place_of(ami)[0] == places.HOME[0]}
        for ami in own - run.tagged.keys():
            yield Violation(2, "lost", f"{ami} carries no verdict of {run.run_id}")


def _asks(run: Ran, action: str) -> bool:
    act = run.plan.settings.get("act", {})
    return bool(act.get(action)) and not act.get("dryRun", True)


def _deprecated(trial: Trial) -> Iterator[Violation]:
    failing = {
        ami.ami_id
        for run in (*trial.runs, *trial.replayed)
        if _asks(run, "deprecate") and run.report
        for ami in run.report.amis
        if ami.verdict == "FAIL"
    }
    for ami in trial.deprecated - failing:
        yield Violation(5, "wrongVerdict", f"{ami} was deprecated, and no run said FAIL and was asked to")


def _unchanged(trial: Trial) -> Iterator[Violation]:
    """After every task's second invocation: what was done is as it was."""
    for first, again in zip(trial.runs, trial.replayed, strict=False):
        told_anew = first.status != "SUCCEEDED"  # that the redriven run came to another end
        if len(again.messages) > max(1, len(first.messages)) + told_anew:
            yield Violation(6, "duplicated", f"the replay of {first.run_id} sent another message")
        if any(one.alive for one in again.instances):
            yield Violation(6, "orphans", f"the replay of {first.run_id} left an instance running")
        if {one.instance_id for one in first.instances} - {one.instance_id for one in again.instances}:
            yield Violation(6, "lost", f"the replay of {first.run_id} lost an instance")
        # What no note tells of has been terminated by then: a redrive launches anew, as it should.
        noted = "launch-instances.launch-not-noted" not in trial.struck
        if noted and max(Counter(one.ami_id for one in again.instances).values(), default=0) > 1:
            yield Violation(6, "duplicated", f"the replay of {first.run_id} launched an AMI a second time")
        then = {ami.ami_id: ami for ami in again.report.amis} if again.report else {}
        for ami in first.report.amis if first.report else ():
            now = then.get(ami.ami_id)
            if ami.verdict != "NOT_ASSESSED" and (
                now is None or (now.verdict, now.counts) != (ami.verdict, ami.counts)
            ):
                yield Violation(6, "wrongVerdict", f"the replay of {first.run_id} changed {ami.ami_id}")
