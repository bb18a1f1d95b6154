"""Images and parameters for a configuration of one's own, to try it without describing the AMIs first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from golden_ami.configuration.parameters import PUBLIC, RESOLVE, name_of
from golden_ami_emulator.world import ACCOUNT, REGION, Image, World

if TYPE_CHECKING:
    from golden_ami.models import AmiEntry, Config

PATH = "/golden-amis/"  # template.yaml's default for AmiParameterPath, with which a local run is deployed
# "g" behind the generation stands for AWS Graviton (EC2 Instance Types, "Naming conventions"); a1 came before that.
_GRAVITON = re.compile(r"(a1|[a-z]+\d+[a-z]*g[a-z]*(-\w+)?)\.")


def filled(world: World, config: Config) -> tuple[World, list[str]]:
    """The world with an image for each AMI that the configuration names and it lacks, and notes that say so.

    An entry `resolve:ssm:NAME` gets a parameter as well, if NAME is one that the stack may read: below PATH, or a
    public one of AWS's. Entries of other regions and accounts get nothing.
    """
    images = {image.image_id: image for image in world.images}
    made: dict[str, Image] = {}
    parameters: dict[str, str] = {}
    for entry in config.amis:
        if not _at_home(entry) or (wanted := _wanted(entry)) is None:
            continue
        if entry.ami_id.startswith(RESOLVE):
            parameters[entry.ami_id.removeprefix(RESOLVE)] = wanted
        if wanted not in images:
            images[wanted] = made.setdefault(wanted, _image(wanted, entry))
    whole = replace(world, images=list(images.values()), parameters={**world.parameters, **parameters})
    return whole, [*_said_of(made, parameters), *elsewhere(config)]


def lacking(world: World, config: Config) -> list[str]:
    """Notes on what a configuration names and the given images and parameters do not hold."""
    known = {image.image_id for image in world.images} | {RESOLVE + name for name in world.parameters}
    names = [entry.ami_id for entry in config.amis if _at_home(entry) and entry.ami_id not in known]
    unknown = [f"not in the file of --images, so the embedded account lacks it: {_some(names)}"] if names else []
    return [*unknown, *elsewhere(config)]


def elsewhere(config: Config) -> list[str]:
    """A note on entries of regions and accounts that the embedded AWS of a local run does not have."""
    names = [entry.ami_id for entry in config.amis if not _at_home(entry)]
    place = f"the embedded AWS has only {REGION} of account {ACCOUNT}"
    return [f"{place}, so these are not assessed: {_some(names)}"] if names else []


def _at_home(entry: AmiEntry) -> bool:
    return (entry.account or ACCOUNT, entry.region or REGION) == (ACCOUNT, REGION)


def _wanted(entry: AmiEntry) -> str | None:
    """The AMI id that an entry shall stand for; None for a parameter that the stack may not read."""
    if not entry.ami_id.startswith(RESOLVE):
        return entry.ami_id
    if not name_of(entry.ami_id).startswith((PATH, PUBLIC)):
        return None
    return f"ami-{sha256(entry.ami_id.encode()).hexdigest()[:17]}"


def _image(image_id: str, entry: AmiEntry) -> Image:
    arm = _GRAVITON.match(entry.instance_type) is not None
    return Image(image_id, f"made-up-{image_id}", architecture="arm64" if arm else "x86_64")


def _said_of(made: Iterable[str], parameters: dict[str, str]) -> list[str]:
    notes = []
    if ids := list(made):
        notes.append(
            f"made up for this run: {_some(ids)}. The result says nothing about your AMIs of these ids: "
            "--images gives their names and tags, --findings what is found on them"
        )
    if parameters:
        pairs = [f"{name} ({ami_id})" for name, ami_id in parameters.items()]
        notes.append(f"made up for this run, SSM parameters: {_some(pairs)}")
    return notes


def _some(names: list[str], limit: int = 5) -> str:
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
