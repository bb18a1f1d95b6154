"""Whatever comes in from outside raises our named errors at most, and comes out of every report unharmed."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_world import World, ami, finding

from golden_ami.configuration import config
from golden_ami.contracts import decode
from golden_ami.engines.ami.findings import from_image_row
from golden_ami.engines.classic.findings import from_classic
from golden_ami.engines.findings import from_inspector
from golden_ami.engines.instance.findings import from_cis, with_details
from golden_ami.engines.messages import Ignored, ScanFinding
from golden_ami.errors import AssessmentError, InvalidConfiguration
from golden_ami.instances.tags import instance_tags, own_tags
from golden_ami.models import OWN_TAGS, Ami, Completion, Finding
from golden_ami.places import Place
from golden_ami.report import faults
from golden_ami.report.configured_run import input_of
from golden_ami.report.formats import CONTENT_TYPES
from golden_ami.report.formats.csv import safe
from golden_ami.report.model import Report
from golden_ami.scans.messages import read
from handlers import load_config, on_execution_end, terminate

_HOSTILE = (
    "=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", '"', "'", "\n", "\r\n", "<script>alert(1)</script>", "]]>",
    "&amp;", "\u202e", "\u2028", "日本語", "🦊" * 3, "x" * 256, " ", "\t=1", "</style>", "${jndi:ldap://x}", "{{7*7}}",
)  # fmt: skip
text = st.one_of(st.sampled_from(_HOSTILE), st.text(max_size=60))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=12
)


def _with(members: dict[str, list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of the known members, each absent, as it should be, or anything; and some members nobody knows."""
    known = {name: st.one_of(st.sampled_from(values), anything) for name, values in members.items()}
    strangers = st.dictionaries(text, anything, max_size=2)
    return st.tuples(st.fixed_dictionaries({}, optional=known), strangers).map(lambda both: {**both[1], **both[0]})


details = _with({
    "scan-status": ["INITIAL_SCAN_COMPLETE"], "instance-id": ["i-0123456789abcdef0"], "scanId": ["a" * 32],
    "scanStatus": ["SUCCESSFUL", "FAILED"], "finding-severity-counts": [{"TOTAL": 3}], "findingArn": ["arn:x"],
    "finding-severity-count": [{"TOTAL": -1}], "severity": ["HIGH"], "title": ["CVE"],
    "packageVulnerabilityDetails": [{"vulnerablePackages": [{"name": "x"}]}, {"vulnerablePackages": 7}],
    "networkReachabilityDetails": [{"openPortRange": {"begin": 1}}], "resources": [[]], "epss": [{"score": "much"}],
    "inspectorScore": [9.8], "exploitabilityDetails": [{"lastKnownExploitAt": "2026-01-01"}], "remediation": [{}],
})  # fmt: skip
messages = st.one_of(
    anything,
    _with({
        "detail-type": ["Inspector2 Scan", "Inspector2 OnDemand Scan Complete", "OnDemand AMI Scan Findings"],
        "source": ["aws.inspector2", "inspector2.ami.ondemand"], "account": ["123456789012"], "time": ["2026-01-01"],
        "detail": [{}],
    }).flatmap(lambda body: details.map(lambda detail: {"detail": detail} | body)),
    _with({"event": ["ASSESSMENT_RUN_COMPLETED"], "run": ["arn:aws:inspector:x:1:run"], "time": ["now"]}),
)  # fmt: skip
patient = settings(deadline=None, suppress_health_check=list(HealthCheck))


@given(messages, st.booleans())
@patient
def test_any_message_has_a_meaning(body: Any, as_text: bool) -> None:
    meaning = read(json.dumps(body) if as_text else body)
    assert isinstance(meaning, Completion | ScanFinding | Ignored)
    if isinstance(meaning, ScanFinding):
        assert msgspec.json.decode(msgspec.json.encode(meaning.finding), type=Finding) == meaning.finding


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_a_message_of_any_characters_has_a_meaning(body: bytes | str) -> None:
    assert isinstance(read(body), Completion | ScanFinding | Ignored)


@given(anything | details)
@patient
def test_any_page_of_findings_can_be_read(raw: Any) -> None:
    found = [
        from_inspector(raw),
        from_image_row(raw, "ami-1"),
        from_cis(raw, "i-1"),
        from_classic(raw),
    ]
    found.append(with_details(found[0], raw))
    for one in found:
        assert msgspec.json.decode(msgspec.json.encode(one), type=Finding) == one


@given(anything | _with({"runId": ["run-1"], "input": [{"AMIsParamName": "x"}], "startedAt": ["2026-01-01"]}))
@patient
def test_an_event_is_refused_by_name(event: Any) -> None:
    with suppress(AssessmentError):
        decode(event, load_config.Event).start()
    with suppress(AssessmentError):
        decode(event, terminate.Event)


@given(
    _with({"detail-type": ["Step Functions Execution Status Change"], "detail": [{}]}),
    _with({"name": ["run-1"], "status": ["FAILED"], "startDate": [0, 10**30], "cause": ["c"], "input": ["{}", "["]}),
)
@patient
def test_the_end_of_an_execution_is_read_or_refused(event: dict[str, Any], detail: dict[str, Any]) -> None:
    for given_event in (event, event | {"detail": detail}):
        try:
            ended = decode(given_event, on_execution_end.Event).ended()
        except AssessmentError:
            continue
        assert ended.run_id
        found = input_of(ended.input)
        assert found is None or found == json.loads(ended.input)


def test_an_input_nested_too_deep_to_read_is_none() -> None:
    assert input_of("[" * 100_000 + "]" * 100_000) is None


@given(anything | _with({"error": [{"Error": "X", "Cause": "{}"}], "launches": [[{"batch": 1, "error": 2}]]}))
@patient
def test_any_state_has_faults_that_can_be_told(state: Any) -> None:
    members = state if isinstance(state, dict) else {}
    told = faults.faults_of(members, "run-1")
    assert all(fault.cause for fault in told)
    assert faults.reason_not_assessed(ami("ami-0a"), faults.failed_batches(members), told, Place("1", "r")).message


@given(anything.map(json.dumps) | st.text(max_size=100))
@patient
def test_any_configuration_is_taken_or_refused_with_its_problems(content: str) -> None:
    with suppress(InvalidConfiguration):
        assert config.parse(content, "a test").amis


# ---------------------------------------------------------------- tags

keys = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=128)
values = st.one_of(st.sampled_from(_HOSTILE), st.text(st.characters(codec="utf-8"), max_size=256))
tag_sets = st.dictionaries(keys, values, max_size=50)


@given(tag_sets)
@patient
def test_an_instance_takes_any_tags(tags: dict[str, str]) -> None:
    own = own_tags(run_id="r", ami_key="ami-1", expires_at="2026-01-01T00:00:00Z", stack="s")
    given_tags = instance_tags(tags, own).tags
    assert len(given_tags) <= 50
    assert own.items() <= given_tags.items()
    assert not [key for key in given_tags if key.lower().startswith("aws:")]


@given(tag_sets, values, values)
@settings(patient, max_examples=40)
def test_tags_and_texts_come_out_of_every_report_unharmed(tags: dict[str, str], title: str, owner: str) -> None:
    tags = {key: value for key, value in tags.items() if key not in OWN_TAGS} | {"Owner": owner}
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        image = ami("ami-0a", tags=tags, name=title or "x", notes=[title])
        world.run("run-1", "2026-04-02T03:00:00Z", [(image, [finding("CVE-2026-1", title=title, remedy=owner)])])
        rendered = {name: world.rendered("run-1", name) for name in CONTENT_TYPES}
    decoded = msgspec.json.decode(rendered["json"], type=Report)
    assert decoded.amis[0].tags == tags
    for name in ("sarif", "cyclonedx", "asff"):
        json.loads(rendered[name])
    ElementTree.fromstring(rendered["junit"])
    rows = list(csv.reader(io.StringIO(rendered["csv"].decode("utf-8-sig"), newline="")))
    assert [len(row) for row in rows] == [len(rows[0])] * 2
    assert rows[1][rows[0].index("title")] == safe(title)
    assert all(not cell or cell[0] not in "=+-@|%" for cell in rows[1])
    html = rendered["html"].decode()
    assert "<script>alert" not in html
    assert html.lower().count("</style>") == 1


@pytest.mark.parametrize("kind", [Ami, Finding])
def test_the_models_are_strict_about_what_is_stored(kind: type) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b"{}", type=kind)
