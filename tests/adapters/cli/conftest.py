"""One served account for each module of tests, and the command line against it."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from patience import HANGS

from golden_ami_cli.main import main

SPEED = "900"  # a boot wait of an hour lasts four seconds; a run of the sample, about one


@dataclass(frozen=True)
class Ended:
    """A command that is over."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed with --output json."""
        assert self.out, (self.status, self.err)
        return json.loads(self.out)


@dataclass(frozen=True)
class Served:
    """An embedded AWS in another process, with the environment that its clients need."""

    environment: dict[str, str]

    def command(self, *arguments: str, timeout: float = HANGS) -> Ended:
        """Any program that uses AWS."""
        ended = subprocess.run(
            arguments, env=os.environ | self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def golden_ami(self, *arguments: str) -> Ended:
        """Our own command line."""
        return golden_ami(*arguments, environment=self.environment)


def golden_ami(*arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> Ended:
    """Our own command line, in this process: starting one takes longer than most commands."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["golden-ami", *arguments])
        status = _status()
    return Ended(status, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def _status() -> int:
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    except Exception:  # noqa: BLE001 -- --debug lets them through, and Python would print them
        traceback.print_exc()
        return 1
    return 0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`golden-ami local serve` on a free port."""
    with serving(SPEED, tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture
def unhurried(tmp_path: Path) -> Iterator[Served]:
    """The same, with time at its usual pace."""
    with serving("1", tmp_path / "served") as server:
        yield server


@contextmanager
def serving(speed: str, workspace: Path) -> Iterator[Served]:
    """`golden-ami local serve` at a speed, until the context ends."""
    command = [sys.executable, "-m", "golden_ami_cli", "local", "serve", "--speed", speed]
    command += ["--workspace", str(workspace)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            yield Served(_environment(server))
        finally:
            server.terminate()
            _, said = server.communicate(timeout=HANGS)
    assert said.strip() == "stopped"
    assert server.returncode == 0


def _environment(server: subprocess.Popen[str]) -> dict[str, str]:
    """What the server tells its clients to set, as its lines tell them to."""
    assert server.stdout is not None
    environment = {"NO_COLOR": "1", "AWS_PAGER": ""}
    for line in server.stdout:
        if line.startswith("# Serving"):
            return environment
        environment |= dict(re.findall(r"(\w+)=(\S+)", line)) if line.startswith("export ") else {}
    raise AssertionError(f"the server did not start: {server.stderr.read() if server.stderr else ''}")
