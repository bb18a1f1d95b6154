"""Section 5: what an assessed AMI costs in orchestration, by engine and number of AMIs."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from benchmarks.metering import WHOLE_PROCESSOR_MB, metered
from benchmarks.processes import answer, fresh
from benchmarks.tables import Goal, Section, Table
from benchmarks.worlds import configuration, world
from golden_ami.usage.history import transitions
from golden_ami.usage.prices import shipped
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_emulator.embedded import Embedded

_ENGINES = ("classic", "instance", "ami")
_LATENCY = 0.02  # seconds a call
_FINDINGS = 20
_GOAL = 0.001  # dollars an AMI


def measure(quick: bool) -> Section:
    """Runs of 5, and of 50 AMIs, with 20 ms a call."""
    sizes, engines = ((2,), ("ami",)) if quick else ((5, 50), _ENGINES)
    found = {(engine, amis): fresh("cost", engine, amis) for engine in engines for amis in sizes}
    table = shipped()
    step, memory = table["step_functions_transition"].price, table["lambda_gb_second"].price
    rows: list[list[Any]] = []
    for (engine, amis), one in found.items():
        orchestration = (one["transitions"] * step + one["gb_seconds"] * memory) / amis
        rows.append([engine, amis, one["transitions"] / amis, one["gb_seconds"] / amis,
                     one["instance_minutes"] / amis, one["invocations"] / amis, orchestration])  # fmt: skip
    columns = ["engine", "AMIs", "transitions", "Lambda GB-s", "instance minutes", "invocations", "orchestration $"]
    notes = [
        f"Each figure per AMI. Lambda at {_LATENCY * 1000:.0f} ms a call and the functions' own work, on as much of a "
        f"processor as their memory has ({WHOLE_PROCESSOR_MB:,} MB: one), without cold starts.",
        *(f"${one.price:.10g} per {one.unit}, {one.region}, {one.date}: {one.source}."
          for one in (table["step_functions_transition"], table["lambda_gb_second"])),
        "What Inspector, the instance and its volume cost is not in the dollars: see [costs](costs.md). Free tiers are "
        "not taken off.",
        f"With `ami`, EventBridge sends every finding as a message of its own, {_FINDINGS} for an AMI here; "
        "store_findings takes them in batches.",
        "Instance minutes follow the emulated scan: the hour of a Classic assessment; 15 minutes after the agent for "
        "the others. With `instance` and no message, up to one poll interval more.",
    ]  # fmt: skip
    return Section("Cost per assessed AMI", [Table("Cost per AMI", columns, rows, notes)], _goals(rows))


def _goals(rows: list[list[Any]]) -> list[Goal]:
    few = [row for row in rows if row[1] == min(row[1] for row in rows)]
    many = [row for row in rows if row not in few]
    worst = max(row[-1] for row in few)
    goals = [Goal(f"orchestration below ${_GOAL} per AMI at {few[0][1]} AMIs", f"${worst:.5f} at most", worst < _GOAL,
                  "" if worst < _GOAL else "Transitions of the polls of a one-hour Classic assessment; a longer "
                  "waits.pollSeconds has fewer.")]  # fmt: skip
    if many:
        falls = all(more[-1] < less[-1] for less, more in zip(few, many, strict=True))
        goals.append(Goal("falling with more AMIs", f"${max(row[-1] for row in many):.5f} at {many[0][1]}", falls))
    return goals


# ---------------------------------------------------------------- one run, in a process of its own


def _run(engine: str, amis: int) -> None:
    with Embedded(world(amis, _FINDINGS), parameters={"ClassicEngine": "allowed"}) as aws:
        put_configuration(aws, configuration(1, engine))
        aws.run({"AMIsParamName": PARAMETER})  # imports
        put_configuration(aws, configuration(amis, engine))
        with metered(aws, _LATENCY) as meter:
            execution = aws.run({"AMIsParamName": PARAMETER})
        assert execution["status"] == "SUCCEEDED", execution
        answer(
            transitions=transitions(aws.history(execution["executionArn"])),
            gb_seconds=meter.gb_seconds,
            invocations=len(meter.invocations),
            instance_minutes=_instance_minutes(aws, aws.history(execution["executionArn"])),
        )


def _instance_minutes(aws: Embedded, events: list[dict[str, Any]]) -> float:
    """From each launch to the end of Terminate."""
    ended: datetime = next(
        event["timestamp"] for event in events if event.get("stateExitedEventDetails", {}).get("name") == "Terminate"
    )
    reservations = aws.client("ec2").describe_instances()["Reservations"]
    began = events[0]["timestamp"].replace(microsecond=0)  # EC2 gives whole seconds
    launches = [instance["LaunchTime"] for one in reservations for instance in one["Instances"]]
    launched = [at for at in launches if at >= began]
    return float(sum((ended - since).total_seconds() for since in launched) / 60)


if __name__ == "__main__":
    _run(sys.argv[1], int(sys.argv[2]))
