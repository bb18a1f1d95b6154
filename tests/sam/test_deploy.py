"""`sam deploy` in a terminal, against a CloudFormation on loopback: it ends, and keeps what the user has chosen."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudformation
import pytest
from cfn_flip import load_yaml
from sam_cli import MISSING, ROOT, SAM, copy_project, environment, sam
from terminal import Session, converse

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

STACK = "golden-ami-assessment"
PARAMETERS: dict[str, Any] = load_yaml((ROOT / "template.yaml").read_text())["Parameters"]
# What `--guided` asks for besides parameters: stack, region, changes, roles, rollback, save, file, environment, deploy
OTHER_PROMPTS = 9

Deploy = Callable[..., Session]


@pytest.fixture
def aws() -> Iterator[cloudformation.Aws]:
    with cloudformation.serve() as account:
        yield account


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "project")


@pytest.fixture
def deploy(aws: cloudformation.Aws, project: Path, tmp_path: Path) -> Deploy:
    """`deploy("--guided", Name="value")` answers the prompts that it names, and Enter everywhere else."""
    env = environment(tmp_path / "state", aws.endpoint)

    def run(*options: str, **answers: str) -> Session:
        most = len(PARAMETERS) + OTHER_PROMPTS + 1
        session = converse(
            [str(SAM), "deploy", *options],
            lambda name: "y" if name.startswith("Deploy this changeset") else answers.get(name, ""),
            cwd=project,
            env=env,
            most_prompts=most,
        )
        assert session.status == 0, session.output
        assert answers.keys() <= set(session.asked)
        return session

    return run


def test_the_template_is_valid(project: Path, tmp_path: Path) -> None:
    done = sam("validate", "--lint", cwd=project, env=environment(tmp_path / "state"))
    assert done.returncode == 0, done.stdout
    assert "is a valid SAM Template" in done.stdout


def test_guided_ends_with_enter_at_each_prompt(aws: cloudformation.Aws, deploy: Deploy) -> None:
    session = deploy("--guided")
    assert PARAMETERS.keys() <= set(session.asked)
    assert len(session.asked) <= len(PARAMETERS) + OTHER_PROMPTS
    assert [one.service for one in aws.requests if one.action == "CreateChangeSet"] == ["cloudformation"]
    chosen = aws.stacks[STACK].parameters
    assert chosen == {name: str(one["Default"]) for name, one in PARAMETERS.items()}


def test_a_later_deployment_keeps_every_choice(aws: cloudformation.Aws, deploy: Deploy, project: Path) -> None:
    """The path in docs/start.md and docs/upgrading.md: deploy, enable the schedule, pull, deploy."""
    configuration = '[{"ami-id": "ami-0a1b2c3d4e5f60001", "instanceType": "t3.small"}]'
    first = {"NotificationEmail": "me@example.com", "MemberExternalId": "external-id", "Configuration": configuration}
    deploy("--guided", **first)
    schedule = {"ScheduleState": "ENABLED", "ScheduleExpression": "cron(30 5 ? * MON *)"}
    deploy("--guided", **schedule)
    chosen = {name: str(one["Default"]) for name, one in PARAMETERS.items()} | first | schedule
    assert aws.stacks[STACK].parameters == chosen

    template = project / "template.yaml"  # as after `git pull`: the new version has one parameter more
    template.write_text(
        template.read_text().replace("\nParameters:\n", "\nParameters:\n  New: {Type: String, Default: x}\n")
    )
    deploy()
    assert aws.stacks[STACK].parameters == chosen | {"New": "x"}

    deploy("--parameter-overrides", "ScheduleState=DISABLED")
    assert aws.stacks[STACK].parameters == chosen | {"New": "x", "ScheduleState": "DISABLED"}
    deploy()
    assert aws.stacks[STACK].parameters == chosen | {"New": "x"}, "what was overridden once was not saved"


def test_the_answers_are_saved_to_the_file_that_git_ignores(deploy: Deploy, project: Path) -> None:
    before = (project / "samconfig.yaml").read_text()
    deploy("--guided")
    saved = tomllib.loads((project / "samconfig.toml").read_text())
    assert saved["default"]["deploy"]["parameters"]["stack_name"] == STACK
    assert (project / "samconfig.yaml").read_text() == before
    assert "/samconfig.toml" in (project / ".gitignore").read_text().splitlines()
