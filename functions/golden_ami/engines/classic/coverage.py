"""What the states of Inspector Classic's assessment runs and agents mean for a run. Pure.

States and health as in the service model of `inspector` (botocore 1.44.5: AssessmentRunState, AgentHealth).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from golden_ami.engines.base import Progress
from golden_ami.models import Ami, Evidence, EvidenceKind
from golden_ami.reasons import incomplete, scanning

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
        packages = Evidence(kind="packages", status="COMPLETE", detail="the agent took part in the whole run", at=at)
        return Progress(ami.key, "COMPLETED", state, at=at, evidence=(*_of_every_agent(at), packages))
    detail = f"the run ended as {state}, the agent as {health}{details}"
    note = f"{detail}: findings may be missing"
    packages = incomplete.evidence("packages", "PARTIAL", incomplete.PACKAGES_INCOMPLETE(detail=detail), at)
    return Progress(ami.key, "PARTIAL", state, note=note, at=at, evidence=(*_of_every_agent(at), packages))


def _of_every_agent(at: str) -> list[Evidence]:
    """What Inspector Classic can never say: it names no dates for operating systems and looks at no languages."""
    details: dict[EvidenceKind, str] = {
        "operatingSystem": "Inspector Classic names no dates for operating systems",
        "languagePackages": "Inspector Classic does not look at packages of languages",
        "network": "what the rules packages of the run look at",
    }
    return [Evidence(kind=kind, status="NOT_APPLICABLE", detail=text, at=at) for kind, text in details.items()]
