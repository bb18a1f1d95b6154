"""The handler against an emulated account: what is stored, what is sent, what is answered."""

from __future__ import annotations

import json
from typing import Any

import boto3
import msgspec
import pytest
from botocore.client import BaseClient
from botocore.validate import ParamValidator
from report_world import Image, ami, fault, finding

from golden_ami.models import Act, Config, Reason
from golden_ami_emulator.calls import client_error


def _calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What is asked of AWS from now on; EnableImageDeprecation, which the emulation lacks, is answered here."""
    calls: list[tuple[str, dict[str, Any]]] = []
    base: Any = BaseClient
    real = base._make_api_call

    def recorded(client: Any, name: str, given: dict[str, Any]) -> Any:
        calls.append((name, given))
        if name == "EnableImageDeprecation":
            shape = client.meta.service_model.operation_model(name).input_shape
            assert not ParamValidator().validate(given, shape).has_errors()
            return {"Return": True}
        return real(client, name, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
    return calls


def test_one_run_ends_in_a_report_and_one_message(stack: Any) -> None:
    unlaunched = Reason(code="LAUNCH_FAILED", message="no capacity", remedy="Try another instance type.")
    stack.open(
        "run-1",
        [
            (ami("ami-0a", tags={"Name": "web", "continuous-assessment-x": "y"}), [finding("CVE-2026-1")]),
            (ami("ami-0b", lineage="db"), []),
            (ami("ami-0c", lineage="etl", reason=unlaunched), None),
        ],
    )
    answer = stack.aggregate("run-1")
    assert answer == {
        "succeeded": True,
        "error": "",
        "cause": "",
        "output": {
            "runId": "run-1",
            "verdict": "FAIL",
            "amis": {"passed": 1, "failed": 1, "notAssessed": 1},
            "report": "s3://golden-ami-reports/runs/run-1/report.json",
            "history": "s3://golden-ami-reports/runs/run-1/history/",
        },
    }
    report = stack.report("run-1")
    assert {one["amiId"]: one["verdict"] for one in report["amis"]} == {
        "ami-0a": "FAIL",
        "ami-0b": "PASS",
        "ami-0c": "NOT_ASSESSED",
    }
    assert report["totals"] | {"failed": 1, "passed": 1, "notAssessed": 1, "findings": 1} == report["totals"]
    (message,) = stack.messages()
    assert message["Subject"] == "Golden AMIs: FAIL - 1 fail, 1 not assessed, 1 pass"
    assert "openssl 3.0.7 -> 3.0.8 closes 1 finding" in message["Message"]
    assert "no capacity. Try another instance type." in message["Message"]
    run = stack.ledger.run("run-1")
    assert (run.verdict, run.report_key, run.error) == ("FAIL", "runs/run-1/report.json", "")
    assert run.completed_at == report["run"]["completedAt"]


def test_tags_that_are_left_are_written_before_the_report(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the report says what findings have not taken."""
    config = Config(security_hub=True)
    found = [finding("CVE-2026-1", arn="arn:aws:inspector2:us-east-1:123456789012:finding/1")]
    stack.open("run-1", [(ami("ami-0a", tags={"Name": "web"}), found)], config)
    calls: list[str] = []
    base: Any = BaseClient
    real = base._make_api_call

    def refused(client: Any, name: str, given: dict[str, Any]) -> Any:
        calls.append(name)
        if name == "BatchUpdateFindings":
            raise client_error("InvalidAccessException", name, status=401)
        return real(client, name, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", refused)
    stack.aggregate("run-1")
    assert calls.count("BatchUpdateFindings") == 1
    [note] = [note for note in stack.report("run-1")["amis"][0]["notes"] if "Security Hub" in note]
    assert note.startswith("1 findings in us-east-1 did not take the AMI's tags")


def test_a_retry_changes_nothing_and_sends_nothing(stack: Any) -> None:
    stack.open("run-1", [(ami("ami-0a"), [finding("CVE-2026-1")])])
    first = stack.aggregate("run-1")
    report = stack.report("run-1")
    assert len(stack.messages()) == 1
    assert stack.aggregate("run-1") == first
    assert stack.messages() == []
    assert stack.report("run-1") == report
    assert len(stack.register("web").assessments) == 1


def test_an_unsent_message_is_sent_by_the_retry(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.open("run-1", [(ami("ami-0a"), [])])
    topic = stack.topics["results"]
    monkeypatch.setenv("RESULTS_TOPIC_ARN", topic + "-gone")
    with pytest.raises(Exception, match="does not exist"):
        stack.aggregate("run-1")
    monkeypatch.setenv("RESULTS_TOPIC_ARN", topic)
    assert stack.aggregate("run-1")["succeeded"]
    assert len(stack.messages()) == 1


def test_the_second_run_says_what_is_new_fixed_and_open(stack: Any) -> None:
    image = ami("ami-0a")
    stack.open("run-1", [(image, [finding("CVE-1"), finding("CVE-2")])])
    stack.aggregate("run-1")
    stack.open("run-2", [(image, None)])  # not assessed: nothing looks fixed
    stack.aggregate("run-2")
    again = finding("CVE-2", arn="arn:another", first_observed_at="2026-02-01T00:00:00Z")
    stack.open("run-3", [(image, [again, finding("CVE-3")])])
    stack.aggregate("run-3")
    assert "sinceLastRun" not in stack.report("run-2")["amis"][0]
    change = stack.report("run-3")["amis"][0]["sinceLastRun"]
    assert (change["runId"], change["new"], change["open"], change["fixed"]) == ("run-1", 1, 1, 1)
    assert [item["vulnerability"] for item in change["newItems"]] == ["CVE-3"]
    assert [item["vulnerability"] for item in change["fixedItems"]] == ["CVE-1"]
    assert [point["runId"] for point in stack.report("run-3")["trend"]] == ["run-1", "run-3"]


def test_the_next_ami_of_a_lineage_is_compared_with_the_one_before(stack: Any) -> None:
    stack.open("run-1", [(ami("ami-41", name="web-v41"), [finding("CVE-1")])])
    stack.aggregate("run-1")
    stack.open("run-2", [(ami("ami-42", name="web-v42"), [finding("CVE-2")])])
    stack.aggregate("run-2")
    (found,) = stack.report("run-2")["amis"]
    assert "sinceLastRun" not in found
    change = found["sincePreviousAmi"]
    assert (change["amiId"], change["new"], change.get("open", 0), change["fixed"]) == ("ami-41", 1, 0, 1)


def test_load_config_failed_before_there_was_a_run(stack: Any) -> None:
    caught = fault(
        "InvalidConfiguration", "parameter X has 2 problems:\n1. amis[0]: 5; write an object\n2. engine: y; z"
    )
    answer = stack.aggregate("run-1", error=caught)
    assert (answer["succeeded"], answer["error"]) == (False, "InvalidConfiguration")
    assert answer["output"]["verdict"] == "NOT_ASSESSED"
    told, _, remedy = answer["cause"].partition(" When ")
    assert told == "parameter X has 2 problems: 1. amis[0]: 5; write an object 2. engine: y; z."
    assert remedy.startswith("this is mended, start a new run")
    (message,) = stack.messages()
    assert message["Subject"] == "Golden AMI assessment could not complete: InvalidConfiguration"
    assert told in message["Message"]
    assert "stackTrace" not in message["Message"]
    assert stack.aggregate("run-1", error=caught) == answer
    assert stack.messages() == []


def test_a_caught_fault_fails_the_run_and_leaves_nothing_clean(stack: Any) -> None:
    stack.open("run-1", [(ami("ami-0a"), []), (ami("ami-0b", lineage="db"), None)])
    answer = stack.aggregate("run-1", error=fault("EngineUnavailable", "Inspector is off; turn it on"))
    assert (answer["succeeded"], answer["error"]) == (False, "EngineUnavailable")
    assert answer["cause"].startswith("Inspector is off; turn it on. When this is mended, start a new run")
    amis = {one["amiId"]: one for one in stack.report("run-1")["amis"]}
    assert amis["ami-0a"]["verdict"] == "PASS"
    assert amis["ami-0b"]["reason"]["code"] == "RUN_FAILED"


def test_a_failed_batch_does_not_fail_the_run(stack: Any) -> None:
    stack.open("run-1", [(ami("ami-0a"), []), (ami("ami-0b", lineage="db"), None)])
    answer = stack.aggregate(
        "run-1", findings=[{"batch": "ami-0b", "error": "FindingsIncomplete"}, {"batch": "ami-0a"}]
    )
    assert answer["succeeded"]
    assert answer["output"]["verdict"] == "NOT_ASSESSED"
    reason = {one["amiId"]: one.get("reason") for one in stack.report("run-1")["amis"]}["ami-0b"]
    assert reason["code"] == "STEP_FAILED"
    assert "Tag Findings" in reason["message"]
    assert "FindingsIncomplete" in reason["message"]


def test_instances_left_running_fail_the_run(stack: Any) -> None:
    stack.open("run-1", [(ami("ami-0a"), [])])
    answer = stack.aggregate("run-1", instances={"launched": 2, "terminated": 1, "running": 1})
    assert (answer["succeeded"], answer["error"]) == (False, "InstancesRunning")
    assert "continuous-assessment-run=run-1" in answer["cause"]


def test_a_damaged_object_spoils_only_its_own_ami(stack: Any) -> None:
    stack.open("run-1", [(ami("ami-0a"), []), (ami("ami-0b", lineage="db"), [])])
    stack.s3.put_object(Bucket="golden-ami-reports", Key="runs/run-1/findings/ami-0b.ndjson", Body=b'{"arn": 5}\n')
    assert stack.aggregate("run-1")["succeeded"]
    amis = {one["amiId"]: one for one in stack.report("run-1")["amis"]}
    assert amis["ami-0a"]["verdict"] == "PASS"
    assert amis["ami-0b"]["reason"]["code"] == "FINDINGS_UNREADABLE"


_LINE = msgspec.json.encode(finding("CVE-1", severity="LOW"))


@pytest.mark.parametrize("before", [b"", _LINE + b"\n", (_LINE + b"\n") * 25], ids=["first", "second", "late"])
@pytest.mark.parametrize(
    "garbage",
    [
        b"garbage", b"null", b"[]", b"7", b"{}", b" ", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf" + _LINE, _LINE[:-1],
        _LINE[: len(_LINE) // 2], _LINE + _LINE, _LINE.replace(b'"LOW"', b'"WORSE"'), _LINE.replace(b'"LOW"', b"null"),
        _LINE.replace(b"CVE-1", b"\xff\xfe"),
        _LINE.replace(b'"source"', b'"origin"'), _LINE.replace(b'"arn":"', b'"arn":5,"x":"'),
    ],
    ids=lambda garbage: f"{len(garbage)} bytes",
)  # fmt: skip
def test_a_garbage_line_is_never_a_pass(stack: Any, before: bytes, garbage: bytes) -> None:
    stack.open("run-1", [(ami("ami-0a"), [])])
    key = "runs/run-1/findings/ami-0a.ndjson"
    stack.s3.put_object(Bucket="golden-ami-reports", Key=key, Body=before + garbage + b"\n" + _LINE + b"\n")
    answer = stack.aggregate("run-1")
    assert (answer["succeeded"], answer["output"]["verdict"]) == (True, "NOT_ASSESSED")
    (found,) = stack.report("run-1")["amis"]
    assert (found["verdict"], found["reason"]["code"]) == ("NOT_ASSESSED", "FINDINGS_UNREADABLE")
    assert key in found["reason"]["message"]
    assert not found.get("counts")
    assert stack.ledger.register_note("123456789012/us-east-1/web") is None, "nothing is compared with it later"
    assert "NOT ASSESSED" in stack.messages()[0]["Message"]


def test_an_owner_with_a_route_is_sent_only_theirs(stack: Any) -> None:
    config = Config(routes={"payments": stack.topics["payments"], "nobody": stack.topics["payments"]})
    stack.open(
        "run-1",
        [
            (ami("ami-0a", name="pay", tags={"Owner": "payments"}), [finding("CVE-1")]),
            (ami("ami-0b", lineage="db", name="secret-db", tags={"Owner": "data"}), []),
        ],
        config,
    )
    stack.aggregate("run-1")
    assert len(stack.messages()) == 1
    (theirs,) = stack.messages("payments")
    assert theirs["Subject"] == "Golden AMIs (payments): FAIL - 1 fail"
    assert "secret-db" not in theirs["Message"]


@pytest.mark.parametrize("topic", ["arn:aws:sns:us-east-1:123456789012:gone", "no ARN"])
def test_a_route_that_refuses_fails_nothing(stack: Any, topic: str) -> None:
    stack.open("run-1", [(ami("ami-0a", tags={"Owner": "payments"}), [])], Config(routes={"payments": topic}))
    assert stack.aggregate("run-1")["succeeded"]
    assert len(stack.messages()) == 1


def _acting(**fields: Any) -> Config:
    return Config(act=Act(tag_amis=True, events=True, deprecate=True, **fields))


def _images(stack: Any) -> tuple[Any, str, str]:
    ec2 = boto3.client("ec2", region_name="us-east-1")
    ids = [ec2.register_image(Name=name, RootDeviceName="/dev/xvda")["ImageId"] for name in ("good", "bad")]
    images = [(ami(ids[0], lineage="good"), []), (ami(ids[1], lineage="bad"), [finding("CVE-1")])]
    stack.images = images
    return ec2, ids[0], ids[1]


def test_acting_is_a_dry_run_unless_asked(stack: Any) -> None:
    ec2, good, bad = _images(stack)
    stack.open("run-1", stack.images, _acting())
    stack.aggregate("run-1")
    actions = {one["action"]: (one["amis"], one["done"]) for one in stack.report("run-1")["actions"]}
    assert actions == {"tag": (2, False), "deprecate": (1, False), "event": (2, False)}
    for image in ec2.describe_images(ImageIds=[good, bad])["Images"]:
        assert not image.get("Tags")
        assert not image.get("DeprecationTime")


def test_acting_tags_announces_and_deprecates(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ec2, good, bad = _images(stack)
    calls = _calls(monkeypatch)
    stack.open("run-1", stack.images, _acting(dry_run=False))
    stack.aggregate("run-1")
    tags = {
        image["ImageId"]: {tag["Key"]: tag["Value"] for tag in image["Tags"]}
        for image in ec2.describe_images(ImageIds=[good, bad])["Images"]
    }
    completed = stack.report("run-1")["run"]["completedAt"]
    for image, verdict in ((good, "PASS"), (bad, "FAIL")):
        expected = {"assessment-verdict": verdict, "assessment-run": "run-1", "assessment-completed-at": completed}
        assert tags[image] == expected
    (entries,) = [given["Entries"] for name, given in calls if name == "PutEvents"]
    details = [json.loads(entry["Detail"]) for entry in entries]
    assert {entry["DetailType"] for entry in entries} == {"Golden AMI Assessed"}
    assert {detail["amiId"]: detail["verdict"] for detail in details} == {good: "PASS", bad: "FAIL"}
    deprecated = [given["ImageId"] for name, given in calls if name == "EnableImageDeprecation"]
    assert deprecated == [bad]


def test_a_refused_action_is_told_and_fails_nothing(stack: Any) -> None:
    images = [(ami("ami-0123456789abcdef0"), [finding("CVE-1")])]  # EC2 knows no such AMI
    stack.open("run-1", images, Config(act=Act(dry_run=False, tag_amis=True)))
    assert stack.aggregate("run-1")["succeeded"]
    (action,) = stack.report("run-1")["actions"]
    assert (action["amis"], action["done"]) == (0, False)
    assert "ami-0123456789abcdef0" in action["detail"]


@pytest.mark.parametrize("dry", [True, False])
def test_what_ec2_does_not_know_is_not_tagged(stack: Any, monkeypatch: pytest.MonkeyPatch, dry: bool) -> None:
    calls = _calls(monkeypatch)
    gone = Reason(code="AMI_NOT_FOUND", message="m", remedy="r")
    unresolved = Reason(code="AMI_PARAMETER_NOT_FOUND", message="m", remedy="r")
    images: list[Image] = [
        (ami("ami-0a", lineage="a", reason=gone), None),
        (ami("resolve:ssm:/golden/web", lineage="b", key="p", reason=unresolved), None),
        (ami("ami-0c", lineage="c"), []),
    ]
    stack.open("run-1", images, Config(act=Act(dry_run=dry, tag_amis=True)))
    stack.aggregate("run-1")
    assert [given["Resources"] for name, given in calls if name == "CreateTags"] == ([] if dry else [["ami-0c"]])
    (action,) = stack.report("run-1")["actions"]
    assert (action["amis"], action["asked"]) == (1 if dry else 0, 1)
    assert "resolve" not in action["detail"]


def test_events_go_in_tens(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _calls(monkeypatch)
    images: list[Image] = [(ami(f"ami-{number}", lineage=f"{number}"), []) for number in range(23)]
    stack.open("run-1", images, Config(act=Act(dry_run=False, events=True)))
    stack.aggregate("run-1")
    assert [len(given["Entries"]) for name, given in calls if name == "PutEvents"] == [10, 10, 3]


def test_an_event_that_is_refused_is_told_and_the_others_count(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """PutEvents answers 200 though it took only some entries (EventBridge API Reference, PutEvents)."""
    base: Any = BaseClient
    real = base._make_api_call

    def partly(client: Any, name: str, given: dict[str, Any]) -> Any:
        answer = real(client, name, given)
        if name == "PutEvents":
            answer["Entries"][-1] = {"ErrorCode": "InternalFailure", "ErrorMessage": "try later"}
            answer["FailedEntryCount"] = 1
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", partly)
    images: list[Image] = [(ami(f"ami-{number}", lineage=f"{number}"), []) for number in range(12)]
    stack.open("run-1", images, Config(act=Act(dry_run=False, events=True)))
    assert stack.aggregate("run-1")["succeeded"]
    (action,) = stack.report("run-1")["actions"]
    assert (action["amis"], action["done"], action["refused"]) == (10, False, 2)
    assert action["detail"].startswith("10 of 12 done: ami-0, ")
    assert "; 2 refused: ami-" in action["detail"]
    assert action["detail"].endswith(": InternalFailure: try later")
    assert len(stack.messages()) == 1
