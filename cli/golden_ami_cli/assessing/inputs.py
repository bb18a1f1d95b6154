"""The files that the command is given, read and checked. Errors name file, field, value and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from golden_ami_cli.errors import BadFile, UsageError

if TYPE_CHECKING:
    from golden_ami.models import Config, ConfiguredEngine
    from golden_ami_emulator.world import World

ROOT = Path(__file__).resolve().parents[3]  # the clone; the project is installed from it, editable
SAMPLES = ROOT / "samples"
YAML_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Inputs:
    """What is assessed and what the embedded account holds. `text` is the parameter's content.

    `notes` say what was made up, and what of the configuration the embedded account does not hold.
    """

    text: str
    config: Config
    world: World
    notes: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        configuration: Path | None,
        images: Path | None,
        findings: Path | None,
        *,
        engine: ConfiguredEngine | None = None,
    ) -> Inputs:
        """Read the files; the samples stand in for those not given. Raises UsageError with every problem of one.

        Without images, those that the configuration names are made up.
        """
        from golden_ami.configuration.config import to_text
        from golden_ami.errors import InvalidConfiguration
        from golden_ami_cli.configuration.deployment import as_options, needed
        from golden_ami_emulator.inspector.data import load_findings, load_images
        from golden_ami_emulator.made_up import filled, lacking
        from golden_ami_emulator.world import World

        try:
            text, checked = read_configuration(configuration or SAMPLES / "configuration.json")
            if engine:
                checked = with_engine(checked, engine)
                text = to_text(checked)
            held = load_images(images or SAMPLES / "images.json")
            found = load_findings(findings or SAMPLES / "findings.json")
        except InvalidConfiguration as error:
            raise UsageError(str(error)) from error
        world = World(images=held.images, findings=found, parameters=held.parameters)
        world, notes = (world, lacking(world, checked)) if images else filled(world, checked)
        if options := as_options(needed(checked)):
            notes.append(f"deployed with {options}, which a stack in AWS needs for this configuration, too")
        return cls(text, checked, world, tuple(notes))


def read_text(path: Path) -> str:
    """A file's text. Raises BadFile."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadFile(path, "file", "not found", "name a file that exists") from None
    except UnicodeDecodeError as error:
        raise BadFile(path, "file", f"not UTF-8 at byte {error.start}", "save it as UTF-8") from None
    except OSError as error:
        raise BadFile(path, "file", error.strerror or str(error), "name a file that can be read") from None


def make_directory(path: Path) -> None:
    """Make a directory for what the command is to leave. Raises BadFile."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadFile(path, "directory", error.strerror or str(error), "name a directory that can be made") from None


def read_configuration(path: Path) -> tuple[str, Config]:
    """A configuration file (JSON, or YAML by its suffix) as the parameter's text, and what it says.

    Raises BadFile, and InvalidConfiguration with every problem.
    """
    from golden_ami.configuration import config

    text = read_text(path)
    if path.suffix.lower() in YAML_SUFFIXES:
        from golden_ami_cli.configuration.yaml_text import Yaml

        checked = config.parse_document(Yaml.read(text, str(path)).document, str(path))
        return config.to_text(checked), checked
    return text, config.parse(text, str(path))


def with_engine(configuration: Config, engine: ConfiguredEngine) -> Config:
    """The configuration with one engine for all of its AMIs. Raises InvalidConfiguration where its waits do not fit."""
    from msgspec.structs import replace

    from golden_ami.configuration import config

    amis = [replace(ami, engine=None) for ami in configuration.amis]
    changed = replace(configuration, engine=engine, amis=amis)
    return config.parse(config.to_text(changed), f"the configuration with --engine {engine}")
