"""The embedded stack as the commands see any other, by itself or with what a workspace keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from golden_ami_cli.account import Account, of_stack
from golden_ami_cli.deployment import needed

if TYPE_CHECKING:
    import typer

    from golden_ami.models import Config
    from golden_ami_emulator.embedded import Embedded
    from golden_ami_emulator.workspace.content import Content


def account_of(aws: Embedded) -> Account:
    """The stack of an embedded account, registered with its CloudFormation."""
    from golden_ami_emulator.registration import register

    register(aws)
    return of_stack(aws.stack_name, aws.client, aws.region)


def account_with(context: typer.Context, content: Content, config: Config | None) -> Account:
    """The stack of an account that has what a workspace keeps, open until the command ends.

    Its parameter holds the workspace's configuration, else the sample's. It has an image for each AMI that `config`
    names, or that the parameter does where it is None.
    """
    from golden_ami.configuration.config import parse
    from golden_ami_cli.workspaces import start_of
    from golden_ami_emulator.embedded import Embedded
    from golden_ami_emulator.inspector.data import load_findings, load_images
    from golden_ami_emulator.made_up import filled
    from golden_ami_emulator.project import SAMPLES
    from golden_ami_emulator.workspace.account import give
    from golden_ami_emulator.world import World

    sample = (SAMPLES / "configuration.json").read_text(encoding="utf-8")
    config = config or configured(content) or parse(sample, "the sample")
    held, found = load_images(SAMPLES / "images.json"), load_findings(SAMPLES / "findings.json")
    world, _ = filled(World(images=held.images, findings=found.findings, parameters=held.parameters), config)
    aws = context.with_resource(Embedded(world, parameters=needed(config), start=start_of(content)))
    give(aws, content)
    if content.parameter is None:
        aws.put_configuration(aws.outputs["ParameterName"], sample)
    return account_of(aws)


def configured(content: Content) -> Config | None:
    """The configuration that a workspace keeps; None where it keeps none, or none that can be read."""
    from golden_ami.configuration.config import parse
    from golden_ami.errors import InvalidConfiguration

    text = content.parameter or ""
    try:
        document = msgspec.json.decode(text, type=_Pointer).document.removeprefix("s3://").partition("/")[2]
        kept = next((one for one in content.objects if document and one.key == document), None)
        return parse(content.contents[kept.sha256].decode() if kept else text, "the workspace's configuration")
    except (InvalidConfiguration, msgspec.MsgspecError, UnicodeDecodeError):
        return None


class _Pointer(msgspec.Struct):
    """A parameter that may point to an object with the configuration."""

    document: str = ""
