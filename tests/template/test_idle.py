"""What a month without runs is said to cost is what the template makes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from golden_ami.places import Place
from golden_ami.usage.bill import network_month
from golden_ami.usage.idle import ALARMS, DASHBOARD, ENDPOINTS, HOURS, KEY, Stack, idle
from golden_ami.usage.prices import shipped

ROOT = Path(__file__).parents[2]
KEY_LIVES_FOR = 5 * 365  # days; the bill is of the first five years
GIVEN: list[dict[str, str]] = [
    {},
    {"EndpointZones": "all"},
    {"EndpointZones": "all", "AvailabilityZones": "eu-central-1a,eu-central-1b,eu-central-1c"},
    {"AvailabilityZones": "eu-central-1a,eu-central-1b,eu-central-1c"},
    {"CisBenchmark": "true"},
    {"Network": "existing", "VpcId": "vpc-0a1b2c3d", "SubnetIds": "subnet-0a1b2c3d"},
    {"Network": "none", "CisBenchmark": "true"},
    {"ScheduleState": "ENABLED"},
    {"EnhancedScanning": "true"},
    {"EnhancedScanning": "true", "CisBenchmark": "true", "EndpointZones": "all"},
    {"Network": "public", "EnhancedScanning": "true", "CisBenchmark": "true"},
    {"CreateAlarms": "false", "ScheduleState": "ENABLED"},
    {"CreateDashboard": "false"},
    {"TopicEncryption": "key"},
    {"TopicEncryption": "disk"},
    {"TopicEncryption": "rotated-key"},
]


@pytest.mark.parametrize("given", GIVEN, ids=lambda given: ",".join(f"{key}={value}" for key, value in given.items()))
def test_what_is_billed_by_the_month_is_in_the_bill(deploy: Callable[..., Any], given: dict[str, str]) -> None:
    deployed = deploy(given)
    told_of_it = {name: str(one["Default"]) for name, one in deployed.source["Parameters"].items()} | given
    stack = Stack.of(told_of_it)
    told = {item.amount.what: item.amount.between[1] for item in idle(stack, Place("", ""))}
    kinds = Counter(resource["Type"] for resource in deployed.resources.values())
    interfaces = [
        endpoint["Properties"]
        for endpoint in deployed.of_type("AWS::EC2::VPCEndpoint").values()
        if endpoint["Properties"]["VpcEndpointType"] == "Interface"
    ]
    assert told.get(ENDPOINTS, 0) == HOURS * sum(len(endpoint["SubnetIds"]) for endpoint in interfaces)
    assert set(stack.endpoints) == {one["ServiceName"].rpartition(".")[2] for one in interfaces}
    alarms = [one["Properties"] for one in deployed.of_type("AWS::CloudWatch::Alarm").values()]
    listed = [sum("MetricStat" in one for one in alarm.get("Metrics", [])) or 1 for alarm in alarms]
    assert (told.get(ALARMS, 0), told.get(DASHBOARD, 0)) == (sum(listed), kinds["AWS::CloudWatch::Dashboard"])
    assert told.get(KEY, 0) == sum(
        1 + min(2, KEY_LIVES_FOR // int(key["Properties"]["RotationPeriodInDays"]))
        for key in deployed.of_type("AWS::KMS::Key").values()
    )
    assert kinds["AWS::Lambda::EventSourceMapping"] == 1
    assert not kinds["AWS::EC2::NatGateway"]


def test_the_texts_have_as_many_alarm_metrics_as_there_are() -> None:
    told = {item.amount.what: item.amount.between[1] for item in idle(Stack(scheduled=True), Place("", ""))}
    [written] = re.findall(r"The stack has up to (\d+)", " ".join((ROOT / "template.yaml").read_text().split()))
    assert int(written) == told[ALARMS]


def test_the_dashboard_is_one_of_those_that_may_be_free(plain: Any) -> None:
    """CloudWatch's page of prices: 3 custom dashboards of up to 50 metrics each."""
    body = json.loads(plain.resources["Dashboard"]["Properties"]["DashboardBody"])
    listed = [row for one in body["widgets"] for row in one["properties"].get("metrics", ())]
    assert 20 < len(listed) <= 50


TEXTS = ("docs/start.md", "docs/costs.md", "template.yaml")


@pytest.mark.parametrize("name", TEXTS)
def test_the_prices_that_texts_tell_are_those_of_the_table(name: str) -> None:
    home = Place("", "us-east-1")
    own, more = (network_month(Stack(cis=cis), shipped(), home).most for cis in (False, True))
    written = re.sub(r"<!-- Below:.*?<!-- Above:", "", (ROOT / name).read_text(), flags=re.DOTALL)
    told = re.findall(r"\$\d+\.\d+", written)
    address = f"${shipped()['public_ipv4_hour'].price}"
    assert {f"${own:.2f}", f"${more - own:.2f}", address, "$0.00"} <= set(told)
    parts = {f"${shipped()[name].price:.2f}" for name in ("kms_key_month", "alarm_month", "dashboard_month")}
    assert set(told) <= {f"${own:.2f}", f"${more - own:.2f}", address, "$0.00", *parts}


@pytest.mark.parametrize("value", ["public", "existing", "none"])
def test_other_networks_cost_nothing_while_nothing_runs(value: str) -> None:
    stack = Stack(network=value, zones=3, cis=True, enhanced=True)
    assert network_month(stack, shipped(), Place("", "us-east-1")).most == 0


def test_the_reaper_comes_as_often_as_the_template_says(plain: Any) -> None:
    assert plain.resources["ReapSchedule"]["Properties"]["ScheduleExpression"] == "rate(30 minutes)"
    told = {item.amount.what: item.amount.between[1] for item in idle(Stack(), Place("", ""))}
    assert told["Reaper: Lambda, invocations"] == 2 * HOURS
