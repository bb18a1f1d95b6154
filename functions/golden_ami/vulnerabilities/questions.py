"""Which CVE ids a policy makes a finding ask of Amazon Inspector. Pure."""

from __future__ import annotations

import re

from golden_ami.models import Finding, Policy

# The ids that SearchVulnerabilities takes (botocore 1.44.5, inspector2 VulnId); all others are ValidationExceptions.
_ID = re.compile(r"CVE-[12][0-9]{3}-[0-9]{1,10}", re.ASCII)


def questions(finding: Finding, policy: Policy) -> list[str]:
    """The CVE ids of a finding of which a rule of `failOn` needs something that no service has told."""
    rules = policy.fail_on
    unanswered = finding.unanswered
    asks = (
        (rules.known_exploited is not False and "knownExploited" in unanswered)
        or (rules.exploit_available and "exploitAvailable" in unanswered)
        or (rules.epss is not None and (finding.epss is None or "epss" in unanswered))
    )
    if not asks or finding.type != "PACKAGE_VULNERABILITY":
        return []
    return [one for one in (finding.vulnerability_id, *finding.related) if _ID.fullmatch(one)]
