"""A configuration that is nearly right is refused with its field's name, or a report comes of it in every format."""

from __future__ import annotations

import base64
import gzip
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from report_world import World, ami, finding

from golden_ami.configuration import config
from golden_ami.configuration.validity import accepts
from golden_ami.errors import InvalidConfiguration, Problem
from golden_ami.report.formats import CONTENT_TYPES
from golden_ami.report.mail import body, subject
from golden_ami.report.model import Report

AMI = "ami-0a1b2c3d4e5f60001"
VALID: dict[str, Any] = {
    "version": 1,
    "engine": "instance",
    "amis": [
        {
            "amiId": AMI, "instanceType": "t3.small", "userData": "#!/bin/sh\n", "engine": "ami", "region": "us-east-1",
            "account": "123456789012", "lineage": "base", "policy": {"failOn": {"severities": ["LOW"], "epss": 0.5}},
        },
        {"amiId": "resolve:ssm:/golden/base:3"},
    ],
    "waits": {"bootSeconds": 240},
    "policy": {"failOn": {"severities": ["HIGH"], "epss": 0.1}, "graceDays": 3},
    "exceptions": [
        {
            "vulnerability": "CVE-2026-1", "reason": "not reachable\nfrom outside", "owner": "security",
            "expires": "2030-01-01",
            "scope": {"ami": AMI, "lineage": "base", "package": "openssl", "tag": {"Environment": "test"}},
        }
    ],
    "cis": "LEVEL_1",
    "rulesPackages": ["arn:aws:inspector:us-east-1:316112463485:rulespackage/0-gEjTy7T7"],
    "findingTags": ["Name"],
    "placement": {
        "222222222222/eu-west-1": {
            "subnetId": "subnet-0123456789abcdef0", "securityGroupId": "sg-0123456789abcdef0", "instanceProfile": "p",
        }
    },
    "lineageTag": "Name",
    "ownerTag": "Owner",
    "routes": {"payments": "arn:aws:sns:us-east-1:123456789012:payments"},
}  # fmt: skip
FREE = {"lineage", "package", "vulnerability", "reason", "owner", "instanceProfile", "lineageTag", "ownerTag", "tag",
        "findingTags", "userData"}  # fmt: skip

Path_ = tuple[Any, ...]


def leaves(value: Any, at: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    members: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if members is None:
        yield at, value
    for name, member in members or ():
        yield from leaves(member, (*at, name))


def put(document: Any, path: Path_, value: Any) -> Any:
    if not path:
        return value
    copied = document.copy()
    copied[path[0]] = put(document[path[0]], path[1:], value)
    return copied


def renamed(document: Any, path: Path_, name: Any) -> Any:
    """The document with another name for the last step of the path."""
    *above, last = path
    whole: Any = document
    for step in above:
        whole = whole[step]
    members = {name if key == last else key: value for key, value in whole.items()}
    return put(document, tuple(above), members)


def refused(document: Any) -> dict[str, Problem]:
    with pytest.raises(InvalidConfiguration) as caught:
        config.parse_document(document, "p")
    str(caught.value).encode()
    return {problem.path: problem for problem in caught.value.problems}


TEXTS = [(path, value) for path, value in leaves(VALID) if isinstance(value, str)]
FORMED = [(path, value) for path, value in TEXTS if not FREE & set(map(str, path))]
NAMES = [
    ("placement", "222222222222/eu-west-1"),
    ("routes", "payments"),
    ("exceptions", 0, "scope", "tag", "Environment"),
]


def config_path(path: Path_) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _wide(text: str) -> str:
    return re.sub("[0-9]", lambda digit: chr(0xFF10 + int(digit[0])), text)


def test_the_valid_one_is_valid() -> None:
    assert config.parse(json.dumps(VALID), "p").exceptions[0].expires == "2030-01-01"
    assert accepts({"$ref": "#/$defs/configuration"}, config.schema()["$defs"], VALID)


@pytest.mark.parametrize("path", [path for path, _ in FORMED], ids=config_path)
@pytest.mark.parametrize("tail", ["\n", "\r", " ", "\n\n", "\u2028", "\x00", "\ud800", "\u202e", "x\n"])
def test_a_value_with_a_form_has_no_tail(path: Path_, tail: str) -> None:
    value = dict(TEXTS)[path]
    document = put(VALID, path, value + tail)
    assert config_path(path) in refused(document)
    judge = Draft202012Validator({"$defs": config.schema()["$defs"], "$ref": "#/$defs/configuration"})
    assert not judge.is_valid(document)
    assert not accepts({"$ref": "#/$defs/configuration"}, config.schema()["$defs"], document)


@pytest.mark.parametrize("path", [path for path, value in FORMED if re.search("[0-9]", value)], ids=config_path)
def test_digits_are_ascii(path: Path_) -> None:
    assert config_path(path) in refused(put(VALID, path, _wide(dict(TEXTS)[path])))


@pytest.mark.parametrize(
    "path", [path for path, one in FORMED if one.startswith(("ami-", "subnet-", "sg-"))], ids=config_path
)
def test_an_id_of_ec2_has_8_to_17_digits(path: Path_) -> None:
    kind = dict(TEXTS)[path].partition("-")[0]
    for digits in (0, 7, 18):
        assert config_path(path) in refused(put(VALID, path, f"{kind}-{'0' * digits}"))
    for digits in (8, 17):
        assert config.parse_document(put(VALID, path, f"{kind}-{'0' * digits}"), "p")


@pytest.mark.parametrize("path", [path for path, _ in TEXTS], ids=config_path)
def test_no_text_has_half_a_surrogate_pair_or_ten_megabytes(path: Path_) -> None:
    value = dict(TEXTS)[path]
    assert config_path(path) in refused(put(VALID, path, f"{value}\ud800"))
    assert config_path(path) in refused(put(VALID, path, value + "x" * 10_000_000))


@pytest.mark.parametrize("path", [path for path, _ in TEXTS if path[-1] != "userData"], ids=config_path)
@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x9b"])
def test_no_name_has_a_control_character(path: Path_, character: str) -> None:
    found = refused(put(VALID, path, dict(TEXTS)[path] + character))[config_path(path)]
    assert character not in str(found)


@pytest.mark.parametrize("path", NAMES, ids=config_path)
@pytest.mark.parametrize("name", ["", "x\n", "\x00", "\ud800", "x" * 1000, 1, None, True, 1.5])
def test_a_name_is_text_that_can_be_stored(path: Path_, name: Any) -> None:
    problems = refused(renamed(VALID, path, name))
    assert any(where.startswith(config_path(path[:-1])) for where in problems)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), True, "0.5", 10**400, -1, 1.1])
def test_a_probability_is_a_finite_number(value: Any) -> None:
    assert "policy.failOn.epss" in refused(put(VALID, ("policy", "failOn", "epss"), value))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "3", 10**400, -1, 1.5, None])
def test_days_are_a_whole_number(value: Any) -> None:
    assert "policy.graceDays" in refused(put(VALID, ("policy", "graceDays"), value))


@pytest.mark.parametrize("text", ["1e400", "-1e400", "NaN", "Infinity", "1" * 5000])
def test_a_number_without_end_is_refused_as_json(text: str) -> None:
    with pytest.raises(InvalidConfiguration):
        config.parse(json.dumps(VALID).replace("0.1", text), "p")


@pytest.mark.parametrize("day", ["0000-01-01", "2027-02-29", "2027-13-01", "2030-W01", "20300101", "2030-01-01T00:00"])
def test_an_exception_expires_on_a_real_day(day: str) -> None:
    assert "exceptions[0].expires" in refused(put(VALID, ("exceptions", 0, "expires"), day))


def test_a_list_may_not_hold_itself() -> None:
    own: list[Any] = []
    own.append(own)
    assert "routes" in refused(VALID | {"routes": own})


def test_a_configuration_fits_into_the_ledger() -> None:
    many = [VALID["exceptions"][0] | {"reason": "é" * 2000} for _ in range(90)]
    amis = [{"amiId": f"ami-{number:017x}"} for number in range(10_000)]
    assert config.parse_document(VALID | {"exceptions": many, "amis": amis}, "p")
    subnets = [f"subnet-{number:017x}" for number in range(3)]
    places = {f"{number:012}/eu-west-1": {"subnetIds": subnets} for number in range(3_000)}
    assert "bytes without its AMIs" in refused(VALID | {"placement": places})["$"].value


# ---------------------------------------------------------------- a report comes of what is accepted

_TAILS = [
    "\n",
    " ",
    "\t",
    "\x00",
    "\ud800",
    "\u202e",
    "\u2028",
    "\uff11",
    "²",
    "🦊" * 3,
    "]]>",
    "x" * 300,
    "\x85",
    "\ufffe",
]
changes = st.tuples(st.sampled_from(TEXTS), st.sampled_from(_TAILS), st.booleans())


@given(st.lists(changes, min_size=1, max_size=3), st.booleans())
@settings(deadline=None, max_examples=60)
def test_what_is_accepted_ends_in_a_report(changed: list[Any], partly: bool) -> None:
    document = VALID
    for (path, value), tail, before in changed:
        document = put(document, path, tail + value if before else value + tail)
    if partly:
        document = {"amis": VALID["amis"], "exceptions": document["exceptions"], "ownerTag": document["ownerTag"]}
    try:
        parsed = config.parse(json.dumps(document), "p")
    except InvalidConfiguration:
        assert all(problem.path and problem.remedy for problem in refused(document).values())
        return
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        image = ami(AMI, tags={parsed.owner_tag: "payments", "Environment": "test"}, lineage="base")
        images = [(image, [finding("CVE-2026-1"), finding("CVE-2026-2")]), (ami("ami-2"), None)]
        report = world.run("run-1", "2026-04-02T03:00:00Z", images, parsed)
        for name in CONTENT_TYPES:
            assert world.rendered("run-1", name)
        assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
        assert subject(report).isascii()
        assert body(report, []).encode()


# ---------------------------------------------------------------- user data that is encoded already

SCRIPTS = [
    "#!/bin/bash\ntouch /x\n", "#cloud-config\nruncmd: []\n", "#cloud-config-archive\n- x\n", "#upstart-job\n",
    "#cloud-boothook\n#!/bin/sh\n", "#part-handler\n", "#include https://x\n", "#include-once\n",
    "## template: jinja\n#cloud-config\n", "Content-Type: multipart/mixed\n", "MIME-Version: 1.0\n",
    "<powershell>\nx\n</powershell>", "<script>\nx\n</script>", "<persist>true</persist>",
    "version: 1.0\ntasks:\n- task: executeScript\n", "\n  <PowerShell>x</PowerShell>", "\ufeff#!/bin/sh\n",
    "#!/bin/bash\n# of more than one line in base64\n" + "dnf install -y nginx\n" * 9,
    "systemctl start x", '{"ignition": {"version": "3.4.0"}}', "[settings.kubernetes]\n", "@echo off\r\nver\r\n",
]  # fmt: skip
ENCODINGS = {
    "base64": lambda data: base64.b64encode(data),
    "lines": lambda data: base64.encodebytes(data),
    "unpadded": lambda data: base64.b64encode(data).rstrip(b"="),
    "url-safe": lambda data: base64.urlsafe_b64encode(data),
    "twice": lambda data: base64.b64encode(base64.b64encode(data)),
    "thrice": lambda data: base64.b64encode(base64.b64encode(base64.b64encode(data))),
    "utf-16": lambda data: base64.b64encode(data.decode().encode("utf-16-le")),
    "utf-16 with its mark": lambda data: base64.b64encode(data.decode().encode("utf-16")),
    "gzip": lambda data: base64.b64encode(gzip.compress(data)),
    "plain gzip": lambda data: gzip.compress(data).decode("latin-1").encode(),
    "plain gzip, read as UTF-8": lambda data: gzip.compress(data).decode(errors="replace").encode(),
    "gzip-twice": lambda data: base64.b64encode(base64.b64encode(gzip.compress(data))),
}
TERRAFORM = "H4sIAAAAAAACA1NW1E/KzNNPSizO4CquLC5JzU0uyVFIzUtMyklV0NXNyy9XSMxNrMrP0y0uztVNTE/NK+ECALPLaAA0AAAA"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.strip()[:20])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_encoded_script_is_refused_and_its_plain_form_taken(script: str, encoding: str) -> None:
    text = ENCODINGS[encoding](script.encode()).decode()
    for document, path in (([{"amiId": AMI, "userData": text}], "[0].userData"), (
        {"amis": [{"amiId": AMI, "userData": text}]}, "amis[0].userData",
    )):  # fmt: skip
        problem = refused(document)[path]
        assert "plain text" in problem.remedy
        assert text not in str(problem)
    assert config.parse_document([{"amiId": AMI, "userData": script}], "p").amis[0].user_data == script


def test_what_base64gzip_writes_is_called_by_its_name() -> None:
    problem = refused([{"amiId": AMI, "userData": TERRAFORM}])["[0].userData"]
    assert problem.value == "96 bytes of base64 of gzip"
    assert "base64gzip" in problem.remedy


PLAIN = [
    "abcd", "echo", "#!/bin/sh\n", "ZWNobyBo", "версия", "", "H4s", "A" * 5, "x" * 16_384, "0" * 64,
    "cluster=production", "productioncluster1", "d41d8cd98f00b204e9800998ecf8427e",
    "arn:aws:ssm:us-east-1:123456789012:parameter/x",
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN, ids=lambda text: text[:20])
def test_what_is_no_encoded_script_is_left_alone(text: str) -> None:
    assert config.parse_document([{"amiId": AMI, "userData": text}], "p").amis[0].user_data == text
