"""Which of two versions is the higher, as the ecosystems' own programs say: what our order is held against.

Each takes pairs of versions and gives -1, 0 or 1 for each, from one process. `.ci/run` installs them and sets
GOLDEN_AMI_REFEREES, with which one that is missing is a failure and no skip.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

Pairs = Sequence[tuple[str, str]]
SEMVER = Path(__file__).parents[2] / "node_modules" / "semver"
_TIMEOUT = 120  # seconds of real time


def needed(program: str, how: str, *, there: bool = True) -> None:
    """Skip where a referee is not installed, or fail where it has to be."""
    if shutil.which(program) and there:
        return
    reason = f"{program} is not installed as a referee of versions: {how}"
    if os.environ.get("GOLDEN_AMI_REFEREES"):
        pytest.fail(reason)
    pytest.skip(reason)


def rpm(pairs: Pairs) -> list[int]:
    """By `rpm.vercmp`, which takes epoch, version and release."""
    needed("rpm", "apt-get install rpm")
    lines = " ".join(f"print(rpm.vercmp('{one}', '{other}')..' ')" for one, other in pairs)
    return [int(number) for number in _output(["rpm", "--eval", f"%{{lua:{lines}}}"]).split()]


def dpkg(pairs: Pairs) -> list[int]:
    """By `dpkg --compare-versions`."""
    needed("dpkg", "it is part of Debian")
    script = (
        "while read -r one other; do if dpkg --compare-versions $one lt $other; then echo -1;"
        " elif dpkg --compare-versions $one gt $other; then echo 1; else echo 0; fi; done"
    )
    return [int(line) for line in _output(["bash", "-c", script], _lines(pairs)).split()]


def npm(pairs: Pairs) -> list[int]:
    """By npm's own library, `semver`."""
    needed("node", "apt-get install npm, then make node_modules/.installed", there=SEMVER.exists())
    script = (
        f"const s = require({json.dumps(str(SEMVER))});"
        "const pairs = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(pairs.map(([a, b]) => s.compare(a, b))))"
    )
    found: list[int] = json.loads(_output(["node", "-e", script], json.dumps(pairs)))
    return found


def _lines(pairs: Pairs) -> str:
    return "".join(f"{one} {other}\n" for one, other in pairs)


def _output(command: Sequence[str], given: str = "") -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
