"""A program in a pseudo-terminal, whose prompts are answered as a person at the keyboard would."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# `Name [default]: `, or `Parameter NAME: ` where no default is offered
_PROMPT = re.compile(r"^\s*(?:(?:Parameter )?(?P<name>[^:\n]+?) \[.*\]|Parameter (?P<bare>\w+)): \Z", re.MULTILINE)


@dataclass
class Session:
    """What was shown, what was asked (the prompts' names, in order), and the exit status."""

    output: str = ""
    asked: list[str] = field(default_factory=list)
    status: int | None = None


def converse(
    command: Sequence[str],
    answer: Callable[[str], str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    most_prompts: int,
    seconds: float = 240,
) -> Session:
    """Runs a program and types `answer(name)` and Enter at each prompt, such as `Parameter NAME [default]: `.

    Raises AssertionError after `most_prompts` prompts or `seconds` seconds; the program is ended then.
    """
    ours, theirs = pty.openpty()
    session, deadline = Session(), time.monotonic() + seconds
    program = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd, env=dict(env), start_new_session=True
    )
    os.close(theirs)
    try:
        while (text := _read(ours, deadline)) is not None:
            session.output += text
            prompt = _PROMPT.search(session.output)
            if prompt:
                assert len(session.asked) < most_prompts, f"still asks after {most_prompts} prompts:\n{session.output}"
                session.asked.append(prompt["name"] or prompt["bare"])
                os.write(ours, f"{answer(session.asked[-1])}\n".encode())
                session.output += "\n"  # what is echoed is not a prompt
        session.status = program.wait(timeout=60)
    except TimeoutError as error:
        raise AssertionError(f"not over after {seconds} seconds:\n{session.output}") from error
    finally:
        program.kill()
        program.wait()
        os.close(ours)
    return session


def _read(terminal: int, deadline: float) -> str | None:
    """Some of the output without its escape sequences; None at its end."""
    ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
    if not ready:
        raise TimeoutError
    with contextlib.suppress(OSError):  # Linux reports EIO once the other side is closed
        data = os.read(terminal, 65536)
        if data:
            return _ESCAPES.sub("", data.decode(errors="replace")).replace("\r\n", "\n")
    return None
