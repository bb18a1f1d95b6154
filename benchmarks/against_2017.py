"""Section 1: our run against the 2017 algorithm, on the same embedded AWS, with the `classic` engine."""

from __future__ import annotations

import json
import sys
import time
from math import ceil
from typing import Any

from benchmarks import algorithm_2017
from benchmarks.metering import WHOLE_PROCESSOR_MB, Invocation, Meter, delayed, metered
from benchmarks.processes import answer, fresh
from benchmarks.tables import Goal, Section, Table
from benchmarks.worlds import PARAMETER, ami_ids, configuration, world
from golden_ami.usage.prices import shipped
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.inspector.classic_findings import SEVERITY

Cell = tuple[int, int]  # AMIs, findings of each
_OLD_MB = 512  # a generous size for 2017
_LATENCY = 20  # milliseconds a call, where one figure is enough
_LATENCIES = (20, 80)
_CELLS: list[Cell] = [(amis, each) for amis in (1, 5, 50) for each in (100, 1000, 5000)]
_QUICK: list[Cell] = [(1, 20)]
_OURS_AT_MOST = 50_000  # findings of a cell of ours that is run, about 4 ms for ten; 250,000 would take minutes
_THEIRS_AT_MOST = 1_000  # findings of a cell of 2017 that is run, about 6 ms each
_SLEPT_AT_MOST = {"ours": {20: 5_000, 80: 1_000}, "theirs": {20: 1_000, 80: 200}}  # with calls that really wait


def measure(quick: bool) -> Section:
    """Both, cell by cell; what is too long to run is calculated from what was run, and marked."""
    cells = _QUICK if quick else _CELLS
    ours = {cell: _runs("ours", cell, quick) for cell in cells if cell[0] * cell[1] <= _OURS_AT_MOST}
    theirs = _all_theirs(cells, quick)
    return Section(
        "Against the 2017 algorithm",
        [_calls(cells, ours, theirs), _times(ours, theirs), _totals(ours, theirs)],
        _goals(ours, theirs),
    )


# ---------------------------------------------------------------- cells


def _runs(who: str, cell: Cell, quick: bool) -> dict[str, dict[str, Any]]:
    """One run that counts calls and what is billed, and one with calls that really wait for each latency."""
    findings, most = cell[0] * cell[1], _SLEPT_AT_MOST[who]
    wanted: tuple[int, ...] = (_LATENCY,) if quick else _LATENCIES
    if who == "theirs":
        wanted = (0, *wanted)  # what is calculated is calculated from it
    latencies = [latency for latency in wanted if findings <= most.get(latency, findings)]
    waiting = {str(latency): fresh("against_2017", who, "waiting", *cell, latency) for latency in latencies}
    return waiting | {"billed": fresh("against_2017", who, "billed", *cell, _LATENCY)}


def _all_theirs(cells: list[Cell], quick: bool) -> dict[Cell, dict[str, Any]]:
    found = {cell: _runs("theirs", cell, quick) for cell in cells if cell[0] * cell[1] <= _THEIRS_AT_MOST}
    model = found[max(found, key=lambda cell: cell[0] * cell[1])]
    for cell, entry in found.items():
        if entry["billed"]["calls"] != _calculated(cell, model)["billed"]["calls"]:
            raise AssertionError(f"{cell}: the calls of 2017 are not those that are calculated")
    return {cell: _calculated(cell, model) | found.get(cell, {}) for cell in cells}


def _calculated(cell: Cell, model: dict[str, Any]) -> dict[str, Any]:
    """One call after another, so the number of calls is all there is to it."""
    amis, each = cell
    tags = 5  # of an instance: the AMI's four and ours
    tag_calls = amis * (2 * each + 1) + max(1, ceil(amis * each / 500))
    calls = tag_calls + amis * (2 * tags + 1) + 2 * amis + 8
    own = model["0"]["tag_seconds"] / model["0"]["tag_calls"]  # of one call in the emulation, without latency
    waiting = {
        str(latency): {"tag_seconds": tag_calls * (own + latency / 1000), "calculated": True} for latency in _LATENCIES
    }
    cpu = model["billed"]["cpu"] / model["billed"]["calls"]
    billed = {"calls": calls, "tag_calls": tag_calls, "waited": 240 + calls * _LATENCY / 1000, "cpu": calls * cpu}
    return waiting | {"billed": billed}


def minimum(cell: Cell) -> int:
    """The fewest calls that do the work of Tag Findings: list, describe, tag, in the service's batches, and store."""
    amis, each = cell
    return amis * (max(1, ceil(each / 500)) + 2 * ceil(each / 10) + 1)


# ---------------------------------------------------------------- tables


def _name(cell: Cell) -> str:
    return f"{cell[0]} x {cell[1]:,}"


def _calls(cells: list[Cell], ours: dict[Cell, dict[str, Any]], theirs: dict[Cell, dict[str, Any]]) -> Table:
    rows: list[list[Any]] = []
    for cell in cells:
        least, old = minimum(cell), theirs[cell]["billed"]
        mine = ours[cell]["billed"] if cell in ours else None
        made = mine["tag_calls"] if mine else None
        rows.append([
            _name(cell), least, made, (made - least) / cell[0] if made else None, old["tag_calls"],
            old["tag_calls"] / made if made else None, mine["calls"] if mine else None, old["calls"],
        ])  # fmt: skip
    columns = ["AMIs x findings", "minimum", "ours", "over the minimum per AMI", "2017", "ratio",
               "ours, whole run", "2017, whole run"]  # fmt: skip
    notes = [
        "Calls of Tag Findings alone, but for the last two columns. Minimum: ceil(n/500) lists, ceil(n/10) describes, "
        "ceil(n/10) attribute calls and one object stored, for each AMI.",
        "Ours reads the run and the AMI's row and writes the row beyond the minimum; 2017 keeps no record.",
        f"Cells of 2017 above {_THEIRS_AT_MOST:,} findings are calculated: its calls come one after another and depend "
        f"on nothing else. Ours is run up to {_OURS_AT_MOST:,} findings, and no figure is given above.",
    ]
    return Table("API calls", columns, rows, notes)


def _times(ours: dict[Cell, dict[str, Any]], theirs: dict[Cell, dict[str, Any]]) -> Table:
    rows: list[list[Any]] = []
    for cell, mine in ours.items():
        for latency in _LATENCIES:
            if str(latency) not in mine:
                continue
            one, old = mine[str(latency)], theirs[cell][str(latency)]
            how = "calculated" if old.get("calculated") else "run"
            rows.append([_name(cell), latency, one["tag_seconds"], old["tag_seconds"], how,
                         old["tag_seconds"] / one["tag_seconds"]])  # fmt: skip
    notes = [
        "Wall seconds from the first tagging call to the last. Every call sleeps the latency for real, in its own "
        "thread; the emulation's own work (about 3 ms of CPU a call, on one interpreter) is in both, and is most of "
        "ours.",
        "`calculated`: the calls' count times the latency on top of a run without it.",
    ]
    columns = ["AMIs x findings", "latency ms", "ours s", "2017 s", "2017 was", "ratio"]
    return Table("Time of tagging", columns, rows, notes)


def _old_seconds(billed: dict[str, Any]) -> float:
    """2017's billed seconds at its size."""
    return Invocation("2017", _OLD_MB, billed["waited"], billed["cpu"]).seconds()


def _totals(ours: dict[Cell, dict[str, Any]], theirs: dict[Cell, dict[str, Any]]) -> Table:
    price = shipped()["lambda_gb_second"]
    rows: list[list[Any]] = []
    for cell, mine in ours.items():
        one, old = mine["billed"], _old_seconds(theirs[cell]["billed"])
        old_gb = old * _OLD_MB / 1024
        rows.append([
            _name(cell), one["billed_seconds"], one["seconds_512"], old, old / one["billed_seconds"],
            one["gb_seconds"], old_gb, one["gb_seconds"] * price.price, old_gb * price.price,
            one["invocations"], one["peak_mib"], theirs[cell]["billed"].get("peak_mib"),
        ])  # fmt: skip
    columns = ["AMIs x findings", "ours, billed s", f"ours at {_OLD_MB} MB, s", f"2017 at {_OLD_MB} MB, s", "ratio",
               "ours, GB-s", "2017, GB-s", "ours $", "2017 $", "ours, invocations", "ours, peak MiB",
               "2017, peak MiB"]  # fmt: skip
    notes = [
        f"Lambda seconds of a whole run at {_LATENCY} ms a call: the calls' waiting, side by side where calls are, and "
        "the processor time of the function and its SDK, which the emulation of the services is not part of. Lambda "
        f"gives a function as much of a processor as it has memory ({WHOLE_PROCESSOR_MB:,} MB: one; AWS Lambda "
        'Developer Guide, "Configure Lambda function memory"); 2017 and ours are both counted so.',
        "Ours is a second run, 2017 its first. Cold starts are in neither, though Lambda bills them since 2025-08-01 "
        '(AWS Compute Blog, "AWS Lambda standardizes billing for INIT Phase"): about 0.2 s each, as section 4 says, '
        "for 2 functions of 2017 and for a dozen of ours, and one more for each AMI that is launched or tagged side by "
        "side.",
        "2017's four minutes of sleep are in its own; Lambda would have ended its second function at 300 s then, at "
        "900 s now, which is not counted.",
        f"Dollars: ${price.price:.10g} per {price.unit}, {price.region}, {price.date}: {price.source}.",
        "Peak memory is that of the whole process, embedded AWS and findings included, not of the function.",
    ]
    return Table("Billed Lambda time and memory", columns, rows, notes)


def _goals(ours: dict[Cell, dict[str, Any]], theirs: dict[Cell, dict[str, Any]]) -> list[Goal]:
    over = max((one["billed"]["tag_calls"] - minimum(cell)) / cell[0] for cell, one in ours.items())
    cell = min(ours, key=lambda one: (abs(one[1] - 1000), one[0]))
    faster = theirs[cell]["20"]["tag_seconds"] / ours[cell]["20"]["tag_seconds"]
    fewer = {one: _old_seconds(theirs[one]["billed"]) / mine["billed"]["billed_seconds"] for one, mine in ours.items()}
    least, most = min(fewer.values()), max(fewer.values())
    by_size: dict[int, float] = {}
    for (amis, _), ratio in fewer.items():
        by_size[amis] = min(ratio, by_size.get(amis, ratio))
    told = ", ".join(f"{amis} AMI{'s' * (amis > 1)} at least {ratio:.0f}x" for amis, ratio in by_size.items())
    return [
        Goal("tagging: the minimum of API calls + at most 5 per AMI", f"+ {over:.1f}", over <= 5),
        Goal(f"tagging {cell[1]:,} findings at least 8x faster (20 ms)", f"{faster:.1f}x", faster >= 8),
        Goal(
            "at least 100x fewer billed Lambda seconds for a run",
            f"{least:.0f}x to {most:.0f}x; {told}",
            least >= 100,
            "" if least >= 100 else _WHY_BILLED,
        ),
    ]  # fmt: skip


_WHY_BILLED = (
    "2017 sleeps for four minutes however many AMIs it has; that is what a run of one AMI saves. With more AMIs the "
    "sleep is shared, and the ratio falls towards that of the calls themselves: each AMI has an invocation of its own "
    "to launch it and one to tag it (an iteration of its own in the graph, up to 40 AMIs), of 4 and of 8 calls one "
    "after another, and a message of its scan. With more findings it falls too, as the work on them is done on a third "
    "of a processor. 100x at 5 AMIs would take all of them in one invocation of each function, or a smaller SDK."
)


# ---------------------------------------------------------------- one cell, in a process of its own


def _run_ours(mode: str, cell: Cell, latency: float) -> None:
    with Embedded(world(*cell), parameters={"ClassicEngine": "allowed"}) as aws:
        aws.put_configuration(PARAMETER, configuration(1, "classic"))
        aws.run({"AMIsParamName": PARAMETER})  # imports what the functions need
        aws.put_configuration(PARAMETER, configuration(cell[0], "classic"))
        aws.calls.clear()
        meter = Meter(aws)
        with metered(aws, latency, meter) if mode == "billed" else delayed(aws, latency):
            execution = aws.run({"AMIsParamName": PARAMETER})
        assert execution["status"] == "SUCCEEDED", execution
        tagging = meter.calls("tag-findings")
        assert sum(len(call.parameters["findingArns"]) for call in tagging if call.operation.startswith("Add")) == (
            cell[0] * cell[1]
        )
        answer(
            calls=len(meter.calls()),
            tag_calls=len(tagging),
            tag_seconds=_seconds_in(aws.history(execution["executionArn"]), "Tag Findings"),
            billed_seconds=meter.billed_seconds(),
            seconds_512=meter.billed_seconds(_OLD_MB),
            gb_seconds=meter.gb_seconds,
            invocations=len(meter.invocations),
        )


def _seconds_in(events: list[dict[str, Any]], state: str) -> float:
    ends = [
        event["timestamp"]
        for event in events
        for part in ("stateEnteredEventDetails", "stateExitedEventDetails")
        if event.get(part, {}).get("name") == state
    ]
    return float((ends[-1] - ends[0]).total_seconds())


def _run_theirs(mode: str, cell: Cell, latency: float) -> None:
    content = world(*cell)
    with Embedded(content, parameters={"ClassicEngine": "allowed"}) as aws:
        entries = [{"ami-id": ami, "instanceType": "t3.medium", "userData": ""} for ami in ami_ids(cell[0])]
        aws.put_configuration(PARAMETER, json.dumps(entries))
        complete, results = aws.outputs["CompleteTopicArn"], aws.outputs["ResultsTopicArn"]
        meter = Meter(aws)
        with metered(aws, latency, meter) if mode == "billed" else delayed(aws, latency):
            aws.calls.clear()
            with meter.running("StartContinuousAssessment", _OLD_MB):
                run = algorithm_2017.start(aws.client, aws.clock.sleep, PARAMETER, complete)
            before = len(_operators(aws))
            aws.clock.sleep(4000)  # the assessment, of which nothing is billed
            began, waited = time.perf_counter(), len(_operators(aws))
            with meter.running("AnalyzeInspectorFindings", _OLD_MB):
                counts = algorithm_2017.tag(aws.client, run)
                tag_seconds, tag_calls = time.perf_counter() - began, len(_operators(aws)) - waited
                algorithm_2017.report(aws.client, counts, results)
            calls = before + len(_operators(aws)) - waited
        expected = [SEVERITY[str(body["severity"])] for body in content.findings_of("")]
        assert [counts[one].total() for one in counts] == [len(expected)] * cell[0]
        answer(
            calls=calls,
            tag_calls=tag_calls,
            tag_seconds=tag_seconds,
            waited=sum(one.waited for one in meter.invocations),
            cpu=sum(one.cpu for one in meter.invocations),
        )


def _operators(aws: Embedded) -> list[Any]:
    return aws.calls.of("")


if __name__ == "__main__":
    who, mode, amis, each, milliseconds = sys.argv[1:]
    run = _run_ours if who == "ours" else _run_theirs
    run(mode, (int(amis), int(each)), int(milliseconds) / 1000)
