"""What a configuration needs of the stack's parameters: options that the template allows only where it is told to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from golden_ami.models import Config


def needed(config: Config) -> dict[str, str]:
    """The template's parameters without which an option of the configuration has no effect, or fails.

    A dry run of `act` needs none.
    """
    act = config.act
    wanted = {
        "CisBenchmark": "true" if config.cis else "",
        "EnableInspector": "true" if config.enable_inspector else "",
        "ActOnAmis": "true" if not act.dry_run and (act.tag_amis or act.deprecate or act.events) else "",
        "OwnerTopicArns": ",".join(sorted(set(config.routes.values()))),
    }
    return {name: value for name, value in wanted.items() if value}


def missing(config: Config, deployed: Mapping[str, str]) -> dict[str, str]:
    """Those of them that a stack with these parameters lacks, with the value to deploy."""
    lacking: dict[str, str] = {}
    for name, value in needed(config).items():
        has = set(filter(None, deployed.get(name, "").split(",")))
        if not set(value.split(",")) <= has:
            lacking[name] = value if value == "true" else ",".join(sorted(has | set(value.split(","))))
    return lacking


def as_options(parameters: Mapping[str, str]) -> str:
    """As SAM CLI takes them: NAME=VALUE, separated by blanks."""
    return " ".join(f"{name}={value}" for name, value in parameters.items())
