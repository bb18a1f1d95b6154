"""On Execution End, the second line: it reports what Aggregate could not, where it can in full."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import msgspec
import pytest
import time_machine
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from report_parts import Broken, broken
from report_world import ami, finding

from golden_ami import ending
from golden_ami.aws.clients import Clients
from golden_ami.contracts import decode
from golden_ami.ending import Ended, end_run
from golden_ami.errors import ServiceFault
from golden_ami.instances.termination import InstanceCounts
from golden_ami.models import Config, Reason
from golden_ami.report.model import Instances, Report
from golden_ami.scans.coordinate import Scans
from golden_ami.settings import Settings
from handlers import on_execution_end

Refuse = Callable[[str, str], bool]
PARAMETER = "ContinuousAssessmentInput"


def _ended(run_id: str = "run-1", age: float = 0, **detail: Any) -> Ended:
    at = datetime.now(UTC) - timedelta(seconds=age)
    given = {
        "name": run_id,
        "status": "FAILED",
        "error": "Sandbox.Timedout",
        "input": f'{{"AMIsParamName": "{PARAMETER}"}}',
    }
    return decode({"time": at.isoformat(), "detail": given | detail}, on_execution_end.Event).ended()


def _opened(stack: Any) -> None:
    low = [finding(f"CVE-{number}", severity="LOW") for number in (2, 3)]
    stack.open("run-1", [(ami("ami-0a"), [finding("CVE-1")]), (ami("ami-0b", lineage="b"), low)])


@pytest.fixture
def end(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Ends a run; nothing is left to terminate."""
    counts = InstanceCounts(launched=1, terminated=1, running=0)
    monkeypatch.setattr(ending, "terminate_run", lambda *_: counts)
    monkeypatch.setattr(Scans, "close", lambda *_: None)
    settings = Settings.load()

    def end_one(ended: Ended) -> None:
        end_run(ended, settings, Clients(settings), stack.ledger)

    return end_one


def _refusing(monkeypatch: pytest.MonkeyPatch, refuse: Refuse, code: str = "AccessDeniedException") -> None:
    base: Any = BaseClient
    real = base._make_api_call

    def call(client: Any, name: str, given: dict[str, Any]) -> Any:
        if refuse(client.meta.service_model.service_name, name):
            raise ClientError({"Error": {"Code": code, "Message": "refused"}}, name)
        return {"events": []} if name == "GetExecutionHistory" else real(client, name, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


def _report(stack: Any) -> Report:
    return msgspec.json.decode(stack.object("runs/run-1/report.json"), type=Report)


def _verdicts(stack: Any) -> dict[str, str]:
    return {one.ami_id: one.verdict for one in _report(stack).amis}


def test_it_reports_fully_where_it_can(stack: Any, end: Any) -> None:
    _opened(stack)
    end(_ended())
    assert _verdicts(stack) == {"ami-0a": "FAIL", "ami-0b": "PASS"}
    assert _report(stack).run.instances == Instances(launched=1, terminated=1, running=0)
    assert len(stack.messages()) == 1
    end(_ended())
    assert stack.messages() == []
    assert "REPORTING" not in {row["sk"] for row in stack.ledger.rows("run-1")}


def test_what_aggregate_has_reported_stands(stack: Any, end: Any) -> None:
    _opened(stack)
    stack.aggregate("run-1", error={"Error": "EngineBusy", "Cause": "another run"})
    reported = stack.object("runs/run-1/report.json")
    end(_ended(error="EngineBusy", cause="of the Fail state"))
    assert stack.object("runs/run-1/report.json") == reported
    assert len(stack.messages()) == 1


def test_what_could_not_be_removed_is_raised_after_the_report(
    stack: Any, end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(*_: Any) -> None:
        raise ServiceFault("DeleteCisScanConfiguration")

    monkeypatch.setattr(Scans, "close", raises)
    _opened(stack)
    with pytest.raises(ServiceFault, match="Cis"):
        end(_ended())
    assert len(stack.messages()) == 1


def test_a_package_that_cannot_be_imported_still_has_a_last_report(stack: Any, end: Any) -> None:
    _opened(stack)
    with broken("report.aggregate.aggregate"):
        end(_ended())
    report = _report(stack)
    assert stack.ledger.run("run-1").ended_at
    assert _verdicts(stack) == {"ami-0a": "NOT_ASSESSED", "ami-0b": "NOT_ASSESSED"}
    assert {one.ami_id: one.counts for one in report.amis}["ami-0b"] == {"LOW": 2}
    assert [fault.error for fault in report.run.faults] == ["Sandbox.Timedout", "Broken"]
    (message,) = stack.messages()
    assert message["Subject"] == "Golden AMI assessment could not complete: Broken"
    assert "NOT ASSESSED  ami-0b (ami-0b)" in message["Message"]
    assert "2 low" in message["Message"]
    assert b"<pre>" in stack.object("runs/run-1/report.html")
    assert stack.ledger.run("run-1").report_key == "runs/run-1/report.json"


def test_a_last_report_says_what_the_ledger_knows(stack: Any, end: Any) -> None:
    gone = Reason(code="AMI_NOT_FOUND", message="it does not exist", remedy="Correct the id.")
    place: dict[str, Any] = {"account": "222222222222", "region": "eu-west-1", "engine": "ami"}
    known = ami("ami-0a", key="222222222222/eu-west-1/ami-0a", name="<b>", tags={"Team": "web", "Owner": "x"}, **place)
    unnamed = ami("ami-0b", name="", lineage="b", counts={"LOW": 2, "HIGH": 0}, reason=gone)
    stack.open("run-1", [(known, [finding("CVE-1")]), (unnamed, None)], Config(owner_tag="Team"))
    with broken("report.aggregate.aggregate"):
        end(_ended(cause=json.dumps({"errorMessage": "no time left", "stackTrace": ["x"]}), startDate=1772366400000))
    report = _report(stack)
    assert (report.run.started_at, report.run.instances.launched) == ("2026-03-01T12:00:00Z", 1)
    assert (report.run.parameter, report.run.faults[0].cause) == ("ContinuousAssessmentInput", "no time left")
    assert (report.totals.amis, report.totals.failed, report.totals.not_assessed) == (2, 0, 2)
    amis = {one.ami_id: one for one in report.amis}
    web, other = amis["ami-0a"], amis["ami-0b"]
    assert (web.key, web.owner, web.account, web.region, web.engine) == (known.key, "web", *place.values())
    assert (other.reason, other.counts, other.total) == (gone, {"LOW": 2, "HIGH": 0}, 2)
    (message,) = stack.messages()
    assert "  NOT ASSESSED  ami-0b (ami-0b): it does not exist [findings: 2 low]\n" in message["Message"]
    page = stack.object("runs/run-1/report.html").decode()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page


def test_after_two_deaths_it_is_the_last_report(stack: Any, end: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _opened(stack)

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ending, "_aggregate", dies)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                end(_ended())
            assert stack.messages() == []
        end(_ended())
    assert _report(stack).run.faults[-1].error == "ReportUnfinished"
    assert len(stack.messages()) == 1


def test_one_death_costs_nothing(stack: Any, end: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _opened(stack)
    stack.ledger.begin_report("run-1")
    end(_ended())
    assert _verdicts(stack) == {"ami-0a": "FAIL", "ami-0b": "PASS"}


def test_what_aws_refuses_is_tried_again_until_no_attempt_is_left(
    stack: Any, end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _opened(stack)
    with monkeypatch.context() as patch:
        _refusing(patch, lambda service, name: (service, name) == ("s3", "GetObject"), "InternalError")
        for _ in range(3):
            with pytest.raises(Exception, match="GetObject"):
                end(_ended(age=100))
        assert stack.messages() == []
        end(_ended(age=185))
    assert set(_verdicts(stack).values()) == {"NOT_ASSESSED"}
    assert "refused" in _report(stack).run.faults[-1].cause
    assert len(stack.messages()) == 1
    end(_ended(age=9000))
    assert stack.messages() == []


def test_the_history_is_archived_whatever_else_fails(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_: Any) -> None:
        raise Broken("ours")

    archived: list[str] = []
    monkeypatch.setattr(on_execution_end, "end_run", raises)
    monkeypatch.setattr(on_execution_end, "archive", lambda ended, *_: archived.append(ended.run_id))
    with pytest.raises(Broken):
        on_execution_end.handler({"detail": {"name": "run-1", "status": "FAILED"}}, None)
    assert archived == ["run-1"]


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "ExecutionDoesNotExist"])
def test_only_a_history_that_is_gone_is_let_go(stack: Any, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    _refusing(monkeypatch, lambda service, _: service == "stepfunctions", code)
    gone, settings = code == "ExecutionDoesNotExist", Settings.load()
    with nullcontext() if gone else pytest.raises(ClientError, match=code):
        ending.archive(_ended(executionArn=f"{stack.execution}:run-1"), settings, Clients(settings), stack.ledger)


def test_without_the_ledger_the_configuration_is_reported(
    stack: Any, end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _opened(stack)
    name = "resolve:ssm:/golden-amis/web"
    entries = [{"amiId": "ami-0a1b2c3d"}, {"amiId": name}, {"amiId": name, "region": "eu-west-1"}]
    configured = json.dumps({"amis": entries})
    boto3.client("ssm", region_name="us-east-1").put_parameter(Name=PARAMETER, Value=configured, Type="String")
    with monkeypatch.context() as patch:
        _refusing(patch, lambda service, _: service == "dynamodb")
        end(_ended(age=185))
        amis = {one.key: one.ami_id for one in _report(stack).amis}
        assert amis == {"ami-0a1b2c3d": "ami-0a1b2c3d", name: name, f"123456789012/eu-west-1/{name}": name}
        assert len(stack.messages()) == 1
        end(_ended(age=185))
        assert stack.messages() == [], "the store remembers what the ledger could not"
    end(_ended(age=9000))  # the dead letter, moved back
    assert stack.messages() == []
    assert _verdicts(stack) == {"ami-0a": "FAIL", "ami-0b": "PASS"}


def test_without_ledger_and_configuration_the_batches_are_reported(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _refusing(monkeypatch, lambda service, _: service in ("dynamodb", "ssm"))
    with broken("report.aggregate._run_of"):
        stack.aggregate("run-1", PARAMETER, run={"batches": ["ami-0a", "222222222222/eu-west-1/ami-0b"]})
    assert _verdicts(stack) == {"ami-0a": "NOT_ASSESSED", "ami-0b": "NOT_ASSESSED"}
    assert len(stack.messages()) == 1


@pytest.mark.parametrize("refused", [("s3", "PutObject"), ("sns", "Publish")])
def test_half_a_last_report_is_completed_later(
    stack: Any, end: Any, monkeypatch: pytest.MonkeyPatch, refused: tuple[str, str]
) -> None:
    _opened(stack)
    with monkeypatch.context() as patch:
        _refusing(patch, lambda service, name: (service, name) == refused)
        with pytest.raises(Exception, match=refused[1]):
            end(_ended(age=185))
        assert len(stack.messages()) == (refused[0] == "s3")
        assert not stack.ledger.reported("run-1")
    end(_ended(age=9000))
    assert _verdicts(stack) == {"ami-0a": "FAIL", "ami-0b": "PASS"}
    assert len(stack.messages()) == (refused[0] == "sns")


def test_rows_that_cannot_be_read_as_models_are_reported_as_they_are(stack: Any, end: Any) -> None:
    _opened(stack)
    row = next(row for row in stack.ledger.rows("run-1") if row["sk"].endswith("ami-0b"))
    stack.ledger._table.put(row | {"engine": "of tomorrow", "counts": {"LOW": 2, "WORSE": 1}, "tags": {"a": 1}})
    end(_ended())
    assert _verdicts(stack) == {"ami-0a": "NOT_ASSESSED", "ami-0b": "NOT_ASSESSED"}
    assert _report(stack).run.faults[-1].error == "ValidationError"
    assert len(stack.messages()) == 1


def test_a_termination_that_raises_keeps_nothing_else(stack: Any, end: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _opened(stack)

    def raises(*_: Any) -> None:
        raise Broken("ours")

    closed: list[str] = []
    monkeypatch.setattr(ending, "terminate_run", raises)
    monkeypatch.setattr(Scans, "close", lambda _, run_id: closed.append(run_id))
    with pytest.raises(Broken):
        end(_ended())
    assert closed == ["run-1"], "what the scanners made is removed all the same"
    assert [fault.where for fault in _report(stack).run.faults] == ["run", "terminate"]
    assert len(stack.messages()) == 1


def test_a_run_that_was_never_opened_is_listed_as_load_config_would(stack: Any) -> None:
    ssm = boto3.client("ssm", region_name="us-east-1")
    ssm.put_parameter(Name="/golden-amis/web", Value="ami-0a1b2c3d", Type="String")
    entries = [
        {"amiId": "resolve:ssm:/golden-amis/web"},
        {"amiId": "ami-0a1b2c3d", "instanceType": "t3.small"},
        {"amiId": "ami-0a1b2c3d", "region": "us-east-1"},
        {"amiId": "ami-0a1b2c3d", "region": "eu-west-1"},
        {"amiId": "resolve:ssm:/golden-amis/none"},
    ]
    ssm.put_parameter(Name=PARAMETER, Value=json.dumps({"amis": entries}), Type="String")
    fault = {"Error": "ServiceRejected", "Cause": json.dumps({"errorMessage": "no"})}
    stack.aggregate("run-1", PARAMETER, error=fault)
    amis = {one.key: one for one in _report(stack).amis}
    assert sorted(amis) == ["123456789012/eu-west-1/ami-0a1b2c3d", "ami-0a1b2c3d", "resolve:ssm:/golden-amis/none"]
    assert "configured more than once" in amis["ami-0a1b2c3d"].notes[0]
    reasons = {key: one.reason.code for key, one in amis.items() if one.reason}
    assert reasons["resolve:ssm:/golden-amis/none"] == "AMI_PARAMETER_NOT_FOUND"
    assert reasons["ami-0a1b2c3d"] == "RUN_FAILED"


def test_a_parameter_that_may_not_be_read_is_listed_by_its_name(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ssm = boto3.client("ssm", region_name="us-east-1")
    entries = [{"amiId": "resolve:ssm:/x"}, {"amiId": "resolve:ssm:/x"}, {"amiId": "ami-0a1b2c3d"}]
    ssm.put_parameter(Name=PARAMETER, Value=json.dumps({"amis": entries}), Type="String")
    _refusing(monkeypatch, lambda _, name: name == "GetParameters")
    stack.aggregate("run-1", PARAMETER, error={"Error": "AccessDenied", "Cause": "no"})
    assert sorted(one.key for one in _report(stack).amis) == ["ami-0a1b2c3d", "resolve:ssm:/x"]


def test_a_last_report_stays_within_the_limits_of_aws(stack: Any, end: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [(ami(f"ami-{number:04}", name="🦊" * 128, lineage=str(number)), None) for number in range(400)]
    stack.open("run-1", images)
    fault = type("日" + "E" * 300, (RuntimeError,), {})

    def raises(*_: Any) -> None:
        raise fault("a secret of the findings")

    monkeypatch.setattr(ending, "_aggregate", raises)
    end(_ended(cause="é" * 32_768))
    (message,) = stack.messages()
    assert message["Subject"].isascii()
    assert len(message["Subject"]) == 100
    assert len(message["Message"].encode()) < 256 * 1024
    assert "and 200 more in the whole report" in message["Message"]
    assert "a secret" not in message["Message"]
    report = _report(stack)
    assert len(report.amis) == 400
    assert len(report.run.faults[-1].error) <= 256


def test_an_attempt_that_is_aborted_again_has_its_report(stack: Any, end: Any) -> None:
    _opened(stack)
    end(_ended(age=60, status="ABORTED", error="Stopped"))
    written = _report(stack).run.completed_at
    later = datetime.now(UTC) + timedelta(seconds=30)
    again = _ended(status="ABORTED", error="Stopped")._replace(redriven_at=later.isoformat())
    with time_machine.travel(later + timedelta(seconds=30)):
        end(again)
        assert _report(stack).run.completed_at > written
        assert len(stack.messages()) == 2
        end(again)
    assert stack.messages() == []


def test_a_fail_state_that_is_entered_again_is_not_reported_again(stack: Any, end: Any) -> None:
    _opened(stack)
    end(_ended(age=60))
    written = _report(stack)
    later = datetime.now(UTC) + timedelta(seconds=30)
    end(_ended()._replace(redriven_at=later.isoformat()))
    assert _report(stack) == written
    assert len(stack.messages()) == 1
