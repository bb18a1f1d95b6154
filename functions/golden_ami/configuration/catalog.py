"""The AMIs of a configuration, looked up: what they are, how each is scanned, and which cannot be assessed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import code_of
from golden_ami.aws.filters import FILTER_VALUES
from golden_ami.configuration import parameters
from golden_ami.configuration.config import Folded, fold_duplicates
from golden_ami.configuration.parameters import RESOLVE, name_of
from golden_ami.configuration.zones import zones_of
from golden_ami.engines.registry import ENGINES, automatic, traits
from golden_ami.errors import AccessDenied, EngineUnavailable
from golden_ami.lineage.rules import lineage_note, lineage_of
from golden_ami.models import (
    BATCHES,
    DEFAULT_ENGINE,
    NO_BATCH,
    VERDICT_TAGS,
    Ami,
    AmiEntry,
    Config,
    ConfiguredEngine,
    Engine,
    Reason,
)
from golden_ami.parallel import chunks
from golden_ami.places import Place, home, named, place_of
from golden_ami.reasons import loading
from golden_ami.settings import Settings
from golden_ami.subnets import subnets_of

T = TypeVar("T")
Image = Mapping[str, Any]


AUDITED = "Allowed AMIs, now in audit mode, would hide this AMI: its criteria do not name it"

DEFAULT_TYPES = {"x86_64": "t3.medium", "i386": "t3.medium", "arm64": "t4g.medium"}
_UNREACHABLE = frozenset({
    "AuthFailure", "OptInRequired", "UnrecognizedClientException", "InvalidClientTokenId", "UnauthorizedOperation",
    "AccessDenied", "AccessDeniedException",
})  # fmt: skip


def look_up(
    config: Config, settings: Settings, clients: Clients, run_id: str, refused: Collection[str] = ()
) -> list[Ami]:
    """Every AMI of the configuration once, with its batch; those that cannot be assessed with the reason.

    `refused` are parameters of the stack's account that load-config may not read, for a caller with other rights.
    Raises EngineUnavailable when the configuration asks for an engine that cannot be used here, and botocore's
    ClientError.
    """
    _refuse_unavailable(config, settings)
    amis = configured(config, settings, clients, run_id, refused)
    for place, group in _by_place(amis, settings):
        _describe(place, group, config, settings, clients)
    for place, group in _by_place(amis, settings):
        launched = [ami for ami in group if traits(ami.engine).needs_instances]
        _check_instance_types(place, clients, launched)
        _check_zones(place, [ami for ami in launched if ami.reason is None], config, settings, clients)
    for ami in amis:
        ami.notes += [note] if (note := no_benchmark(config, ami.engine)) else []
    assign_batches(amis)
    return amis


def no_benchmark(config: Config, engine: Engine) -> str:
    """That the benchmark of the configuration is not assessed with the engine; "" where it is, or none is asked for."""
    if not config.cis or traits(engine).has_benchmark:
        return ""
    able = " or ".join(name for name in ENGINES if traits(name).has_benchmark)
    return f"cis {config.cis} is not assessed: engine {engine} runs no CIS benchmark; set engine {able} for this AMI"


def configured(
    config: Config,
    settings: Settings,
    clients: Clients,
    run_id: str,
    refused: Collection[str] = (),
    *,
    resolve: bool = True,
) -> list[Ami]:
    """Every AMI of the configuration once, with the id that its parameter holds, not yet looked up.

    Raises botocore's ClientError where a parameter of the stack's own place cannot be asked for.
    """
    entries, failures = _resolved(config.amis, settings, clients, refused) if resolve else (config.amis, {})
    folded = fold_duplicates(entries, region=settings.region, account=settings.account)
    amis = [_row(item, config, run_id, settings) for item in folded]
    origins = _parameters(config.amis, entries, settings)
    for ami in amis:
        ami.parameter = origins[ami.ami_id, place_of(ami, settings)]
        ami.reason = failures.get((ami.ami_id, place_of(ami, settings)))
    return amis


def _refuse_unavailable(config: Config, settings: Settings) -> None:
    """Raises EngineUnavailable for the first engine that the configuration names and these settings rule out."""
    for engine in ENGINES:
        asked = [entry.ami_id for entry in config.amis if (entry.engine or config.engine) == engine]
        if asked and (why := traits(engine).unavailable(settings)):
            names = ", ".join(asked[:3]) + (f" and {len(asked) - 3:,} more" if len(asked) > 3 else "")
            raise EngineUnavailable(f'engine "{engine}" (for {names}) cannot be used: {why}')


# ---------------------------------------------------------------- resolve:ssm:…


def _resolved(
    entries: Sequence[AmiEntry], settings: Settings, clients: Clients, refused: Collection[str]
) -> tuple[list[AmiEntry], dict[tuple[str, Place], Reason]]:
    """The entries with AMI ids in place of parameters, and why the others have none."""
    wanted: dict[Place, dict[str, None]] = {}
    for entry in entries:
        if entry.ami_id.startswith(RESOLVE):
            wanted.setdefault(place_of(entry, settings), {})[entry.ami_id.removeprefix(RESOLVE)] = None
    ids: dict[tuple[str, Place], str] = {}
    failures: dict[tuple[str, Place], Reason] = {}
    for place, names in wanted.items():
        for name, outcome in _outcomes(place, list(names), settings, clients, refused).items():
            if isinstance(outcome, Reason):
                failures[RESOLVE + name, place] = outcome
            else:
                ids[RESOLVE + name, place] = outcome
    resolved = [
        msgspec.structs.replace(entry, ami_id=ids.get((entry.ami_id, place_of(entry, settings)), entry.ami_id))
        for entry in entries
    ]
    return resolved, failures


def _parameters(
    entries: Sequence[AmiEntry], resolved: Sequence[AmiEntry], settings: Settings
) -> dict[tuple[str, Place], str]:
    """The parameter that the first entry of each AMI names; "" where it has the id itself."""
    found: dict[tuple[str, Place], str] = {}
    for entry, known in zip(entries, resolved, strict=True):
        name = name_of(entry.ami_id) if entry.ami_id.startswith(RESOLVE) else ""
        found.setdefault((known.ami_id, place_of(known, settings)), name)
    return found


def _outcomes(
    place: Place, names: Sequence[str], settings: Settings, clients: Clients, refused: Collection[str]
) -> dict[str, str | Reason]:
    """The AMI id that each parameter of a place holds, or why there is none."""
    unreadable = [name for name in names if name in refused and place.account == settings.account]
    asked = [name for name in names if name not in unreadable]
    answers = _reach(place, settings, lambda: parameters.read(clients.client("ssm", place), asked))
    outcomes: dict[str, str | Reason] = {
        name: answers if isinstance(answers, Reason) else parameters.ami_id_of(name, answers, place, settings, names)
        for name in asked
    }
    return outcomes | {name: parameters.denied(name, place, settings, names) for name in unreadable}


# ---------------------------------------------------------------- images


def _row(item: Folded, config: Config, run_id: str, settings: Settings) -> Ami:
    entry = item.entry
    place = place_of(entry, settings)
    engine: ConfiguredEngine = entry.engine or config.engine
    return Ami(
        run_id=run_id,
        batch=NO_BATCH,
        key=entry.ami_id if place == home(settings) else f"{place.account}/{place.region}/{entry.ami_id}",
        ami_id=entry.ami_id,
        entry=entry,
        engine=DEFAULT_ENGINE if engine == "auto" else engine,
        region=place.region,
        account=place.account,
        lineage=entry.lineage or "",
        lineage_rule="configuration" if entry.lineage else "",
        notes=item.notes,
    )


def _describe(place: Place, amis: Sequence[Ami], config: Config, settings: Settings, clients: Clients) -> None:
    images = _reach(place, settings, lambda: _images(clients.client("ec2", place), [ami.ami_id for ami in amis]))
    if isinstance(images, Reason):
        for ami in amis:
            ami.reason = images
        return
    unseen = [ami for ami in amis if ami.ami_id not in images]
    hidden = bool(unseen) and _hides_images(clients.client("ec2", place))
    for ami in unseen:
        absent = loading.AMI_NOT_ALLOWED if hidden else loading.AMI_NOT_FOUND
        ami.reason = absent(ami=ami.ami_id, place=named(place))
    for ami in amis:
        if image := images.get(ami.ami_id):
            _fill(ami, image, config)


def _hides_images(ec2: Any) -> bool:
    """Whether the account's Allowed AMIs hide images from DescribeImages (EC2 API Reference, GetAllowedImagesSettings).

    Asked only to say why: where it cannot be asked, the AMI is told as not found.
    """
    try:
        return bool(ec2.get_allowed_images_settings()["State"] == "enabled")
    except (ClientError, BotoCoreError):
        return False


def _images(ec2: Any, ids: Sequence[str]) -> dict[str, Image]:
    """By filter, as one unknown id in ImageIds would fail the request for all."""
    pages = ec2.get_paginator("describe_images")
    found: dict[str, Image] = {}
    for some in chunks(ids, FILTER_VALUES):
        wanted = [{"Name": "image-id", "Values": some}]
        for page in pages.paginate(Filters=wanted, IncludeDeprecated=True, IncludeDisabled=True):
            found |= {image["ImageId"]: image for image in page["Images"]}
    return found


def _fill(ami: Ami, image: Image, config: Config) -> None:
    ami.name = image.get("Name", "")
    ami.architecture = image.get("Architecture", "")
    ami.owner_id = image.get("OwnerId", "")
    windows = str(image.get("Platform", "")).lower() == "windows"
    ami.platform = image.get("PlatformDetails", "") or ("Windows" if windows else "Linux/UNIX")
    ami.root_device = image.get("RootDeviceName", "")
    ami.volumes = {
        mapping["DeviceName"]: int(mapping["Ebs"].get("VolumeSize", 0))
        for mapping in image.get("BlockDeviceMappings", [])
        if "Ebs" in mapping
    }
    ami.tags = {tag["Key"]: tag["Value"] for tag in image.get("Tags", []) if tag["Key"] not in VERDICT_TAGS}
    ami.lineage, ami.lineage_rule = lineage_of(ami, config.lineage_tag)
    ami.notes += [note] if (note := lineage_note(ami)) else []
    if (ami.entry.engine or config.engine) == "auto":
        ami.engine, ami.engine_reason = automatic(image, ami.account)
    if image.get("ImageAllowed") is False:  # told in audit mode; once enabled, the image would not be listed
        ami.notes.append(AUDITED)
    state = image.get("State", "available")
    if state != "available":
        ami.reason = _NOT_AVAILABLE.get(state, loading.AMI_NOT_AVAILABLE)(ami=ami.ami_id, state=state)


# By the state of the image (EC2 API Reference, Image: imageState).
_NOT_AVAILABLE = {
    "pending": loading.AMI_PENDING,
    "disabled": loading.AMI_DISABLED,
    "failed": loading.AMI_FAILED,
}


# ---------------------------------------------------------------- instance types


def _check_instance_types(place: Place, clients: Clients, amis: Sequence[Ami]) -> None:
    for ami in amis:
        if not ami.entry.instance_type:
            _default_type(ami)
    wanted = sorted({ami.entry.instance_type for ami in amis if ami.reason is None})
    types = _instance_types(clients.client("ec2", place), wanted)
    for ami in amis:
        if ami.reason is None:
            found = types.get(ami.entry.instance_type)
            ami.reason = _type_problem(ami, found, place)
            ami.vcpus = found.vcpus if found else 0


def _default_type(ami: Ami) -> None:
    chosen = DEFAULT_TYPES.get(ami.architecture or "x86_64")
    if chosen:
        ami.entry = msgspec.structs.replace(ami.entry, instance_type=chosen)
        return
    ami.reason = loading.INSTANCE_TYPE_MISSING(architecture=ami.architecture)


class _InstanceType(NamedTuple):
    """What EC2 tells of an instance type; `vcpus` is 0 where it does not."""

    architectures: Sequence[str]
    vcpus: int


def _instance_types(ec2: Any, types: Sequence[str]) -> dict[str, _InstanceType]:
    """By filter, as one unknown type in InstanceTypes would fail the request for all."""
    pages = ec2.get_paginator("describe_instance_types")
    return {
        found["InstanceType"]: _InstanceType(
            found.get("ProcessorInfo", {}).get("SupportedArchitectures", []),
            int(found.get("VCpuInfo", {}).get("DefaultVCpus", 0)),
        )
        for some in chunks(types, FILTER_VALUES)
        for page in pages.paginate(Filters=[{"Name": "instance-type", "Values": some}])
        for found in page["InstanceTypes"]
    }


def _type_problem(ami: Ami, found: _InstanceType | None, place: Place) -> Reason | None:
    chosen = ami.entry.instance_type
    if found is None:
        return loading.INSTANCE_TYPE_UNKNOWN(type=chosen, region=place.region)
    if ami.architecture and ami.architecture not in found.architectures:
        return loading.ARCHITECTURE_MISMATCH(
            architecture=ami.architecture,
            type=chosen,
            supported=", ".join(found.architectures),
            default=DEFAULT_TYPES.get(ami.architecture),
        )
    return None


def _check_zones(place: Place, amis: Sequence[Ami], config: Config, settings: Settings, clients: Clients) -> None:
    """Keep with each AMI the subnets in whose zones its type is not offered; one that has no other is not launched."""
    subnets = {ami.key: subnets_of(config, ami, settings) for ami in amis}
    wanted = {one for own in subnets.values() for one in own}
    if not wanted:
        return
    zones = zones_of(clients.client("ec2", place), wanted, {ami.entry.instance_type for ami in amis})
    for ami in amis:
        chosen, own = ami.entry.instance_type, subnets[ami.key]
        lacking = zones.lacking(chosen, own)
        if lacking and len(lacking) == len(own):
            ami.reason = loading.INSTANCE_TYPE_NOT_IN_ZONES(
                type=chosen,
                zones=", ".join(sorted({zones.of_subnets[one] for one in own})),
                place=named(place),
                offering=", ".join(sorted(zones.offering[chosen])),
            )
        else:
            ami.lacking_subnets = lacking


# ---------------------------------------------------------------- places and batches


def _by_place(amis: Iterable[Ami], settings: Settings) -> Iterator[tuple[Place, list[Ami]]]:
    """The AMIs that may still be assessed, by where they live."""
    groups: dict[Place, list[Ami]] = {}
    for ami in amis:
        if ami.reason is None:
            groups.setdefault(place_of(ami, settings), []).append(ami)
    yield from groups.items()


def _reach(place: Place, settings: Settings, call: Callable[[], T]) -> T | Reason:
    """The call's answer; for a place other than the stack's own, which its own typing error may name, why not."""
    try:
        return call()
    except (ClientError, EndpointConnectionError, AccessDenied) as error:
        known = not isinstance(error, ClientError) or code_of(error) in _UNREACHABLE
        if place == home(settings) or not known:
            raise
        own = place.account == settings.account
        cause = loading.PLACE_UNREACHABLE if own else loading.ACCOUNT_UNREACHABLE
        return cause(place=named(place), error=error, account=place.account, region=place.region)


def assign_batches(amis: Iterable[Ami]) -> None:
    """A batch for each assessable AMI: its own key while they are few, else one of 40."""
    assessable = sorted((ami for ami in amis if ami.reason is None), key=lambda ami: ami.key)
    for index, ami in enumerate(assessable):
        ami.batch = ami.key if len(assessable) <= BATCHES else f"{index % BATCHES:02d}"
