"""Prices asked of AWS: the Price List, and what Amazon Inspector has cost an account of late."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami.places import Place
from golden_ami.usage.estimate import Item
from golden_ami.usage.prices import INSTANCES, Price, Prices
from golden_ami_cli.session import ClientFactory, explained

# The Price List API answers in few Regions, for all (AWS Billing User Guide, "Using the AWS Price List Query API").
_REGION = "us-east-1"
_FAR = 10  # a price so many times off the shipped one is of something else
# What ListUsageTotals counts, by the names of prices (botocore's model, UsageType). It does not tell CIS assessments.
_USAGE = {"EC2_INSTANCE_HOURS": "inspector_instance_hour", "EC2_AMI_ONE_SHOT_SCAN": "inspector_ami_scan"}


def live_prices(
    items: Iterable[Item], known: Prices, client: ClientFactory, account: str, tell: Callable[[str], None]
) -> Prices:
    """The prices of what is used, as AWS tells them, before the known ones; what AWS does not tell is said."""
    wanted = list(dict.fromkeys((item.amount.price, Place(account, item.place.region)) for item in items))
    rows: dict[str, list[Price]] = {}
    for place in dict.fromkeys(place for _, place in wanted):
        names = [name for name, here in wanted if here == place]
        found = [
            *_until_refused("Price List", _listed(names, place, known, client), tell),
            *_until_refused("Inspector's usage", _used(names, place, client), tell),
        ]
        for name, price in found:
            rows.setdefault(name, []).append(price)
        if missing := [name for name in names if name not in {one for one, _ in found}]:
            tell(f"AWS tells no price in {place.region} of {', '.join(missing)}; the shipped ones count")
    return Prices({name: tuple(found) for name, found in rows.items()}).before(known)


def _until_refused(
    what: str, told: Iterator[tuple[str, Price]], tell: Callable[[str], None]
) -> Iterator[tuple[str, Price]]:
    """What AWS tells until it refuses, which is said."""
    try:
        yield from told
    except (ClientError, BotoCoreError) as error:
        tell(f"{what}: {explained(error) or error}; the shipped prices count")


# ---------------------------------------------------------------- the Price List


def _listed(names: Sequence[str], place: Place, known: Prices, client: ClientFactory) -> Iterator[tuple[str, Price]]:
    pricing = client("pricing", _REGION)
    for name in names:
        row = next(iter(known.rows.get(name, ())), None)
        filters, code = _filters(name, row, place.region)
        if not filters:
            continue
        pages = pricing.get_paginator("get_products").paginate(
            ServiceCode=code, Filters=filters, FormatVersion="aws_v1"
        )
        products = [json.loads(text) for page in pages for text in page["PriceList"]]
        told = {one for product in products if _is_of(product, row, place.region) for one in _first_paid(product)}
        if len(told) == 1 and _is_near(row, *told):
            [(dollars, unit, date)] = told
            free = row.free if row else 0.0
            yield name, Price(dollars, unit, place.region, date, "AWS Price List API, GetProducts", free=free)


def _filters(name: str, row: Price | None, region: str) -> tuple[list[dict[str, str]], str]:
    """How the Price List API is asked for a price, and of which service; none where that is not known."""
    attributes = {"regionCode": region}
    if name.startswith(f"{INSTANCES}."):
        attributes |= {
            "instanceType": name.partition(".")[2], "operatingSystem": "Linux", "tenancy": "Shared",
            "preInstalledSw": "NA", "capacitystatus": "Used",
        }  # fmt: skip
        return _matching(attributes), "AmazonEC2"
    if row is None or not row.usage_type:
        return [], ""
    contains = {"Type": "CONTAINS", "Field": "usagetype", "Value": row.usage_type}
    return [*_matching(attributes), contains], row.service_code


def _matching(attributes: dict[str, str]) -> list[dict[str, str]]:
    return [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in attributes.items()]


def _is_of(product: Any, row: Price | None, region: str) -> bool:
    """Whether the product has the row's usage type, with a Region's prefix or bare, or is an On-Demand instance."""
    attributes = product["product"]["attributes"]
    usage = str(attributes.get("usagetype", ""))
    if "instanceType" in attributes:
        return re.fullmatch(r"([A-Z0-9]+-)?BoxUsage(:.+)?", usage) is not None
    return row is not None and re.fullmatch(rf"([A-Z0-9]+-|{region}-)?{re.escape(row.usage_type)}", usage) is not None


def _first_paid(product: Any) -> Iterator[tuple[float, str, str]]:
    """The price of the first tier that costs something, its unit and its date."""
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        tiers = sorted(term["priceDimensions"].values(), key=lambda one: float(one.get("beginRange") or 0))
        paid = [(float(one["pricePerUnit"]["USD"]), str(one["unit"])) for one in tiers if "USD" in one["pricePerUnit"]]
        date = str(product.get("publicationDate") or term.get("effectiveDate", ""))[:10]
        yield from [(dollars, unit, date) for dollars, unit in paid if dollars > 0][:1]


def _is_near(row: Price | None, told: tuple[float, str, str]) -> bool:
    return row is None or not row.price or row.price / _FAR < told[0] < row.price * _FAR


# ---------------------------------------------------------------- Inspector's usage


def _used(names: Sequence[str], place: Place, client: ClientFactory) -> Iterator[tuple[str, Price]]:
    """The account's own prices: the estimated cost of the last 30 days by what was used of each thing."""
    if not set(names) & set(_USAGE.values()):
        return
    today = datetime.now(UTC).date().isoformat()
    pages = client("inspector2", place.region).get_paginator("list_usage_totals").paginate(accountIds=[place.account])
    for usage in (one for page in pages for total in page["totals"] for one in total["usage"]):
        name, total, cost = _USAGE.get(usage["type"], ""), usage.get("total", 0), usage.get("estimatedMonthlyCost", 0)
        if name in names and total > 0 and cost > 0:  # a free trial costs nothing, and tells no price
            source = "the account's estimated monthly cost by its use, Amazon Inspector's ListUsageTotals"
            unit = "instance hour" if name.endswith("hour") else "scan"
            yield name, Price(cost / total, unit, place.region, today, source, place.account, "INFERRED")
