"""The quota of vCPUs: which one a type counts against, what Service Quotas tells of it, and why AMIs miss it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import EndpointConnectionError

from golden_ami.aws.clients import Clients
from golden_ami.instances.quotas import STANDARD, UNKNOWN, quota, quota_of
from golden_ami.instances.refusals import over_quota
from golden_ami.models import Ami, AmiEntry
from golden_ami.places import Place

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack

FIRST = "ami-00000000000000001"
HOME = Place("123456789012", "us-east-1")


@pytest.mark.parametrize(
    ("instance_type", "code"),
    [
        *((name, "L-1216C47A") for name in ("t3.medium", "t4g.small", "m7i-flex.large", "c6gn.large", "im4gn.large")),
        *((name, "L-1216C47A") for name in ("is4gen.large", "a1.metal", "z1d.large", "h1.2xlarge", "d3en.xlarge")),
        ("g5.xlarge", "L-DB2E81BA"),
        ("vt1.3xlarge", "L-DB2E81BA"),
        ("x2gd.large", "L-7295265B"),
        ("f2.6xlarge", "L-74FC7D96"),
        ("p4d.24xlarge", "L-417A185B"),
        ("inf2.xlarge", "L-1945791B"),
        *(
            (name, "")
            for name in ("u-6tb1.metal", "u7i-12tb.224xlarge", "mac1.metal", "hpc6a.48xlarge", "trn1.2xlarge")
        ),
        *((name, "") for name in ("dl1.24xlarge", "", "medium")),
    ],
)
def test_a_type_counts_against_the_quota_of_its_family(instance_type: str, code: str) -> None:
    assert quota_of(instance_type).code == code
    assert bool(quota_of(instance_type).name) == bool(code)


def test_the_quota_that_is_applied(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.servicequotas.models import ServiceQuotasBackend

    told = {"ServiceCode": "ec2", "QuotaCode": STANDARD.code, "QuotaName": STANDARD.name, "Value": 32.0}
    monkeypatch.setattr(ServiceQuotasBackend, "get_service_quota", lambda *_, **__: told)
    assert quota(HOME, STANDARD.code, Clients(stack.settings)) == 32
    assert stack.calls.of("GetServiceQuota") == [{"ServiceCode": "ec2", "QuotaCode": STANDARD.code}]


def test_a_quota_that_service_quotas_does_not_know(stack: Stack) -> None:
    assert quota(HOME, STANDARD.code, Clients(stack.settings)) is None
    assert quota(HOME, UNKNOWN.code, Clients(stack.settings)) is None
    assert len(stack.calls.of("GetServiceQuota")) == 1, "an unknown quota is not asked for"


@pytest.mark.parametrize(
    ("code", "status"),
    [("AccessDeniedException", 400), ("TooManyRequestsException", 429), ("ServiceException", 500)],
)
def test_a_quota_that_cannot_be_read_fails_nothing(stack: Stack, code: str, status: int) -> None:
    stack.calls.fail("GetServiceQuota", code, status=status)
    assert quota(HOME, STANDARD.code, Clients(stack.settings)) is None


def test_a_region_without_service_quotas_fails_nothing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://servicequotas.us-east-1.amazonaws.com")

    monkeypatch.setattr(stack.calls, "call", unreachable)
    assert quota(HOME, STANDARD.code, Clients(stack.settings)) is None


def test_an_account_without_a_member_role_fails_nothing(stack: Stack) -> None:
    assert quota(Place("999999999999", "us-east-1"), STANDARD.code, Clients(stack.settings)) is None


@pytest.mark.parametrize("error", ["VcpuLimitExceeded", "Client.VcpuLimitExceeded"])
def test_a_quota_that_is_used_up_names_type_quota_and_remedy(stack: Stack, error: str) -> None:
    stack.image(FIRST)
    stack.load({"amis": [{"amiId": FIRST, "instanceType": "m5.2xlarge"}]})
    stack.calls.fail("RunInstances", error, "EC2's own words")
    assert stack.launch(FIRST) == {"launched": 0, "notLaunched": 1}
    [ami] = stack.ledger.amis("run-1")
    assert ami.launch_token == "", "nothing was launched"
    assert ami.reason is not None
    assert ami.reason.code == "VCPU_LIMIT"
    assert ami.reason.message == (
        f"EC2 did not launch the AMI as m5.2xlarge, which has 8 vCPUs: EC2's own words ({error}); the quota is "
        "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances, L-1216C47A, in us-east-1 of account "
        "123456789012"
    )
    command = (
        "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-1216C47A "
        "--region us-east-1 --desired-value VCPUS"
    )
    assert command in ami.reason.remedy


def test_a_quota_that_is_not_known_is_not_named() -> None:
    ami = Ami(
        run_id="r", batch="b", key=FIRST, ami_id=FIRST, entry=AmiEntry(ami_id=FIRST, instance_type="u-6tb1.metal"),
        engine="instance", region="us-east-1", account=HOME.account,
    )  # fmt: skip
    reason = over_quota(ami, "no room")
    assert reason.message == "EC2 did not launch the AMI as u-6tb1.metal: no room"
    assert "aws service-quotas" not in reason.remedy
