"""Section 4: how long a handler takes to its first client in a fresh interpreter, against boto3 and that client."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.tables import Goal, Section, Table

FUNCTIONS = ROOT / "functions"
_RATIO = 1.15
_ROUNDS = 7
_TIMER = """
import time; began = time.perf_counter()
{0}
print(time.perf_counter() - began)
"""
_OURS = "import handlers.{0}; from golden_ami.lambda_handler import _stack; _stack(()).clients.client('{1}')"
_ALONE = "import boto3; boto3.session.Session().client('{0}', region_name='us-east-1')"
# The client that a function makes first: the ledger's; the reaper has none.
_SERVICE = {"reap": "ec2"}
_REFUSED = ("load_config", "; import jsonschema", "load_config, configuration refused")


def measure(quick: bool) -> Section:
    """The quickest of several fresh interpreters, handler and baseline in turn."""
    folders = sorted(path.stem for path in FUNCTIONS.glob("handlers/[!_]*.py"))
    rounds = 1 if quick else _ROUNDS
    rows: list[list[str | int | float | None]] = []
    for folder in folders[:2] if quick else folders:
        rows.append(_row(rounds, folder))
    slowest = max(rows, key=lambda row: float(row[4] or 0))
    worst = float(slowest[4] or 0)
    if not quick:
        rows.append(_row(rounds, *_REFUSED))
    tables = [
        Table("Cold start", ["handler", "client", "handler + client ms", "boto3 + client ms", "ratio"], rows, _NOTES)
    ]
    why = "" if worst <= _RATIO else (
        f"The worst is {slowest[0]}. The functions leave boto3, its DynamoDB types and jsonschema out. What remains "
        "beside botocore is Powertools' logger, msgspec's models and our own modules."
    )  # fmt: skip
    goals = [Goal(f"import at most {_RATIO}x of boto3 and the client", f"{worst:.2f}x at most", worst <= _RATIO, why)]
    if not quick and (size := _zip()):
        tables.append(size)
    return Section("Cold start", tables, goals)


_NOTES = [
    f"Milliseconds in a fresh interpreter with compiled modules, the quickest of {_ROUNDS} with the two in turn; on "
    "this machine, not in Lambda. The client is the one that the function makes first, as it makes it.",
    "The last row: jsonschema is loaded only to explain what is wrong with a configuration, in a run that ends so; it "
    "is not counted for the goal.",
    "Which modules each handler may load is held by tests/template/test_imports.py.",
]


def _row(rounds: int, folder: str, later: str = "", title: str = "") -> list[str | int | float | None]:
    service = _SERVICE.get(folder, "dynamodb")
    ours, alone = _quickest(rounds, _OURS.format(folder, service) + later, _ALONE.format(service))
    return [title or folder, service, ours * 1000, alone * 1000, ours / alone]


def _quickest(rounds: int, *codes: str) -> list[float]:
    times: list[list[float]] = [[] for _ in codes]
    for number in range(rounds + 1):
        for code, found in zip(codes, times, strict=True):
            seconds = _seconds(code)
            if number or not rounds - 1:  # the first one compiles
                found.append(seconds)
    return [min(found) for found in times]


def _seconds(code: str) -> float:
    environment = {"PYTHONPATH": str(FUNCTIONS), "PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "x",
                   "AWS_REGION": "us-east-1", "ACCOUNT_ID": "123456789012", "LEDGER_TABLE": "ledger",
                   "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", _TIMER.format(code)], capture_output=True, text=True, check=True, cwd=FUNCTIONS,
        env=environment,
    )  # fmt: skip
    return float(done.stdout)


def _zip() -> Table | None:
    """The zip as `sam build` makes it; None where the packages cannot be had (they are downloaded)."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("zip_size.py"))], capture_output=True, text=True
    )
    found = re.findall(r"^(zip|unzipped): ([\d.]+) MiB of ([\d.]+) MiB", done.stdout, re.MULTILINE)
    if not found:
        return None
    rows: list[list[str | int | float | None]] = [[what, float(size), float(limit)] for what, size, limit in found]
    return Table("The Lambda zip", ["", "MiB", "Lambda's limit MiB"], rows, ["arm64, Python 3.13, from the lock."])
