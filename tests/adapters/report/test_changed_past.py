"""What a verdict rests on beside the run's own findings is held to its digest: earlier standings, long exceptions."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from report_world import ami, exception, finding, run_of

from golden_ami.models import Config, Policy
from golden_ami.report import build
from golden_ami.storage.digests import Changed
from golden_ami.storage.terms import kept_apart, whole

GRACE = Config(policy=Policy(grace_days=20))
STANDINGS = "runs/run-1/standings/ami-0a.ndjson"
BUCKET = "golden-ami-reports"


def today_in(standings: bytes) -> bytes:
    """The standings, as if each finding was first seen today."""
    assert b'"since":"2026-01-01"' in standings
    return standings.replace(b"2026-01-01", datetime.now(UTC).date().isoformat().encode())


@pytest.mark.parametrize(
    "change", [lambda _: b"", today_in, lambda _: b"garbage\n"], ids=["emptied", "dated", "garbage"]
)
def test_standings_that_were_changed_give_no_grace(stack: Any, change: Any) -> None:
    first, later = finding("CVE-1", first_observed_at="2026-01-01T00:00:00Z"), finding("CVE-1", arn="arn:another")
    stack.open("run-1", [(ami("ami-0a"), [first])], GRACE)
    stack.aggregate("run-1")
    stack.s3.put_object(Bucket=BUCKET, Key=STANDINGS, Body=change(stack.object(STANDINGS)))
    stack.open("run-2", [(ami("ami-0a"), [later])], GRACE)
    stack.aggregate("run-2")
    (found,) = stack.report("run-2")["amis"]
    assert found["verdict"] == "FAIL"
    assert any("graceDays" in note and STANDINGS in note for note in found["notes"])


def test_standings_that_are_as_written_give_the_grace_that_is_left(stack: Any) -> None:
    stack.open("run-1", [(ami("ami-0a"), [finding("CVE-1")])], GRACE)
    stack.aggregate("run-1")
    stack.open("run-2", [(ami("ami-0a"), [finding("CVE-1", arn="arn:another")])], GRACE)
    stack.aggregate("run-2")
    (found,) = stack.report("run-2")["amis"]
    assert found["verdict"] == "PASS"
    assert not any("graceDays" in note for note in found.get("notes", []))


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


@pytest.mark.parametrize("urgent", [0, 5], ids=["small run", "large run"])
def test_the_ledger_has_the_digest_of_the_standings(stack: Any, urgent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large run writes the most urgent findings beside them."""
    monkeypatch.setattr(build, "_urgent_of_each", lambda _: urgent)
    stack.open("run-1", [(ami("ami-0a"), [finding("CVE-1"), finding("CVE-2")])])
    stack.aggregate("run-1")
    [assessment] = stack.ledger.assessments("123456789012/us-east-1/web")
    assert assessment.standings_sha256 == hashlib.sha256(stack.object(STANDINGS)).hexdigest()
