"""Whether the plan's instances fit into EC2's quotas on running vCPUs, and what follows where they do not."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from math import ceil
from typing import Any

from golden_ami.instances.quotas import UNKNOWN, Quota, quota_of
from golden_ami.instances.quotas import quota as quota_in
from golden_ami.models import Ami
from golden_ami.places import Place
from golden_ami_cli.doctor.model import Diagnosis, Patient, error, names, ok, warning

_CHECK = "vCPU quota"


def quota(patient: Patient) -> Diagnosis:
    """The plan's instances fit, beside those that run, into the quota on running vCPUs; else they go in waves."""
    told = [
        _in_region(patient, region, kind, [ami for ami in amis if quota_of(ami.entry.instance_type) == kind])
        for region, amis in patient.regions(patient.launched).items()
        for kind in sorted({quota_of(ami.entry.instance_type) for ami in amis} - {UNKNOWN})
    ]
    for status in ("error", "warning"):
        if worst := next((one for one in told if one.status == status), None):
            return worst
    return ok(_CHECK, "; ".join(one.cause for one in told) or "not needed: no AMI needs an instance")


def _in_region(patient: Patient, region: str, kind: Quota, amis: list[Ami]) -> Diagnosis:
    limit = quota_in(Place(patient.account.settings.account, region), kind.code, patient.account.clients)
    if limit is None:
        remedy = f"allow servicequotas:GetServiceQuota, or look at quota {kind.code} yourself"
        return warning(_CHECK, f"Service Quotas does not tell quota {kind.code} in {region}", remedy)
    more = (
        f"aws service-quotas request-service-quota-increase --service-code ec2 --quota-code {kind.code} "
        f"--region {region} --desired-value VCPUS, or choose smaller instance types, or use engine ami"
    )
    if large := [ami for ami in amis if ami.vcpus > limit]:
        types = ", ".join(sorted({f"{ami.entry.instance_type} ({ami.vcpus} vCPUs)" for ami in large}))
        cause = f"{names(large)}: not even one {types} fits into quota {kind.code} of {limit:,} vCPUs in {region}"
        return error(_CHECK, cause, more)
    running = _running(patient.client("ec2", region), kind)
    planned = sorted(ami.vcpus for ami in amis)
    said = f"{sum(planned):,} vCPUs planned and {running:,} running of {limit:,} in {region}"
    fitting = sum(total <= limit - running for total in accumulate(planned))
    if fitting == len(planned):
        return ok(_CHECK, f"{said}: all {len(planned):,} instances fit at once")
    if not fitting:
        return warning(_CHECK, f"{said}: none fits until others end", more)
    waves = ceil(len(planned) / fitting)
    return warning(_CHECK, f"{said}: {fitting:,} of {len(planned):,} instances fit at once, {waves:,} waves", more)


def _running(ec2: Any, kind: Quota) -> int:
    """vCPUs of the instances of anybody in the account that count against the quota, as many as their types have."""
    wanted = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    pages = ec2.get_paginator("describe_instances").paginate(Filters=wanted)
    running = (one for page in pages for reservation in page["Reservations"] for one in reservation["Instances"])
    counted = Counter(one["InstanceType"] for one in running if quota_of(one["InstanceType"]) == kind)
    if not counted:
        return 0
    types = ec2.get_paginator("describe_instance_types").paginate(InstanceTypes=sorted(counted))
    found = (one for page in types for one in page["InstanceTypes"])
    return sum(counted[one["InstanceType"]] * int(one["VCpuInfo"]["DefaultVCpus"]) for one in found)
