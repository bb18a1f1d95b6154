"""One AMI's part of the report."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from golden_ami.evaluation.ami import AmiEvaluation
from golden_ami.evaluation.model import UpgradedAmi
from golden_ami.evaluation.verdict import Judgement
from golden_ami.models import Ami, Reason
from golden_ami.report.model import AmiReport, Covered


def not_assessed(ami: Ami, owner_tag: str, reason: Reason) -> AmiReport:
    """The part of an AMI that is NOT ASSESSED for a reason."""
    return replace(_described(ami, owner_tag), reason=reason)


def assessed(
    ami: Ami, owner_tag: str, evaluation: AmiEvaluation, judged: Judgement, standings_key: str, limit: int
) -> AmiReport:
    """The part of an AMI whose findings were evaluated; it lists at most `limit` upgrades."""
    described = _described(ami, owner_tag)
    return replace(
        described,
        verdict=judged.verdict,
        reason=judged.reason,
        notes=[*described.notes, *judged.notes],
        evidence=judged.evidence,
        report_only=judged.report_only,
        counts=evaluation.counts,
        total=evaluation.total,
        known_exploited=evaluation.known_exploited,
        known_exploited_critical=evaluation.known_exploited_critical,
        exploit_available=evaluation.exploit_available,
        fixable=evaluation.fixable,
        excepted=evaluation.excepted,
        tolerated=evaluation.tolerated,
        grace=evaluation.grace,
        grace_until=evaluation.grace_until,
        exceptions=[Covered(exception=at, findings=n) for at, n in sorted(evaluation.exceptions.items())],
        failing=evaluation.failing,
        failing_by_severity=evaluation.failing_by_severity,
        suppressed=evaluation.suppressed,
        closed=evaluation.closed,
        rules=evaluation.rules,
        failures=evaluation.failures,
        upgrades=evaluation.upgrades[:limit],
        since_last_run=evaluation.since_last_run,
        since_previous_ami=evaluation.since_previous_ami,
        findings_key=ami.findings_key,
        standings_key=standings_key,
    )


def upgraded(ami: AmiReport) -> UpgradedAmi:
    """How an upgrade names an AMI that it is for."""
    return UpgradedAmi(key=ami.key, name=ami.name or ami.ami_id, owner=ami.owner)


def _idle_since(ami: Ami) -> str:
    """When the instance had no more to do than to be read of: boot, agent and scan were over."""
    known = [at for at in (ami.assessment_started_at, ami.scanned_at) if at]
    return max(known, key=datetime.fromisoformat) if ami.scanned_at else ""


def _minutes(since: str, until: str) -> float | None:
    """Between two instants (ISO 8601); None where one is not known."""
    if not since or not until:
        return None
    return round(max(0.0, (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds() / 60), 1)


def _described(ami: Ami, owner_tag: str) -> AmiReport:
    return AmiReport(
        key=ami.key,
        ami_id=ami.ami_id,
        name=ami.name,
        lineage=ami.lineage,
        lineage_rule=ami.lineage_rule,
        owner=ami.tags.get(owner_tag, "").strip(),
        account=ami.account,
        region=ami.region,
        engine=ami.engine,
        verdict="NOT_ASSESSED",
        tags=ami.tags,
        own_policy=ami.entry.policy,
        notes=[*ami.notes, *ami.tag_notes, *([ami.engine_reason] if ami.engine_reason else [])],
        evidence=ami.evidence,
        instance_id=ami.instance_id,
        launched_at=ami.launched_at,
        terminated_at=ami.terminated_at,
        instance_minutes=_minutes(ami.launched_at, ami.terminated_at),
        idle_minutes=_minutes(_idle_since(ami), ami.terminated_at),
        scanned_at=ami.scanned_at,
    )
