"""`golden-ami config init`: which AMIs are found, and that what is written can be used."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from golden_ami_cli import session
from golden_ami_cli.configuration import initial
from golden_ami_cli.configuration.check import check, checked
from golden_ami_cli.configuration.found import FoundAmi, by_pipeline, by_selection, selection
from golden_ami_cli.errors import UsageError
from golden_ami_cli.main import main

HOME, ACCOUNT = "eu-west-1", "111111111111"
PIPELINE = f"arn:aws:imagebuilder:{HOME}:{ACCOUNT}:image-pipeline/base-linux"
AVAILABLE = {"Name": "state", "Values": ["available"]}
OLD, NEW = "ami-0a1b2c3d4e5f60001", "ami-0a1b2c3d4e5f60002"


class Stubs:
    """Clients that answer what was laid for them, and nothing else."""

    def __init__(self) -> None:
        self.clients: dict[tuple[str, str], Any] = {}
        self.stubbers: dict[tuple[str, str], Stubber] = {}

    def __call__(self, service: str, region: str | None = None) -> Any:
        key = (service, region or HOME)
        if key not in self.clients:
            made: Any = boto3.client(
                service,  # type: ignore[call-overload]
                region_name=key[1],
                aws_access_key_id="x",
                aws_secret_access_key="x",
            )
            self.clients[key], self.stubbers[key] = made, Stubber(made)
            self.stubbers[key].activate()
        return self.clients[key]

    def lay(self, service: str, operation: str, answer: Any, asked: Any, region: str = HOME) -> None:
        self(service, region)
        self.stubbers[service, region].add_response(operation, answer, asked)


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubs]:
    made = Stubs()
    monkeypatch.setattr(session, "clients", lambda *_: made)
    yield made
    for stubber in made.stubbers.values():
        stubber.assert_no_pending_responses()


def image(ami: str, day: int, name: str = "base") -> dict[str, str]:
    return {"ImageId": ami, "Name": name, "CreationDate": f"2026-03-{day:02}T10:00:00.000Z"}


def built(ami: str, region: str = HOME, account: str = ACCOUNT, status: str = "AVAILABLE") -> dict[str, Any]:
    output = {"amis": [{"region": region, "image": ami, "name": "built", "accountId": account}]}
    return {"state": {"status": status}, "dateCreated": "2026-03-05T10:00:00.000Z", "outputResources": output}


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["golden-ami", "config", *arguments])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def read(tmp_path: Path, content: str) -> Any:
    path = tmp_path / "read.yaml"
    path.write_text(content, encoding="utf-8")
    return checked(path)[1]


# ---------------------------------------------------------------- the text


def test_the_empty_one_is_valid(tmp_path: Path) -> None:
    config = read(tmp_path, initial.text())
    assert [entry.ami_id for entry in config.amis] == [initial.PLACEHOLDER.ami_id]


def test_one_with_amis_is_valid_and_names_them(tmp_path: Path) -> None:
    found = [FoundAmi(NEW, "base-2", "2026-03-02T10:00:00.000Z"), FoundAmi(OLD, "", "", "us-east-1", "012345678901")]
    content = initial.text(found)
    entries = [(entry.ami_id, entry.region or "", entry.account or "") for entry in read(tmp_path, content).amis]
    assert entries == [(NEW, "", ""), (OLD, "us-east-1", "012345678901")]
    assert f'  # base-2, created 2026-03-02T10:00:00.000Z\n  - amiId: "{NEW}"\n' in content


def test_the_examples_are_valid_once_they_are_no_comments(tmp_path: Path) -> None:
    for name, example in initial.EXAMPLES.items():
        content = f"{example}\n{initial.listed([initial.PLACEHOLDER])}"
        path = tmp_path / f"{name}.yaml"
        path.write_text(content)
        assert check(path)[1] == []


@pytest.mark.parametrize(
    "mark", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1b[2J", "\x85", "\u2028", "\u202e", "\ufeff", "\ud800"]
)
def test_a_name_in_a_comment_does_not_act(tmp_path: Path, mark: str) -> None:
    content = initial.text([FoundAmi(OLD, f"base{mark}engine: ami #", f"2026{mark}cis: LEVEL_1")])
    assert content.isascii()
    config = read(tmp_path, content)
    assert (config.engine, config.cis, len(config.amis)) == ("instance", None, 1)


def test_more_amis_than_a_configuration_has_are_refused() -> None:
    with pytest.raises(UsageError, match=r"10,001 AMIs were found; .* narrow it"):
        initial.text([FoundAmi(OLD)] * 10_001)


# ---------------------------------------------------------------- the search


def test_a_selection_is_asked_for_by_filter_over_all_pages(stubs: Stubs) -> None:
    filters = [
        AVAILABLE,
        {"Name": "name", "Values": ["base-*"]},
        {"Name": "tag:Golden", "Values": ["true", "yes=1"]},
        {"Name": "tag:Team", "Values": [""]},
    ]
    asked = {"Owners": [ACCOUNT], "Filters": filters}
    stubs.lay("ec2", "describe_images", {"Images": [image(OLD, 1)], "NextToken": "next"}, asked)
    stubs.lay("ec2", "describe_images", {"Images": [image(NEW, 2)]}, {**asked, "NextToken": "next"})
    chosen = selection(ACCOUNT, ["Golden=true", "Team=", "Golden=yes=1"], "base-*")
    assert [(ami.ami_id, ami.region) for ami in by_selection(stubs, chosen)] == [(NEW, HOME), (OLD, HOME)]


@pytest.mark.parametrize("owner", ["", "amazon", "12345", "self,self", "111111111111\n"])
def test_an_owner_is_self_or_an_account(owner: str) -> None:
    with pytest.raises(UsageError, match="give self, or an account id"):
        selection(owner, [], "")


@pytest.mark.parametrize("tag", ["", "Golden", "=true"])
def test_a_tag_has_key_and_value(tag: str) -> None:
    with pytest.raises(UsageError, match="give KEY=VALUE"):
        selection("self", [tag], "")


def test_a_pipeline_is_found_by_name_and_its_amis_in_all_pages_and_regions(stubs: Stubs) -> None:
    pipelines = [{"arn": f"{PIPELINE}-2", "name": "base-linux-2"}, {"arn": PIPELINE, "name": "base-linux"}]
    named = {"filters": [{"name": "name", "values": ["base-linux"]}]}
    stubs.lay("imagebuilder", "list_image_pipelines", {"imagePipelineList": pipelines}, named)
    first = [built(OLD), built("ami-0a1b2c3d4e5f60009", status="FAILED"), {"state": {"status": "AVAILABLE"}}]
    second = [built(NEW, "us-east-1"), *[built("ami-0a1b2c3d4e5f60003", account="222222222222")] * 2]
    asked = {"imagePipelineArn": PIPELINE}
    operation = "list_image_pipeline_images"
    stubs.lay("imagebuilder", operation, {"imageSummaryList": first, "nextToken": "next"}, asked)
    stubs.lay("imagebuilder", operation, {"imageSummaryList": second}, {**asked, "nextToken": "next"})
    for region, one in ((HOME, image(OLD, 1)), ("us-east-1", image(NEW, 9))):
        filters = [AVAILABLE, {"Name": "image-id", "Values": [one["ImageId"]]}]
        stubs.lay("ec2", "describe_images", {"Images": [one]}, {"Filters": filters}, region)
    assert [(ami.ami_id, ami.region, ami.account) for ami in by_pipeline(stubs, "base-linux")] == [
        (NEW, "us-east-1", ""),
        ("ami-0a1b2c3d4e5f60003", HOME, "222222222222"),
        (OLD, HOME, ""),
    ]


def test_an_ami_that_was_deregistered_since_is_left_out(stubs: Stubs) -> None:
    summary = {"imageSummaryList": [built(OLD), built(OLD)]}
    stubs.lay("imagebuilder", "list_image_pipeline_images", summary, {"imagePipelineArn": PIPELINE})
    filters = [AVAILABLE, {"Name": "image-id", "Values": [OLD]}]
    stubs.lay("ec2", "describe_images", {"Images": []}, {"Filters": filters})
    assert by_pipeline(stubs, PIPELINE) == []


def test_a_pipeline_that_is_not_there_is_told(stubs: Stubs) -> None:
    named = {"filters": [{"name": "name", "values": ["none"]}]}
    stubs.lay("imagebuilder", "list_image_pipelines", {"imagePipelineList": []}, named)
    with pytest.raises(UsageError, match="no such pipeline in this Region"):
        by_pipeline(stubs, "none")
    stubs.stubbers["imagebuilder", HOME].add_client_error(
        "list_image_pipeline_images", service_error_code="ResourceNotFoundException"
    )
    with pytest.raises(UsageError, match="no such pipeline; "):
        by_pipeline(stubs, PIPELINE)
    with pytest.raises(UsageError, match="not the ARN of an image pipeline"):
        by_pipeline(stubs, "arn:aws:s3:::bucket")


# ---------------------------------------------------------------- the command


def test_the_file_that_is_written_passes_validate(
    stubs: Stubs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = {"Owners": ["self"], "Filters": [AVAILABLE]}
    stubs.lay("ec2", "describe_images", {"Images": [image(OLD, 1), image(NEW, 2)]}, asked)
    empty, full = str(tmp_path / "empty.yaml"), str(tmp_path / "full.yml")
    assert run(monkeypatch, "init", "--out", empty) == 0
    assert run(monkeypatch, "init", "--out", full, "--from-account") == 0
    assert run(monkeypatch, "validate", empty) == run(monkeypatch, "validate", full) == 0
    captured = capsys.readouterr()
    assert "2 AMIs to assess" in captured.out
    assert "note: ami-00000000000000000 stands for your AMI; replace it" in captured.err


def test_without_a_file_it_goes_to_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "init") == 0
    assert read(tmp_path, capsys.readouterr().out).engine == "instance"


@pytest.mark.parametrize("name", ["amis.yaml", "link.yaml"])
def test_a_file_that_exists_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    (tmp_path / "amis.yaml").write_text("mine")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere.yaml")
    assert run(monkeypatch, "init", "--out", str(tmp_path / name)) == 2
    assert "is not overwritten; name another file" in capsys.readouterr().err
    assert (tmp_path / "amis.yaml").read_text() == "mine"
    with pytest.raises(UsageError, match="is not overwritten"):  # one that was made meanwhile
        initial.write(tmp_path / "amis.yaml", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "amis.json"], "what is written is YAML"),
        (["--out", "none/amis.yaml"], "name a file in a directory you may write to"),
        (["--tag", "A=b"], "--tag needs --from-account"),
        (["--region", "eu-west-1"], "--region needs --from-account"),
        (["--from-account", "--pipeline", "x", "--name", "y"], "--pipeline and --name exclude each other"),
    ],
)
def test_what_cannot_be_done_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "init", *arguments) == 2
    captured = capsys.readouterr()
    assert (captured.out, list(tmp_path.iterdir())) == ("", [])
    assert said in captured.err


def test_an_account_without_such_amis_is_told_and_nothing_is_written(
    stubs: Stubs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = {"Owners": ["self"], "Filters": [AVAILABLE, {"Name": "name", "Values": ["none*"]}]}
    stubs.lay("ec2", "describe_images", {"Images": []}, asked)
    out = tmp_path / "amis.yaml"
    assert run(monkeypatch, "init", "--from-account", "--name", "none*", "--out", str(out)) == 2
    assert f"no available AMI was found in {HOME}; check --owner, --tag and --name" in capsys.readouterr().err
    assert not out.exists()


def test_a_refusal_of_aws_is_one_sentence(
    stubs: Stubs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stubs("ec2")
    stubs.stubbers["ec2", HOME].add_client_error("describe_images", service_error_code="UnauthorizedOperation")
    assert run(monkeypatch, "init", "--from-account") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "have DescribeImages allowed to you" in captured.err
