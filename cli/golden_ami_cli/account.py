"""A deployed stack, and the AWS account that it stands in: what the commands work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from golden_ami_cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from golden_ami.ledger import Ledger
    from golden_ami.report.store import S3Store
    from golden_ami.settings import Settings
    from golden_ami_cli.history.source import Source

DEFAULT_STACK = "golden-ami-assessment"  # as samconfig.yaml names it

StackName = Annotated[
    str, typer.Option("--stack", metavar="NAME", envvar="GOLDEN_AMI_STACK", help="The deployed stack's name.")
]
OptionalStack = Annotated[
    str | None,
    typer.Option("--stack", metavar="NAME", help="The deployed stack's name.", show_default=False),
]
Profile = Annotated[
    str | None, typer.Option("--profile", help="A profile of the AWS CLI's configuration.", show_default=False)
]
Region = Annotated[
    str | None, typer.Option("--region", help="The stack's region, if not the AWS CLI's.", show_default=False)
]


class Clients(Protocol):
    """Makes a boto3 client; without a region, of the stack's."""

    def __call__(self, service: str, region: str | None = None) -> Any: ...


@dataclass
class Account:
    """A stack with its outputs and parameters as CloudFormation tells them, and clients of its account."""

    stack: str
    region: str
    client: Clients
    outputs: Mapping[str, str]
    parameters: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Settings:
        """What the template tells the functions, read from a deployed one. Raises CommandError."""
        from golden_ami.settings import Settings

        environment = self.environment("load-config")
        return Settings.load(environment | {"AWS_REGION": self.region})

    def environment(self, function: str) -> dict[str, str]:
        """A function's environment variables. Raises CommandError."""
        client, name = self.client("lambda"), f"{self.stack}-{function}"
        try:
            answer = client.get_function_configuration(FunctionName=name)
        except client.exceptions.ResourceNotFoundException as error:
            raise CommandError(f"the stack has no function {name}; deploy it again (sam deploy)") from error
        return dict(answer.get("Environment", {}).get("Variables", {}))

    @property
    def state_machine(self) -> str:
        """The state machine's ARN."""
        return self.outputs["StateMachineArn"]

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
        from golden_ami.report.store import S3Store

        return S3Store(self.client("s3"), self.bucket)

    @property
    def source(self) -> Source:
        """Where histories are read from."""
        from golden_ami_cli.history.source import Source

        return Source(self.store, self.client("stepfunctions"), self.ledger, self.state_machine)

    def execution_arn(self, run: str) -> str:
        """The ARN of a run that is named by its id or its ARN."""
        from golden_ami_cli.history.source import execution_arn

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

    def history(self, arn: str) -> list[dict[str, Any]]:
        """An execution's history so far."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]


_NEEDED = ("StateMachineArn", "ReportBucket", "LedgerTable", "ResultsTopicArn", "ParameterName")


def connect(stack: str, profile: str | None = None, region: str | None = None) -> Account:
    """The stack of this name, with credentials, region and endpoint as the AWS CLI has them.

    Raises UsageError when there is none, or when the AWS CLI's own configuration does not hold.
    """
    client = _session_clients(profile, region)
    found = client("cloudformation")
    return of_stack(stack, client, found.meta.region_name)


def of_stack(stack: str, client: Clients, region: str) -> Account:
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


def _session_clients(profile: str | None, region: str | None) -> Clients:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import NoRegionError, ProfileNotFound

    try:
        session: Any = boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        raise UsageError(f"--profile {profile}: {error}; `aws configure list-profiles` lists them") from error
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 3},
        user_agent_extra="golden-ami-assessment",
        tcp_keepalive=True,
    )
    made: dict[tuple[str, str | None], Any] = {}

    def client(service: str, region: str | None = None) -> Any:
        if (service, region) not in made:
            try:
                made[service, region] = session.client(service, region_name=region, config=config)
            except NoRegionError as error:
                raise UsageError("no region is configured; give --region, or set AWS_REGION") from error
        return made[service, region]

    return client


def explained(error: Exception) -> str | None:
    """The sentence for what botocore raises, with its remedy; None for anything else."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        EndpointConnectionError,
        NoCredentialsError,
        PartialCredentialsError,
    )

    if isinstance(error, ClientError):
        return _service_error(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "there are no AWS credentials; give --profile, or sign in with `aws configure` or `aws sso login`"
    if isinstance(error, EndpointConnectionError):
        return f"{error}; check the region, the network and AWS_ENDPOINT_URL"
    return f"{error}; check the AWS CLI's configuration" if isinstance(error, BotoCoreError) else None


_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN_KEY = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"})


def _service_error(error: Any) -> str:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    said = f"{error.operation_name}: {code}: {message}".rstrip(": ")
    if code in _EXPIRED:
        return f"{said}; the credentials have expired: sign in again"
    if code in _UNKNOWN_KEY:
        return f"{said}; AWS does not know these credentials: check --profile and --region"
    if "Denied" in code or code == "UnauthorizedOperation":
        return f"{said}; have {error.operation_name} allowed to you, or use another --profile"
    return f"{said}; run it again with --debug to see where this comes from"
