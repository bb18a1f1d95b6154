"""A configuration file as the parameter's text and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from golden_ami_cli.files import INPUT, read_text

if TYPE_CHECKING:
    from golden_ami.models import Config, ConfiguredEngine

YAML_SUFFIXES = (".yaml", ".yml")


def is_yaml(path: Path, text: str) -> bool:
    """Whether a configuration is YAML: by its suffix; of standard input, if it does not begin as JSON does."""
    if path == INPUT:
        return text.removeprefix("\ufeff").lstrip()[:1] not in ("", "{", "[", '"')
    return path.suffix.lower() in YAML_SUFFIXES


def read_configuration(path: Path) -> tuple[str, Config]:
    """A configuration file (JSON or YAML, see `is_yaml`) as the parameter's text, and what it says.

    Raises BadFile, and InvalidConfiguration with every problem.
    """
    from golden_ami.configuration import config

    text = read_text(path)
    if is_yaml(path, text):
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


def of_amis(amis: Sequence[str], settings: Config | None = None) -> Config:
    """The settings, by default all defaults, for these AMIs; an entry that the settings have of one is kept.

    Raises InvalidConfiguration.
    """
    from msgspec.structs import replace

    from golden_ami.configuration import config
    from golden_ami.models import AmiEntry, Config

    settings = settings or Config(amis=[])
    known = {entry.ami_id: entry for entry in reversed(settings.amis)}
    entries = [known.get(ami, AmiEntry(ami_id=ami)) for ami in amis]
    return config.parse(config.to_text(replace(settings, amis=entries)), "--ami")
