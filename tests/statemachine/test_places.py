"""Several accounts and regions: one run assesses all, leaves nothing running in any, and names each in its report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import permissions
import places
import pytest

from golden_ami_emulator.embedded import Embedded


@pytest.fixture
def aws() -> Iterator[Embedded]:
    with places.opened() as opened:
        yield opened


def report(aws: Embedded, run_id: str, name: str = "report.json") -> str:
    bucket = aws.outputs["ReportBucket"]
    return str(aws.client("s3").get_object(Bucket=bucket, Key=f"runs/{run_id}/{name}")["Body"].read().decode())


def instances(aws: Embedded, place: tuple[str, str]) -> list[str]:
    """The states of all instances of a place."""
    account, region = place
    reservations = aws.client("ec2", region, account).describe_instances()["Reservations"]
    return [one["State"]["Name"] for reservation in reservations for one in reservation["Instances"]]


def assert_all_assessed(aws: Embedded, ended: dict[str, Any]) -> None:
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    amis = json.loads(report(aws, ended["name"]))["amis"]
    rows = {(ami["account"], ami["region"], ami["amiId"]): ami for ami in amis}
    assert len(rows) == 8
    for number, place in enumerate(places.PLACES, start=1):
        for ami in places.amis(place):
            row = rows[*place, ami]
            assert "reason" not in row, row
            assert (row["verdict"], row["counts"]["HIGH"]) == ("FAIL", number)
        assert instances(aws, place) == ["terminated"]
    assert sorted(aws.iam.denied) == []


def test_a_run_over_two_accounts_and_two_regions(aws: Embedded) -> None:
    places.prepare(aws)
    ended = permissions.run(aws, places.configuration(aws))
    assert_all_assessed(aws, ended)
    for account, region in places.PLACES:
        assert f"{account} / {region}" in report(aws, ended["name"], "report.html")
    text = report(aws, ended["name"], "report.txt")
    for account, region in places.PLACES[1:]:
        assert f"{account}/{region}" in text


def test_without_forwarded_events_inspector_is_asked(aws: Embedded) -> None:
    places.prepare(aws, events=False)
    assert_all_assessed(aws, permissions.run(aws, places.configuration(aws)))


def test_an_aborted_run_and_an_orphan_leave_nothing_in_any_place(aws: Embedded) -> None:
    places.prepare(aws)
    ended = permissions.run(aws, places.configuration(aws), stop="Wait For Boot")
    assert ended["status"] == "ABORTED"
    for place in places.PLACES:
        assert instances(aws, place) == ["terminated"]
        places.orphan(aws, place)
    aws.fire_schedule("ReapSchedule")
    aws.clock.sleep(60)
    for place in places.PLACES:
        assert instances(aws, place) == ["terminated", "terminated"]
    told = aws.notifications()[-1].message
    assert all(f"{region} of account {account}" in told for account, region in places.PLACES)


def test_a_member_that_asks_for_another_external_id_costs_its_own_amis_only(aws: Embedded) -> None:
    places.prepare(aws, external_id="not-the-hubs")
    ended = permissions.run(aws, places.configuration(aws))
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    amis = json.loads(report(aws, ended["name"]))["amis"]
    outcomes = {(ami["account"], ami["verdict"]) for ami in amis}
    assert outcomes == {(places.HOME[0], "FAIL"), (places.MEMBER, "NOT_ASSESSED")}
    reasons = {ami["reason"]["message"] for ami in amis if "reason" in ami}
    assert all(places.MEMBER in reason for reason in reasons), reasons
    assert {(action, resource) for _, action, resource in aws.iam.denied} == {
        ("sts:AssumeRole", f"arn:aws:iam::{places.MEMBER}:role/{places.PARAMETERS['MemberRoleName']}")
    }
