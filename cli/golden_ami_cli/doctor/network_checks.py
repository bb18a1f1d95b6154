"""Checks of the stack's network: what it costs, and whether Enhanced EC2 Scanning works in it."""

from __future__ import annotations

from dataclasses import replace

from golden_ami.engines.instance.scan_configuration import read as scan_configuration_of
from golden_ami.engines.registry import traits
from golden_ami.places import home
from golden_ami.usage.bill import network_month
from golden_ami.usage.idle import Stack
from golden_ami.usage.prices import shipped
from golden_ami_cli.doctor.instance_checks import endpoints, routes, way_out
from golden_ami_cli.doctor.model import Diagnosis, Patient, ok, warning

TELEMETRY = "inspector2-telemetry"


def network_cost(patient: Patient) -> Diagnosis:
    """What the stack's network costs in a month, and what the other values of Network would."""
    stack, here = Stack.of(patient.account.parameters), home(patient.account.settings)
    costs = {
        name: network_month(replace(stack, network=name), shipped(), here)
        for name in ("own", "public", "existing", "none")
    }
    price = shipped().at("interface_endpoint_hour", here)
    said = f"Network={stack.network}: ${costs[stack.network].most:,.2f} a month, whether anything runs or not"
    others = ", ".join(f"{name} ${cost.most:,.2f}" for name, cost in costs.items() if name != stack.network)
    return ok("network cost", f"{said} (by choice {others}); {price.said_in(here.region) if price else 'no price'}")


def enhanced_scanning(patient: Patient) -> Diagnosis:
    """Where Enhanced EC2 Scanning is on, its scanner has a way to Inspector; where it is off, none is paid for."""
    check = "Enhanced EC2 Scanning"
    launched = patient.regions(patient.launched).get(patient.account.region, [])
    if not any(traits(ami.engine).needs_activation for ami in launched):
        return ok(check, "not needed: no AMI is scanned on an instance by Amazon Inspector here")
    on = scan_configuration_of(patient.client("inspector2")).vm_scanner
    stack = Stack.of(patient.account.parameters)
    if on and (closed := _closed(patient)):
        remedy = (
            "deploy with EnhancedScanning=true"
            if stack.network == "own"
            else f"add the interface endpoint {TELEMETRY} with private DNS"
        )
        return warning(check, f"on, and {', '.join(closed)} has no way to {TELEMETRY}", remedy)
    if not on and stack.network == "own" and stack.enhanced:
        cause = f"off, and the stack has the endpoint {TELEMETRY}, which is billed"
        return warning(check, cause, "deploy with EnhancedScanning=false, or activate Enhanced EC2 Scanning")
    return ok(check, "on, and instances reach it" if on else "off, or not told; EnhancedScanning=false fits")


def _closed(patient: Patient) -> list[str]:
    """The stack's subnets from which the scanner's service cannot be reached."""
    ec2 = patient.client("ec2")
    wanted = [{"Name": "subnet-id", "Values": [*patient.account.settings.subnet_ids]}]
    found = [one for page in ec2.get_paginator("describe_subnets").paginate(Filters=wanted) for one in page["Subnets"]]
    return [
        str(one["SubnetId"])
        for one in found
        if TELEMETRY not in endpoints(ec2, one["VpcId"]) and not way_out(routes(ec2, one["VpcId"], one["SubnetId"]))
    ]
