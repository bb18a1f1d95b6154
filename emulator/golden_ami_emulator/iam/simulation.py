"""IAM's SimulatePrincipalPolicy, which moto lacks, for roles: answered by what enforces the roles here.

After the IAM API Reference: without ResourceArns the resource is "*"; the decision on each resource is in
ResourceSpecificResults, and the one above them the most restrictive. A role's simulation has no resource policies.
"""

from __future__ import annotations

from typing import Any

from golden_ami_emulator.iam.enforcement import role_policies
from golden_ami_emulator.iam.policy import Need, decide
from golden_ami_emulator.iam.principals import role_named
from golden_ami_emulator.patching import Patches

_DECISIONS = {"allow": "allowed", "silence": "implicitDeny", "deny": "explicitDeny"}
_SEVERITY = ("allowed", "implicitDeny", "explicitDeny")


class Simulation(Patches):
    """IAM answers SimulatePrincipalPolicy while open."""

    def __enter__(self) -> Simulation:
        from moto.iam.responses import IamResponse

        super().__enter__()
        IamResponse.simulate_principal_policy = simulate  # type: ignore[attr-defined]
        self.callback(delattr, IamResponse, "simulate_principal_policy")
        return self


def simulate(response: Any) -> Any:
    """Answer the request that a moto response has. Raises moto's error for a role that does not exist."""
    from moto.core.responses import ActionResult
    from moto.iam.exceptions import NotFoundException

    given = response._get_params()
    role = str(given["PolicySourceArn"])
    if role_named(role) is None:
        raise NotFoundException(f"The role with ARN {role} cannot be found.")
    context = {entry["ContextKeyName"].lower(): entry["ContextKeyValues"] for entry in given.get("ContextEntries", ())}
    results = [_result(role, action, given.get("ResourceArns"), context) for action in given["ActionNames"]]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _result(role: str, action: str, arns: list[str] | None, context: dict[str, list[str]]) -> dict[str, Any]:
    decisions = {arn: _DECISIONS[decide(role_policies(role), Need(action, arn, context))[0]] for arn in arns or ["*"]}
    result: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": "*",
        "EvalDecision": max(decisions.values(), key=_SEVERITY.index),
        "MatchedStatements": [],
        "MissingContextValues": [],
    }
    if arns:
        result["ResourceSpecificResults"] = [
            {"EvalResourceName": arn, "EvalResourceDecision": decision, "MatchedStatements": []}
            for arn, decision in decisions.items()
        ]
    return result
