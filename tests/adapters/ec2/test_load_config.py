"""load-config: from the parameter to an open run."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from golden_ami.configuration import loading
from golden_ami.engines.registry import automatic
from golden_ami.errors import (
    EngineUnavailable,
    InvalidConfiguration,
    InvalidEvent,
    ServiceRejected,
    Throttled,
)
from golden_ami.ledger import Ledger
from golden_ami.models import Ami, Run

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack

ACCOUNT = "123456789012"
PARAMETER = "ContinuousAssessmentInput"


def ami_id(number: int) -> str:
    return f"ami-{number:017x}"


def rows(stack: Stack, run_id: str = "run-1") -> dict[str, Ami]:
    return {ami.key: ami for ami in stack.ledger.amis(run_id)}


def codes(stack: Stack) -> dict[str, str]:
    return {key: ami.reason.code for key, ami in rows(stack).items() if ami.reason}


def test_our_tags_of_an_earlier_verdict_are_not_the_amis(stack: Stack) -> None:
    ours = dict.fromkeys(("assessment-verdict", "assessment-run", "assessment-completed-at"), "x")
    stack.image(ami_id(1), tags={"Owner": "web", "assessment-level": "theirs", **ours})
    stack.load([{"amiId": ami_id(1)}])
    assert rows(stack)[ami_id(1)].tags == {"Owner": "web", "assessment-level": "theirs"}


def test_the_input_of_2017_opens_a_run(stack: Stack) -> None:
    stack.image(ami_id(1), name="web-2026-03-01", tags={"app-name": "shop", "empty": ""})
    answer = stack.load([{"ami-id": ami_id(1), "instanceType": "t3.small", "userData": "#!/bin/sh\n"}])
    assert answer == {
        "assessable": 1,
        "needsInstances": True,
        "batches": [ami_id(1)],
        "waits": {
            "bootSeconds": 240,
            "agentPollSeconds": 30,
            "agentDeadlineSeconds": 900,
            "assessmentSeconds": 3600,
            "pollSeconds": 300,
            "completionDeadlineSeconds": 10800,
            "languagePackagesSeconds": 3600,
            "findingsSeconds": 900,
        },
        "assessment": {"nextLookSeconds": 300},
        "duplicateOf": "",
    }
    ami = rows(stack)[ami_id(1)]
    assert (ami.name, ami.lineage, ami.architecture, ami.platform) == ("web-2026-03-01", "web", "x86_64", "Linux/UNIX")
    assert (ami.root_device, ami.volumes) == ("/dev/sda1", {"/dev/sda1": 15})
    assert ami.tags == {"app-name": "shop", "empty": ""}
    assert (ami.engine, ami.entry.user_data) == ("instance", "")
    assert ami.user_data_sha256 == hashlib.sha256(b"#!/bin/sh\n").hexdigest()
    run = stack.ledger.run("run-1")
    assert (run.parameter, run.ami_count, run.started_at) == (PARAMETER, 1, "2026-04-01T08:00:00.123Z")
    assert run.expires_at == "2026-04-01T13:19:00.123Z", "start + 240 + 900 + 10,800 s + 7,200 s for its end"


def test_one_bad_ami_of_many_costs_only_itself(stack: Stack) -> None:
    stack.image(ami_id(1))
    stack.image(ami_id(3), state="pending")
    stack.image(ami_id(4), architecture="arm64")
    stack.image(ami_id(5), architecture="arm64")
    stack.image(ami_id(6))
    stack.image(ami_id(7), architecture="arm64_mac")
    kinds = {4: "t3.small", 6: "x99.huge"}
    answer = stack.load(
        [{"ami-id": ami_id(n)} | ({"instanceType": kinds[n]} if n in kinds else {}) for n in range(1, 8)]
    )
    assert answer["batches"] == [ami_id(1), ami_id(5)]
    assert codes(stack) == {
        ami_id(2): "AMI_NOT_FOUND",
        ami_id(3): "AMI_NOT_AVAILABLE",
        ami_id(4): "ARCHITECTURE_MISMATCH",
        ami_id(6): "INSTANCE_TYPE_UNKNOWN",
        ami_id(7): "INSTANCE_TYPE_MISSING",
    }
    amis = rows(stack)
    assert amis[ami_id(1)].entry.instance_type == "t3.medium"
    assert amis[ami_id(1)].vcpus == 2
    assert amis[ami_id(5)].entry.instance_type == "t4g.medium"
    assert {amis[key].batch for key in codes(stack)} == {"none"}
    mismatch = amis[ami_id(4)].reason
    assert mismatch is not None
    assert (mismatch.message, mismatch.remedy) == (
        "the AMI is for arm64, but t3.small runs x86_64",
        "give an instanceType for arm64, like t4g.medium",
    )


def test_nothing_assessable_is_an_answer(stack: Stack) -> None:
    answer = stack.load([{"ami-id": ami_id(1)}])
    assert (answer["assessable"], answer["needsInstances"], answer["batches"]) == (0, False, [])


def test_parameters_are_resolved_in_tens_and_duplicates_assessed_once(stack: Stack) -> None:
    for number in range(1, 13):
        stack.parameter(stack.image(ami_id(number)), name=f"/golden/{number}")
    stack.parameter("not an id", name="/golden/wrong")
    names = [f"resolve:ssm:/golden/{number}" for number in range(1, 13)]
    entries = [{"amiId": name} for name in [*names, "resolve:ssm:/golden/none", "resolve:ssm:/golden/wrong"]]
    answer = stack.load({"amis": [*entries, {"amiId": ami_id(3), "instanceType": "t3.small"}]})
    assert answer["batches"] == [ami_id(number) for number in range(1, 13)]
    assert codes(stack) == {
        "resolve:ssm:/golden/none": "AMI_PARAMETER_NOT_FOUND",
        "resolve:ssm:/golden/wrong": "AMI_PARAMETER_INVALID",
    }
    assert rows(stack)[ami_id(3)].notes == [
        "configured more than once, assessed once; the first entry's instanceType was used"
    ]
    assert [len(call["Names"]) for call in stack.calls.of("GetParameters")] == [10, 4]


def test_a_version_of_a_parameter(stack: Stack) -> None:
    stack.parameter(stack.image(ami_id(1)), name="/golden/web")
    stack.parameter(stack.image(ami_id(2)), name="/golden/web")
    assert stack.load([{"ami-id": "resolve:ssm:/golden/web:1"}])["batches"] == [ami_id(1)]


def test_a_name_that_an_earlier_run_had_opens_no_run(stack: Stack) -> None:
    """Step Functions takes an execution's name again after 90 days."""
    stack.load({"amis": [{"amiId": stack.image(ami_id(1))}]})
    stack.load(startedAt="2026-04-01T08:00:00Z")  # a retry
    with pytest.raises(InvalidEvent, match=r"'run-1' was used before, by the run that started at 2026-04-01T08:00:00"):
        stack.load({"amis": [{"amiId": stack.image(ami_id(2))}]}, startedAt="2026-07-01T08:00:00.123Z")
    assert [ami.ami_id for ami in stack.ledger.amis("run-1")] == [ami_id(1)]


SCHEDULED = {
    "AMIsParamName": PARAMETER,
    "schedule": f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/assess",
    "scheduledTime": "2026-04-01T08:00:00Z",
}


def test_a_second_execution_for_a_scheduled_instant_opens_no_run(stack: Stack) -> None:
    first = stack.load([{"ami-id": stack.image(ami_id(1))}], input=SCHEDULED)
    assert (first["duplicateOf"], first["assessable"]) == ("", 1)
    again = stack.load(run_id="run-2", input=SCHEDULED | {"scheduledTime": "2026-04-01T08:00:00.000Z"})
    assert (again["duplicateOf"], again["assessable"], again["batches"]) == ("run-1", 0, [])
    assert stack.ledger.run_ids() == ["run-1"]
    assert list(stack.ledger.rows("run-2")) == []
    assert stack.ledger.run("run-1").started_by == SCHEDULED["schedule"]


def test_the_claimant_keeps_its_claim_whatever_is_tried_again(stack: Stack) -> None:
    with pytest.raises(InvalidConfiguration):  # after the claim: the parameter does not exist
        stack.load(input=SCHEDULED)
    assert stack.load(run_id="run-2", input=SCHEDULED)["duplicateOf"] == "run-1"
    for _ in range(2):  # a retry or a redrive, and one that finds the run open
        assert stack.load([{"ami-id": stack.image(ami_id(1))}], input=SCHEDULED)["duplicateOf"] == ""


@pytest.mark.parametrize(
    "other",
    [
        {"AMIsParamName": PARAMETER},
        SCHEDULED | {"scheduledTime": "2026-04-01T20:00:00Z"},
        SCHEDULED | {"schedule": f"{SCHEDULED['schedule']}-2"},
    ],
    ids=["on purpose", "another instant", "another schedule"],
)
def test_another_start_is_no_duplicate(stack: Stack, other: dict[str, str]) -> None:
    stack.clock.shift(timedelta(days=1))
    stack.load([{"ami-id": stack.image(ami_id(1))}], input=SCHEDULED)
    for run_id in ("run-2",) if "schedule" in other else ("run-2", "run-3"):
        assert stack.load(run_id=run_id, input=other)["duplicateOf"] == ""
    assert len(stack.ledger.run_ids()) > 1


def test_who_started_a_run_is_kept(stack: Stack) -> None:
    content = [{"ami-id": stack.image(ami_id(1))}]
    stack.load(content, input={"AMIsParamName": PARAMETER, "startedBy": " pipeline golden <b> "})
    assert stack.ledger.run("run-1").started_by == "pipeline golden <b>"
    stack.load(content, run_id="run-2")
    assert stack.ledger.run("run-2").started_by == ""
    with pytest.raises(InvalidEvent, match="startedBy"):
        stack.load(content, run_id="run-3", input={"AMIsParamName": PARAMETER, "startedBy": "x\x1b[2J"})


def test_a_version_that_a_parameter_does_not_have_is_named(stack: Stack) -> None:
    content = {"amis": [{"amiId": stack.image(ami_id(1))}]}
    with pytest.raises(InvalidConfiguration, match="has no such version or label") as raised:
        stack.load(content, input={"AMIsParamName": f"{PARAMETER}:99"})
    assert "put-parameter" not in str(raised.value)


def test_few_calls_for_many_amis_and_forty_batches(stack: Stack) -> None:
    entries = [{"ami-id": stack.image(ami_id(number)), "instanceType": "t3.small"} for number in range(250)]
    stack.client("s3").put_object(Bucket="reports", Key="config/amis.json", Body=json.dumps(entries).encode())
    answer = stack.load({"version": 1, "document": "s3://reports/config/amis.json"})
    assert answer["batches"] == [f"{number:02d}" for number in range(40)]
    sizes = [len(stack.ledger.amis("run-1", batch)) for batch in answer["batches"]]
    assert sum(sizes) == answer["assessable"] == 250
    assert set(sizes) == {6, 7}
    calls = stack.calls.of("DescribeImages")
    assert [(one["IncludeDeprecated"], one["IncludeDisabled"]) for one in calls] == [(True, True)] * 2
    assert len(stack.calls.of("DescribeInstanceTypes")) == 1


def test_forty_amis_have_a_batch_each(stack: Stack) -> None:
    entries = [{"ami-id": stack.image(ami_id(number))} for number in range(40)]
    assert stack.load(entries)["batches"] == [ami_id(number) for number in range(40)]


def test_a_retry_gives_the_same_answer_whatever_has_changed(stack: Stack) -> None:
    stack.image(ami_id(1))
    first = stack.load([{"ami-id": ami_id(1)}])
    stack.parameter("no longer JSON")
    assert stack.load() == first


def test_of_two_attempts_at_once_the_first_counts(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    open_run, first = Ledger.open_run, [{"ami-id": stack.image(ami_id(1))}]

    def late(ledger: Ledger, run: Run, amis: list[Ami]) -> bool:
        monkeypatch.setattr(Ledger, "open_run", open_run)
        stack.load(first)
        return open_run(ledger, run, amis)

    monkeypatch.setattr(Ledger, "open_run", late)
    assert stack.load([{"ami-id": stack.image(ami_id(2))}])["batches"] == [ami_id(1)]


def test_a_try_that_stopped_half_way_leaves_nothing_behind(stack: Stack) -> None:
    stack.image(ami_id(1))
    stack.image(ami_id(2))
    stack.calls.fail("PutItem", "InternalServerError", status=500, times=1)
    with pytest.raises(Exception, match="InternalServerError"):
        stack.load([{"ami-id": ami_id(1)}])
    assert stack.load([{"ami-id": ami_id(2)}])["batches"] == [ami_id(2)]
    assert list(rows(stack)) == [ami_id(2)]


def test_auto_chooses_and_says_why(stack: Stack) -> None:
    stack.image(ami_id(1))
    stack.image(ami_id(2), owner_id="999999999999")
    answer = stack.load({"engine": "auto", "amis": [{"amiId": ami_id(1)}, {"amiId": ami_id(2)}]})
    assert answer["needsInstances"] is True
    amis = rows(stack)
    assert (amis[ami_id(1)].engine, amis[ami_id(2)].engine) == ("ami", "instance")
    assert (amis[ami_id(1)].owner_id, amis[ami_id(2)].owner_id) == (ACCOUNT, "999999999999")
    assert amis[ami_id(2)].engine_reason == (
        f"auto: account {ACCOUNT} does not own the AMI, so it cannot start an on-demand scan"
    )


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ({"Architecture": "x86_64"}, "auto: the account owns the AMI and its EBS snapshots, so no instance is needed"),
        ({"Architecture": "arm64_mac"}, "auto: on-demand scans do not read arm64_mac images"),
        ({}, "auto: on-demand scans do not read unknown images"),
        (
            {"Architecture": "arm64", "BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"}]},
            "auto: the AMI has no EBS snapshot that an on-demand scan could read",
        ),
    ],
)
def test_auto_leaves_to_an_instance_what_no_scan_reads(image: dict[str, Any], reason: str) -> None:
    mappings = [{"DeviceName": "/dev/xvda", "Ebs": {}}]
    found = automatic({"OwnerId": ACCOUNT, "BlockDeviceMappings": mappings} | image, ACCOUNT)
    assert found == ("ami" if "no instance" in reason else "instance", reason)


def test_engine_ami_needs_no_instance_nor_type(stack: Stack) -> None:
    stack.image(ami_id(1), architecture="arm64")
    answer = stack.load({"engine": "ami", "amis": [{"amiId": ami_id(1), "instanceType": "t3.small"}]})
    assert (answer["assessable"], answer["needsInstances"]) == (1, False)


def test_classic_is_refused_before_anything_is_created(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.image(ami_id(1))
    content = {"amis": [{"amiId": ami_id(1), "engine": "classic"}]}
    with pytest.raises(EngineUnavailable, match=r'"instance".*"ami"'):
        stack.load(content)
    assert not stack.calls.of("PutItem")
    monkeypatch.setenv("CLASSIC_ENGINE", "allowed")
    assert stack.load(content)["assessable"] == 1
    assert rows(stack)[ami_id(1)].engine == "classic"


def test_other_regions_are_asked_and_an_unreachable_one_costs_only_its_own(stack: Stack) -> None:
    stack.image(ami_id(1))
    stack.image(ami_id(1), region="eu-west-1", architecture="arm64")
    stack.calls.fail("DescribeImages", "AuthFailure", status=401, when=lambda call: ami_id(9) in str(call))
    regions = ["us-east-1", "eu-west-1"]
    entries = [*({"amiId": ami_id(1), "region": name} for name in regions), {"amiId": ami_id(9), "region": "ap-east-1"}]
    answer = stack.load({"amis": entries})
    assert answer["batches"] == [f"{ACCOUNT}/eu-west-1/{ami_id(1)}", ami_id(1)]
    assert rows(stack)[f"{ACCOUNT}/eu-west-1/{ami_id(1)}"].entry.instance_type == "t4g.medium"
    assert codes(stack) == {f"{ACCOUNT}/ap-east-1/{ami_id(9)}": "PLACE_UNREACHABLE"}
    reason = rows(stack)[f"{ACCOUNT}/ap-east-1/{ami_id(9)}"].reason
    assert reason
    assert "enable-region --region-name ap-east-1" in reason.remedy


def test_a_member_account_without_a_member_role(stack: Stack) -> None:
    stack.image(ami_id(1))
    answer = stack.load({"amis": [{"amiId": ami_id(1)}, {"amiId": ami_id(1), "account": "111122223333"}]})
    assert answer["batches"] == [ami_id(1)]
    assert codes(stack) == {f"111122223333/us-east-1/{ami_id(1)}": "PLACE_UNREACHABLE"}
    reason = rows(stack)[f"111122223333/us-east-1/{ami_id(1)}"].reason
    assert reason
    for parameter in ("HubRoleArns", "MemberExternalId", "MemberAccountIds", "MemberRoleName"):
        assert parameter in reason.remedy


def test_a_secure_parameter(stack: Stack) -> None:
    stack.image(ami_id(1))
    stack.parameter([{"ami-id": ami_id(1)}], kind="SecureString")
    assert stack.load()["assessable"] == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [({"runId": ""}, "runId"), ({"input": {}}, "AMIsParamName"), ({"input": None}, "AMIsParamName")],
)
def test_an_event_that_lacks_something(stack: Stack, given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidEvent, match=field):
        stack.load(**given)


def test_a_parameter_that_does_not_exist(stack: Stack) -> None:
    with pytest.raises(InvalidConfiguration, match=rf"{PARAMETER}.*us-east-1.*put-parameter") as caught:
        stack.load()
    assert "\n" in str(caught.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://elsewhere/config/a.json", "s3://reports/config/"),
        ("s3://reports/config/none.json", "upload it"),
        ("s3://reports/config/latin.json", "UTF-8"),
        ("s3://reports/config/pointer.json", "cannot point on"),
    ],
)
def test_documents_in_s3_that_cannot_be_used(stack: Stack, address: str, said: str) -> None:
    bodies = {
        "latin": '[{"ami-id": "é"}]'.encode("latin-1"),
        "pointer": b'{"document": "s3://reports/config/latin.json"}',
    }
    for name, body in bodies.items():
        stack.client("s3").put_object(Bucket="reports", Key=f"config/{name}.json", Body=body)
    with pytest.raises(InvalidConfiguration, match=said):
        stack.load({"document": address})


def test_a_document_in_s3_has_a_size(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps([{"ami-id": stack.image(ami_id(1))}]).encode()
    stack.client("s3").put_object(Bucket="reports", Key="config/amis.json", Body=body)
    pointer = {"document": "s3://reports/config/amis.json"}
    monkeypatch.setattr(loading, "_DOCUMENT_LIMIT", len(body) - 1)
    with pytest.raises(InvalidConfiguration, match=f"keep it within {len(body) - 1} bytes"):
        stack.load(pointer)
    monkeypatch.setattr(loading, "_DOCUMENT_LIMIT", len(body))
    assert stack.load(pointer)["assessable"] == 1


@pytest.mark.parametrize("name", [PARAMETER, f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/{PARAMETER}"])
def test_the_version_that_was_read_is_kept(stack: Stack, name: str) -> None:
    for number in (1, 2):
        stack.parameter([{"ami-id": stack.image(ami_id(number))}])
    for given, version in ((f" {name}\n", 2), (f"{name}:1", 1)):
        stack.load(input={"AMIsParamName": given}, run_id=f"run-{version}")
        assert stack.ledger.run(f"run-{version}").source.parameter == f"{name}:{version}"


def test_faults_keep_their_names(stack: Stack) -> None:
    stack.image(ami_id(1))
    stack.parameter([{"ami-id": ami_id(1)}])
    stack.calls.fail("DescribeImages", "RequestLimitExceeded", status=503)
    with pytest.raises(Throttled):
        stack.load()
    stack.calls.fail("GetParameter", "InvalidKeyId")
    with pytest.raises(ServiceRejected):
        stack.load()
    assert stack.load()["assessable"] == 1


def test_a_benchmark_that_an_engine_does_not_run_is_noted(stack: Stack) -> None:
    first, second = (stack.image(ami_id(number), name=f"image {'ab'[number - 1]}") for number in (1, 2))
    entries = [{"amiId": first, "engine": "ami"}, {"amiId": second}]
    stack.load({"version": 1, "engine": "instance", "cis": "LEVEL_1", "amis": entries})
    told = "cis LEVEL_1 is not assessed: engine ami runs no CIS benchmark; set engine instance for this AMI"
    assert [rows(stack)[ami_id(number)].notes for number in (1, 2)] == [[told], []]


def test_an_image_that_allowed_amis_may_hide_is_told_as_such(stack: Stack) -> None:
    stack.image(ami_id(1))
    stack.calls.allowed_images = "enabled"
    stack.load({"version": 1, "amis": [{"amiId": ami_id(1)}, {"amiId": ami_id(2)}]})
    assert [getattr(rows(stack)[ami_id(number)].reason, "code", "") for number in (1, 2)] == ["", "AMI_NOT_ALLOWED"]


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "RequestLimitExceeded", "InternalError"])
def test_a_setting_that_cannot_be_asked_for_fails_nothing(stack: Stack, code: str) -> None:
    stack.calls.allowed_images = "enabled"
    stack.calls.fail("GetAllowedImagesSettings", code)
    stack.load({"version": 1, "amis": [{"amiId": ami_id(2)}]})
    assert getattr(rows(stack)[ami_id(2)].reason, "code", "") == "AMI_NOT_FOUND"
