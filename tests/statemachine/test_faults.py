"""The matrix of docs/reliability.md: faults in whole runs, and the six guarantees after each.

Every fault is tried here with one engine at least, by turns; the page has all engines. One account serves all runs of
an engine.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from golden_ami.evaluation.policy import Tolerance
from golden_ami.models import Engine
from golden_ami_cli.assessing.assessment import assess_locally
from golden_ami_cli.assessing.inputs import Inputs
from golden_ami_cli.console import stderr
from golden_ami_cli.errors import UsageError
from golden_ami_emulator.chaos.bench import Bench, Trial
from golden_ami_emulator.chaos.guarantees import harmless, unreached, violations
from golden_ami_emulator.chaos.oracle import FAR_OFF
from golden_ami_emulator.chaos.runs import ENGINES, case, hold, seeds
from golden_ami_emulator.chaos.runs import IMAGES as IMAGES_OF_CHAOS
from golden_ami_emulator.chaos.worlds import OWNERS, TOPIC, Plan, ami_id, place_of, world
from golden_ami_emulator.faults import UnknownFault, catalogue, chosen, executions


def _module(path: Path) -> Any:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


ROOT = Path(__file__).parents[2]
generate_reliability = _module(ROOT / "docs" / "generate_reliability.py")
IMAGES = 12


def cells() -> Iterator[tuple[Engine, str]]:
    """Every fault once, with the engines by turns; messages, which differ by engine, with each."""
    for number, fault in enumerate(catalogue().values()):
        fitting = [engine for engine in ENGINES if engine in fault.engines]
        for engine in fitting if fault.name.startswith("message.completion-f") else [fitting[number % len(fitting)]]:
            yield engine, fault.name


CELLS = sorted(cells())


@pytest.fixture(scope="module")
def benches() -> Iterator[dict[str, Bench]]:
    """The open account, by engine; only one is open at a time, so the cells come sorted by engine."""
    opened: dict[str, Bench] = {}
    yield opened
    for bench in opened.values():
        bench.__exit__()


@pytest.fixture
def bench(benches: dict[str, Bench], engine: str) -> Bench:
    if engine not in benches:
        for other in benches.values():
            other.__exit__()
        benches.clear()
        benches[engine] = Bench(world(IMAGES, 1)).__enter__()
    return benches[engine]


def held(bench: Bench, engine: Engine, *names: str, replay: bool = False, at_once: int = 1, **more: Any) -> Trial:
    faults = chosen(names)
    count = max((fault.amis for fault in faults), default=2)
    amis = [ami_id(1 + (len("".join(names[:1])) + at) % IMAGES) for at in range(count)]
    return bench.trial([Plan(dict.fromkeys(amis, engine))] * at_once, faults, replay=replay, **more)


# Whether an AMI is assessed all the same is here a matter of random back-off, or of threads.
UNSTEADY = (".failing", "execution.aborted-in-tag", "execution.aborted-in-launch", "execution.aborted-in-terminate")
PAGE = generate_reliability.recorded(generate_reliability.PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("engine", "name"), CELLS)
def test_the_guarantees_hold(bench: Bench, engine: Engine, name: str) -> None:
    trial = held(bench, engine, name)
    assert unreached(trial) == [], "the fault did not strike: the cell shows nothing"
    assert [*map(str, violations(trial, bench.world)), *map(str, harmless(trial))] == []
    written = PAGE[engine, name]
    assert written in (generate_reliability.ASSESSED, generate_reliability.NAMED)
    if not any(part in name for part in UNSTEADY):
        assert written == generate_reliability.mark(trial, []), "run docs/generate_reliability.py"


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_two_runs_at_once_do_not_touch_each_other(bench: Bench, engine: Engine) -> None:
    trial = held(bench, engine, "message.completion-twice", at_once=2)
    assert [*map(str, violations(trial, bench.world))] == []
    verdicts = [{ami.verdict for ami in run.report.amis} for run in trial.runs if run.report]
    assessed = sum("NOT_ASSESSED" not in each for each in verdicts)
    assert assessed == (1 if engine == "classic" else 2), "Classic's target serves one run; the other says so"


@pytest.mark.parametrize("engine", sorted(ENGINES))
@pytest.mark.parametrize("name", ["message.completion-twice", "aggregate.denied", "tag-findings.denied"])
def test_a_second_invocation_of_every_task_changes_nothing(bench: Bench, engine: Engine, name: str) -> None:
    trial = held(bench, engine, name, replay=True)
    assert trial.replayed
    assert [*map(str, violations(trial, bench.world))] == []


@pytest.mark.parametrize("engine", ["instance"])
def test_a_message_that_nobody_can_take_ends_in_the_dead_letter_queue(bench: Bench, engine: Engine) -> None:
    trial = held(bench, engine, "resume.timed-out")
    assert trial.dead_letters >= 1
    assert [ami.verdict for ami in trial.runs[0].report.amis if trial.runs[0].report].count("NOT_ASSESSED") == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("engine", ["instance"])
def test_the_same_name_starts_nothing_twice(bench: Bench, engine: Engine) -> None:
    trial = held(bench, engine, "message.completion-twice")
    run = trial.runs[0]
    errors = bench.aws.client("stepfunctions").exceptions
    with pytest.raises(errors.ExecutionAlreadyExists):
        bench.aws.start({"AMIsParamName": "another"}, run.run_id)
    assert len(bench._instances(run.run_id)) == len(run.plan.amis)


# ---------------------------------------------------------------- programs that are broken on purpose


def found(bench: Bench, trial: Trial) -> set[tuple[int, str]]:
    """The guarantees that a trial shows to be broken."""
    return {(one.guarantee, one.kind) for one in violations(trial, bench.world)}


@pytest.mark.parametrize("engine", ["instance"])
def test_a_token_that_differs_with_each_retry_is_seen(
    bench: Bench, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("golden_ami.instances.launch.client_token", lambda *_, **__: uuid4().hex)
    monkeypatch.setattr("golden_ami.instances.launch.may_be_unlisted", lambda _: False)  # which would wait, and give up
    assert (6, "duplicated") in found(bench, held(bench, engine, "ec2.launch-listed-late"))


@pytest.mark.parametrize("engine", ["instance"])
def test_a_reaper_that_ends_running_runs_is_seen(bench: Bench, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(bench, held(bench, engine, reap_after=900)) == set()
    monkeypatch.setattr("golden_ami.instances.reaping.Runs._ask_status", lambda *_: "FAILED")
    assert (5, "wrongVerdict") in found(bench, held(bench, engine, reap_after=900))


@pytest.mark.parametrize("engine", ["instance"])
def test_a_reaper_that_is_blind_to_ended_runs_is_seen(
    bench: Bench, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("golden_ami.instances.reaping.Runs._ask_status", lambda *_: "RUNNING")
    assert (1, "orphans") in found(bench, held(bench, engine, "on-execution-end.terminates-nothing"))


_FAR = {"reason": "r", "owner": "o", "expires": FAR_OFF}
EXCEPTED = {"exceptions": [{"vulnerability": "CVE-2026-1000", "scope": {"ami": ami_id(99)}, **_FAR}]}
ROUTED = {"routes": {OWNERS[0]: TOPIC}}
BROKEN = [
    ("golden_ami.evaluation.evaluate.tolerance", lambda *_: Tolerance("no"), {}, (4, "wrongVerdict")),
    ("golden_ami.evaluation.evaluate.rule_met", lambda *_: "", {}, (4, "wrongVerdict")),
    ("golden_ami.evaluation.exceptions.covers", lambda *_: True, EXCEPTED, (4, "wrongVerdict")),
    ("golden_ami.report.actions.act._tag", lambda *_: "", {"act": {"tagAmis": True, "dryRun": False}}, (2, "lost")),
    ("golden_ami.report.notify._routes", lambda *_: {}, ROUTED, (2, "lost")),
    ("golden_ami.report.notify.of_owner", lambda report, _: report, ROUTED, (5, "wrongVerdict")),
]


@pytest.mark.parametrize("engine", ["instance"])
@pytest.mark.parametrize(("name", "broken", "settings", "guarantee"), BROKEN)
def test_a_program_that_does_not_do_as_configured_is_seen(
    bench: Bench, engine: Engine, name: str, broken: Any, settings: Any, guarantee: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = [Plan(dict.fromkeys(map(ami_id, range(1, 9)), engine), settings=settings)]
    assert found(bench, bench.trial(plan, [])) == set()
    monkeypatch.setattr(name, broken)
    assert guarantee in found(bench, bench.trial(plan, []))


# ---------------------------------------------------------------- the catalogue and chaos themselves


def test_the_matrix_has_every_fault() -> None:
    assert {name for _, name in CELLS} == set(catalogue())
    assert len(CELLS) >= 60


def test_the_page_has_every_fault_as_the_catalogue_tells_it() -> None:
    page = generate_reliability.PAGE.read_text(encoding="utf-8")
    assert set(PAGE) == {(engine, name) for engine in ENGINES for name in catalogue()}
    assert all(f"| `{name}` | {fault.about} |" in page for name, fault in catalogue().items())
    for (engine, name), written in PAGE.items():
        assert (written == generate_reliability.NOT_APPLICABLE) == (engine not in catalogue()[name].engines)


def test_every_state_can_be_aborted() -> None:
    definition = json.loads((ROOT / "statemachine" / "assessment.asl.json").read_text())["States"]
    ends = {"End As Duplicate", "Assessment Complete", "Assessment Failed", "Report Failed"}
    elsewhere = {"Loading Failed", "Wait For Room"}  # after a fault, and where a quota leaves no room
    assert set(definition) - ends - elsewhere <= set(executions.states())
    assert all(f"execution.aborted-in-{executions.named(state)}" in catalogue() for state in executions.states())


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(UnknownFault, match=r"ec2\.flood"):
        chosen(["ec2.flood"])
    inputs = Inputs.read(None, None, None)
    with pytest.raises(UsageError, match=r"--fault ec2\.flood: no such fault"):
        assess_locally(inputs, stderr(), faults=["ec2.flood"])


def test_a_seed_stands_for_one_case() -> None:
    own = seeds(7, 50)
    assert own[0] == 7
    assert len(set(own)) == 50
    assert seeds(own[3], 1) == [own[3]]
    assert case(own[3]) == case(own[3])
    cases = [case(seed) for seed in seeds(7, 400)]
    sizes = {len(each.plans[0].engines) for each in cases}
    assert min(sizes) == 1
    assert max(sizes) > 40
    drawn = {name for each in cases for plan in each.plans for name in plan.settings}
    assert drawn == {"policy", "exceptions", "routes", "act"}
    rules = {
        name for each in cases for plan in each.plans for name in plan.settings.get("policy", {}).get("failOn", ())
    }
    assert rules == {"severities", "knownExploited", "exploitAvailable", "epss"}
    amis = {ami for each in cases for plan in each.plans for ami in plan.engines}
    assert len({place_of(ami) for ami in amis}) == 2
    assert ami_id(IMAGES_OF_CHAOS + 1) in amis, "the one with more than 1,000 findings"
    assert {each.reap_after < 600 for each in cases} == {True, False}


def test_chaos_finds_nothing_in_a_few_runs(benches: dict[str, Bench]) -> None:
    for bench in benches.values():
        bench.__exit__()
    benches.clear()
    tally = hold([2_000_000_011, 2_000_000_033, 2_000_000_055])
    assert (tally.runs, tally.failures) == (3, [])
