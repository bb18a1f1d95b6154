"""One assessment in the embedded AWS: from files to a result that AWS's own APIs answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from golden_ami.errors import RunNotFound
from golden_ami.ledger import Ledger
from golden_ami.models import RUN_TAG
from golden_ami.places import Place
from golden_ami.report.formats import CONTENT_TYPES
from golden_ami.report.model import Report
from golden_ami.storage.keys import RUNS, configuration_key, report_key, run_prefix
from golden_ami.storage.objects import S3Store
from golden_ami.usage.actual import used_by
from golden_ami.usage.lines import UsageLine
from golden_ami.usage.prices import shipped
from golden_ami_cli.assessing import result
from golden_ami_cli.assessing.inputs import Inputs
from golden_ami_cli.assessing.notifications import Mailbox
from golden_ami_cli.assessing.progress import ProgressDisplay
from golden_ami_cli.delivery import NOWHERE, Delivery
from golden_ami_cli.deployment import needed
from golden_ami_cli.errors import UsageError
from golden_ami_cli.files import make_directory
from golden_ami_cli.gate import FailOn, beyond
from golden_ami_cli.workspaces import NONE, Workspace, start_of

if TYPE_CHECKING:
    from golden_ami_cli.console import Console
    from golden_ami_emulator.embedded import Embedded


class AssessedAccount(Protocol):
    """Where a run took place: the embedded account, or a stack in a real one."""

    @property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs."""

    @property
    def region(self) -> str:
        """The stack's region."""

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client, of the stack's region unless another is given."""

    def history(self, arn: str) -> list[dict[str, Any]]:
        """An execution's history so far."""


class Messages(Protocol):
    """The run's notifications, as far as they can be told."""

    def empty(self) -> list[result.Notification]:
        """All of them."""


PARAMETER = "ContinuousAssessmentInput"  # as in the 2017 walk-through
HISTORY_PAGE = "history.html"  # beside the formats of the report
_ARCHIVING = 10  # emulated seconds in which on-execution-end archives the history
_REAP_INTERVAL = 1800  # emulated seconds; of ReapSchedule in template.yaml
_REAPING = 600  # and for a round of it with its retries
_PARAMETER_LIMIT = 8192  # bytes of an advanced parameter (Systems Manager, PutParameter)


def assess_locally(
    inputs: Inputs,
    console: Console,
    wanted: Delivery = NOWHERE,
    archive_dir: Path | None = None,
    faults: Sequence[str] = (),
    workspace: Workspace = NONE,
    fail_on: FailOn | None = None,
) -> result.Result:
    """Run the state machine once in an embedded AWS. Progress goes to the console. Raises UsageError.

    The account begins with what the workspace keeps, and is kept there when the run is over, whatever came of it. With
    faults, what follows the run is waited for too: on_execution_end, and one round of the reaper.
    """
    from golden_ami_emulator.embedded import Embedded
    from golden_ami_emulator.faults import Injection, UnknownFault, chosen
    from golden_ami_emulator.workspace.account import give

    try:
        laid = chosen(faults)
    except UnknownFault as error:
        raise UsageError(f"--fault {error}: no such fault; `golden-ami local faults` lists them") from error
    parameters = needed(inputs.config)
    for text in inputs.notes:
        console.print(f"Note: {text}", soft_wrap=True)
    wanted.prepare()
    if archive_dir:
        make_directory(archive_dir)
    parameters = {"ClassicEngine": "allowed", **parameters}
    with Embedded(inputs.world, parameters=parameters, start=start_of(workspace.content)) as aws:
        give(aws, workspace.content)
        put_configuration(aws, inputs.text)
        _make_topics(aws, inputs.config.routes.values())
        mailbox = Mailbox(aws.client("sns"), aws.client("sqs"), [aws.outputs["ResultsTopicArn"]])
        with Injection(aws, laid, [ami.ami_id for ami in inputs.config.amis]):
            arn = aws.start({"AMIsParamName": PARAMETER, "startedBy": "local"})
            with ProgressDisplay(console) as progress:
                execution = aws.wait(arn, on_event=progress.event)
            if laid:
                aws.clock.sleep(_REAP_INTERVAL)
                aws.fire_schedule("ReapSchedule")
                aws.clock.sleep(_REAPING)
        if archive_dir or workspace.folder:
            aws.clock.sleep(_ARCHIVING)
        workspace.keep(aws, console)
        if archive_dir:
            copy_bucket(aws, archive_dir)
        if wanted.directory and not wanted.formats:
            _write_history(aws, execution["name"], wanted.directory / HISTORY_PAGE)
        return collect(aws, execution, mailbox, inputs.config.engine, wanted, fail_on)


def _write_history(aws: Embedded, run_id: str, path: Path) -> None:
    """Leave what happened in a run, state by state, as one page."""
    from golden_ami_cli.history.page import page
    from golden_ami_cli.history.source import HistorySource, load

    source = HistorySource(_store(aws), aws.client("stepfunctions"), _ledger(aws), aws.outputs["StateMachineArn"])
    path.write_text(page(load(run_id, source)), encoding="utf-8")


def _make_topics(aws: Embedded, arns: Iterable[str]) -> None:
    """The owners' topics, where the embedded account could hold them; a route to another one refuses its message."""
    for arn in arns:
        if arn.startswith(f"arn:aws:sns:{aws.region}:{aws.account}:"):
            aws.client("sns").create_topic(Name=arn.rpartition(":")[2])


def copy_bucket(aws: AssessedAccount, directory: Path) -> None:
    """Copy a stack's reports, findings and archived histories into a directory, under their keys."""
    s3, bucket = aws.client("s3"), aws.outputs["ReportBucket"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=RUNS):
        for item in page.get("Contents", ()):
            path = directory / item["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, item["Key"], str(path))


def put_configuration(aws: Embedded, text: str) -> None:
    """Put a configuration where the state machine reads it; what no parameter can hold goes to S3."""
    if len(text.encode()) > _PARAMETER_LIMIT:
        bucket, key = aws.outputs["ReportBucket"], configuration_key(PARAMETER)
        aws.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType="application/json")
        text = msgspec.json.encode({"version": 1, "document": f"s3://{bucket}/{key}"}).decode()
    aws.put_configuration(PARAMETER, text)


def collect(
    aws: AssessedAccount,
    execution: dict[str, Any],
    mailbox: Messages,
    engine: str,
    wanted: Delivery = NOWHERE,
    fail_on: FailOn | None = None,
) -> result.Result:
    """The result of an execution that is over; its report is left where it is wanted."""
    run_id = execution["name"]
    report = _report(aws, run_id)
    amis = result.from_report(report) if report else result.from_ledger(_ledger(aws).amis(run_id))
    events = aws.history(execution["executionArn"])
    return result.build(
        execution,
        events,
        amis,
        report.verdict if report else "NOT_ASSESSED",
        engine=engine,
        instances=_instances(aws, run_id, {aws.region} | {ami.region for ami in amis}),
        notifications=mailbox.empty(),
        reports=_delivered(aws, report, wanted) if wanted.wanted else _reports(aws, run_id, wanted.directory),
        usage=_usage(aws, execution, events),
        changes=result.changes_of(report) if report else None,
        fail_on=_fail_on(aws, report, fail_on) if fail_on else None,
    )


def _delivered(aws: AssessedAccount, report: Report | None, wanted: Delivery) -> dict[str, str]:
    """The file of each format that was asked for; none where there is no report."""
    left = wanted.leave(report, _store(aws)) if report else {}
    return {_form(CONTENT_TYPES[form.value][0]): str(path) for form, path in left.items()}


def _fail_on(aws: AssessedAccount, report: Report | None, severity: FailOn) -> result.FailOn:
    return result.FailOn(severity=severity.value, findings=beyond(report, _store(aws), severity.value) if report else 0)


def _store(aws: AssessedAccount) -> S3Store:
    return S3Store(aws.client("s3"), aws.outputs["ReportBucket"])


def _report(aws: AssessedAccount, run_id: str) -> Report | None:
    """The run's report; None where it left none."""
    s3, bucket = aws.client("s3"), aws.outputs["ReportBucket"]
    try:
        content = s3.get_object(Bucket=bucket, Key=report_key(run_id))["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    return msgspec.json.decode(content, type=Report)


def _ledger(aws: AssessedAccount) -> Ledger:
    return Ledger(aws.client("dynamodb"), aws.outputs["LedgerTable"])


def _usage(aws: AssessedAccount, execution: dict[str, Any], events: list[dict[str, Any]]) -> list[UsageLine]:
    """What the run used; nothing for one that failed before it was opened."""
    try:
        run, amis = _ledger(aws).run_and_amis(execution["name"])
    except RunNotFound:
        return []
    ended = execution.get("stopDate") or datetime.now(UTC)
    return used_by(run.config, amis, events, shipped(), Place(run.account, run.region), ended)


def _instances(aws: AssessedAccount, run_id: str, regions: set[str]) -> result.InstanceTotals:
    filters = [{"Name": f"tag:{RUN_TAG}", "Values": [run_id]}]
    reservations = [
        reservation
        for region in regions
        for page in aws.client("ec2", region).get_paginator("describe_instances").paginate(Filters=filters)
        for reservation in page["Reservations"]
    ]
    return result.instances_of(reservations)


def _reports(aws: AssessedAccount, run_id: str, directory: Path | None) -> dict[str, str]:
    """Where each form of the report is: its file when a directory is given, else its address in S3."""
    s3, bucket, prefix = aws.client("s3"), aws.outputs["ReportBucket"], run_prefix(run_id)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    names = [item["Key"].removeprefix(prefix) for page in pages for item in page.get("Contents", ())]
    if directory is None:
        return {_form(name): f"s3://{bucket}/{prefix}{name}" for name in names}
    for name in names:
        s3.download_file(bucket, f"{prefix}{name}", str(directory / name))
    return {_form(name): str(directory / name) for name in names}


def _form(name: str) -> str:
    """The form of a report by its file's name: report.json is "json", findings.csv is "csv"."""
    return name.removeprefix("report.") if name.startswith("report.") else name.rpartition(".")[2]
