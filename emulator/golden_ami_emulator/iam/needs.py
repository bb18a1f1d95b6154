"""What each API request needs to be allowed: actions, resources and condition keys, operation by operation.

After AWS's service authorization reference ("Actions, resources, and condition keys for AWS services").
"""

from __future__ import annotations

from golden_ami_emulator.iam import ec2, services
from golden_ami_emulator.iam.policy import Need
from golden_ami_emulator.iam.request import Request

TABLE = services.TABLE | ec2.TABLE


class UnknownOperation(LookupError):
    """An operation that is not in the table: what it needs must be written down before it is used."""


def needs(request: Request) -> list[Need]:
    """Everything that the request must be allowed to do. Raises UnknownOperation."""
    try:
        builder = TABLE[f"{request.service}:{request.operation}"]
    except KeyError:
        raise UnknownOperation(
            f"{request.service} {request.operation}: the embedded AWS does not know which permissions it needs; add it "
            "to golden_ami_emulator/iam, after AWS's service authorization reference"
        ) from None
    return list(builder(request))
