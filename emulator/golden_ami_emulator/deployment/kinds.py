"""What CloudFormation does for each resource type, through the services' own APIs, so that botocore checks it all."""

from __future__ import annotations

from golden_ami_emulator.deployment import resources_code, resources_compute, resources_data, resources_network
from golden_ami_emulator.deployment.resources import ResourceType
from golden_ami_emulator.deployment.template import TemplateError

KINDS = resources_data.KINDS | resources_compute.KINDS | resources_code.KINDS | resources_network.KINDS


def kind_of(resource_type: str) -> ResourceType:
    """The type's Kind. Raises TemplateError for one that the embedded AWS cannot make."""
    if resource_type not in KINDS:
        raise TemplateError(f"the embedded AWS cannot make a {resource_type}; it can make {', '.join(sorted(KINDS))}")
    return KINDS[resource_type]
