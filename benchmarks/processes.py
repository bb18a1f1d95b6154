"""Each measurement in a process of its own, so that none pays for or profits from another."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def fresh(module: str, *arguments: object, timeout: float = 900) -> dict[str, Any]:
    """Run `python -m benchmarks.<module> arguments`; the JSON object that it prints last.

    Raises RuntimeError with the process's own words when it fails.
    """
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    path = os.pathsep.join(str(ROOT / folder) for folder in ("functions", "cli", "emulator", ""))
    environment = os.environ | {"PYTHONPATH": path, "POWERTOOLS_LOG_LEVEL": "ERROR"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=timeout)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def answer(**measured: Any) -> None:
    """Print what the parent process reads, with this process's peak memory."""
    print(json.dumps(measured | {"peak_mib": peak_mib()}))


def peak_mib() -> float:
    """Peak resident memory of this process, or of the largest that it has waited for, MiB.

    Linux's VmHWM, not ru_maxrss, which begins with what the process that started this one had.
    """
    status = Path("/proc/self/status").read_text()
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))  # KiB
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def cpu_seconds(command: Sequence[str], cwd: Path = ROOT) -> tuple[float, float]:
    """Wall and CPU seconds of a command and its children. Raises CalledProcessError."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = time.perf_counter() - began
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
