"""Systems Manager, Security Hub, moto's own operations beside ours, regions, and requests over HTTP."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import backend_index
from moto.server import ThreadedMotoServer

from golden_ami_emulator.inspector import install, installed
from golden_ami_emulator.world import Behaviour, Image, World

if TYPE_CHECKING:
    from tests.adapters.inspector.conftest import Aws, MakeAws

PRODUCT = "arn:aws:securityhub:us-east-1::product/aws/inspector"


def online(aws: Aws, *filters: tuple[str, list[str]]) -> dict[str, str]:
    listed = [{"Key": key, "Values": values} for key, values in filters]
    pages = aws.client("ssm").get_paginator("describe_instance_information").paginate(Filters=listed)
    return {row["InstanceId"]: row["PingStatus"] for page in pages for row in page["InstanceInformationList"]}


def test_instances_register_when_their_agent_answers(make_aws: MakeAws) -> None:
    aws = make_aws(behaviours={"ami-2": Behaviour(agent_after=None), "ami-3": Behaviour(agent_after=500)})
    [good], [never], [slow] = (aws.launch(image_id) for image_id in ("ami-1", "ami-2", "ami-3"))
    [unprofiled] = aws.launch(profile=False)
    seen = []
    for seconds in (99, 1, 400):
        aws.advance(seconds)
        seen.append(online(aws))
    assert seen == [{}, {good: "Online"}, {good: "Online", slow: "Online"}]
    assert not {never, unprofiled} & online(aws).keys()
    aws.client("ec2").stop_instances(InstanceIds=[good])
    aws.client("ec2").terminate_instances(InstanceIds=[slow])
    assert online(aws) == {good: "ConnectionLost"}


def test_instance_filters_and_pages(aws: Aws) -> None:
    first, *others = aws.launch(number=12, tags={"run": "1"})
    aws.launch(tags={"run": "2"})
    aws.advance(100)
    assert set(online(aws, ("InstanceIds", [first, others[0]]))) == {first, others[0]}
    assert len(online(aws, ("tag:run", ["1"]), ("ResourceType", ["EC2Instance"]))) == 12
    assert online(aws, ("tag:run", ["3"])) == {}
    assert len(online(aws, ("PingStatus", ["Online"]), ("tag-key", ["run"]))) == 13
    assert online(aws, ("PingStatus", ["ConnectionLost"])) == {}
    client = aws.client("ssm")
    assert len(client.describe_instance_information()["InstanceInformationList"]) == 10
    assert len(client.describe_instance_information(MaxResults=50)["InstanceInformationList"]) == 13
    legacy = [{"key": "InstanceIds", "valueSet": [first]}]
    answer = client.describe_instance_information(InstanceInformationFilterList=legacy)
    assert [row["InstanceId"] for row in answer["InstanceInformationList"]] == [first]
    for params, expected in (
        ({"Filters": [{"Key": "Shoe", "Values": ["42"]}]}, "InvalidFilterKey"),
        ({"MaxResults": 51}, "ValidationException"),
        ({"NextToken": "made-up"}, "InvalidNextToken"),
    ):
        with pytest.raises(ClientError) as refused:
            client.describe_instance_information(**params)
        assert refused.value.response["Error"]["Code"] == expected


def test_security_hub_takes_fields_for_inspectors_findings(aws: Aws) -> None:
    aws.launch()
    aws.advance(1299)
    arns = [finding["findingArn"] for finding in aws.client("inspector2").list_findings()["findings"]]
    hub = aws.client("securityhub")
    identifiers = [{"Id": arn, "ProductArn": PRODUCT} for arn in [*arns[:2], "arn:unknown"]]
    early = hub.batch_update_findings(FindingIdentifiers=identifiers, UserDefinedFields={"Owner": "web"})
    assert [one["ErrorCode"] for one in early["UnprocessedFindings"]] == ["FindingNotFound"] * 3, "not imported yet"
    aws.advance(1)
    answer = hub.batch_update_findings(FindingIdentifiers=identifiers, UserDefinedFields={"Owner": "web"})
    assert answer["ProcessedFindings"] == identifiers[:2]
    [unprocessed] = answer["UnprocessedFindings"]
    assert (unprocessed["FindingIdentifier"], unprocessed["ErrorCode"]) == (identifiers[2], "FindingNotFound")
    stored = hub.get_findings()["Findings"]
    assert {finding["Id"]: finding["UserDefinedFields"] for finding in stored} == {
        a: {"Owner": "web"} for a in arns[:2]
    }
    assert [update["Id"] for update in aws.region.security_hub_updates] == arns[:2]
    with pytest.raises(ClientError, match="InvalidInputException"):
        hub.batch_update_findings(FindingIdentifiers=identifiers[:1] * 101)


def test_security_hub_must_be_on(make_aws: MakeAws) -> None:
    aws = make_aws(security_hub_enabled=False)
    hub = aws.client("securityhub")
    update = {"FindingIdentifiers": [{"Id": "arn:x", "ProductArn": PRODUCT}]}
    for ask in (lambda: hub.batch_update_findings(**update), hub.describe_hub, hub.list_enabled_products_for_import):
        with pytest.raises(ClientError, match="InvalidAccessException") as refused:
            ask()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401
    hub.enable_security_hub()
    assert hub.describe_hub()["HubArn"].endswith(":hub/default")
    assert hub.list_enabled_products_for_import()["ProductSubscriptions"][-1].endswith("/aws/inspector")
    assert len(hub.batch_update_findings(**update)["UnprocessedFindings"]) == 1


def test_motos_own_operations_stay(aws: Aws) -> None:
    aws.client("ssm").put_parameter(Name="p", Value="v", Type="String")
    assert aws.client("ssm").get_parameter(Name="p")["Parameter"]["Value"] == "v"
    assert aws.client("inspector2").describe_organization_configuration()["autoEnable"]["ec2"] is False
    [instance] = aws.launch()
    aws.client("ec2").create_tags(Resources=[instance], Tags=[{"Key": "a", "Value": "b"}])
    assert aws.region.instances[instance].tags == {"a": "b"}
    finding = {"Id": "f-1", "ProductArn": PRODUCT, "Resources": [{"Type": "Other", "Id": "r"}]}
    required = dict.fromkeys(("SchemaVersion", "GeneratorId", "AwsAccountId", "CreatedAt", "UpdatedAt", "Title"), "x")
    imported = aws.client("securityhub").batch_import_findings(Findings=[{**finding, **required, "Description": "d"}])
    assert imported["SuccessCount"] == 1


def test_regions_and_accounts_are_apart(aws: Aws) -> None:
    world = World([Image("ami-9", "golden-9")], {"*": [{"severity": "LOW"}]})
    events: list[Any] = []
    with pytest.raises(ClientError, match="AccessDeniedException"):
        aws.client("inspector", "eu-west-1").list_assessment_targets()
    with install(world, aws.timers, lambda *event: events.append(event), "eu-west-1", "123456789012"):
        aws.launch()
        aws.client("ec2", "eu-west-1").run_instances(
            ImageId="ami-9", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "assessment"}
        )
        aws.advance(1000)
        assert len(aws.client("inspector2", "eu-west-1").list_findings()["findings"]) == 1
        assert len(aws.client("inspector2").list_findings()["findings"]) == 8
        assert len([event for event in events if event[1] == "Inspector2 Scan"]) == 1
        with pytest.raises(RuntimeError, match="already installed"):
            install(world, aws.timers, print, "eu-west-1").__enter__()
    with pytest.raises(LookupError):
        installed("eu-west-1")


def test_instances_from_before_are_found_and_leaving_restores_moto(aws: Aws) -> None:
    aws.client("ec2", "eu-west-1").run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)
    with install(aws.world, aws.timers, lambda *_: None, "eu-west-1"):
        assert len(installed("eu-west-1").instances) == 1
    before = installed()
    aws.client("ec2").run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)
    assert len(before.instances) == 1


@pytest.fixture
def endpoint(aws: Aws) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_over_http_through_motos_server(aws: Aws, endpoint: str) -> None:
    session: Any = boto3.session.Session("testing", "testing", region_name="us-east-1")

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=endpoint)

    [instance] = aws.launch(tags={"run": "1"})
    aws.advance(1000)
    group = client("inspector").create_resource_group(resourceGroupTags=[{"key": "run", "value": "1"}])
    target = client("inspector").create_assessment_target(
        assessmentTargetName="t", resourceGroupArn=group["resourceGroupArn"]
    )
    preview = client("inspector").preview_agents(previewAgentsArn=target["assessmentTargetArn"])
    assert [agent["agentId"] for agent in preview["agentPreviews"]] == [instance]
    assert len(client("inspector2").list_findings()["findings"]) == 8
    assert len(client("inspector2").list_coverage()["coveredResources"]) == 2
    assert client("inspector2").list_cis_scans()["scans"] == []
    assert len(client("ssm").describe_instance_information()["InstanceInformationList"]) == 1
    assert client("ec2").get_image_findings(ImageId="ami-1")["ImageFindings"] == []
    assert len(client("ec2").describe_instances()["Reservations"]) == 1
    hub = client("securityhub").batch_update_findings(FindingIdentifiers=[{"Id": "x", "ProductArn": PRODUCT}])
    assert len(hub["UnprocessedFindings"]) == 1


def test_everything_is_detached_at_the_end() -> None:
    assert "moto.inspector" not in sys.modules
    assert "inspector" not in dict(backend_index.backend_url_patterns)
