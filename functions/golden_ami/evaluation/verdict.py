"""The verdict of an AMI: what its findings come to, and whether the evidence is enough for PASS. Pure.

FAIL when a failing finding is known, whatever else is missing. PASS only when the evidence that the policy requires is
complete. Otherwise NOT ASSESSED, naming what is missing, why, and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from golden_ami.engines.registry import traits
from golden_ami.evaluation.ami import AmiEvaluation
from golden_ami.evaluation.policy import DISCONTINUED_OS
from golden_ami.evidence.operating_systems import is_discontinued
from golden_ami.evidence.requirements import DEFAULT, gaps, lacking, merged, needs_exploit_data
from golden_ami.models import Ami, Config, Engine, Evidence, EvidenceKind, Policy, Reason, Verdict
from golden_ami.reasons import incomplete

_ASKED = {
    "knownExploited": "whether CISA lists them as exploited",
    "exploitAvailable": "whether an exploit is available",
    "epss": "what their EPSS score is",
}
_CLOSED = "{count} findings were closed after boot; the image has them, so they count"
_GRACE = "PASS rests on grace (graceDays) of {count} findings; the first of them counts from {until}"


class Judgement(NamedTuple):
    """The verdict of an AMI and what it rests on."""

    verdict: Verdict
    evidence: list[Evidence]
    reason: Reason | None = None  # of NOT_ASSESSED
    notes: tuple[str, ...] = ()
    report_only: bool = False


def judge(ami: Ami, evaluation: AmiEvaluation, policy: Policy, config: Config) -> Judgement:
    """The verdict of an AMI whose findings were evaluated. Adds the rule of a discontinued system to `evaluation`."""
    _count_discontinued(ami, evaluation, policy)
    evidence = merged(ami.evidence, [_exploit_data(ami, evaluation, policy)])
    lack = lacking(evidence, required(policy, config, ami.engine))
    notes = [f"{one.detail}; {one.remedy}" for one in evidence if one.status == "COMPLETE" and one.remedy]
    notes += [_CLOSED.format(count=evaluation.closed)] if evaluation.closed else []
    if evaluation.rules:
        missing = "; ".join(one.detail for one in lack)
        notes += [f"more may be there: {missing}"] if missing else []
        return Judgement("FAIL", evidence, notes=tuple(notes))
    if lack:
        return Judgement("NOT_ASSESSED", evidence, incomplete.reason_for(lack), tuple(notes))
    unseen = [one.detail for one in gaps(evidence)]
    notes += [f"not required and not seen: {'; '.join(unseen)}"] if unseen else []
    notes += [_GRACE.format(count=evaluation.grace, until=evaluation.grace_until)] if evaluation.grace else []
    notes += ["report only: no finding can fail this AMI (policy.reportOnly)"] if policy.report_only else []
    return Judgement("PASS", evidence, notes=tuple(notes), report_only=policy.report_only)


def required(policy: Policy, config: Config, engine: Engine) -> list[EvidenceKind]:
    """The kinds of evidence without which an AMI is no PASS.

    Without `policy.require`: the usual ones, `cis` where the configuration asks for the benchmark, and `exploitData`
    where a rule of `failOn` needs it.
    """
    if policy.require is not None:
        return policy.require
    cis: tuple[EvidenceKind, ...] = ("cis",) if config.cis and traits(engine).has_benchmark else ()
    exploit: tuple[EvidenceKind, ...] = ("exploitData",) if needs_exploit_data(policy) else ()
    return [*DEFAULT, *cis, *exploit]


def _count_discontinued(ami: Ami, evaluation: AmiEvaluation, policy: Policy) -> None:
    """Amazon Inspector's own finding on the system may be missing, or of a form that is not recognised."""
    if not policy.fail_on.discontinued_os or policy.report_only or not ami.scanned_at:
        return
    day = datetime.fromisoformat(ami.scanned_at).date()
    if is_discontinued(ami.platform_name, ami.platform_version, day):
        evaluation.rules.setdefault(DISCONTINUED_OS, 1)


def _exploit_data(ami: Ami, evaluation: AmiEvaluation, policy: Policy) -> Evidence:
    at = ami.scanned_at
    if not needs_exploit_data(policy):
        return Evidence(kind="exploitData", status="NOT_APPLICABLE", detail="no rule of failOn asks for it", at=at)
    if not traits(ami.engine).tells_exploitation:
        return _exploit_data_never_told(ami, policy)
    if not evaluation.unknown:
        return Evidence(kind="exploitData", status="COMPLETE", detail="known of every finding that it decides", at=at)
    what = " and ".join(_ASKED[rule] for rule in evaluation.unknown)
    reason = incomplete.EXPLOIT_DATA_MISSING(count=max(evaluation.unknown.values()), what=what)
    found = incomplete.evidence("exploitData", "MISSING", reason, at)
    recorded = next((one for one in ami.evidence if one.kind == "exploitData" and one.remedy), None)
    if recorded is None:
        return found
    return replace(found, detail=f"{found.detail}: {recorded.detail}", remedy=recorded.remedy)


def _exploit_data_never_told(ami: Ami, policy: Policy) -> Evidence:
    """Of an engine that tells nothing of exploitation: a rule that is only the default does not apply to it."""
    rules, at = policy.fail_on, ami.scanned_at
    set_rules: Mapping[str, bool] = {
        "knownExploited": bool(rules.known_exploited),
        "exploitAvailable": rules.exploit_available,
        "epss": rules.epss is not None,
    }
    names = [name for name, is_set in set_rules.items() if is_set]
    names += [] if names or rules.severities else ["knownExploited alone"]  # nothing that the engine tells could fail
    if not names:
        detail = f"engine {ami.engine} tells nothing of exploitation; failOn.knownExploited does not apply"
        return Evidence(kind="exploitData", status="NOT_APPLICABLE", detail=detail, at=at)
    reason = incomplete.NO_EXPLOIT_DATA(engine=ami.engine, rules=", ".join(names))
    return incomplete.evidence("exploitData", "MISSING", reason, at)
