"""What load-config's role may read, asked with the operator's credentials: a person may read what the stack may not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from golden_ami.configuration import parameters

if TYPE_CHECKING:
    from golden_ami.models import Config
    from golden_ami_cli.account import Account

Way = Literal["simulated", "compared"]
_ARNS = 50  # resources in one request
_NOT_ALLOWED = frozenset({"AccessDenied", "AccessDeniedException"})
WAYS = {
    "simulated": "asked of IAM for load-config's role (iam:SimulatePrincipalPolicy)",
    "compared": (
        "judged by the stack's ParameterName and AmiParameterPath, as you may not call iam:SimulatePrincipalPolicy"
    ),
}


@dataclass
class Rights:
    """Which parameters load-config may read; `way` says how that was found out."""

    account: Account
    way: Way = "simulated"

    @property
    def said(self) -> str:
        """How it was found out, for a person."""
        return f"rights to parameters {WAYS[self.way]}"

    def may_configure(self, name: str) -> bool:
        """Whether it may read its configuration from a parameter. Raises botocore's ClientError."""
        refused = self._refused("ssm:GetParameter", [name])
        return not refused if refused is not None else parameters.may_configure(name, self.account.settings)

    def refused(self, config: Config) -> frozenset[str]:
        """The parameters of the stack's account, as `resolve:ssm:` names them, that it may not read.

        Raises botocore's ClientError.
        """
        settings = self.account.settings
        names = [
            entry.ami_id.removeprefix(parameters.RESOLVE)
            for entry in config.amis
            if entry.ami_id.startswith(parameters.RESOLVE) and (entry.account or settings.account) == settings.account
        ]
        refused = self._refused("ssm:GetParameters", names) if names else set()
        if refused is None:
            refused = {name for name in names if not parameters.may_resolve(parameters.name_of(name), settings)}
        return frozenset(refused)

    def _refused(self, action: str, names: Iterable[str]) -> set[str] | None:
        """The names that IAM's simulator refuses; None where the caller may not ask it."""
        arns = {name: self._arn(name) for name in names}
        wanted = sorted(set(arns.values()))
        allowed: set[str] = set()
        try:
            for at in range(0, len(wanted), _ARNS):
                allowed |= self._allowed(action, wanted[at : at + _ARNS])
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOT_ALLOWED:
                raise
            self.way = "compared"
            return None
        return {name for name, arn in arns.items() if arn not in allowed}

    def _allowed(self, action: str, arns: Sequence[str]) -> set[str]:
        """Decisions are in ResourceSpecificResults: EvalResourceName beside them is a template (IAM API Reference,
        EvaluationResult)."""
        pages = self.account.client("iam").get_paginator("simulate_principal_policy")
        results = [
            result
            for page in pages.paginate(PolicySourceArn=self._role, ActionNames=[action], ResourceArns=list(arns))
            for result in page["EvaluationResults"]
        ]
        single: list[dict[str, Any]] = [one for result in results for one in result.get("ResourceSpecificResults", ())]
        return {one["EvalResourceName"] for one in single if one["EvalResourceDecision"] == "allowed"}

    @cached_property
    def _role(self) -> str:
        return str(self.account.function("LoadConfigFunction")["Role"])

    def _arn(self, reference: str) -> str:
        settings = self.account.settings
        name = parameters.name_of(reference) if not reference.startswith("arn:") else reference
        if name.startswith("arn:"):
            return name
        owner = "" if name.startswith(parameters.PUBLIC) else settings.account
        partition = self._role.split(":")[1]
        return f"arn:{partition}:ssm:{self.account.region}:{owner}:parameter/{name.removeprefix('/')}"
