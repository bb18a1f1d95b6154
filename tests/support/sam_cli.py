"""AWS SAM CLI as a user runs it: the program of .venv-sam, in a copy of the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAM = ROOT / ".venv-sam" / "bin" / "sam"
RUNTIME = "python3.13"  # as in template.yaml
MISSING = "" if SAM.exists() else "AWS SAM CLI is not installed; `make test-sam` installs it into .venv-sam"
_PROJECT = ("template.yaml", "samconfig.yaml", ".gitignore", "functions", "statemachine")


def copy_project(folder: Path) -> Path:
    """What `sam` reads of the project, in a folder; nothing that an earlier build or a user's answers left."""
    folder.mkdir()
    for name in _PROJECT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


def environment(state: Path, endpoint: str = "http://127.0.0.1:9") -> dict[str, str]:
    """Variables for `sam` and `aws`: credentials that work nowhere, an AWS on loopback, no telemetry.

    `state`: a folder for what SAM CLI keeps of itself. The default endpoint is the discard port: whoever calls AWS
    unasked is refused.
    """
    state.mkdir(exist_ok=True)
    # SAM CLI looks for a newer version of itself once a week; it has just done so
    (state / "metadata.json").write_text(json.dumps({"telemetryEnabled": False, "lastVersionCheck": time.time()}))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_", "PYTHON"))}
    return inherited | {
        "__SAM_CLI_APP_DIR": str(state),
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": str(state / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(state / "none"),
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "NO_PROXY": "127.0.0.1",
        "TERM": "dumb",
        "COLUMNS": "200",
    }


def sam(*words: str, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs `sam`; standard output and error are one text."""
    return subprocess.run(
        [str(SAM), *words],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=1500,  # the build downloads
        check=False,
    )


def runtime_is_found(env: Mapping[str, str]) -> bool:
    """Whether the Python that the functions run on is on the PATH and really runs (a shim may not)."""
    program = shutil.which(RUNTIME, path=env["PATH"])
    return bool(program) and subprocess.run([str(program), "-c", ""], env=dict(env), check=False).returncode == 0
