"""AWS's errors by the names that the definition retries or that a report explains."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ParamValidationError

from golden_ami.aws.errors import named_errors
from golden_ami.errors import AccessDenied, ServiceFault, ServiceRejected, Throttled


def _answer(code: str, status: int) -> ClientError:
    metadata: Any = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RequestId": "", "HostId": "", "RetryAttempts": 0}
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": metadata}, "GetThing")


@pytest.mark.parametrize(
    ("raised", "name"),
    [
        (_answer("ThrottlingException", 400), Throttled),
        (_answer("RequestLimitExceeded", 503), Throttled),  # EC2's word for it, with a fault's status
        (_answer("SomethingNew", 429), Throttled),
        (_answer("AccessDeniedException", 400), AccessDenied),
        (_answer("UnauthorizedOperation", 403), AccessDenied),
        (_answer("InternalServerException", 400), ServiceFault),
        (_answer("SomethingNew", 500), ServiceFault),
        (_answer("SomethingNew", 503), ServiceFault),
        (_answer("ValidationException", 400), ServiceRejected),
        (ParamValidationError(report="no"), ServiceRejected),
        (ConnectTimeoutError(endpoint_url="https://ec2"), ServiceFault),
    ],
)
def test_what_heals_is_told_from_what_does_not(raised: Exception, name: type[Exception]) -> None:
    with pytest.raises(name) as named, named_errors():
        raise raised
    assert type(named.value) is name
    assert named.value.__cause__ is raised


def test_a_denial_names_what_to_allow() -> None:
    with pytest.raises(AccessDenied, match="allow GetThing in this function's policy"), named_errors():
        raise _answer("AccessDenied", 403)
