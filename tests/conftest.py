"""Fixtures for all tests: an embedded AWS account for as long as a test runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from hypothesis import HealthCheck, settings

from golden_ami.parallel import POOL
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import World

# The same examples each time: what passes once passes everywhere. HYPOTHESIS_PROFILE=default searches anew.
# No deadline and no check of speed: both would fail on a busy machine.
_slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("default", _slow)
settings.register_profile("repeatable", _slow, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# The interpreters that judge the definition, by the test that asks each.
_JUDGES = {
    "tests/statemachine/test_scenarios.py::test_a_scenario[": "scenarios, embedded AWS",
    "tests/statemachine/test_states.py::test_a_state[": "states, embedded AWS",
    "tests/interpreters/test_aws_local_stepfunctions.py::test_a_scenario[": "scenarios, aws-local-stepfunctions",
    "tests/interpreters/test_aws_local_stepfunctions.py::test_a_state[": "states, aws-local-stepfunctions",
    "tests/interpreters/test_localstack.py::test_a_scenario[": "scenarios, LocalStack",
    "tests/interpreters/test_localstack.py::test_a_state": "states, LocalStack",
    "tests/interpreters/test_localstack_stack.py::": "stacks, LocalStack",
    "tests/sfn_local/test_sfn_local.py::test_a_scenario[": "scenarios, Step Functions Local",
    "tests/live/test_states.py::test_a_state[": "states, AWS",
}


@pytest.fixture(autouse=True, scope="session")
def _clients_before_threads() -> Iterator[None]:
    """No client is made in a thread of `side_by_side`: botocore's sessions are not safe to share between threads."""
    make = Session.create_client

    def made(session: Any, *args: Any, **kwargs: Any) -> Any:
        assert not threading.current_thread().name.startswith(POOL), f"client {args} is made in a pool's thread"
        return make(session, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "create_client", made)
        yield


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the person's own workspace, or another test's."""
    state = tmp_path_factory.getbasetemp() / f"state-{next(_states)}"  # made by whom it serves
    monkeypatch.setenv("XDG_STATE_HOME", str(state))


_states = count(1)
OpenEmbedded = Callable[..., Embedded]


@pytest.fixture
def embedded() -> Iterator[OpenEmbedded]:
    """A factory: `embedded(world=..., parameters=..., template=...)` opens the account and closes it after the test.

    Only one is open at a time: a second call closes the first.
    """
    with ExitStack() as stack:

        def open_embedded(world: World | None = None, **options: Any) -> Embedded:
            stack.close()
            return stack.enter_context(Embedded(world or World(images=[], findings={}), **options))

        yield open_embedded


@pytest.fixture
def project(tmp_path: Path) -> Callable[[str, Mapping[str, str]], Path]:
    """A factory: `project(template, {"folder/app.py": code})` writes a SAM project; the path of its template."""

    def write(template: str, functions: Mapping[str, str]) -> Path:
        for name, code in functions.items():
            file = tmp_path / "functions" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            (file.parent / "__init__.py").touch()
            file.write_text(code)
        path = tmp_path / "template.yaml"
        path.write_text(template)
        return path

    return write


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many scenarios and states each interpreter has judged, where more than one of them was asked."""
    lines = []
    for test, judge in _JUDGES.items():
        counts = {
            outcome: sum(report.nodeid.startswith(test) for report in terminalreporter.getreports(outcome))
            for outcome in ("passed", "failed", "error", "skipped")
        }
        told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
        lines += [f"{judge}: {told}"] if told else []
    if len(lines) > 1:
        terminalreporter.section("interpreters")
        terminalreporter.write_line("\n".join(lines))
