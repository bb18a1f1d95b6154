"""Faults of on-demand scans, and of the service that findings are written back to."""

from __future__ import annotations

from collections.abc import Iterator

from golden_ami.engines.ami.coverage import FAULT
from golden_ami.models import Engine
from golden_ami_emulator.calls import Call, client_error
from golden_ami_emulator.faults.fault import InjectableFault, Injection, behaves

_EVERY = 1_000_000  # scans
_AMI: frozenset[Engine] = frozenset({"ami"})


def faults() -> Iterator[InjectableFault]:
    """Of scans that fail internally, once and for ever; and of Security Hub."""
    yield InjectableFault(
        "inspector.scan-internal-error",
        "the first on-demand scan of each AMI ends with INTERNAL_ERROR, a second one as it should",
        lambda injection: behaves(injection, "*", internal_errors=1),
        costs=False,
        engines=_AMI,
    )
    yield InjectableFault(
        "inspector.scan-internal-error-for-ever",
        "every on-demand scan ends with INTERNAL_ERROR",
        lambda injection: behaves(injection, "*", internal_errors=_EVERY),
        words=(FAULT,),
        engines=_AMI,
    )
    yield InjectableFault(
        "securityhub.off",
        "Security Hub is off where the AMIs' tags are to be written on findings in it",
        _hub_off,
        costs=False,
        engines=frozenset({"instance"}),
    )


def _hub_off(injection: Injection) -> None:
    struck = injection.name

    def rule(call: Call) -> BaseException | None:
        if call.service != "securityhub":
            return None
        struck()
        text = f"Account {injection.aws.account} is not subscribed to AWS Security Hub"
        return client_error("InvalidAccessException", call.operation, text, 401)

    injection.before(rule)
