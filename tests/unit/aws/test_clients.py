"""Clients by place: of the stack's own account, and of member accounts by the member role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from golden_ami.aws.clients import Clients
from golden_ami.errors import AccessDenied
from golden_ami.places import Place
from golden_ami.settings import Settings

ENVIRONMENT = {"AWS_REGION": "eu-central-1", "ACCOUNT_ID": "111122223333", "LEDGER_TABLE": "ledger"}
MEMBER = Place("222222222222", "eu-west-1")


def settings(**variables: str) -> Settings:
    return Settings.load(ENVIRONMENT | variables, needed=())


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """What is made with the operator's own credentials."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield []


def given(made: list[tuple[str, str]], assumed: list[dict[str, Any]] | None = None, **variables: str) -> Clients:
    real = Clients(settings(**variables))

    def make(service: str, region: str) -> Any:
        made.append((service, region))
        client = real.client(service, Place("111122223333", region))
        if assumed is not None and service == "sts":
            client.meta.events.register(
                "provide-client-params.sts.AssumeRole", lambda params, **_: assumed.append(params)
            )
        return client

    return Clients(settings(**variables), make)


def test_a_client_is_made_once_for_each_place(made: list[tuple[str, str]]) -> None:
    clients = given(made)
    assert clients.client("ec2") is clients.client("ec2", Place("111122223333", "eu-central-1"))
    assert clients.client("ec2", Place("111122223333", "eu-west-1")) is not clients.client("ec2")
    assert made == [("ec2", "eu-central-1"), ("ec2", "eu-west-1")]


def test_without_a_member_role_no_other_account_is_reached(made: list[tuple[str, str]]) -> None:
    with pytest.raises(AccessDenied, match="222222222222 is not the stack's own; deploy the stack with MemberRoleName"):
        given(made).client("ec2", MEMBER)
    assert made == []


def test_a_member_account_is_reached_by_its_role(made: list[tuple[str, str]]) -> None:
    assumed: list[dict[str, Any]] = []
    clients = given(made, assumed, MEMBER_ROLE_NAME="Member", MEMBER_EXTERNAL_ID="secret", AWS_PARTITION="aws-cn")
    ec2 = clients.client("ec2", MEMBER)
    assert (ec2.meta.region_name, made, assumed) == ("eu-west-1", [("sts", "eu-central-1")], []), "credentials are late"
    identity = clients.client("sts", MEMBER).get_caller_identity()
    assert identity["Account"] == "222222222222"
    ec2.describe_instances()
    assert assumed == [
        {
            "RoleArn": "arn:aws-cn:iam::222222222222:role/Member",
            "RoleSessionName": "golden-ami-assessment",
            "ExternalId": "secret",
        }
    ], "one session serves all clients of the account"
