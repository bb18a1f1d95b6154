"""AMIs that are named on the command line, assessed by a stack with its own settings."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from golden_ami.configuration.config import to_text
from golden_ami.configuration.loading import read_configuration
from golden_ami.errors import AssessmentError
from golden_ami_cli import console
from golden_ami_cli.configuration.pushing import plan, write
from golden_ami_cli.configuration.reading import of_amis
from golden_ami_cli.errors import UsageError

if TYPE_CHECKING:
    from golden_ami.models import Config
    from golden_ami_cli.account import Account

_STANDARD = 4096  # bytes of a parameter (Systems Manager, PutParameter: Value)


def put(account: Account, amis: Sequence[str]) -> str:
    """Write a configuration for these AMIs beside the stack's own, and give the name of its parameter.

    Policy, exceptions and all else are the stack's, so that a verdict is the one that the stack would give. The name
    begins with that of the stack's parameter, as its functions may read such names only (template.yaml,
    ReadConfiguration), and follows from the content: who asks for the same gets the same. Raises UsageError.
    """
    own = account.outputs["ParameterName"]
    try:
        text = to_text(of_amis(amis, _settings(account, own)))
    except AssessmentError as error:
        raise UsageError(str(error)) from error
    name = f"{own}-{sha256(text.encode()).hexdigest()[:12]}"
    planned = plan(account, name, text, _STANDARD, 0)
    write(account, planned)
    console.progress().print(f"Written: {planned}", soft_wrap=True)
    return name


def _settings(account: Account, parameter: str) -> Config | None:
    """What the stack's parameter says; None where there is none yet. Raises UsageError, AssessmentError."""
    ssm = account.client("ssm")
    try:
        kind = ssm.get_parameter(Name=parameter)["Parameter"]["Type"]
    except ssm.exceptions.ParameterNotFound:
        return None
    if kind == "SecureString":  # what is in it would stand in a parameter that is not encrypted
        raise UsageError(
            f"--ami: the stack's parameter {parameter} is a SecureString, which is not copied; write a parameter "
            "whose name begins like it, and give --parameter"
        )
    return read_configuration(parameter, account.settings, account.clients)
