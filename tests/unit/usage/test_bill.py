"""A month's bill: its runs, what the stack costs between them, and what an account does not pay for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from golden_ami.models import Ami, AmiEntry, Config
from golden_ami.places import Place
from golden_ami.usage.bill import bill, idle_month
from golden_ami.usage.idle import Stack
from golden_ami.usage.prices import Prices, parsed, shipped

HOME = Place("123456789012", "us-east-1")


def amis(count: int, engine: Any = "instance") -> list[Ami]:
    return [
        Ami(run_id="run", batch=str(number), key=str(number), ami_id=str(number), engine=engine, region=HOME.region,
            entry=AmiEntry(ami_id=str(number), instance_type="t3.small"), account=HOME.account, volumes={"a": 8})
        for number in range(count)
    ]  # fmt: skip


def priced(**prices: Any) -> Prices:
    return parsed({name: {"source": "s", "region": "us-east-1"} | entry for name, entry in prices.items()})


def test_a_month_is_its_runs_and_what_stands_between_them() -> None:
    told = bill(Config(), amis(5), Stack(), 4, shipped(), HOME)
    assert told.month.most == pytest.approx(4 * told.run.most + idle_month(Stack(), shipped(), HOME).most)
    assert told.month.least <= 4 * told.run.least + idle_month(Stack(), shipped(), HOME).least
    assert told.month.without == ()


def test_a_month_without_runs_is_the_idle_one() -> None:
    assert bill(Config(), amis(5), Stack(), 0, shipped(), HOME).month == idle_month(Stack(), shipped(), HOME)


@pytest.mark.parametrize("runs", [1, 4, 200])
def test_what_is_free_in_a_month_is_off_its_least_once(runs: float) -> None:
    table = priced(step_functions_transition={"price": 1, "free": 4000})
    told = bill(Config(), amis(5), Stack(), runs, table, HOME)
    transitions = told.run.least
    assert told.month.least == pytest.approx(max(0, runs * transitions - 4000))
    assert told.month.most == pytest.approx(runs * told.run.most)


def test_what_runs_share_of_a_free_amount_is_shared_with_the_reaper() -> None:
    table = priced(lambda_request={"price": 1, "free": 1460})
    assert idle_month(Stack(), table, HOME).least == 0
    told = bill(Config(), amis(1), Stack(), 2, table, HOME)
    assert told.month.least == pytest.approx(2 * told.run.least)


def test_a_month_names_what_has_no_price() -> None:
    told = bill(Config(), amis(1, "ami"), Stack(network="none"), 4, shipped(), HOME)
    assert told.month.without == ("Inspector, on demand",)


def test_without_endpoints_a_month_in_which_nothing_runs_costs_a_dollar_at_least() -> None:
    lonely = idle_month(Stack(network="existing"), shipped(), HOME)
    assert lonely.least == 1.0
    own = idle_month(Stack(), shipped(), HOME)
    assert own.least - lonely.least == pytest.approx(21.9)
    three = idle_month(replace(Stack(), zones=3), shipped(), HOME)
    assert three.least - lonely.least == pytest.approx(3 * 21.9)


PUBLIC = Stack(network="public")


@pytest.mark.parametrize(
    ("stack", "least", "most"),
    [
        (PUBLIC, 1.0, 5.6),
        (replace(PUBLIC, dashboard=False), 1.0, 2.6),
        (replace(PUBLIC, dashboard=False, alarms=False), 1.0, 1.7),
        (replace(PUBLIC, dashboard=False, alarms=False, topics="disk"), 0.0, 0.7),
        (replace(PUBLIC, topics="rotated-key"), 1.0, 7.6),
    ],
)
def test_each_part_that_costs_while_nothing_runs_can_be_left_out(stack: Stack, least: float, most: float) -> None:
    total = idle_month(stack, shipped(), HOME)
    assert total.least == least
    assert most - 0.2 < total.most < most


def test_a_run_is_billed_for_the_metrics_that_it_writes() -> None:
    from golden_ami import metrics
    from golden_ami.usage import small

    assert len(metrics.NAMES - {metrics.REAPED, metrics.OLDEST}) == small.METRICS


def test_the_stack_is_read_from_its_parameters() -> None:
    assert Stack.of({}) == Stack(scheduled=False, email=False, topics="rotated-key")
    given = {"Network": "own", "EndpointZones": "all", "AvailabilityZones": "a,b,c", "CisBenchmark": "true",
             "ScheduleState": "ENABLED", "ReportRetentionDays": "30", "NotificationEmail": "a@b.c"}  # fmt: skip
    chosen = {"TopicEncryption": "disk", "CreateAlarms": "false", "CreateDashboard": "false"}
    bare = Stack(zones=3, cis=True, retention_days=30, topics="disk", alarms=False, dashboard=False)
    assert Stack.of(given | chosen) == bare
    assert Stack.of(given | {"TopicEncryption": "key"}) == Stack(zones=3, cis=True, retention_days=30)
    assert Stack.of({"EndpointZones": "all"}).zones == 2
