"""What each format's own standard takes: the validators by the name of the format."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.model
import botocore.validate
import jsonschema
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

FIXTURES = Path(__file__).parents[1] / "fixtures" / "report"


def _valid_report(content: bytes) -> None:
    shipped = files("golden_ami").joinpath("schema/report.schema.json").read_bytes()
    jsonschema.Draft202012Validator(json.loads(shipped)).validate(json.loads(content))


def _valid_sarif(content: bytes) -> None:
    known = json.loads((FIXTURES / "sarif-2.1.0-rtm.5.json").read_bytes())
    jsonschema.Draft4Validator(known).validate(json.loads(content))


def _valid_cyclonedx(content: bytes) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content.decode()) is None


_ASFF_LENGTHS = (
    re.compile(r"Maximum (?:length )?of (\d+)(?: length)?\."),
    re.compile(r"Length Constraints: (\d+)\."),
    re.compile(r"Maximum number of (\d+) items?"),
    re.compile(r"can contain up to (\d+) key-value pairs", re.IGNORECASE),
)
_ASFF_PAIRS = re.compile(r"key can contain up to (\d+) characters, and the value can contain up to (\d+) characters")
_ASFF_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")
_ASFF_NAMESPACES = (
    "Software and Configuration Checks", "TTPs", "Effects", "Unusual Behaviors", "Sensitive Data Identifications",
)  # fmt: skip
_ASFF_SIZE = 240_000  # bytes (Security Hub partner guide, "Guidelines for using the BatchImportFindings API")


def _asff_problems(where: str, shape: Any, value: Any) -> Iterator[str]:
    """What botocore's validator does not hold: patterns, and the lengths in the documentation of botocore's model."""
    told = re.sub("<[^>]+>", "", shape.documentation)
    for form in _ASFF_LENGTHS:
        if isinstance(value, str | list | dict) and (limit := form.search(told)) and len(value) > int(limit[1]):
            yield f"{where}: {len(value)} of {limit[1]}"
    if shape.type_name == "string":
        if not value.strip():
            yield f"{where}: blank"  # NonEmptyString has the pattern .*\S.*
        if "timestamp" in told.lower() and not _ASFF_TIME.fullmatch(value):
            yield f"{where}: {value} is no timestamp"
    elif shape.type_name == "structure":
        for name, member in value.items():
            yield from _asff_problems(f"{where}.{name}", shape.members[name], member)
    elif shape.type_name == "list":
        for number, item in enumerate(value):
            yield from _asff_problems(f"{where}[{number}]", shape.member, item)
    elif shape.type_name == "map":
        limits = _ASFF_PAIRS.search(told)
        for key, item in value.items():
            if not key.strip() or not item.strip():
                yield f"{where}.{key}: blank"
            if limits and (len(key) > int(limits[1]) or len(item) > int(limits[2])):
                yield f"{where}.{key}: too long"


def _asff_rules(finding: dict[str, Any]) -> Iterator[str]:
    """What the user guide and the API reference say of an AwsSecurityFinding in words."""
    account, (resource,) = finding["AwsAccountId"], finding["Resources"]
    partition, region = resource["Partition"], resource["Region"]
    if finding["ProductArn"] != f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default":
        yield "ProductArn is that of another account's custom integration"
    if any(kind.split("/")[0] not in _ASFF_NAMESPACES for kind in finding["Types"]):
        yield f"Types: {finding['Types']}"
    for key, value in resource.get("Tags", {}).items():
        if len(key) > 128 or len(value) > 256 or key.lower().startswith("aws:"):
            yield f"Tags: {key}"
    if len(resource.get("Tags", {})) > 50:
        yield "Tags: more than 50"
    if (size := len(json.dumps(finding, ensure_ascii=False).encode())) > _ASFF_SIZE:
        yield f"{size} bytes"


def _valid_asff(content: bytes) -> None:
    """By botocore's model, by the rules in words, and each finding another one (ProductArn and Id)."""
    model = botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model("securityhub", "service-2"))
    shape = model.operation_model("BatchImportFindings").input_shape
    assert shape
    findings = json.loads(content)
    for start in range(0, len(findings), 100):  # BatchImportFindings takes one at least
        found = botocore.validate.ParamValidator().validate({"Findings": findings[start : start + 100]}, shape)
        assert not found.has_errors(), found.generate_report()
    one = model.shape_for("AwsSecurityFinding")
    problems = [problem for each in findings for problem in (*_asff_problems("$", one, each), *_asff_rules(each))]
    assert not problems, problems[:10]
    assert len({(each["ProductArn"], each["Id"]) for each in findings}) == len(findings)


VALID = {"json": _valid_report, "sarif": _valid_sarif, "cyclonedx": _valid_cyclonedx, "asff": _valid_asff}
