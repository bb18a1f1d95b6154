"""Prices as the Price List API and Inspector's ListUsageTotals tell them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from golden_ami.engines.base import Amount
from golden_ami.places import Place
from golden_ami.usage.estimate import Item
from golden_ami.usage.prices import Prices, parsed, shipped
from golden_ami_cli.estimate.live import live_prices
from golden_ami_emulator.calls import Call, client_error
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Image, World

ACCOUNT, FAR = "123456789012", "eu-central-1"
NAMES = ["step_functions_transition", "lambda_gb_second", "lambda_request", "instance_hour.t3.medium",
         "volume_gib_month", "public_ipv4_hour", "interface_endpoint_hour", "kms_key_month", "dynamodb_write",
         "s3_put", "sns_publish", "logs_ingested_gb"]  # fmt: skip


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    with Embedded(World([Image("ami-00000000000000001", "web")], {})) as opened:
        yield opened


def ask(aws: Embedded, *names: str, region: str = FAR, known: Prices | None = None) -> tuple[Prices, list[str]]:
    told: list[str] = []
    items = [Item(Amount(name, "u", (1, 1), name), Place("", region)) for name in names]
    client: Any = aws.client
    return live_prices(items, known or shipped(), client, ACCOUNT, told.append), told


def test_every_price_that_the_list_has_is_asked_for_by_its_region(aws: Embedded) -> None:
    found, told = ask(aws, *NAMES)
    for name in NAMES:
        price = found.at(name, Place(ACCOUNT, FAR))
        assert price is not None
        assert (price.region, price.date) == (FAR, "2026-11-01"), name
        assert price.price == pytest.approx(shipped()[name].price * 1.1, rel=1e-3), name
        assert "Price List API" in price.source
        home = found.at(name, Place(ACCOUNT, "us-east-1"))
        assert home == shipped()[name], "another region's price is not this one's"
    assert told == []


def test_what_is_free_stays_free_and_is_not_the_price(aws: Embedded) -> None:
    found, _ = ask(aws, "step_functions_transition", region="us-east-1")
    price = found.at("step_functions_transition", Place(ACCOUNT, "us-east-1"))
    assert price is not None
    assert price.price == pytest.approx(0.000025)
    assert price.free == 4000


def test_what_the_list_does_not_have_keeps_its_price_and_is_named(aws: Embedded) -> None:
    found, told = ask(aws, "alarm_month", "instance_hour.x9.large", "s3_get")
    assert found["alarm_month"] == shipped()["alarm_month"]
    assert found.at("instance_hour.x9.large", Place(ACCOUNT, FAR)) is None
    assert told == ["AWS tells no price in eu-central-1 of alarm_month, instance_hour.x9.large; the shipped ones count"]


def test_a_price_that_is_far_off_is_of_something_else(aws: Embedded) -> None:
    entry = {
        "price": 1,
        "source": "s",
        "region": "us-east-1",
        "service_code": "AmazonS3",
        "usage_type": "Requests-Tier2",
    }
    found, told = ask(aws, "s3_get", known=parsed({"s3_get": entry}))
    assert found["s3_get"].price == 1
    assert "s3_get" in told[0]


@pytest.mark.parametrize("operation", ["GetProducts", "ListUsageTotals"])
def test_a_refusal_leaves_the_shipped_prices_and_is_said(aws: Embedded, operation: str) -> None:
    def refuse(call: Call) -> BaseException | None:
        return client_error("AccessDeniedException", operation, "not allowed") if call.operation == operation else None

    aws.calls.before_call = refuse
    try:
        found, told = ask(aws, "lambda_gb_second", "inspector_instance_hour")
    finally:
        aws.calls.before_call = None
    at = found.at("lambda_gb_second", Place(ACCOUNT, FAR))
    assert (at == shipped()["lambda_gb_second"]) == (operation == "GetProducts")
    assert found["inspector_instance_hour"] == shipped()["inspector_instance_hour"]
    assert any("AccessDeniedException: not allowed" in said and "the shipped prices count" in said for said in told)


def test_inspector_is_priced_by_what_it_has_cost_the_account(aws: Embedded) -> None:
    aws.world.inspector_usage = {
        "EC2_INSTANCE_HOURS": (100.0, 0.2), "EC2_AMI_ONE_SHOT_SCAN": (10.0, 5.0), "EC2_AMI_HOURS": (1.0, 1.0),
    }  # fmt: skip
    try:
        found, _ = ask(aws, "inspector_instance_hour", "inspector_ami_scan", region="us-east-1")
        home, other = Place(ACCOUNT, "us-east-1"), Place("210987654321", "us-east-1")
        hour, scan = found.at("inspector_instance_hour", home), found.at("inspector_ami_scan", home)
        assert hour is not None
        assert scan is not None
        assert hour.price == pytest.approx(0.002)
        assert (scan.price, hour.certainty) == (0.5, "INFERRED")
        assert found.at("inspector_instance_hour", other) == shipped()["inspector_instance_hour"]
        assert found.at("inspector_ami_scan", other) is None
        aws.world.inspector_usage = {"EC2_INSTANCE_HOURS": (100.0, 0.0)}  # a free trial
        found, told = ask(aws, "inspector_instance_hour", region="us-east-1")
        assert found["inspector_instance_hour"] == shipped()["inspector_instance_hour"]
        assert "inspector_instance_hour" in told[0]
    finally:
        aws.world.inspector_usage = {}


def test_products_are_pages_of_json_texts(aws: Embedded) -> None:
    pricing = aws.client("pricing", "us-east-1")
    request = {"ServiceCode": "AmazonEC2", "FormatVersion": "aws_v1", "MaxResults": 10}
    pages = list(pricing.get_paginator("get_products").paginate(**request))
    products = [json.loads(text) for page in pages for text in page["PriceList"]]
    assert len(pages) > 2
    assert len(products) == 28
    assert {product["serviceCode"] for product in products} == {"AmazonEC2"}
    long = [{"Type": "TERM_MATCH", "Field": "x" * 1025, "Value": "y"}]
    with pytest.raises(pricing.exceptions.InvalidParameterException):
        pricing.get_products(ServiceCode="AmazonEC2", Filters=long)
