"""doctor and config look with load-config's rights, of which IAM's simulator tells, or the stack's parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from golden_ami.configuration import config as configuration
from golden_ami.configuration.parameters import may_configure, may_resolve
from golden_ami_cli.account import Account
from golden_ami_cli.assessing.assessment import PARAMETER
from golden_ami_cli.configuration.rights import Rights
from golden_ami_cli.doctor import account_checks
from golden_ami_cli.doctor.model import Patient
from golden_ami_cli.embedded import account_of
from golden_ami_emulator.calls import Call, client_error
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Image, World

AMI = "ami-0a1b2c3d4e5f60001"
SAMPLE = "/golden-ami/golden-ami/ContinuousAssessmentInput"
NAMES = [
    "/golden-amis/web", "/golden-amis/a/b:3", "golden-amis/web", "/golden-amis", "/golden-amisx/web", "/golden/web",
    "web", "/aws/service/ami-amazon-linux-latest/x", "/aws/other",
]  # fmt: skip
CONFIGURATIONS = [PARAMETER, f"/{PARAMETER}", f"{PARAMETER}-2", f"{PARAMETER}/web", "/golden-ami/x", SAMPLE, SAMPLE[1:],
                  f"{SAMPLE}-2", "Nope", "/x/ContinuousAssessmentInput"]  # fmt: skip


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    with Embedded(World([Image(AMI, "web")], {}, parameters={"/golden/web": AMI, "/golden-amis/web": AMI})) as opened:
        amis = [{"amiId": f"resolve:ssm:{name}"} for name in ("/golden/web", "/golden-amis/web")]
        opened.put_configuration(PARAMETER, json.dumps({"amis": amis, "engine": "ami"}))
        opened.put_configuration("Nope", json.dumps({"amis": amis}))
        yield opened


@pytest.fixture(scope="module")
def account(aws: Embedded) -> Account:
    return account_of(aws)


@contextmanager
def without_the_simulator(aws: Embedded) -> Iterator[None]:
    def refuse(call: Call) -> BaseException | None:
        refused = call.operation == "SimulatePrincipalPolicy"
        return client_error("AccessDenied", call.operation, status=403) if refused else None

    aws.calls.before_call = refuse
    yield
    aws.calls.before_call = None


def read(names: list[str]) -> Any:
    entries = [{"amiId": f"resolve:ssm:{name}"} for name in names]
    return configuration.parse(json.dumps({"amis": entries}), "x")


def test_the_names_that_the_code_expects_are_those_of_the_policies(aws: Embedded, account: Account) -> None:
    simulated, compared = Rights(account), Rights(account)
    refused = simulated.refused(read(NAMES))
    assert {name for name in NAMES if not may_resolve(name.partition(":")[0], account.settings)} == refused
    allowed = [name for name in CONFIGURATIONS if simulated.may_configure(name)]
    assert allowed == [name for name in CONFIGURATIONS if may_configure(name, account.settings)]
    assert allowed == [
        PARAMETER,
        f"/{PARAMETER}",
        f"{PARAMETER}-2",
        f"{PARAMETER}/web",
        SAMPLE,
        SAMPLE[1:],
    ]
    with without_the_simulator(aws):
        assert compared.refused(read(NAMES)) == refused
        assert [name for name in CONFIGURATIONS if compared.may_configure(name)] == allowed
    assert (simulated.way, compared.way) == ("simulated", "compared")


def test_the_simulator_answers_for_each_resource(aws: Embedded, account: Account) -> None:
    role = account.function("LoadConfigFunction")["Role"]
    prefix = f"arn:aws:ssm:{aws.region}:{aws.account}:parameter"
    wanted = [f"{prefix}/golden/web", f"{prefix}/golden-amis/web"]
    request = {"PolicySourceArn": role, "ActionNames": ["ssm:GetParameters", "ssm:PutParameter"]}
    answer = aws.client("iam").simulate_principal_policy(**request, ResourceArns=wanted)
    told = {
        (result["EvalActionName"], one["EvalResourceName"].rpartition("parameter")[2]): one["EvalResourceDecision"]
        for result in answer["EvaluationResults"]
        for one in result["ResourceSpecificResults"]
    }
    assert told == {
        ("ssm:GetParameters", "/golden/web"): "implicitDeny",
        ("ssm:GetParameters", "/golden-amis/web"): "allowed",
        ("ssm:PutParameter", "/golden/web"): "implicitDeny",
        ("ssm:PutParameter", "/golden-amis/web"): "implicitDeny",
    }
    assert answer["EvaluationResults"][0]["EvalDecision"] == "implicitDeny"
    everywhere = aws.client("iam").simulate_principal_policy(**request)["EvaluationResults"]
    assert [result["EvalDecision"] for result in everywhere] == ["implicitDeny", "implicitDeny"]
    assert "ResourceSpecificResults" not in everywhere[0]
    with pytest.raises(aws.client("iam").exceptions.NoSuchEntityException):
        aws.client("iam").simulate_principal_policy(**request | {"PolicySourceArn": role + "x"})


@pytest.mark.parametrize("simulated", [True, False])
def test_the_doctor_sees_what_the_function_does_not(aws: Embedded, account: Account, simulated: bool) -> None:
    def diagnosis(parameter: str) -> Any:
        return account_checks.configuration(Patient(account, parameter))

    if simulated:
        found, wrong = diagnosis(PARAMETER), diagnosis("Nope")
    else:
        with without_the_simulator(aws):
            found, wrong = diagnosis(PARAMETER), diagnosis("Nope")
    way = "iam:SimulatePrincipalPolicy)" if simulated else "judged by the stack's ParameterName and AmiParameterPath"
    assert found.status == "error"
    assert "1 of 2 AMIs would be NOT ASSESSED: resolve:ssm:/golden/web: the stack may not read" in found.cause
    assert way in found.cause
    assert "AmiParameterPath=" in found.remedy
    assert "may not read a configuration from the SSM parameter Nope" in wrong.cause
    assert way in wrong.cause


def test_options_that_the_stack_is_not_deployed_for(aws: Embedded, account: Account) -> None:
    def diagnosis(**settings: Any) -> Any:
        text = json.dumps({"amis": [{"amiId": AMI}], **settings})
        aws.put_configuration(f"{PARAMETER}-options", text)
        return account_checks.template_parameters(Patient(account, f"{PARAMETER}-options"))

    topic = "arn:aws:sns:us-east-1:123456789012:web"
    told = diagnosis(cis="LEVEL_1", routes={"web": topic}, act={"tagAmis": True, "dryRun": False})
    assert (told.status, told.remedy) == (
        "error",
        f"deploy with CisBenchmark=true ActOnAmis=true OwnerTopicArns={topic}",
    )
    assert diagnosis(act={"tagAmis": True}).status == "ok"  # a dry run


def test_config_show_and_push_say_what_the_function_may(aws: Embedded, account: Account, tmp_path: Path) -> None:
    from golden_ami_cli.configuration.command import effect
    from golden_ami_cli.errors import CommandError
    from golden_ami_cli.prices import prices

    _, amis, _ = effect(Rights(account), None, None, prices(None))
    assert {ami.key: ami.reason.code for ami in amis if ami.reason} == {
        "resolve:ssm:/golden/web": "AMI_PARAMETER_DENIED"
    }
    with pytest.raises(CommandError, match="may not read a configuration from the SSM parameter Nope"):
        effect(Rights(account), None, "Nope", prices(None))


def test_config_and_estimate_say_that_a_benchmark_is_not_assessed(
    aws: Embedded, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from golden_ami_cli.main import app

    monkeypatch.setattr("golden_ami_cli.choice.connect", lambda *_: account)
    file = tmp_path / "amis.json"
    file.write_text(json.dumps({"version": 1, "engine": "ami", "cis": "LEVEL_1", "amis": [{"amiId": AMI}]}))
    for words in (["config", "validate"], ["config", "show"], ["estimate"]):
        for form in ("table", "json"):
            told = CliRunner().invoke(app, [*words, str(file), "--output", form])
            assert told.exit_code == 0
            assert "cis LEVEL_1 is not assessed on 1 of 1 AMIs" in told.stderr
