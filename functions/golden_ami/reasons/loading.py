"""Reasons that Load Config gives: the AMI, its parameter, its place or its instance type does not fit."""

from __future__ import annotations

from golden_ami.reasons.cause import Cause

AMI_NOT_FOUND = Cause(
    "AMI_NOT_FOUND",
    when="Load Config: DescribeImages does not list the AMI",
    message="{ami} does not exist in {place}, or is not shared with this account",
    remedy="correct the id or region in the configuration, or share the AMI with the account",
)
AMI_NOT_ALLOWED = Cause(
    "AMI_NOT_ALLOWED",
    when="Load Config: DescribeImages does not list the AMI, and Allowed AMIs is enabled in its account and Region",
    message="{ami} is not listed in {place}: Allowed AMIs is enabled there and hides what its criteria do not name, "
    "or the AMI does not exist or is not shared",
    remedy="see the criteria (aws ec2 get-allowed-images-settings) and let them name the AMI's provider or name; a "
    "declarative policy of the organization may have set them; or correct the AMI's id or region",
)
AMI_NOT_AVAILABLE = Cause(
    "AMI_NOT_AVAILABLE",
    when="Load Config: the AMI's state is neither available, disabled, failed nor pending",
    message="{ami} is {state}",
    remedy="configure an AMI that is available",
)
AMI_PENDING = AMI_NOT_AVAILABLE.also(
    when="Load Config: the AMI's state is pending", remedy="run the assessment again when the AMI is available"
)
AMI_DISABLED = AMI_NOT_AVAILABLE.also(
    when="Load Config: the AMI's state is disabled", remedy="enable the AMI, or configure another one"
)
AMI_FAILED = AMI_NOT_AVAILABLE.also(
    when="Load Config: the AMI's state is failed", remedy="create the AMI again; EC2 could not make it"
)

PARAMETER_NAME_INVALID = Cause(
    "AMI_PARAMETER_NAME_INVALID",
    when="Load Config: GetParameters refuses the name after resolve:ssm: as malformed",
    message="Systems Manager does not take {name} as a parameter's name: {said}",
    remedy="correct the name in the configuration: letters, digits, . - _ and / between levels",
)
PARAMETER_NOT_FOUND = Cause(
    "AMI_PARAMETER_NOT_FOUND",
    when="Load Config: GetParameters does not find the parameter",
    message="the SSM parameter {name} does not exist in {place}",
    remedy="create the parameter, or correct its name in the configuration",
)
PARAMETER_INVALID = Cause(
    "AMI_PARAMETER_INVALID",
    when="Load Config: the parameter's value is not an AMI id",
    message="the SSM parameter {name} in {place}, a {type}, does not hold an AMI id",
    remedy="let the parameter hold one AMI id, like ami-0a1b2c3d4e5f60001, and nothing else",
)
PARAMETER_DENIED = Cause(
    "AMI_PARAMETER_DENIED",
    when="Load Config: GetParameters is denied for a name outside AmiParameterPath",
    message="the stack may not read the SSM parameter {name} in {place}[: {said}]",
    remedy="deploy {template} with AmiParameterPath={path}, or store the AMI id below the path that it has",
)
PARAMETER_DENIED_WITHOUT_PATH = PARAMETER_DENIED.also(
    when="Load Config: GetParameters is denied for a name that no AmiParameterPath can cover",
    remedy="AmiParameterPath is a path: store the AMI id in {path}{leaf} and name that",
)
PARAMETER_DENIED_ELSEWHERE = PARAMETER_DENIED.also(
    when="Load Config: GetParameters is denied for a name that the template allows",
    remedy="its name is one that the template allows: look at service control policies, at the permissions boundary, "
    "and at the key of a SecureString",
)

INSTANCE_TYPE_MISSING = Cause(
    "INSTANCE_TYPE_MISSING",
    when="Load Config: no instanceType is configured and the AMI's architecture has no default one",
    message="no default instance type runs {architecture}",
    remedy="give instanceType in the configuration",
)
INSTANCE_TYPE_UNKNOWN = Cause(
    "INSTANCE_TYPE_UNKNOWN",
    when="Load Config: DescribeInstanceTypes does not list the type",
    message="instance type {type} is not offered in {region}",
    remedy="give another instanceType in the configuration, or leave it out",
)
INSTANCE_TYPE_NOT_IN_ZONES = Cause(
    "INSTANCE_TYPE_NOT_IN_ZONES",
    when="Load Config: DescribeInstanceTypeOfferings does not list the type in the Availability Zone of any subnet",
    message="instance type {type} is not offered in {zones}, where the subnets in {place} are",
    remedy="give another instanceType in the configuration, or subnets in one of {offering}: the template's "
    "AvailabilityZones or SubnetIds, or placement of the region in the configuration",
)
ARCHITECTURE_MISMATCH = Cause(
    "ARCHITECTURE_MISMATCH",
    when="Load Config: DescribeInstanceTypes says that the type does not run the AMI's architecture",
    message="the AMI is for {architecture}, but {type} runs {supported}",
    remedy="give an instanceType for {architecture}[, like {default}]",
)
PLACE_UNREACHABLE = Cause(
    "PLACE_UNREACHABLE",
    when="Load Config: a Region of the stack's account that is configured does not answer or denies access",
    message="{place} cannot be asked: {error}",
    remedy="correct `region` of the AMI in the configuration, or enable the Region in the account: `aws account "
    "enable-region --region-name {region}`; see that no service control policy denies it",
)
ACCOUNT_UNREACHABLE = PLACE_UNREACHABLE.also(
    when="Load Config: a member account that is configured does not let the stack in, or its Region does not answer",
    remedy="correct `account` or `region` of the AMI in the configuration; or deploy docs/member-role.yaml in account "
    "{account}, its HubRoleArns and ExternalId being the stack's output MemberRoleCallers and its parameter "
    "MemberExternalId, and the stack with MemberAccountIds and MemberRoleName",
)
