"""An assessment run of Inspector Classic: its states in their order, its agents, its notifications."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from golden_ami_emulator.inspector import classic_findings, notify
from golden_ami_emulator.inspector.classic_model import ENDS, AssessmentRun, AssessmentTemplate
from golden_ami_emulator.inspector.classic_state import arn, new_id
from golden_ami_emulator.inspector.errors import Refusal
from golden_ami_emulator.inspector.wire import iso

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.instances import Tracked
    from golden_ami_emulator.inspector.region import InspectorRegion

AGENT_LIMIT = 500  # instances in one run
_STARTING = ((1.0, "START_DATA_COLLECTION_IN_PROGRESS"), (10.0, "COLLECTING_DATA"))
# After the template's duration; the seconds are ours, AWS gives none.
_ENDING = (
    (0.0, "STOP_DATA_COLLECTION_PENDING"),
    (5.0, "DATA_COLLECTED"),
    (6.0, "START_EVALUATING_RULES_PENDING"),
    (10.0, "EVALUATING_RULES"),
)
_EVALUATION_SECONDS = 40.0


def start(region: InspectorRegion, template: AssessmentTemplate, name: str) -> AssessmentRun:
    """Start a run. Raises Refusal when an agent is taken or there are too many."""
    agents = targeted(region, template.target.arn)
    _check_agents(region, agents)
    run_arn = arn(region, f"{template.arn.rpartition(':')[2]}/run/{new_id()}")
    run = AssessmentRun(
        run_arn,
        name,
        template,
        region.now(),
        agents,
        list(template.attributes),
        list(template.packages),
        template.duration,
    )
    region.classic.runs[run_arn] = run
    _enter(region, run, "CREATED")
    _enter(region, run, "START_DATA_COLLECTION_PENDING")
    _announce(region, run, "ASSESSMENT_RUN_STARTED")
    for seconds, state in _STARTING:
        _plan(region, run, seconds, state)
    run.timers.append(region.later(run.duration, lambda: _stop_collecting(region, run), "classic run: stop collecting"))
    return run


def stop(region: InspectorRegion, run: AssessmentRun, action: str) -> None:
    """End data collection now, and evaluate what was collected or not."""
    if not run.active or run.data_collected:
        return
    for timer in run.timers:
        timer.cancel()
    if action == "SKIP_EVALUATION":
        _end(region, run, "CANCELED")
    else:
        _stop_collecting(region, run)


def targeted(region: InspectorRegion, target_arn: str) -> list[Tracked]:
    """The running instances of a target."""
    group = region.classic.targets[target_arn].group
    running = (tracked for tracked in region.instances.values() if tracked.running)
    return [tracked for tracked in running if group is None or tracked.matches(group.tags)]


def busy(region: InspectorRegion, agents: Sequence[Tracked]) -> list[dict[str, str]]:
    """The agents that run for another run, and for which."""
    wanted = {tracked.id for tracked in agents}
    return [
        {"agentId": tracked.id, "assessmentRunArn": run.arn}
        for run in region.classic.runs.values()
        if run.active
        for tracked in run.agents
        if tracked.id in wanted and tracked.running
    ]


def _check_agents(region: InspectorRegion, agents: Sequence[Tracked]) -> None:
    if taken := busy(region, agents):
        text = "You started an assessment run, but one of the instances is already participating in another one."
        raise Refusal(
            "AgentsAlreadyRunningAssessmentException",
            text,
            agents=taken[:10],
            agentsTruncated=len(taken) > 10,
            canRetry=True,
        )
    if len(agents) > AGENT_LIMIT:
        text = f"The target has {len(agents)} instances; a run takes {AGENT_LIMIT}"
        code = "ASSESSMENT_RUN_LIMIT_EXCEEDED"
        raise Refusal("LimitExceededException", text, errorCode=code, canRetry=False)


def _plan(region: InspectorRegion, run: AssessmentRun, seconds: float, state: str) -> None:
    run.timers.append(region.later(seconds, lambda: _enter(region, run, state), f"classic run: {state}"))


def _enter(region: InspectorRegion, run: AssessmentRun, state: str) -> None:
    run.states.append((region.now(), state))
    _announce(region, run, "ASSESSMENT_RUN_STATE_CHANGED", newstate=state)


def _stop_collecting(region: InspectorRegion, run: AssessmentRun) -> None:
    run.healthy = [tracked for tracked in run.agents if tracked.agent_up(region.now())]
    run.data_collected = bool(run.healthy)
    for seconds, state in _ENDING:
        if seconds:
            _plan(region, run, seconds, state)
        else:
            _enter(region, run, state)
    run.timers.append(region.later(_EVALUATION_SECONDS, lambda: _evaluated(region, run), "classic run: end"))


def _evaluated(region: InspectorRegion, run: AssessmentRun) -> None:
    result = _result(run)
    if result in ("COMPLETED", "COMPLETED_WITH_ERRORS"):
        for finding in classic_findings.of_run(region, run):
            arn_ = finding.members["arn"]
            region.classic.findings[arn_] = finding
            run.finding_arns.append(arn_)
            _announce(region, run, "FINDING_REPORTED", finding=arn_)
    _end(region, run, result)


def _result(run: AssessmentRun) -> str:
    results = [tracked.behaviour.classic_result for tracked in run.agents]
    if len(run.healthy) < len(run.agents) or not run.agents:
        results.append("COMPLETED_WITH_ERRORS")
    return max(results, key=ENDS.index)


def _end(region: InspectorRegion, run: AssessmentRun, state: str) -> None:
    run.completed_at = region.now()
    _enter(region, run, state)
    if state in ("COMPLETED", "COMPLETED_WITH_ERRORS"):
        for _ in range(_completions(run)):
            _announce(region, run, "ASSESSMENT_RUN_COMPLETED", findingsCount=_findings_count(region, run))


def _completions(run: AssessmentRun) -> int:
    """How often the completion is sent: none if it is lost for one of the run's images, else as for the most."""
    sent = [tracked.behaviour.events.count("complete") for tracked in run.agents]
    return 0 if 0 in sent else max(sent, default=1)


def _findings_count(region: InspectorRegion, run: AssessmentRun) -> str:
    found = Counter(
        region.classic.findings[a].members["serviceAttributes"]["rulesPackageArn"] for a in run.finding_arns
    )
    return "{" + ", ".join(f"{package}={found[package]}" for package in run.packages) + "}"


def _announce(region: InspectorRegion, run: AssessmentRun, event: str, **extra: str) -> None:
    message = {"template": run.template.arn, "run": run.arn, "time": iso(region.now()), "event": event}
    message |= {"target": run.template.target.arn, **extra}
    topics = [
        subscription.topic_arn
        for subscription in region.classic.subscriptions
        if subscription.resource_arn == run.template.arn and subscription.event == event
    ]
    region.send([_delivery(region, run, topic, event, message) for topic in topics], f"notify {event}")


def _delivery(
    region: InspectorRegion, run: AssessmentRun, topic: str, event: str, message: dict[str, str]
) -> Callable[[], None]:
    def deliver() -> None:
        status = "SUCCESS"
        try:
            notify.publish(region, topic, json.dumps(message, separators=(",", ":")))
        except ClientError as error:
            missing = error.response["Error"]["Code"] in ("NotFound", "NotFoundException")
            status = "TOPIC_DOES_NOT_EXIST" if missing else "ACCESS_DENIED"
        with region.lock:
            record = {"date": region.now(), "event": event, "error": status != "SUCCESS"}
            run.notifications.append({**record, "snsTopicArn": topic, "snsPublishStatusCode": status})

    return deliver
