"""EC2's quotas on the vCPUs of running On-Demand instances, which each account has in each Region.

EC2 User Guide, "On-Demand Instance quotas": a quota holds for the families of instance types that its name has. The
codes are those that Service Quotas lists for service "ec2" (aws service-quotas list-service-quotas --service-code ec2).
"""

from __future__ import annotations

from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami.aws.clients import Clients
from golden_ami.errors import AccessDenied
from golden_ami.logs import logger
from golden_ami.places import Place, named


class Quota(NamedTuple):
    """A quota; both are "" where it is not known here."""

    code: str
    name: str


STANDARD = Quota("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances")
UNKNOWN = Quota("", "")
_G = Quota("L-DB2E81BA", "Running On-Demand G and VT instances")
_BY_FAMILY = {
    **dict.fromkeys([*"acdhimrtz", "im", "is"], STANDARD),
    "f": Quota("L-74FC7D96", "Running On-Demand F instances"),
    "g": _G,
    "inf": Quota("L-1945791B", "Running On-Demand Inf instances"),
    "p": Quota("L-417A185B", "Running On-Demand P instances"),
    "vt": _G,
    "x": Quota("L-7295265B", "Running On-Demand X instances"),
}


def quota_of(instance_type: str) -> Quota:
    """The quota that an instance type counts against.

    >>> [quota_of(name).code for name in ("t3.medium", "g5.xlarge", "u-6tb1.metal")]
    ['L-1216C47A', 'L-DB2E81BA', '']
    """
    family = instance_type.partition(".")[0]
    letters = family[: next((place for place, char in enumerate(family) if not char.isalpha()), len(family))]
    return _BY_FAMILY.get(letters, UNKNOWN)


def quota(place: Place, code: str, clients: Clients) -> int | None:
    """How many vCPUs may run in a place; None where Service Quotas may not be asked, does not know, or fails.

    A launch then tells. The quota that is applied in the account, which GetServiceQuota answers, is not there for each
    quota: then it is NoSuchResourceException (Service Quotas API Reference, GetServiceQuota).
    """
    if not code:
        return None
    try:
        answer = clients.client("service-quotas", place).get_service_quota(ServiceCode="ec2", QuotaCode=code)
    except (ClientError, BotoCoreError, AccessDenied) as error:
        logger.info("quota not told", extra={"place": named(place), "quota": code, "error": str(error)})
        return None
    return int(answer["Quota"]["Value"])
