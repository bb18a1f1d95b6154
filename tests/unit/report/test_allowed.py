"""The command that admits what passed, by owner and name, as EC2 takes it."""

from __future__ import annotations

import json
import shlex
from typing import Any

import botocore.session
from botocore.validate import ParamValidator
from report_world import World, ami, finding

from golden_ami.models import Reason
from golden_ami.report.allowed import criteria
from golden_ami.report.model import AmiReport

HERE, OWNER = "123456789012", "999999999999"
NOT_DEPRECATED = {"MaximumDaysSinceDeprecated": 0}


def passed(key: str, **fields: Any) -> AmiReport:
    given: dict[str, Any] = {"name": key, "lineage": "", "owner": "", "account": HERE, "region": "us-east-1"}
    return AmiReport(key=key, ami_id=key, engine="ami", verdict="PASS", **(given | fields))


def commands(text: str) -> dict[str, list[dict[str, Any]]]:
    """The criteria of each command, by region; they have the shape of EC2's model."""
    found = {}
    model: Any = botocore.session.get_session().get_service_model("ec2")
    shape = model.operation_model("ReplaceImageCriteriaInAllowedImagesSettings").input_shape
    for line in text.splitlines():
        *_, option, region, name, value = shlex.split(line, comments=True)
        assert (option, name) == ("--region", "--image-criteria")
        found[region] = json.loads(value)
        assert not ParamValidator().validate({"ImageCriteria": found[region]}, shape).has_errors()
    return found


def test_an_image_is_admitted_by_the_account_that_owns_it(world: World) -> None:
    images = [
        (ami("ami-1", name="own", lineage="own", owner_id=HERE), []),
        (ami("ami-2", name="shared's", lineage="shared", owner_id=OWNER), []),
        (ami("ami-3", name="of an earlier version", lineage="earlier"), []),
        (ami("ami-4", name="bad", lineage="bad", owner_id=HERE), [finding("CVE-1")]),
        (ami("ami-5", name="unknown", lineage="unknown", reason=Reason("C", "m", "r")), None),
    ]
    assert commands(world.run("run-1", "2026-04-01T03:00:00Z", images).allowed_amis) == {
        "us-east-1": [
            {"ImageProviders": [provider], "ImageNames": names, "DeprecationTimeCondition": NOT_DEPRECATED}
            for provider, names in ((HERE, ["of an earlier version", "own"]), (OWNER, ["shared's"]))
        ]
    }


def test_every_region_has_its_command() -> None:
    found = commands(criteria([passed("a"), passed("b", region="eu-west-1")], {}))
    assert {region: one[0]["ImageNames"] for region, one in found.items()} == {"eu-west-1": ["b"], "us-east-1": ["a"]}


def test_an_image_without_a_name_is_not_admitted() -> None:
    assert criteria([passed("a", name="")], {}) == ""


def test_ten_criteria_of_fifty_names_at_most() -> None:
    text = criteria([passed(f"web-{number}") for number in range(500)], {})
    assert [len(one["ImageNames"]) for one in commands(text)["us-east-1"]] == [50] * 10
    assert "#" not in text
    over = criteria([passed(f"web-{number}") for number in range(501)], {})
    assert [len(one["ImageNames"]) for one in commands(over)["us-east-1"]] == [50] * 10
    assert over.endswith("# 1 criteria more than EC2 takes: left out")
