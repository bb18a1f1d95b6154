"""Amazon Inspector (`inspector2`) on the launched instance: packages, network reachability, and CIS if asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from golden_ami import times
from golden_ami.aws.clients import Clients
from golden_ami.engines import hosts
from golden_ami.engines.base import Agent, Progress
from golden_ami.engines.findings import from_inspector
from golden_ami.engines.instance import coverage
from golden_ami.engines.instance.cis import Cis
from golden_ami.engines.instance.findings import with_details
from golden_ami.engines.instance.security_hub import put_tags
from golden_ami.errors import AccessDenied, EngineUnavailable, FindingsIncomplete
from golden_ami.ledger import Ledger
from golden_ami.models import Ami, Finding, Reason, Run, Scan
from golden_ami.parallel import chunks, side_by_side
from golden_ami.places import Place
from golden_ami.settings import Settings

_FILTER_VALUES = 10  # values that a filter of ListCoverage or ListFindings takes
_SSM_VALUES = 100
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
        self._cis = Cis(self._inspector, ledger, place)

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
        """READY when the SSM agent is online; FAILED when the instance is gone or Inspector will never scan it."""
        online = self._online(amis)
        silent = [ami for ami in amis if ami.instance_id not in online]
        rows = self._coverage(silent)
        instances = hosts.described(self._clients.client("ec2", self._place), silent)
        return [self._agent(ami, ami.instance_id in online, rows, instances) for ami in amis]

    def start(self, run: Run, amis: Sequence[Ami]) -> list[Scan]:
        """Inspector scans what it discovers: a scan is the instance itself. A CIS scan is started on top if asked."""
        if run.config.cis:
            self._cis.start(run, run.config.cis)
        return [Scan(key=ami.instance_id, ami_keys=[ami.key]) for ami in amis]

    def poll(self, run: Run, amis: Sequence[Ami]) -> list[Progress]:
        """ListCoverage's PACKAGE row of every instance, and the CIS scan."""
        rows = self._coverage(amis)
        now = times.now()
        progress = [self._progress(ami, rows.get(ami.instance_id), now) for ami in amis]
        return self._cis.judge(run, amis, progress) if run.config.cis else progress

    def findings(self, run: Run, ami: Ami) -> Iterator[Finding]:
        """ListFindings by resource, with details; not believed while shorter than what the completion announced."""
        listed: set[str] = set()
        for page in self._pages(ami):
            listed.update(raw["findingArn"] for raw in page)
            yield from self._detailed([raw for raw in page if raw.get("status") != "SUPPRESSED"])
        if len(listed) < (ami.findings_total or 0):
            raise FindingsIncomplete(
                f"Inspector announced {ami.findings_total} findings on {ami.instance_id} and lists {len(listed)} so far"
            )
        if run.config.cis:
            yield from self._cis.findings(run, ami)

    def confirm(self, run: Run, ami: Ami) -> Reason | None:  # noqa: ARG002
        """An instance that has ended by now may have had its findings closed before they were listed.

        Inspector closes the findings of a terminated instance (Inspector User Guide, "Automatically scanning Amazon EC2
        instances").
        """
        instances = hosts.described(self._clients.client("ec2", self._place), [ami])
        return hosts.death(instances.get(ami.instance_id), ami.instance_id)

    def write_back(self, run: Run, ami: Ami, arns: Sequence[str]) -> Counter[str]:
        """Findings inherit the instance's tags; where Security Hub is on they are written there too."""
        if not run.config.security_hub:
            return Counter()
        hub = self._clients.client("securityhub", self._place)
        return put_tags(hub, ami, [arn for arn in arns if arn.startswith("arn:")])

    def close(self, run: Run) -> None:
        """Delete the CIS scan's configuration."""
        if run.config.cis:
            self._cis.close(run)

    def _online(self, amis: Sequence[Ami]) -> set[str]:
        ssm = self._clients.client("ssm", self._place)

        def ask(ids: list[str]) -> set[str]:
            filters = [{"Key": "InstanceIds", "Values": ids}, {"Key": "PingStatus", "Values": ["Online"]}]
            pages = ssm.get_paginator("describe_instance_information").paginate(
                Filters=filters, PaginationConfig={"PageSize": 50}
            )
            return {row["InstanceId"] for page in pages for row in page["InstanceInformationList"]}

        return set().union(*side_by_side(ask, chunks([ami.instance_id for ami in amis], _SSM_VALUES)))

    def _agent(self, ami: Ami, online: bool, rows: Mapping[str, Any], instances: Mapping[str, dict[str, Any]]) -> Agent:
        if online:
            return Agent(ami.key, "READY")
        instance = instances.get(ami.instance_id)
        died = hosts.death(instance, ami.instance_id)
        if died:
            return Agent(ami.key, "FAILED", died)
        row = rows.get(ami.instance_id)
        if coverage.fails_at_once(row):
            return Agent(ami.key, "FAILED", coverage.of_instance(ami, row, times.now()).reason)
        return Agent(ami.key, "WAITING", hosts.no_agent(instance, ami.instance_id))

    def _coverage(self, amis: Sequence[Ami]) -> dict[str, dict[str, Any]]:
        def ask(ids: list[str]) -> list[dict[str, Any]]:
            criteria = {
                "resourceId": [{"comparison": "EQUALS", "value": each} for each in ids],
                "scanType": [{"comparison": "EQUALS", "value": "PACKAGE"}],
            }
            pages = self._inspector.get_paginator("list_coverage").paginate(filterCriteria=criteria)
            return [row for page in pages for row in page["coveredResources"]]

        found = side_by_side(ask, chunks([ami.instance_id for ami in amis], _FILTER_VALUES))
        return {row["resourceId"]: row for rows in found for row in rows}

    def _progress(self, ami: Ami, row: Mapping[str, Any] | None, now: Any) -> Progress:
        outcome = coverage.of_instance(ami, row, now)
        at = times.read((row or {}).get("lastScannedAt"))
        return Progress(ami.key, outcome.status, outcome.detail, outcome.reason, outcome.note, at)

    def _pages(self, ami: Ami) -> Iterator[list[dict[str, Any]]]:
        # CLOSED ones are of an earlier state of the resource; SUPPRESSED ones count for the reconciliation only.
        criteria = {
            "resourceId": [{"comparison": "EQUALS", "value": ami.instance_id}],
            "findingStatus": [{"comparison": "EQUALS", "value": status} for status in ("ACTIVE", "SUPPRESSED")],
        }
        pages = self._inspector.get_paginator("list_findings").paginate(
            filterCriteria=criteria, PaginationConfig={"PageSize": 100}
        )
        for page in pages:
            yield page["findings"]

    def _detailed(self, page: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
        findings = [from_inspector(raw) for raw in page]
        arns = [finding.arn for finding in findings if finding.type == "PACKAGE_VULNERABILITY"]
        details = {one.get("findingArn"): one for batch in self._batches(arns) for one in batch}
        for finding in findings:
            yield with_details(finding, details[finding.arn]) if finding.arn in details else finding

    def _batches(self, arns: Sequence[str]) -> list[list[dict[str, Any]]]:
        def ask(batch: list[str]) -> list[dict[str, Any]]:
            answer = self._inspector.batch_get_finding_details(findingArns=batch)
            for error in answer.get("errors", []):
                if error["errorCode"] == "ACCESS_DENIED":  # without details nothing is known to be exploited
                    raise AccessDenied(
                        f"Inspector refuses the details of {error['findingArn']}: {error['errorMessage']}"
                    )
                if error["errorCode"] == "INTERNAL_ERROR":
                    raise FindingsIncomplete(f"Inspector does not answer details of {error['findingArn']} yet")
            details: list[dict[str, Any]] = answer.get("findingDetails", [])
            return details

        return side_by_side(ask, chunks(arns, _DETAILS))
