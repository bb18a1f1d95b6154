"""A one-time CIS benchmark of a wave's instances. No event announces its end, so it is polled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError
from msgspec.structs import replace

from golden_ami import deadlines, times
from golden_ami.aws.errors import code_of
from golden_ami.engines.base import Progress
from golden_ami.engines.instance.findings import from_cis
from golden_ami.ledger import Ledger
from golden_ami.models import RUN_TAG, Ami, Evidence, EvidenceStatus, Finding, Reason, Run
from golden_ami.places import Place
from golden_ami.reasons import incomplete, scanning


class Cis:
    """The CIS scans of one run in one place, one for each wave."""

    def __init__(self, inspector: Any, ledger: Ledger, place: Place) -> None:
        self._inspector = inspector
        self._ledger = ledger
        self._place = place

    def _made(self, wave: int) -> str:
        """The name under which the ledger has the configuration of a wave's scan."""
        name = f"cis-configuration#{self._place.account}/{self._place.region}"
        return f"{name}#{wave}" if wave else name

    def start(self, run: Run, level: str, amis: Sequence[Ami]) -> None:
        """Start the scan of the AMIs' wave once; a configuration made before is found by its name.

        Its target is the run's tag: instances of earlier waves that are not terminated yet are scanned again.
        """
        for wave in _waves(amis):
            if not self._ledger.made(run.run_id, self._made(wave)):
                self._start(run, level, wave)

    def _start(self, run: Run, level: str, wave: int) -> None:
        name = _name(run, wave)
        arn = self._find(name)
        if not arn:
            arn = self._inspector.create_cis_scan_configuration(
                scanName=name,
                securityLevel=level,
                schedule={"oneTime": {}},
                targets={"accountIds": ["SELF"], "targetResourceTags": {RUN_TAG: [run.run_id]}},
            )["scanConfigurationArn"]
        self._ledger.note_made(run.run_id, self._made(wave), arn)

    def judge(self, run: Run, amis: Sequence[Ami], progress: Sequence[Progress]) -> list[Progress]:
        """The scans' progress with the CIS scan taken into account: an AMI's scan is over when both are.

        At the AMI's completion deadline a benchmark that still runs is missing evidence.
        """
        over = {one.ami_key for one in progress if one.status in ("COMPLETED", "PARTIAL")}
        judged = [ami for ami in amis if ami.key in over]
        verdicts: dict[str, Evidence | None] = {}
        for wave in _waves(judged):
            verdicts |= self._judged(run, wave, [ami for ami in judged if _wave(ami) == wave])
        return [_merged(one, verdicts[one.ami_key]) if one.ami_key in verdicts else one for one in progress]

    def _judged(self, run: Run, wave: int, amis: Sequence[Ami]) -> dict[str, Evidence | None]:
        """The evidence of the AMIs of a wave, by their keys; None while the scan runs."""
        scan = self._scan(run, wave)
        status = scan.get("status", "IN_PROGRESS")
        failed = _lacking("MISSING", scanning.CIS_FAILED(status=status))
        if status == "COMPLETED":
            counts = self._counts(scan["scanArn"], {ami.instance_id for ami in amis})
            return {ami.key: _judged(counts.get(ami.instance_id, {}), ami.instance_id) for ami in amis}
        if status == "IN_PROGRESS":
            late = {ami.key for ami in amis if times.passed(deadlines.of_completion(run, ami))}
            return {ami.key: failed if ami.key in late else None for ami in amis}
        return dict.fromkeys((ami.key for ami in amis), failed)

    def findings(self, run: Run, ami: Ami) -> Iterator[Finding]:
        """The failed checks of one instance."""
        scan = self._scan(run, _wave(ami))
        if not scan:
            return
        pages = self._inspector.get_paginator("get_cis_scan_result_details").paginate(
            scanArn=scan["scanArn"],
            targetResourceId=ami.instance_id,
            accountId=self._place.account,
            filterCriteria={"findingStatusFilters": [{"comparison": "EQUALS", "value": "FAILED"}]},
        )
        for page in pages:
            for check in page.get("scanResultDetails", []):
                yield from_cis(check, ami.instance_id)

    def close(self, run: Run, amis: Sequence[Ami]) -> None:
        """Delete the configurations; their results stay."""
        for wave in _waves(amis):
            self._close(run, wave)

    def _close(self, run: Run, wave: int) -> None:
        arn = self._ledger.made(run.run_id, self._made(wave))
        if not arn:
            return
        try:
            self._inspector.delete_cis_scan_configuration(scanConfigurationArn=arn)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
        self._ledger.note_removed(run.run_id, self._made(wave))

    def _find(self, name: str) -> str:
        pages = self._inspector.get_paginator("list_cis_scan_configurations").paginate(
            filterCriteria={"scanNameFilters": [{"comparison": "EQUALS", "value": name}]}
        )
        return next((one["scanConfigurationArn"] for page in pages for one in page["scanConfigurations"]), "")

    def _scan(self, run: Run, wave: int) -> dict[str, Any]:
        # By name, which is the run's own: it is found also when the configuration is gone.
        pages = self._inspector.get_paginator("list_cis_scans").paginate(
            filterCriteria={"scanNameFilters": [{"comparison": "EQUALS", "value": _name(run, wave)}]}
        )
        scans: list[dict[str, Any]] = [scan for page in pages for scan in page["scans"]]
        return next(iter(scans), {})

    def _counts(self, scan_arn: str, instances: set[str]) -> dict[str, dict[str, Any]]:
        pages = self._inspector.get_paginator("list_cis_scan_results_aggregated_by_target_resource").paginate(
            scanArn=scan_arn
        )
        rows = [row for page in pages for row in page.get("targetResourceAggregations", [])]
        return {row["targetResourceId"]: row for row in rows if row.get("targetResourceId") in instances}


def _wave(ami: Ami) -> int:
    """The wave that tells the AMI's scan from others; 0 for the first one, as for runs from before there were waves."""
    return ami.wave if ami.wave > 1 else 0


def _waves(amis: Sequence[Ami]) -> list[int]:
    return sorted({_wave(ami) for ami in amis})


def _name(run: Run, wave: int) -> str:
    """The name of a wave's scan: a run id has at most 80 characters, a scan name 128."""
    return f"golden-ami-{run.run_id}-{wave}" if wave else f"golden-ami-{run.run_id}"


def _judged(row: dict[str, Any], instance_id: str) -> Evidence:
    counts = row.get("statusCounts") or {}
    failed, passed, skipped = (counts.get(name) or 0 for name in ("failed", "passed", "skipped"))
    why = row.get("targetStatusReason") or row.get("targetStatus") or "no result"
    if failed + passed == 0:
        return _lacking("MISSING", scanning.CIS_NO_CHECKS(instance=instance_id, status=why, skipped=skipped))
    if row.get("targetStatus", "COMPLETED") != "COMPLETED":  # TIMED_OUT or CANCELLED: some checks were not made
        return _lacking("PARTIAL", scanning.CIS_UNFINISHED(instance=instance_id, status=why, checks=failed + passed))
    detail = f"CIS benchmark: {failed} of {failed + passed + skipped} checks failed, {skipped} skipped"
    return Evidence(kind="cis", status="COMPLETE", detail=detail)


def _lacking(status: EvidenceStatus, reason: Reason) -> Evidence:
    return incomplete.evidence("cis", status, reason)


def _merged(scan: Progress, cis: Evidence | None) -> Progress:
    """A scan that is over runs on while the CIS scan does; `cis` is None then."""
    if cis is None:
        return scan._replace(status="RUNNING", detail="CIS scan in progress")
    note = cis.detail if cis.status == "COMPLETE" else ""
    return scan._replace(
        note="; ".join(filter(None, [scan.note, note])), evidence=(*scan.evidence, replace(cis, at=scan.at))
    )
