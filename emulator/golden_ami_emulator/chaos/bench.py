"""An embedded account in which trials are held, one after the other: runs with faults, and what followed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from golden_ami.events import Event
from golden_ami.models import AMI_TAG, RUN_TAG, Engine
from golden_ami.report.model import Report
from golden_ami.storage.keys import history_prefix, report_key
from golden_ami_emulator.calls import Call
from golden_ami_emulator.chaos import places
from golden_ami_emulator.chaos.worlds import TOPIC, Plan, place_of
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.faults import InjectableFault, Injection
from golden_ami_emulator.inspector import installed
from golden_ami_emulator.waits import Signal
from golden_ami_emulator.world import Timer, World

REAP_INTERVAL = 1800  # seconds; of ReapSchedule in template.yaml
_AFTERMATH = 2 * REAP_INTERVAL + 100  # after a run's end: two rounds of the reaper, and all asynchronous retries
_OPERATOR = 60  # until somebody who aborts a run has redriven it
_HEALED = 1200  # after the faults are over: a replayed dead letter with its retries
_ROUNDS = 60  # of the reaper at most in one trial: more than a day, in which every execution ends


@dataclass(frozen=True)
class LaunchedInstance:
    """An instance of a run, as EC2 says at the end."""

    instance_id: str
    ami_id: str
    run_id: str
    alive: bool


@dataclass(frozen=True)
class Ran:
    """One run and what is left of it."""

    plan: Plan
    run_id: str
    status: str
    seconds: float  # emulated, from start to end
    report: Report | None
    messages: list[str]  # to the results topic, about this run
    owner_messages: list[str]  # to the topic of an owner with a route
    tagged: Mapping[str, str]  # ami id -> the verdict that EC2 holds as a tag of this run
    instances: list[LaunchedInstance]
    left: int  # instances alive at the instant of its end, before anything beside the definition acts
    reported: bool  # whether the report stood at that instant
    scanned: dict[str, datetime]  # ami id -> when a scan of it for this run was over, as the emulation knows
    day: date = date.min  # on which it started, UTC
    reaped: frozenset[str] = frozenset()  # instances that the reaper asked EC2 to terminate before the run's end


@dataclass(frozen=True)
class Repeated:
    """An execution that a second delivery of a scheduled instant started, and what is left of it."""

    run_id: str
    status: str
    output: str  # JSON
    report: Report | None
    messages: int  # to any topic, about it
    instances: int  # that were launched for it
    archived: bool


@dataclass(frozen=True)
class Trial:
    """Runs at once, under faults. `late` are runs that were reported only after the faults were lifted."""

    faults: Sequence[InjectableFault]
    struck: frozenset[str]
    runs: list[Ran]
    alive_in_time: bool  # whether any instance outlived its run by more than the reaper's interval
    dead_letters: int
    stuck: str = ""
    replayed: list[Ran] = field(default_factory=list)  # the runs again, after every task was invoked a second time
    deprecated: frozenset[str] = frozenset()  # ids of the AMIs that EC2 was asked to deprecate
    repeated: Sequence[Repeated] = ()


class Bench(AbstractContextManager["Bench"]):
    """Opens the account, and with `away` a second place; `trial` may be called often."""

    def __init__(self, world: World, away: World | None = None) -> None:
        self.world = world
        self.away = away
        self._places = [places.HOME, *([places.AWAY] if away else [])]
        self._subnet = ""
        self._stack = ExitStack()
        self._number = 0
        self._rounds = 0
        self._at_end: dict[str, tuple[int, bool]] = {}
        self._reaped: dict[str, set[str]] = {}

    def __enter__(self) -> Bench:
        parameters = {"ClassicEngine": "allowed", "ActOnAmis": "true", "OwnerTopicArns": TOPIC}
        elsewhere = {places.AWAY: self.away} if self.away else {}
        more = places.PARAMETERS if self.away else {}
        opened = Embedded(self.world, parameters=parameters | more, elsewhere=elsewhere)
        self.aws = self._stack.enter_context(opened)
        self.aws.client("sns").create_topic(Name=TOPIC.rpartition(":")[2])
        self._subnet = places.prepare(self.aws) if self.away else ""
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def trial(
        self,
        plans: Sequence[Plan],
        faults: Sequence[InjectableFault],
        *,
        replay: bool = False,
        reap_after: float = REAP_INTERVAL,
    ) -> Trial:
        """Start the runs at once under the faults, let all play out, then lift the faults and heal what waits.

        `reap_after` are the seconds until the reaper's first round; the others follow at its interval.
        """
        self._number += 1
        self.aws.calls.clear()
        self._drain()
        amis = list(dict.fromkeys(ami for plan in plans for ami in plan.amis))
        names = [f"trial-{self._number}-{at}" for at in range(len(plans))]
        before = self._executions()
        self._rounds = _ROUNDS
        self._reaped = {name: set() for name in names}
        self._reaping = self._next_reaping(reap_after)
        with Injection(self.aws, faults, amis) as injection:
            injection.after(self._note_reaped)
            stuck = self._run(plans, names, injection.redriven)
            self.aws.clock.sleep(_AFTERMATH)
            outlived = any(one.alive for name in names for one in self._instances(name))
        self._reaping.cancel()
        letters = self._drain()
        self._heal(letters, outlived)
        runs = [self._ran(plan, name) for plan, name in zip(plans, names, strict=True)]
        replayed: list[Ran] = []
        if replay:
            self._replay(injection)
            replayed = [self._ran(plan, name) for plan, name in zip(plans, names, strict=True)]
        struck = frozenset(injection.struck)
        deprecated = (call for call in self.aws.calls.made if call.operation == "EnableImageDeprecation")
        asked = frozenset(str(call.parameters["ImageId"]) for call in deprecated)
        repeated = [self._repeated(name) for name in sorted(self._executions() - before - {*names})]
        return Trial(faults, struck, runs, outlived, len(letters), stuck, replayed, asked, repeated)

    # ------------------------------------------------------------ the course of a trial

    def _run(self, plans: Sequence[Plan], names: Sequence[str], redriven: Signal | None) -> str:
        """Run them; what kept them from ending, or ""."""
        arns = []
        for plan, name in zip(plans, names, strict=True):
            parameter = f"ContinuousAssessmentInput-{name}"
            self.aws.put_configuration(parameter, plan.configuration(self._subnet))
            arns.append(self.aws.start({"AMIsParamName": parameter}, name))
        for arn, name in zip(arns, names, strict=True):
            ended = self.aws.wait(arn)
            if redriven and self.aws.clock.wait(redriven, _OPERATOR):
                ended = self.aws.wait(arn)
            if ended["status"] == "RUNNING":
                return f"{arn} is still running"
            self._at_end[name] = (sum(one.alive for one in self._instances(name)), self._report(name) is not None)
        return ""

    def _note_reaped(self, call: Call) -> None:
        """Keep what the reaper terminates of a run that is not over."""
        if call.operation != "TerminateInstances" or self.aws.function_of(call.function) != "reap":
            return
        for instance in call.parameters["InstanceIds"]:
            run = self._tags(instance).get(RUN_TAG, "")
            if run in self._reaped and not self.aws._interpreter.running(self._execution(run)).over.is_set():
                self._reaped[run].add(instance)

    def _tags(self, instance: str) -> dict[str, str]:
        """An instance's tags, of moto's own data: no API is called within another's call."""
        from moto.ec2.models import ec2_backends

        found = [ec2_backends[account][region].get_instance_by_id(instance) for account, region in self._places]
        return {tag["key"]: tag["value"] for one in found if one for tag in one.get_tags()}

    def _execution(self, run_id: str) -> str:
        return f"{self.aws.outputs['StateMachineArn'].replace(':stateMachine:', ':execution:')}:{run_id}"

    def _next_reaping(self, seconds: float = REAP_INTERVAL) -> Timer:
        def due() -> None:
            if self._rounds > 0:
                self._rounds -= 1
                self.aws.clock.spawn(self.aws.fire_schedule, "ReapSchedule", name="scheduler")
                self._reaping = self._next_reaping()

        return self.aws.clock.call_later(seconds, due, name="reap schedule")

    def _drain(self) -> list[Event]:
        """The bodies in the dead-letter queue, which is empty afterwards."""
        sqs, url = self.aws.client("sqs"), self.aws.outputs["DeadLettersUrl"]
        letters = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                letters.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return letters

    def _heal(self, letters: Sequence[Event], outlived: bool) -> None:
        """What a person does once the fault is over: move dead letters back. The reaper comes by itself."""
        ends = [one for one in letters if one.get("detail-type") == "Step Functions Execution Status Change"]
        for event in ends:
            self.aws.functions.deliver(self._arn("on-execution-end"), event)
        if outlived:
            self.aws.fire_schedule("ReapSchedule")
        if ends or outlived:
            self.aws.clock.sleep(_HEALED)

    def _replay(self, injection: Injection) -> None:
        """Every task's input a second time, in order: what a redrive from any state would repeat at most."""
        tasks = [(function, event) for function, event in injection.invocations if '"Records"' not in event]
        for function, event in tasks:
            self.aws.functions.run(function, event)
        self.aws.clock.sleep(_HEALED)

    def _arn(self, function: str) -> str:
        name = self.aws.lambda_name(function)
        return f"arn:aws:lambda:{self.aws.region}:{self.aws.account}:function:{name}"

    # ------------------------------------------------------------ what is left

    def _ran(self, plan: Plan, run_id: str) -> Ran:
        execution = self.aws.client("stepfunctions").describe_execution(executionArn=self._execution(run_id))
        seconds = (execution["stopDate"] - execution["startDate"]).total_seconds() if "stopDate" in execution else 1e9
        sent = [one for one in self.aws.notifications() if f"Run {run_id}," in one.message]
        topic = self.aws.outputs["ResultsTopicArn"]
        instances = self._instances(run_id)
        return Ran(
            plan=plan,
            run_id=run_id,
            status=execution["status"],
            seconds=seconds,
            report=self._report(run_id),
            messages=[one.message for one in sent if one.topic == topic],
            owner_messages=[one.message for one in sent if one.topic == TOPIC],
            tagged=dict(self._tagged(plan, run_id)),
            instances=instances,
            left=self._at_end.get(run_id, (0, False))[0],
            reported=self._at_end.get(run_id, (0, False))[1],
            scanned=dict(self._scanned(plan, instances)),
            day=execution["startDate"].astimezone(UTC).date(),
            reaped=frozenset(self._reaped[run_id]),
        )

    def _executions(self) -> set[str]:
        """The names of all executions so far."""
        return {running.execution.name for running in self.aws._interpreter._running.values()}

    def _repeated(self, run_id: str) -> Repeated:
        execution = self.aws.client("stepfunctions").describe_execution(executionArn=self._execution(run_id))
        prefix, bucket = history_prefix(run_id), self.aws.outputs["ReportBucket"]
        return Repeated(
            run_id=run_id,
            status=execution["status"],
            output=execution.get("output", ""),
            report=self._report(run_id),
            messages=sum(f"Run {run_id}," in one.message for one in self.aws.notifications()),
            instances=len(self._instances(run_id)),
            archived=bool(self.aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"]),
        )

    def _report(self, run_id: str) -> Report | None:
        s3 = self.aws.client("s3")
        try:
            body = s3.get_object(Bucket=self.aws.outputs["ReportBucket"], Key=report_key(run_id))["Body"]
        except s3.exceptions.NoSuchKey:
            return None
        return msgspec.json.decode(body.read(), type=Report)

    def _tagged(self, plan: Plan, run_id: str) -> Iterator[tuple[str, str]]:
        for account, region in self._places:
            amis = [ami for ami in plan.amis if place_of(ami) == (account, region)]
            if "act" not in plan.settings or not amis:
                continue
            for image in self.aws.client("ec2", region, account).describe_images(ImageIds=amis)["Images"]:
                tags = {tag["Key"]: tag["Value"] for tag in image.get("Tags", ())}
                if tags.get("assessment-run") == run_id:
                    yield image["ImageId"], tags["assessment-verdict"]

    def _instances(self, run_id: str) -> list[LaunchedInstance]:
        filters = [{"Name": f"tag:{RUN_TAG}", "Values": [run_id]}]
        found = []
        for account, region in self._places:
            ec2 = self.aws.client("ec2", region, account)
            for page in ec2.get_paginator("describe_instances").paginate(Filters=filters):
                for instance in (one for group in page["Reservations"] for one in group["Instances"]):
                    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
                    alive = instance["State"]["Name"] not in ("terminated", "shutting-down")
                    ami = tags[AMI_TAG].rpartition("/")[2]
                    found.append(LaunchedInstance(instance["InstanceId"], ami, run_id, alive))
        return found

    def _scanned(self, plan: Plan, instances: Sequence[LaunchedInstance]) -> Iterator[tuple[str, datetime]]:
        """What the emulated Inspector itself knows of scans that ended well; no API of it, no ledger is asked."""
        of_ami = {one.ami_id: one.instance_id for one in instances}
        for ami, engine in plan.engines.items():
            account, region = place_of(ami)
            at = _scan_end(installed(region, account), engine, ami, of_ami.get(ami, ""))
            if at:
                yield ami, at


def _scan_end(region: Any, engine: Engine, ami: str, instance: str) -> datetime | None:
    ends: list[datetime] = []
    if engine == "ami":
        ends = [s.completed_at for s in region.on_demand.values() if s.image_id == ami and s.status == "SUCCESSFUL"]
    elif engine == "instance":
        tracked = region.instances.get(instance)
        ends = [tracked.scanned_at] if tracked and tracked.scanned_at else []
    else:
        ends = [
            run.completed_at
            for run in region.classic.runs.values()
            if run.state.startswith("COMPLETED") and any(agent.id == instance for agent in run.healthy)
        ]
    return min(ends, default=None)
