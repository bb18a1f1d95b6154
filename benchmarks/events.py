"""Section 6: a burst of findings that come as events, in an account that runs few invocations at once."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import Any

from benchmarks.processes import answer, fresh
from benchmarks.tables import Goal, Section, Table
from benchmarks.worlds import configuration, world
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_emulator.embedded import Embedded

_AT_ONCE = 10  # invocations of a new account
_HELD = 0.5  # seconds that each takes at least
_AFTERWARDS = 7 * 3600  # an asynchronous event that is throttled is tried for six hours


def measure(quick: bool) -> Section:
    """On-demand scans of all AMIs end at the same instant."""
    sizes = [(2, 20)] if quick else [(10, 100), (100, 1000)]
    rows = [_row(amis, each, fresh("events", amis, each, timeout=3 * 3600)) for amis, each in sizes]
    columns = ["AMIs", "findings", "seconds of the run", "batches", "objects", "ours throttled", "assessed"]
    notes = [
        f"An account that runs {_AT_ONCE} invocations at once, each of which takes {_HELD} s at least. Emulated "
        "seconds, with 15 minutes of scanning. Batches are invocations of store_findings. Ours throttled: invocations "
        "of the state machine's functions that found none of the ten free and were tried again.",
    ]
    last = rows[-1]
    aim = f"{last[1]:,} findings of {last[0]} AMIs cost no AMI its verdict"
    goal = Goal(aim, f"{last[-1]} assessed", last[-1] == last[0])
    return Section("A burst of findings", [Table("On-demand scans that end together", columns, rows, notes)], [goal])


def _row(amis: int, each: int, one: dict[str, Any]) -> list[Any]:
    names = ("seconds", "batches", "objects", "throttled", "assessed")
    return [amis, amis * each, *(one[name] for name in names)]


# ---------------------------------------------------------------- one run, in a process of its own


def _run(amis: int, each: int) -> None:
    with Embedded(world(amis, each)) as aws:
        put_configuration(aws, configuration(amis, "ami"))
        concurrency = aws.functions.concurrency
        concurrency.limit, concurrency.held = _AT_ONCE, _HELD
        began = time.time()
        run = aws.run({"AMIsParamName": PARAMETER}, "burst")
        seconds = round(time.time() - began)
        assert run["status"] == "SUCCEEDED", run
        throttled = {aws.function_of(name): number for name, number in concurrency.throttles.items()}
        aws.clock.sleep(_AFTERWARDS)
        invoked = {aws.function_of(name): number for name, number in concurrency.invocations.items()}
        s3, bucket = aws.client("s3"), aws.outputs["ReportBucket"]
        report = json.loads(s3.get_object(Bucket=bucket, Key="runs/burst/report.json")["Body"].read())
        verdicts = Counter(ami["verdict"] for ami in report["amis"])
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="scans/")
        answer(
            seconds=seconds,
            batches=invoked["store-findings"],
            objects=sum(page["KeyCount"] for page in pages),
            throttled=sum(number for name, number in throttled.items() if name not in ("store-findings", "resume")),
            assessed=amis - verdicts["NOT_ASSESSED"],
        )


if __name__ == "__main__":
    _run(int(sys.argv[1]), int(sys.argv[2]))
