"""Hostile text in everything that AWS or a file can hold, through the output of every command: nothing of it acts."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from golden_ami.characters import printable, printable_json
from golden_ami.logs import logger
from golden_ami_cli import console
from golden_ami_cli.account import Account
from golden_ami_cli.embedded import account_of
from golden_ami_cli.main import main
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Behaviour, Image, World

ESCAPES = "\x1b[2J\x1b]8;;http://evil.example\x1b\\\x1b]52;c;ZXZpbA==\x07\x9b31m\x9d0;t\x9c\r\x08\x7f\x00"
MARKS = "\u202e\u2066\u200b\u200f\ufeff\u2028\u2029\x85\u3164\U000e0041"
HOSTILE = f"[red]x[/red][link=http://evil.example]:smile: {ESCAPES}\n{MARKS}end"
STORABLE = HOSTILE.replace("\x00", "")
CONFIGURABLE = re.sub(r"[\x00-\x1f\x7f-\x9f]", "", HOSTILE)  # a configuration takes no control characters
TAG = re.sub(r"[\x00-\x08\x0b-\x1f]", "", HOSTILE)  # EC2 answers in XML 1.0, which has no C0 controls
AMIS = [f"ami-{number:017x}" for number in (1, 2, 3)]
PARAMETER = "ContinuousAssessmentInput"
MODULES = ("choice", "assessing.command", "configuration.command", "runs.command")


def acts(text: str) -> list[str]:
    """What of a text would act on a terminal or not be seen; its line feeds apart."""
    return sorted({one for one in text if one != "\n" and not one.isprintable() and not one.isspace()} | {
        one for one in "\r\x0b\x0c\x85\u2028\u2029\u3164" if one in text
    })  # fmt: skip


class Terminal(io.TextIOWrapper):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class Ended:
    status: int
    out: str
    err: str


@dataclass
class Desk:
    """The command line against an account full of hostile text."""

    account: Account
    runs: list[str]
    monkeypatch: pytest.MonkeyPatch

    def run(self, *arguments: str, terminal: bool = True) -> Ended:
        kind = Terminal if terminal else io.TextIOWrapper
        out, err = (kind(io.BytesIO(), encoding="utf-8", errors="strict", write_through=True) for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err), self.monkeypatch.context() as patch:
            for module in MODULES:
                patch.setattr(f"golden_ami_cli.{module}.connect", lambda *_: self.account)
            patch.setattr(sys, "argv", ["golden-ami", *arguments])
            patch.setenv("NO_COLOR", "1")
            patch.setenv("TERM", "dumb")
            try:
                main()
                status = 0
            except SystemExit as ended:
                status = int(ended.code or 0)
        return Ended(status, *(_written(one) for one in (out, err)))


def _written(stream: io.TextIOWrapper) -> str:
    buffer: Any = stream.buffer
    return str(buffer.getvalue().decode())


def finding(number: int) -> dict[str, Any]:
    return {
        "findingArn": f"arn:aws:inspector2:us-east-1:123456789012:finding/{number:032x}",
        "type": "PACKAGE_VULNERABILITY",
        "severity": "CRITICAL",
        "title": HOSTILE,
        "description": HOSTILE,
        "status": "ACTIVE",
        "remediation": {"recommendation": {"text": HOSTILE, "Url": f"javascript:{HOSTILE}"}},
        "packageVulnerabilityDetails": {
            "vulnerabilityId": f"CVE-2026-{number}{HOSTILE}",
            "sourceUrl": f"https://evil.example/{HOSTILE}",
            "referenceUrls": [f"https://evil.example/{HOSTILE}"],
            "vulnerablePackages": [{"name": HOSTILE, "version": HOSTILE, "fixedInVersion": f"2{HOSTILE}"}],
        },
    }


def hostile_world() -> World:
    tags = {"Owner": TAG, "Name": TAG, TAG[:90]: TAG}
    images = [Image(ami, f"{TAG}{ami}", tags) for ami in AMIS[:2]]
    return World(images, {"*": [finding(1), finding(2)]}, {AMIS[1]: Behaviour(agent_after=None)})


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    patch = pytest.MonkeyPatch()
    excepted = {"vulnerability": "CVE-2026-9", "scope": {"package": CONFIGURABLE}}
    excepted |= {"reason": CONFIGURABLE, "owner": CONFIGURABLE}
    document = {
        "amis": [{"amiId": ami, "lineage": f"l{CONFIGURABLE}"} for ami in AMIS],
        "exceptions": [excepted | {"expires": "2036-01-01"}],
        "ownerTag": "Owner",
        "enableInspector": True,
    }
    with Embedded(hostile_world()) as aws, patch.context() as context:
        aws.put_configuration(PARAMETER, json.dumps(document))
        aws.put_configuration(
            f"{PARAMETER}-bad", json.dumps({HOSTILE: HOSTILE, "amis": [{HOSTILE: 1, "amiId": HOSTILE}]})
        )
        ended = aws.run({"AMIsParamName": PARAMETER})
        assert ended["status"] == "SUCCEEDED", ended.get("cause")
        failed = aws.run({"AMIsParamName": f"{PARAMETER}-bad"})
        stopped = aws.start({"AMIsParamName": PARAMETER})
        aws.clock.sleep(100)
        aws.client("stepfunctions").stop_execution(executionArn=stopped, error=STORABLE[:250], cause=STORABLE * 20)
        aws.wait(stopped)
        aws.clock.sleep(3600)
        tags = {
            "continuous-assessment-instance": "true", "continuous-assessment-stack": aws.stack_name,
            "continuous-assessment-run": TAG, "continuous-assessment-ami": TAG,
            "continuous-assessment-expires-at": "2020-01-01T00:00:00Z",
        }  # fmt: skip
        marked = [{"Key": key, "Value": value} for key, value in tags.items()]
        request: Any = {"ImageId": AMIS[0], "MinCount": 1, "MaxCount": 1}
        profile = aws.outputs["InstanceProfileName"]
        aws.client("ec2").run_instances(
            **request,
            IamInstanceProfile={"Name": profile},
            TagSpecifications=[{"ResourceType": "instance", "Tags": marked}],
        )
        names = [arn.rpartition(":")[2] for arn in (ended["executionArn"], failed["executionArn"], stopped)]
        yield Desk(account_of(aws), names, context)


def commands(runs: list[str], file: Path) -> dict[str, tuple[str, ...]]:
    good, failed, stopped = runs
    return {
        "runs": ("runs",),
        "reap": ("reap", "--dry-run"),
        "cancel": ("cancel", good),
        "doctor": ("doctor", "--stack", "x"),
        "doctor of a bad parameter": ("doctor", "--parameter", f"{PARAMETER}-bad"),
        "config validate": ("config", "validate", str(file)),
        "config show": ("config", "show"),
        "config show of a bad parameter": ("config", "show", "--parameter", f"{PARAMETER}-bad"),
        "config push": ("config", "push", str(file)),
        "estimate": ("estimate",),
        "estimate --run": ("estimate", "--run", good),
        "a missing file": ("config", "validate", HOSTILE.replace("\x00", "")),
        "an unknown run": ("history", f"r{STORABLE}"),
        **{f"watch {number}": ("watch", run) for number, run in enumerate(runs)},
        **{f"history {number}": ("history", run) for number, run in enumerate(runs)},
        **{f"report {form}": ("report", good, "--format", form) for form in (
            "json", "html", "text", "csv", "sarif", "cyclonedx", "junit", "asff")},
        "report of a failed run": ("report", failed),
        "report of a stopped run": ("report", stopped),
    }  # fmt: skip


NAMES = list(commands(["a", "b", "c"], Path("x")))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / f"{STORABLE.replace('/', '')[:60]}.json"
    path.write_text(json.dumps({HOSTILE: 1, "amis": [{"amiId": HOSTILE, f"k{HOSTILE}": HOSTILE}]}), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_no_command_lets_hostile_text_act(desk: Desk, file: Path, name: str) -> None:
    ended = desk.run(*commands(desk.runs, file)[name])
    said = ended.out + ended.err
    assert said.strip(), "the command has said something"
    assert "Traceback" not in said
    assert acts(said) == []


@pytest.mark.parametrize("name", ["runs", "watch 0", "history 0", "config show", "config validate", "reap", "doctor"])
def test_json_is_the_same_with_everything_escaped(desk: Desk, file: Path, name: str) -> None:
    ended = desk.run(*commands(desk.runs, file)[name], "--output", "json", terminal=False)
    json.loads(ended.out)
    assert acts(ended.out + ended.err) == []


def test_names_are_shown_by_their_escapes_and_as_text(desk: Desk) -> None:
    desk.monkeypatch.setenv("COLUMNS", "4000")
    shown = desk.run("config", "show", terminal=False).out
    desk.monkeypatch.delenv("COLUMNS")
    assert r"[red]x[/red][link=http://evil.example]:smile: [2J]8;;http://evil.example" in shown
    assert r"\u202e\u2066\u200b" in shown
    assert r"\x1b[2J\x1b]8;;" in desk.run("watch", desk.runs[2]).out


def test_a_long_cause_is_cut_and_says_so(desk: Desk) -> None:
    said = desk.run("watch", desk.runs[2]).out
    assert re.search(r"… cut: [0-9,]+ more characters", said)


def test_a_pipe_gets_the_report_as_it_is(desk: Desk) -> None:
    content = desk.run("report", desk.runs[0], "--format", "json", terminal=False).out
    assert json.loads(content)["run"]["runId"] == desk.runs[0]


def test_messages_and_log_lines_hold_nothing_that_acts(desk: Desk) -> None:
    text = desk.run("report", desk.runs[0], "--format", "text", terminal=False).out
    assert acts(text) == []


def test_whatever_is_said_is_made_safe_last(capsys: pytest.CaptureFixture[str]) -> None:
    console.say(HOSTILE)
    console.stdout().print(HOSTILE, [HOSTILE])
    console.stderr().print(HOSTILE)
    said = capsys.readouterr()
    assert acts(said.out + said.err) == []
    assert said.out.count("[red]x[/red]") == 3


def test_a_log_line_is_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    logger.warning(HOSTILE, extra={"ami": HOSTILE})
    (line,) = stream.getvalue().splitlines()
    assert line.isascii()
    assert json.loads(line)["ami"] == HOSTILE


@pytest.mark.parametrize("one", sorted({one for one in ESCAPES + MARKS if not " " <= one <= "~"}), ids=ascii)
def test_each_character_is_shown_by_its_escape(one: str) -> None:
    assert acts(printable(f"a{one}b")) == []
    assert printable(f"a{one}b").startswith("a\\")
    text = json.dumps({one: [one]}, ensure_ascii=False)
    assert acts(printable_json(text)) == []
    assert json.loads(printable_json(text)) == {one: [one]}


def test_what_is_drawn_stays() -> None:
    text = "Größe 尺寸 😀 (a b) \u00a0 naïve"
    assert printable(text) == text
    assert printable("a\nb", lines=True) == "a\nb"
