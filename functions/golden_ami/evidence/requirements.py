"""What evidence an AMI lacks of what PASS requires. Pure; `evaluation.verdict.required` says what that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from golden_ami.models import Ami, Evidence, EvidenceKind, Policy
from golden_ami.reasons import incomplete

DEFAULT: tuple[EvidenceKind, ...] = ("operatingSystem", "packages", "languagePackages", "findings")
_ENOUGH = ("COMPLETE", "NOT_APPLICABLE")


def needs_exploit_data(policy: Policy) -> bool:
    """Whether a rule of the policy asks what is known of a vulnerability's exploitation."""
    rules = policy.fail_on
    named = rules.known_exploited is not False or rules.exploit_available or rules.epss is not None
    return named and not policy.report_only


def lacking(evidence: Iterable[Evidence], wanted: Sequence[EvidenceKind]) -> list[Evidence]:
    """What is required and neither complete nor never to be had, in the order of `wanted`."""
    found = {one.kind: one for one in evidence}
    each = (found.get(kind) or _not_recorded(kind) for kind in wanted)
    return gaps(each)


def gaps(evidence: Iterable[Evidence]) -> list[Evidence]:
    """What was not or not wholly seen, whether a policy requires it or not."""
    return [one for one in evidence if one.status not in _ENOUGH]


def is_partial(ami: Ami) -> bool:
    """Whether the AMI's scan did not see everything, so that what it does not show may still be there."""
    return ami.scan_status == "PARTIAL" or any(one.kind in DEFAULT for one in gaps(ami.evidence))


def merged(known: Iterable[Evidence], more: Iterable[Evidence]) -> list[Evidence]:
    """Evidence with more of it: of a kind, the later one stands."""
    return [*{one.kind: one for one in (*known, *more)}.values()]


def _not_recorded(kind: EvidenceKind) -> Evidence:
    return incomplete.evidence(kind, "MISSING", incomplete.NOT_RECORDED(kind=kind))
