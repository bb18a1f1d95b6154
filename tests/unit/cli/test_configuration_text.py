"""Problems of a configuration and the lines on which they stand, in JSON and in YAML."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami.errors import Problem
from golden_ami_cli.configuration.check import check, checked
from golden_ami_cli.configuration.text import lines_of
from golden_ami_cli.errors import UsageError

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
    (line,) = lines_of(text, [Problem(path, "value", "remedy")])
    assert line >= 1


names = st.text(alphabet="abc.[]-", min_size=1, max_size=5)


@given(st.lists(names, min_size=1, max_size=6, unique=True), st.data())
def test_a_member_is_found_whatever_its_name(members: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(members))
    text = "{\n" + ",\n".join(f"{json.dumps(name)}: 1" for name in members) + "\n}"
    (line,) = lines_of(text, [Problem(chosen, "1", "")])
    assert line == members.index(chosen) + 2
