"""How Amazon Inspector scans the account's instances: GetConfiguration (botocore 1.44.5's model).

Scan mode EC2_HYBRID: instances that Systems Manager does not manage are looked for every hour and scanned from
snapshots (Inspector User Guide, "Scanning Amazon EC2 instances", "Agentless scanning"). VM scanner: Enhanced EC2
Scanning, which collects every three hours by default ("Amazon Inspector VM scanner").
"""

from __future__ import annotations

from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError


class ScanConfiguration(NamedTuple):
    """What GetConfiguration says of EC2; the defaults where it may not be read."""

    scan_mode: str = ""  # EC2_SSM_AGENT_BASED or EC2_HYBRID; "" where it is not known
    vm_scanner: bool = False  # Enhanced EC2 Scanning is activated


def read(inspector: Any) -> ScanConfiguration:
    """The account's own. One that may not be read decides nothing, so it is no fault."""
    try:
        found = inspector.get_configuration().get("ec2Configuration") or {}
    except (BotoCoreError, ClientError):
        return ScanConfiguration()
    mode, scanner = found.get("scanModeState") or {}, found.get("vmScannerState") or {}
    return ScanConfiguration(mode.get("scanMode", ""), bool(scanner.get("activated")))
