"""The files that the command is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from golden_ami.configuration import config
from golden_ami.errors import InvalidConfiguration
from golden_ami_cli.assessing.inputs import Inputs
from golden_ami_cli.configuration.reading import read_configuration, with_engine
from golden_ami_cli.errors import BadFile, UsageError
from golden_ami_cli.files import make_directory, read_text

AMI = "ami-0123456789abcdef0"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_the_2017_array_goes_into_the_parameter_as_it_is(tmp_path: Path) -> None:
    text = json.dumps([{"Ami-Id": AMI, "InstanceType": "t2.large", "UserData": "#!/bin/sh\n"}], indent=4)
    sent, checked = read_configuration(write(tmp_path / "amis.json", text))
    assert sent == text
    assert [ami.ami_id for ami in checked.amis] == [AMI]


def test_yaml_says_the_same_as_json(tmp_path: Path) -> None:
    text = f"engine: ami\namis:\n  - amiId: {AMI}  # web\n"
    sent, checked = read_configuration(write(tmp_path / "amis.yaml", text))
    assert config.parse(sent, "parameter") == checked
    assert checked.engine == "ami"


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = json.dumps({"engine": "clasic", "waits": {"bootSeconds": -1}, "amis": [{"amiId": "ami-1"}]})
    path = write(tmp_path / "amis.json", text)
    with pytest.raises(InvalidConfiguration) as caught:
        read_configuration(path)
    message = str(caught.value)
    assert message.startswith(f"{path} has 3 problems:")
    for field in ("engine", "waits.bootSeconds", "amis[0].amiId"):
        assert field in message


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.yaml", "amis: [", "at line 1, column 8"),
        ("a.yaml", "amis:\n\t- x", "at line 2, column 1"),
        ("a.json", b"\xff\xfe", "not UTF-8 at byte 0"),
        ("a.json", "{", "not JSON"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises((BadFile, InvalidConfiguration)) as caught:
        read_configuration(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_a_missing_file_and_a_directory_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"none\.json: file: not found; name a file that exists"):
        read_text(tmp_path / "none.json")
    with pytest.raises(BadFile, match="Is a directory"):
        read_text(tmp_path)
    with pytest.raises(BadFile, match="File exists"):
        make_directory(write(tmp_path / "file", ""))


def test_the_engine_given_replaces_all_engines() -> None:
    before = config.parse(json.dumps({"engine": "ami", "amis": [{"amiId": AMI, "engine": "instance"}]}), "x")
    after = with_engine(before, "classic")
    assert (after.engine, [ami.engine for ami in after.amis]) == ("classic", [None])


def test_an_engine_that_does_not_fit_the_waits_is_refused() -> None:
    waits = {"completionDeadlineSeconds": 1200, "pollSeconds": 60}
    before = config.parse(json.dumps({"waits": waits, "amis": [{"amiId": AMI}]}), "x")
    with pytest.raises(InvalidConfiguration, match="--engine classic"):
        with_engine(before, "classic")


@pytest.mark.parametrize("option", ["configuration", "images", "findings"])
def test_any_unusable_file_is_wrong_usage(tmp_path: Path, option: str) -> None:
    path = write(tmp_path / "x.json", '{"nonesuch": 1}')
    files = {name: path if name == option else None for name in ("configuration", "images", "findings")}
    with pytest.raises(UsageError, match=r"has [1-9]+ problem") as caught:
        Inputs.read(files["configuration"], files["images"], files["findings"])
    assert str(path) in str(caught.value)


def test_findings_of_other_resources_are_counted_in_a_warning(tmp_path: Path) -> None:
    image, function = ({"resources": [{"type": kind}]} for kind in ("AWS_ECR_CONTAINER_IMAGE", "AWS_LAMBDA_FUNCTION"))
    path = write(tmp_path / "findings.json", json.dumps({"findings": [image, function, image, {"severity": "LOW"}]}))
    inputs = Inputs.read(None, None, path)
    assert inputs.world.findings == {"*": [{"severity": "LOW"}]}
    [warning] = inputs.warnings
    assert warning.startswith(f"{path}: findings left out")
    assert warning.endswith("2 on AWS_ECR_CONTAINER_IMAGE, 1 on AWS_LAMBDA_FUNCTION")


def test_without_such_findings_there_is_no_warning(tmp_path: Path) -> None:
    path = write(tmp_path / "findings.json", json.dumps({"findings": [{"resources": [{"type": "AWS_EC2_INSTANCE"}]}]}))
    assert Inputs.read(None, None, path).warnings == ()
