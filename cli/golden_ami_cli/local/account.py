"""The embedded stack as the commands see any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_ami_cli.account import Account, of_stack

if TYPE_CHECKING:
    from golden_ami_emulator.embedded import Embedded


def account_of(aws: Embedded) -> Account:
    """The stack of an embedded account, registered with its CloudFormation."""
    from golden_ami_emulator.registration import register

    register(aws)
    return of_stack(aws.stack_name, aws.client, aws.region)
