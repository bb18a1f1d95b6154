"""Every function under its own role: what it does not allow fails as in AWS; what was used is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from botocore.exceptions import ClientError

from golden_ami_emulator.calls import Call
from golden_ami_emulator.iam.needs import needs
from golden_ami_emulator.iam.policy import Need, Statement, decide, statements
from golden_ami_emulator.iam.principals import (
    Principal,
    decided,
    resource_policy,
    role_named,
    trust_of,
    with_context,
)
from golden_ami_emulator.iam.request import Request
from golden_ami_emulator.iam.services import key_needs
from golden_ami_emulator.machine_versions import split

# Code and HTTP status of a denial; AccessDeniedException, 400, where the protocol is JSON.
_DENIALS = {
    "ec2": ("UnauthorizedOperation", 403),
    "s3": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "sts": ("AccessDenied", 403),
    "sqs": ("AccessDenied", 403),
    "inspector2": ("AccessDeniedException", 403),
    "securityhub": ("AccessDeniedException", 403),
}
_USES = {"sns": "sns:Publish", "sqs": "sqs:SendMessage", "lambda": "lambda:InvokeFunction",
         "events": "events:PutEvents", "states": "states:StartExecution"}  # fmt: skip
# Targets of rules that EventBridge reaches by their own policy (its user guide, "Using resource-based policies").
_BY_POLICY = frozenset({("events.amazonaws.com", "sns"), ("events.amazonaws.com", "sqs")})
_POLICY_DECIDES = frozenset({"kms"})  # services in which a resource's own policy must allow as well


class Used(tuple[str, str, str, str, str]):
    """A permission that was needed and given: principal, action, resource, policy, Sid of the statement.

    The principal is the function's name, followed by ` as ` and the role's ARN where it had assumed one.
    """


class Denied(tuple[str, str, str]):
    """A permission that was needed and not given: principal, action, resource."""


class Enforcement:
    """Evaluates the calls of one embedded AWS. Policies of roles are read from moto at each call."""

    def __init__(self, account: str, region: str) -> None:
        self.used: set[Used] = set()
        self.denied: set[Denied] = set()
        self._account = account
        self._region = region
        self._lock = threading.Lock()
        self._assumed: dict[str, str] = {}  # access key to the role's ARN, "" for a function's own

    # ------------------------------------------------------------ calls of functions

    def check(self, call: Call, client: Any) -> ClientError | None:
        """The service's refusal of a function's call, or None. Raises UnknownOperation.

        Calls of the operator and of the emulation itself are not looked at.
        """
        if not call.function:
            return None
        principal = self._principal(call.function, client)
        request = Request(call.service, call.operation, call.parameters, call.region, principal.account)
        denied = self._first_denied(call, client, needs(request))
        return _refusal(call, principal, denied) if denied else None

    def permits(self, call: Call, client: Any, wanted: Iterable[Need]) -> bool:
        """Whether the caller may do what a service does in its name after the call. The operator may do everything."""
        return not call.function or self._first_denied(call, client, wanted) is None

    def account_of(self, call: Call, client: Any) -> str:
        """The account whose credentials sign a function's call."""
        return self._principal(call.function, client).account

    def _first_denied(self, call: Call, client: Any, wanted: Iterable[Need]) -> Need | None:
        principal = self._principal(call.function, client)
        name = call.function if not self._is_assumed(client) else f"{call.function} as {principal.role}"
        return next((need for need in wanted if not self._allowed(principal, name, need, call.region)), None)

    def function_may(self, function: str, need: Need) -> bool:
        """Whether what Lambda does in a function's name is allowed to it, as delivering to its dead-letter queue."""
        principal = Principal(self._account, self._role_of(function), function)
        return self._allowed(principal, function, need, self._region)

    def service_may(self, service: str, resource: str, source: str, role: str = "", event: str = "") -> bool:
        """Whether a service of AWS may use a resource for a source, by the role that it was given or else by the
        resource's own policy. `event` is the text of one that is put on a bus. All but the service are ARNs.

        What EventBridge needs of a topic and of its key may depend on no condition: EventBridge user guide, "Using
        resource-based policies" (Amazon SNS permissions); SNS developer guide, "Key management".
        """
        used = resource.split(":")[2]
        if role:
            principal = Principal(role.split(":")[4], role, service)
            told = json.loads(event) if event else {}
            context = {"events:source": [str(told.get("source"))], "events:detail-type": [str(told.get("detail-type"))]}
            need = Need(_USES[used], resource, context if used == "events" else {})
            if used == "states":
                need = _start(resource)
            if (service, used) in _BY_POLICY and not self.service_may(service, resource, source):
                return False  # where one copy of the user guide gives topics and queues a role, another forbids it
            return self._allowed(principal, f"{service} as {role}", need, resource.split(":")[3])
        principal = Principal(self._account, service=service)
        conditions = (service, used) != ("events.amazonaws.com", "sns")
        origin = {"aws:sourcearn": [source], "aws:sourceaccount": [source.split(":")[4]]}
        return all(
            self._admitted(principal, with_context(need, origin if need.resource == resource else {}), conditions)
            for need in [Need(_USES[used], resource), *key_needs(resource)]
        )

    def _admitted(self, principal: Principal, need: Need, conditions: bool) -> bool:
        policy = resource_policy(need.resource)
        full = with_context(need, principal.context(need.resource.split(":")[3], need.resource))
        if policy is not None and decided(policy, principal, full, conditions=conditions) == "allow":
            return True
        self._note(self.denied, Denied((principal.service, need.action, need.resource)))
        return False

    def _principal(self, function: str, client: Any) -> Principal:
        if role := self._assumed_role(client):
            return Principal(role.split(":")[4], role, "golden-ami-assessment")
        return Principal(self._account, self._role_of(function), function)

    def _is_assumed(self, client: Any) -> bool:
        return bool(self._assumed_role(client))

    def _assumed_role(self, client: Any) -> str:
        """ARN of the role whose credentials a client has; "" for a function's own."""
        from moto.iam.models import iam_backends

        key = str(client._request_signer._credentials.access_key)
        if key not in self._assumed:
            held = (account["aws"].access_keys.get(key) for account in list(iam_backends.values()))
            self._assumed[key] = next((str(one.role_arn) for one in held if one and one.role_arn), "")
        return self._assumed[key]

    def _role_of(self, function: str) -> str:
        from moto.awslambda.models import lambda_backends

        return str(lambda_backends[self._account][self._region].get_function(function).role)

    # ------------------------------------------------------------ decisions

    def _allowed(self, principal: Principal, name: str, need: Need, region: str) -> bool:
        full = with_context(need, principal.context(region, need.resource))
        decision, statement = decide(role_policies(principal.role), full)
        allowed = decision == "allow" and self._resource_agrees(principal, full)
        if allowed and statement:
            self._note(self.used, Used((name, need.action, need.resource, statement.source, statement.sid)))
        else:
            self._note(self.denied, Denied((name, need.action, need.resource)))
        return allowed

    @staticmethod
    def _resource_agrees(principal: Principal, need: Need) -> bool:
        """The other side. In one account either policy suffices to AWS; here the role's own must always allow."""
        if need.action == "sts:AssumeRole":
            trust = trust_of(need.resource)
            return trust is not None and decided(trust, principal, need) == "allow"
        policy = resource_policy(need.resource)
        service, account = (need.resource.split(":") + [""] * 5)[2], (need.resource.split(":") + [""] * 5)[4]
        foreign = bool(account) and account != principal.account
        if policy is None:
            return service not in _POLICY_DECIDES
        decision = decided(policy, principal, need)
        must = foreign or service in _POLICY_DECIDES
        return decision == "allow" if must else decision != "deny"

    def _note(self, kept: set[Any], entry: tuple[str, ...]) -> None:
        with self._lock:
            kept.add(entry)


def _start(arn: str) -> Need:
    """Step Functions authorises a start by version or alias by the state machine's own ARN, with the qualifier as a
    condition key (its Developer Guide, "Authorization for versions and aliases").
    """
    machine, qualifier = split(arn)
    return Need(_USES["states"], machine, {"states:statemachinequalifier": [qualifier]} if qualifier else {})


def role_policies(role: str) -> Iterator[Statement]:
    """The statements of a role's inline policies, by its ARN."""
    found = role_named(role)
    for name, document in list(found.policies.items()) if found else ():
        yield from _parsed(name, document)


@lru_cache(maxsize=512)
def _parsed(name: str, document: str) -> list[Statement]:
    return statements(document, name)


def _refusal(call: Call, principal: Principal, need: Need) -> ClientError:
    code, status = _DENIALS.get(call.service, ("AccessDeniedException", 400))
    message = (
        f"User: {principal.arn} is not authorized to perform: {need.action} on resource: {need.resource} "
        f"because no identity-based policy allows the {need.action} action"
    )
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, call.operation)
