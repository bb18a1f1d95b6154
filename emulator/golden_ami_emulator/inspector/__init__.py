"""The part of the embedded AWS that moto lacks, at the level of the APIs: real boto3 clients talk to it.

`inspector` (Classic); of `inspector2` account status, coverage, deep inspection's status, findings, vulnerabilities,
CIS and on-demand scans; `ssm` DescribeInstanceInformation, `ec2` GetImageFindings and DescribeImages' ScanResults,
`securityhub` BatchUpdateFindings. What the services find and how they behave is data: `world.World`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from golden_ami.models import Engine
from golden_ami_emulator.inspector import attach, coverage, registry, service_roles
from golden_ami_emulator.inspector.region import InspectorRegion, Publish
from golden_ami_emulator.world import ACCOUNT, REGION, Timers, World

__all__ = ["COUNTERPARTS", "InspectorRegion", "Publish", "install", "installed"]

# The modules of this package that answer an engine's calls, beside those that serve all.
COUNTERPARTS: dict[Engine, tuple[str, ...]] = {
    "classic": ("classic", "classic_findings", "classic_run_operations", "classic_runs", "classic_state", "notify"),
    "instance": ("inspector2", "coverage", "findings", "cis", "ssm", "securityhub"),
    "ami": ("inspector2", "ondemand", "ec2", "vulnerabilities"),
}


@contextmanager
def install(
    world: World, timers: Timers, publish: Publish, region: str = REGION, account: str = ACCOUNT
) -> Iterator[None]:
    """Make the services answer in one region of one account; install once for each such pair, inside `mock_aws`.

    `publish(source, detail_type, detail, resources)` delivers an EventBridge event of that region. It, and SNS
    notifications, are called by the timers. Raises RuntimeError when the pair is installed already.
    """
    state = InspectorRegion(world, timers, publish, account, region, coverage)
    registry.add(state)
    attach.attach()
    try:
        if world.inspector_enabled:
            service_roles.make(account, service_roles.ACTIVATION)
        with state.lock:
            state.discover()
        yield
    finally:
        state.close()
        registry.remove(state)
        if registry.empty():
            attach.detach()


def installed(region: str = REGION, account: str = ACCOUNT) -> InspectorRegion:
    """The state of an installed region, for tests and fault injection. Raises LookupError."""
    state = registry.find(account, region)
    if state is None:
        raise LookupError(f"Inspector is not installed in {region} of account {account}")
    return state
