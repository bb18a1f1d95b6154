"""Which of an AMI's tags go onto what is launched from it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from golden_ami.models import AMI_TAG, ASSESSMENT_TAG, EXPIRY_TAG, RUN_TAG, STACK_TAG

TAG_LIMIT = 50  # tags that we may put on a resource (EC2 User Guide, "Tag your Amazon EC2 resources")
EXCLUSION_TAG = "InspectorEc2Exclusion"  # in any case; Amazon Inspector passes instances over that carry it


class Tagging(NamedTuple):
    """The tags of an instance and its volumes, and what was left out, for the reader of the report."""

    tags: dict[str, str]
    notes: list[str]


def own_tags(*, run_id: str, ami_key: str, expires_at: str, stack: str) -> dict[str, str]:
    """The tags by which the system finds what it launched."""
    return {
        ASSESSMENT_TAG: "true",
        RUN_TAG: run_id,
        AMI_TAG: ami_key,
        EXPIRY_TAG: expires_at,
        STACK_TAG: stack,
    }


def instance_tags(ami_tags: Mapping[str, str], own: Mapping[str, str]) -> Tagging:
    """The AMI's tags and our own, at most 50; ours win, and of the AMI's the alphabetically last ones give way."""
    reserved = {key for key in ami_tags if key.lower().startswith("aws:")}
    exclusions = {key for key in ami_tags if key.lower() == EXCLUSION_TAG.lower()}
    replaced = {key for key in ami_tags if key in own}
    usable = sorted(ami_tags.keys() - reserved - exclusions - replaced)
    room = TAG_LIMIT - len(own)
    kept, surplus = usable[:room], usable[room:]
    notes = [
        *_note(reserved, "EC2 reserves the prefix aws:"),
        *_note(exclusions, "on the instance it would stop Inspector's scan"),
        *_note(replaced, "the system's own tag of that name was used"),
        *_note(surplus, f"a resource carries at most {TAG_LIMIT} tags"),
    ]
    return Tagging({key: ami_tags[key] for key in kept} | dict(own), notes)


def to_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as EC2 writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _note(keys: Iterable[str], why: str) -> list[str]:
    names = ", ".join(sorted(keys))
    return [f"tags not copied to the instance: {names} ({why})"] if names else []
