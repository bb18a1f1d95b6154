"""A configuration file as the parameter's text and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from golden_ami_cli.files import read_text

if TYPE_CHECKING:
    from golden_ami.models import Config, ConfiguredEngine

YAML_SUFFIXES = (".yaml", ".yml")


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
