"""The lineage of each AMI of a run, and the rule that told it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack


def ami_id(number: int) -> str:
    return f"ami-{number:017x}"


def test_lineage_and_the_rule_that_told_it(stack: Stack) -> None:
    stack.image(ami_id(1), name="web-v1", tags={"Name": "Shop web 2026-03-01"})
    stack.image(ami_id(2), name="db-20260301", tags={"family": "database v9"})
    stack.image(ami_id(3), name="api-1.2.3", tags={"family": "api"})
    stack.parameter(ami_id(4), "/golden-amis/web/1.4.0")
    stack.image(ami_id(4), name="web-v4", tags={"Name": "Shop web"})
    entries: list[dict[str, Any]] = [{"amiId": ami_id(number)} for number in range(1, 4)]
    entries.append({"amiId": "resolve:ssm:/golden-amis/web/1.4.0:1"})
    stack.load({"amis": [*entries[:2], entries[2] | {"lineage": "the-api"}, entries[3]]}, run_id="by-name-tag")
    assert _lineages(stack, "by-name-tag") == [
        ("Shop web", "nameTag"), ("db", "imageName"), ("the-api", "configuration"),
        ("/golden-amis/web/1.4.0", "parameter"),
    ]  # fmt: skip
    stack.load({"amis": entries, "lineageTag": "family"}, run_id="by-family")
    assert _lineages(stack, "by-family")[:3] == [
        ("Shop web", "nameTag"), ("database v9", "lineageTag"), ("api", "lineageTag"),
    ]  # fmt: skip


def _lineages(stack: Stack, run_id: str) -> list[tuple[str, str]]:
    return [(ami.lineage, ami.lineage_rule) for ami in stack.ledger.amis(run_id)]


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_entries_of_one_ami_the_first_tells_the_lineage(stack: Stack, first: int) -> None:
    stack.image(ami_id(1), name="web-v1")
    stack.parameter(ami_id(1), "/golden-amis/web")
    entries = [{"amiId": ami_id(1)}, {"amiId": "resolve:ssm:/golden-amis/web"}]
    stack.load({"amis": [entries[first], entries[1 - first]]}, run_id="run-1")
    told = [("web", "imageName"), ("/golden-amis/web", "parameter")]
    assert _lineages(stack, "run-1") == [told[first]]


def test_tags_are_asked_in_their_order(stack: Stack) -> None:
    arn = "arn:aws:imagebuilder:us-east-1:123456789012:image/golden-web"
    tags = {
        "golden-ami-lineage": " of the tag ", "Ec2ImageBuilderArn": f"{arn}/1.0.0/7",
        "Amazon_AMI_Management_Identifier": "packed", "HCPPackerBucketName": "bucket", "Name": "web 2026-03-01",
    }  # fmt: skip
    told = [
        ("of the tag", "tag"),
        (arn, "imageBuilder"),
        ("packed", "packer"),
        ("bucket", "packer"),
        ("web", "nameTag"),
    ]
    for number in range(len(tags)):
        stack.image(ami_id(number), name="image", tags=dict(list(tags.items())[number:]))
    stack.load({"amis": [{"amiId": ami_id(number)} for number in range(len(tags))]}, run_id="run-1")
    assert _lineages(stack, "run-1") == told


def test_an_ami_that_only_its_id_tells_is_noted(stack: Stack) -> None:
    stack.image(ami_id(1), name="20260301")
    stack.load({"amis": [{"amiId": ami_id(1)}]}, run_id="run-1")
    (ami,) = stack.ledger.amis("run-1")
    assert (ami.lineage, ami.lineage_rule) == (ami_id(1), "amiId")
    assert "or the AMI's tag golden-ami-lineage" in ami.notes[0]


def test_an_ami_that_is_not_there_has_no_lineage_but_that_of_its_entry(stack: Stack) -> None:
    stack.load({"amis": [{"amiId": ami_id(1)}, {"amiId": ami_id(2), "lineage": "web"}]}, run_id="run-1")
    assert _lineages(stack, "run-1") == [("", ""), ("web", "configuration")]
