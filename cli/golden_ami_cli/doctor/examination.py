"""All checks, one after another; one that cannot be made says so and does not keep the others from being made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami.probes import RULES
from golden_ami_cli.account import Account
from golden_ami_cli.doctor import (
    account_checks,
    instance_checks,
    network_checks,
    quota_check,
    rule_checks,
    service_checks,
    size_checks,
)
from golden_ami_cli.doctor.model import Diagnosis, Patient, Unreadable, error, warning
from golden_ami_cli.session import explained

Check = Callable[[Patient], Diagnosis]

CHECKS: tuple[Check, ...] = (
    account_checks.credentials,
    account_checks.configuration,
    account_checks.template_parameters,
    account_checks.user_data,
    account_checks.inspector,
    service_checks.service_linked_role,
    service_checks.security_hub,
    account_checks.scan_configuration,
    network_checks.enhanced_scanning,
    account_checks.boto3_version,
    instance_checks.instance_profile,
    instance_checks.network,
    network_checks.network_cost,
    instance_checks.zones,
    size_checks.instance_sizes,
    instance_checks.keys,
    instance_checks.allowed_images,
    quota_check.quota,
    account_checks.subscriptions,
    account_checks.schedule,
    account_checks.exclusion_tag,
    rule_checks.failed_invocations,
)


def examine(account: Account, parameter: str | None = None) -> list[Diagnosis]:
    """Every check's diagnosis, in their order. Nothing is changed in the account."""
    patient = Patient(account, parameter or account.outputs["ParameterName"])
    named = {check.__name__.replace("_", " "): check for check in CHECKS}
    rules = {f"rule {rule}": partial(rule_checks.event_rule, rule=rule) for rule in RULES}
    return [_made(name, check, patient) for name, check in (named | rules).items()]


def _made(name: str, check: Check, patient: Patient) -> Diagnosis:
    try:
        return check(patient)
    except Unreadable:
        return warning(
            name, "cannot be checked, as the configuration cannot be read", "correct the configuration first"
        )
    except (ClientError, BotoCoreError) as fault:
        cause, _, remedy = (explained(fault) or str(fault)).partition("; ")
        return error(name, f"cannot be checked: {cause}", remedy or "allow the call, or use another --profile")
