"""Credentials, profile and region as the AWS CLI takes them, and what is said when one of them does not hold."""

from __future__ import annotations

import os
from difflib import get_close_matches
from typing import Any, Protocol

from golden_ami_cli.errors import UsageError


class ClientFactory(Protocol):
    """Makes a boto3 client; without a region, of the stack's."""

    def __call__(self, service: str, region: str | None = None) -> Any: ...


def clients(profile: str | None, region: str | None) -> ClientFactory:
    """Clients with a profile and a region, or with those of the environment. Raises UsageError."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import InvalidRegionError, NoRegionError, ProfileNotFound

    chosen = region or os.environ.get("AWS_REGION") or None
    try:
        session: Any = boto3.Session(profile_name=profile, region_name=chosen)
    except ProfileNotFound as error:
        said = f"{_profile_setting(profile)}: {error}"
        raise UsageError(f"{said}; `aws configure list-profiles` lists the profiles") from error
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 3},
        user_agent_extra="golden-ami-assessment",
        tcp_keepalive=True,
    )
    # Who calls is only told; where STS cannot be reached, as behind a VPC endpoint, nobody waits for it for minutes.
    brief = config.merge(Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1}))
    made: dict[tuple[str, str | None], Any] = {}

    def client(service: str, region: str | None = None) -> Any:
        if (service, region) not in made:
            try:
                chosen_config = brief if service == "sts" else config
                made[service, region] = session.client(service, region_name=region, config=chosen_config)
            except NoRegionError as error:
                raise UsageError("no region is configured; give --region, or set AWS_REGION") from error
            except InvalidRegionError as error:
                setting = _region_setting(chosen, region)
                raise UsageError(f"{setting}: this is not how a region is written; give one like eu-west-1") from error
        return made[service, region]

    return client


def unknown_region(name: str, option: str | None) -> str:
    """What is wrong with a region that no endpoint was found for, if AWS has none of this name; else ""."""
    import boto3

    session: Any = boto3.Session()
    known = [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("cloudformation", partition)
    ]
    if name in known or os.environ.get("AWS_ENDPOINT_URL"):
        return ""
    near = get_close_matches(name, known, 1)
    instead = f"did you mean {near[0]}?" if near else "`aws ec2 describe-regions` lists the regions"
    return f"{_region_setting(option or os.environ.get('AWS_REGION'), name)}: no such region is known; {instead}"


def no_endpoint() -> type[Exception]:
    """The error of a service that cannot be reached."""
    from botocore.exceptions import EndpointConnectionError

    return EndpointConnectionError


def _profile_setting(option: str | None) -> str:
    """The setting that names the profile; of the variables botocore prefers the first."""
    if option:
        return f"--profile {option}"
    name = next((one for one in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE") if os.environ.get(one)), "AWS_PROFILE")
    return f"{name}={os.environ.get(name, '')}"


def _region_setting(chosen: str | None, region: str | None) -> str:
    """The setting that names the region."""
    if chosen and chosen == os.environ.get("AWS_REGION"):
        return f"AWS_REGION={chosen}"
    if chosen:
        return f"--region {chosen}"
    if found := os.environ.get("AWS_DEFAULT_REGION"):
        return f"AWS_DEFAULT_REGION={found}"
    return f"the profile's region {region or ''}".rstrip()


def explained(error: Exception) -> str | None:
    """The sentence for what botocore raises, with its remedy; None for anything else."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        EndpointConnectionError,
        NoCredentialsError,
        PartialCredentialsError,
        SSOError,
        TokenRetrievalError,
    )

    if isinstance(error, ClientError):
        return _service_error(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "there are no AWS credentials; give --profile, or sign in with `aws configure` or `aws sso login`"
    if isinstance(error, SSOError | TokenRetrievalError):
        return f"{str(error).rstrip('.')}; sign in again with `aws sso login`, and the same --profile or AWS_PROFILE"
    if isinstance(error, EndpointConnectionError):
        return f"{error}; check the region, the network and AWS_ENDPOINT_URL"
    return f"{error}; check the AWS CLI's configuration" if isinstance(error, BotoCoreError) else None


_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN_KEY = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"})


def _service_error(error: Any) -> str:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    said = f"{error.operation_name}: {code}: {message}".rstrip(": ")
    if code in _EXPIRED:
        return f"{said}; the credentials have expired: sign in again"
    if code in _UNKNOWN_KEY:
        return f"{said}; AWS does not know these credentials: check --profile and --region"
    if "Denied" in code or code == "UnauthorizedOperation":
        return f"{said}; have {error.operation_name} allowed to you, or use another --profile"
    return f"{said}; run it again with --debug to see where this comes from"
