"""The Price List API's GetProducts, which moto lacks, of the shipped prices; outside us-east-1 they are a tenth dearer.

Its shapes are botocore's model and the AWS Billing User Guide's ("Using the AWS Price List Query API", "Reading price
list files"): a product is a JSON text; a price has a term, and in it dimensions, of which a free amount has price 0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from golden_ami.usage.prices import INSTANCES, Price, shipped
from golden_ami_emulator.inspector.errors import Refusal
from golden_ami_emulator.inspector.service import Params, Service
from golden_ami_emulator.inspector.wire import ModelViolation

URL = r"https?://api\.pricing\.(.+)\.amazonaws\.com"
_PREFIXES = {"us-east-1": "", "eu-central-1": "EUC1-", "eu-west-1": "EUW1-"}
_DEARER = 1.1
_PAGE = 100


class Pricing(Service, BaseResponse):
    """One operation, the same for every account."""

    def __init__(self) -> None:
        super().__init__(service_name="pricing")

    def refuse(self, found: Sequence[ModelViolation]) -> Refusal:
        """The service's error for a request that breaks its model."""
        return Refusal("InvalidParameterException", "; ".join(one.message for one in found))

    def get_products(self) -> ActionResult:
        """The products that every filter admits."""
        params = self.checked_params()
        filters = params.get("Filters", [])
        region = next((one["Value"] for one in filters if one["Field"] == "regionCode"), "us-east-1")
        found = [text for product in _products(params["ServiceCode"], region) if (text := _text(product, filters))]
        start, size = _start(params), params.get("MaxResults", _PAGE)
        answer: Params = {"FormatVersion": "aws_v1", "PriceList": found[start : start + size]}
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return ActionResult(answer | more)


def _start(params: Params) -> int:
    token = str(params.get("NextToken", "0"))
    if not token.isdigit():
        raise Refusal("InvalidNextTokenException", "The pagination token is invalid.")
    return int(token)


def _text(product: Mapping[str, Any], filters: Sequence[Mapping[str, str]]) -> str:
    """The product as JSON; "" where a filter does not admit it."""
    attributes = {**product["product"]["attributes"], "productFamily": product["product"]["productFamily"]}
    admitted = all(_admits(one["Type"], attributes.get(one["Field"], ""), one["Value"]) for one in filters)
    return json.dumps(product) if admitted else ""


def _admits(kind: str, value: str, wanted: str) -> bool:
    listed = re.split(r"\s*,\s*", wanted)
    return {
        "TERM_MATCH": value == wanted,
        "EQUALS": value == wanted,
        "CONTAINS": wanted in value,
        "ANY_OF": value in listed,
        "NONE_OF": value not in listed,
    }[kind]


def _products(service: str, region: str) -> Iterator[Mapping[str, Any]]:
    for name, (row, *_) in shipped().rows.items():
        if row.service_code == service and row.usage_type:
            usage = _PREFIXES.get(region, "XXX1-") + row.usage_type
            yield _product(name, row, region, usage)


def _product(name: str, row: Price, region: str, usage: str) -> Mapping[str, Any]:
    attributes = {"servicecode": row.service_code, "regionCode": region, "usagetype": usage}
    family = ""
    if name.startswith(INSTANCES):
        family = "Compute Instance"
        attributes |= {
            "instanceType": name.partition(".")[2], "operatingSystem": "Linux", "tenancy": "Shared",
            "preInstalledSw": "NA", "capacitystatus": "Used", "marketoption": "OnDemand",
        }  # fmt: skip
    elif name == "volume_gib_month":
        family = "Storage"
        attributes["volumeApiName"] = "gp3"
    price = row.price if region == "us-east-1" else row.price * _DEARER
    bounds = [("0", str(row.free), 0.0)] if row.free else []
    bounds.append((str(row.free or 0), "Inf", price))
    dimensions = {
        f"SKU.TERM.{number}": {
            "unit": row.unit,
            "beginRange": begin,
            "endRange": end,
            "pricePerUnit": {"USD": f"{usd:.10f}"},
        }
        for number, (begin, end, usd) in enumerate(bounds)
    }
    term = {
        "priceDimensions": dimensions,
        "sku": "SKU",
        "effectiveDate": "2026-11-01T00:00:00Z",
        "offerTermCode": "TERM",
    }
    return {
        "product": {"sku": "SKU", "productFamily": family, "attributes": attributes},
        "serviceCode": row.service_code,
        "terms": {"OnDemand": {"SKU.TERM": term}},
        "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
    }
