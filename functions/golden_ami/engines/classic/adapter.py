"""Inspector Classic (`inspector`): one shared target and template, one assessment run for all AMIs of a run.

AWS ended the service on 2026-05-20; it runs where the stack allows it (CLASSIC_ENGINE), which AWS itself never does.
Limits as in its service model and quotas: 500 instances a run, 500 findings a page, 10 ARNs a call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from botocore.exceptions import ClientError

from golden_ami import times
from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import code_of
from golden_ami.engines import hosts
from golden_ami.engines.base import Agent, Progress, WrittenBack
from golden_ami.engines.classic.attributes import attributes
from golden_ami.engines.classic.coverage import FAILED, IN_PROGRESS, of_agent, of_run
from golden_ami.engines.classic.findings import DESCRIBE_FINDINGS, from_classic
from golden_ami.engines.classic.setup import NAME, Setup
from golden_ami.engines.tagging import put_in_batches
from golden_ami.errors import EngineBusy, EngineUnavailable, ServiceFault
from golden_ami.evidence.announced import announced
from golden_ami.ledger import Ledger
from golden_ami.models import Ami, Evidence, Finding, Run, Scan
from golden_ami.parallel import chunks, side_by_side
from golden_ami.places import Place
from golden_ami.reasons import scanning, tagging
from golden_ami.settings import Settings

INSTANCES = 500  # that a run may hold
_ARNS = 10
_PAGE = 500
_WAVE = 8 * _ARNS  # findings described side by side


def make(place: Place, settings: Settings, clients: Clients, ledger: Ledger) -> ClassicEngine:
    """The adapter."""
    return ClassicEngine(place, settings, clients, ledger)


class ClassicEngine:
    """The `classic` engine in one place; see `base.Adapter` for the contract."""

    def __init__(self, place: Place, settings: Settings, clients: Clients, ledger: Ledger) -> None:
        self._settings = settings
        self._clients = clients
        self._ledger = ledger
        self._place = place
        self._inspector = clients.client("inspector", place)
        self._listed: set[str] = set()  # findings of the AMI whose findings are read
        self._setup = Setup(self._inspector, settings.complete_topic)

    def ensure(self, run: Run, amis: Sequence[Ami]) -> None:
        """Target, template and subscription `ContinuousAssessment` as the configuration says, and free."""
        if not self._settings.classic_engine:
            raise EngineUnavailable(
                "Amazon Inspector Classic ended on 2026-05-20; set engine to `instance` (Amazon Inspector on a "
                "launched instance) or `ami` (Amazon Inspector's on-demand AMI scan) in the configuration"
            )
        for ami in amis[INSTANCES:]:
            self._ledger.not_assessed(ami, scanning.CLASSIC_LIMIT(limit=INSTANCES))
        template = self._setup.ensure(run.config.waits.assessment_seconds, run.config.rules_packages)
        self._refuse_if_taken(run, template)

    def agents(self, run: Run, amis: Sequence[Ami]) -> list[Agent]:  # noqa: ARG002
        """PreviewAgents of the target; where an agent is silent, EC2 may know that its instance is gone."""
        health = self._health()
        silent = [ami for ami in amis if health.get(ami.instance_id) != "HEALTHY"]
        instances = hosts.described(self._clients.client("ec2", self._place), silent)
        return [self._agent(ami, health.get(ami.instance_id, ""), instances.get(ami.instance_id)) for ami in amis]

    def start(self, run: Run, amis: Sequence[Ami]) -> list[Scan]:
        """StartAssessmentRun once a wave; the assessment run is found again by its name."""
        template = self._setup.template(run.config.waits.assessment_seconds, run.config.rules_packages)
        arn = self._found_or_started(_name(run, amis), template)
        return [Scan(key=arn, ami_keys=[ami.key for ami in amis])]

    def poll(self, run: Run, amis: Sequence[Ami]) -> list[Progress]:  # noqa: ARG002
        """DescribeAssessmentRuns; of an ended run, which of our agents took part."""
        by_run: dict[str, list[Ami]] = {}
        for ami in amis:
            by_run.setdefault(ami.scan, []).append(ami)
        described = {one["arn"]: one for one in self._described(list(by_run))}
        return [one for arn, group in by_run.items() for one in self._progress(arn, described.get(arn), group)]

    def findings(self, run: Run, ami: Ami) -> Iterator[Finding]:  # noqa: ARG002
        """Every page of ListFindings of our agent, described in tens; those that are not described are left out."""
        pages = self._inspector.get_paginator("list_findings").paginate(
            assessmentRunArns=[ami.scan],
            filter={"agentIds": [ami.instance_id]},
            PaginationConfig={"PageSize": _PAGE},
        )
        arns = (arn for page in pages for arn in page["findingArns"])
        for wave in chunks(arns, _WAVE):
            distinct = list(dict.fromkeys(wave))
            self._listed.update(distinct)
            for batch in side_by_side(self._describe, chunks(distinct, _ARNS)):
                yield from map(from_classic, batch)

    def confirm(self, run: Run, ami: Ami, received: Mapping[str, int]) -> list[Evidence]:  # noqa: ARG002
        """Evidence `findings`: pending while Inspector lists more than it describes."""
        return [announced(len(self._listed), received.get(DESCRIBE_FINDINGS, 0), DESCRIBE_FINDINGS)]

    def write_back(self, run: Run, ami: Ami, arns: Sequence[str], until: datetime) -> WrittenBack:
        """AddAttributesToFindings with as many of the AMI's tags as Inspector takes."""
        chosen, left_out = attributes(ami.tags, run.config.finding_tags)
        pairs = [{"key": key, "value": value} for key, value in chosen.items()]

        def add(batch: list[str]) -> Mapping[str, str]:
            answer = self._inspector.add_attributes_to_findings(findingArns=batch, attributes=pairs)
            return {arn: item["failureCode"] for arn, item in answer["failedItems"].items()}

        left = put_in_batches(add, arns, _ARNS, until) if pairs else {}
        return WrittenBack([*left], [*left_out, *(_note(*one, ami) for one in Counter(left.values()).items())])

    def close(self, run: Run, amis: Sequence[Ami]) -> None:
        """Target and template are shared and stay."""

    def _refuse_if_taken(self, run: Run, template: str) -> None:
        for other in self._runs(template, states=IN_PROGRESS):
            if not other["name"].startswith(f"{run.run_id}-"):
                raise EngineBusy(
                    f"Inspector Classic's target {NAME} is in use by assessment run {other['name']} ({other['arn']}, "
                    f"{other['state']}); it holds every tagged instance, so start this run when that one has ended"
                )

    def _found_or_started(self, prefix: str, template: str) -> str:
        for attempt in count(1):
            # Exact names: the documents leave open what a wildcard in a pattern means.
            name = f"{prefix}-{attempt}"
            found = [one for one in self._runs(template, name) if one["name"] == name]
            if not found:
                return self._start(template, name)
            if found[0]["state"] not in FAILED:
                return str(found[0]["arn"])
        raise AssertionError  # count has no end

    def _start(self, template: str, name: str) -> str:
        try:
            answer = self._inspector.start_assessment_run(assessmentTemplateArn=template, assessmentRunName=name)
        except ClientError as error:
            if code_of(error) != "AgentsAlreadyRunningAssessmentException":
                raise
            response: dict[str, Any] = dict(error.response)
            others = sorted({agent["assessmentRunArn"] for agent in response.get("agents", [])})
            raise EngineBusy(
                f"agents of this run are already in assessment run {', '.join(others) or 'of another template'}; "
                "start this run when that one has ended"
            ) from error
        return str(answer["assessmentRunArn"])

    def _health(self) -> dict[str, str]:
        target = self._setup.target()
        if not target:
            return {}
        pages = self._inspector.get_paginator("preview_agents").paginate(
            previewAgentsArn=target, PaginationConfig={"PageSize": _PAGE}
        )
        return {one["agentId"]: one.get("agentHealth", "UNKNOWN") for page in pages for one in page["agentPreviews"]}

    def _agent(self, ami: Ami, health: str, instance: dict[str, Any] | None) -> Agent:
        if health == "HEALTHY":
            return Agent(ami.key, "READY")
        died = hosts.death(instance, ami.instance_id)
        if died:
            return Agent(ami.key, "FAILED", died)
        if not health:
            return Agent(ami.key, "WAITING", scanning.AGENT_NEVER_ANSWERED(instance=ami.instance_id))
        return Agent(ami.key, "WAITING", scanning.AGENT_NOT_HEALTHY(instance=ami.instance_id, health=health))

    def _runs(self, template: str, pattern: str = "", states: Sequence[str] = ()) -> list[dict[str, Any]]:
        criteria: dict[str, Any] = {"namePattern": pattern} if pattern else {}
        if states:
            criteria["states"] = list(states)
        pages = self._inspector.get_paginator("list_assessment_runs").paginate(
            assessmentTemplateArns=[template], filter=criteria
        )
        return self._described([arn for page in pages for arn in page["assessmentRunArns"]])

    def _described(self, arns: Sequence[str]) -> list[dict[str, Any]]:
        def describe(batch: list[str]) -> list[dict[str, Any]]:
            answer = self._inspector.describe_assessment_runs(assessmentRunArns=batch)
            for arn, item in answer["failedItems"].items():
                if item["retryable"]:
                    raise ServiceFault(f"Inspector did not describe assessment run {arn}: {item['failureCode']}")
            runs: list[dict[str, Any]] = answer["assessmentRuns"]
            return runs

        return [run for batch in side_by_side(describe, chunks(arns, _ARNS)) for run in batch]

    def _progress(self, arn: str, described: Mapping[str, Any] | None, amis: list[Ami]) -> list[Progress]:
        state = described["state"] if described else "unknown to Inspector"
        known = of_run(arn, state, amis)
        if known is not None or not described:
            return known or []
        at = times.read(described.get("completedAt"))
        agents = self._took_part(arn)
        return [of_agent(ami, agents.get(ami.instance_id), state, at) for ami in amis]

    def _took_part(self, arn: str) -> dict[str, dict[str, Any]]:
        pages = self._inspector.get_paginator("list_assessment_run_agents").paginate(
            assessmentRunArn=arn, PaginationConfig={"PageSize": _PAGE}
        )
        return {agent["agentId"]: agent for page in pages for agent in page["assessmentRunAgents"]}

    def _describe(self, arns: Sequence[str]) -> list[dict[str, Any]]:
        answer = self._inspector.describe_findings(findingArns=list(arns))
        findings: list[dict[str, Any]] = answer["findings"]
        return findings


def _name(run: Run, amis: Sequence[Ami]) -> str:
    """How the assessment run's name begins: of the first wave as it was before there were waves."""
    wave = max((ami.wave for ami in amis), default=0)
    return f"{run.run_id}-wave-{wave}" if wave > 1 else run.run_id


def _note(code: str, count: int, ami: Ami) -> str:
    reason = tagging.NOT_WRITTEN(code=code, count=count, region=ami.region, service="Inspector Classic")
    return f"{reason.message}; {reason.remedy}"
