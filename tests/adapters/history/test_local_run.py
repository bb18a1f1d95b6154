"""A whole run in the embedded AWS, cancelled while instances boot: archived, verified, shown."""

from __future__ import annotations

import io
import json
from pathlib import Path

from golden_ami.history.archive import archive_execution, verify
from golden_ami.ledger import Ledger
from golden_ami.storage.keys import history_prefix
from golden_ami.storage.objects import S3Store
from golden_ami_cli.assessing.inputs import Inputs
from golden_ami_cli.console import Console
from golden_ami_cli.history.command import history
from golden_ami_cli.history.source import HistorySource
from golden_ami_emulator.embedded import Embedded


def test_a_cancelled_run_is_archived_and_shown(tmp_path: Path) -> None:
    inputs = Inputs.read(None, None, None)
    configuration = json.loads(inputs.text)
    amis = configuration["amis"] if isinstance(configuration, dict) else configuration
    amis[0]["userData"] = "#!/bin/sh\nexport DB_PASSWORD=hunter2"
    with Embedded(inputs.world) as aws:
        aws.put_configuration("ContinuousAssessmentInput", json.dumps(configuration))
        arn = aws.start({"AMIsParamName": "ContinuousAssessmentInput"}, "run-cancelled")
        aws.clock.sleep(120)
        states = aws.client("stepfunctions")
        states.stop_execution(executionArn=arn, error="Cancelled", cause="by the operator")
        aws.wait(arn)
        aws.clock.sleep(60)  # on-execution-end does its part
        store = S3Store(aws.client("s3"), aws.outputs["ReportBucket"])
        ledger = Ledger(aws.client("dynamodb"), aws.outputs["LedgerTable"])
        archive_execution(states, store, ledger, arn)
        assert verify(store, "run-cancelled", ledger.history_anchor("run-cancelled")) == []
        rows = store.read(history_prefix("run-cancelled") + "ledger.jsonl").decode()
        assert "hunter2" not in rows
        assert '"userDataSha256":"' in rows
        assert '"userData"' not in rows
        out = io.StringIO()
        console = Console(file=out, width=140, color_system=None)
        history("run-cancelled", HistorySource(store), console=console)
        history("run-cancelled", HistorySource(store), console=console, html=tmp_path / "history.html")
    text = out.getvalue()
    assert "■ Wait For Boot" in text
    assert "aborted" in text
    assert "Cancelled  by the operator" in text
    assert "golden-al2023-web-2026-10-14 · ami-0a1b2c3d4e5f60001" in text
    assert (tmp_path / "history.html").stat().st_size > 20_000
