"""Problems of a configuration and the lines on which they stand, in JSON and in YAML."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami.configuration.config import parse
from golden_ami.configuration.json_text import places
from golden_ami.errors import InvalidConfiguration, Problem
from golden_ami_cli.configuration.check import check, checked
from golden_ami_cli.configuration.reading import of_amis
from golden_ami_cli.configuration.text import lines_of
from golden_ami_cli.configuration.yaml_text import Yaml
from golden_ami_cli.errors import UsageError
from golden_ami_cli.main import main
from golden_ami_cli.prices import prices

YAML = """\
version: 1
engine: clasic
waits:
  bootSeconds: soon
exceptions:
  - vulnerability: CVE-2026-1
    scope: {package: openssl}
    reason: r
    owner: o
    expires: 2027-02-30
amis:
  - amiId: ami-0a1b2c3d4e5f60001
    instancetype: t3.small
  - amiId: i-1
"""


def found(path: Path, text: str) -> list[tuple[int, str]]:
    path.write_text(text, encoding="utf-8")
    config, problems = check(path)
    assert config is None
    return [(line, problem.path) for line, problem in problems]


def test_every_problem_of_a_yaml_file_has_its_line(tmp_path: Path) -> None:
    assert found(tmp_path / "amis.yaml", YAML) == [
        (2, "engine"),
        (4, "waits.bootSeconds"),
        (10, "exceptions[0].expires"),
        (13, "amis[0].instancetype"),
        (14, "amis[1].amiId"),
    ]


def test_every_problem_of_a_json_file_has_its_line(tmp_path: Path) -> None:
    text = '{\n\t"engine": "clasic",\n\t"amis": [\n\t\t{"amiId": "ami-0a1b2c3d4e5f60001"},\n\t\t{"amiId": 3}\n\t]\n}'
    assert found(tmp_path / "amis.json", text) == [(2, "engine"), (5, "amis[1].amiId")]


def test_the_array_of_2017_keeps_its_own_spellings(tmp_path: Path) -> None:
    assert found(tmp_path / "amis.json", '[\n{"Ami-Id": "ami-0a1b2c3d4e5f60001"},\n{"Ami-Id": "x"}\n]') == [
        (3, "[1].Ami-Id")
    ]


def test_a_missing_member_stands_where_its_owner_does(tmp_path: Path) -> None:
    assert found(tmp_path / "amis.yaml", "amis:\n  - instanceType: t3.small\n") == [(2, "amis[0].amiId")]


def test_text_that_is_no_json_has_the_parsers_line(tmp_path: Path) -> None:
    assert found(tmp_path / "amis.json", '{\n"amis": [}\n') == [(2, "$")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("amis.yaml", "engine: ami\namis:\n  - amiId: ami-0a1b2c3d4e5f60001\nengine: instance\n"),
        ("amis.json", '{"engine": "ami",\n"amis": [{"amiId": "ami-0a1b2c3d4e5f60001"}],\n\n"engine": "instance"}'),
    ],
)
def test_a_name_given_twice_is_refused_in_both(tmp_path: Path, name: str, text: str) -> None:
    assert found(tmp_path / name, text) == [(4, "engine")]


def said(path: Path, text: str) -> str:
    """The first problem of a file, as it is shown."""
    path.write_text(text, encoding="utf-8")
    _, problems = check(path)
    line, problem = problems[0]
    return f"{line}: {problem}"


BOMB = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(40))
AMI = "amiId: ami-0a1b2c3d4e5f60001"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: &x [1]\namis: *x\n", 2, "the alias *x"),
        (BOMB, 2, "the alias *a0"),
        ("amis:\n- &x\n  - *x\n", 3, "the alias *x"),
        ("a: &x {b: 1}\namis:\n- <<: *x\n", 3, "merge key"),
        (f"amis:\n- <<: {{b: 1}}\n  {AMI}\n", 2, "merge key"),
        ("amis:\n" + "[" * 20_000, 2, "not YAML"),  # a name in one line has at most 1,024 characters
        ("amis:\n" + " [\n" * 20_000, 65, "more than 64 lists and mappings"),
        ("".join(f"{' ' * n}- \n" for n in range(2_000)), 65, "more than 64 lists and mappings"),
        ("amis: !!python/object:os.system x\n", 1, "the tag"),
        ("? [a]\n: b\n", 1, "no text"),
        ("a: 1\n---\nb: 1\n", 2, "a second document"),
        (f"amis:\n- {AMI}\n  account: 012345678901\n", 3, 'put it in quotes where it is text: "012345678901"'),
        (f"amis:\n- {AMI}\n  account: 012345670123\n", 3, 'put it in quotes where it is text: "012345670123"'),
        (f"amis:\n- {AMI}\n  account: 123456789012\n", 3, "write text in quotes"),
        (f"amis:\n- {AMI}\nwaits:\n  pollSeconds: 1:30\n", 4, "1:30 without quotes"),
        (f"amis:\n- {AMI}\nwaits:\n  pollSeconds: 0x10\n", 4, "decimal digits"),
        (f"amis:\n- {AMI}\nwaits:\n  pollSeconds: 1_000\n", 4, "decimal digits"),
        (f"amis:\n- {AMI}\nownerTag: no\n", 3, '"no"'),
        (f"amis:\n- {AMI}\nsecurityHub: yes\n", 3, "write true or false"),
        (f"amis:\n- {AMI}\nroutes:\n  123: 1\n", 4, "routes.123"),
        ("amis: x\x07\n", 1, "not YAML"),
    ],
)  # fmt: skip
def test_what_yaml_readers_take_differently_is_refused(tmp_path: Path, text: str, line: int, words: str) -> None:
    told = said(tmp_path / "a.yaml", text)
    assert told.startswith(f"{line}: ")
    assert words in told


def test_values_of_yaml_are_those_of_json(tmp_path: Path) -> None:
    policy = "{failOn: {epss: 1e-1, knownExploited: True}, graceDays: 7}"
    text = f"amis:\n- {AMI}\npolicy: {policy}\nroutes: {{no: x, ~: y}}"
    values: Any = Yaml.read(text, "f").document
    assert values["policy"] == {"failOn": {"epss": 0.1, "knownExploited": True}, "graceDays": 7}
    assert values["routes"] == {"no": "x", "~": "y"}
    assert Yaml.read("[2027-02-28, 1.5.2, ami-1, ~, '', \"no\", 12:xx]", "f").document == [
        "2027-02-28", "1.5.2", "ami-1", None, "", "no", "12:xx",
    ]  # fmt: skip


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("ab \n")
)
nested = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text("ab.[", max_size=3), inner))


@given(nested)
def test_json_is_yaml_and_both_have_the_same_lines(document: object) -> None:
    text = json.dumps(document, indent=1)
    reading = Yaml.read(text, "f")
    assert reading.document == document
    lines = {place.path: place.at + 1 for place in reading.places}
    assert lines == {place.path: text.count("\n", 0, place.at) + 1 for place in places(text)}


@pytest.mark.parametrize(
    ("text", "said_of"),
    [
        ('{"amis": [],\n"policy": {},\n "policy": {}}', "3: policy: given twice, again at line 3, column 2"),
        ("[\n" + "[" * 20_000, "2: $: more than 64 lists and objects in each other at line 2, column 64"),
        ('{"amis":\n [NaN]}', "2: $: not usable JSON at line 2, column 3"),
    ],
)
def test_json_is_refused_with_line_and_column(tmp_path: Path, text: str, said_of: str) -> None:
    assert said(tmp_path / "a.json", text).startswith(said_of)


BLANKS = ["", " ", "\t", "\u200b", "\u00a0", "\ufeff", "\u3164", "\u2800", "\u202e", "*", "CVE-*", "CVE-1\u200b", "--"]


@pytest.mark.parametrize("blank", BLANKS)
def test_an_exception_names_one_vulnerability(tmp_path: Path, blank: str) -> None:
    accepted = {"scope": {"package": "x"}, "reason": "r", "owner": "o", "expires": "2027-02-28"}
    document = {"amis": [{"amiId": "ami-0a1b2c3d4e5f60001"}], "exceptions": [accepted | {"vulnerability": blank}]}
    text = json.dumps(document, indent=1)
    line = text[: text.index('"vulnerability"')].count("\n") + 1
    assert said(tmp_path / "a.json", text).startswith(f"{line}: exceptions[0].vulnerability: ")
    assert set("\t\u200b\ufeff\u3164\u2800\u202e").isdisjoint(said(tmp_path / "a.json", text))


@pytest.mark.parametrize("name", ["reason", "owner", "package", "lineage"])
def test_an_exception_says_who_why_and_where_visibly(tmp_path: Path, name: str) -> None:
    given: dict[str, Any] = {"vulnerability": "CVE-1", "scope": {"package": "x"}, "reason": "r", "owner": "o"}
    given |= {"scope": {name: "\u200b"}} if name in ("package", "lineage") else {name: "\u200b"}
    text = json.dumps({"amis": [{"amiId": "ami-0a1b2c3d4e5f60001"}], "exceptions": [given | {"expires": "2027-02-28"}]})
    assert "which is blank" in said(tmp_path / "a.json", text)


def test_deep_prices_are_refused(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("a = 1\nb = " + "[" * 20_000)
    with pytest.raises(UsageError, match="line 2, column 69"):
        prices(tmp_path / "p.toml")
    (tmp_path / "p.toml").write_text("[lambda_gb_second]\nprice = 1\nprice = 2\n")
    with pytest.raises(UsageError, match="line 3"):
        prices(tmp_path / "p.toml")


def test_a_date_in_yaml_needs_no_quotes(tmp_path: Path) -> None:
    path = tmp_path / "amis.yaml"
    path.write_text(
        YAML.replace("clasic", "ami")
        .replace("soon", "60")
        .replace("02-30", "02-28")
        .replace("instancet", "instanceT")
        .replace("i-1", "ami-0a1b2c3d4e5f60002")
    )
    text, config = checked(path)
    assert config.exceptions[0].expires == "2027-02-28"
    assert json.loads(text)["exceptions"][0]["expires"] == "2027-02-28"


def test_checked_tells_every_problem_at_once(tmp_path: Path) -> None:
    path = tmp_path / "amis.yaml"
    path.write_text(YAML)
    with pytest.raises(UsageError, match="5 problems") as raised:
        checked(path)
    assert f"{path}:14: amis[1].amiId" in str(raised.value)


@given(st.text(), st.text(min_size=1))
def test_whatever_the_text_and_the_path_there_is_a_line(text: str, path: str) -> None:
    for yaml in (False, True):
        (line,) = lines_of(text, [Problem(path, "value", "remedy")], yaml=yaml)
        assert line >= 1


names = st.text(alphabet="abc.[]-", min_size=1, max_size=5)


@given(st.lists(names, min_size=1, max_size=6, unique=True), st.data())
def test_a_member_is_found_whatever_its_name(members: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(members))
    text = "{\n" + ",\n".join(f"{json.dumps(name)}: 1" for name in members) + "\n}"
    (line,) = lines_of(text, [Problem(chosen, "1", "")])
    assert line == members.index(chosen) + 2


# ---------------------------------------------------------------- standard input, and what is counted

TWICE = {"engine": "ami", "amis": [{"amiId": f"ami-0a1b2c3d4e5f6000{last}"} for last in (1, 2, 1)]}


def validated(monkeypatch: pytest.MonkeyPatch, text: str, *arguments: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    monkeypatch.setattr(sys, "argv", ["golden-ami", "config", "validate", "-", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


IN_YAML = "# ours\nengine: ami\namis:\n- {amiId: ami-0a1b2c3d4e5f60001}\n"


@pytest.mark.parametrize("text", [json.dumps(TWICE), IN_YAML])
def test_a_configuration_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """JSON or YAML, as it begins."""
    assert validated(monkeypatch, text) == 0
    assert "with engine ami" in capsys.readouterr().out


def test_what_will_be_assessed_is_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert validated(monkeypatch, json.dumps(TWICE)) == 0
    assert "2 AMIs to assess: 2 with engine ami; 1 named again is not counted" in capsys.readouterr().out
    assert validated(monkeypatch, json.dumps(TWICE), "--output", "json") == 0
    assert json.loads(capsys.readouterr().out) == {"valid": True, "amis": 3, "assessed": 2, "problems": []}


def test_a_problem_in_standard_input_has_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validated(monkeypatch, '{"amis": [\n{"amiId": "i-1"}]}') == 2
    assert "-:2: amis[0].amiId" in capsys.readouterr().err


def test_named_amis_keep_what_is_configured_of_them() -> None:
    amis = [{"amiId": "ami-0a1b2c3d4e5f60001", "engine": "instance"}, {"amiId": "ami-0a1b2c3d4e5f60002"}]
    settings = parse(json.dumps({"engine": "ami", "policy": {"graceDays": 3}, "amis": amis}), "test")
    made = of_amis(["ami-0a1b2c3d4e5f60001", "ami-0a1b2c3d4e5f60009"], settings)
    assert [(entry.ami_id[-1], entry.engine) for entry in made.amis] == [("1", "instance"), ("9", None)]
    assert (made.engine, made.policy) == ("ami", settings.policy)
    assert len(of_amis(["ami-0a1b2c3d4e5f60001"]).amis) == 1
    with pytest.raises(InvalidConfiguration, match="--ami"):
        of_amis(["i-1"])
