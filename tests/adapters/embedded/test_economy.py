"""What is saved changes no answer."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto import mock_aws

from golden_ami_cli.local.economy import Economy
from golden_ami_cli.local.patching import Patches

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
        for number in (3, 1, 2, 5, 4):
            for partition in ("a", "b"):
                value = VALUES[number % len(VALUES)]
                client.put_item(
                    TableName="t", Item={"pk": {"S": partition}, "sk": {"S": f"{number}"}, "S": value, "v": VALUES[-1]}
                )
        request = {"TableName": "t", "KeyConditionExpression": "pk = :p"}
        one = {":p": {"S": "a"}}
        pages = client.get_paginator("query").paginate(
            **request, ExpressionAttributeValues=one, PaginationConfig={"PageSize": 2}
        )
        return [
            client.query(**request, ExpressionAttributeValues=one)["Items"],
            client.query(**request, ExpressionAttributeValues=one, ScanIndexForward=False, Limit=2)["Items"],
            client.query(**request, ExpressionAttributeValues={":p": {"S": "none"}})["Items"],
            [page["Items"] for page in pages],
            sorted(str(item) for item in client.scan(TableName="t")["Items"]),
        ]


def test_queries_answer_the_same() -> None:
    assert answers(Economy()) == answers(Patches())


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
