"""The files that the command is given, read and checked. Errors name file, field, value and remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from golden_ami_cli.errors import UsageError

if TYPE_CHECKING:
    from golden_ami.models import Config, ConfiguredEngine
    from golden_ami_emulator.world import World


@dataclass(frozen=True)
class Inputs:
    """What is assessed and what the embedded account holds. `text` is the parameter's content.

    `notes` say what was made up, and what of the configuration the embedded account does not hold; `warnings`, what of
    the files is left out.
    """

    text: str
    config: Config
    world: World
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        configuration: Path | None,
        images: Path | None,
        findings: Path | None,
        *,
        engine: ConfiguredEngine | None = None,
        amis: Sequence[str] = (),
    ) -> Inputs:
        """Read the files; the samples stand in for those not given. Raises UsageError with every problem of one.

        With `amis`, ids or `resolve:ssm:` references, these are the configuration. Without images, those that the
        configuration names are made up.
        """
        from golden_ami.configuration.config import to_text
        from golden_ami.errors import InvalidConfiguration
        from golden_ami_cli.configuration.reading import of_amis, read_configuration, with_engine
        from golden_ami_cli.deployment import as_options, needed
        from golden_ami_emulator.inspector.data import load_findings, load_images
        from golden_ami_emulator.made_up import filled, lacking
        from golden_ami_emulator.project import SAMPLES
        from golden_ami_emulator.world import World

        try:
            if amis:
                checked = of_amis(amis)
                text = to_text(checked)
            else:
                text, checked = read_configuration(configuration or SAMPLES / "configuration.json")
            if engine:
                checked = with_engine(checked, engine)
                text = to_text(checked)
            held = load_images(images or SAMPLES / "images.json")
            found = load_findings(findings or SAMPLES / "findings.json")
        except InvalidConfiguration as error:
            raise UsageError(str(error)) from error
        world = World(images=held.images, findings=found.findings, parameters=held.parameters)
        world, notes = (world, lacking(world, checked)) if images else filled(world, checked)
        if options := as_options(needed(checked)):
            notes.append(f"deployed with {options}, which a stack in AWS needs for this configuration, too")
        warnings = [_left_out(findings, found.left_out)] if found.left_out else []
        return cls(text, checked, world, tuple(notes), tuple(warnings))


def _left_out(path: Path | None, types: Mapping[str, int]) -> str:
    counted = ", ".join(f"{count:,} on {name}" for name, count in sorted(types.items()))
    return f"{path}: findings left out, for they are on neither an instance nor an AMI: {counted}"
