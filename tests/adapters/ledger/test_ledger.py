"""The ledger's rows: runs, AMIs, completions, findings."""

from __future__ import annotations

import time
from itertools import count
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden_ami.errors import RunNotFound, Throttled
from golden_ami.ledger import Ledger, Resumption
from golden_ami.models import Ami, AmiEntry, Completion, Config, Policy, Reason, Run, Threshold
from golden_ami.parallel import side_by_side
from golden_ami.storage.table import Table


def run_of(run_id: str = "run-1", **fields: Any) -> Run:
    defaults: dict[str, Any] = {"started_at": "2026-11-02T08:00:00Z", "config": Config(), "parameter": "P"}
    return Run(
        run_id=run_id,
        execution_arn="arn",
        account="123456789012",
        region="us-east-1",
        batches=["00"],
        ami_count=1,
        needs_instances=True,
        **(defaults | fields),
    )


def ami_of(key: str, run_id: str = "run-1", batch: str = "00", **fields: Any) -> Ami:
    entry = AmiEntry(ami_id=key)
    return Ami(
        run_id=run_id,
        batch=batch,
        key=key,
        ami_id=key,
        entry=entry,
        engine="instance",
        region="us-east-1",
        account="123456789012",
        **fields,
    )


def test_a_run_and_its_amis_come_back_as_they_were(ledger: Ledger) -> None:
    config = Config(policy=Policy(fail_on=Threshold(epss=0.35), grace_days=3))
    odd = ami_of("ami-2", tags={"Ünï": "", "q": '"<b>\n=1+1'}, notes=["n"], counts={"HIGH": 2}, findings_total=0)
    assert ledger.open_run(run_of(config=config), [odd, ami_of("ami-1", batch="none")])
    assert ledger.run("run-1") == run_of(config=config)
    assert ledger.amis("run-1", "00") == [odd]
    assert [ami.key for ami in ledger.amis("run-1")] == ["ami-2", "ami-1"]


def test_of_many_claims_at_once_one_counts(ledger: Ledger) -> None:
    runs = [f"run-{number}" for number in range(8)]
    claimants = side_by_side(lambda run: ledger.claim("arn", "2026-11-02T08:00:00Z", run), runs)
    [claimant] = set(claimants)
    assert claimant in runs
    assert ledger.claim("arn", "2026-11-02T08:00:00Z", claimant) == claimant
    assert ledger.claim("arn", "2026-11-02T08:00:00.500Z", "run-9") == "run-9"


def test_a_claim_expires_with_the_runs(ledger: Ledger) -> None:
    ledger.claim("arn", "2026-11-02T08:00:00Z", "run-1")
    [row] = ledger._table.query("SCHEDULE#arn")
    assert (row["sk"], row["runId"]) == ("2026-11-02T08:00:00Z", "run-1")
    assert abs(row["ttl"] - time.time() - 400 * 86400) < 60


def test_a_run_and_its_amis_are_read_at_once(ledger: Ledger) -> None:
    with pytest.raises(RunNotFound, match="run-1"):
        ledger.run_and_amis("run-1")
    ledger.note_made("run-1", "cis", "arn")
    with pytest.raises(RunNotFound, match="run-1"):
        ledger.run_and_amis("run-1")
    amis = [ami_of("ami-1"), ami_of("ami-2", batch="01"), ami_of("ami-3", batch="none")]
    ledger.open_run(run_of(), amis)
    ledger.await_scans("run-1", "token", ["scan"])
    ledger.note_sent("run-1", {"results": "1"})
    ledger.anchor_history("run-1", "0" * 64, "2026-11-02T10:00:00Z")
    assert ledger.run_and_amis("run-1") == (run_of(), amis)
    assert ledger.run_and_amis("run-1", "01") == (run_of(), amis[1:2])
    ledger.open_run(run_of("run-2"), [])
    assert ledger.run_and_amis("run-2") == (run_of("run-2"), [])


def test_the_run_is_kept_without_the_list_of_amis(ledger: Ledger) -> None:
    long = [AmiEntry(ami_id=f"ami-{number}", user_data="x" * 16000) for number in range(40)]
    ledger.open_run(run_of(config=Config(amis=long)), [])
    assert ledger.run("run-1").config == Config()


def test_a_run_is_opened_once(ledger: Ledger) -> None:
    assert ledger.open_run(run_of(), [ami_of("ami-1")])
    assert not ledger.open_run(run_of(parameter="Q"), [ami_of("ami-2")])
    assert ledger.run("run-1").parameter == "P"
    assert [ami.key for ami in ledger.amis("run-1")] == ["ami-1"]


def test_opening_again_after_a_crash_leaves_no_row_of_the_other_configuration(ledger: Ledger, dynamodb: Any) -> None:
    ledger.open_run(run_of(), [ami_of("ami-1"), ami_of("ami-old")])
    dynamodb.delete_item(TableName="ledger", Key={"pk": {"S": "RUN#run-1"}, "sk": {"S": "RUN"}})  # it came not so far
    ledger.open_run(run_of(), [ami_of("ami-1"), ami_of("ami-new")])
    assert [ami.key for ami in ledger.amis("run-1")] == ["ami-1", "ami-new"]


def test_unknown_runs_are_named(ledger: Ledger) -> None:
    with pytest.raises(RunNotFound, match="run-9"):
        ledger.run("run-9")
    with pytest.raises(RunNotFound):
        ledger.update_run("run-9", error="x")
    with pytest.raises(RunNotFound):
        ledger.once("run-9", "completed_at", "now")
    with pytest.raises(RunNotFound):
        ledger.update_ami(ami_of("ami-1"), notes=["x"])
    ledger.not_assessed(ami_of("ami-1"), Reason("A", "b", "c"))
    assert ledger.amis("run-1") == []  # no half row came to be


def test_the_first_cause_stays(ledger: Ledger) -> None:
    ledger.open_run(run_of(), [ami_of("ami-1")])
    [ami] = ledger.amis("run-1")
    ledger.not_assessed(ami, Reason("FIRST", "m", "r"))
    ledger.not_assessed(ami, Reason("SECOND", "m", "r"))
    [ami] = ledger.amis("run-1")
    assert ami.reason == Reason("FIRST", "m", "r")


def test_fields_are_set_once_and_updated_and_unset(ledger: Ledger) -> None:
    ledger.open_run(run_of(), [ami_of("ami-1")])
    assert ledger.once("run-1", "completed_at", "a") == "a"
    assert ledger.once("run-1", "completed_at", "b") == "a"
    ledger.update_run("run-1", verdict="PASS", report_key="k")
    assert ledger.run("run-1").verdict == "PASS"
    [ami] = ledger.amis("run-1")
    changed = ledger.update_ami(ami, findings_total=3, scan_status="PENDING", counts={"LOW": 1})
    assert ledger.amis("run-1") == [changed]
    unset = ledger.update_ami(changed, findings_total=None)
    assert ledger.amis("run-1") == [unset]


def test_runs_are_listed_newest_first(ledger: Ledger) -> None:
    for day in ("03", "01", "02"):
        ledger.open_run(run_of(f"run-{day}", started_at=f"2026-11-{day}T00:00:00Z"), [])
    assert ledger.run_ids() == ["run-03", "run-02", "run-01"]
    assert ledger.run_ids(limit=2) == ["run-03", "run-02"]


def test_what_was_made_for_a_run_is_known_until_removed(ledger: Ledger) -> None:
    assert ledger.made("run-1", "cis") == ""
    ledger.note_made("run-1", "cis", "arn")
    assert ledger.made("run-1", "cis") == "arn"
    ledger.note_removed("run-1", "cis")
    assert ledger.made("run-1", "cis") == ""


def done(scan: str, **fields: Any) -> Completion:
    return Completion(scan=scan, status="COMPLETED", **fields)


def test_the_last_completion_resumes_and_no_other(ledger: Ledger) -> None:
    assert ledger.await_scans("run-1", "t", ["a", "b"]) is None
    assert ledger.complete_scan(done("a")) == []
    assert ledger.complete_scan(done("a")) == []
    assert ledger.complete_scan(done("stranger")) == []
    resumption = Resumption("run-1", "t")
    assert ledger.complete_scan(done("b")) == [resumption]
    assert ledger.complete_scan(done("b")) == [resumption]  # the answer may have been lost in a crash
    ledger.resumed(resumption)
    assert ledger.complete_scan(done("b")) == []


def test_nothing_to_await_resumes_at_once(ledger: Ledger) -> None:
    assert ledger.await_scans("run-1", "t", []) == Resumption("run-1", "t")


def test_completions_before_anybody_waits_count(ledger: Ledger) -> None:
    ledger.complete_scan(done("a"))
    assert ledger.await_scans("run-1", "t", ["a"]) == Resumption("run-1", "t")


def test_the_next_wait_awaits_what_it_says_and_nothing_else(ledger: Ledger) -> None:
    ledger.await_scans("run-1", "t1", ["a", "b", "c"])
    assert ledger.await_scans("run-1", "t2", ["b"]) is None
    assert ledger.outstanding("run-1") == ["b"]
    assert ledger.complete_scan(done("b")) == [Resumption("run-1", "t2")]


def test_a_retracted_completion_is_awaited_again_and_its_count_is_kept(ledger: Ledger) -> None:
    ledger.complete_scan(done("a", findings_total=7))
    announced = ledger.announcements(["a", "b"])
    assert announced.keys() == {"a"}
    ledger.retract(announced["a"])
    assert ledger.await_scans("run-1", "t", ["a"]) is None
    assert ledger.announcements(["a"])["a"].completion.findings_total == 7
    assert ledger.complete_scan(done("a", findings_total=7)) == [Resumption("run-1", "t")]


def test_a_message_newer_than_the_one_retracted_still_counts(ledger: Ledger) -> None:
    ledger.complete_scan(done("a"))
    seen = ledger.announcements(["a"])["a"]
    ledger.complete_scan(done("a", findings_total=1))
    ledger.retract(seen)
    assert ledger.await_scans("run-1", "t", ["a"]) == Resumption("run-1", "t")


def test_every_total_that_was_announced_is_kept(ledger: Ledger) -> None:
    ledger.complete_scan(done("a", findings_total=5, at="2026-11-02T08:10:00Z"))
    ledger.retract(ledger.announcements(["a"])["a"])
    ledger.complete_scan(done("a", findings_total=0, at="2026-11-02T08:11:00Z"))
    ledger.complete_scan(done("a"))
    kept = ledger.announcements(["a"])["a"]
    assert (kept.completion.findings_total, kept.completion.at) == (None, "")
    assert kept.total_after("2026-11-02T08:10:00Z") == 5
    assert kept.total_after("2026-11-02T08:10:30Z") == 0


def test_of_completions_at_once_no_total_is_lost(ledger: Ledger) -> None:
    totals = range(1, 9)
    side_by_side(lambda total: ledger.complete_scan(done("a", findings_total=total)), totals)
    assert ledger.announcements(["a"])["a"].total_after("") == 8


def test_a_completion_between_reading_and_writing_is_not_lost(ledger: Ledger, dynamodb: Any) -> None:
    ledger.complete_scan(done("a"))
    between = [done("a", findings_total=5)]

    def interrupt(**_: Any) -> None:
        if between:
            ledger.complete_scan(between.pop())

    dynamodb.meta.events.register("before-call.dynamodb.PutItem", interrupt)
    ledger.complete_scan(done("a", findings_total=0))
    assert ledger.announcements(["a"])["a"].total_after("") == 5


def test_a_row_of_an_earlier_version_keeps_its_total(ledger: Ledger, dynamodb: Any) -> None:
    ledger.complete_scan(done("a", findings_total=5))
    key = {"pk": {"S": "SCAN#a"}, "sk": {"S": "DONE"}}
    dynamodb.update_item(TableName="ledger", Key=key, UpdateExpression="REMOVE totals")
    ledger.complete_scan(done("a", findings_total=0))
    assert ledger.announcements(["a"])["a"].total_after("") == 5


def test_two_runs_may_await_one_scan(ledger: Ledger) -> None:
    ledger.await_scans("run-1", "t1", ["a"])
    ledger.await_scans("run-2", "t2", ["a", "b"])
    assert ledger.complete_scan(done("a")) == [Resumption("run-1", "t1")]
    assert ledger.complete_scan(done("b")) == [Resumption("run-2", "t2")]


def test_a_second_wait_of_many_scans_costs_few_calls(ledger: Ledger, dynamodb: Any) -> None:
    scans = [f"i-{number:017x}" for number in range(1000)]
    ledger.await_scans("run-1", "t1", scans)
    calls: list[str] = []
    dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    ledger.await_scans("run-1", "t2", scans)
    assert len(calls) < 20  # one query of the outstanding, a read of each 100 completions
    assert len(ledger.outstanding("run-1")) == 1000


def test_what_a_batch_leaves_unprocessed_is_tried_again_and_then_named(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("golden_ami.storage.table.time.sleep", lambda _seconds: None)
    answers: list[int] = []

    class Busy:
        def batch_write_item(self, RequestItems: Any) -> Any:
            answers.append(1)
            if len(answers) == 2:
                return dynamodb.batch_write_item(RequestItems=RequestItems)
            return {"UnprocessedItems": RequestItems}

        def batch_get_item(self, RequestItems: Any) -> Any:
            return {"Responses": {}, "UnprocessedKeys": RequestItems}

    table = Table(Busy(), "ledger")
    table.put_many([{"pk": "a", "sk": "b"}])
    assert Table(dynamodb, "ledger").get(("a", "b")) == {"pk": "a", "sk": "b"}
    with pytest.raises(Throttled, match="unread"):
        table.get_many([("a", "b")])


def test_what_a_batch_did_is_kept_while_the_rest_is_tried_again(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB answers 200 and gives back what it did not do (API Reference, BatchWriteItem and BatchGetItem)."""
    monkeypatch.setattr("golden_ami.storage.table.time.sleep", lambda _seconds: None)

    class OneAtATime:
        def batch_write_item(self, RequestItems: Any) -> Any:
            [(table, requests)] = RequestItems.items()
            dynamodb.batch_write_item(RequestItems={table: requests[:1]})
            return {"UnprocessedItems": {table: requests[1:]} if requests[1:] else {}}

        def batch_get_item(self, RequestItems: Any) -> Any:
            [(table, wanted)] = RequestItems.items()
            assert wanted["ConsistentRead"] is True
            answer = dynamodb.batch_get_item(RequestItems={table: wanted | {"Keys": wanted["Keys"][:1]}})
            left = {table: wanted | {"Keys": wanted["Keys"][1:]}} if wanted["Keys"][1:] else {}
            return {"Responses": answer["Responses"], "UnprocessedKeys": left}

    table = Table(OneAtATime(), "ledger")
    table.put_many([{"pk": "a", "sk": str(number)} for number in range(8)])
    keys = [("a", str(number)) for number in range(8)]
    assert [item["sk"] for item in Table(dynamodb, "ledger").query("a")] == [sk for _, sk in keys]
    assert sorted(item["sk"] for item in table.get_many(keys)) == [sk for _, sk in keys]
    table.delete_many(keys[:5])
    assert [item["sk"] for item in Table(dynamodb, "ledger").query("a")] == ["5", "6", "7"]
    with pytest.raises(Throttled, match="1 items of a batch unwritten"):
        table.put_many([{"pk": "a", "sk": str(number)} for number in range(9)])
    with pytest.raises(Throttled, match="1 keys of a batch unread"):
        table.get_many([("a", str(number)) for number in range(9)])


def test_batches_are_as_large_as_dynamodb_takes(dynamodb: Any) -> None:
    """25 requests a BatchWriteItem, 100 keys a BatchGetItem (its API Reference)."""
    sizes: list[int] = []

    class Counting:
        def batch_write_item(self, RequestItems: Any) -> Any:
            sizes.append(len(RequestItems["ledger"]))
            return dynamodb.batch_write_item(RequestItems=RequestItems)

        def batch_get_item(self, RequestItems: Any) -> Any:
            sizes.append(len(RequestItems["ledger"]["Keys"]))
            return dynamodb.batch_get_item(RequestItems=RequestItems)

    table, keys = Table(Counting(), "ledger"), [("a", f"{number:03}") for number in range(120)]
    table.put_many({"pk": pk, "sk": sk} for pk, sk in keys)
    assert sorted(sizes) == [20, 25, 25, 25, 25]
    sizes.clear()
    assert len(table.get_many([*keys, keys[0]])) == 120, "a key that is asked for twice would be refused"
    assert sorted(sizes) == [20, 100]


_numbers = count(100)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tags=st.dictionaries(texts.filter(bool) | st.sampled_from(["S", "M", "L"]), texts, max_size=20),
    score=st.none() | st.floats(1e-9, 10) | st.integers(0, 10).map(float),
    total=st.none() | st.integers(0, 10**9),
)
def test_any_ami_row_comes_back_unharmed(ledger: Ledger, tags: Any, score: Any, total: Any) -> None:
    policy = Policy(fail_on=Threshold(epss=score))
    ami = ami_of("ami-x", tags=tags, findings_total=total, lineage="l")
    ami = msgspec.structs.replace(ami, entry=AmiEntry(ami_id="ami-x", policy=policy))
    run_id = f"run-{next(_numbers)}"
    ami = msgspec.structs.replace(ami, run_id=run_id)
    ledger.open_run(run_of(run_id), [ami])
    assert ledger.amis(run_id) == [ami]


def test_a_number_below_what_dynamodb_holds_is_zero(dynamodb: Any) -> None:
    table = Table(dynamodb, "ledger")
    table.put({"pk": "a", "sk": "b", "epss": 7e-132})
    assert table.get(("a", "b")) == {"pk": "a", "sk": "b", "epss": 0}


@pytest.mark.parametrize(("status", "stays"), [("COMPLETED", True), ("PARTIAL", True), ("PENDING", False)])
def test_no_cause_replaces_a_completed_scan(
    ledger: Ledger, status: Literal["COMPLETED", "PARTIAL", "PENDING"], stays: bool
) -> None:
    ledger.open_run(run_of(), [ami_of("ami-1")])
    [ami] = ledger.amis("run-1")
    ledger.update_ami(ami, scan="i-1", scan_status=status)
    ledger.not_assessed(ami, Reason("INSTANCE_DIED", "a redrive found it gone", "r"))
    [ami] = ledger.amis("run-1")
    assert (ami.reason is None) is stays


def test_a_completion_is_kept_for_longer_than_an_execution_lasts(ledger: Ledger, dynamodb: Any) -> None:
    """A run that awaits the scan may store its token as late as the definition's TimeoutSeconds allow: a day."""
    before = time.time()
    ledger.complete_scan(done("a"))
    [row] = dynamodb.scan(TableName="ledger")["Items"]
    assert int(row["ttl"]["N"]) > before + 86_400
