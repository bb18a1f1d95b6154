"""What a month without runs is said to cost is what the template makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from golden_ami.places import Place
from golden_ami.usage.idle import ENDPOINTS, HOURS, Stack, idle

GIVEN: list[dict[str, str]] = [
    {},
    {"EndpointZones": "all"},
    {"EndpointZones": "all", "AvailabilityZones": "eu-central-1a,eu-central-1b,eu-central-1c"},
    {"AvailabilityZones": "eu-central-1a,eu-central-1b,eu-central-1c"},
    {"CisBenchmark": "true"},
    {"Network": "existing", "VpcId": "vpc-0a1b2c3d", "SubnetIds": "subnet-0a1b2c3d"},
    {"Network": "none", "CisBenchmark": "true"},
    {"ScheduleState": "ENABLED"},
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
    assert (told["Alarms"], told["Dashboard"], told["KMS key of the topics"]) == (
        kinds["AWS::CloudWatch::Alarm"], kinds["AWS::CloudWatch::Dashboard"], kinds["AWS::KMS::Key"],
    )  # fmt: skip
    assert kinds["AWS::Lambda::EventSourceMapping"] == 1
    assert not kinds["AWS::EC2::NatGateway"]


def test_the_reaper_comes_as_often_as_the_template_says(plain: Any) -> None:
    assert plain.resources["ReapSchedule"]["Properties"]["ScheduleExpression"] == "rate(30 minutes)"
    told = {item.amount.what: item.amount.between[1] for item in idle(Stack(), Place("", ""))}
    assert told["Reaper: Lambda, invocations"] == 2 * HOURS
