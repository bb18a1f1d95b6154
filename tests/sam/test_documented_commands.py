"""Every `sam` and `aws` command in README, documentation and remedies is one that the real tool takes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import cloudformation
import pytest
from botocore import xform_name
from cfn_flip import load_yaml
from documented import PAGES, ROOT, commands, words
from sam_cli import MISSING, SAM, environment

from golden_ami_emulator.deployment.template import resolve_parameters

TEMPLATE: dict[str, Any] = load_yaml((ROOT / "template.yaml").read_text())
AWS = Path(sys.executable).with_name("aws")


def in_pages(program: str) -> Iterator[str]:
    """Those of the pages; in a remedy a name in braces stands for a value of the run."""
    for page in PAGES:
        for command in commands(page.read_text(), program):
            yield re.sub(r"\{\w+\}", "x", command.replace("{region}", "us-east-1"))


def in_remedies() -> Iterator[str]:
    """What error messages and remedies tell the user to run."""
    for folder in ("cli", "emulator", "functions"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from re.findall(
                r"\bsam (?:build|deploy|delete)(?: --[a-z-]+(?: [A-Z]\w*=[^\s,;\")]+)*)*", path.read_text()
            )


def in_outputs() -> Iterator[str]:
    for output in TEMPLATE["Outputs"].values():
        text = output["Value"].get("Fn::Sub", "") if isinstance(output["Value"], dict) else ""
        if isinstance(text, str) and text.startswith("aws "):
            yield re.sub(r"\$\{[^}]+\}", "x", " ".join(text.split()))


def parsed(lines: list[list[str]], state: Path) -> list[dict[str, Any]]:
    """What SAM CLI makes of each list of words."""
    done = subprocess.run(
        [SAM.with_name("python"), Path(__file__).with_name("parse.py")],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        env=environment(state),
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: list[dict[str, Any]] = json.loads(done.stdout)
    return answer


def overrides(line: list[str]) -> dict[str, str]:
    """The values of `Name=value` that a user means to give: those of a shell, less SAM CLI's own quotes."""
    pairs = [word.partition("=") for word in line if re.match(r"[A-Z]\w*=", word)]
    return {name: value.strip("\"'") for name, _, value in pairs}


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_sam_takes_every_command_and_every_value_whole(tmp_path: Path) -> None:
    lines = sorted({*in_pages("sam"), *in_remedies()})
    assert "sam deploy --guided" in lines
    for line, result in zip(lines, parsed([words(line)[1:] for line in lines], tmp_path / "state"), strict=True):
        assert "error" not in result, f"{line}: {result}"
        assert result["parameters"] == overrides(words(line)), line
        resolve_parameters(TEMPLATE, result["parameters"])


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_a_command_that_sam_does_not_take_is_found(tmp_path: Path) -> None:
    wrong = ["deploy --guidd", "dploy", "deploy --parameter-overrides 'ScheduleExpression=cron(0 6 * * ? *)'"]
    unknown, missing, cut = parsed([words(line) for line in wrong], tmp_path / "state")
    assert "error" in unknown
    assert "error" in missing
    assert cut["parameters"] == {"ScheduleExpression": "cron(0"}


def run_aws(line: str, tmp_path: Path) -> list[tuple[str, str]]:
    """The services and operations that the AWS CLI asks for; it speaks to loopback."""
    (tmp_path / "amis.json").write_text('["ami-0a1b2c3d4e5f60001"]')
    with cloudformation.serve() as account:
        env = environment(tmp_path / "state", account.endpoint)
        done = subprocess.run(
            [str(AWS), *words(line)[1:]],
            cwd=tmp_path,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert account.requests, f"{line}\n{done.stderr}"
        return [(one.service, one.action) for one in account.requests]


@pytest.mark.parametrize("line", sorted({*in_pages("aws"), *in_outputs()}))
def test_the_aws_cli_takes_a_command(line: str, tmp_path: Path) -> None:
    assert run_aws(line, tmp_path)


def test_a_command_that_the_aws_cli_does_not_take_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="put-parameter"):
        run_aws("aws ssm put-parameter --name x --typ String", tmp_path)


@pytest.mark.parametrize("line", sorted({*in_pages("aws"), *in_outputs()}))
def test_a_command_means_the_same_in_both_versions_of_the_aws_cli(line: str) -> None:
    """Version 2 reads binary values as base64 (AWS CLI User Guide, breaking changes from version 1 to 2)."""
    service, operation = words(line)[1:3]
    if service == "s3":
        return  # its own commands, the same in both
    model = botocore.session.get_session().get_service_model(service)
    [name] = [one for one in model.operation_names if xform_name(one, "-") == operation]
    given = {word.removeprefix("--").replace("-", "_") for word in words(line) if word.startswith("--")}
    shape = model.operation_model(name).input_shape
    members = shape.members if shape else {}
    assert [one for one, shape in members.items() if xform_name(one) in given and shape.type_name == "blob"] == []
