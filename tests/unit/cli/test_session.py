"""Profile, region and stack of every command that talks to AWS, and what is said when one of them does not hold."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
import typer.main
from botocore.exceptions import (
    EndpointConnectionError,
    NoCredentialsError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from golden_ami_cli.errors import CommandError
from golden_ami_cli.main import app, main
from golden_ami_cli.session import explained

AMIS = Path(__file__).parents[3] / "samples" / "configuration.json"
COMMANDS = {
    "assess": ["assess"],
    "assess --detach": ["assess", "--detach"],
    "runs": ["runs"],
    "watch": ["watch", "RUN"],
    "cancel": ["cancel", "RUN"],
    "reap": ["reap"],
    "rollback": ["rollback"],
    "report": ["report", "RUN"],
    "open": ["open", "RUN"],
    "diff": ["diff", "RUN", "OTHER"],
    "history": ["history", "RUN"],
    "doctor": ["doctor"],
    "estimate": ["estimate"],
    "config show": ["config", "show"],
    "config push": ["config", "push", str(AMIS)],
}
VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "GOLDEN_AMI_STACK",
             "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")  # fmt: skip


class Reached(CommandError):
    """The command asked CloudFormation for its stack."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What the command's first request is made with; a profile `here` of eu-north-1, and no other setting."""
    (tmp_path / "config").write_text("[profile here]\nregion = eu-north-1\n")
    (tmp_path / "credentials").write_text("[here]\naws_access_key_id = AKIAHERE\naws_secret_access_key = x\n")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    found: dict[str, Any] = {}
    original: Any = boto3.Session.client

    def client(session: Any, service: str, **settings: Any) -> Any:
        made = original(session, service, **settings)

        def describe_stacks(**request: Any) -> Any:
            credentials = session.get_credentials()
            found.update(stack=request["StackName"], region=made.meta.region_name)
            found.update(key=credentials.access_key if credentials else None)
            raise Reached("reached")

        made.describe_stacks = describe_stacks
        return made

    monkeypatch.setattr(boto3.Session, "client", client)
    return found


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["golden-ami", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_table_has_every_command_with_a_stack() -> None:
    def walk(command: Any, words: tuple[str, ...] = ()) -> Any:
        for name, one in getattr(command, "commands", {}).items():
            yield from walk(one, (*words, name))
        if any("--stack" in parameter.opts for parameter in command.params):
            yield " ".join(words)

    assert set(walk(typer.main.get_command(app))) == {name.partition(" --")[0] for name in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(
    ("variables", "options", "region"),
    [
        ({"AWS_REGION": "eu-west-3"}, [], "eu-west-3"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, [], "eu-west-1"),
        ({"AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "eu-west-1"}, [], "eu-west-3"),
        ({"AWS_REGION": "eu-west-3", "AWS_PROFILE": "here"}, [], "eu-west-3"),
        ({"AWS_PROFILE": "here"}, [], "eu-north-1"),
        ({}, ["--profile", "here"], "eu-north-1"),
        ({"AWS_REGION": "eu-west-3"}, ["--region", "us-east-2"], "us-east-2"),
    ],
)
def test_the_region_is_the_aws_clis(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], command: list[str], variables: dict[str, str],
    options: list[str], region: str,
) -> None:  # fmt: skip
    for name, value in ({"GOLDEN_AMI_STACK": "mine"} | variables).items():
        monkeypatch.setenv(name, value)
    assert run(monkeypatch, *command, *options) == 1
    assert asked["region"] == region
    assert asked["stack"] == "mine"
    assert asked["key"] == ("AKIAHERE" if "AWS_PROFILE" in variables or "--profile" in options else None)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_the_option_goes_before_the_variable(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], command: list[str]
) -> None:
    monkeypatch.setenv("GOLDEN_AMI_STACK", "mine")
    run(monkeypatch, *command, "--stack", "other", "--region", "eu-west-1")
    assert asked["stack"] == "other"


@pytest.mark.parametrize("command", [one for name, one in COMMANDS.items() if not name.startswith("assess")])
def test_without_a_name_it_is_the_default_stack(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], command: list[str]
) -> None:
    run(monkeypatch, *command, "--region", "eu-west-1")
    assert asked["stack"] == "golden-ami-assessment"


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(
    ("variables", "options", "said"),
    [
        ({}, [], "no region is configured; give --region, or set AWS_REGION"),
        ({"AWS_REGION": "EU West"}, [], "AWS_REGION=EU West: this is not how a region is written; give one like"),
        ({"AWS_DEFAULT_REGION": "a b"}, [], "AWS_DEFAULT_REGION=a b: this is not how a region is written"),
        ({}, ["--region", "a/b"], "--region a/b: this is not how a region is written"),
        ({}, ["--profile", "gone"], "--profile gone: The config profile (gone) could not be found; `aws configure"),
        ({"AWS_PROFILE": "gone"}, [], "AWS_PROFILE=gone: The config profile (gone) could not be found; `aws configure"),
    ],
)
def test_a_setting_that_does_not_hold_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: dict[str, Any], command: list[str],
    variables: dict[str, str], options: list[str], said: str,
) -> None:  # fmt: skip
    for name, value in ({"GOLDEN_AMI_STACK": "mine"} | variables).items():
        monkeypatch.setenv(name, value)
    assert run(monkeypatch, *command, *options) == 2
    captured = capsys.readouterr()
    assert f"golden-ami: {said}" in captured.err
    assert captured.out == ""
    assert not asked


@pytest.mark.parametrize(
    ("region", "said"),
    [("eu-cental-1", "did you mean eu-central-1?"), ("moon-base-1", "`aws ec2 describe-regions`"), ("eu-west-1", "")],
)
def test_a_region_without_an_endpoint_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: dict[str, Any], region: str, said: str
) -> None:
    def unreachable(*_: Any, **__: Any) -> Any:
        raise EndpointConnectionError(endpoint_url=f"https://cloudformation.{region}.amazonaws.com/")

    monkeypatch.setattr("golden_ami_cli.account.of_stack", unreachable)
    assert run(monkeypatch, "runs", "--region", region) == (2 if said else 1)
    assert (f"--region {region}: no such region is known; {said}" if said else "check the region") in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoCredentialsError(), "there are no AWS credentials; give --profile, or sign in"),
        (UnauthorizedSSOTokenError(), "sign in again with `aws sso login`"),
        (SSOTokenLoadError(error_msg="no file"), "sign in again with `aws sso login`"),
        (TokenRetrievalError(provider="sso", error_msg="expired"), "sign in again with `aws sso login`"),
    ],
)
def test_credentials_that_do_not_hold_have_a_remedy(error: Exception, said: str) -> None:
    assert said in str(explained(error))


@pytest.mark.parametrize(
    ("arguments", "both"),
    [
        (["assess", "--local", "--stack", "x"], "--local and --stack exclude each other"),
        (["assess", "--local", "--profile", "x"], "--local and --profile exclude each other"),
        (["assess", "--local", "--region", "eu-west-1"], "--local and --region exclude each other"),
        (["assess", "--local", "--detach"], "--local and --detach exclude each other"),
        (["assess", "--stack", "x", "--config", "a.json"], "--stack and --config exclude each other"),
        (["assess", "--stack", "x", "--engine", "ami"], "--stack and --engine exclude each other"),
        (["assess", "--stack", "x", "--fault", "y"], "--stack and --fault exclude each other"),
        (["assess", "--stack", "x", "--detach", "--gate"], "--detach and --gate exclude each other"),
        (["assess", "--local", "--ami", "ami-1", "--config", "a.json"], "--ami and --config exclude each other"),
        (["assess", "--stack", "x", "--ami", "ami-1", "--parameter", "y"], "--ami and --parameter exclude each other"),
        (["runs", "--local", "--stack", "x"], "--local and --stack exclude each other"),
        (["report", "RUN", "--from", ".", "--local"], "--from and --local exclude each other"),
        (["estimate", "--config", "a.json", "--local"], "--config and --local exclude each other"),
        (["doctor", "--local", "--stack", "x"], "--local and --stack exclude each other"),
        (["doctor", "--local", "--parameter", "x"], "--local and --parameter exclude each other"),
        (["report", "RUN", "--from", ".", "--stack", "x"], "--from and --stack exclude each other"),
        (["history", "RUN", "--from", ".", "--profile", "x"], "--from and --profile exclude each other"),
        (["history", "RUN", "--verify", "--html", "x"], "--verify and --html exclude each other"),
        (["config", "show", "a.json", "--parameter", "x"], "FILE and --parameter exclude each other"),
        (["estimate", "a.json", "--parameter", "x"], "FILE and --parameter exclude each other"),
        (["estimate", "a.json", "--run", "x"], "--run and FILE exclude each other"),
    ],
)
def test_options_that_exclude_each_other_are_both_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: dict[str, Any], arguments: list[str],
    both: str,
) -> None:  # fmt: skip
    assert run(monkeypatch, *arguments) == 2
    assert f"golden-ami: {both}: " in capsys.readouterr().err
    assert not asked


def test_a_stack_in_the_environment_excludes_files_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: dict[str, Any]
) -> None:
    monkeypatch.setenv("GOLDEN_AMI_STACK", "mine")
    assert run(monkeypatch, "assess", "--config", "a.json") == 2
    assert "--config needs --local, and GOLDEN_AMI_STACK names a stack" in capsys.readouterr().err
    assert not asked


def test_neither_here_nor_there_names_all_three_ways(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: dict[str, Any]
) -> None:
    assert run(monkeypatch, "assess") == 2
    said = capsys.readouterr().err
    assert all(name in said for name in ("--local", "--stack", "GOLDEN_AMI_STACK"))
    assert not asked
