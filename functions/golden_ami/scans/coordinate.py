"""The scans of a run, engine by engine: make ready, wait for agents, start, ask until it is over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from math import ceil
from typing import Any, NamedTuple

from golden_ami import deadlines, times
from golden_ami.announcement import Announcement
from golden_ami.aws.clients import Clients
from golden_ami.batches import Batch, batches_of
from golden_ami.engines.base import Adapter, Agent, Progress
from golden_ami.engines.registry import adapter, by_engine_and_place, next_look
from golden_ami.errors import AssessmentError, EngineBusy, EngineUnavailable
from golden_ami.evidence.requirements import merged
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.models import NO_BATCH, Ami, Engine, Reason, Run
from golden_ami.parallel import side_by_side
from golden_ami.places import Place
from golden_ami.reasons import scanning
from golden_ami.settings import Settings
from golden_ami.stage import is_collectable, is_collected, is_open, is_running, is_startable, needs_launch


class Agents(NamedTuple):
    """The agents of a run: go on, or ask again later. Counts are AMIs."""

    proceed: bool
    ready: int
    waiting: int
    failed: int


class State(NamedTuple):
    """The scans of a run, and when to ask again. Counts are AMIs."""

    over: bool  # none runs
    collect: bool  # none runs, or some are over whose findings are to be collected
    batches: list[str]  # of those
    items: list[Batch]  # the same, with those AMIs
    completed: int
    running: int
    failed: int
    next_look_seconds: int


class Scans:
    """The steps of a run that speak to scanners. Each may be repeated without further effect."""

    def __init__(self, settings: Settings, clients: Clients, ledger: Ledger) -> None:
        self._settings = settings
        self._clients = clients
        self._ledger = ledger

    # ------------------------------------------------------------ before

    def ensure(self, run_id: str) -> None:
        """Make every scanner that the run needs ready. Raises EngineUnavailable or EngineBusy when none can be used."""
        run, amis = self._ledger.run_and_amis(run_id)
        unrefused = [ami for ami in amis if ami.reason is None]
        self._with_each_adapter(unrefused, unrefused, lambda scanner, group: scanner.ensure(run, group))

    def check_agents(self, run_id: str) -> Agents:
        """Ask for every agent of the instances whose scan is not started. One that is silent at its deadline has none.

        Its AMI is not assessed then.
        """
        run, all_amis = self._ledger.run_and_amis(run_id)
        needing = [ami for ami in all_amis if is_open(ami) and ami.instance_id]
        amis = {ami.key: ami for ami in needing if not ami.scan}
        answers = [
            answer
            for (engine, place), group in by_engine_and_place([*amis.values()]).items()
            for answer in self._adapter(engine, place).agents(run, group)
        ]
        side_by_side(lambda agent: self._note_system(amis[agent.ami_key], agent), answers)
        late = {key for key, ami in amis.items() if times.passed(deadlines.of_agent(run, ami))}
        lost = [one for one in answers if one.status == "FAILED" or (one.status == "WAITING" and one.ami_key in late)]
        side_by_side(lambda agent: self._ledger.not_assessed(amis[agent.ami_key], _no_agent(agent)), lost)
        ready = sum(answer.status == "READY" for answer in answers)
        waiting = len(answers) - ready - len(lost)
        return Agents(waiting == 0, ready + len(needing) - len(amis), waiting, len(lost))

    # ------------------------------------------------------------ the assessment

    def start(self, run_id: str) -> None:
        """Start what is not started."""
        run, amis = self._ledger.run_and_amis(run_id)
        unstarted = [ami for ami in amis if is_startable(ami)]
        started = set[str]()
        self._with_each_adapter(
            unstarted, amis, lambda scanner, group: started.update(self._start(run, scanner, group))
        )
        # Those that Inspector refused have their reason already, and keep it.
        silent = [ami for ami in unstarted if ami.key not in started]
        side_by_side(lambda ami: self._ledger.not_assessed(ami, scanning.SCAN_NOT_STARTED()), silent)

    def check(self, run_id: str) -> State:
        """Ask Inspector for every scan that is not known to be over, and record its answers.

        Its answer counts, not the message: a completion that it does not confirm is retracted and awaited again. At
        its completion deadline, what still runs is not assessed.
        """
        run, amis = self._ledger.run_and_amis(run_id)
        pending = [ami for ami in amis if is_running(ami)]
        late = {ami.key for ami in pending if times.passed(deadlines.of_completion(run, ami))}
        announced = self._ledger.announcements({ami.scan for ami in pending})  # before Inspector is asked, not after
        progress: dict[str, Progress] = {}
        for (engine, place), group in by_engine_and_place(pending).items():
            progress |= {one.ami_key: one for one in self._adapter(engine, place).poll(run, group)}
        asked = [(ami, progress[ami.key]) for ami in pending if ami.key in progress]
        recorded = side_by_side(lambda one: self._record(*one, announced.get(one[0].scan), one[0].key in late), asked)
        running = [ami for ami, one in asked if one.status == "RUNNING" and ami.key not in late]
        same = {ami.scan for ami, one in asked if not one.scan}  # and not another in its place
        unconfirmed = {ami.scan for ami in running} & same & announced.keys()
        side_by_side(lambda scan: self._ledger.retract(announced[scan]), unconfirmed)
        if not running and not any(map(needs_launch, amis)):
            self._close(run, amis)
            self._ledger.update_run(run_id, closed=True)
        soon = bool(running) and all(progress[ami.key].soon for ami in running)
        look = min((_next_look(run, ami, soon=soon) for ami in running), default=run.config.waits.poll_seconds)
        return _state(run, {ami.key: ami for ami in [*amis, *recorded]}.values(), len(running), look)

    def close(self, run_id: str) -> None:
        """Remove what scanners made for this run only; also for a run that never started."""
        self._close(*self._ledger.run_and_amis(run_id))

    # ------------------------------------------------------------ parts

    def _close(self, run: Run, amis: Sequence[Ami]) -> None:
        # Of those without a batch, nothing was started; their account may not even let us in.
        batched = [ami for ami in amis if ami.batch != NO_BATCH]
        for (engine, place), group in by_engine_and_place(batched).items():
            self._adapter(engine, place).close(run, group)

    def _adapter(self, engine: Engine, place: Place) -> Adapter:
        return adapter(engine, place, self._settings, self._clients, self._ledger)

    def _with_each_adapter(
        self, amis: Sequence[Ami], of_run: Iterable[Ami], step: Callable[[Adapter, list[Ami]], None]
    ) -> None:
        """Do a step with each scanner of these AMIs. One that cannot be used costs its own AMIs only.

        Its error is raised when the run has no other AMI that is assessed, or may be.
        """
        groups = by_engine_and_place(amis)
        refused: list[tuple[AssessmentError, list[Ami]]] = []
        for (engine, place), group in groups.items():
            try:
                step(self._adapter(engine, place), group)
            except (EngineUnavailable, EngineBusy) as error:
                logger.warning("engine %s cannot be used in %s: %s", engine, place.region, error)
                refused.append((error, group))
        lost = {ami.key for _, group in refused for ami in group}
        if refused and not any(ami.key not in lost and (is_open(ami) or is_collected(ami)) for ami in of_run):
            raise refused[0][0]
        for cause, group in refused:
            self._refuse(cause, group)

    def _refuse(self, error: AssessmentError, amis: Sequence[Ami]) -> None:
        cause = scanning.ENGINE_BUSY if isinstance(error, EngineBusy) else scanning.ENGINE_UNAVAILABLE
        reason = cause(error=error)
        side_by_side(lambda ami: self._ledger.not_assessed(ami, reason), amis)

    def _start(self, run: Run, scanner: Adapter, amis: Sequence[Ami]) -> list[str]:
        """Start scans of these AMIs; the keys of those whose scan runs."""
        by_key = {ami.key: ami for ami in amis}
        started = [(by_key[key], scan.key) for scan in scanner.start(run, amis) for key in scan.ami_keys]
        start = {"scan_status": "PENDING", "assessment_started_at": times.iso(times.now())}
        side_by_side(lambda one: self._ledger.update_ami(one[0], scan=one[1], **start), started)
        return [ami.key for ami, _ in started]

    def _note_system(self, ami: Ami, agent: Agent) -> None:
        """Keep what the agent says of the operating system, which nobody can be asked for after the instance."""
        told = (agent.platform_name, agent.platform_version)
        if any(told) and told != (ami.platform_name, ami.platform_version):
            self._ledger.update_ami(ami, platform_name=told[0], platform_version=told[1])

    def _record(self, ami: Ami, progress: Progress, announced: Announcement | None, late: bool) -> Ami:
        if progress.status in ("COMPLETED", "PARTIAL"):
            total = announced.total_after(progress.total_since) if announced else None
            notes = [*ami.notes, *([progress.note] if progress.note and progress.note not in ami.notes else [])]
            at = progress.at or times.iso(times.now())
            found: dict[str, Any] = {} if total is None else {"findings_total": total}
            found |= {"scan_started_at": progress.started_at} if progress.started_at else {}
            evidence = merged(ami.evidence, progress.evidence)
            return self._ledger.update_ami(
                ami, scan_status=progress.status, scanned_at=at, notes=notes, evidence=evidence, **found
            )
        if progress.status == "FAILED" or late:
            return self._ledger.not_assessed(ami, _why(progress))
        if progress.scan:
            return self._ledger.update_ami(ami, scan=progress.scan, failed_scan=ami.scan)
        return ami


def _no_agent(agent: Agent) -> Reason:
    return agent.reason or scanning.AGENT_NOT_READY()


def _why(progress: Progress) -> Reason:
    if progress.status == "FAILED" and progress.reason:
        return progress.reason
    last = f"Inspector's last word was {progress.detail}" if progress.detail else "Inspector gave no state"
    if not progress.reason:
        return scanning.COMPLETION_DEADLINE(last=last)
    return scanning.COMPLETION_DEADLINE_WITH_CAUSE(
        last=last, cause=progress.reason.message, remedy=progress.reason.remedy
    )


def _next_look(run: Run, ami: Ami, *, soon: bool) -> int:
    """Seconds after which Inspector is asked of the AMI's scan; not after its completion deadline."""
    left = times.until(deadlines.of_completion(run, ami))
    elapsed = -times.until(ami.assessment_started_at) if ami.assessment_started_at else 0.0
    return max(1, min(next_look({ami.engine}, run.config.waits, elapsed, soon=soon), ceil(left)))


def _state(run: Run, amis: Collection[Ami], running: int, next_look_seconds: int) -> State:
    completed = sum(ami.reason is None and ami.scan_status in ("COMPLETED", "PARTIAL") for ami in amis)
    failed = sum(ami.reason is not None for ami in amis)
    offered = running == 0 or not run.collects_at_end
    items = batches_of(ami for ami in amis if offered and is_collectable(ami))
    batches, collect = [one.batch for one in items], running == 0 or bool(items)
    return State(running == 0, collect, batches, items, completed, running, failed, next_look_seconds)
