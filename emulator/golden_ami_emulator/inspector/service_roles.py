"""Amazon Inspector's service-linked roles, which it makes in the name of who first asks for what needs them.

The first on-demand scan in an account makes those of machine images (Inspector User Guide, "Running on-demand machine
image scans" and "Service-linked role permissions for Amazon Inspector machine image scans"; that the caller needs
iam:CreateServiceLinkedRole for both is inferred from IAM's User Guide, "Service-linked role permissions").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

ACTIVATION = {
    "inspector2.amazonaws.com": "AWSServiceRoleForAmazonInspector2",
    "agentless.inspector2.amazonaws.com": "AWSServiceRoleForAmazonInspector2Agentless",
}
ON_DEMAND = {
    "ami.inspector2.amazonaws.com": "AWSServiceRoleForAmazonInspector2Ami",
    "inspector2.amazonaws.com": "AWSServiceRoleForAmazonInspector2",
}


def missing(account: str, roles: Mapping[str, str]) -> dict[str, str]:
    """Those of the roles, by the service that assumes them, that the account does not have."""
    held = {role.name for role in _iam(account).roles.values()}
    return {service: name for service, name in roles.items() if name not in held}


def make(account: str, roles: Mapping[str, str]) -> None:
    """Make those of the roles that the account does not have."""
    for service, name in missing(account, roles).items():
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        path = f"/aws-service-role/{service}/"
        _iam(account).create_role(name, document, path, None, "", [], "3600", linked_service=service)


def _iam(account: str) -> Any:
    from moto.iam.models import iam_backends

    return iam_backends[account]["aws"]
