"""What is saved changes no answer."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import boto3
import pytest
from moto import mock_aws

from golden_ami_emulator.economy import Economy
from golden_ami_emulator.patching import Patches

VALUES = [
    {"S": "x"}, {"N": "1.5"}, {"BOOL": False}, {"NULL": True}, {"SS": ["a", "b"]}, {"B": b"\x00"}, {"L": [{"S": "S"}]},
    {"M": {"S": {"N": "1"}, "M": {"M": {}}}},
]  # fmt: skip


def answers(saving: Patches) -> list[Any]:
    with saving, mock_aws():
        client: Any = boto3.client("dynamodb", "us-east-1", aws_access_key_id="k", aws_secret_access_key="s")
        keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
        types = [{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys]
        client.create_table(TableName="t", KeySchema=keys, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST")
        for number in (3, 1, 2, 5, 4, 6, 7, 0):
            for partition in ("a", "b"):
                value = VALUES[number % len(VALUES)]
                client.put_item(
                    TableName="t", Item={"pk": {"S": partition}, "sk": {"S": f"{number}"}, "S": value, "v": VALUES[-1]}
                )
        for partition in ("a", "b", "a"):  # the same update more than once
            changed = client.update_item(
                TableName="t", Key={"pk": {"S": partition}, "sk": {"S": "6"}}, UpdateExpression="SET #v = :v REMOVE S",
                ExpressionAttributeNames={"#v": "v"}, ExpressionAttributeValues={":v": {"L": VALUES}},
                ReturnValues="ALL_OLD",
            )  # fmt: skip
        request = {"TableName": "t", "KeyConditionExpression": "pk = :p"}
        one = {":p": {"S": "a"}}
        pages = client.get_paginator("query").paginate(
            **request, ExpressionAttributeValues=one, PaginationConfig={"PageSize": 2}
        )
        return [
            changed["Attributes"],
            client.query(**request, ExpressionAttributeValues=one)["Items"],
            client.query(**request, ExpressionAttributeValues=one, ScanIndexForward=False, Limit=2)["Items"],
            client.query(**request, ExpressionAttributeValues={":p": {"S": "none"}})["Items"],
            [page["Items"] for page in pages],
            sorted(str(item) for item in client.scan(TableName="t")["Items"]),
        ]


def test_queries_answer_the_same() -> None:
    assert answers(Economy()) == answers(Patches())


def machines(saving: Patches) -> list[Any]:
    with saving, mock_aws():
        ec2: Any = boto3.client("ec2", "us-east-1", aws_access_key_id="k", aws_secret_access_key="s")
        ids = []
        for name in ("a", "b", "a"):
            tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
            answer = ec2.run_instances(
                ImageId="ami-12c6146b", InstanceType="t3.medium", MinCount=1, MaxCount=1, TagSpecifications=tags
            )
            ids.append(answer["Instances"][0]["InstanceId"])
        with pytest.raises(ec2.exceptions.ClientError, match="InvalidInstanceID"):
            ec2.terminate_instances(InstanceIds=["i-1234567890abcdef0"])
        ec2.terminate_instances(InstanceIds=[ids[0]])
        found = [
            ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["a"]}]),
            ec2.describe_instances(InstanceIds=ids[1:]),
        ]
        offered = ec2.describe_instance_type_offerings(Filters=[{"Name": "instance-type", "Values": ["t3.medium"]}])
        return [
            offered["InstanceTypeOfferings"],
            [
                (
                    ids.index(one["InstanceId"]),
                    one["State"],
                    one["Tags"],
                    one.get("Architecture"),
                    len(one["BlockDeviceMappings"]),
                )
                for answer in found
                for reservation in answer["Reservations"]
                for one in reservation["Instances"]
            ],
        ]


def test_machines_are_found_the_same() -> None:
    assert machines(Economy()) == machines(Patches())


def test_patches_are_undone_in_order_also_for_inherited_attributes() -> None:
    class Base:
        value = 1

    class Heir(Base):
        pass

    with Patches() as patches:
        assert patches.set(Heir, "value", 2) == 1
        patches.set(Heir, "value", 3)
        assert Heir.value == 3
        with pytest.raises(AttributeError):
            patches.set(Heir, "missing", 1)
    assert "value" not in vars(Heir)
    assert Heir.value == 1


def test_a_method_that_is_added_later_is_known_to_the_next_economy() -> None:
    responses: Any = import_module("moto.core.responses")
    from moto.iam.responses import IamResponse

    with Economy():
        assert "added_later" not in responses.method_names_from_class(IamResponse)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(IamResponse, "added_later", lambda _: None, raising=False)
            with Economy():
                assert "added_later" in responses.method_names_from_class(IamResponse)
