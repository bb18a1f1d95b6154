"""Probes in the embedded AWS: each goes through its own rule, and forged ones do nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from golden_ami import probes
from golden_ami.ledger import Ledger
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_cli.assessing.inputs import Inputs
from golden_ami_emulator.embedded import Embedded

CONSUMER = {
    "ExecutionEnded": "on-execution-end", "InstanceScanned": "resume", "AmiScanned": "resume",
    "AmiFinding": "store-findings",
}  # fmt: skip
CONSUMERS = set(CONSUMER.values())


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    sample = Inputs.read(None, None, None)
    with Embedded(sample.world) as opened:
        put_configuration(opened, sample.text)
        yield opened


def ledger(aws: Embedded) -> Ledger:
    return Ledger(aws.client("dynamodb"), aws.outputs["LedgerTable"])


def sent(aws: Embedded, rule: str, stack: str = "golden-ami", **detail: Any) -> str:
    """Send a probe, and let it arrive; its id, if that is not given."""
    given = {"probe": uuid4().hex, "rule": rule, "stack": stack} | detail
    entry = {"Source": probes.SOURCE, "DetailType": probes.DETAIL_TYPE, "Detail": json.dumps(given)}
    assert aws.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    aws.clock.sleep(15)  # the queue of findings gathers a batch for ten
    return str(given["probe"])


def invoked(aws: Embedded) -> list[str]:
    """The consumers that have called AWS."""
    return [name for name in CONSUMERS if aws.calls.of(aws.lambda_name(name))]


@pytest.mark.parametrize("rule", probes.RULES)
def test_a_probe_goes_through_one_rule_to_its_consumer(aws: Embedded, rule: str) -> None:
    aws.calls.clear()
    assert ledger(aws).arrived(sent(aws, rule)) == {rule}
    assert invoked(aws) == [CONSUMER[rule]]
    [item] = [
        call.parameters["Item"] for name in CONSUMERS for call in aws.calls.of(aws.lambda_name(name))
    ]  # one call, one row
    assert int(item["ttl"]["N"]) - aws.clock.now().timestamp() == pytest.approx(86_400, abs=60)


def test_a_probe_of_another_stack_goes_nowhere(aws: Embedded) -> None:
    aws.calls.clear()
    for rule in (*probes.RULES, "Other"):
        assert ledger(aws).arrived(sent(aws, rule, stack="golden-ami-2")) == set()
    assert invoked(aws) == []


def test_a_forged_probe_does_nothing_to_a_run(aws: Embedded) -> None:
    """It has all that an event of Inspector or of Step Functions would have; and once an id that is none."""
    arn = aws.start({"AMIsParamName": PARAMETER})
    aws.clock.sleep(330)  # booted, and the scans are awaited
    run = arn.rpartition(":")[2]
    scans = ledger(aws).outstanding(run)
    assert scans
    forged: dict[str, Any] = {
        "name": run, "executionArn": arn, "status": "ABORTED", "stateMachineArn": aws.outputs["StateMachineArn"],
        "instance-id": scans[0], "scan-status": "INITIAL_SCAN_COMPLETE", "scanId": scans[0],
        "scanStatus": "SUCCESSFUL", "findingArn": "arn:aws:x", "finding-severity-counts": {"TOTAL": 0},
        "awsAccountId": aws.account, "event": "ASSESSMENT_RUN_COMPLETED", "run": scans[0],
    }  # fmt: skip
    aws.calls.clear()
    for rule in probes.RULES:
        sent(aws, rule, **forged)
        sent(aws, rule, **forged, probe=f"RUN#{run}")
    made = [call for name in CONSUMERS for call in aws.calls.of(aws.lambda_name(name))]
    assert [call.operation for call in made] == ["PutItem"] * len(probes.RULES)
    assert all(call.parameters["Item"]["pk"]["S"].startswith("PROBE#") for call in made)
    assert ledger(aws).outstanding(run) == scans
    assert aws.wait(arn)["status"] == "SUCCEEDED"
