"""What the states of Inspector Classic's assessment runs and agents mean for a run. Pure.

States and health as in the service model of `inspector` (botocore 1.44.5: AssessmentRunState, AgentHealth).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from golden_ami.engines.base import Progress
from golden_ami.models import Ami
from golden_ami.reasons import scanning

IN_PROGRESS = (
    "CREATED",
    "START_DATA_COLLECTION_PENDING",
    "START_DATA_COLLECTION_IN_PROGRESS",
    "COLLECTING_DATA",
    "STOP_DATA_COLLECTION_PENDING",
    "DATA_COLLECTED",
    "START_EVALUATING_RULES_PENDING",
    "EVALUATING_RULES",
)
FAILED = ("FAILED", "ERROR", "CANCELED")


def of_run(arn: str, state: str, amis: list[Ami]) -> list[Progress] | None:
    """The progress of a run's AMIs by its state; None for one that is completed: then each agent's part counts."""
    if state in IN_PROGRESS:
        return [Progress(ami.key, "RUNNING", state) for ami in amis]
    if state.startswith("COMPLETED"):
        return None
    reason = scanning.ASSESSMENT_RUN_FAILED(run=arn, state=state)
    return [Progress(ami.key, "FAILED", state, reason) for ami in amis]


def of_agent(ami: Ami, agent: Mapping[str, Any] | None, state: str, at: str) -> Progress:
    """What an ended run says of one AMI. An agent that sent nothing was not assessed, whatever the run says."""
    health = f"{agent['agentHealth']}, {agent['agentHealthCode']}" if agent else "not among the run's agents"
    details = f": {agent['agentHealthDetails']}" if agent and agent.get("agentHealthDetails") else ""
    if not agent or (agent["agentHealth"] != "HEALTHY" and not agent["telemetryMetadata"]):
        reason = scanning.AGENT_SENT_NOTHING(instance=ami.instance_id, health=health + details)
        return Progress(ami.key, "FAILED", state, reason, at=at)
    if agent["agentHealth"] == "HEALTHY":
        return Progress(ami.key, "COMPLETED", state, at=at)
    note = f"the agent was not healthy at the end ({health}{details}): findings may be missing"
    return Progress(ami.key, "PARTIAL", state, note=note, at=at)
