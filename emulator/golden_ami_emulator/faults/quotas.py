"""Faults of the account's quotas."""

from __future__ import annotations

from collections.abc import Iterator

from golden_ami_emulator.calls import Call
from golden_ami_emulator.faults.fault import LAUNCHING, InjectableFault, Injection

_VCPUS = 8  # four instances of t3.medium; new accounts have about so many


def faults() -> Iterator[InjectableFault]:
    """Of vCPUs."""
    yield InjectableFault(
        "ec2.vcpu-quota",
        f"the account's quota is {_VCPUS} vCPUs, fewer than the AMIs need at once",
        _vcpu_quota,
        costs=False,
        words=("VcpuLimitExceeded",),
        engines=LAUNCHING,
        amis=6,
    )


def _vcpu_quota(injection: Injection) -> None:
    struck = injection.name
    for world in injection.aws.worlds:
        injection.set(world, "vcpu_quota", _VCPUS)

    def rule(call: Call) -> BaseException | None:
        if call.operation == "RunInstances":
            struck()
        return None

    injection.before(rule)
