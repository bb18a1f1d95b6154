"""What each format's own standard takes: the validators by the name of the format."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

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


def _valid_asff(content: bytes) -> None:
    model = botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model("securityhub", "service-2"))
    shape = model.operation_model("BatchImportFindings").input_shape
    assert shape
    findings = json.loads(content)
    if not findings:
        return  # BatchImportFindings takes one at least
    found = botocore.validate.ParamValidator().validate({"Findings": findings}, shape)
    assert not found.has_errors(), found.generate_report()


VALID = {"json": _valid_report, "sarif": _valid_sarif, "cyclonedx": _valid_cyclonedx, "asff": _valid_asff}
