"""What a run is expected to use: arithmetic, prices with their sources, and nothing known that is not."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami.models import Ami, AmiEntry, Config, Reason, Waits
from golden_ami_cli.errors import BadFile
from golden_ami_cli.estimate.command import estimate, invocations, lambda_gb_seconds, prices, transitions
from golden_ami_cli.estimate.lines import Line
from golden_ami_cli.estimate.usage import used_by

ROOT = Path(__file__).parents[3]


def ami(number: int, engine: Any = "instance", kind: str = "t3.small", **fields: Any) -> Ami:
    ami_id = f"ami-{number:017x}"
    entry = AmiEntry(ami_id=ami_id, instance_type=kind)
    return Ami(
        run_id="run", batch=ami_id, key=ami_id, ami_id=ami_id, entry=entry, engine=engine, region="us-east-1",
        account="123456789012", volumes={"/dev/xvda": 8}, **fields,
    )  # fmt: skip


def by_name(lines: list[Line]) -> dict[str, Line]:
    return {line.what: line for line in lines}


# States entered, counted by hand along the definition: Load Config, Anything To Assess?, Ensure Target Template, Needs
# Instances?, Launch Instances, Launch Batch of each, Wait For Boot, Check Agents, Agents Ready?, Start Run, Check Run,
# Run Over?, Tag Findings, Tag Batch of each, Terminate, Aggregate, Succeeded?, Assessment Complete.
@pytest.mark.parametrize(
    ("batches", "instances", "looks", "expected"),
    [(1, True, 1, 18), (5, True, 1, 26), (5, True, 3, 32), (1, False, 1, 13), (40, False, 1, 52), (0, False, 1, 5)],
)
def test_transitions_of_a_good_run(batches: int, instances: bool, looks: int, expected: int) -> None:
    assert transitions(batches, instances=instances, looks=looks) == expected


def test_a_wait_for_agents_is_three_transitions() -> None:
    assert transitions(5, instances=True, agent_polls=2) - transitions(5, instances=True) == 6


def test_least_and_most_follow_the_waits() -> None:
    waits = Waits(boot_seconds=60, agent_deadline_seconds=120, agent_poll_seconds=60, poll_seconds=300,
                  completion_deadline_seconds=600)  # fmt: skip
    lines = by_name(estimate(Config(waits=waits), [ami(1), ami(2), ami(3, kind="m5.large")], prices()))
    assert (lines["2 x t3.small"].least, lines["2 x t3.small"].most) == (2, 26)
    assert (lines["1 x m5.large"].least, lines["1 x m5.large"].most) == (1, 13)
    assert (lines["Volumes"].least, lines["Volumes"].most) == (24, 312)
    assert lines["State transitions"].most == transitions(3, instances=True, looks=2, agent_polls=2)


def test_amis_that_are_not_assessed_cost_nothing_more() -> None:
    lost = ami(1, reason=Reason(code="AMI_NOT_FOUND", message="m", remedy="r"))
    assert by_name(estimate(Config(), [lost], prices()))["State transitions"].most == 5


def test_on_demand_scans_need_no_instance() -> None:
    lines = by_name(estimate(Config(), [ami(1, "ami"), ami(2, "ami")], prices()))
    assert set(lines) == {"State transitions", "Lambda", "Inspector, on demand"}
    assert (lines["Inspector, on demand"].least, lines["Inspector, on demand"].most) == (2, 2)


@given(
    st.lists(
        st.tuples(st.sampled_from(["instance", "ami", "classic"]), st.sampled_from(["t3.small", "m5.large"])),
        max_size=60,
    )
)
def test_least_is_never_above_most_and_costs_follow_amounts(kinds: list[tuple[str, str]]) -> None:
    for line in estimate(Config(), [ami(number, *kind) for number, kind in enumerate(kinds)], prices()):
        assert 0 <= line.least <= line.most
        if line.least_cost is not None:
            assert line.most_cost is not None
            assert 0 <= line.least_cost <= line.most_cost


def test_shipped_prices_have_a_source_and_a_date() -> None:
    for price in prices().values():
        assert price.source.startswith("https://")
        assert price.date >= "2024"
        assert price.region
    shipped = tomllib.loads((ROOT / "cli/golden_ami_cli/estimate/prices.toml").read_text())
    assert shipped["step_functions_transition"]["price"] * 1000 == pytest.approx(0.025)


def test_an_unknown_price_is_said_to_be_unknown_and_an_override_is_used(tmp_path: Path) -> None:
    line = by_name(estimate(Config(), [ami(1)], prices()))["1 x t3.small"]
    assert (line.least_cost, line.price.split(";")[0]) == (None, "unknown")
    file = tmp_path / "prices.toml"
    file.write_text(
        '[instance_hour."t3.small"]\nprice = 0.03\nunit = "hour"\nsource = "our contract"\ndate = 2026-11-01\n'
    )
    line = by_name(estimate(Config(waits=Waits(boot_seconds=3600)), [ami(1)], prices(file)))["1 x t3.small"]
    assert line.least_cost == pytest.approx(0.03)
    assert "our contract" in line.price


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[nonesuch]\nprice = 1", "nonesuch"),
        ('[volume_gib_month]\nprice = "1"\nsource = "s"', "volume_gib_month.price"),
        ('[volume_gib_month]\nprice = -1\nsource = "s"', "volume_gib_month.price"),
        ("[volume_gib_month]\nprice = 1", "volume_gib_month.source"),
        ("price = ", "file"),
        ("lambda_gb_second = 3", "lambda_gb_second.price"),
    ],
)
def test_a_bad_table_of_prices_is_named(tmp_path: Path, text: str, field: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(BadFile, match=field):
        prices(file)


START = datetime(2026, 11, 1, 12, tzinfo=UTC)


def event(number: int, kind: str, second: float, previous: int = 0, **details: Any) -> dict[str, Any]:
    return {
        "id": number,
        "type": kind,
        "timestamp": START + timedelta(seconds=second),
        "previousEventId": previous,
        **details,
    }


def scheduled(number: int, second: float, function: str) -> dict[str, Any]:
    details = {"parameters": f'{{"FunctionName": "arn:aws:lambda:us-east-1:1:function:golden-ami-{function}"}}'}
    return event(number, "TaskScheduled", second, taskScheduledEventDetails=details)


def test_lambda_counts_each_function_with_its_memory_and_no_waiting() -> None:
    events = [
        scheduled(1, 0, "load-config"), event(2, "TaskStarted", 0, 1), event(3, "TaskSucceeded", 2, 2),
        scheduled(4, 2, "start-run"), event(5, "TaskStarted", 2, 4), event(6, "TaskSubmitted", 3, 5),
        event(7, "TaskSucceeded", 900, 6),  # the callback: nobody computes meanwhile
        scheduled(8, 900, "aggregate"), event(9, "TaskStarted", 900, 8), event(10, "TaskFailed", 904, 9),
    ]  # fmt: skip
    assert lambda_gb_seconds(events) == pytest.approx(2 * 0.5 + 1 * 0.5 + 4 * 1.0)


def test_instances_are_counted_from_their_launch_to_the_end_of_terminate() -> None:
    launched = [ami(1, instance_id="i-1", launched_at=START.isoformat()), ami(2)]
    left = event(1, "TaskStateExited", 600, stateExitedEventDetails={"name": "Terminate"})
    lines = by_name(used_by({"stopDate": START + timedelta(hours=2)}, [left], Config(), launched[:1], prices()))
    assert lines["1 x t3.small"].actual == pytest.approx(10)
    assert lines["Volumes"].actual == pytest.approx(80)
    aborted = by_name(used_by({"stopDate": START + timedelta(hours=2)}, [], Config(), launched[:1], prices()))
    assert aborted["1 x t3.small"].actual == pytest.approx(120)


def test_invocations_of_a_run_without_instances() -> None:
    assert invocations(5, instances=False, looks=1) == (6, 7)
