"""What whole runs write to the functions' logs: metrics and the context of each line, and nothing that is secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from golden_ami import metrics
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Behaviour, Image, World

MIXED = Path(__file__).parents[1] / "fixtures" / "inspector2" / "findings-mixed.json"
FINDINGS = [{**finding, "status": "ACTIVE"} for finding in json.loads(MIXED.read_text())["findings"]]
FUNCTIONS = sorted(path.stem for path in (Path(__file__).parents[2] / "functions" / "handlers").glob("[!_]*.py"))
USER_DATA = "#!/bin/bash\nexport PASSWORD=correct-horse-battery-staple\n"
EXTERNAL_ID = "external-id-of-the-member-role"
SECRETS = ("correct-horse-battery-staple", EXTERNAL_ID)
AMIS = [f"ami-{number:017x}" for number in (1, 2, 3)]


@dataclass
class Ran:
    """A run that is over: its logs by function, and the tokens that it handed out."""

    run_id: str
    status: str
    logs: dict[str, list[str]]
    tokens: set[str]

    def lines(self, *but: str) -> Iterator[dict[str, Any]]:
        """The structured lines of all functions but these; pytest's own handler adds lines of text beside them."""
        logs = (lines for name, lines in self.logs.items() if name not in but)
        yield from (json.loads(line) for lines in logs for line in lines if line.startswith("{"))

    def written(self) -> str:
        return "\n".join(line for lines in self.logs.values() for line in lines)


def ran(configuration: Any, behaviours: dict[str, Behaviour] | None = None) -> Ran:
    world = World([Image(ami, f"image {ami[-1]}") for ami in AMIS[:2]], {"*": FINDINGS}, behaviours or {})
    parameters = {
        "ClassicEngine": "allowed",
        "LogLevel": "DEBUG",
        "MemberRoleName": "Member",
        "MemberExternalId": EXTERNAL_ID,
    }
    with Embedded(world, parameters=parameters) as aws:
        put_configuration(aws, json.dumps(configuration))
        execution = aws.run({"AMIsParamName": PARAMETER})
        aws.clock.sleep(3600)  # what follows an execution's end
        tokens = set()
        for event in aws.history(execution["executionArn"]):
            scheduled = json.loads(event.get("taskScheduledEventDetails", {}).get("parameters", "{}"))
            tokens |= {scheduled.get("Payload", {}).get("taskToken")} - {None}
        logs = {name: aws.functions.logs(aws.lambda_name(name.replace("_", "-"))) for name in FUNCTIONS}
        return Ran(execution["name"], execution["status"], logs, tokens)


def configured(engine: str, **settings: Any) -> dict[str, Any]:
    amis = [{"amiId": ami, "userData": USER_DATA} for ami in AMIS]
    return {"version": 1, "engine": engine, "amis": amis, **settings}


@pytest.mark.parametrize("engine", ["classic", "instance", "ami", "auto"])
def test_a_run_of_each_engine(engine: str) -> None:
    run = ran(configured(engine))
    assert run.status == "SUCCEEDED"
    assert run.tokens, "a run waits at least once"
    assert not [secret for secret in (*SECRETS, *run.tokens) if secret in run.written()]

    messages = [line for line in run.lines() if "level" in line]
    assert {line["run_id"] for line in run.lines("resume", "reap") if "level" in line} == {run.run_id}
    collected = {line["ami"] for line in messages if line["message"] == "findings collected"}
    assert collected == set(AMIS[:2])
    launched = {line["ami"] for line in messages if line["message"] == "launched"}
    assert launched == (set(AMIS[:2]) if engine in ("classic", "instance") else set())

    [written] = [line for line in run.lines() if "_aws" in line]
    [directive] = written["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == (metrics.NAMESPACE, [[metrics.DIMENSION]])
    assert {one["Name"]: one["Unit"] for one in directive["Metrics"]} == dict.fromkeys(
        [
            *metrics.FINDINGS.values(),
            *metrics.AMIS.values(),
            metrics.SUCCEEDED,
            metrics.WITHOUT_VERDICT,
            metrics.REFUSED,
        ],
        "Count",
    ) | {metrics.DURATION: "Seconds"}
    counted = {name: written[name] for name in (*metrics.FINDINGS.values(), *metrics.AMIS.values())}
    assert counted == {  # twice the data set; the third AMI does not exist
        "CriticalFindings": [0.0],
        "HighFindings": [4.0],
        "MediumFindings": [6.0],
        "LowFindings": [2.0],
        "InformationalFindings": [0.0],
        "UntriagedFindings": [4.0],
        "AmisPassed": [0.0],
        "AmisFailed": [2.0],
        "AmisNotAssessed": [1.0],
    }
    assert written[metrics.SUCCEEDED] == [1.0]
    assert written[metrics.DURATION][0] > 60
    assert written[metrics.DIMENSION] == "golden-ami"


@pytest.mark.parametrize(
    "configuration",
    [
        configured("instance", amis=[{"amiId": AMIS[0], "userData": USER_DATA * 400}]),
        configured("instance", amis=[{"amiId": AMIS[0], "userData": [USER_DATA]}]),
        configured("instance", amis=[{"amiId": AMIS[0], "userdata": USER_DATA}]),
        configured("instance", amis=[{"amiId": AMIS[0], "userDatum": USER_DATA}]),
        [{"ami-id": AMIS[0], "userData": {"text": USER_DATA}}],
        [USER_DATA],
        {"amis": USER_DATA},
        USER_DATA,
    ],
)
def test_a_configuration_that_is_refused_is_not_quoted_with_its_user_data(configuration: Any) -> None:
    run = ran(configuration)
    assert "InvalidConfiguration" in run.written()
    assert not [secret for secret in SECRETS if secret in run.written()]


def test_agents_that_never_answer() -> None:
    run = ran(configured("instance"), {"*": Behaviour(agent_after=None)})
    reasons = {line["ami"]: line["reason"] for line in run.lines() if line.get("message") == "not assessed"}
    assert reasons == dict.fromkeys(AMIS[:2], "AGENT_NOT_REGISTERED")
    assert not [secret for secret in (*SECRETS, *run.tokens) if secret in run.written()]


def test_what_follows_a_failed_execution_is_logged_under_its_run() -> None:
    run = ran(configured("instance", amis=[]))
    assert run.status == "FAILED"
    assert {line["run_id"] for line in run.lines() if "level" in line} <= {run.run_id}
    assert [line for line in run.lines() if "_aws" in line and line[metrics.AMIS["PASS"]] == [0.0]]
