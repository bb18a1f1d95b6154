"""Accounts to measure in: any number of AMIs, each with any number of findings varied from the sample's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from golden_ami_cli.local.calls import Call
from golden_ami_cli.local.embedded import Embedded
from golden_ami_cli.local.world import Image, World

PARAMETER = "ContinuousAssessmentInput"
SAMPLE = Path(__file__).parents[1] / "samples" / "findings.json"
TAGS = {"app-name": "shop", "Name": "golden-web", "Owner": "web", "Environment": "production"}
_real_sleep = time.sleep  # the embedded AWS emulates the other


def ami_ids(count: int) -> list[str]:
    """Ids of AMIs."""
    return [f"ami-{number:017x}" for number in range(1, count + 1)]


def findings(count: int) -> list[Mapping[str, Any]]:
    """So many findings in the shape of ListFindings: the sample's bodies in turn, each another vulnerability."""
    amis = json.loads(SAMPLE.read_text())["amis"].values()
    bodies = [json.dumps(body) for ami in amis for body in ami["findings"] if body["type"] == "PACKAGE_VULNERABILITY"]
    return [_varied(json.loads(body), number) for number, body in enumerate(islice(cycle(bodies), count))]


def _varied(body: dict[str, Any], number: int) -> dict[str, Any]:
    details = body["packageVulnerabilityDetails"]
    name = f"CVE-{2019 + number % 8}-{10000 + number}"
    body["findingArn"] = f"{body['findingArn'].rpartition('/')[0]}/{number:032x}"
    body["title"] = body["title"].replace(details["vulnerabilityId"], name)
    details["vulnerabilityId"] = name
    return body


def world(amis: int, each: int) -> World:
    """An account of so many AMIs with so many findings each."""
    images = [Image(ami, f"golden-web-{number:05}", TAGS) for number, ami in enumerate(ami_ids(amis))]
    return World(images=images, findings={"*": findings(each)})


def configuration(amis: int, engine: str) -> str:
    """The parameter that asks for them."""
    return json.dumps({"version": 1, "engine": engine, "amis": [{"amiId": ami} for ami in ami_ids(amis)]})


def one_batch_at_a_time(aws: Embedded) -> None:
    """Let Maps run their iterations one after another.

    In AWS each function has a processor of its own. Here all share one, and what one waits for another's would be
    counted as billed.
    """
    states, machine = aws.client("stepfunctions"), aws.outputs["StateMachineArn"]
    definition = json.loads(states.describe_state_machine(stateMachineArn=machine)["definition"])
    for state in definition["States"].values():
        if state["Type"] == "Map":
            state["MaxConcurrency"] = 1
    states.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))


@dataclass
class Invocation:
    """One invocation of a function. Seconds as Lambda bills them, without a cold start."""

    function: str
    memory_mb: int
    seconds: float


@dataclass
class Meter:
    """What happened in an account."""

    aws: Embedded
    invocations: list[Invocation] = field(default_factory=list)

    @property
    def billed_seconds(self) -> float:
        """Of all invocations."""
        return sum(one.seconds for one in self.invocations)

    @property
    def gb_seconds(self) -> float:
        """As Lambda bills them."""
        return sum(one.seconds * one.memory_mb / 1024 for one in self.invocations)

    def calls(self, function: str = "") -> list[Call]:
        """Calls of the functions whose names end so; of all functions for ""."""
        return [call for call in self.aws.calls.made if call.function and call.function.endswith(function)]


@contextmanager
def metered(aws: Embedded, latency: float = 0) -> Iterator[Meter]:
    """Measure an open account. Each API call takes so many real seconds longer, side by side where calls are."""
    meter = Meter(aws)
    run = aws.functions.run

    def measured(function: Any, event: str, request: str = "") -> Any:
        began = time.time()  # emulated: it holds the function's own sleeps, and runs as real time does while it works
        try:
            return run(function, event, request)
        finally:
            name, memory = str(function.function_name), int(function.memory_size)
            meter.invocations.append(Invocation(name, memory, time.time() - began))

    def delay(_: Call) -> None:
        _real_sleep(latency)

    aws.functions.run = measured  # type: ignore[method-assign]
    before, aws.calls.before_call = aws.calls.before_call, delay if latency else None
    try:
        yield meter
    finally:
        aws.functions.run = run  # type: ignore[method-assign]
        aws.calls.before_call = before
