"""What a run is expected to use: arithmetic, prices with their sources, and nothing known that is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
import scenarios
from hypothesis import given
from hypothesis import strategies as st

from golden_ami.models import NO_BATCH, Ami, AmiEntry, Config, Reason, Waits
from golden_ami.usage.estimate import estimate, good_run, invocations
from golden_ami.usage.lines import UsageLine, amount, cost, sentence
from golden_ami.usage.prices import parsed, shipped


def ami(number: int, engine: Any = "instance", kind: str = "t3.small", **fields: Any) -> Ami:
    ami_id = f"ami-{number:017x}"
    given: dict[str, Any] = {
        "run_id": "run", "batch": ami_id, "key": ami_id, "ami_id": ami_id, "engine": engine, "region": "us-east-1",
        "entry": AmiEntry(ami_id=ami_id, instance_type=kind), "account": "123456789012", "volumes": {"/dev/xvda": 8},
    }  # fmt: skip
    return Ami(**(given | fields))


def by_name(lines: list[UsageLine]) -> dict[str, UsageLine]:
    return {line.what: line for line in lines}


def transitions(batches: int, *, instances: bool, looks: int = 1, agent_polls: int = 0, turns: int = 1) -> int:
    return good_run(batches, instances=instances, looks=looks, agent_polls=agent_polls, turns=turns).total()


# States that do something, counted by hand: Load Config, Duplicate?, Anything To Assess?, Ensure Target Template,
# Plan Wave, What Is Left?, Launch Instances, Launch Batch of each, Wait For Boot, Check Agents, Agents Ready?, Start
# Run, Await Completion, Check Run, Over?, Tag Findings, Tag Batch of each, Terminate, Plan Wave, What Is Left?,
# Terminate All, Aggregate, Succeeded?, Assessment Complete.
@pytest.mark.parametrize(
    ("batches", "instances", "looks", "expected"),
    [(1, True, 1, 24), (5, True, 1, 32), (5, True, 3, 38), (1, False, 1, 19), (40, False, 1, 58), (0, False, 1, 6)],
)
def test_states_of_a_good_run(batches: int, instances: bool, looks: int, expected: int) -> None:
    entered = good_run(batches, instances=instances, looks=looks)
    states = json.loads(scenarios.definition())["States"]
    added = sum(entered[name] for name, state in states.items() if scenarios.changes_nothing(state))
    assert entered.total() - added == expected


def test_a_turn_more_is_seven_transitions() -> None:
    assert transitions(5, instances=True, turns=3) - transitions(5, instances=True) == 14


def test_a_wait_for_agents_is_three_transitions() -> None:
    assert transitions(5, instances=True, agent_polls=2) - transitions(5, instances=True) == 6


@pytest.mark.parametrize(
    ("batches", "instances", "looks", "agent_polls", "expected"),
    [(5, False, 1, 0, (10, 7)), (5, True, 3, 2, (24, 7)), (0, False, 1, 0, (1, 2))],
    ids=["no instance", "several looks", "nothing to assess"],
)
def test_invocations_of_a_good_run(
    batches: int, instances: bool, looks: int, agent_polls: int, expected: tuple[int, int]
) -> None:
    entered = good_run(batches, instances=instances, looks=looks, agent_polls=agent_polls)
    assert invocations(entered) == expected


def test_least_and_most_follow_the_waits() -> None:
    waits = Waits(boot_seconds=60, agent_deadline_seconds=120, agent_poll_seconds=60, poll_seconds=300,
                  completion_deadline_seconds=600)  # fmt: skip
    lines = by_name(estimate(Config(waits=waits), [ami(1), ami(2), ami(3, kind="m5.large")], shipped()))
    assert (lines["2 x t3.small"].least, lines["2 x t3.small"].most) == (2, 26)
    assert (lines["1 x m5.large"].least, lines["1 x m5.large"].most) == (1, 13)
    assert (lines["Volumes"].least, lines["Volumes"].most) == (24, 312)
    assert lines["State transitions"].most == transitions(3, instances=True, looks=2, agent_polls=2, turns=3)


def test_a_classic_assessment_is_not_looked_at_before_its_end() -> None:
    most = by_name(estimate(Config(), [ami(1, engine="classic")], shipped()))["State transitions"].most
    looks = 1 + (10_800 - 3_900) // 300
    assert most == transitions(1, instances=True, looks=looks, agent_polls=30)


def test_amis_of_one_batch_are_one_iteration() -> None:
    lines = by_name(estimate(Config(), [ami(number, batch=f"{number % 40:02}") for number in range(90)], shipped()))
    assert lines["State transitions"].least == transitions(40, instances=True)
    assert "90 x t3.small" in lines


def test_amis_that_are_not_assessed_from_the_start_cost_nothing_more() -> None:
    lost = ami(1, batch=NO_BATCH, reason=Reason(code="AMI_NOT_FOUND", message="m", remedy="r"))
    assert by_name(estimate(Config(), [lost], shipped()))["State transitions"].most == transitions(0, instances=False)


def test_the_estimate_stays_as_it_was_when_an_ami_fails_on_the_way() -> None:
    late = ami(1, reason=Reason(code="AGENT_NOT_READY", message="m", remedy="r"))
    assert estimate(Config(), [late, ami(2)], shipped()) == estimate(Config(), [ami(1), ami(2)], shipped())


def test_on_demand_scans_need_no_instance() -> None:
    lines = by_name(estimate(Config(), [ami(1, "ami"), ami(2, "ami")], shipped()))
    assert set(lines) == {"State transitions", "Lambda", "Inspector, on demand"}
    assert (lines["Inspector, on demand"].least, lines["Inspector, on demand"].most) == (2, 2)


@given(
    st.lists(
        st.tuples(st.sampled_from(["instance", "ami", "classic"]), st.sampled_from(["t3.small", "m5.large"])),
        max_size=60,
    )
)
def test_least_is_never_above_most_and_costs_follow_amounts(kinds: list[tuple[str, str]]) -> None:
    for line in estimate(Config(), [ami(number, *kind) for number, kind in enumerate(kinds)], shipped()):
        assert 0 <= line.least <= line.most
        if line.least_cost is not None:
            assert line.most_cost is not None
            assert 0 <= line.least_cost <= line.most_cost


def test_shipped_prices_have_a_source_and_a_date() -> None:
    for price in shipped().values():
        assert price.source.startswith("https://")
        assert price.date >= "2024"
        assert price.region
    assert shipped()["step_functions_transition"].price * 1000 == pytest.approx(0.025)


def test_a_price_is_written_out() -> None:
    assert str(shipped()["step_functions_transition"]).startswith("$0.000025 per state transition, us-east-1, 2026-")
    ten = parsed({"volume_gib_month": {"price": 10, "unit": "GiB-month", "region": "r", "date": "d", "source": "s"}})
    assert str(ten["volume_gib_month"]) == "$10 per GiB-month, r, d: s"


def test_an_unknown_price_is_said_to_be_unknown_and_a_known_one_is_used() -> None:
    line = by_name(estimate(Config(), [ami(1)], shipped()))["1 x t3.small"]
    assert (line.least_cost, line.price.split(";")[0]) == (None, "unknown")
    prices = parsed({"instance_hour": {"t3.small": {"price": 0.03, "unit": "hour", "source": "our contract"}}})
    line = by_name(estimate(Config(waits=Waits(boot_seconds=3600)), [ami(1)], prices))["1 x t3.small"]
    assert line.least_cost == pytest.approx(0.03)
    assert "our contract" in line.price


def test_a_line_as_a_sentence() -> None:
    line = UsageLine(what="Volumes", unit="GiB minutes", least=4, most=1234.5, price="unknown")
    assert sentence(line) == "Volumes: not known (estimated 4 to 1,234), cost unknown"
    line.actual, line.actual_cost = 67.1, 0.00123
    assert sentence(line) == "Volumes: 67 GiB minutes (estimated 4 to 1,234), cost $0.0012"
    line.most = 4
    assert "(estimated 4)" in sentence(line)


def test_little_is_not_nothing() -> None:
    assert [cost(value) for value in (0, 0.00002, 0.0001, 1234.5)] == [
        "$0.0000", "below $0.0001", "$0.0001", "$1,234.5000",
    ]  # fmt: skip
    assert [amount(value) for value in (0, 0.25, 4.0, 9.94, 12.6, 4000)] == ["0", "0.2", "4", "9.9", "13", "4,000"]
