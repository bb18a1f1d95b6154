"""Checks of services that a run uses beside Inspector's scans: Security Hub, Inspector's service-linked roles."""

from __future__ import annotations

from golden_ami.engines.registry import traits
from golden_ami_cli.doctor.model import Diagnosis, Patient, ok, warning

# Inspector User Guide, "Service-linked role permissions for Amazon Inspector machine image scans".
SERVICE, ROLE = "ami.inspector2.amazonaws.com", "AWSServiceRoleForAmazonInspector2Ami"


def security_hub(patient: Patient) -> Diagnosis:
    """Security Hub is on and takes Inspector's findings in every region where tags are to be written on them."""
    check = "Security Hub"
    written = [ami for ami in patient.launched if traits(ami.engine).needs_activation]
    regions = patient.regions(written) if patient.config.security_hub else {}
    for region in regions:
        hub = patient.client("securityhub", region)
        without = "or leave securityHub out of the configuration"
        try:
            hub.describe_hub()
        except hub.exceptions.InvalidAccessException:
            remedy = f"aws securityhub enable-security-hub --region {region}; {without}"
            return warning(check, f"Security Hub is off in {region}: findings get no tags there", remedy)
        pages = hub.get_paginator("list_enabled_products_for_import").paginate()
        subscribed = [one for page in pages for one in page["ProductSubscriptions"]]
        if not any(one.endswith("product-subscription/aws/inspector") for one in subscribed):
            product = f"arn:{patient.account.settings.partition}:securityhub:{region}::product/aws/inspector"
            command = f"aws securityhub enable-import-findings-for-product --product-arn {product} --region {region}"
            cause = f"Security Hub does not take Amazon Inspector's findings in {region}: they get no tags there"
            return warning(check, cause, f"{command}; {without}")
    return ok(check, f"on, with Amazon Inspector's findings, in {', '.join(regions)}" if regions else "not needed")


def service_linked_role(patient: Patient) -> Diagnosis:
    """The role by which Inspector scans AMIs exists, or the first scan will make it."""
    check = "service-linked role"
    if not patient.regions(ami for ami in patient.amis if ami.engine == "ami" and ami.reason is None):
        return ok(check, "not needed: no AMI is scanned without an instance")
    iam = patient.client("iam")
    try:
        iam.get_role(RoleName=ROLE)
    except iam.exceptions.NoSuchEntityException:
        command = f"`aws iam create-service-linked-role --aws-service-name {SERVICE}`"
        return ok(check, f"{ROLE} does not exist yet: the first scan makes it, or {command}")
    return ok(check, f"{ROLE} exists")
