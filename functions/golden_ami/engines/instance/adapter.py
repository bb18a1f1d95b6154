"""Amazon Inspector (`inspector2`) on the launched instance: packages, network reachability, and CIS if asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from math import ceil
from typing import Any

from botocore.exceptions import ClientError

from golden_ami import deadlines, times
from golden_ami.announcement import Announcement
from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import code_of
from golden_ami.engines import hosts
from golden_ami.engines.base import Agent, Progress, WrittenBack
from golden_ami.engines.findings import LIST_FINDINGS, from_inspector
from golden_ami.engines.instance import changes, coverage, scan_configuration
from golden_ami.engines.instance.cis import Cis
from golden_ami.engines.instance.coverage import Look
from golden_ami.engines.instance.findings import with_details, without_details
from golden_ami.engines.instance.looked_at import DeepInspection
from golden_ami.engines.instance.security_hub import put_tags
from golden_ami.errors import EngineUnavailable
from golden_ami.evidence.announced import announced
from golden_ami.ledger import Ledger
from golden_ami.models import Ami, Evidence, Finding, Run, Scan
from golden_ami.parallel import chunks, side_by_side
from golden_ami.places import Place
from golden_ami.reasons import incomplete
from golden_ami.settings import Settings

_FILTER_VALUES = 10  # values that a filter of ListCoverage or ListFindings takes
_SSM_VALUES = 100
_SETTLING = 300  # seconds after a scan that no message counts, before what is listed is believed
_SAME_SCAN = timedelta(seconds=60)  # between the end of a scan and the instant of its message
_DETAILS = 10  # ARNs that BatchGetFindingDetails takes


def make(place: Place, _settings: Settings, clients: Clients, ledger: Ledger) -> InstanceEngine:
    """The adapter."""
    return InstanceEngine(place, clients, ledger)


class InstanceEngine:
    """The `instance` engine in one place; see `base.Adapter` for the contract."""

    def __init__(self, place: Place, clients: Clients, ledger: Ledger) -> None:
        self._clients = clients
        self._place = place
        self._inspector = clients.client("inspector2", place)
        self._ledger = ledger
        self._cis = Cis(self._inspector, ledger, place)
        # Of the details of findings: ARNs that are not answered for now, and what the service refuses them with.
        self._without_details: list[str] = []
        self._refused: list[str] = []
        self._remedied: dict[str, str] = {}  # package of a finding that Inspector closed -> when it was found, ISO 8601

    def ensure(self, run: Run, amis: Sequence[Ami]) -> None:  # noqa: ARG002
        """See that EC2 scanning is on; turn it on only where the configuration says so."""
        account, region = self._place
        answer = self._inspector.batch_get_account_status(accountIds=[account])
        for failed in answer.get("failedAccounts", []):
            raise EngineUnavailable(
                f"Inspector does not tell its status in {region}: {failed['errorCode']} {failed['errorMessage']}"
            )
        state = answer["accounts"][0]["resourceState"]["ec2"]["status"]
        if state in ("ENABLED", "ENABLING"):
            return
        if not run.config.enable_inspector or state not in ("DISABLED", "DISABLING"):
            raise EngineUnavailable(
                f"Amazon Inspector's EC2 scanning is {state} in account {account}, {region}; turn it on with "
                f"`aws inspector2 enable --resource-types EC2 --region {region}`, or set enableInspector to true in "
                "the configuration, or use engine `ami`, which needs no activation"
            )
        enabled = self._inspector.enable(accountIds=[account], resourceTypes=["EC2"])
        for failed in enabled.get("failedAccounts", []):
            raise EngineUnavailable(
                f"Inspector refused to be turned on in {region}: {failed['errorCode']} {failed['errorMessage']}"
            )

    def agents(self, run: Run, amis: Sequence[Ami]) -> list[Agent]:  # noqa: ARG002
        """READY when the SSM agent is online; FAILED when the instance is gone or Inspector will never scan it.

        READY also without an agent, when Inspector has scanned the instance since its launch all the same.
        """
        online = self._online(amis)
        silent = [ami for ami in amis if ami.instance_id not in online]
        rows = self._coverage(silent, "PACKAGE")
        instances = hosts.described(self._clients.client("ec2", self._place), silent)
        mode = scan_configuration.read(self._inspector).scan_mode if silent else ""
        return [self._agent(ami, online.get(ami.instance_id), rows, instances, mode) for ami in amis]

    def start(self, run: Run, amis: Sequence[Ami]) -> list[Scan]:
        """Inspector scans what it discovers: a scan is the instance itself. A CIS scan is started on top if asked."""
        if run.config.cis:
            self._cis.start(run, run.config.cis, amis)
        return [Scan(key=ami.instance_id, ami_keys=[ami.key]) for ami in amis]

    def poll(self, run: Run, amis: Sequence[Ami]) -> list[Progress]:
        """ListCoverage's rows of every instance, and the CIS scan."""
        rows, networks = self._coverage(amis, "PACKAGE"), self._coverage(amis, "NETWORK")
        now, deep_inspection = times.now(), self._deep_inspection()
        vm_scanner = scan_configuration.read(self._inspector).vm_scanner
        look = Look(now, deep_inspection, vm_scanner=vm_scanner)
        progress = [self._progress(ami, rows.get(ami.instance_id), _of_ami(look, run, ami, networks)) for ami in amis]
        return self._cis.judge(run, amis, progress) if run.config.cis else progress

    def findings(self, run: Run, ami: Ami) -> Iterator[Finding]:
        """ListFindings by resource, with details, and the failed checks of the CIS benchmark.

        Suppressed findings are listed too: a rule of Amazon Inspector hides them, it does not close them. Closed ones
        were on the instance after its launch, so they are in the image: Inspector closes a finding that is remediated,
        and keeps it for 30 days (Inspector User Guide, "Understanding findings in Amazon Inspector"). They are asked
        for last: one that closes between two pages is then on the second list at the latest.
        """
        for statuses in (("ACTIVE", "SUPPRESSED"), ("CLOSED",)):
            for page in self._pages(ami, statuses):
                yield from self._detailed([raw for raw in page if _is_of_launch(ami, raw)])
        if run.config.cis:
            yield from self._cis.findings(run, ami)

    def confirm(self, run: Run, ami: Ami, received: Mapping[str, int]) -> list[Evidence]:
        """Evidence `findings`: pending while fewer are listed than the completion announced.

        An instance that has ended by now may have had its findings closed before they were listed: Inspector closes
        those of a terminated instance (Inspector User Guide, "Automatically scanning Amazon EC2 instances").
        `received` has closed findings too: they were open when the total was announced.
        """
        instances = hosts.described(self._clients.client("ec2", self._place), [ami])
        if died := hosts.death(instances.get(ami.instance_id), ami.instance_id):
            return [incomplete.evidence("findings", "MISSING", died)]
        listed = received.get(LIST_FINDINGS, 0)
        told = self._ledger.announcements({ami.scan}).get(ami.scan)
        later = told.total_after("") if told else None  # also of a message that came after Check Run
        total = max((one for one in (ami.findings_total, later) if one is not None), default=None)
        evidence = [*self._changes(ami), announced(total, listed, LIST_FINDINGS)]
        if evidence[-1].status == "COMPLETE" and (left := _unsettled(run, ami, told)) > 0:
            reason = incomplete.FINDINGS_UNSETTLED(received=listed, left=ceil(left))
            evidence[-1] = incomplete.evidence("findings", "PENDING", reason)
        if self._refused:
            reason = incomplete.DETAILS_REFUSED(error=self._refused[0])
            evidence.append(incomplete.evidence("exploitData", "MISSING", reason))
        elif self._without_details:
            reason = incomplete.DETAILS_NOT_ANSWERED(count=len(self._without_details))
            evidence.append(incomplete.evidence("exploitData", "PENDING", reason))
        return evidence

    def write_back(self, run: Run, ami: Ami, arns: Sequence[str], until: datetime) -> WrittenBack:  # noqa: ARG002
        """Findings inherit the instance's tags; where the configuration says so they are in Security Hub too."""
        hub = self._clients.client("securityhub", self._place)
        return put_tags(hub, ami, [arn for arn in arns if arn.startswith("arn:")], until)

    def close(self, run: Run, amis: Sequence[Ami]) -> None:
        """Delete the configurations of the CIS scans."""
        if run.config.cis:
            self._cis.close(run, amis)

    def _changes(self, ami: Ami) -> list[Evidence]:
        """Evidence of packages that changed before the scan; asked for once, for the scan is over then."""
        return changes.evidence_of(self._clients.client("ssm", self._place), ami, self._remedied)

    def _deep_inspection(self) -> DeepInspection:
        try:
            answer = self._inspector.get_ec2_deep_inspection_configuration()
        except ClientError as error:
            if code_of(error) != "AccessDeniedException":
                raise
            return DeepInspection(error=error.response["Error"].get("Message", "access denied"))
        return DeepInspection(answer.get("status", ""))

    def _online(self, amis: Sequence[Ami]) -> dict[str, dict[str, Any]]:
        """What Systems Manager knows of instances whose agent is online, by instance id."""
        ssm = self._clients.client("ssm", self._place)

        def ask(ids: list[str]) -> list[dict[str, Any]]:
            filters = [{"Key": "InstanceIds", "Values": ids}, {"Key": "PingStatus", "Values": ["Online"]}]
            pages = ssm.get_paginator("describe_instance_information").paginate(
                Filters=filters, PaginationConfig={"PageSize": 50}
            )
            return [row for page in pages for row in page["InstanceInformationList"]]

        found = side_by_side(ask, chunks([ami.instance_id for ami in amis], _SSM_VALUES))
        return {row["InstanceId"]: row for rows in found for row in rows}

    def _agent(
        self,
        ami: Ami,
        online: Mapping[str, Any] | None,
        rows: Mapping[str, Any],
        instances: Mapping[str, dict[str, Any]],
        scan_mode: str,
    ) -> Agent:
        if online:
            name, version = online.get("PlatformName", ""), online.get("PlatformVersion", "")
            return Agent(ami.key, "READY", platform_name=name, platform_version=version)
        instance = instances.get(ami.instance_id)
        died = hosts.death(instance, ami.instance_id)
        if died:
            return Agent(ami.key, "FAILED", died)
        row = rows.get(ami.instance_id)
        if row and coverage.fails_at_once(row):
            return Agent(ami.key, "FAILED", coverage.failure(ami, row))
        if row and coverage.is_scanned_without_ssm(ami, row):
            return Agent(ami.key, "READY")
        return Agent(ami.key, "WAITING", hosts.no_agent(instance, ami.instance_id, scan_mode))

    def _coverage(self, amis: Sequence[Ami], scan_type: str) -> dict[str, Mapping[str, Any]]:
        """The row of each instance that tells of its launch, by instance id."""

        def ask(ids: list[str]) -> list[dict[str, Any]]:
            criteria = {
                "resourceId": [{"comparison": "EQUALS", "value": each} for each in ids],
                "scanType": [{"comparison": "EQUALS", "value": scan_type}],
            }
            pages = self._inspector.get_paginator("list_coverage").paginate(filterCriteria=criteria)
            return [row for page in pages for row in page["coveredResources"]]

        found = side_by_side(ask, chunks([ami.instance_id for ami in amis], _FILTER_VALUES))
        by_instance: dict[str, list[dict[str, Any]]] = {}
        for row in chain.from_iterable(found):
            by_instance.setdefault(row["resourceId"], []).append(row)
        chosen = {ami.instance_id: coverage.of_launch(ami, by_instance.get(ami.instance_id, ())) for ami in amis}
        return {instance_id: row for instance_id, row in chosen.items() if row}

    def _progress(self, ami: Ami, row: Mapping[str, Any] | None, look: Look) -> Progress:
        one = coverage.of_instance(ami, row, look)
        at = times.read((row or {}).get("lastScannedAt"))
        return Progress(ami.key, one.status, one.detail, one.reason, one.note, at, evidence=one.evidence)

    def _pages(self, ami: Ami, statuses: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
        criteria = {
            "resourceId": [{"comparison": "EQUALS", "value": ami.instance_id}],
            "findingStatus": [{"comparison": "EQUALS", "value": status} for status in statuses],
        }
        pages = self._inspector.get_paginator("list_findings").paginate(
            filterCriteria=criteria, PaginationConfig={"PageSize": 100}
        )
        for page in pages:
            yield page["findings"]

    def _detailed(self, page: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
        """The findings of a page with their details; without, it is not known whether they are exploited."""
        findings = [from_inspector(raw) for raw in page]
        for one in findings:
            for package in one.packages if one.closed else ():
                earliest = self._remedied.get(package.name, one.first_observed_at)
                self._remedied[package.name] = min(earliest, one.first_observed_at)
        arns = [finding.arn for finding in findings if finding.type == "PACKAGE_VULNERABILITY"]
        details = {one.get("findingArn"): one for batch in self._batches(arns) for one in batch}
        asked = frozenset(arns)
        for finding in findings:
            if finding.arn in details:
                yield with_details(finding, details[finding.arn])
            else:
                yield without_details(finding) if finding.arn in asked else finding

    def _batches(self, arns: Sequence[str]) -> list[list[dict[str, Any]]]:
        def ask(batch: list[str]) -> list[dict[str, Any]]:
            try:
                answer = self._inspector.batch_get_finding_details(findingArns=batch)
            except ClientError as error:
                if code_of(error) != "AccessDeniedException":
                    raise
                self._refused.append(error.response["Error"].get("Message", "access denied"))
                return []
            for failed in answer.get("errors", []):
                if failed["errorCode"] == "ACCESS_DENIED":
                    self._refused.append(failed["errorMessage"])
                elif failed["errorCode"] == "INTERNAL_ERROR":
                    self._without_details.append(failed["findingArn"])
            details: list[dict[str, Any]] = answer.get("findingDetails", [])
            return details

        return side_by_side(ask, chunks(arns, _DETAILS))


def _of_ami(look: Look, run: Run, ami: Ami, networks: Mapping[str, Mapping[str, Any]]) -> Look:
    required = run.config.policy_of(ami).require or ()
    last = times.passed(deadlines.of_completion(run, ami))
    return look._replace(
        network=networks.get(ami.instance_id),
        needs_network="network" in required,
        last=last,
        language_packages_over=last or _language_packages_over(run, ami),
    )


def _is_of_launch(ami: Ami, raw: Mapping[str, Any]) -> bool:
    """Whether a listed finding was on the AMI's instance: not closed before its launch, of an earlier use of the id."""
    closed_at = times.read(raw.get("updatedAt")) if raw.get("status") == "CLOSED" else ""
    return not closed_at or coverage.is_after_launch(ami, closed_at)


def _language_packages_over(run: Run, ami: Ami) -> bool:
    """Whether the run waits for the AMI's packages of languages no longer."""
    started_at = ami.assessment_started_at
    return bool(started_at) and -times.until(started_at) >= run.config.waits.language_packages_seconds


def _unsettled(run: Run, ami: Ami, told: Announcement | None) -> float:
    """Seconds for which a listing is not yet believed: no message tells how many findings the last scan has.

    A completion comes with an instance's first scan only, and may be lost; packages of languages are scanned after it.
    How late ListFindings is then is not documented.
    """
    scanned = datetime.fromisoformat(ami.scanned_at)
    if told and told.total_after(times.iso(scanned - _SAME_SCAN)) is not None:
        return 0
    return min(_SETTLING, run.config.waits.findings_seconds) + times.until(ami.scanned_at)
