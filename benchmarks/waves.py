"""Section 7: instance minutes, the bill of a run; and a run that an account's quota of vCPUs makes go in waves."""

from __future__ import annotations

import json
import sys
from typing import Any

from benchmarks.processes import answer, fresh
from benchmarks.tables import Goal, Section, Table
from benchmarks.worlds import configuration, world
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_emulator.embedded import Embedded

_BEYOND = 2.0  # minutes an AMI, beyond boot, agent and scan
_PARAMETERS = {"VpcCidr": "10.66.0.0/18"}  # a /24, the default, holds 251 instances


def measure(quick: bool) -> Section:
    """Engine instance; t3.medium has two vCPUs. 0 is no quota."""
    sizes = [(1, 0)] if quick else [(1, 0), (40, 0), (200, 0), (200, 8)]
    runs = {size: fresh("waves", *size, timeout=3 * 3600) for size in sizes}
    rows: list[list[Any]] = [
        [amis, quota or "none", *(one[name] for name in ("waves", "hours", "events", "assessed", "minutes", "beyond"))]
        for (amis, quota), one in runs.items()
    ]
    columns = ["AMIs", "vCPUs", "waves", "hours", "events", "assessed", "minutes of an instance", "of these beyond"]
    notes = [
        "Emulated hours, with the emulator's own times: boot and agent a minute or two, a scan 15 minutes. Minutes are "
        "the mean of all AMIs, from launch to termination; beyond are those after the end of an AMI's scan.",
    ]
    most = max(one["beyond"] for one in runs.values())
    (amis, quota), last = list(runs.items())[-1]
    goals = [
        Goal(f"at most {_BEYOND:g} minutes an AMI beyond boot, agent and scan", f"{most:.2f} at most", most <= _BEYOND),
        Goal(f"{amis} AMIs on {quota or 'any number of'} vCPUs all assessed", str(last["assessed"]),
             last["assessed"] == amis),
    ]  # fmt: skip
    return Section("Instances", [Table("Instance minutes, and waves within a quota", columns, rows, notes)], goals)


# ---------------------------------------------------------------- one run, in a process of its own


def _run(amis: int, quota: int) -> None:
    account = world(amis, 10)
    account.vcpu_quota = quota or None
    with Embedded(account, parameters=_PARAMETERS) as aws:
        put_configuration(aws, configuration(amis, "instance"))
        run = aws.run({"AMIsParamName": PARAMETER}, "waves")
        assert run["status"] == "SUCCEEDED", run
        body = aws.client("s3").get_object(Bucket=aws.outputs["ReportBucket"], Key="runs/waves/report.json")["Body"]
        rows = json.loads(body.read())["amis"]
        history = aws.history(run["executionArn"])
        entered = [event.get("stateEnteredEventDetails", {}).get("name") for event in history]
        answer(
            waves=entered.count("Launch Instances"),
            hours=(run["stopDate"] - run["startDate"]).total_seconds() / 3600,
            events=len(history),
            assessed=sum(ami["verdict"] != "NOT_ASSESSED" for ami in rows),
            minutes=sum(ami["instanceMinutes"] for ami in rows) / amis,
            beyond=sum(ami["idleMinutes"] for ami in rows) / amis,
        )


if __name__ == "__main__":
    _run(int(sys.argv[1]), int(sys.argv[2]))
