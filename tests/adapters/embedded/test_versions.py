"""Versions and aliases of functions and of the state machine, as AWS has them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from golden_ami_emulator.deployment.template import TemplateError
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.iam.policy import Need

Open = Callable[..., Embedded]
Project = Callable[..., Path]
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Colour: {Type: String, Default: red}
Resources:
  Settings: {Type: AWS::AppConfig::Application, Properties: {Name: settings}}
  Profile:
    Type: AWS::AppConfig::ConfigurationProfile
    Properties: {ApplicationId: !Ref Settings, Name: functions, LocationUri: hosted}
  Version:
    Type: AWS::AppConfig::HostedConfigurationVersion
    Properties:
      ApplicationId: !Ref Settings
      ConfigurationProfileId: !GetAtt Profile.ConfigurationProfileId
      ContentType: text/plain
      Content: !Ref Colour
  Work:
    Type: AWS::Serverless::Function
    UpdateReplacePolicy: Retain
    Properties:
      CodeUri: functions/
      Runtime: python3.13
      Handler: work.app.handler
      AutoPublishAlias: live
      AutoPublishAliasAllProperties: true
      VersionDescription: !Sub settings ${Version.VersionNumber}
      Environment: {Variables: {COLOUR: !Ref Colour, SETTINGS: !GetAtt Version.VersionNumber}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: machine
      AutoPublishAlias: live
      Definition:
        StartAt: Pause
        States:
          Pause: {Type: Wait, Seconds: 600, Next: Work}
          Work:
            Type: Task
            Resource: arn:aws:states:::lambda:invoke
            Parameters: {FunctionName: "${WorkArn}", Payload: {}}
            ResultSelector: {colour.$: $.Payload}
            End: true
      DefinitionSubstitutions: {WorkArn: !Ref Work.Version}
      Policies:
        - Statement:
            - {Effect: Allow, Action: lambda:InvokeFunction, Resource: !Sub "${Work.Arn}:*"}
Outputs:
  Function: {Value: !Ref Work}
  Alias: {Value: !Ref Work.Alias}
  StateMachineArn: {Value: !Ref Machine}
  StateMachineAliasArn: {Value: !Ref MachineAliaslive}
"""
HANDLER = "import os\ndef handler(event, context): return os.environ['COLOUR'] + ' ' + context.function_version\n"
MORE = "import os\ndef handler(event, context): return 'other'\n"


@pytest.fixture
def account(embedded: Open, project: Project, monkeypatch: pytest.MonkeyPatch) -> Embedded:
    for name in ("work", "work.app", "work.other"):  # of another test's project
        monkeypatch.delitem(sys.modules, name, raising=False)
    return embedded(template=project(TEMPLATE, {"work/app.py": HANDLER, "work/other.py": MORE}))


def invoke(account: Embedded, **request: Any) -> Any:
    answer = account.client("lambda").invoke(FunctionName=account.outputs["Function"], **request)
    return json.loads(answer["Payload"].read())


def colour(account: Embedded, arn: str) -> str:
    answer = account.wait(arn)
    assert answer["status"] == "SUCCEEDED", answer.get("cause")
    return str(json.loads(answer["output"])["colour"])


def versions(account: Embedded) -> list[str]:
    found = account.client("lambda").list_versions_by_function(FunctionName=account.outputs["Function"])["Versions"]
    return [one["Version"] for one in found]


def machine_versions(account: Embedded) -> list[str]:
    machine = account.outputs["StateMachineArn"]
    found = account.client("stepfunctions").list_state_machine_versions(stateMachineArn=machine)
    return [one["stateMachineVersionArn"].rpartition(":")[2] for one in found["stateMachineVersions"]]


def test_a_changed_parameter_publishes_and_moves_the_aliases(account: Embedded) -> None:
    assert invoke(account, Qualifier="live") == "red 1"
    account.update({"Colour": "blue"})
    assert (versions(account), machine_versions(account)) == (["$LATEST", "1", "2"], ["2", "1"])
    assert [invoke(account, Qualifier=one) for one in ("live", "1", "$LATEST")] == ["blue 2", "red 1", "blue $LATEST"]
    with pytest.raises(ClientError, match="ResourceNotFound"):
        invoke(account, Qualifier="3")


def test_a_deployment_in_the_middle_changes_nothing_under_an_execution(account: Embedded) -> None:
    arn = account.start({})
    account.clock.sleep(60)
    account.update({"Colour": "blue"})
    assert colour(account, arn) == "red 1"
    assert colour(account, account.start({})) == "blue 2"


def test_code_is_pinned_as_the_environment_is(account: Embedded) -> None:
    arn = account.start({})
    account.clock.sleep(60)
    account.template.write_text(TEMPLATE.replace("work.app.handler", "work.other.handler"))
    account.update({})
    assert colour(account, arn) == "red 1"
    assert colour(account, account.start({})) == "other"


def test_an_execution_names_its_version_alias_and_definition(account: Embedded) -> None:
    states = account.client("stepfunctions")
    arn = account.start({})
    account.update({"Colour": "blue"})
    machine = account.outputs["StateMachineArn"]
    described = states.describe_execution(executionArn=arn)
    assert described["stateMachineArn"] == machine
    assert described["stateMachineVersionArn"] == f"{machine}:1"
    assert described["stateMachineAliasArn"] == f"{machine}:live"
    started = states.get_execution_history(executionArn=arn)["events"][0]["executionStartedEventDetails"]
    assert started["stateMachineVersionArn"] == f"{machine}:1"
    used = states.describe_state_machine_for_execution(executionArn=arn)
    now = states.describe_state_machine(stateMachineArn=machine)
    assert (":1" in used["definition"], ":2" in now["definition"]) == (True, True)
    assert "revisionId" not in used
    assert now["revisionId"]
    assert states.describe_state_machine(stateMachineArn=f"{machine}:1")["definition"] == used["definition"]
    for qualifier, count in (("", 1), (":live", 1), (":1", 1), (":2", 0)):
        listed = states.list_executions(stateMachineArn=f"{machine}{qualifier}")["executions"]
        assert len(listed) == count
    unqualified = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    assert "stateMachineVersionArn" not in states.describe_execution(executionArn=unqualified)
    assert colour(account, unqualified) == "blue 2"


def test_a_version_that_an_alias_needs_is_not_deleted_and_numbers_are_not_used_again(account: Embedded) -> None:
    states, machine = account.client("stepfunctions"), account.outputs["StateMachineArn"]
    with pytest.raises(ClientError, match="ConflictException"):
        states.delete_state_machine_version(stateMachineVersionArn=f"{machine}:1")
    again = states.publish_state_machine_version(stateMachineArn=machine)
    assert again["stateMachineVersionArn"] == f"{machine}:1"
    with pytest.raises(ClientError, match="ConflictException"):
        states.publish_state_machine_version(stateMachineArn=machine, revisionId="another")
    account.update({"Colour": "blue"})
    states.delete_state_machine_version(stateMachineVersionArn=f"{machine}:1")
    account.update({"Colour": "green"})
    assert machine_versions(account) == ["3", "2"]
    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        states.start_execution(stateMachineArn=f"{machine}:1", input="{}")


def test_cloudformation_refuses_a_version_of_what_has_not_changed(account: Embedded) -> None:
    account.template.write_text(TEMPLATE.replace("settings ${", "the settings ${"))
    with pytest.raises(TemplateError, match=r"A version for this Lambda function exists \( 1 \)"):
        account.update({})
    assert invoke(account, Qualifier="live") == "red 1"


def test_a_start_by_alias_is_authorised_by_the_machine_with_the_qualifier_as_a_condition(account: Embedded) -> None:
    from golden_ami_emulator.iam.enforcement import _start

    machine = account.outputs["StateMachineArn"]
    wanted = Need("states:StartExecution", machine, {"states:statemachinequalifier": ["live"]})
    assert _start(f"{machine}:live") == wanted
    assert _start(machine) == Need("states:StartExecution", machine, {})
