"""AWS's errors under the names that the state machine retries or catches (see `golden_ami.errors`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from golden_ami.errors import AccessDenied, ServiceFault, ServiceRejected, Throttled

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


def code_of(error: ClientError) -> str:
    """The error code of a service's answer."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_denial(error: ClientError) -> bool:
    """Whether IAM denied the call."""
    return code_of(error) in _DENIALS


@contextmanager
def named_errors() -> Iterator[None]:
    """Raise botocore's errors as Throttled, ServiceFault, AccessDenied or ServiceRejected."""
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
