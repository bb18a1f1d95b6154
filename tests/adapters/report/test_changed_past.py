"""What a verdict rests on beside the run's own findings is held to its digest: the lineage's past, long exceptions."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from report_world import ami, exception, finding, run_of

from golden_ami.models import Assessment, Config, Policy
from golden_ami.storage import keys
from golden_ami.storage.digests import Changed
from golden_ami.storage.rows import lasting_row, stored
from golden_ami.storage.terms import kept_apart, whole

GRACE = Config(policy=Policy(grace_days=20))
BUCKET = "golden-ami-reports"
LINEAGE = "123456789012/us-east-1/web"
OLD = finding("CVE-1", first_observed_at="2026-01-01T00:00:00Z")
LATER = finding("CVE-1", arn="arn:another")


def today_in(register: bytes) -> bytes:
    """The register, as if each finding was first seen today."""
    text = gzip.decompress(register)
    assert b'"2026-01-01"' in text
    return gzip.compress(text.replace(b"2026-01-01", datetime.now(UTC).date().isoformat().encode()))


def assessed(stack: Any, run_id: str, *findings: Any) -> dict[str, Any]:
    """The AMI in the report of a run."""
    stack.open(run_id, [(ami("ami-0a"), list(findings))], GRACE)
    stack.aggregate(run_id)
    (found,) = stack.report(run_id)["amis"]
    return dict(found)


@pytest.mark.parametrize(
    "change",
    [lambda _: b"", today_in, lambda _: b"garbage\n", lambda body: body[:-9]],
    ids=["emptied", "dated", "garbage", "cut"],
)
def test_a_register_that_was_changed_gives_no_grace_ever(stack: Any, change: Any) -> None:
    assessed(stack, "run-1", OLD)
    note = stack.ledger.register_note(LINEAGE)
    stack.s3.put_object(Bucket=BUCKET, Key=note.key, Body=change(stack.object(note.key)))
    found = assessed(stack, "run-2", LATER)
    assert found["verdict"] == "FAIL"
    assert any("no grace (graceDays)" in one and note.key in one for one in found["notes"])
    assert not found.get("sinceLastRun")
    assert stack.s3.head_object(Bucket=BUCKET, Key=note.key), "what could not be read stays for whoever looks into it"
    later = assessed(stack, "run-3", LATER, finding("CVE-2"))
    assert (later["verdict"], later["failing"]) == ("FAIL", 2), "what comes soon after the loss may have paused over it"
    assert any("no grace (graceDays)" in one for one in later["notes"])


@pytest.mark.parametrize("lost", ["object", "row"])
def test_a_register_that_is_gone_gives_no_grace(stack: Any, lost: str) -> None:
    assessed(stack, "run-1", OLD)
    if lost == "object":
        stack.s3.delete_object(Bucket=BUCKET, Key=stack.ledger.register_note(LINEAGE).key)
    else:
        stack.ledger._table.delete_many([keys.register_row(LINEAGE)])
    found = assessed(stack, "run-2", LATER)
    assert found["verdict"] == "FAIL"
    assert any("no grace (graceDays)" in one for one in found["notes"])


def test_a_register_that_is_as_written_gives_the_grace_that_is_left(stack: Any) -> None:
    assessed(stack, "run-1", finding("CVE-1"))
    found = assessed(stack, "run-2", LATER)
    assert found["verdict"] == "PASS"
    assert found["sinceLastRun"]["open"] == 1
    assert not any("no grace" in note for note in found.get("notes", []))


def test_only_the_last_register_of_a_lineage_is_kept(stack: Any) -> None:
    for number in range(3):
        assessed(stack, f"run-{number}", finding(f"CVE-{number}"))
    listed = stack.s3.list_objects_v2(Bucket=BUCKET, Prefix="lineages/")["Contents"]
    note = stack.ledger.register_note(LINEAGE)
    assert [one["Key"] for one in listed] == [note.key]
    assert note.sha256 == hashlib.sha256(stack.object(note.key)).hexdigest()
    assert [entry.vulnerability for entry in stack.register("web").entries] == ["CVE-0", "CVE-1", "CVE-2"]


def test_a_register_that_cannot_be_removed_costs_no_report(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assessed(stack, "run-1", OLD)
    base: Any = BaseClient
    real = base._make_api_call

    def denied(client: Any, name: str, given: dict[str, Any]) -> Any:
        if name == "DeleteObject":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, name)
        return real(client, name, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", denied)
    assert assessed(stack, "run-2", LATER)["sinceLastRun"]["open"] == 1
    assert len(stack.register("web").assessments) == 2


STANDINGS = (
    b'{"identities":[["CVE-1","openssl","X86_64",""]],"severity":"HIGH","type":"PACKAGE_VULNERABILITY",'
    b'"since":"2026-01-01","rule":"severity HIGH"}\n'
)


@pytest.mark.parametrize("lineage", [LINEAGE, LINEAGE.replace("web", "ami-0a")], ids=["same", "renamed"])
@pytest.mark.parametrize(
    "change",
    [
        None,
        (b"01-01", b"11-01"),
        (b"openssl", b"open\xff"),
        (b"2026-01-01", b""),
        (b'["CVE-1","openssl","X86_64",""]', b""),
    ],
    ids=["intact", "dated", "no text", "no date", "no identity"],
)
def test_the_standings_of_a_release_without_registers_are_taken_over(stack: Any, change: Any, lineage: str) -> None:
    key = "runs/run-0/standings/ami-0a.ndjson"
    stack.s3.put_object(Bucket=BUCKET, Key=key, Body=STANDINGS.replace(*change) if change else STANDINGS)
    then = Assessment(
        run_id="run-0", key="ami-0a", ami_id="ami-0a", name="ami-0a", lineage=lineage, engine="instance",
        completed_at="2026-02-01T00:00:00Z", verdict="FAIL", counts={"HIGH": 1}, standings_key=key,
        standings_sha256=hashlib.sha256(STANDINGS).hexdigest(),
    )  # fmt: skip
    old_row = (keys.lineage_partition(lineage), "2026-02-01T00:00:00Z#run-0#ami-0a")
    stack.ledger._table.put(lasting_row(old_row, stored(then)))
    found = assessed(stack, "run-1", LATER)
    assert found["verdict"] == "FAIL"
    assert [point["runId"] for point in stack.report("run-1")["trend"]] == ["run-0", "run-1"]
    if change is None:
        assert found["sinceLastRun"]["open"] == 1
        assert found["failures"][0]["since"] == "2026-01-01"
    else:
        assert any(key in note for note in found["notes"])
        assert {entry.first_seen for entry in stack.register("web").entries} == {found["failures"][0]["since"]}


class FakeStore:
    """S3 and the store over it, of one object."""

    body = b""

    def put_object(self, Body: bytes, **_: object) -> None:
        self.body = Body

    def read(self, _: str) -> bytes:
        return self.body


def test_exceptions_that_were_changed_since_are_not_used() -> None:
    store: Any = FakeStore()
    long = [exception("CVE-1", "2100-01-01") for _ in range(3000)]
    run = kept_apart(run_of(config=Config(exceptions=long)), store, BUCKET)
    assert run.terms_key
    assert len(whole(run, store).config.exceptions) == 3000
    store.body = store.body.replace(b"CVE-1", b"CVE-2")
    with pytest.raises(Changed, match="was changed: its SHA-256"):
        whole(run, store)
