"""What a run is expected to use: arithmetic, prices with their sources, and nothing known that is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
import scenarios
from hypothesis import given
from hypothesis import strategies as st

from golden_ami.models import NO_BATCH, Ami, AmiEntry, Config, Reason, Waits
from golden_ami.places import Place
from golden_ami.usage.estimate import estimate, good_run, invocations
from golden_ami.usage.lines import UsageLine, amount, cost, estimated_total, places_sentence, sentence, total_sentence
from golden_ami.usage.prices import parsed, shipped

HOME = Place("123456789012", "us-east-1")


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
# Plan Wave, What Is Left?, Launch Instances, Launch Batch of each, Plan Wave, What Is Left?, Wait For Boot, Check
# Agents, Agents Ready?, Start Run, Await Completion, Check Run, Over?, Tag Findings, Tag Batch of each, Terminate,
# Plan Wave, What Is Left?, Terminate All, Aggregate, Succeeded?, Assessment Complete.
@pytest.mark.parametrize(
    ("batches", "instances", "looks", "expected"),
    [(1, True, 1, 26), (5, True, 1, 34), (5, True, 3, 40), (1, False, 1, 19), (40, False, 1, 58), (0, False, 1, 6)],
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
    [(5, False, 1, 0, (10, 7)), (5, True, 3, 2, (25, 7)), (0, False, 1, 0, (1, 2))],
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
    lines = by_name(estimate(Config(waits=waits), [ami(1), ami(2), ami(3, kind="m5.large")], shipped(), HOME))
    assert (lines["2 x t3.small"].least, lines["2 x t3.small"].most) == (2, 26)
    assert (lines["1 x m5.large"].least, lines["1 x m5.large"].most) == (1, 13)
    assert (lines["Volumes"].least, lines["Volumes"].most) == (24, 312)
    assert lines["State transitions"].most == transitions(3, instances=True, looks=2, agent_polls=2, turns=3)


def test_a_classic_assessment_is_not_looked_at_before_its_end() -> None:
    most = by_name(estimate(Config(), [ami(1, engine="classic")], shipped(), HOME))["State transitions"].most
    looks = 1 + (10_800 - 3_900) // 300
    assert most == transitions(1, instances=True, looks=looks, agent_polls=30)


def test_amis_of_one_batch_are_one_iteration() -> None:
    lines = by_name(
        estimate(Config(), [ami(number, batch=f"{number % 40:02}") for number in range(90)], shipped(), HOME)
    )
    assert lines["State transitions"].least == transitions(40, instances=True)
    assert "90 x t3.small" in lines


def test_amis_that_are_not_assessed_from_the_start_cost_nothing_more() -> None:
    lost = ami(1, batch=NO_BATCH, reason=Reason(code="AMI_NOT_FOUND", message="m", remedy="r"))
    assert by_name(estimate(Config(), [lost], shipped(), HOME))["State transitions"].most == transitions(
        0, instances=False
    )


def test_the_estimate_stays_as_it_was_when_an_ami_fails_on_the_way() -> None:
    late = ami(1, reason=Reason(code="AGENT_NOT_READY", message="m", remedy="r"))
    assert estimate(Config(), [late, ami(2)], shipped(), HOME) == estimate(Config(), [ami(1), ami(2)], shipped(), HOME)


def test_on_demand_scans_need_no_instance() -> None:
    lines = by_name(estimate(Config(), [ami(1, "ami"), ami(2, "ami")], shipped(), HOME))
    assert set(lines) == {"State transitions", "Lambda", "Lambda, invocations", "Inspector, on demand"}
    assert (lines["Inspector, on demand"].least, lines["Inspector, on demand"].most) == (2, 2)


@given(
    st.lists(
        st.tuples(st.sampled_from(["instance", "ami", "classic"]), st.sampled_from(["t3.small", "m5.large"])),
        max_size=60,
    )
)
def test_least_is_never_above_most_and_costs_follow_amounts(kinds: list[tuple[str, str]]) -> None:
    for line in estimate(Config(), [ami(number, *kind) for number, kind in enumerate(kinds)], shipped(), HOME):
        assert 0 <= line.least <= line.most
        if line.least_cost is not None:
            assert line.most_cost is not None
            assert 0 <= line.least_cost <= line.most_cost


def test_shipped_prices_have_a_source_and_a_date() -> None:
    for row in shipped().rows.values():
        assert all(price.source and price.date and price.region and price.unit for price in row)
    assert shipped()["step_functions_transition"].price * 1000 == pytest.approx(0.025)
    assert set(shipped().unknown) == {"inspector_ami_scan", "inspector_cis_assessment"}


def test_what_is_inferred_is_said_to_be() -> None:
    assert ", inferred: " in str(shipped()["interface_endpoint_hour"])
    assert "inferred" not in str(shipped()["instance_hour.t3.medium"])


def test_a_price_is_written_out() -> None:
    assert str(shipped()["step_functions_transition"]).startswith(
        "$0.000025 per state transition, us-east-1, undated: h"
    )
    ten = parsed({"volume_gib_month": {"price": 10, "unit": "GiB-month", "region": "r", "date": "d", "source": "s"}})
    assert str(ten["volume_gib_month"]) == "$10 per GiB-month, r, d: s"


def test_an_unknown_price_says_why_and_a_known_one_is_used() -> None:
    lines = by_name(estimate(Config(), [ami(1, "ami"), ami(2, kind="x9.large")], shipped(), HOME))
    scans, instances = lines["Inspector, on demand"], lines["1 x x9.large"]
    assert (scans.least_cost, scans.price.split(";")[0]) == (None, "unknown: no source found")
    assert instances.price.split(";")[0] == "unknown: no price of instance_hour.x9.large is in the table"
    prices = parsed({"instance_hour": {"t3.small": {"price": 0.03, "unit": "hour", "source": "our contract"}}})
    line = by_name(estimate(Config(waits=Waits(boot_seconds=3600)), [ami(1)], prices, HOME))["1 x t3.small"]
    assert line.least_cost == pytest.approx(0.03)
    assert "our contract" in line.price


@pytest.mark.parametrize("engine", ["instance", "ami", "classic"])
def test_no_line_is_unknown_whose_price_is_in_the_table(engine: str) -> None:
    lines = estimate(Config(cis="LEVEL_1"), [ami(1, engine)], shipped(), HOME)
    unknown = {line.what for line in lines if line.most_cost is None}
    assert unknown <= {"Inspector, on demand", "Inspector, CIS"}
    assert all(line.price.startswith("unknown: ") == (line.what in unknown) for line in lines)


def test_a_price_of_another_region_is_said_to_be() -> None:
    far = Place("123456789012", "eu-central-1")
    line = by_name(estimate(Config(), [ami(1, region=far.region)], shipped(), far))["1 x t3.small"]
    assert line.price.startswith("us-east-1's price; this run is in eu-central-1: $0.0208 per instance hour")
    assert line.most_cost is not None


def test_prices_are_of_an_account_and_a_region() -> None:
    contract = {"price": 0.01, "region": "eu-central-1", "account": "210987654321", "source": "contract"}
    listed = {"price": 0.02, "region": "eu-central-1", "source": "list"}
    prices = parsed({"lambda_gb_second": [contract, listed]}).before(shipped())
    places = [Place("210987654321", "eu-central-1"), Place("1", "eu-central-1"), Place("1", "us-east-1")]
    found = [prices.at("lambda_gb_second", place) for place in places]
    assert [price and price.price for price in found] == [0.01, 0.02, shipped()["lambda_gb_second"].price]


def test_each_place_has_its_lines_where_there_are_several() -> None:
    amis = [ami(1), ami(2, region="eu-central-1"), ami(3, region="eu-central-1", account="210987654321")]
    lines = by_name(estimate(Config(), amis, shipped(), HOME))
    assert "1 x t3.small in us-east-1 of 123456789012" in lines
    assert lines["1 x t3.small in eu-central-1 of 210987654321"].price.startswith("us-east-1's price; this run is in")
    assert lines["State transitions"].price.startswith("$")


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


def line(what: str, least: float | None, most: float | None, actual: float | None = None) -> UsageLine:
    given: dict[str, Any] = {"unit": "u", "least": 1, "most": 2, "price": "p"}
    return UsageLine(what=what, least_cost=least, most_cost=most, actual_cost=actual, **given)


def test_a_total_names_what_it_is_without() -> None:
    known, unknown = line("A", 1, 2), line("B", None, None)
    assert str(estimated_total([known, known])) == "$2.00 to $4.00"
    said = "$1.00 to $2.00, without B, whose price is not known"
    assert str(estimated_total([known, unknown])) == said
    assert total_sentence([known, unknown]) == f"Total: not known (estimated {said})"


def test_what_each_place_costs_is_told_where_there_are_several() -> None:
    lines = [line("A", 1, 2, 0.5), line("B", 1, 2, 1.25), line("C", 1, 2, 1.0), line("D", None, None)]
    for one, place in zip(lines, (HOME, ("1", "eu-west-1"), ("1", "eu-west-1"), ("2", "us-east-1")), strict=True):
        one.account, one.region = place
    told = "By account and Region: 1 eu-west-1 $2.25, 123456789012 us-east-1 $0.5000, 2 us-east-1 not known"
    assert places_sentence(lines) == told
    assert places_sentence(lines[:1]) == ""


def test_a_line_says_where_it_is_used() -> None:
    lines = estimate(Config(), [ami(1), ami(2, region="eu-central-1", account="210987654321")], shipped(), HOME)
    assert {(one.account, one.region) for one in lines} == {HOME, ("210987654321", "eu-central-1")}
    assert {(one.account, one.region) for one in lines if one.what == "State transitions"} == {HOME}


def test_the_total_of_what_was_used() -> None:
    lines = [line("A", 1, 2, 1.5), line("B", None, None), line("C", 1, 1), line("D", 0, 3, 0.25)]
    assert total_sentence(lines) == (
        "Total: $1.75 (estimated $2.00 to $6.00), without B, whose price is not known, without C, "
        "whose use is not known"
    )
