"""Which rule tells a lineage, where several could."""

from __future__ import annotations

from typing import get_args

import pytest
from report_world import ami

from golden_ami.lineage.rules import Lineage, lineage_note, lineage_of, rule_in_words
from golden_ami.models import AmiEntry, LineageRule

ARN = "arn:aws:imagebuilder:us-east-1:123456789012:image/web"


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({"golden-ami-lineage": "web v2"}, ("web v2", "tag")),
        ({"golden-ami-lineage": " "}, ("image", "imageName")),
        ({"golden-ami-lineage": "\u200b", "Name": "web-v2"}, ("web", "nameTag")),
        ({"Ec2ImageBuilderArn": f"{ARN}/1.0.0/10", "Name": "web-v2"}, (ARN, "imageBuilder")),
        ({"Ec2ImageBuilderArn": ARN.replace("123456789012", "aws") + "/2024.1.1/1"},
         (ARN.replace("123456789012", "aws"), "imageBuilder")),
        ({"Ec2ImageBuilderArn": "mine"}, ("image", "imageName")),
        ({"Amazon_AMI_Management_Identifier": "web", "HCPPackerBucketName": "bucket"}, ("web", "packer")),
        ({"HCPPackerBucketID": "01", "HCPPackerBucketName": "bucket"}, ("bucket", "packer")),
        ({"HCPPackerVersionBucketSlug": "slug", "Name": "web"}, ("slug", "packer")),
        ({"HCPPackerIterationID": "01", "Name": "web"}, ("web", "nameTag")),
        ({"Name": "20260401"}, ("image", "imageName")),
        ({"Amazon_AMI_Management_Identifier": "web", "Ec2ImageBuilderArn": f"{ARN}/1.0.0/10"}, (ARN, "imageBuilder")),
        ({"HCPPackerBucketName": "bucket", "Ec2ImageBuilderArn": f"{ARN}/1.0.0/10"}, (ARN, "imageBuilder")),
    ],
)  # fmt: skip
def test_tags(tags: dict[str, str], told: Lineage) -> None:
    assert lineage_of(ami("ami-1", name="image-20260401", tags=tags)) == told


def test_what_is_configured_comes_first() -> None:
    tags = {"golden-ami-lineage": "tagged", "Name": "web-v1", "family": "family v1"}
    entry = AmiEntry(ami_id="ami-1", lineage="configured")
    image = ami("ami-1", name="image", tags=tags, parameter="/golden/web/latest")
    assert lineage_of(ami("ami-1", entry=entry, tags=tags), "family") == ("configured", "configuration")
    assert lineage_of(image, "family") == ("tagged", "tag")
    del image.tags["golden-ami-lineage"]
    assert lineage_of(image, "family") == ("family v1", "lineageTag")
    assert lineage_of(image, "Name") == ("web", "lineageTag")
    assert lineage_of(image, "absent") == lineage_of(image) == ("/golden/web/latest", "parameter")


def test_a_build_of_another_account_s_recipe_is_another_lineage() -> None:
    arns = [f"{ARN}/1.0.0/1", f"{ARN}/2.1.0/7", f"{ARN.replace('123456789012', '210987654321')}/1.0.0/1"]
    one, next_, other = (lineage_of(ami("ami-1", tags={"Ec2ImageBuilderArn": arn})) for arn in arns)
    assert one == next_ != other


def test_a_parameter_that_is_too_long_is_told_from_others() -> None:
    one, other = (ami("ami-1", parameter="/golden" * 60 + end) for end in ("/a", "/b"))
    told = [lineage_of(image).name for image in (one, other)]
    assert told[0] != told[1]
    assert {len(name) for name in told} == {256}


@pytest.mark.parametrize("name", ["", "20260401", "v42", "\u200b"])
def test_without_any_the_id_is_the_lineage_and_a_note_says_what_to_do(name: str) -> None:
    image = ami("ami-1", name=name)
    image.lineage, image.lineage_rule = lineage_of(image)
    assert (image.lineage, image.lineage_rule) == ("ami-1", "amiId")
    assert "or the AMI's tag golden-ami-lineage" in lineage_note(image)


@pytest.mark.parametrize(("name", "noted"), [("base 1.4.2", True), ("golden-rhel-9", False), ("web-20260401", False)])
def test_a_version_that_was_kept_is_noted(name: str, noted: bool) -> None:
    image = ami("ami-1", name=name)
    image.lineage, image.lineage_rule = lineage_of(image)
    assert bool(lineage_note(image)) is noted


@pytest.mark.parametrize(("tag", "noted"), [("golden-v42-prod", True), ("jenkins-20260401-3", True), ("web", False)])
def test_it_is_noted_of_the_name_that_told_the_lineage(tag: str, noted: bool) -> None:
    image = ami("ami-1", name="golden-r42" if not noted else "web", tags={"Name": tag})
    image.lineage, image.lineage_rule = lineage_of(image)
    assert bool(lineage_note(image)) is noted


def test_every_rule_has_words() -> None:
    assert all(rule_in_words(rule) for rule in get_args(LineageRule) if rule)
    assert rule_in_words("") == ""
