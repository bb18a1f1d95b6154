"""A deployed stack, and the AWS account that it stands in: what the commands work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import typer

from golden_ami.executions import duplicate_of
from golden_ami_cli import session
from golden_ami_cli.errors import CommandError, UsageError
from golden_ami_cli.session import ClientFactory

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients
    from golden_ami.ledger import Ledger
    from golden_ami.settings import Settings
    from golden_ami.storage.objects import S3Store
    from golden_ami_cli.history.source import HistorySource

DEFAULT_STACK = "golden-ami-assessment"  # as samconfig.yaml names it

STACK_VARIABLE = "GOLDEN_AMI_STACK"
StackName = Annotated[
    str, typer.Option("--stack", metavar="NAME", envvar=STACK_VARIABLE, help="The deployed stack's name.")
]
OptionalStack = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="NAME",
        help=f"The deployed stack's name. Without --local, {STACK_VARIABLE} does as well.",
        show_default=False,
    ),
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", help="A profile of the AWS CLI's configuration.", show_default=False)
]
RegionOption = Annotated[
    str | None, typer.Option("--region", help="The stack's region, if not the AWS CLI's.", show_default=False)
]


@dataclass
class Account:
    """A stack with its outputs and parameters as CloudFormation tells them, and clients of its account."""

    stack: str
    region: str
    client: ClientFactory
    outputs: Mapping[str, str]
    parameters: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Settings:
        """What the template tells the functions, read from a deployed one. Raises CommandError."""
        from golden_ami.settings import Settings

        environment = self.environment("LoadConfigFunction")
        return Settings.load(environment | {"AWS_REGION": self.region})

    @cached_property
    def clients(self) -> Clients:
        """What the functions' code takes, with the operator's own credentials. Raises CommandError."""
        from golden_ami.aws.clients import Clients

        return Clients(self.settings, self.client)

    def output(self, name: str) -> str:
        """One of the stack's outputs. Raises CommandError when an older version of the template has made it."""
        if name not in self.outputs:
            raise CommandError(f"stack {self.stack} has no output {name}; deploy this version of it (sam deploy)")
        return self.outputs[name]

    def function(self, output: str) -> dict[str, Any]:
        """GetFunctionConfiguration's answer for the function that an output names, as the next run uses it.

        Raises CommandError.
        """
        client, name = self.client("lambda"), self.output(output)
        try:
            return dict(client.get_function_configuration(FunctionName=name, **self.qualifier))
        except client.exceptions.ResourceNotFoundException as error:
            raise CommandError(f"the stack has no function {name}; deploy it again (sam deploy)") from error

    def environment(self, output: str) -> dict[str, str]:
        """The environment variables of the function that an output names. Raises CommandError."""
        return dict(self.function(output).get("Environment", {}).get("Variables", {}))

    @property
    def state_machine(self) -> str:
        """The state machine's ARN."""
        return self.outputs["StateMachineArn"]

    @property
    def starts(self) -> str:
        """What executions are started with: the state machine's alias, or the state machine of a stack without one."""
        return self.outputs.get("StateMachineAliasArn", self.state_machine)

    @property
    def qualifier(self) -> dict[str, str]:
        """Names the functions' alias in a request to Lambda; empty for a stack without aliases."""
        alias = self.outputs.get("StateMachineAliasArn", "")
        return {"Qualifier": alias.rpartition(":")[2]} if alias else {}

    @property
    def bucket(self) -> str:
        """The bucket of the reports."""
        return self.outputs["ReportBucket"]

    @property
    def ledger(self) -> Ledger:
        """The stack's ledger."""
        from golden_ami.ledger import Ledger

        return Ledger(self.client("dynamodb"), self.outputs["LedgerTable"])

    @property
    def store(self) -> S3Store:
        """The reports and archives."""
        from golden_ami.storage.objects import S3Store

        return S3Store(self.client("s3"), self.bucket)

    @property
    def source(self) -> HistorySource:
        """Where histories are read from."""
        from golden_ami_cli.history.source import HistorySource

        return HistorySource(self.store, self.client("stepfunctions"), self.ledger, self.state_machine)

    def execution_arn(self, run: str) -> str:
        """The ARN of a run that is named by its id or its ARN."""
        from golden_ami.executions import execution_arn

        return run if run.startswith("arn:") else execution_arn(self.state_machine, run)

    def describe(self, run: str) -> dict[str, Any]:
        """DescribeExecution's answer. Raises UsageError when there is no such run."""
        states = self.client("stepfunctions")
        try:
            return dict(states.describe_execution(executionArn=self.execution_arn(run)))
        except (states.exceptions.ExecutionDoesNotExist, states.exceptions.InvalidArn) as error:
            raise UsageError(
                f"Step Functions knows no run {run!r} of stack {self.stack}; `golden-ami runs` lists the runs"
            ) from error

    def refuse_duplicate(self, execution: Mapping[str, Any]) -> None:
        """Raises CommandError for an execution that ended as a duplicate: it has no report and no result."""
        if run := duplicate_of(execution.get("output", "")):
            raise CommandError(
                f"run {execution['name']} assessed nothing: run {run} had claimed its scheduledTime; "
                f"`golden-ami watch {run}` shows that one. To assess again, start without schedule and scheduledTime"
            )

    def vouches_for(self, run_id: str) -> bool:
        """Whether the ledger has a digest of what the run wrote; raises CommandError where that was changed since."""
        from golden_ami.storage.digests import problems_of_run

        sha256 = self.ledger.manifest(run_id)
        if sha256 and (problems := problems_of_run(self.store, run_id, sha256)):
            listed = "\n".join(f"- {problem}" for problem in problems)
            raise CommandError(
                f"run {run_id} is not as it was written; restore the versions before in the bucket:\n{listed}"
            )
        return bool(sha256)

    def history(self, arn: str) -> list[dict[str, Any]]:
        """An execution's history so far."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]


_NEEDED = ("StateMachineArn", "ReportBucket", "LedgerTable", "ResultsTopicArn", "ParameterName")


def connect(stack: str, profile: str | None = None, region: str | None = None) -> Account:
    """The stack of this name, with credentials, region and endpoint as the AWS CLI has them.

    The region is --region, else AWS_REGION, AWS_DEFAULT_REGION or the profile's, in the order of AWS CLI version 2 (AWS
    CLI User Guide, "Environment variables": AWS_REGION overrides AWS_DEFAULT_REGION and the profile); botocore itself
    does not read AWS_REGION. Raises UsageError when there is no such stack, or when these settings do not hold.
    """
    client = session.clients(profile, region)
    found = client("cloudformation").meta.region_name
    try:
        return of_stack(stack, client, found)
    except session.no_endpoint() as error:
        if said := session.unknown_region(found, region):
            raise UsageError(said) from error
        raise


def of_stack(stack: str, client: ClientFactory, region: str) -> Account:
    """The stack as CloudFormation tells it. Raises UsageError."""
    from botocore.exceptions import ClientError

    try:
        (described,) = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise UsageError(
            f"--stack {stack}: there is no such stack in {region}; name another, or give --region and --profile"
        ) from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", ())}
    if missing := [name for name in _NEEDED if name not in outputs]:
        raise UsageError(
            f"--stack {stack}: the stack has no output {missing[0]}, so it is not of this version; "
            "name another, or deploy template.yaml again"
        )
    parameters = {
        parameter["ParameterKey"]: parameter.get("ParameterValue", "") for parameter in described.get("Parameters", ())
    }
    return Account(stack, region, client, outputs, parameters)
