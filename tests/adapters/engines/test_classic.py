"""The `classic` engine against the emulated Inspector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from golden_ami.engines.classic.setup import NAME, Setup
from golden_ami.errors import EngineBusy, EngineUnavailable
from golden_ami.models import Waits
from golden_ami.scans.coordinate import Scans
from golden_ami_emulator.world import Behaviour

Make = Callable[..., Any]
A, B = "ami-11111111", "ami-22222222"


def made(harness: Any) -> tuple[int, int, int]:
    """How many targets, templates and subscriptions there are."""
    inspector = harness.client("inspector")
    templates = inspector.list_assessment_templates()["assessmentTemplateArns"]
    subscriptions = [
        event
        for arn in templates
        for one in inspector.list_event_subscriptions(resourceArn=arn)["subscriptions"]
        for event in one["eventSubscriptions"]
    ]
    return len(inspector.list_assessment_targets()["assessmentTargetArns"]), len(templates), len(subscriptions)


def template(harness: Any) -> dict[str, Any]:
    inspector = harness.client("inspector")
    arns = inspector.list_assessment_templates()["assessmentTemplateArns"]
    found: dict[str, Any] = inspector.describe_assessment_templates(assessmentTemplateArns=arns)["assessmentTemplates"][
        0
    ]
    return found


def test_where_the_stack_does_not_allow_it_nothing_is_made(make: Make) -> None:
    harness = make()
    harness.open("classic")
    refusing = Scans(replace(harness.settings, classic_engine=False), harness.clients, harness.ledger)
    with pytest.raises(EngineUnavailable, match=r"`instance`.*`ami`"):
        refusing.ensure("run-1")
    assert made(harness) == (0, 0, 0)


def test_what_is_made_is_reused(make: Make) -> None:
    harness = make()
    harness.open("classic")
    harness.assessment.ensure("run-1")
    first = template(harness)
    assert (first["name"], first["durationInSeconds"]) == (NAME, 3600)
    assert first["rulesPackageArns"]
    harness.assessment.ensure("run-1")
    assert made(harness) == (1, 1, 1)
    assert template(harness)["arn"] == first["arn"]


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_creation_that_stopped_half_way_is_finished(make: Make, steps: int) -> None:
    harness = make()
    inspector = harness.client("inspector")
    tags = [{"key": "continuous-assessment-instance", "value": "true"}]
    group = inspector.create_resource_group(resourceGroupTags=tags)["resourceGroupArn"]
    if steps > 1:
        target = inspector.create_assessment_target(assessmentTargetName=NAME, resourceGroupArn=group)
    if steps > 2:
        rules = inspector.list_rules_packages()["rulesPackageArns"]
        inspector.create_assessment_template(
            assessmentTargetArn=target["assessmentTargetArn"],
            assessmentTemplateName=NAME,
            durationInSeconds=3600,
            rulesPackageArns=rules,
        )
    harness.open("classic")
    harness.assessment.ensure("run-1")
    assert made(harness) == (1, 1, 1)


def test_a_target_of_other_instances_is_corrected(make: Make) -> None:
    harness = make()
    inspector = harness.client("inspector")
    group = inspector.create_resource_group(resourceGroupTags=[{"key": "x", "value": "y"}])["resourceGroupArn"]
    arn = inspector.create_assessment_target(assessmentTargetName=NAME, resourceGroupArn=group)["assessmentTargetArn"]
    [ami] = harness.run("classic")
    assert ami.counts == {"HIGH": 1}
    [target] = inspector.describe_assessment_targets(assessmentTargetArns=[arn])["assessmentTargets"]
    assert target["resourceGroupArn"] != group


def test_a_template_that_differs_is_replaced(make: Make) -> None:
    harness = make()
    harness.open("classic")
    harness.assessment.ensure("run-1")
    before = template(harness)
    rules = before["rulesPackageArns"][:1]
    harness.open("classic", run_id="run-2", waits=Waits(assessment_seconds=900), rules_packages=rules)
    harness.assessment.ensure("run-2")
    after = template(harness)
    assert (after["durationInSeconds"], after["rulesPackageArns"]) == (900, rules)
    assert made(harness) == (1, 1, 1)


def test_a_name_taken_meanwhile_is_found_again(make: Make) -> None:
    harness = make()
    inspector = harness.client("inspector")

    class Racing:
        """Another run creates the same just before this one's own call."""

        def __getattr__(self, name: str) -> Any:
            call = getattr(inspector, name)

            def twice(**request: Any) -> Any:
                call(**request)
                return call(**request)

            return twice if name in ("create_assessment_target", "create_assessment_template") else call

    Setup(Racing(), harness.settings.complete_topic).ensure(3600, [])
    assert made(harness) == (1, 1, 1)


def test_a_second_run_is_told_which_run_holds_the_target(make: Make) -> None:
    harness = make()
    harness.open("classic")
    harness.assessment.ensure("run-1")
    harness.launch()
    harness.wait_for_agents()
    harness.start("run-1", "t")
    harness.open("classic", run_id="run-2")
    with pytest.raises(EngineBusy, match="run-1-1"):
        harness.assessment.ensure("run-2")
    harness.open("classic", run_id="run-3", waits=Waits(assessment_seconds=900))
    with pytest.raises(EngineBusy, match="in progress"):
        harness.assessment.ensure("run-3")
    harness.assessment.ensure("run-1")  # its own run does not stand in its way


def test_two_runs_that_start_at_once_do_not_mix(make: Make) -> None:
    harness = make()
    for run_id in ("run-1", "run-2"):
        harness.open("classic", run_id=run_id)
        harness.assessment.ensure(run_id)
        harness.launch(run_id)
    for run_id in ("run-1", "run-2"):
        harness.wait_for_agents(run_id)
    harness.start("run-1", "t")  # takes in every tagged instance, also the other run's
    with pytest.raises(EngineBusy, match="agents of this run are already in"):
        harness.start("run-2", "t")
    harness.assess("run-1")
    from golden_ami.scans.collect import tag_findings

    assert tag_findings("run-1", A, *harness.stack) == (1, 1)


def test_starting_again_finds_the_run_by_its_name(make: Make) -> None:
    harness = make()
    harness.open("classic")
    harness.assessment.ensure("run-1")
    harness.launch()
    harness.wait_for_agents()
    harness.start("run-1", "t1")
    [before] = harness.ledger.amis("run-1")
    harness.ledger.update_ami(before, scan="", scan_status="")  # crashed before it was recorded
    harness.start("run-1", "t2")
    [after] = harness.ledger.amis("run-1")
    assert after.scan == before.scan


@pytest.mark.parametrize("result", ["FAILED", "ERROR", "CANCELED"])
def test_a_run_that_fails_is_named(make: Make, result: str) -> None:
    harness = make(behaviours={"*": Behaviour(classic_result=result)})
    [ami] = harness.run("classic")
    assert ami.reason
    assert ami.reason.code == "ASSESSMENT_RUN_FAILED"
    assert result in ami.reason.message


def test_an_agent_that_sent_nothing_is_not_assessed_and_the_other_is(make: Make) -> None:
    harness = make(behaviours={B: Behaviour(instance_dies_after=1000)})
    first, second = harness.run("classic", [A, B])
    assert first.counts == {"HIGH": 1}
    assert second.reason
    assert second.reason.code == "AGENT_SENT_NOTHING"


def test_tags_go_onto_findings_and_what_does_not_fit_is_noted(make: Make) -> None:
    findings = [
        {"findingArn": f"arn:{number}", "title": f"CVE-2026-{number} - x", "severity": "LOW"} for number in range(130)
    ]
    harness = make(findings={"*": findings})
    harness.open("classic")
    [ami] = harness.ledger.amis("run-1")
    tags = {f"tag-{number:02}": "v" for number in range(12)} | {"app-name": "shop", "empty": ""}
    harness.ledger.update_ami(ami, tags=tags)
    harness.assessment.ensure("run-1")
    harness.scan_instances()
    from golden_ami.scans.collect import tag_findings

    tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    assert ami.counts == {"LOW": 130}
    assert len(ami.tag_notes) == 2
    arns = [found.arn for found in harness.stored(ami)]
    described = harness.client("inspector").describe_findings(findingArns=arns[-10:])["findings"]
    assert all({"key": "app-name", "value": "shop"} in one["userAttributes"] for one in described)


def test_more_than_500_are_said_to_be_too_many_before_anything_is_launched(make: Make) -> None:
    harness = make()
    harness.open("classic", [f"ami-{number:08}" for number in range(503)])
    harness.assessment.ensure("run-1")
    left_out = [ami for ami in harness.ledger.amis("run-1") if ami.reason]
    assert len(left_out) == 3
    assert {ami.reason.code for ami in left_out} == {"CLASSIC_LIMIT"}
