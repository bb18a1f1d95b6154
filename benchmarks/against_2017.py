"""Section 1: our run against the 2017 algorithm, on the same embedded AWS, with the `classic` engine."""

from __future__ import annotations

import json
import sys
import time
from math import ceil
from typing import Any

from benchmarks import algorithm_2017
from benchmarks.processes import answer, fresh
from benchmarks.tables import Goal, Section, Table
from benchmarks.worlds import PARAMETER, ami_ids, configuration, metered, one_batch_at_a_time, world
from golden_ami.usage.prices import shipped
from golden_ami_cli.local.embedded import Embedded
from golden_ami_cli.local.inspector.classic_findings import SEVERITY

Cell = tuple[int, int]  # AMIs, findings of each
_OLD_GB = 0.5  # a generous size for 2017
_LATENCIES = (20, 80)  # milliseconds
_CELLS: list[Cell] = [(amis, each) for amis in (1, 5, 50) for each in (100, 1000, 5000)]
_QUICK: list[Cell] = [(1, 20)]
_SLOWEST_AT_MOST = 1_000  # findings of a cell of ours that is run with the longest latency
_OURS_AT_MOST = 5_000  # findings of a cell that is run; more would take the whole bench past a quarter of an hour
_THEIRS_AT_MOST = 1_000  # about 6 ms each
_SLEPT_AT_MOST = {20: 1_000, 80: 200}  # findings of a cell of 2017 that is run with a latency


def measure(quick: bool) -> Section:
    """Both, cell by cell; what is too long to run is calculated from what was run, and marked."""
    cells = _QUICK if quick else _CELLS
    ours = {cell: _ours(cell, quick) for cell in cells}
    theirs = _all_theirs(cells, quick)
    return Section(
        "Against the 2017 algorithm",
        [_calls(ours, theirs), _times(ours, theirs), _totals(ours, theirs)],
        _goals(ours, theirs),
    )


# ---------------------------------------------------------------- cells


def _ours(cell: Cell, quick: bool) -> dict[str, Any]:
    amis, each = cell
    if amis * each > _OURS_AT_MOST:
        return {}
    if quick:
        one = fresh("against_2017", "ours", amis, each, 20)
        return {"0": one, "20": one, "billed": one}
    long = amis * each > _SLOWEST_AT_MOST
    latencies = (0, 20) if long else (0, *_LATENCIES)
    runs = {str(latency): fresh("against_2017", "ours", amis, each, latency) for latency in latencies}
    return runs | {"billed": fresh("against_2017", "billed", amis, each, 20)}


def _all_theirs(cells: list[Cell], quick: bool) -> dict[Cell, dict[str, Any]]:
    found: dict[Cell, dict[str, Any]] = {}
    for cell in cells:
        amis, each = cell
        if amis * each <= _THEIRS_AT_MOST:
            found[cell] = {"0": fresh("against_2017", "theirs", amis, each, 0)}
            for latency in () if quick else _LATENCIES:
                if amis * each <= _SLEPT_AT_MOST[latency]:
                    found[cell][str(latency)] = fresh("against_2017", "theirs", amis, each, latency)
    model = found[max(found, key=lambda cell: cell[0] * cell[1])]["0"]
    own = model["tag_seconds"] / model["tag_calls"]  # of one call in the emulation, without latency
    for cell, entry in found.items():
        if entry["0"]["calls"] != _calculated(cell, own)["calls"]:
            raise AssertionError(f"{cell}: the calls of 2017 are not those that are calculated")
    for cell in cells:
        entry = found.setdefault(cell, {})
        calls = entry["0"] if "0" in entry else _calculated(cell, own)
        for latency in _LATENCIES:
            if str(latency) not in entry:
                entry[str(latency)] = _delayed(calls, latency)
        entry.setdefault("0", calls)
    return found


def _calculated(cell: Cell, own: float) -> dict[str, Any]:
    """One call after another, so the number of calls is all there is to it."""
    amis, each = cell
    tags = 5  # of an instance: the AMI's four and ours
    tag_calls = amis * (2 * each + 1) + max(1, ceil(amis * each / 500))
    calls = tag_calls + amis * (2 * tags + 1) + 2 * amis + 8
    return {
        "calls": calls,
        "tag_calls": tag_calls,
        "tag_seconds": tag_calls * own,
        "billed_seconds": 240 + calls * own,
        "peak_mib": None,
        "calculated": True,
    }


def _delayed(one: dict[str, Any], latency: int) -> dict[str, Any]:
    seconds = latency / 1000
    return one | {
        "tag_seconds": one["tag_seconds"] + one["tag_calls"] * seconds,
        "billed_seconds": one["billed_seconds"] + one["calls"] * seconds,
        "calculated": True,
    }


def minimum(cell: Cell) -> int:
    """The fewest calls that do the work of Tag Findings: list, describe, tag, in the service's batches, and store."""
    amis, each = cell
    return amis * (max(1, ceil(each / 500)) + 2 * ceil(each / 10) + 1)


# ---------------------------------------------------------------- tables


def _name(cell: Cell) -> str:
    return f"{cell[0]} x {cell[1]:,}"


def _calls(ours: dict[Cell, dict[str, Any]], theirs: dict[Cell, dict[str, Any]]) -> Table:
    rows: list[list[Any]] = []
    for cell, mine in ours.items():
        least, old = minimum(cell), theirs[cell]["0"]["tag_calls"]
        made = mine["0"]["tag_calls"] if "0" in mine else None
        over = (made - least) / cell[0] if made is not None else None
        whole = mine["0"]["calls"] if "0" in mine else None
        rows.append(
            [_name(cell), least, made, over, old, old / made if made else None, whole, theirs[cell]["0"]["calls"]]
        )
    columns = ["AMIs x findings", "minimum", "ours", "over the minimum per AMI", "2017", "ratio",
               "ours, whole run", "2017, whole run"]  # fmt: skip
    notes = [
        "Calls of Tag Findings alone, but for the last two columns. Minimum: ceil(n/500) lists, ceil(n/10) describes, "
        "ceil(n/10) attribute calls and one object stored, for each AMI.",
        "Ours reads the run and the AMI's row and writes the row beyond the minimum; 2017 keeps no record.",
        "Cells of 2017 above 5,000 findings are calculated: its calls come one after another and depend on nothing "
        "else. Ours is run up to 50,000 findings, and no figure is given above.",
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


def _totals(ours: dict[Cell, dict[str, Any]], theirs: dict[Cell, dict[str, Any]]) -> Table:
    price = shipped()["lambda_gb_second"]
    rows: list[list[Any]] = []
    for cell, mine in ours.items():
        if "billed" not in mine:
            continue
        one, old = mine["billed"], theirs[cell]["20"]
        rows.append([
            _name(cell), one["billed_seconds"], old["billed_seconds"], old["billed_seconds"] / one["billed_seconds"],
            one["gb_seconds"], one["billed_seconds"] * _OLD_GB, old["billed_seconds"] * _OLD_GB,
            one["gb_seconds"] * price.price, old["billed_seconds"] * _OLD_GB * price.price,
            mine["20"]["peak_mib"], old["peak_mib"],
        ])  # fmt: skip
    columns = ["AMIs x findings", "ours, billed s", "2017, billed s", "ratio", "ours, GB-s", "ours at 512 MB, GB-s",
               "2017 at 512 MB, GB-s", "ours $", "2017 $", "ours, peak MiB", "2017, peak MiB"]  # fmt: skip
    notes = [
        "Lambda seconds of a whole run at 20 ms a call, without cold starts, with one batch of a Map at a time: side "
        "by side, functions would wait here for each other's processor, as they do not in AWS. 2017's four minutes of "
        "sleep are in its own; Lambda would have ended its second function at 300 s then, at 900 s now, which is not "
        "counted.",
        f"Dollars: ${price.price:.10g} per {price.unit}, {price.region}, {price.date}: {price.source}.",
        "Peak memory is that of the whole process, embedded AWS and findings included, not of the function.",
    ]
    return Table("Billed Lambda time and memory", columns, rows, notes)


def _goals(ours: dict[Cell, dict[str, Any]], theirs: dict[Cell, dict[str, Any]]) -> list[Goal]:
    run = [cell for cell in ours if "0" in ours[cell]]
    over = max((ours[cell]["0"]["tag_calls"] - minimum(cell)) / cell[0] for cell in run)
    cell = min(run, key=lambda one: (abs(one[1] - 1000), one[0]))
    faster = theirs[cell]["20"]["tag_seconds"] / ours[cell]["20"]["tag_seconds"]
    fewer = {one: theirs[one]["20"]["billed_seconds"] / ours[one]["billed"]["billed_seconds"] for one in run}
    least, most = min(fewer.values()), max(fewer.values())
    return [
        Goal("tagging: the minimum of API calls + at most 5 per AMI", f"+ {over:.1f}", over <= 5),
        Goal(f"tagging {cell[1]:,} findings at least 8x faster (20 ms)", f"{faster:.1f}x", faster >= 8),
        Goal(
            "at least 100x fewer billed Lambda seconds for a run",
            f"{least:.0f}x to {most:.0f}x",
            least >= 100,
            "" if least >= 100 else
            "2017 sleeps for four minutes however few AMIs it has; ours bills a few calls in each of a dozen short "
            "functions, and 25 calls to tag 100 findings of an AMI. 100x would take a run of 120 calls in 2.4 s: about "
            "20 ms a call, one after another, without any work of our own. With more AMIs 2017's sleep is shared, and "
            "the ratio falls towards that of tagging.",
        ),
    ]  # fmt: skip


# ---------------------------------------------------------------- one cell, in a process of its own


def _run_ours(cell: Cell, latency: int, *, billed: bool = False) -> None:
    with Embedded(world(*cell), parameters={"ClassicEngine": "allowed"}) as aws:
        if billed:
            one_batch_at_a_time(aws)
        aws.put_configuration(PARAMETER, configuration(cell[0], "classic"))
        with metered(aws, latency / 1000) as meter:
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
            billed_seconds=meter.billed_seconds,
            gb_seconds=meter.gb_seconds,
        )


def _seconds_in(events: list[dict[str, Any]], state: str) -> float:
    ends = [
        event["timestamp"]
        for event in events
        for part in ("stateEnteredEventDetails", "stateExitedEventDetails")
        if event.get(part, {}).get("name") == state
    ]
    return float((ends[-1] - ends[0]).total_seconds())


def _run_theirs(cell: Cell, latency: int) -> None:
    content = world(*cell)
    with Embedded(content, parameters={"ClassicEngine": "allowed"}) as aws:
        entries = [{"ami-id": ami, "instanceType": "t3.medium", "userData": ""} for ami in ami_ids(cell[0])]
        aws.put_configuration(PARAMETER, json.dumps(entries))
        complete, results = aws.outputs["CompleteTopicArn"], aws.outputs["ResultsTopicArn"]
        with metered(aws, latency / 1000):
            aws.calls.clear()
            began = time.time()
            run = algorithm_2017.start(aws.client, aws.clock.sleep, PARAMETER, complete)
            billed = time.time() - began
            before = len(_operators(aws))
            aws.clock.sleep(4000)  # the assessment, of which nothing is billed
            began, waited = time.time(), len(_operators(aws))
            counts = algorithm_2017.tag(aws.client, run)
            tag_seconds, tag_calls = time.time() - began, len(_operators(aws)) - waited
            algorithm_2017.report(aws.client, counts, results)
            billed += time.time() - began
            calls = before + len(_operators(aws)) - waited
        expected = [SEVERITY[str(body["severity"])] for body in content.findings_of("")]
        assert [counts[one].total() for one in counts] == [len(expected)] * cell[0]
        answer(calls=calls, tag_calls=tag_calls, tag_seconds=tag_seconds, billed_seconds=billed)


def _operators(aws: Embedded) -> list[Any]:
    return aws.calls.of("")


if __name__ == "__main__":
    who, amis, each, latency = sys.argv[1:]
    at = (int(amis), int(each)), int(latency)
    if who == "theirs":
        _run_theirs(*at)
    else:
        _run_ours(*at, billed=who == "billed")
