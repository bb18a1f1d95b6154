"""What load-config says of an AMI that it cannot look up any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_ami.register.model import KnownAmi

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack

GONE, STRANGER = "ami-00000000000000001", "ami-00000000000000002"


def test_a_deregistered_ami_keeps_name_lineage_and_owner(stack: Stack) -> None:
    known = KnownAmi(
        ami_id=GONE, account="123456789012", region="us-east-1", lineage="golden-web", name="golden-web-41",
        tags={"Owner": "web", "assessment-verdict": "FAIL"}, owner_id="123456789012", run_id="run-0", verdict="FAIL",
        completed_at="2026-03-01T12:00:00Z",
    )  # fmt: skip
    stack.ledger.note_amis([known])
    stack.load([{"amiId": GONE}, {"amiId": STRANGER}])
    gone, stranger = (next(ami for ami in stack.ledger.amis("run-1") if ami.ami_id == one) for one in (GONE, STRANGER))
    assert gone.reason
    assert gone.reason.code == "AMI_NOT_FOUND"
    assert (gone.name, gone.lineage, gone.tags) == ("golden-web-41", "golden-web", {"Owner": "web"})
    assert stranger.name == ""


def test_an_ami_whose_parameter_is_gone_keeps_name_lineage_and_owner(stack: Stack) -> None:
    known = KnownAmi(
        ami_id="resolve:ssm:/golden-amis/web", account="123456789012", region="us-east-1", lineage="/golden-amis/web",
        name="golden-web-41", tags={"Owner": "web"}, owner_id="123456789012", run_id="run-0", verdict="FAIL",
        completed_at="2026-03-01T12:00:00Z",
    )  # fmt: skip
    stack.ledger.note_amis([known])
    stack.load([{"amiId": "resolve:ssm:/golden-amis/web:3"}])
    [gone] = stack.ledger.amis("run-1")
    assert gone.reason
    assert (gone.name, gone.lineage, gone.tags) == ("golden-web-41", "/golden-amis/web", {"Owner": "web"})
