"""The commands about instances know whose an instance is, whatever tags it carries."""

from __future__ import annotations

import json

import permissions
import pytest

from golden_ami.models import ASSESSMENT_TAG, EXPIRY_TAG, RUN_TAG, STACK_TAG
from golden_ami_cli.embedded import account_of
from golden_ami_cli.runs import orphans
from golden_ami_cli.runs.cancelling import prove
from golden_ami_emulator.embedded import Embedded


@pytest.mark.parametrize(("profile", "ours"), [("", False), ("somebody-elses", False), (None, True)])
def test_forged_tags_are_neither_an_orphan_nor_a_rest_of_a_run(profile: str | None, ours: bool) -> None:
    """Else `reap --dry-run` would list it, and `cancel` would tell a person to terminate it."""
    with Embedded(permissions.world()) as aws:
        aws.client("iam").create_instance_profile(InstanceProfileName="somebody-elses")
        tags = {
            STACK_TAG: aws.stack_name,
            ASSESSMENT_TAG: "true",
            RUN_TAG: "run-1",
            EXPIRY_TAG: "2020-01-01T00:00:00Z",
        }
        instance = permissions.launch(aws, permissions.AMIS[0], tags, profile=profile)
        account = account_of(aws)
        assert [one.instance for one in orphans.find(account)] == [instance] * ours
        assert prove(account, "run-1").alive == [instance] * ours
        assert orphans.terminate(account) == int(ours)


@pytest.mark.parametrize(
    ("expiry", "ended", "listed"),
    [("2020-01-01T00:00:00Z", False, False), ("2100-01-01T00:00:00Z", True, True)],
    ids=["expired, and its run goes on", "not expired, and its run is over"],
)
def test_a_person_sees_what_the_reaper_would_terminate(expiry: str, ended: bool, listed: bool) -> None:
    world = permissions.world()
    world.inspector_enabled = True
    with Embedded(world) as aws:
        aws.put_configuration("ContinuousAssessmentInput", json.dumps([{"ami-id": permissions.AMIS[0]}]))
        arn = aws.start({"AMIsParamName": "ContinuousAssessmentInput"}, "run-1")
        account = account_of(aws)
        if ended:
            aws.wait(arn)
        else:
            aws.clock.sleep(60)
            account.ledger.update_run("run-1", expires_at=expiry)
        tags = {STACK_TAG: aws.stack_name, ASSESSMENT_TAG: "true", RUN_TAG: "run-1", EXPIRY_TAG: expiry}
        instance = permissions.launch(aws, permissions.AMIS[0], tags)
        assert [one.instance for one in orphans.find(account)] == [instance] * listed
        assert orphans.terminate(account) == int(listed)
