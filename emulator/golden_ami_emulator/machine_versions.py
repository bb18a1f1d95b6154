"""Revisions, versions and aliases of state machines, of which moto has a part.

Facts: botocore's model of Step Functions (PublishStateMachineVersion and its siblings, DescribeExecution) and the
Step Functions Developer Guide, "Manage continuous deployments with versions and aliases" and "How Step Functions
associates executions with a version or alias". That the answers and events of such an execution name the state machine
without a qualifier is inferred from their having members of their own for version and alias.
"""

from __future__ import annotations

import copy
from typing import Any
from uuid import uuid4

from golden_ami_emulator.patching import Patches

_INITIAL = "INITIAL"  # a state machine's revision before its first update (PublishStateMachineVersion)
_MOST = 1_000  # versions of a state machine (ibid.)


class MachineVersions(Patches):
    """Executions start by version or alias, and keep the definition that they started with, while open."""

    def __enter__(self) -> MachineVersions:
        from moto.stepfunctions.parser.models import StepFunctionsParserBackend
        from moto.stepfunctions.responses import StepFunctionResponse

        super().__enter__()
        self._describe = self.set(StepFunctionsParserBackend, "describe_state_machine", self._qualified())
        self._update = self.set(StepFunctionsParserBackend, "update_state_machine", self._revised())
        self._list = self.set(StepFunctionsParserBackend, "list_executions", self._listed())
        answer = StepFunctionResponse._describe_state_machine

        def described(response: Any, arn: str) -> Any:
            described: Any = answer(response, arn)
            machine = response.stepfunction_backend.describe_state_machine(arn)
            described.result.update({"stateMachineArn": arn, **_named(revisionId=revision_of(machine))})
            return described

        self.set(StepFunctionResponse, "_describe_state_machine", described)
        self._associate(StepFunctionResponse)
        self.set(StepFunctionResponse, "describe_state_machine_for_execution", _for_execution)
        for operation in (publish_state_machine_version, list_state_machine_versions, delete_state_machine_version):
            self.supply(StepFunctionResponse, operation.__name__, operation)
        return self

    def _qualified(self) -> Any:
        def describe_state_machine(backend: Any, arn: str) -> Any:
            base, qualifier = split(arn)
            machine = self._describe(backend, base)
            return _as_qualified(machine, arn, qualifier) if qualifier else machine

        return describe_state_machine

    def _revised(self) -> Any:
        def update_state_machine(backend: Any, arn: str, *args: Any, **kwargs: Any) -> Any:
            before = _content(self._describe(backend, arn))
            machine = self._update(backend, arn, *args, **kwargs)
            if _content(machine) != before:
                machine.revision_id = str(uuid4())
            return machine

        return update_state_machine

    def _listed(self) -> Any:
        def list_executions(backend: Any, arn: str, *args: Any, **kwargs: Any) -> Any:
            found, following = self._list(backend, split(arn)[0], *args, **kwargs)
            wanted = [one for one in found if split(arn)[1] == "" or arn in (version_of(one), alias_of(one))]
            return wanted, following

        return list_executions

    def _associate(self, responses: Any) -> None:
        """DescribeExecution and ListExecutions name version and alias."""
        describe, listed = responses.describe_execution, responses.list_executions

        def describe_execution(response: Any) -> Any:
            answer = describe(response)
            answer.result.update(associated(_execution(response, answer.result["executionArn"])))
            return answer

        def list_executions(response: Any) -> Any:
            answer = listed(response)
            for item in answer.result["executions"]:
                execution = _execution(response, item["executionArn"])
                item.update({"stateMachineArn": execution.state_machine_arn, **associated(execution)})
            return answer

        self.set(responses, "describe_execution", describe_execution)
        self.set(responses, "list_executions", list_executions)


def _execution(response: Any, arn: str) -> Any:
    return response.stepfunction_backend.describe_execution(arn)


def split(arn: str) -> tuple[str, str]:
    """A state machine's own ARN, and the version or alias that qualifies it, "" for none."""
    parts = arn.split(":")
    return ":".join(parts[:7]), ":".join(parts[7:])


def version_of(execution: Any) -> str | None:
    """ARN of the version that an execution was started with."""
    arn: str | None = getattr(execution.state_machine, "version_arn", None)
    return arn


def alias_of(execution: Any) -> str | None:
    """ARN of the alias that an execution was started with."""
    arn: str | None = getattr(execution.state_machine, "alias_arn", None)
    return arn


def associated(execution: Any) -> dict[str, str]:
    """Members of an answer or an event that name an execution's version and alias, where it has them."""
    return _named(stateMachineVersionArn=version_of(execution), stateMachineAliasArn=alias_of(execution))


def revision_of(machine: Any) -> str | None:
    """The revision's id; None for the first, which has none."""
    revision: str | None = getattr(machine, "revision_id", None)
    return revision


def _named(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}


def _content(machine: Any) -> tuple[Any, ...]:
    return machine.definition, machine.roleArn, machine.loggingConfiguration, machine.tracingConfiguration


def _as_qualified(machine: Any, arn: str, qualifier: str) -> Any:
    """The state machine as the version has it: what is started with it is the machine's execution all the same."""
    from moto.stepfunctions.exceptions import StateMachineDoesNotExist

    alias = machine.aliases.get(qualifier)
    number = qualifier if alias is None else _number(alias.routing_configuration[0]["stateMachineVersionArn"])
    version = machine.versions.get(int(number)) if number.isdigit() else None
    if version is None:
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
    qualified = copy.copy(machine)
    qualified.definition, qualified.roleArn = version.definition, version.roleArn
    qualified.revision_id = revision_of(version)
    qualified.version_arn, qualified.alias_arn = version.arn, alias.arn if alias else None
    return qualified


def _number(version_arn: str) -> str:
    return version_arn.rpartition(":")[2]


def _for_execution(response: Any) -> Any:
    """DescribeStateMachineForExecution: what the execution started with, whatever the state machine became since."""
    from moto.core.responses import ActionResult

    arn = response._get_param("executionArn")
    machine = response.stepfunction_backend.describe_execution(arn).state_machine
    answer = {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "definition": machine.definition,
        "roleArn": machine.roleArn,
        "updateDate": machine.update_date,
        "loggingConfiguration": machine.loggingConfiguration,
        "tracingConfiguration": machine.tracingConfiguration,
    }
    return ActionResult(answer | _named(revisionId=revision_of(machine)))


def publish_state_machine_version(response: Any) -> Any:
    """PublishStateMachineVersion. One version a revision: again, it answers the one that is there."""
    from moto.core.responses import ActionResult
    from moto.stepfunctions.parser import api

    machine = response.stepfunction_backend.describe_state_machine(response._get_param("stateMachineArn"))
    revision, asked = revision_of(machine), response._get_param("revisionId")
    if asked and asked != (revision or _INITIAL):
        raise api.ConflictException(f"The revision {asked} is not the current one of {machine.arn}")
    version = next((one for one in machine.versions.values() if revision_of(one) == revision), None)
    if version is None:
        if len(machine.versions) >= _MOST:
            raise api.ServiceQuotaExceededException(f"{machine.arn} has {_MOST} versions")
        machine.publish(response._get_param("description"))
        version = machine.latest_version
        version.revision_id = revision
    return ActionResult({"creationDate": version.creation_date, "stateMachineVersionArn": version.arn})


def list_state_machine_versions(response: Any) -> Any:
    """ListStateMachineVersions, the newest first."""
    from moto.core.responses import ActionResult

    machine = response.stepfunction_backend.describe_state_machine(response._get_param("stateMachineArn"))
    most, token = int(response._get_param("maxResults") or 100), int(response._get_param("nextToken") or 0)
    numbers = sorted(machine.versions, reverse=True)
    page = [machine.versions[number] for number in numbers[token : token + most]]
    versions = [{"stateMachineVersionArn": one.arn, "creationDate": one.creation_date} for one in page]
    following = {"nextToken": str(token + most)} if token + most < len(numbers) else {}
    return ActionResult({"stateMachineVersions": versions, **following})


def delete_state_machine_version(response: Any) -> Any:
    """DeleteStateMachineVersion: refused while an alias points to the version; numbers are not used again."""
    from moto.core.responses import EmptyResult
    from moto.stepfunctions.parser import api

    arn = response._get_param("stateMachineVersionArn")
    machine = response.stepfunction_backend.describe_state_machine(split(arn)[0])
    routes = [route for alias in machine.aliases.values() for route in alias.routing_configuration]
    if arn in [route["stateMachineVersionArn"] for route in routes]:
        raise api.ConflictException(f"Version {arn} is referenced by an alias")
    machine.versions.pop(int(_number(arn)), None)
    return EmptyResult()
