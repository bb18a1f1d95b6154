"""load-config: an execution's input that names no configuration, and parameters that it may not or cannot read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.adapters.ec2.test_load_config import PARAMETER, ami_id, codes, rows

from golden_ami.configuration import parameters
from golden_ami.errors import AccessDenied, InvalidConfiguration, InvalidEvent, Throttled
from golden_ami.models import Reason
from golden_ami.places import Place

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack


# ---------------------------------------------------------------- parameters that cannot be read


def refuse(stack: Stack, name: str, code: str = "AccessDeniedException", message: str = "no") -> None:
    """One name outside the role's policy fails every request that has it, as Systems Manager does."""
    stack.calls.fail("GetParameters", code, message, times=99, when=lambda request: name in request["Names"])


def entries(names: list[str]) -> dict[str, Any]:
    return {"amis": [{"amiId": f"resolve:ssm:{name}"} for name in names]}


def test_a_parameter_that_may_not_be_read_costs_its_own_ami(stack: Stack) -> None:
    names = [f"/golden/web/{number}" for number in range(10)]
    for number, name in enumerate(names):
        stack.parameter(stack.image(ami_id(number)), name=name)
    refuse(stack, names[3], message="not authorized: parameter/golden/web/3")
    answer = stack.load(entries(names))
    assert answer["batches"] == [ami_id(number) for number in range(10) if number != 3]
    assert codes(stack) == {"resolve:ssm:/golden/web/3": "AMI_PARAMETER_DENIED"}
    reason = rows(stack)["resolve:ssm:/golden/web/3"].reason
    assert reason is not None
    assert reason.message == (
        "the stack may not read the SSM parameter /golden/web/3 in us-east-1 of account 123456789012: "
        "not authorized: parameter/golden/web/3"
    )
    assert reason.remedy == (
        "deploy the stack with AmiParameterPath=/golden/web/, or store the AMI id below the path that it has"
    )
    assert [len(call["Names"]) for call in stack.calls.of("GetParameters")] == [10, 5, 2, 3, 1, 2, 1, 1, 5]


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (["/golden/web/latest"], "AmiParameterPath=/golden/web/,"),
        (["/golden/web/latest", "/golden/api/latest:3"], "AmiParameterPath=/golden/,"),
        (["/golden/web/latest", "/aws/service/ami/x"], "AmiParameterPath=/golden/web/,"),
        (["/golden/web", "/other/api"], "AmiParameterPath=/golden/,"),
        (["web"], "store the AMI id in /golden-amis/web and name that"),
        (["/web"], "store the AMI id in /golden-amis/web and name that"),
    ],
)
def test_the_path_to_deploy_is_told(stack: Stack, names: list[str], path: str) -> None:
    for name in names:
        refuse(stack, name)
    stack.load(entries(names))
    reason = rows(stack)[f"resolve:ssm:{names[0]}"].reason
    assert reason is not None
    assert path in reason.remedy


def test_a_name_that_the_template_allows_has_another_remedy(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMI_PARAMETER_PATH", "/golden/")
    refuse(stack, "/golden/web", "InvalidKeyId", "the key is disabled")
    stack.load(entries(["/golden/web"]))
    reason = rows(stack)["resolve:ssm:/golden/web"].reason
    assert reason is not None
    assert "AmiParameterPath" not in reason.remedy
    assert "key of a SecureString" in reason.remedy


@pytest.mark.parametrize(
    ("name", "code"),
    [("/golden/a", "ValidationException"), ("golden//b", "AccessDeniedException"), ("golden/c", "ValidationException")],
)
def test_a_malformed_name_costs_its_own_ami(stack: Stack, name: str, code: str) -> None:
    stack.parameter(stack.image(ami_id(1)), name="/golden/1")
    refuse(stack, name, code)
    assert stack.load(entries([name, "/golden/1"]))["batches"] == [ami_id(1)]
    assert codes(stack) == {f"resolve:ssm:{name}": "AMI_PARAMETER_NAME_INVALID"}


def test_another_error_of_systems_manager_is_a_fault(stack: Stack) -> None:
    stack.calls.fail("GetParameters", "ThrottlingException", times=9)
    with pytest.raises(Throttled):
        stack.load(entries(["/golden/1"]))


def test_the_kind_of_a_parameter_is_no_obstacle_but_its_value_is(stack: Stack) -> None:
    stack.parameter(stack.image(ami_id(1)), name="/golden/secret", kind="SecureString")
    stack.parameter(f"{ami_id(1)},{ami_id(2)}", name="/golden/list", kind="StringList")
    assert stack.load(entries(["/golden/secret", "/golden/list"]))["batches"] == [ami_id(1)]
    assert codes(stack) == {"resolve:ssm:/golden/list": "AMI_PARAMETER_INVALID"}
    reason = rows(stack)["resolve:ssm:/golden/list"].reason
    assert reason is not None
    assert "a StringList" in reason.message


# ---------------------------------------------------------------- the execution's input


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "the execution's input is a list of 0, not an object with AMIsParamName"),
        (7, "the execution's input is 7,"),
        ("x" * 300, "the execution's input is text of 300 characters,"),
        (None, "the execution's input is null,"),
        ({}, "the execution's input lacks AMIsParamName; it has nothing;"),
        ({"amisParamName": "x", "b": 1}, 'lacks AMIsParamName; it has "amisParamName", "b";'),
        ({"AMIsParamName": 3}, "AMIsParamName in the execution's input is 3, not a parameter's name"),
        ({"AMIsParamName": " "}, 'is " ", not a parameter'),
        ({"AMIsParamName": "a b"}, 'is "a b", not a parameter'),
        ({"AMIsParamName": ["x"]}, "is a list of 1, not a parameter"),
        ({"AMIsParamName": "x" * 3000}, "is text of 3,000 characters, not a parameter"),
    ],
)
def test_any_other_input_is_refused_with_the_right_one(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, given: object, said: str
) -> None:
    monkeypatch.setenv("PARAMETER_NAME", "/ours/input")
    with pytest.raises(InvalidEvent) as caught:
        stack.load(input=given)
    assert said in str(caught.value)
    assert str(caught.value).endswith('{"AMIsParamName": "/ours/input"}')
    assert not stack.calls.of("GetParameter")


@pytest.mark.parametrize(
    ("name", "likeliest"),
    [
        ("Nope", "ContinuousAssessmentInput"),
        ("ContinousAssessmentInput", "ContinuousAssessmentInput"),
        ("/golden-ami/goldn/ContinuousAssessmentInput", "/golden-ami/golden/ContinuousAssessmentInput"),
    ],
)
def test_a_name_that_the_stack_does_not_read_is_told_with_the_likeliest(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, name: str, likeliest: str
) -> None:
    monkeypatch.setenv("PARAMETER_NAME", PARAMETER)
    stack.calls.fail("GetParameter", "AccessDeniedException")
    with pytest.raises(AccessDenied) as caught:
        stack.load(input={"AMIsParamName": name})
    message = str(caught.value)
    assert f"SSM parameter {name}: its functions read parameters whose names begin with" in message
    assert f"{PARAMETER}, and the sample /golden-ami/golden/ContinuousAssessmentInput; start with " in message
    assert f'{{"AMIsParamName": "{likeliest}"}}, or deploy the stack with ParameterName={name}' in message


def test_a_name_that_the_template_allows_and_aws_denies_is_another_fault(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAMETER_NAME", PARAMETER)
    stack.calls.fail("GetParameter", "AccessDeniedException")
    with pytest.raises(AccessDenied, match="allow GetParameter in this function's policy"):
        stack.load()


def test_a_missing_parameter_that_is_not_the_usual_one_names_that(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAMETER_NAME", PARAMETER)
    with pytest.raises(InvalidConfiguration, match=f'or start with {{"AMIsParamName": "{PARAMETER}"}}'):
        stack.load(input={"AMIsParamName": f"{PARAMETER}2"})


# ---------------------------------------------------------------- other accounts


def elsewhere(operation: str, code: str) -> Any:
    """A member account's Systems Manager that refuses, or whose role cannot be assumed."""

    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

    return SimpleNamespace(get_parameters=refuse)


def test_in_a_member_account_the_member_role_is_to_be_deployed(stack: Stack) -> None:
    answers = parameters.read(elsewhere("GetParameters", "AccessDeniedException"), ["/golden/web"])
    place = Place("222222222222", "eu-west-1")
    reason = parameters.ami_id_of("/golden/web", answers, place, stack.settings, ["/golden/web"])
    assert isinstance(reason, Reason)
    assert reason.remedy.startswith(
        "deploy docs/member-role.yaml in account 222222222222 with AmiParameterPath=/golden/, "
    )


def test_a_role_that_cannot_be_assumed_is_a_fault_of_the_place() -> None:
    with pytest.raises(ClientError, match="AssumeRole"):
        parameters.read(elsewhere("AssumeRole", "AccessDenied"), ["/golden/web"])
