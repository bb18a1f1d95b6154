"""AWS clients, made once and only when needed, and the translation of AWS's errors into our names.

They are botocore's, as boto3's are; boto3 itself would take longer to load and adds nothing that is used here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.session import get_session

from golden_ami.errors import AccessDenied, ServiceFault, ServiceRejected, Throttled

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 5}, user_agent_extra="golden-ami-assessment", tcp_keepalive=True
)

# Codes as in the service models and in botocore's standard retry mode.
_THROTTLES = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
    "RequestLimitExceeded", "TooManyRequestsException", "ProvisionedThroughputExceededException", "SlowDown",
    "PriorRequestNotComplete", "TransactionInProgressException", "BandwidthLimitExceeded", "EC2ThrottledException",
})  # fmt: skip
_FAULTS = frozenset({
    "InternalError", "InternalException", "InternalFailure", "InternalServerError", "InternalServerException",
    "ServiceUnavailable", "ServiceUnavailableException", "ServiceTemporarilyUnavailableException", "Unavailable",
    "RequestTimeout", "RequestTimeoutException",
})  # fmt: skip
_DENIALS = frozenset({
    "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException",
    "UnauthorizedOperation", "NotAuthorized",
})  # fmt: skip


@cache
def _session(_key: str) -> Any:
    return get_session()


@cache
def _member_session(account: str, role: str, external_id: str, key: str) -> Any:
    """A session in a member account; its credentials are fetched at first use and refreshed before they expire."""

    sts = _client("sts", os.environ["AWS_REGION"], key, "")  # now: credentials are fetched in whatever thread asks

    def assume() -> dict[str, str]:
        partition = os.environ.get("AWS_PARTITION", "aws")
        request = {"RoleArn": f"arn:{partition}:iam::{account}:role/{role}", "RoleSessionName": "golden-ami-assessment"}
        answer = sts.assume_role(**request, **({"ExternalId": external_id} if external_id else {}))["Credentials"]
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"].isoformat(),
        }

    session: Any = get_session()
    session.register_component("data_loader", _session(key).get_component("data_loader"))  # service models, read once
    session._credentials = DeferredRefreshableCredentials(refresh_using=assume, method="assume-role")
    return session


@cache
def _client(service: str, region: str, key: str, account: str) -> Any:
    if not account:
        return _session(key).create_client(service, region_name=region, config=_CONFIG)
    role = os.environ.get("MEMBER_ROLE_NAME", "")
    if not role:
        raise AccessDenied(
            f"account {account} is not the stack's own; deploy the stack with MemberRoleName to reach it"
        )
    session = _member_session(account, role, os.environ.get("MEMBER_EXTERNAL_ID", ""), key)
    return session.create_client(service, region_name=region, config=_CONFIG)


def client(service: str, region: str, account: str = "") -> Any:
    """A client in one region of the function's own account, or of a member account (through the member role).

    Raises AccessDenied when a member account is asked for and the stack has no member role.
    """
    member = account if account and account != os.environ.get("ACCOUNT_ID", account) else ""
    return _client(service, region, os.environ.get("AWS_ACCESS_KEY_ID", ""), member)


def code_of(error: ClientError) -> str:
    """The error code of a service's answer."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def named_errors() -> Iterator[None]:
    """Raise AWS's errors under the names that the state machine retries or catches (see `errors`)."""
    try:
        yield
    except ClientError as error:
        raise _named(error) from error
    except ParamValidationError as error:
        raise ServiceRejected(str(error)) from error
    except BotoCoreError as error:  # connection and credential faults
        raise ServiceFault(str(error)) from error


def _named(error: ClientError) -> Exception:
    code = code_of(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _THROTTLES or status == 429:
        return Throttled(str(error))
    if code in _DENIALS:
        return AccessDenied(f"{error}; allow {error.operation_name} in this function's policy in template.yaml")
    if code in _FAULTS or status >= 500:
        return ServiceFault(str(error))
    return ServiceRejected(str(error))
