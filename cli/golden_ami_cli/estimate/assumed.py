"""A configuration's AMIs without an account to look them up in, and what is assumed of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from golden_ami.configuration.catalog import DEFAULT_TYPES, assign_batches
from golden_ami.configuration.config import fold_duplicates
from golden_ami.engines.registry import traits
from golden_ami.models import DEFAULT_ENGINE, NO_BATCH, Ami, AmiEntry, Config, Engine

ARCHITECTURE, GIB = "x86_64", 8


def amis_of(config: Config, region: str, engine: Engine | None = None) -> list[Ami]:
    """Every AMI of the configuration once, as no account was asked: with its own engine, or all with one."""
    amis = [_row(folded.entry, config, region, engine) for folded in fold_duplicates(config.amis, region=region)]
    assign_batches(amis)
    return amis


def _row(entry: AmiEntry, config: Config, region: str, engine: Engine | None) -> Ami:
    asked = entry.engine or config.engine
    kind = entry.instance_type or DEFAULT_TYPES[ARCHITECTURE]
    return Ami(
        run_id="estimate",
        batch=NO_BATCH,
        key="/".join(filter(None, (entry.account, entry.region, entry.ami_id))),
        ami_id=entry.ami_id,
        entry=msgspec.structs.replace(entry, instance_type=kind),
        engine=engine or (DEFAULT_ENGINE if asked == "auto" else asked),
        region=entry.region or region,
        account=entry.account or "",
        volumes={"": GIB},
    )


def assumptions(config: Config, amis: Sequence[Ami], region: str) -> list[str]:
    """What is assumed, a sentence each."""
    said = ["no AMI is looked up, so each counts as one that can be assessed"]
    if any(not entry.instance_type for entry in config.amis):
        said.append(f"AMIs whose entry names no type are {ARCHITECTURE}, on {DEFAULT_TYPES[ARCHITECTURE]}")
    if any(traits(ami.engine).needs_instances for ami in amis):
        said.append(f"each AMI has one volume of {GIB} GiB")
    if any((entry.engine or config.engine) == "auto" for entry in config.amis):
        said.append(f"engine auto chooses {DEFAULT_ENGINE}")
    said += [] if region else ["prices are of the region of each price; --region says where the stack is"]
    return said
