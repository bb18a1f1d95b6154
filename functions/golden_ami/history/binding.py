"""What a run was made of: definition, code, configuration, policy, and who started it. The archive's manifest has it.

Who called StartExecution stands in AWS CloudTrail, which the functions do not read: `startedBy` is what the execution's
input said, the ARN of a schedule or the starter's own words.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

# A version of a function: its ARN in the definition ends in a number (template.yaml, DefinitionSubstitutions).
_VERSION = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:([\w-]+):(\d+)")


def binding(
    execution: Mapping[str, Any], machine: Mapping[str, Any], definition: str, run: Mapping[str, Any]
) -> dict[str, Any]:
    """By DescribeExecution, DescribeStateMachineForExecution and the run's row; "" for what is not known.

    `revisionId` is empty for a state machine's first revision, `stateMachineVersionArn` for an execution that was
    started by neither version nor alias (botocore's model of Step Functions). `policySha256` is of the run's own policy
    as it was understood; an AMI's own stands in the configuration, of whose text `configurationSha256` is.
    """
    config, source = run.get("config", {}), run.get("source", {})
    return {
        "definitionSha256": sha256(definition.encode()),
        "revisionId": machine.get("revisionId", ""),
        "stateMachineVersionArn": execution.get("stateMachineVersionArn", ""),
        "stateMachineAliasArn": execution.get("stateMachineAliasArn", ""),
        "functions": function_versions(definition),
        "configuration": {name: source.get(name, "") for name in ("parameter", "document", "documentVersion")},
        "configurationSha256": source.get("sha256", ""),
        "policySha256": sha256(_canonical(config.get("policy", {}))) if run else "",
        "startedBy": run.get("startedBy", ""),
    }


def function_versions(definition: str) -> dict[str, int]:
    """The published versions that a definition names, by the functions' names."""
    return {name: int(number) for name, number in sorted(_VERSION.findall(definition))}


def sha256(content: bytes) -> str:
    """In hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _canonical(value: Any) -> bytes:
    """The same bytes for the same value, whatever the order of its members."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str).encode()
