"""AMIs of an account for a new configuration: by owner, tags and name, or those that a pipeline has made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from golden_ami.aws.filters import FILTER_VALUES
from golden_ami.parallel import chunks
from golden_ami_cli.errors import UsageError
from golden_ami_cli.session import ClientFactory

_OWNER = re.compile(r"self|[0-9]{12}")
# botocore, imagebuilder: ImagePipelineArn
_PIPELINE = re.compile(
    r"arn:aws[^:]*:imagebuilder:(?P<region>[^:]+):(?P<account>[0-9]{12}|aws):image-pipeline/[a-z0-9-_]+"
)


@dataclass(frozen=True)
class FoundAmi:
    """An AMI. `created` is EC2's CreationDate or Image Builder's dateCreated; `account` is "" for the one that is
    asked."""

    ami_id: str
    name: str = ""
    created: str = ""
    region: str = ""
    account: str = ""


@dataclass(frozen=True)
class Selection:
    """Which AMIs are meant. Tags and name may have EC2's wildcards, * and ?; of one tag's values, any is enough
    (EC2 User Guide, on filters: a backslash before one makes it a plain character)."""

    owner: str = "self"
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    name: str = ""

    @property
    def filters(self) -> list[dict[str, Any]]:
        """As DescribeImages takes them (EC2 API Reference: `tag:<key>`, name)."""
        named = [{"Name": "name", "Values": [self.name]}] if self.name else []
        return named + [{"Name": f"tag:{key}", "Values": [*values]} for key, values in self.tags.items()]


def selection(owner: str, tags: Iterable[str], name: str) -> Selection:
    """What the options say. Raises UsageError."""
    if not _OWNER.fullmatch(owner):
        raise UsageError(f"--owner {owner}: not an owner; give self, or an account id of 12 digits")
    values: dict[str, list[str]] = {}
    for tag in tags:
        key, equals, value = tag.partition("=")
        if not (key and equals):
            raise UsageError(f"--tag {tag}: not a tag; give KEY=VALUE")
        values.setdefault(key, []).append(value)
    return Selection(owner, values, name)


def by_selection(client: ClientFactory, chosen: Selection) -> list[FoundAmi]:
    """The available AMIs of a selection, newest first. Raises botocore's ClientError."""
    ec2 = client("ec2")
    images = _available(ec2, chosen.filters, Owners=[chosen.owner])
    return _newest_first(_of_ec2(image, ec2.meta.region_name) for image in images)


def by_pipeline(client: ClientFactory, pipeline: str) -> list[FoundAmi]:
    """The available AMIs that a pipeline, named by its name or ARN, has made, newest first.

    An AMI may have been deregistered since, so EC2 is asked, too; not of AMIs that were distributed to other accounts,
    where these credentials do not count. Raises UsageError when there is no such pipeline, and botocore's
    ClientError.
    """
    arn = pipeline if pipeline.startswith("arn:") else _pipeline_arn(client("imagebuilder"), pipeline)
    if not (match := _PIPELINE.fullmatch(arn)):
        raise UsageError(f"--pipeline {pipeline}: not the ARN of an image pipeline; {_PIPELINES}")
    built = list(_outputs(client("imagebuilder", match["region"]), arn))
    account = match["account"]
    found = [_of_image_builder(ami) for ami in built if ami["accountId"] != account]
    for region in sorted({ami["region"] for ami in built}):
        ids = sorted({ami["image"] for ami in built if ami["accountId"] == account and ami["region"] == region})
        found += _known(client("ec2", region), ids, region)
    return _newest_first(found)


_PIPELINES = "`aws imagebuilder list-image-pipelines` lists them"


def _pipeline_arn(builder: Any, name: str) -> str:
    pages = builder.get_paginator("list_image_pipelines").paginate(filters=[{"name": "name", "values": [name]}])
    arns = [one["arn"] for page in pages for one in page["imagePipelineList"] if one["name"] == name]
    if len(arns) != 1:
        said = "several pipelines have this name; give the ARN" if arns else "there is no such pipeline in this Region"
        raise UsageError(f"--pipeline {name}: {said}; {_PIPELINES}")
    return str(arns[0])


def _outputs(builder: Any, arn: str) -> Iterator[dict[str, str]]:
    """The AMIs of the pipeline's available images (botocore, imagebuilder: ImageSummary, Ami). Raises UsageError."""
    pages = builder.get_paginator("list_image_pipeline_images").paginate(imagePipelineArn=arn)
    try:
        for page in pages:
            for image in page["imageSummaryList"]:
                if image.get("state", {}).get("status") == "AVAILABLE":
                    for ami in image.get("outputResources", {}).get("amis", ()):
                        yield {"created": image.get("dateCreated", ""), **ami}
    except builder.exceptions.ResourceNotFoundException as error:
        raise UsageError(f"--pipeline {arn}: there is no such pipeline; {_PIPELINES}") from error


def _known(ec2: Any, ids: Sequence[str], region: str) -> Iterator[FoundAmi]:
    """Those of the AMIs that are available. By filter, as one unknown id in ImageIds would fail the request for all."""
    for some in chunks(ids, FILTER_VALUES):
        for image in _available(ec2, [{"Name": "image-id", "Values": [*some]}]):
            yield _of_ec2(image, region)


def _available(ec2: Any, filters: list[dict[str, Any]], **scope: Any) -> Iterator[dict[str, Any]]:
    wanted = [{"Name": "state", "Values": ["available"]}, *filters]
    for page in ec2.get_paginator("describe_images").paginate(Filters=wanted, **scope):
        yield from page["Images"]


def _of_ec2(image: Mapping[str, Any], region: str) -> FoundAmi:
    return FoundAmi(image["ImageId"], image.get("Name", ""), image.get("CreationDate", ""), region)


def _of_image_builder(ami: Mapping[str, str]) -> FoundAmi:
    return FoundAmi(ami["image"], ami.get("name", ""), ami["created"], ami["region"], ami["accountId"])


def _newest_first(amis: Iterable[FoundAmi]) -> list[FoundAmi]:
    """Each once. Both services write dates alike, as ISO 8601 in UTC."""
    return sorted(set(amis), key=lambda ami: (ami.created, ami.ami_id), reverse=True)
