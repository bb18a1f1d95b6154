"""A run is bound to what it was made of, and what it wrote is held against the ledger."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from golden_ami.history.archive import bound, verify
from golden_ami.storage.digests import problems_of_run
from golden_ami_cli.embedded import account_of
from golden_ami_emulator.chaos.worlds import ami_id, world
from golden_ami_emulator.embedded import Embedded

CONFIGURATION = json.dumps([{"ami-id": ami_id(1)}])
RUN = "audited"


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    """An account in which a run has been started by its alias, reported and archived."""
    with Embedded(world(2, 1)) as opened:
        opened.put_configuration("ContinuousAssessmentInput", CONFIGURATION)
        given = {"AMIsParamName": "ContinuousAssessmentInput", "startedBy": "pipeline golden-images"}
        assert opened.wait(opened.start(given, RUN))["status"] == "SUCCEEDED"
        opened.clock.sleep(60)
        yield opened


def test_an_archive_says_what_the_run_was_made_of(aws: Embedded) -> None:
    account = account_of(aws)
    assert verify(account.store, RUN, account.ledger.history_anchor(RUN)) == []
    made_of = bound(account.store, RUN)
    definition = account.store.read(f"runs/{RUN}/history/definition.json")
    machine = aws.outputs["StateMachineArn"]
    assert made_of["definitionSha256"] == hashlib.sha256(definition).hexdigest()
    assert (made_of["stateMachineVersionArn"], made_of["stateMachineAliasArn"]) == (f"{machine}:1", f"{machine}:live")
    names = {one.made.id for one in aws.stack.resources.values() if one.type == "AWS::Lambda::Function"}
    assert made_of["functions"] == dict.fromkeys(names, 1)
    assert made_of["configurationSha256"] == hashlib.sha256(CONFIGURATION.encode()).hexdigest()
    assert made_of["configuration"]["parameter"] == "ContinuousAssessmentInput:1"
    assert len(made_of["policySha256"]) == 64
    assert made_of["startedBy"] == "pipeline golden-images"
    assert made_of["revisionId"] == ""


def objects(aws: Embedded) -> list[str]:
    """The keys of the run that its manifest vouches for."""
    manifest = json.loads(account_of(aws).store.read(f"runs/{RUN}/manifest.json"))
    return [entry["key"] for entry in manifest["objects"]]


def test_the_ledger_vouches_for_report_findings_and_standings(aws: Embedded) -> None:
    account = account_of(aws)
    digest = account.ledger.manifest(RUN)
    assert digest == hashlib.sha256(account.store.read(f"runs/{RUN}/manifest.json")).hexdigest()
    assert problems_of_run(account.store, RUN, digest) == []
    kinds = {key.removeprefix(f"runs/{RUN}/").partition("/")[0] for key in objects(aws)}
    assert {"report.json", "report.html", "findings.csv", "findings", "standings"} <= kinds


@pytest.mark.parametrize("kind", ["report.json", "findings/", "standings/", "manifest.json"])
def test_any_changed_object_is_named(aws: Embedded, kind: str) -> None:
    account = account_of(aws)
    key = next(key for key in [*objects(aws), f"runs/{RUN}/manifest.json"] if kind in key)
    content, s3 = account.store.read(key), aws.client("s3")
    where: Any = {"Bucket": account.bucket, "Key": key}
    s3.put_object(**where, Body=content.replace(b"a", b"b", 1) + b" ")
    [problem] = problems_of_run(account.store, RUN, account.ledger.manifest(RUN))
    assert problem.startswith(f"{key} was changed: its SHA-256 is ")
    s3.delete_object(**where)
    assert problems_of_run(account.store, RUN, account.ledger.manifest(RUN)) == [f"{key} is missing"]
    s3.put_object(**where, Body=content)


def test_findings_that_were_changed_before_the_report_cost_the_ami_its_verdict(
    aws: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counts still fit: nothing but the digest tells."""
    from moto.s3.models import s3_backends

    store, permits = account_of(aws).store, aws.calls.guard
    bucket = aws.outputs["ReportBucket"]
    backend: Any = s3_backends[aws.account]["aws"]
    key = f"runs/tampered/findings/{ami_id(1)}.ndjson"

    def tamper(call: Any, client: Any) -> Any:
        if call.function == aws.lambda_name("aggregate") and call.parameters.get("Key") == key:
            content = backend.get_object(bucket, key).value
            backend.put_object(bucket, key, content.replace(b"CVE-", b"XXX-"))
        return permits(call, client) if permits else None

    monkeypatch.setattr(aws.calls, "guard", tamper)
    assert aws.wait(aws.start({"AMIsParamName": "ContinuousAssessmentInput"}, "tampered"))["status"] == "SUCCEEDED"
    [ami] = json.loads(store.read("runs/tampered/report.json"))["amis"]
    assert ami["verdict"] == "NOT_ASSESSED"
    assert f"{key} was changed" in ami["reason"]["message"]
