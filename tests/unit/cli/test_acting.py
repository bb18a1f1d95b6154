"""The functions' environment, taken on for a while."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from golden_ami_cli.account import Account
from golden_ami_cli.configuration.command import acting_as_a_function


def account() -> Account:
    answer = {"Environment": {"Variables": {"STACK_NAME": "gold", "ACCOUNT_ID": "111122223333"}}}
    functions = SimpleNamespace(get_function_configuration=lambda **_: answer)

    def client(service: str, region: str | None = None) -> Any:
        return functions

    return Account("gold", "eu-central-1", client, {"LoadConfigFunction": "gold-LoadConfig-1A2B3C"})


@pytest.mark.parametrize("profile", [None, "security"])
def test_it_is_put_on_and_taken_off(monkeypatch: pytest.MonkeyPatch, profile: str | None) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("ACCOUNT_ID", "before")
    monkeypatch.delenv("STACK_NAME", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    outside = dict(os.environ)
    with acting_as_a_function(account(), profile):
        assert (os.environ["STACK_NAME"], os.environ["ACCOUNT_ID"]) == ("gold", "111122223333")
        assert os.environ["AWS_REGION"] == "eu-central-1"
        assert os.environ.get("AWS_PROFILE") == profile
        assert ("AWS_ACCESS_KEY_ID" in os.environ) == (profile is None), "keys would go before the profile"
    assert dict(os.environ) == outside
    with pytest.raises(ValueError, match="whatever"):
        raising(profile)
    assert dict(os.environ) == outside


def raising(profile: str | None) -> None:
    with acting_as_a_function(account(), profile):
        raise ValueError("whatever")
