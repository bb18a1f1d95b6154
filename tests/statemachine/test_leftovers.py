"""What a scanner made for a run goes with the run, however it ends."""

from __future__ import annotations

import permissions
import pytest

from golden_ami_emulator.embedded import Embedded


@pytest.mark.parametrize("stop", ["", "Check Run"])
def test_no_cis_configuration_is_left(stop: str) -> None:
    with Embedded(permissions.world(), parameters={"CisBenchmark": "true", "EnableInspector": "true"}) as aws:
        document = {"version": 1, "engine": "instance", "enableInspector": True, "cis": "LEVEL_1"}
        ended = permissions.run(aws, {**document, "amis": [{"amiId": permissions.AMIS[1]}]}, stop=stop)
        assert ended["status"] == ("ABORTED" if stop else "SUCCEEDED")
        made = [call for call in aws.calls.made if call.operation == "CreateCisScanConfiguration"]
        assert [call.error for call in made] == [None]
        assert aws.client("inspector2").list_cis_scan_configurations()["scanConfigurations"] == []
        assert sorted(aws.iam.denied) == []


def test_a_member_account_that_cannot_be_reached_fails_nothing() -> None:
    with Embedded(permissions.world(), parameters={"EnableInspector": "true"}) as aws:
        entries = [{"amiId": permissions.AMIS[1]}, {"amiId": permissions.AMIS[2], "account": "222222222222"}]
        document = {"version": 1, "engine": "instance", "enableInspector": True, "amis": entries}
        assert permissions.run(aws, document)["status"] == "SUCCEEDED"
