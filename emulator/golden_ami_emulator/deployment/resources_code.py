"""Resource types of functions and state machines, with their versions and aliases, and of their settings."""

from __future__ import annotations

from typing import Any

from golden_ami_emulator.deployment.resources import (
    Made,
    Properties,
    ResourceType,
    StackPlace,
    empty_zip,
    forgiving,
    ignore,
    numbers,
    only,
    tag_map,
    tags,
    text,
    without,
)
from golden_ami_emulator.deployment.template import TemplateError

# ------------------------------------------------------------ Lambda

_CONFIGURATION = ("Role", "Handler", "Description", "Timeout", "MemorySize", "Environment", "Runtime",
                  "DeadLetterConfig", "TracingConfig", "LoggingConfig", "Layers", "VpcConfig", "KMSKeyArn")  # fmt: skip


def _function_request(properties: Properties) -> Properties:
    request = numbers(only(properties, *_CONFIGURATION))
    if "Environment" in properties:
        variables = {name: str(value) for name, value in properties["Environment"]["Variables"].items()}
        request["Environment"] = {"Variables": variables}
    return {**request, **{key: str(properties[key]) for key in ("Description",) if key in properties}}


def _function(place: StackPlace, name: str, properties: Properties) -> Made:
    client = place.client("lambda")
    request = _function_request(properties) | only(properties, "Architectures")
    code = {"ZipFile": empty_zip()}
    answer = client.create_function(FunctionName=name, Code=code, Tags=tag_map(properties), **request)
    if "ReservedConcurrentExecutions" in properties:
        reserved = int(properties["ReservedConcurrentExecutions"])
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    return Made(name, {"Arn": answer["FunctionArn"]})


def _update_function(place: StackPlace, name: str, properties: Properties) -> None:
    place.client("lambda").update_function_configuration(FunctionName=name, **_function_request(properties))


def _version(place: StackPlace, _name: str, properties: Properties) -> Made:
    """A published version. Its resource is refused where there is nothing new to publish, in CloudFormation's words
    (seen in public reports, as serverless/serverless issue 8392).
    """
    client, function = place.client("lambda"), properties["FunctionName"]
    known = {one["Version"] for one in client.list_versions_by_function(FunctionName=function)["Versions"]}
    answer = client.publish_version(FunctionName=function, **only(properties, "Description"))
    if answer["Version"] in known:
        raise TemplateError(
            f"A version for this Lambda function exists ( {answer['Version']} ). "
            "Modify the function to create a new version."
        )
    return Made(answer["FunctionArn"], {"Version": answer["Version"], "FunctionArn": answer["FunctionArn"]})


def _delete_version(place: StackPlace, arn: str) -> None:
    with forgiving("ResourceNotFoundException"):
        place.client("lambda").delete_function(FunctionName=arn)


def _alias(place: StackPlace, _name: str, properties: Properties) -> Made:
    request = only(properties, "FunctionName", "FunctionVersion", "Name", "Description")
    arn = place.client("lambda").create_alias(**request)["AliasArn"]
    return Made(arn, {"AliasArn": arn})


def _update_alias(place: StackPlace, _arn: str, properties: Properties) -> None:
    request = only(properties, "FunctionName", "FunctionVersion", "Name", "Description")
    place.client("lambda").update_alias(**request)


def _delete_alias(place: StackPlace, arn: str) -> None:
    function, _, name = arn.rpartition(":")
    with forgiving("ResourceNotFoundException"):
        place.client("lambda").delete_alias(FunctionName=function, Name=name)


def _qualified(function: str) -> Properties:
    """Name and qualifier of a function that is named by either or by a qualified ARN."""
    name, _, qualifier = function.partition(":function:")[2].partition(":")
    return {"FunctionName": name, "Qualifier": qualifier} if qualifier else {"FunctionName": function}


def _permission(place: StackPlace, name: str, properties: Properties) -> Made:
    function = properties["FunctionName"]
    request = only(properties, "Action", "Principal", "SourceArn", "SourceAccount", "EventSourceToken")
    place.client("lambda").add_permission(**_qualified(function), StatementId=name, **request)
    return Made(f"{function}|{name}")


def _delete_permission(place: StackPlace, name: str) -> None:
    function, _, statement = name.partition("|")
    with forgiving("ResourceNotFoundException"):
        place.client("lambda").remove_permission(**_qualified(function), StatementId=statement)


def _invoke_config(place: StackPlace, _name: str, properties: Properties) -> Made:
    request = numbers(only(properties, "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "DestinationConfig"))
    client = place.client("lambda")
    client.put_function_event_invoke_config(FunctionName=properties["FunctionName"], **request)
    return Made(properties["FunctionName"])


def _source_mapping(place: StackPlace, _name: str, properties: Properties) -> Made:
    request = numbers(without(properties, "Tags"))
    return Made(place.client("lambda").create_event_source_mapping(**request)["UUID"])


# ------------------------------------------------------------ Step Functions


def _definition(properties: Properties) -> str:
    definition = properties.get("DefinitionString") or text(properties["Definition"])
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        definition = definition.replace("${" + name + "}", str(value))
    return str(definition)


def _state_machine(place: StackPlace, name: str, properties: Properties) -> Made:
    client = place.client("stepfunctions")
    answer = client.create_state_machine(
        name=name,
        definition=_definition(properties),
        roleArn=properties["RoleArn"],
        type=properties.get("StateMachineType", "STANDARD"),
        loggingConfiguration=_lower(properties.get("LoggingConfiguration", {"Level": "OFF"})),
        tracingConfiguration=_lower(properties.get("TracingConfiguration", {"Enabled": False})),
        tags=[{"key": tag["Key"], "value": tag["Value"]} for tag in tags(properties)],
    )
    return _machine(place, answer["stateMachineArn"], name)


def _update_state_machine(place: StackPlace, arn: str, properties: Properties) -> Made:
    place.client("stepfunctions").update_state_machine(
        stateMachineArn=arn, definition=_definition(properties), roleArn=properties["RoleArn"]
    )
    return _machine(place, arn, arn.rpartition(":")[2])


def _machine(place: StackPlace, arn: str, name: str) -> Made:
    revision = place.client("stepfunctions").describe_state_machine(stateMachineArn=arn).get("revisionId", "INITIAL")
    return Made(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": revision})


def _machine_version(place: StackPlace, _name: str, properties: Properties) -> Made:
    arn, revision = properties["StateMachineArn"], properties["StateMachineRevisionId"]
    client = place.client("stepfunctions")
    answer = client.publish_state_machine_version(stateMachineArn=arn, revisionId=revision)
    return Made(answer["stateMachineVersionArn"], {"Arn": answer["stateMachineVersionArn"]})


def _delete_machine_version(place: StackPlace, arn: str) -> None:
    with forgiving("StateMachineDoesNotExist"):
        place.client("stepfunctions").delete_state_machine_version(stateMachineVersionArn=arn)


def _routes(properties: Properties) -> list[dict[str, Any]]:
    """ALL_AT_ONCE is the one type of a deployment that is known here: everything to the version, at once."""
    deployment = properties["DeploymentPreference"]
    if deployment["Type"] != "ALL_AT_ONCE":
        raise TemplateError(f"the embedded AWS knows no deployment {deployment['Type']}; it knows ALL_AT_ONCE")
    return [{"stateMachineVersionArn": deployment["StateMachineVersionArn"], "weight": 100}]


def _machine_alias(place: StackPlace, _name: str, properties: Properties) -> Made:
    client = place.client("stepfunctions")
    answer = client.create_state_machine_alias(name=properties["Name"], routingConfiguration=_routes(properties))
    return Made(answer["stateMachineAliasArn"], {"Arn": answer["stateMachineAliasArn"]})


def _update_machine_alias(place: StackPlace, arn: str, properties: Properties) -> None:
    client = place.client("stepfunctions")
    client.update_state_machine_alias(stateMachineAliasArn=arn, routingConfiguration=_routes(properties))


def _delete_machine_alias(place: StackPlace, arn: str) -> None:
    with forgiving("StateMachineDoesNotExist", "ResourceNotFound"):
        place.client("stepfunctions").delete_state_machine_alias(stateMachineAliasArn=arn)


def _lower(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: _lower(member) for name, member in value.items()}
    return [_lower(member) for member in value] if isinstance(value, list) else value


# ------------------------------------------------------------ AppConfig


def _application(place: StackPlace, _name: str, properties: Properties) -> Made:
    answer = place.client("appconfig").create_application(**without(properties, "Tags"))
    return Made(answer["Id"], {"ApplicationId": answer["Id"]})


def _profile(place: StackPlace, _name: str, properties: Properties) -> Made:
    answer = place.client("appconfig").create_configuration_profile(**without(properties, "Tags"))
    return Made(f"{properties['ApplicationId']}|{answer['Id']}", {"ConfigurationProfileId": answer["Id"]})


def _delete_profile(place: StackPlace, physical: str) -> None:
    application, _, profile = physical.partition("|")
    place.client("appconfig").delete_configuration_profile(ApplicationId=application, ConfigurationProfileId=profile)


def _hosted_version(place: StackPlace, _name: str, properties: Properties) -> Made:
    request = without(properties, "Content") | {"Content": properties["Content"].encode()}
    number = str(place.client("appconfig").create_hosted_configuration_version(**request)["VersionNumber"])
    return Made(f"{properties['ApplicationId']}|{properties['ConfigurationProfileId']}|{number}",
                {"VersionNumber": number})  # fmt: skip


def _delete_hosted_version(place: StackPlace, physical: str) -> None:
    application, profile, number = physical.split("|")
    place.client("appconfig").delete_hosted_configuration_version(
        ApplicationId=application, ConfigurationProfileId=profile, VersionNumber=int(number)
    )


KINDS: dict[str, ResourceType] = {
    "AWS::Lambda::Function": ResourceType(
        _function,
        lambda p, i: p.client("lambda").delete_function(FunctionName=i),
        "FunctionName",
        _update_function,
        ("FunctionName",),
    ),
    "AWS::Lambda::Version": ResourceType(_version, _delete_version),
    "AWS::Lambda::Alias": ResourceType(_alias, _delete_alias, None, _update_alias, ("Name", "FunctionName")),
    "AWS::Lambda::Permission": ResourceType(_permission, _delete_permission),
    "AWS::Lambda::EventInvokeConfig": ResourceType(_invoke_config, ignore),
    "AWS::Lambda::EventSourceMapping": ResourceType(
        _source_mapping, lambda p, i: p.client("lambda").delete_event_source_mapping(UUID=i)
    ),
    "AWS::StepFunctions::StateMachine": ResourceType(
        _state_machine,
        lambda p, i: p.client("stepfunctions").delete_state_machine(stateMachineArn=i),
        "StateMachineName",
        _update_state_machine,
        ("StateMachineName", "StateMachineType"),
    ),
    "AWS::StepFunctions::StateMachineVersion": ResourceType(_machine_version, _delete_machine_version),
    "AWS::StepFunctions::StateMachineAlias": ResourceType(
        _machine_alias, _delete_machine_alias, None, _update_machine_alias, ("Name",)
    ),
    "AWS::AppConfig::Application": ResourceType(
        _application, lambda p, i: p.client("appconfig").delete_application(ApplicationId=i)
    ),
    "AWS::AppConfig::ConfigurationProfile": ResourceType(_profile, _delete_profile),
    "AWS::AppConfig::HostedConfigurationVersion": ResourceType(_hosted_version, _delete_hosted_version),
}
