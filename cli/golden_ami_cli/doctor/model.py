"""What a check looks at, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from golden_ami.engines.registry import traits
from golden_ami.errors import AssessmentError, InvalidConfiguration, Problem
from golden_ami.models import Ami, Config

if TYPE_CHECKING:
    from golden_ami_cli.account import Account
    from golden_ami_cli.configuration.rights import Rights

CheckStatus = Literal["ok", "warning", "error"]


class Diagnosis(Struct, kw_only=True):
    """What one check found. `cause` says how things stand; `remedy` is "" when all is well."""

    check: str
    status: CheckStatus
    cause: str
    remedy: str = ""


class Unreadable(Exception):
    """The configuration cannot be read, so what depends on it cannot be checked."""


def ok(check: str, cause: str) -> Diagnosis:
    """All is well."""
    return Diagnosis(check=check, status="ok", cause=cause)


def warning(check: str, cause: str, remedy: str) -> Diagnosis:
    """A run would work, though not as a person may expect."""
    return Diagnosis(check=check, status="warning", cause=cause, remedy=remedy)


def error(check: str, cause: str, remedy: str) -> Diagnosis:
    """A run would fail, or leave AMIs NOT ASSESSED."""
    return Diagnosis(check=check, status="error", cause=cause, remedy=remedy)


@dataclass
class Patient:
    """A stack, its configuration and the AMIs in it; each is read when the first check asks for it."""

    account: Account
    parameter: str
    problems: tuple[Problem, ...] = field(default=(), init=False)

    def client(self, service: str, region: str | None = None) -> Any:
        """A client of the stack's account."""
        return self.account.client(service, region)

    @cached_property
    def rights(self) -> Rights:
        """What load-config may read."""
        from golden_ami_cli.configuration.rights import Rights

        return Rights(self.account)

    @cached_property
    def config(self) -> Config:
        """The configuration that a run would read. Raises Unreadable."""
        from golden_ami.configuration.loading import read_configuration, unreadable

        if not self.rights.may_configure(self.parameter):
            raise Unreadable(unreadable(self.parameter, self.account.settings))
        try:
            return read_configuration(self.parameter, self.account.settings, self.account.clients)
        except InvalidConfiguration as found:
            self.problems = found.problems
            raise Unreadable(str(found)) from found
        except AssessmentError as found:
            raise Unreadable(str(found)) from found

    @cached_property
    def amis(self) -> list[Ami]:
        """The AMIs as a run would look them up. Raises Unreadable."""
        from golden_ami.configuration.catalog import look_up

        try:
            refused = self.rights.refused(self.config)
            return look_up(self.config, self.account.settings, self.account.clients, "doctor", refused)
        except AssessmentError as found:
            raise Unreadable(str(found)) from found

    @property
    def launched(self) -> list[Ami]:
        """Those of which an instance is launched."""
        return [ami for ami in self.amis if ami.reason is None and traits(ami.engine).needs_instances]

    def regions(self, amis: Iterable[Ami]) -> dict[str, list[Ami]]:
        """AMIs of the stack's own account by region; other accounts are not asked with these credentials."""
        found: dict[str, list[Ami]] = {}
        for ami in amis:
            if ami.account == self.account.settings.account:
                found.setdefault(ami.region, []).append(ami)
        return found


def names(amis: Iterable[Ami], limit: int = 3) -> str:
    """Some AMIs by id, and how many more."""
    ids = [ami.ami_id for ami in amis]
    more = f" and {len(ids) - limit:,} more" if len(ids) > limit else ""
    return ", ".join(ids[:limit]) + more
