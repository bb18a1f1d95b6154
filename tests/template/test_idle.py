"""What a month without runs is said to cost is what the template makes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from golden_ami.places import Place
from golden_ami.usage.bill import network_month
from golden_ami.usage.idle import ENDPOINTS, HOURS, Stack, idle
from golden_ami.usage.prices import shipped

ROOT = Path(__file__).parents[2]
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
]


@pytest.mark.parametrize("given", GIVEN, ids=lambda given: ",".join(f"{key}={value}" for key, value in given.items()))
def test_what_is_billed_by_the_month_is_in_the_bill(deploy: Callable[..., Any], given: dict[str, str]) -> None:
    deployed = deploy(given)
    told = {item.amount.what: item.amount.between[1] for item in idle(Stack.of(given), Place("", ""))}
    kinds = Counter(resource["Type"] for resource in deployed.resources.values())
    interfaces = [
        endpoint["Properties"]
        for endpoint in deployed.of_type("AWS::EC2::VPCEndpoint").values()
        if endpoint["Properties"]["VpcEndpointType"] == "Interface"
    ]
    assert told.get(ENDPOINTS, 0) == HOURS * sum(len(endpoint["SubnetIds"]) for endpoint in interfaces)
    assert set(Stack.of(given).endpoints) == {one["ServiceName"].rpartition(".")[2] for one in interfaces}
    alarms = [one["Properties"] for one in deployed.of_type("AWS::CloudWatch::Alarm").values()]
    metrics = sum("Expression" not in one for alarm in alarms for one in alarm.get("Metrics", [{}]))
    [billed] = [one.amount.between for one in idle(Stack.of(given), Place("", "")) if one.amount.what == "Alarms"]
    assert billed == (len(alarms), metrics)
    assert (told["Dashboard"], told["KMS key of the topics"]) == (
        kinds["AWS::CloudWatch::Dashboard"], kinds["AWS::KMS::Key"],
    )  # fmt: skip
    assert kinds["AWS::Lambda::EventSourceMapping"] == 1
    assert not kinds["AWS::EC2::NatGateway"]


TEXTS = ("docs/start.md", "docs/costs.md", "template.yaml")


@pytest.mark.parametrize("name", TEXTS)
def test_the_prices_that_texts_tell_are_those_of_the_table(name: str) -> None:
    home = Place("", "us-east-1")
    own, more = (network_month(Stack(cis=cis), shipped(), home).most for cis in (False, True))
    written = re.sub(r"<!-- Below:.*<!-- Above:", "", (ROOT / name).read_text(), flags=re.DOTALL)
    told = re.findall(r"\$\d+\.\d+", written)
    address = f"${shipped()['public_ipv4_hour'].price}"
    assert {f"${own:.2f}", f"${more - own:.2f}", address, "$0.00"} <= set(told)
    key = f"${shipped()['kms_key_month'].price:.2f}"
    assert set(told) <= {f"${own:.2f}", f"${more - own:.2f}", address, "$0.00", key}


@pytest.mark.parametrize("value", ["public", "existing", "none"])
def test_other_networks_cost_nothing_while_nothing_runs(value: str) -> None:
    stack = Stack(network=value, zones=3, cis=True, enhanced=True)
    assert network_month(stack, shipped(), Place("", "us-east-1")).most == 0


def test_the_reaper_comes_as_often_as_the_template_says(plain: Any) -> None:
    assert plain.resources["ReapSchedule"]["Properties"]["ScheduleExpression"] == "rate(30 minutes)"
    told = {item.amount.what: item.amount.between[1] for item in idle(Stack(), Place("", ""))}
    assert told["Reaper: Lambda, invocations"] == 2 * HOURS
