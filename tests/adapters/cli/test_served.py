"""The embedded AWS over HTTP: the stock AWS CLI, which we did not write, and our own commands against it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from patience import until

from golden_ami.probes import RULES

if TYPE_CHECKING:
    from tests.adapters.cli.conftest import Ended, Served

GIVEN = json.dumps({"AMIsParamName": "ContinuousAssessmentInput"})
AWS = shutil.which("aws", path=str(Path(sys.executable).parent)) or "aws"


@pytest.fixture(scope="module")
def run(served: Served) -> dict[str, Any]:
    """A run of the sample that has succeeded, as `assess` told it."""
    ended = served.golden_ami("assess", "--stack", "golden-ami", "--output", "json")
    assert ended.status == 0, ended.err
    progress = ended.err.splitlines()
    assert progress[-1].split()[1:] == ["Execution", "succeeded"]
    assert len(progress) > 10
    answer: dict[str, Any] = ended.json
    return answer


def aws(served: Served, *arguments: str) -> Any:
    ended = served.command(AWS, *arguments, "--output", "json")
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


def test_the_stock_aws_cli_runs_an_assessment(served: Served) -> None:
    (machine,) = aws(served, "stepfunctions", "list-state-machines")["stateMachines"]
    start = ["--state-machine-arn", machine["stateMachineArn"], "--input", GIVEN, "--name", "by-the-aws-cli"]
    arn = aws(served, "stepfunctions", "start-execution", *start)["executionArn"]

    def over() -> bool:
        return bool(aws(served, "stepfunctions", "describe-execution", "--execution-arn", arn)["status"] != "RUNNING")

    until(over)
    history = aws(served, "stepfunctions", "get-execution-history", "--execution-arn", arn, "--page-size", "7")[
        "events"
    ]
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert history[-1]["type"] == "ExecutionSucceeded"
    (last,) = aws(
        served, "stepfunctions", "get-execution-history", "--execution-arn", arn, "--reverse-order", "--max-items", "1"
    )["events"]
    assert last == history[-1]
    waited = [
        event["timestamp"]
        for event in history
        if event.get("stateEnteredEventDetails", {}).get("name") == "Wait For Boot"
    ]
    assert len(waited) == 1
    reservations = aws(
        served, "ec2", "describe-instances", "--filters", "Name=tag:continuous-assessment-run,Values=by-the-aws-cli"
    )["Reservations"]
    states = [instance["State"]["Name"] for one in reservations for instance in one["Instances"]]
    assert states == ["terminated"] * 5
    found = aws(served, "inspector2", "list-findings", "--page-size", "10")["findings"]
    assert found
    assert {finding["severity"] for finding in found} >= {"CRITICAL", "HIGH"}


def test_assess_prints_the_same_for_a_stack_as_locally(run: dict[str, Any]) -> None:
    assert run["executionStatus"] == "SUCCEEDED"
    assert {ami["amiId"][-1]: ami["verdict"] for ami in run["amis"]} == {
        "1": "FAIL", "2": "FAIL", "3": "FAIL", "4": "PASS", "5": "PASS",
    }  # fmt: skip
    assert run["instances"] == {"launched": 5, "terminated": 5, "running": 0}
    assert [message["topic"] for message in run["notifications"]] == ["results"]
    assert run["engine"] == "instance"
    assert run["reports"]["html"].startswith("s3://")


def test_runs_lists_it(served: Served, run: dict[str, Any]) -> None:
    (listed,) = [one for one in served.golden_ami("runs", "-o", "json").json if one["runId"] == run["runId"]]
    assert (listed["status"], listed["verdict"]) == ("SUCCEEDED", "FAIL")
    assert listed["startedBy"].startswith("arn:aws:")
    assert (listed["amis"], listed["passed"], listed["failed"], listed["notAssessed"]) == (5, 2, 3, 0)
    assert listed["seconds"] > 240
    assert {name: count for name, count in listed["findings"].items() if count} == {
        name: count for name, count in run["totals"].items() if count
    }
    text = served.golden_ami("runs").out
    assert run["runId"] in text
    assert f"started by {listed['startedBy']}" in " ".join(text.split())


def test_watch_tells_a_run_that_is_over(served: Served, run: dict[str, Any]) -> None:
    watched = served.golden_ami("watch", run["runId"], "-o", "json", "--gate")
    assert watched.status == 3
    assert watched.json == run


def test_watch_believes_no_report_that_was_changed(served: Served, run: dict[str, Any], tmp_path: Path) -> None:
    at = run["reports"]["json"]
    kept, forged = tmp_path / "kept.json", tmp_path / "forged.json"
    assert served.command(AWS, "s3", "cp", at, str(kept)).status == 0
    forged.write_text(kept.read_text().replace('"FAIL"', '"PASS"'))
    assert served.command(AWS, "s3", "cp", str(forged), at).status == 0
    try:
        watched = served.golden_ami("watch", run["runId"], "--gate")
        assert watched.status == 1
        assert "report.json was changed" in watched.err
    finally:
        assert served.command(AWS, "s3", "cp", str(kept), at).status == 0


def test_cancel_proves_that_nothing_runs(unhurried: Served) -> None:
    served = unhurried  # else the hour might be over before this process is asked to cancel
    arn = served.golden_ami("assess", "--stack", "golden-ami", "--detach", "--parameter", slow(served)).out.strip()

    def launched() -> bool:
        states = ["--filters", f"Name=tag:continuous-assessment-run,Values={arn.rpartition(':')[2]}"]
        reservations = aws(served, "ec2", "describe-instances", *states)["Reservations"]
        return sum(len(one["Instances"]) for one in reservations) == 5

    until(launched)
    cancelled = served.golden_ami("cancel", arn.rpartition(":")[2], "-o", "json")
    assert cancelled.status == 0, cancelled.err
    assert (cancelled.json["statusBefore"], len(cancelled.json["terminated"]), cancelled.json["running"]) == (
        "RUNNING",
        5,
        [],
    )
    assert cancelled.json["reported"]
    described = aws(served, "stepfunctions", "describe-execution", "--execution-arn", arn)
    assert (described["status"], described["error"]) == ("ABORTED", "Cancelled")
    until(lambda: served.golden_ami("history", arn, "--verify").status == 0)
    again = served.golden_ami("cancel", arn)
    assert (again.status, "ended before (ABORTED)" in again.out) == (0, True)


def slow(served: Served) -> str:
    """A parameter of which the run boots for an hour."""
    content = aws(served, "ssm", "get-parameter", "--name", "ContinuousAssessmentInput")["Parameter"]["Value"]
    value = json.dumps(json.loads(content) | {"waits": {"bootSeconds": 3600}})
    aws(
        served, "ssm", "put-parameter", "--name", "ContinuousAssessmentInput-slow", "--type", "String", "--value", value
    )
    return "ContinuousAssessmentInput-slow"


def launched(served: Served, image: str, run_id: str) -> str:
    """An instance as the stack launches it, long expired."""
    [stack] = aws(served, "cloudformation", "describe-stacks", "--stack-name", "golden-ami")["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    tags = {
        "continuous-assessment-instance": "true",
        "continuous-assessment-stack": "golden-ami",
        "continuous-assessment-run": run_id,
        "continuous-assessment-expires-at": "2026-01-01T00:00:00Z",
    }
    given = json.dumps([{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}])
    profile = f"Name={outputs['InstanceProfileName']}"
    launch = ["--image-id", image, "--tag-specifications", given, "--iam-instance-profile", profile, "--count", "1"]
    return str(aws(served, "ec2", "run-instances", *launch)["Instances"][0]["InstanceId"])


def test_cancel_says_so_when_something_runs(served: Served, run: dict[str, Any]) -> None:
    """An instance of the run that nobody terminates: the run is over, and the proof fails."""
    made = launched(served, run["amis"][0]["amiId"], run["runId"])
    try:
        cancelled = served.golden_ami("cancel", run["runId"], "--timeout", "1")
        assert cancelled.status == 5
        assert f"--instance-ids {made}" in cancelled.err
        assert "1 running" in cancelled.out
    finally:
        aws(served, "ec2", "terminate-instances", "--instance-ids", made)


def test_reap_lists_first_and_terminates_then(served: Served, run: dict[str, Any]) -> None:
    made = launched(served, run["amis"][0]["amiId"], "an-old-run")
    looked = served.golden_ami("reap", "--dry-run", "-o", "json").json
    assert (looked["found"], looked["terminated"]) == (1, 0)
    assert looked["instances"][0]["instance"] == made
    assert served.golden_ami("reap", "-o", "json").json["terminated"] == 1
    assert served.golden_ami("reap", "--dry-run").out.startswith("0 outlived")


def test_history_from_aws_and_verified(served: Served, run: dict[str, Any], tmp_path: Path) -> None:
    until(lambda: served.golden_ami("history", run["runId"], "--verify").status == 0)
    told = served.golden_ami("history", run["runId"], "-o", "json").json
    assert (told["status"], told["verdict"]) == ("SUCCEEDED", "FAIL")
    page = tmp_path / "run.html"
    assert served.golden_ami("history", run["runId"], "--html", str(page)).status == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    bucket = run["reports"]["json"].removeprefix("s3://").partition("/")[0]
    key = f"runs/{run['runId']}/history/input.json"
    assert served.command(AWS, "s3", "cp", "-", f"s3://{bucket}/{key}-x").status == 0
    (tmp_path / "forged.json").write_text("{}")
    assert served.command(AWS, "s3", "cp", str(tmp_path / "forged.json"), f"s3://{bucket}/{key}").status == 0
    forged = served.golden_ami("history", run["runId"], "--verify")
    assert forged.status == 1
    assert "input.json was changed" in forged.err


@pytest.mark.parametrize("form", ["json", "html", "text", "csv", "sarif", "cyclonedx", "junit", "asff"])
def test_report_in_every_format(served: Served, run: dict[str, Any], form: str, tmp_path: Path) -> None:
    if form == "json":
        assert served.golden_ami("report", run["runId"], "--format", "json").json["verdict"] == "FAIL"
        return
    file = tmp_path / "report"
    rendered = served.golden_ami("report", run["runId"], "--format", form, "--out", str(file))
    assert (rendered.status, rendered.err) == (0, "")
    assert ("upgrade" if form == "text" else "CVE-") in file.read_text(encoding="utf-8").lower().replace("cve-", "CVE-")


def test_config_push_goes_where_it_fits(served: Served, tmp_path: Path) -> None:
    def entry(number: int) -> dict[str, str]:
        return {"amiId": f"ami-{number:017x}"}

    def pushed(count: int, *options: str) -> Any:
        file = tmp_path / "amis.json"
        file.write_text(json.dumps({"amis": [entry(number) for number in range(1, count + 1)]}))
        return served.golden_ami(
            "config", "push", str(file), "--parameter", "ContinuousAssessmentInput-pushed", "-o", "json", *options
        ).json

    assert pushed(10)["tier"] == "Standard"
    assert pushed(150, "--advanced", "--dry-run")["tier"] == "Advanced"
    stored = pushed(2000)
    assert stored["document"].startswith("s3://")
    value = aws(served, "ssm", "get-parameter", "--name", "ContinuousAssessmentInput-pushed")["Parameter"]["Value"]
    assert json.loads(value) == {"version": 1, "document": stored["document"]}
    shown = served.golden_ami("config", "show", "--parameter", "ContinuousAssessmentInput-pushed", "-o", "json").json
    assert len(shown["amis"]) == 2000
    assert {ami["reason"]["code"] for ami in shown["amis"]} == {"AMI_NOT_FOUND"}


def test_estimate_has_the_actual_figures_beside_it(served: Served, run: dict[str, Any]) -> None:
    lines = {line["what"]: line for line in served.golden_ami("estimate", "--run", run["runId"], "-o", "json").json}
    transitions = lines["State transitions"]
    assert transitions["actual"] == run["transitions"]
    assert transitions["least"] <= transitions["actual"] <= transitions["most"]
    instances = lines["4 x t3.small"]
    assert instances["least"] <= instances["actual"] <= instances["most"]
    assert instances["leastCost"] <= instances["actualCost"] <= instances["mostCost"]
    assert instances["price"].startswith("$0.0208 per instance hour")
    told = served.golden_ami("estimate").out
    assert "A run: $" in told
    assert "A month of 4 runs with Network=own: $2" in told
    assert "Total: $" in served.golden_ami("estimate", "--run", run["runId"]).out


def test_doctor_against_a_stack(served: Served) -> None:
    told = served.golden_ami("doctor", "-o", "json")
    assert told.status == 0, told.out
    assert {one["status"] for one in told.json} == {"ok", "warning"}


def test_a_probe_of_each_rule_arrives(served: Served) -> None:
    told = served.golden_ami("doctor", "--probe", "-o", "json")
    assert told.status == 0, told.out
    arrived = {one["check"]: one["cause"] for one in told.json if one["check"].startswith("probe ")}
    assert arrived.keys() == {f"probe {rule}" for rule in RULES}
    assert all(cause.startswith("arrived by ") for cause in arrived.values()), arrived


def test_a_port_that_is_taken_is_said_to_be(served: Served) -> None:
    port = served.environment["AWS_ENDPOINT_URL"].rpartition(":")[2]
    ended = served.golden_ami("local", "serve", "--port", port)
    assert (ended.status, ended.out) == (2, "")
    assert "choose another" in ended.err


def refused(ended: Ended) -> bool:
    return ended.out == "" and ended.err.startswith("golden-ami: ") and "Traceback" not in ended.err


def test_what_does_not_exist_is_named_with_a_remedy(served: Served) -> None:
    for arguments in (["watch", "nobody"], ["cancel", "nobody"], ["report", "nobody"], ["estimate", "--run", "nobody"]):
        ended = served.golden_ami(*arguments)
        assert ended.status == 2, arguments
        assert refused(ended)
        assert "golden-ami runs" in ended.err
    nowhere = served.golden_ami("runs", "--stack", "nonesuch")
    assert nowhere.status == 2
    assert "--region" in nowhere.err
    assert "Traceback" in served.golden_ami("runs", "--stack", "nonesuch", "--debug").err


def test_named_amis_are_assessed_with_the_settings_of_the_stack(served: Served) -> None:
    """Whatever its parameter lists; the exception in it holds for the one that it is made for."""
    amis = ["ami-0a1b2c3d4e5f60004", "ami-0a1b2c3d4e5f60005"]
    named = [word for ami in amis for word in ("--ami", ami)]
    ended = served.golden_ami("assess", "--stack", "golden-ami", *named, "--output", "json")
    assert ended.status == 0, ended.err
    assert {ami["amiId"]: ami["verdict"] for ami in ended.json["amis"]} == dict.fromkeys(amis, "PASS")
    assert "1 accepted by exception" in [ami["reason"] for ami in ended.json["amis"]]
    kept = served.golden_ami("config", "show", "--stack", "golden-ami", "--output", "json")
    assert len(kept.json["amis"]) == 5, "the stack's own configuration stays"
