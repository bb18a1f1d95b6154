"""The lineage of an AMI, by the first rule that tells one. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from golden_ami.characters import is_blank
from golden_ami.lineage.builds import may_hold_build, without_builds
from golden_ami.models import LINEAGE_TAG, Ami, LineageRule

# Added to every AMI that EC2 Image Builder makes (its User Guide, "Tag Image Builder output resources").
_IMAGE_BUILDER_TAG = "Ec2ImageBuilderArn"
# Up to the recipe's name; then come its version and the build (botocore, imagebuilder: ImageBuildVersionArn).
_RECIPE = re.compile(
    r"(arn:aws[^:]*:imagebuilder:[^:]+:(?:[0-9]{12}|aws(?:-[a-z-]+)?):image/[a-z0-9_-]+)/[0-9]+\.[0-9]+\.[0-9]+/[0-9]+"
)
# By which Packer's plugin amazon-ami-management knows the AMIs of one kind (its README, "identifier").
_PACKER_TAG = "Amazon_AMI_Management_Identifier"
_PACKER_BUCKET = re.compile(r"HCPPacker.*Bucket.*")  # HCPPackerBucketName and the like, by handlers of its webhooks
_LONGEST = 256  # characters, as in the schema; a lineage is part of a key of 2,048 bytes (DynamoDB, "Quotas")

_WORDS: dict[LineageRule, str] = {
    "": "",
    "configuration": "lineage of the configuration",
    "tag": f"tag {LINEAGE_TAG}",
    "lineageTag": "tag named by lineageTag",
    "parameter": "SSM parameter",
    "imageBuilder": "recipe of EC2 Image Builder",
    "packer": "tag of Packer",
    "nameTag": "tag Name",
    "imageName": "name of the image",
    "amiId": "AMI id",
}


class Lineage(NamedTuple):
    """What the versions of one golden AMI have in common, in one account and Region."""

    name: str  # never empty
    rule: LineageRule


def lineage_of(ami: Ami, lineage_tag: str | None = None) -> Lineage:
    """The lineage of an AMI that was looked up. `lineage_tag`: the tag that the configuration names, if it does."""
    for rule, name in _told(ami, lineage_tag):
        if name and not is_blank(name):
            return Lineage(_bounded(name), rule)
    return Lineage(ami.ami_id, "amiId")


def rule_in_words(rule: LineageRule) -> str:
    """What told the lineage, for people; "" where no rule is known, as in rows of an earlier release."""
    return _WORDS[rule]


def lineage_note(ami: Ami) -> str:
    """What a person should do about a lineage that will not last from one version to the next; "" where nothing."""
    remedy = f"set lineage in the configuration, or the AMI's tag {LINEAGE_TAG}"
    if ami.lineage_rule == "amiId":
        return f"nothing but its id tells its lineage, so no other version is compared with it: {remedy}"
    named = {"nameTag": ami.tags.get("Name", "").strip(), "imageName": ami.name}.get(ami.lineage_rule)
    if named and may_hold_build(named):
        return (
            f"its lineage {ami.lineage} has a version or number that may be a release's, so it was kept: "
            f"if it changes with each build, {remedy}"
        )
    return ""


def _told(ami: Ami, lineage_tag: str | None) -> Iterator[tuple[LineageRule, str]]:
    """What each rule tells, in the order in which they hold."""
    yield "configuration", ami.entry.lineage or ""
    tags = {key: value.strip() for key, value in ami.tags.items()}
    yield "tag", tags.get(LINEAGE_TAG, "")
    if lineage_tag:
        value = tags.get(lineage_tag, "")
        yield "lineageTag", without_builds(value) if lineage_tag == "Name" else value
    yield "parameter", ami.parameter  # as it is: the same parameter names the next version
    recipe = _RECIPE.fullmatch(tags.get(_IMAGE_BUILDER_TAG, ""))
    yield "imageBuilder", recipe[1] if recipe else ""
    yield "packer", tags.get(_PACKER_TAG, "")
    for key in sorted(filter(_PACKER_BUCKET.fullmatch, tags), key=lambda key: (key != "HCPPackerBucketName", key)):
        yield "packer", tags[key]
    yield "nameTag", without_builds(tags.get("Name", ""))
    yield "imageName", without_builds(ami.name)


def _bounded(name: str) -> str:
    """A longer name, as of a deep parameter, is cut, and told from others by its digest: none is taken for another."""
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name[: _LONGEST - len(digest) - 1]}~{digest}"
