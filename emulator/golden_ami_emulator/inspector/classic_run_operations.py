"""Inspector Classic's operations on runs, agents and findings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from golden_ami_emulator.inspector import classic_runs as runs
from golden_ami_emulator.inspector.classic_model import ClassicFinding
from golden_ami_emulator.inspector.classic_state import described, found, invalid
from golden_ami_emulator.inspector.filters import matches
from golden_ami_emulator.inspector.instances import AGENT_VERSION
from golden_ami_emulator.inspector.service import Params, Service, operation, present

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.classic_model import AssessmentRun
    from golden_ami_emulator.inspector.instances import Tracked
    from golden_ami_emulator.inspector.region import InspectorRegion

DEFAULT_PAGE, MAXIMUM_PAGE = 10, 500  # of every listing; the service's documentation, the model does not say
_SEVERITIES = ("Low", "Medium", "High", "Informational", "Undefined")


def matching(name: str, pattern: str | None) -> bool:
    """Whether a name is in a pattern: a regular expression, as Classic takes it."""
    if pattern is None:
        return True
    try:
        return re.fullmatch(pattern, name) is not None
    except re.error:
        return name == pattern


class RunOperations(Service):
    """Runs, agents and findings."""

    def limit(self, params: Params) -> int:
        """The page size. Raises Refusal."""
        size = int(params.get("maxResults") or DEFAULT_PAGE)
        if not 1 <= size <= MAXIMUM_PAGE:
            raise invalid("INVALID_MAX_RESULTS", f"maxResults is {size}; it may be 1 to {MAXIMUM_PAGE}")
        return size

    def arn_page(
        self, region: InspectorRegion, params: Params, member: str, arns: Callable[[], Sequence[str]]
    ) -> dict[str, Any]:
        """One page of ARNs."""
        page, token = self.page(region, params, self.limit(params), arns)
        return present(**{member: list(page), "nextToken": token})

    @operation
    def start_assessment_run(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Start a run; its name is unique for its template."""
        template = found(region.classic.templates, params["assessmentTemplateArn"], "ASSESSMENT_TEMPLATE")
        siblings = [run for run in region.classic.runs.values() if run.template is template]
        name = params.get("assessmentRunName") or f"Run - {template.name} - {region.now().isoformat()}"
        if any(run.name == name for run in siblings):
            # The model has no code for this; the message is what tells.
            raise invalid("INVALID_ASSESSMENT_TEMPLATE_NAME", f"An assessment run with the name {name} already exists")
        if not template.packages:
            raise invalid("INVALID_NUMBER_OF_RULES_PACKAGE_ARNS", f"The template {template.name} has no rules package")
        return {"assessmentRunArn": runs.start(region, template, name).arn}

    @operation
    def stop_assessment_run(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Stop a run; one that has ended stays as it is."""
        run = found(region.classic.runs, params["assessmentRunArn"], "ASSESSMENT_RUN")
        runs.stop(region, run, params.get("stopAction", "START_EVALUATION"))
        return {}

    @operation
    def list_assessment_runs(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Runs by template, name pattern, state, time."""
        wanted = params.get("assessmentTemplateArns") or []
        for template in wanted:
            found(region.classic.templates, template, "ASSESSMENT_TEMPLATE")
        criteria = params.get("filter") or {}
        arns = [
            run.arn
            for run in region.classic.runs.values()
            if (not wanted or run.template.arn in wanted) and _run_matches(run, criteria)
        ]
        return self.arn_page(region, params, "assessmentRunArns", lambda: arns)

    @operation
    def describe_assessment_runs(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Runs by ARN."""
        items, failed = described(region.classic.runs, params["assessmentRunArns"])
        return {"assessmentRuns": [_run_row(region, run) for run in items], "failedItems": failed}

    @operation
    def preview_agents(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """The agents that a run on a target would have."""
        target = found(region.classic.targets, params["previewAgentsArn"], "ASSESSMENT_TARGET")
        rows = [_preview(region, tracked) for tracked in runs.targeted(region, target.arn)]
        page, token = self.page(region, params, self.limit(params), lambda: rows)
        return present(agentPreviews=page, nextToken=token)

    @operation
    def list_assessment_run_agents(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """The agents of a run."""
        run = found(region.classic.runs, params["assessmentRunArn"], "ASSESSMENT_RUN")
        criteria = params.get("filter") or {}
        rows = [
            row
            for row in (_run_agent(region, run, tracked) for tracked in run.agents)
            if row["agentHealth"] in (criteria.get("agentHealths") or [row["agentHealth"]])
            and row["agentHealthCode"] in (criteria.get("agentHealthCodes") or [row["agentHealthCode"]])
        ]
        page, token = self.page(region, params, self.limit(params), lambda: rows)
        return present(assessmentRunAgents=page, nextToken=token)

    @operation
    def list_findings(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Findings by run, agent, severity, package and attributes. Some ARNs may come twice, on different pages."""
        wanted = params.get("assessmentRunArns") or list(region.classic.runs)
        for run in wanted:
            found(region.classic.runs, run, "ASSESSMENT_RUN")
        criteria = params.get("filter") or {}

        def arns() -> list[str]:
            found_arns = [arn for run in wanted for arn in region.classic.runs[run].finding_arns]
            items = [region.classic.findings[arn] for arn in found_arns]
            items = [item for item in items if _finding_matches(item, criteria)]
            return [item.members["arn"] for item in [*items, *(item for item in items if item.repeated)]]

        return self.arn_page(region, params, "findingArns", arns)

    @operation
    def describe_findings(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Findings by ARN."""
        items, failed = described(region.classic.findings, params["findingArns"])
        return {"findings": [dict(item.members) for item in items], "failedItems": failed}

    @operation
    def add_attributes_to_findings(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Put user attributes on findings; one of the same key is replaced."""
        items, failed = described(region.classic.findings, params["findingArns"])
        new = {attribute["key"]: attribute.get("value", "") for attribute in params["attributes"]}
        for item in items:
            merged = {attribute["key"]: attribute["value"] for attribute in item.members["userAttributes"]} | new
            if len(merged) > 10:
                failed[item.members["arn"]] = {"failureCode": "LIMIT_EXCEEDED", "retryable": False}
            else:
                _set_attributes(region, item, merged)
        return {"failedItems": failed}

    @operation
    def remove_attributes_from_findings(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Take user attributes off findings."""
        items, failed = described(region.classic.findings, params["findingArns"])
        for item in items:
            kept = {attribute["key"]: attribute["value"] for attribute in item.members["userAttributes"]}
            _set_attributes(region, item, {k: v for k, v in kept.items() if k not in params["attributeKeys"]})
        return {"failedItems": failed}


def _set_attributes(region: InspectorRegion, item: ClassicFinding, attributes: dict[str, str]) -> None:
    item.members["userAttributes"] = [{"key": key, "value": value} for key, value in attributes.items()]
    item.members["updatedAt"] = region.now()


def _run_matches(run: AssessmentRun, criteria: dict[str, Any]) -> bool:
    duration = criteria.get("durationRange") or {}
    started, ended, changed = run.created_at, run.completed_at, run.states[-1][0]
    times = {
        "startTimeRange": (lambda _: [started], criteria.get("startTimeRange")),
        "completionTimeRange": (lambda _: [ended] if ended else [], criteria.get("completionTimeRange")),
        "stateChangeTimeRange": (lambda _: [changed], criteria.get("stateChangeTimeRange")),
    }
    ranges = {
        name: [present(startInclusive=wanted.get("beginDate"), endInclusive=wanted.get("endDate"))]
        for name, (_, wanted) in times.items()
        if wanted
    }
    return (
        matching(run.name, criteria.get("namePattern"))
        and run.state in (criteria.get("states") or [run.state])
        and duration.get("minSeconds", 0) <= run.duration <= duration.get("maxSeconds", run.duration)
        and set(criteria.get("rulesPackageArns") or []) <= set(run.packages)
        and matches({}, ranges, {name: getter for name, (getter, _) in times.items()})
    )


def _run_row(region: InspectorRegion, run: AssessmentRun) -> dict[str, Any]:
    severities = Counter(region.classic.findings[arn].members["severity"] for arn in run.finding_arns)
    return present(
        arn=run.arn,
        name=run.name,
        assessmentTemplateArn=run.template.arn,
        state=run.state,
        durationInSeconds=run.duration,
        rulesPackageArns=run.packages,
        userAttributesForFindings=run.attributes,
        createdAt=run.created_at,
        startedAt=run.created_at,
        completedAt=run.completed_at,
        stateChangedAt=run.states[-1][0],
        dataCollected=run.data_collected,
        stateChanges=[{"stateChangedAt": moment, "state": state} for moment, state in run.states],
        notifications=run.notifications[-50:],
        findingCounts={severity: severities[severity] for severity in _SEVERITIES},
    )


def _preview(region: InspectorRegion, tracked: Tracked) -> dict[str, Any]:
    up, started = tracked.agent_up(region.now()), tracked.agent_at is not None
    healthy = {"agentHealth": "HEALTHY", "agentVersion": AGENT_VERSION, "operatingSystem": tracked.platform}
    health = healthy if up else {"agentHealth": "UNKNOWN" if started else "UNHEALTHY"}
    return {
        "hostname": str(tracked.host.private_dns_name),
        "agentId": tracked.id,
        "ipv4Address": str(tracked.host.private_ip),
        **health,
    }


def _run_agent(region: InspectorRegion, run: AssessmentRun, tracked: Tracked) -> dict[str, Any]:
    up = tracked.agent_up(region.now()) if run.active else tracked in run.healthy
    idle = "RUNNING" if run.active else "IDLE"
    gone = "SHUTDOWN" if not tracked.running else "UNHEALTHY"
    return {
        "agentId": tracked.id,
        "assessmentRunArn": run.arn,
        "agentHealth": "HEALTHY" if up else "UNHEALTHY",
        "agentHealthCode": idle if up else gone,
        "telemetryMetadata": [{"messageType": "InspectorPackageMessage", "count": 1, "dataSize": 1024}] if up else [],
    }


def _finding_matches(item: ClassicFinding, criteria: dict[str, Any]) -> bool:
    members = item.members
    return (
        item.agent_id in (criteria.get("agentIds") or [item.agent_id])
        and members["severity"] in (criteria.get("severities") or [members["severity"]])
        and members["id"] in (criteria.get("ruleNames") or [members["id"]])
        and not criteria.get("autoScalingGroups")
        and _has_package(members, criteria.get("rulesPackageArns") or [])
        and _has_all(members["attributes"], criteria.get("attributes") or [])
        and _has_all(members["userAttributes"], criteria.get("userAttributes") or [])
    )


def _has_package(members: dict[str, Any], wanted: Sequence[str]) -> bool:
    return not wanted or members["serviceAttributes"]["rulesPackageArn"] in wanted


def _has_all(own: Sequence[dict[str, str]], wanted: Sequence[dict[str, str]]) -> bool:
    pairs = {attribute["key"]: attribute["value"] for attribute in own}
    return all(item["key"] in pairs and item.get("value") in (None, pairs[item["key"]]) for item in wanted)
