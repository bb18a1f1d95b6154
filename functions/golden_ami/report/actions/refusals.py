"""Why an action was refused, and what to change: the parameter that gives the permission is named."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami.aws.errors import is_denial
from golden_ami.errors import AccessDenied
from golden_ami.places import Place

AwsError = ClientError | BotoCoreError | AccessDenied

_AT_HOME = "deploy the stack with ActOnAmis=true"
_MEMBER = "deploy docs/member-role.yaml with ActOnAmis=true in account {account}"
_NO_ENTRY = (
    "deploy docs/member-role.yaml in account {account}, its HubRoleArns and ExternalId being the stack's output "
    "MemberRoleCallers and its parameter MemberExternalId, its RoleName the stack's MemberRoleName"
)


def refusal(error: AwsError, place: Place, home: str) -> str:
    """AWS's words, and the remedy where IAM denied it. `home` is the stack's account."""
    if not isinstance(error, ClientError) or not is_denial(error):
        return str(error)
    remedy = _AT_HOME
    if place.account != home:
        remedy = _NO_ENTRY if error.operation_name == "AssumeRole" else _MEMBER
    return f"{error}; {remedy.format(account=place.account)}"
