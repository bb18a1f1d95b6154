"""Whole runs: the real definition, handlers and template in the embedded AWS, classic engine first.

Nothing is counted by what the code under test counts with: what is expected stands in the world that is given.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from golden_ami.models import SEVERITIES
from golden_ami_cli.assessing.assessment import PARAMETER, collect, put_configuration
from golden_ami_cli.assessing.inputs import Inputs
from golden_ami_cli.assessing.notifications import Mailbox
from golden_ami_cli.assessing.progress import ProgressDisplay
from golden_ami_cli.assessing.result import AmiResult, Result
from golden_ami_cli.console import Console
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Behaviour, Image, World

FIXTURES = Path(__file__).parents[1] / "fixtures"
PAYLOAD_LIMIT = 256 * 1024  # bytes (Step Functions)
ENGINES = ["classic", "instance", "ami", "auto"]

Finding = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """A run that is over, as AWS's APIs tell it."""

    result: Result
    events: Sequence[Mapping[str, Any]]
    instance_tags: list[dict[str, str]]
    report: dict[str, Any]

    def ami(self, ami_id: str) -> AmiResult:
        (found,) = [ami for ami in self.result.amis if ami.ami_id == ami_id]
        return found


def run(world: World, text: str, engine: str = "instance") -> Run:
    """Put the text into the parameter and run the state machine once."""
    progress = ProgressDisplay(Console(file=io.StringIO()))
    with Embedded(world, parameters={"ClassicEngine": "allowed"}) as aws:
        put_configuration(aws, text)
        mailbox = Mailbox(aws.client("sns"), aws.client("sqs"), [aws.outputs["ResultsTopicArn"]])
        arn = aws.start({"AMIsParamName": PARAMETER})
        execution = aws.wait(arn, on_event=progress.event)
        result = collect(aws, execution, mailbox, engine)
        reservations = aws.client("ec2").describe_instances()["Reservations"]
        tags = [
            {tag["Key"]: tag["Value"] for tag in instance.get("Tags", ())}
            for reservation in reservations
            for instance in reservation["Instances"]
        ]
        return Run(result, aws.history(arn), tags, report_of(aws, result.run_id))


def report_of(aws: Embedded, run_id: str) -> dict[str, Any]:
    """The run's report.json."""
    key = f"runs/{run_id}/report.json"
    report: dict[str, Any] = json.load(aws.client("s3").get_object(Bucket=aws.outputs["ReportBucket"], Key=key)["Body"])
    return report


def finding(severity: str, number: int = 0) -> Finding:
    """One finding as ListFindings answers it."""
    return {
        "findingArn": f"arn:aws:inspector2:us-east-1:123456789012:finding/{severity.lower()}{number:08}",
        "awsAccountId": "123456789012",
        "type": "PACKAGE_VULNERABILITY",
        "description": "A vulnerability.",
        "title": f"CVE-2026-{number:04} - openssl",
        "severity": severity,
        "status": "ACTIVE",
        "firstObservedAt": "2026-11-01T00:00:00+00:00",
        "lastObservedAt": "2026-11-20T00:00:00+00:00",
        "remediation": {"recommendation": {"text": "None Provided"}},
        "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-0", "region": "us-east-1"}],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": f"CVE-2026-{number:04}",
            "source": "NVD",
            "vulnerablePackages": [{"name": "openssl", "version": "3.0.7", "fixedInVersion": "3.0.8"}],
        },
    }


def findings(**counts: int) -> list[Finding]:
    """So many findings of each severity."""
    severities = [severity for severity, count in counts.items() for _ in range(count)]
    return [finding(severity, number) for number, severity in enumerate(severities)]


PACKAGE = "PACKAGE_VULNERABILITY"  # all that the scan of an image finds


def counted(found: Iterable[Finding], engine: str) -> dict[str, int]:
    """What a report must say of findings: each ARN once; Classic has no CRITICAL, there it is HIGH."""
    counts = Counter({each["findingArn"]: each["severity"] for each in found}.values())
    if engine == "classic":
        counts["HIGH"] += counts.pop("CRITICAL", 0)
    return {severity: counts[severity] for severity in SEVERITIES}


def configuration(amis: Sequence[str], engine: str = "classic", **settings: Any) -> str:
    return json.dumps({"version": 1, "engine": engine, "amis": [{"amiId": ami} for ami in amis], **settings})


def ami_id(number: int) -> str:
    return f"ami-{number:017x}"


def assert_nothing_is_left(run: Run) -> None:
    """What holds after every run."""
    assert run.result.instances.running == 0
    assert run.result.instances.launched == run.result.instances.terminated
    assert len(run.result.notifications) == 1
    assert run.result.notifications[0].topic.endswith("ContinuousAssessmentResultsTopic")


@pytest.mark.parametrize("engine", ENGINES)
def test_the_sample(engine: Any) -> None:
    inputs = Inputs.read(None, None, None, engine=engine)
    ended = run(inputs.world, inputs.text, engine)
    assert ended.result.execution_status == "SUCCEEDED"
    assert_nothing_is_left(ended)
    verdicts = {ami.ami_id[-1]: ami.verdict for ami in ended.result.amis}
    assert verdicts == {"1": "FAIL", "2": "FAIL", "3": "FAIL", "4": "PASS", "5": "PASS"}  # 4 has an exception
    for ami in ended.result.amis:
        found = inputs.world.findings_of(ami.ami_id)
        seen = [one for one in found if ami.engine != "ami" or one.get("type", PACKAGE) == PACKAGE]
        assert ami.findings == counted(seen, engine)
    assert ended.result.instances.launched == sum(ami.engine != "ami" for ami in ended.result.amis)
    assert_usage_is_reported(ended)


def assert_usage_is_reported(run: Run) -> None:
    """The report, written before the run's end, has what its whole history says."""
    reported = {line["what"]: line for line in run.report["usage"]}
    assert reported["State transitions"]["actual"] == run.result.transitions
    assert reported.keys() == {line.what for line in run.result.usage}
    for line in run.result.usage:
        assert line.actual is not None
        if line.what == "Lambda":  # Aggregate itself still runs while it writes the report
            assert 0 < reported[line.what]["actual"] <= line.actual
        else:
            assert reported[line.what]["actual"] == pytest.approx(line.actual, rel=0.01), line.what
        assert reported[line.what]["least"] == line.least


@pytest.mark.parametrize("engine", ENGINES)
def test_findings_that_inspector_really_wrote(engine: str) -> None:
    written = json.loads((FIXTURES / "inspector2" / "findings-mixed.json").read_text())["findings"]
    found = [{**finding, "status": "ACTIVE"} for finding in written]
    world = World([Image(ami_id(1), "web"), Image(ami_id(2), "db")], {"*": found})
    ended = run(world, configuration([ami_id(1), ami_id(2)], engine))
    expected = dict.fromkeys(SEVERITIES, 0) | {"MEDIUM": 3, "HIGH": 2, "LOW": 1, "UNTRIAGED": 2}
    assert [ami.findings for ami in ended.result.amis] == [expected, expected]
    assert_nothing_is_left(ended)


@pytest.mark.parametrize("engine", ENGINES)
def test_odd_amis_in_one_run(engine: str) -> None:
    tags: dict[str, dict[str, str]] = {
        ami_id(1): {},
        ami_id(2): {f"key-{number:02}": f"value {number}" for number in range(14)},
        ami_id(3): {"Name": "web", "empty": ""},
        ami_id(4): {"Name": "web", "aws:cloudformation:stack-name": "builder"},
        ami_id(5): {"Name": 'no "findings" <b>&', "Owner": "ö=1+1"},
    }
    found = {ami: findings(HIGH=1, LOW=2) for ami in tags} | {ami_id(5): []}
    world = World([Image(ami, f"image {ami[-1]}", tags[ami]) for ami in tags], found)
    ended = run(world, configuration([*tags, ami_id(6)], engine))
    assert ended.result.execution_status == "SUCCEEDED"
    assert_nothing_is_left(ended)
    assert len(ended.result.amis) == 6
    for ami in tags:
        assert ended.ami(ami).tags == tags[ami]
        assert ended.ami(ami).verdict == ("PASS" if ami == ami_id(5) else "FAIL"), ended.ami(ami)
        assert ended.ami(ami).findings == counted(found[ami], engine)
    missing = ended.ami(ami_id(6))
    assert missing.verdict == "NOT_ASSESSED"
    assert missing.reason
    assert missing.remedy
    assert ended.result.verdict == "FAIL"
    assert not [key for instance in ended.instance_tags for key in instance if key.startswith("aws:")]


def test_a_run_that_is_aborted_reports_what_it_used() -> None:
    with Embedded(World([Image(ami_id(1), "web")], {"*": []})) as aws:
        put_configuration(aws, configuration([ami_id(1)], "instance"))
        arn = aws.start({"AMIsParamName": PARAMETER})

        def abort(event: Mapping[str, Any]) -> None:
            if event.get("stateEnteredEventDetails", {}).get("name") == "Check Agents":
                aws.client("stepfunctions").stop_execution(executionArn=arn)

        assert aws.wait(arn, on_event=abort)["status"] == "ABORTED"
        aws.clock.sleep(60)  # on_execution_end reports
        entered = sum(event["type"].endswith("StateEntered") for event in aws.history(arn))
        usage = {line["what"]: line for line in report_of(aws, arn.rpartition(":")[2])["usage"]}
        assert usage["State transitions"]["actual"] == entered
        assert 4 <= usage["1 x t3.medium"]["actual"] < 6
        assert sorted(aws.iam.denied) == []


def test_a_parameter_with_three_errors_tells_three() -> None:
    text = json.dumps({"engine": "clasic", "waits": {"bootSeconds": "soon"}, "amis": [{"amiId": "i-1"}]})
    ended = run(World([], {}), text)
    assert ended.result.execution_status == "FAILED"
    assert ended.result.error == "InvalidConfiguration"
    cause = ended.result.cause or ""
    for line in ("3 problems", "1. ", "2. ", "3. ", "engine", "waits.bootSeconds", "amis[0].amiId"):
        assert line in cause
    assert ended.result.instances.launched == 0


@pytest.mark.parametrize(
    ("ami_key", "type_key", "data_key"),
    [
        ("ami-id", "instanceType", "userData"),
        ("Ami-Id", "InstanceType", "UserData"),
        ("amiId", "instanceType", "userData"),
    ],
)
def test_the_array_of_2017_in_each_spelling(ami_key: str, type_key: str, data_key: str) -> None:
    text = json.dumps([{ami_key: ami_id(1), type_key: "t2.large", data_key: "#!/bin/bash\necho agent\n"}])
    world = World([Image(ami_id(1), "web", {"app-name": "web"})], {"*": findings(MEDIUM=2)})
    ended = run(world, text)
    assert ended.result.execution_status == "SUCCEEDED"
    assert (ended.ami(ami_id(1)).verdict, ended.ami(ami_id(1)).findings["MEDIUM"]) == ("PASS", 2)
    (tags,) = ended.instance_tags
    assert tags["continuous-assessment-instance"] == "true"
    assert tags["app-name"] == "web"


def test_200_amis_stay_within_the_limits_of_step_functions() -> None:
    amis = [ami_id(number) for number in range(1, 201)]
    tags = {f"key-{number}": "x" * 200 for number in range(10)}
    world = World([Image(ami, f"image {ami}", tags) for ami in amis], {"*": findings(HIGH=1, LOW=3)})
    text = json.dumps(json.loads(configuration(amis)), indent=2)
    assert len(text) > 8192, "this also shows that a document too long for a parameter is read from S3"
    ended = run(world, text)
    assert ended.result.execution_status == "SUCCEEDED"
    assert_nothing_is_left(ended)
    assert ended.result.instances.launched == 200
    assert ended.result.verdicts == {"PASS": 0, "FAIL": 200, "NOT_ASSESSED": 0}
    assert len(ended.events) < 2000
    assert max(len(payload.encode()) for payload in payloads(ended.events)) < PAYLOAD_LIMIT


def payloads(events: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Every input, output, parameter and cause of a history."""
    for event in events:
        for details in event.values():
            if isinstance(details, Mapping):
                yield from (text for text in details.values() if isinstance(text, str))


@pytest.mark.parametrize("engine", ["classic", "instance"])
def test_an_arn_that_paging_repeats_counts_once(engine: str) -> None:
    found = findings(HIGH=2, MEDIUM=12)
    world = World([Image(ami_id(1), "web")], {"*": found}, {"*": Behaviour(repeat_arns=5)})
    ended = run(world, configuration([ami_id(1)], engine))
    assert ended.ami(ami_id(1)).findings == counted(found, engine)


def golden_ami(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from golden_ami_cli.main import main; main()", *arguments]
    return subprocess.run(program, capture_output=True, text=True, check=False)


def test_the_command_prints_one_object_and_gates(tmp_path: Path) -> None:
    ended = golden_ami("assess", "--local", "--output", "json", "--gate", "--report-dir", str(tmp_path))
    answer = json.loads(ended.stdout)
    assert ended.returncode == {"PASS": 0, "FAIL": 3, "NOT_ASSESSED": 4}[answer["verdict"]]
    assert answer["executionStatus"] == "SUCCEEDED"
    assert Path(answer["reports"]["json"]).parent == tmp_path
    assert len(json.loads(Path(answer["reports"]["json"]).read_text())["amis"]) == 5
    progress = ended.stderr.splitlines()
    assert progress[0] == "Assessing in the embedded AWS"
    assert progress[1].startswith("0:00:0")
    assert (tmp_path / "history.html").stat().st_size > 20_000
    assert progress[-1].split()[1:] == ["Execution", "succeeded"]
