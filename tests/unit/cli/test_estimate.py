"""`golden-ami estimate` before anything is deployed: without an account, a region or credentials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from golden_ami_cli.main import app

CONFIGURATION = {
    "version": 1,
    "amis": [
        {"amiId": "ami-0123456789abcdef0", "instanceType": "t4g.small"},
        {"amiId": "resolve:ssm:/golden-amis/web", "engine": "ami"},
        {"amiId": "ami-0123456789abcdef1", "engine": "auto"},
    ],
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration, where no AWS configuration is."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                 "AWS_ENDPOINT_URL", "GOLDEN_AMI_STACK"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("COLUMNS", "300")
    path = tmp_path / "amis.json"
    path.write_text(json.dumps(CONFIGURATION))
    return path


def estimate(*arguments: str | Path) -> Result:
    told = CliRunner().invoke(app, ["estimate", *map(str, arguments)])
    assert told.exit_code == 0, told.output
    return told


def compared(*arguments: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(estimate(*arguments, "--output", "json").stdout)
    return found


def test_engines_and_networks_are_compared_without_an_account(file: Path) -> None:
    found = compared("--config", file, "--runs", "30")
    months = {(row["engine"], row["network"]): row["month"] for row in found["choices"]}
    assert {engine for engine, _ in months} == {"instance", "ami"}
    assert months["instance", "own"]["least"] > months["instance", "existing"]["least"] + 21
    assert months["ami", "none"]["without"] == ["Inspector, on demand"]
    assert found["runs"] == 30
    lines = {line["what"]: line for line in found["estimate"]}
    assert {"1 x t4g.small", "1 x t3.medium", "Inspector, on demand"} <= lines.keys()


def test_what_is_assumed_is_said(file: Path) -> None:
    told = estimate("--config", file).stdout
    for said in ("no AMI is looked up", "x86_64, on t3.medium", "one volume of 8 GiB", "engine auto chooses instance",
                 "A month of 4 runs, by engine and Network"):  # fmt: skip
        assert said in told
    assert "--region says" in told
    assert "--region says" not in estimate("--config", file, "--region", "us-east-1").stdout


def test_the_region_is_the_stacks_where_it_is_given(file: Path) -> None:
    lines = compared("--config", file, "--region", "eu-central-1")["estimate"]
    assert all(
        line["price"].startswith(("us-east-1's price; this run is in eu-central-1", "unknown")) for line in lines
    )


@pytest.mark.parametrize("region", [(), ("--region", "us-east-1")], ids=["no region", "no credentials"])
def test_a_file_is_estimated_as_it_is_where_there_is_no_account(file: Path, region: tuple[str, ...]) -> None:
    told = estimate(file, *region)
    assert "no account is asked" in told.stderr
    assert "assumed: no AMI is looked up" in told.stderr
    assert "A run: $" in told.stdout
    assert isinstance(json.loads(estimate(file, *region, "-o", "json").stdout), list)


@pytest.mark.parametrize(
    "asked", [("--stack", "gold"), ("--runs", "3"), ("--live-prices",)], ids=lambda asked: asked[0]
)
def test_what_only_an_account_can_tell_is_refused_without_one(file: Path, asked: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, ["estimate", str(file), *asked]).exit_code != 0


@pytest.mark.parametrize("runs", ["-1", "nan", "inf", "1e308", "many"])
def test_runs_that_no_month_has_are_refused(file: Path, runs: str) -> None:
    refused = CliRunner().invoke(app, ["estimate", "--config", str(file), "--runs", runs])
    assert refused.exit_code == 2
    assert "--runs" in refused.stderr


def test_a_month_may_have_no_run_and_very_many(file: Path) -> None:
    none, many = (compared("--config", file, "--runs", runs)["choices"] for runs in ("0", "1e6"))
    assert [row["month"]["most"] for row in none] == [row["idle"]["most"] for row in none]
    assert all(row["month"]["most"] > 1000 for row in many)


@pytest.mark.parametrize("region", ["mars-1", "us-east-1a", "US-EAST-1"])
def test_what_is_no_region_is_refused(file: Path, region: str) -> None:
    for how in (["--config", str(file)], [str(file)]):
        refused = CliRunner().invoke(app, ["estimate", *how, "--region", region])
        assert f"--region {region}: this is not how a region is written" in str(refused.exception)


def test_a_place_that_is_not_known_has_words(file: Path) -> None:
    there = {"amiId": "ami-0123456789abcdef1", "region": "eu-west-1", "account": "222222222222"}
    file.write_text(json.dumps({"version": 1, "amis": [{"amiId": "ami-0123456789abcdef0"}, there]}))
    lines = [line["what"] for line in compared("--config", file)["estimate"]]
    assert "1 x t3.medium in the stack's region of the stack's account" in lines
    assert "1 x t3.medium in eu-west-1 of 222222222222" in lines


def test_network_public_gives_addresses_in_the_stacks_subnets_only(file: Path) -> None:
    def a_run(network: str, *entries: dict[str, str], **more: Any) -> float:
        amis = [{"amiId": f"ami-0123456789abcdef{number}", **entry} for number, entry in enumerate(entries)]
        file.write_text(json.dumps({"version": 1, "amis": amis, **more}))
        found = compared("--config", file, "--region", "us-east-1")["choices"]
        return next(float(row["run"]["most"]) for row in found if row["network"] == network)

    def of_addresses(*entries: dict[str, str], **more: Any) -> float:
        return a_run("public", *entries, **more) - a_run("existing", *entries, **more)

    one = of_addresses({})
    assert one > 0
    assert of_addresses({}, {"region": "eu-west-1"}) == pytest.approx(one)
    assert of_addresses({}, placement={"us-east-1": {"subnetIds": ["subnet-0a1b2c3d"]}}) == 0


def test_your_own_prices_count(file: Path, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('[inspector_ami_scan]\nprice = 0.5\nsource = "our contract"\n')
    found = compared("--config", file, "--prices", tmp_path / "p.toml", "--runs", "1")
    month = next(row["month"] for row in found["choices"] if row["engine"] == "ami")
    assert month["without"] == []
    assert month["least"] > 1.5 + 1.0 - 0.001
