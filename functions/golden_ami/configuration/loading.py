"""Opens a run: reads the configuration that the execution's input names, looks its AMIs up, writes the ledger."""

from __future__ import annotations

import hashlib
from difflib import SequenceMatcher
from typing import NamedTuple

import msgspec
from botocore.exceptions import ClientError

from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import code_of
from golden_ami.configuration import config as configuration
from golden_ami.configuration.catalog import look_up
from golden_ami.configuration.execution_input import USUAL, Scheduled
from golden_ami.configuration.known import remember
from golden_ami.configuration.parameters import may_configure, sample
from golden_ami.configuration.user_data import without_user_data
from golden_ami.deadlines import expiry
from golden_ami.engines.registry import next_look, traits
from golden_ami.errors import AccessDenied, InvalidConfiguration, InvalidEvent, Problem, RunNotFound
from golden_ami.executions import is_another
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.models import NO_BATCH, Ami, Config, Run, Source, Waits
from golden_ami.places import home, named
from golden_ami.settings import Settings
from golden_ami.storage.keys import CONFIGURATIONS
from golden_ami.storage.terms import kept_apart
from golden_ami.subnets import with_addresses

_DOCUMENT_LIMIT = 50_000_000  # bytes


class Start(NamedTuple):
    """What the definition says of an execution."""

    run_id: str
    execution_arn: str
    started_at: str
    parameter: str
    started_by: str = ""
    scheduled: Scheduled | None = None


class Opened(NamedTuple):
    """The open run, as the definition needs it."""

    assessable: int  # AMIs
    needs_instances: bool
    batches: list[str]
    waits: Waits
    next_look_seconds: int  # until Inspector is first asked
    duplicate_of: str = ""  # the run that assesses the same scheduled instant; then nothing was opened


def open_run(start: Start, settings: Settings, clients: Clients, ledger: Ledger) -> Opened:
    """Open the run, unless it is open: then the answer is the one that was given, whatever has changed since.

    A run whose scheduled instant another one has claimed is not opened: EventBridge Scheduler delivers at least once
    (its User Guide, "What is Amazon EventBridge Scheduler?").

    Raises InvalidConfiguration, EngineUnavailable and botocore's ClientError.
    """
    try:
        run, amis = ledger.run_and_amis(start.run_id)
        if is_another(start.started_at, run.started_at):
            raise InvalidEvent(name_used_before(run))
    except RunNotFound:
        if other := _claimed_by_another(start, ledger):
            return Opened(0, False, [], Waits(), 0, duplicate_of=other)
        config, source = read_with_source(start.parameter, settings, clients)
        amis = [without_user_data(ami) for ami in look_up(config, settings, clients, start.run_id)]
        remember(amis, ledger)
        run = kept_apart(_run(start, config, source, amis, settings), clients.client("s3"), settings.bucket)
        if not ledger.open_run(run, amis):  # another attempt was faster
            run, amis = ledger.run_and_amis(start.run_id)
    assessable = [ami for ami in amis if ami.batch != NO_BATCH]
    return Opened(
        assessable=len(assessable),
        needs_instances=run.needs_instances,
        batches=run.batches,
        waits=run.config.waits,
        next_look_seconds=next_look({ami.engine for ami in assessable}, run.config.waits),
    )


def _claimed_by_another(start: Start, ledger: Ledger) -> str:
    """The run that has claimed the scheduled instant before this one; "" when this one has it, or there is none.

    A claim is never given back: a claimant that fails later has failed with an alarm, which a second run would hide.
    """
    if not start.scheduled:
        return ""
    claimant = ledger.claim(*start.scheduled, start.run_id)
    if claimant == start.run_id:
        return ""
    logger.warning("the scheduled instant is assessed by another run", extra={"run": claimant})
    return claimant


def name_used_before(run: Run) -> str:
    """Why the execution opens no run: the ledger still has the earlier one, whose rows would be taken for its own."""
    return (
        f"the execution's name {run.run_id!r} was used before, by the run that started at {run.started_at}; start the "
        "execution again under another name, or without one"
    )


def read_configuration(parameter: str, settings: Settings, clients: Clients) -> Config:
    """The configuration in an SSM parameter (String or SecureString), or in the S3 object that it points to.

    Raises InvalidConfiguration, AccessDenied for a name that the stack may not read, and botocore's ClientError.
    """
    return read_with_source(parameter, settings, clients)[0]


def read_with_source(
    parameter: str, settings: Settings, clients: Clients, document_version: str = ""
) -> tuple[Config, Source]:
    """Like `read_configuration`, and where exactly it was read; `document_version` is one of the S3 object's."""
    named = f"SSM parameter {parameter}"
    source, text = _parameter(parameter, named, settings, clients)
    address = configuration.pointer(text, named)
    if address:
        text, version = _document(address, settings, clients, document_version)
        source = Source(parameter=source.parameter, document=address, document_version=version)
    source = msgspec.structs.replace(source, sha256=hashlib.sha256(text.encode()).hexdigest())
    return with_addresses(configuration.parse(text, address or named), settings), source


def _parameter(name: str, source: str, settings: Settings, clients: Clients) -> tuple[Source, str]:
    try:
        answer = clients.client("ssm").get_parameter(Name=name, WithDecryption=True)
    except ClientError as error:
        if code_of(error) == "ParameterNotFound":
            raise InvalidConfiguration(source, [_missing(name, settings)]) from error
        if code_of(error) == "ParameterVersionNotFound":
            remedy = "name a version or label that it has, or its name alone for the newest version"
            raise InvalidConfiguration(source, [Problem(name, "has no such version or label", remedy)]) from error
        if code_of(error) in ("AccessDeniedException", "ValidationException") and not may_configure(name, settings):
            raise AccessDenied(unreadable(name, settings)) from error
        raise
    found = answer["Parameter"]
    bare = ":".join(name.split(":")[: 6 if name.startswith("arn:") else 1])  # without a version or label
    return Source(parameter=f"{bare}:{found['Version']}"), str(found["Value"])


def _missing(name: str, settings: Settings) -> Problem:
    remedy = f"create it: aws ssm put-parameter --region {settings.region} --type String --name {name} --value file://…"
    if settings.parameter_name not in ("", name):
        remedy += f'; or start with {{"AMIsParamName": "{_likeliest(name, settings)}"}}'
    return Problem(name, f"does not exist in {named(home(settings))}", remedy)


def unreadable(name: str, settings: Settings) -> str:
    """That the stack may not read a configuration from a parameter, which ones it may, and the likeliest of them."""
    likeliest = _likeliest(name, settings)
    return (
        f"the stack may not read a configuration from the SSM parameter {name}: its functions read parameters whose "
        f"names begin with {settings.parameter_name or likeliest}, and the sample {sample(settings)}; start with "
        f'{{"AMIsParamName": "{likeliest}"}}, or deploy the stack with ParameterName={name}'
    )


def _likeliest(name: str, settings: Settings) -> str:
    """Of the names that the stack is known to read, the one most like a name that it may not."""
    known = [settings.parameter_name or USUAL, sample(settings)]
    return max(known, key=lambda one: SequenceMatcher(None, name.lower(), one.lower()).ratio())


def _document(address: str, settings: Settings, clients: Clients, version: str = "") -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")

    def refused(value: str, remedy: str) -> InvalidConfiguration:
        return InvalidConfiguration(address, [Problem("document", value, remedy)])

    if bucket != settings.bucket:
        raise refused(
            f"bucket {bucket}",
            f"put the document into the stack's own bucket: s3://{settings.bucket}/{CONFIGURATIONS}…",
        )
    try:
        wanted = {"VersionId": version} if version else {}
        answer = clients.client("s3").get_object(Bucket=bucket, Key=key, **wanted)
    except ClientError as error:
        if code_of(error) not in ("NoSuchKey", "NoSuchVersion", "404"):
            raise
        raise refused("does not exist", f"upload it: aws s3 cp FILE {address}") from error
    if answer["ContentLength"] > _DOCUMENT_LIMIT:
        raise refused(f"{answer['ContentLength']:,} bytes", f"keep it within {_DOCUMENT_LIMIT:,} bytes")
    try:
        return str(answer["Body"].read().decode("utf-8-sig")), str(answer.get("VersionId", ""))
    except UnicodeDecodeError as error:
        raise refused(f"not UTF-8 at byte {error.start:,}", "save it as UTF-8") from error


def _run(start: Start, config: Config, source: Source, amis: list[Ami], settings: Settings) -> Run:
    assessable = [ami for ami in amis if ami.reason is None]
    return Run(
        run_id=start.run_id,
        execution_arn=start.execution_arn,
        started_at=start.started_at,
        account=settings.account,
        region=settings.region,
        parameter=start.parameter,
        started_by=start.started_by,
        config=config,
        source=source,
        batches=sorted({ami.batch for ami in assessable}),
        ami_count=len(amis),
        needs_instances=any(traits(ami.engine).needs_instances for ami in assessable),
        expires_at=expiry(config.waits, start.started_at),
    )
