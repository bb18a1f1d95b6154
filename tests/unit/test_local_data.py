"""The files of images and findings: what is taken, and what is said about the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from golden_ami.errors import InvalidConfiguration
from golden_ami_emulator.inspector.bodies import bodies, counts
from golden_ami_emulator.inspector.data import load_findings, load_images
from golden_ami_emulator.inspector.paging import InvalidToken, Pages
from golden_ami_emulator.world import Image

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "inspector2"


def write(path: Path, content: Any) -> Path:
    file = path / "file.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def test_the_samples_load() -> None:
    images = load_images(ROOT / "samples" / "images.json").images
    findings, left_out = load_findings(ROOT / "samples" / "findings.json")
    assert not left_out
    assert len(images) == 5
    assert {image.image_id for image in images} == findings.keys()
    assert [image.architecture for image in images].count("arm64") == 1
    assert sorted(len(found) for found in findings.values())[0] == 0
    everything = [finding for found in findings.values() for finding in found]
    assert {finding["type"] for finding in everything} == {
        "PACKAGE_VULNERABILITY",
        "NETWORK_REACHABILITY",
        "CODE_VULNERABILITY",
    }
    known_exploited = [finding for finding in everything if "cisaData" in finding.get("details", {})]
    assert all("dateAdded" in finding["details"]["cisaData"] for finding in known_exploited)
    assert len(known_exploited) > 3


def test_real_findings_are_for_every_image_but_not_those_of_containers() -> None:
    findings, left_out = load_findings(FIXTURES / "findings-mixed.json")
    assert [finding["resources"][0]["type"] for finding in findings["*"]] == ["AWS_EC2_INSTANCE"]
    assert left_out == {"AWS_ECR_CONTAINER_IMAGE": 7}
    assert load_findings(FIXTURES / "findings-none.json") == ({"*": []}, {})


INSTANCE, CONTAINER = {"type": "AWS_EC2_INSTANCE", "id": "i-1"}, {"type": "AWS_ECR_CONTAINER_IMAGE", "id": "arn:x"}


@pytest.mark.parametrize(
    ("resources", "kept"),
    [
        ([INSTANCE], True),
        ([{"type": "MACHINE_IMAGE"}], True),
        ([CONTAINER, INSTANCE], True),
        ([], True),
        (None, True),
        ([{"id": "i-1"}], True),
        ([CONTAINER], False),
        ([{"type": "Microsoft.Compute/virtualMachines"}], False),
    ],
)
def test_a_finding_stays_unless_it_is_on_other_resources_alone(tmp_path: Path, resources: Any, kept: bool) -> None:
    found = load_findings(write(tmp_path, {"findings": [{"title": "x", "resources": resources}]}))
    assert (len(found.findings["*"]), found.left_out.total()) == ((1, 0) if kept else (0, 1))


def test_what_is_closed_is_found_on_nothing_and_suppressed_is_kept() -> None:
    statuses = ({"title": status, "status": status} for status in ("ACTIVE", "SUPPRESSED", "CLOSED"))
    found = [(body.members["title"], body.suppressed) for body in bodies([*statuses, {"title": "none"}])]
    assert found == [("ACTIVE", False), ("SUPPRESSED", True), ("none", False)]


def test_a_byte_order_mark_and_null_members_are_read(tmp_path: Path) -> None:
    findings = {"findings": [{"severity": None, "status": None, "title": "x", "resources": [None]}], "amis": None}
    found = load_findings(write(tmp_path, "\ufeff" + json.dumps(findings)))
    assert found.findings == {"*": [{"title": "x", "resources": [None]}]}
    assert [body.members["severity"] for body in bodies(found.findings["*"])] == ["UNTRIAGED"]
    image = {"imageId": "ami-1", "name": "a", "tags": None, "architecture": None, "platformName": None}
    holdings = load_images(write(tmp_path, "\ufeff" + json.dumps({"images": [image], "parameters": None})))
    assert holdings == ([Image("ami-1", "a")], {})


@pytest.mark.parametrize(
    ("members", "system", "platform"),
    [
        ({}, ("Amazon Linux", "2023"), "Linux/UNIX"),
        ({"platformName": "Ubuntu", "platformVersion": "22.04"}, ("Ubuntu", "22.04"), "Linux/UNIX"),
        ({"platform": "windows"}, ("Microsoft Windows Server 2022 Datacenter", "10.0.20348"), "windows"),
        ({"platformName": "Microsoft Windows Server 2019", "platformVersion": "10.0.17763"},
         ("Microsoft Windows Server 2019", "10.0.17763"), "windows"),
        ({"platformName": ""}, ("", ""), "Linux/UNIX"),
    ],
)  # fmt: skip
def test_the_system_of_an_image(tmp_path: Path, members: Any, system: tuple[str, str], platform: str) -> None:
    [image] = load_images(write(tmp_path, [{"imageId": "ami-1", "name": "a", **members}])).images
    assert ((image.platform_name, image.platform_version), image.platform) == (system, platform)


@pytest.mark.parametrize(
    ("members", "path", "remedy"),
    [
        ({"platformName": "Amazon Linux", "platformVersion": 2023}, "platformVersion", "write a text"),
        ({"platformName": ["x"]}, "platformName", "write a text"),
        ({"platformName": "Amazon Linux"}, "platformVersion", "write the version"),
        ({"platformVersion": "2"}, "platformVersion", "platformName beside it"),
    ],
)
def test_faults_in_the_system_of_an_image(tmp_path: Path, members: Any, path: str, remedy: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        load_images(write(tmp_path, [{"imageId": "ami-1", "name": "a", **members}]))
    [problem] = refused.value.problems
    assert problem.path == f"$[0].{path}"
    assert remedy in problem.remedy


def test_both_forms_may_stand_in_one_file(tmp_path: Path) -> None:
    content = {"findings": [{"severity": "LOW"}], "amis": {"ami-1": {"findings": []}}}
    assert load_findings(write(tmp_path, content)).findings == {"*": [{"severity": "LOW"}], "ami-1": []}


@pytest.mark.parametrize(
    ("content", "path", "remedy"),
    [
        ("{", "$", "correct the JSON"),
        ('{"findings": [], "findings": [{}]}', "findings", "keep one"),
        ('{"findings": ' + "[" * 20_000, "$", "nesting"),
        ([], "$", '"findings"'),
        ({"finding": []}, "$", '"findings"'),
        ({"findings": {}}, "$.findings", "list of findings"),
        ({"findings": [1]}, "$.findings[0]", "object"),
        ({"findings": [{"severity": "High"}]}, "$.findings[0].severity", "CRITICAL"),
        ({"findings": [{"status": "OPEN"}]}, "$.findings[0].status", "SUPPRESSED"),
        ({"findings": [{"type": "x"}]}, "$.findings[0].type", "PACKAGE_VULNERABILITY"),
        ({"amis": []}, "$.amis", '"amis"'),
        ({"amis": {"ami-1": []}}, "$.amis.ami-1", '"findings"'),
    ],
)
def test_faults_in_findings(tmp_path: Path, content: Any, path: str, remedy: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        load_findings(write(tmp_path, content))
    [problem] = refused.value.problems
    assert problem.path == path
    assert remedy in problem.remedy


def test_faults_in_images_come_all_at_once(tmp_path: Path) -> None:
    content = [
        {"imageId": "ami-1", "name": "a", "tags": {"k": ""}},
        {"imageId": "ami-1", "name": ""},
        {"imageId": "i-2", "name": "b", "architecture": "x86", "state": "gone", "tags": [], "colour": "red"},
        "ami-3",
    ]
    with pytest.raises(InvalidConfiguration) as refused:
        load_images(write(tmp_path, content))
    assert {problem.path for problem in refused.value.problems} == {
        "$[1].imageId",
        "$[1].name",
        "$[2].imageId",
        "$[2].architecture",
        "$[2].state",
        "$[2].tags",
        "$[2].colour",
        "$[3]",
    }


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="No such file"):
        load_images(tmp_path / "missing.json")


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from([
    "severity", "type", "title", "description", "firstObservedAt", "inspectorScore", "epss", "resources", "details",
    "packageVulnerabilityDetails", "networkReachabilityDetails", "codeVulnerabilityDetails", "remediation",
])  # fmt: skip


@given(st.lists(st.dictionaries(MEMBERS, JSON, max_size=5), max_size=4))
@example([{"firstObservedAt": 67768036191676800}])  # no calendar reaches so far
def test_findings_of_any_content_come_out_as_json(findings: list[dict[str, Any]]) -> None:
    for body in bodies(findings):
        assert {"type", "severity", "description", "remediation"} <= body.members.keys()
        json.dumps(dict(body.members))


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["CRITICAL", "LOW", "UNTRIAGED"]))))
def test_counts_are_of_distinct_findings(pairs: list[tuple[int, str]]) -> None:
    found = counts([{"findingArn": str(number), "severity": severity} for number, severity in pairs])
    assert found["TOTAL"] == len({number for number, _ in pairs})
    assert found["TOTAL"] == sum(count for name, count in found.items() if name != "TOTAL")


@given(st.lists(st.integers()), st.integers(1, 7))
def test_pages_hold_everything_once_while_the_source_changes(rows: list[int], size: int) -> None:
    pages, source, token = Pages(), list(rows), None
    seen: list[int] = []
    while True:
        page, token = pages.page("list", token, size, lambda: list(source))
        seen += page
        source.append(0)
        if token is None:
            break
    assert seen == rows


def test_tokens_are_of_one_listing_and_forgotten_in_time() -> None:
    pages = Pages(capacity=1)
    _, first = pages.page("a", None, 1, lambda: [1, 2])
    with pytest.raises(InvalidToken):
        pages.page("b", first, 1, list)
    pages.page("a", None, 1, lambda: [1, 2])
    with pytest.raises(InvalidToken):
        pages.page("a", first, 1, list)
