"""Notes on an AMI whose tags are not on its findings. They cost no AMI its verdict."""

from __future__ import annotations

from golden_ami.reasons.cause import Cause

_WITHOUT = "or leave securityHub out of the configuration"

NOT_WRITTEN = Cause(
    "TAGS_NOT_WRITTEN",
    when="Tag Findings and once more Aggregate, as a note: findings did not take the AMI's tags",
    message="{count} findings in {region} did not take the AMI's tags: {service} answers {code}",
    remedy="start a new run if the tags are needed there; the verdict does not depend on them",
)
NO_TIME = NOT_WRITTEN.also(
    when="Aggregate, as a note: the time to write tags on findings was over",
    message="{count} findings in {region} did not get the AMI's tags: there was no time left to ask {service}",
)
HUB_OFF = NOT_WRITTEN.also(
    when="Tag Findings and once more Aggregate, as a note: Security Hub answers InvalidAccessException",
    remedy=f"turn Security Hub on: `aws securityhub enable-security-hub --region {{region}}`, {_WITHOUT}",
)
HUB_DENIED = NOT_WRITTEN.also(
    when="Tag Findings and once more Aggregate, as a note: the role may not call Security Hub",
    remedy="allow securityhub:BatchUpdateFindings in the function's role, in a member account also in the member role, "
    f"and in the organization's service control policies, {_WITHOUT}",
)
NOT_IMPORTED = NOT_WRITTEN.also(
    when="Aggregate, as a note: Security Hub does not know the findings yet, or does not import them",
    remedy="see that Security Hub imports Amazon Inspector's findings: `aws securityhub "
    "enable-import-findings-for-product --product-arn {product} --region {region}`; it does so minutes after the scan",
)
