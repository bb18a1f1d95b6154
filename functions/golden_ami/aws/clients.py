"""Clients of AWS's services in the stack's own account and in member accounts.

They are botocore's, as boto3's are; boto3 itself would take longer to load and adds nothing that is used here.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials
from botocore.session import get_session

from golden_ami.errors import AccessDenied
from golden_ami.places import Place
from golden_ami.settings import Settings

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 5}, user_agent_extra="golden-ami-assessment", tcp_keepalive=True
)

Make = Callable[[str, str], Any]  # service, region


class Clients:
    """Gives a client of a service at a place, and makes it when it is first asked for.

    Ask for it before threads start: clients are safe to share between threads, sessions are not (Boto3 documentation,
    guides "Session" and "Low-level clients").
    """

    def __init__(self, settings: Settings, make: Make | None = None) -> None:
        """`make` gives clients of the stack's own account; by default with the credentials of the environment."""
        self._settings = settings
        session: Any = get_session()
        self._models = session.get_component("data_loader")  # of the services, read once for all sessions
        self._make = make or _maker(session)
        self._member_makers: dict[str, Make] = {}
        self._made: dict[tuple[str, Place], Any] = {}
        self._lock = Lock()  # of the sessions, where several invocations share a process (the embedded AWS)

    def client(self, service: str, place: Place | None = None) -> Any:
        """A client of a service at a place; by default the stack's own.

        In another account it has the member role's credentials, which are fetched at its first call and refreshed
        before they expire. Raises AccessDenied when the stack has no member role.
        """
        place = place or Place(self._settings.account, self._settings.region)
        with self._lock:
            if (service, place) not in self._made:
                self._made[service, place] = self._maker_of(place.account)(service, place.region)
            return self._made[service, place]

    def regions_of(self, service: str) -> list[str]:
        """The Regions in which a service has an endpoint, as the SDK knows them."""
        found: list[str] = get_session().get_available_regions(service, self._settings.partition)
        return found

    def _maker_of(self, account: str) -> Make:
        if account == self._settings.account:
            return self._make
        if account not in self._member_makers:
            self._member_makers[account] = self._member_maker(account)
        return self._member_makers[account]

    def _member_maker(self, account: str) -> Make:
        settings = self._settings
        if not settings.member_role:
            raise AccessDenied(
                f"account {account} is not the stack's own; deploy the stack with MemberRoleName to reach it"
            )
        sts = self._make("sts", settings.region)  # now: credentials are fetched in whatever thread asks
        request = {
            "RoleArn": f"arn:{settings.partition}:iam::{account}:role/{settings.member_role}",
            "RoleSessionName": "golden-ami-assessment",
        }
        if settings.member_external_id:
            request["ExternalId"] = settings.member_external_id
        session: Any = get_session()
        session.register_component("data_loader", self._models)
        session._credentials = DeferredRefreshableCredentials(
            refresh_using=lambda: _credentials(sts.assume_role(**request)["Credentials"]), method="assume-role"
        )
        return _maker(session)


def _maker(session: Any) -> Make:
    return lambda service, region: session.create_client(service, region_name=region, config=_CONFIG)


def _credentials(given: dict[str, Any]) -> dict[str, str]:
    """AssumeRole's answer as botocore's refreshable credentials take it."""
    return {
        "access_key": given["AccessKeyId"],
        "secret_key": given["SecretAccessKey"],
        "token": given["SessionToken"],
        "expiry_time": given["Expiration"].isoformat(),
    }
