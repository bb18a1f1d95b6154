"""A configuration that has no room in the ledger's row: its exceptions and routes are kept in an object."""

from __future__ import annotations

import json

import permissions
import pytest
from botocore.exceptions import ClientError

from golden_ami_cli.embedded import account_of
from golden_ami_emulator.embedded import Embedded


def test_a_run_with_2000_exceptions_is_assessed_by_them() -> None:
    """Above 400 KB in all; DynamoDB refuses such an item (Developer Guide, "Quotas")."""
    world = permissions.world()
    world.inspector_enabled = True
    exceptions = [
        {"vulnerability": f"CVE-2026-{number}", "scope": {"ami": permissions.AMIS[0]}, "reason": "r" * 200,
         "owner": "web", "expires": "2100-01-01"}
        for number in range(2000)
    ]  # fmt: skip
    configuration = json.dumps({"version": 1, "amis": [{"amiId": permissions.AMIS[0]}], "exceptions": exceptions})
    assert len(configuration) > 400 * 1024
    with Embedded(world) as aws:
        account = account_of(aws)
        address = f"s3://{account.settings.bucket}/config/long.json"
        aws.client("s3").put_object(Bucket=account.settings.bucket, Key="config/long.json", Body=configuration.encode())
        aws.put_configuration("ContinuousAssessmentInput", json.dumps({"version": 1, "document": address}))
        ended = aws.run({"AMIsParamName": "ContinuousAssessmentInput"}, "run-1")
        assert ended["status"] == "SUCCEEDED"
        run = account.ledger.run("run-1")
        assert (run.config.exceptions, run.terms_key.split("/")[:3]) == ([], ["runs", "run-1", "terms"])
        body = aws.client("s3").get_object(Bucket=account.settings.bucket, Key=run.report_key)["Body"].read()
        assert len(json.loads(body)["exceptions"]) == 2000


def test_the_embedded_table_refuses_an_item_above_400_kb() -> None:
    with Embedded(permissions.world()) as aws:
        item = {"pk": {"S": "p"}, "sk": {"S": "s"}, "content": {"S": "x" * 400 * 1024}}
        with pytest.raises(ClientError, match="Item size has exceeded the maximum allowed size"):
            aws.client("dynamodb").put_item(TableName=account_of(aws).settings.ledger_table, Item=item)
