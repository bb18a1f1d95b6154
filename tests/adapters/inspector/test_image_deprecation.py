"""Deprecation of images, as EC2's documents describe it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def image(aws: Any) -> str:
    """An image of the account's own."""
    made = str(aws.client("ec2").register_image(Name="golden", RootDeviceName="/dev/xvda")["ImageId"])
    aws.region.ec2.amis[made].root_device_type = "ebs"  # moto's own is none that EC2's model knows
    return made


def _refused(call: Any, image: str, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(ImageId=image, **given)
    return str(caught.value.response["Error"]["Code"])


def _soon(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_a_date_is_told_and_taken_away(aws: Any, image: str) -> None:
    ec2 = aws.client("ec2")

    def told() -> Any:
        return ec2.describe_images(ImageIds=[image], IncludeDeprecated=True)["Images"][0].get("DeprecationTime")

    ec2.enable_image_deprecation(ImageId=image, DeprecateAt=datetime(2031, 1, 1, 10, 20, 31, tzinfo=UTC))
    assert told() == "2031-01-01T10:21:00.000Z", "rounded to the nearest minute"
    ec2.disable_image_deprecation(ImageId=image)
    assert not told()


@pytest.mark.parametrize("days", [-1, 3_700])
def test_a_date_that_is_past_or_too_far_ahead_is_refused(aws: Any, image: str, days: float) -> None:
    refused = _refused(aws.client("ec2").enable_image_deprecation, image, DeprecateAt=_soon(days))
    assert refused == "InvalidParameterValue"


def test_a_public_images_date_stays(aws: Any, image: str) -> None:
    ec2 = aws.client("ec2")
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"Group": "all"}]})
    assert _refused(ec2.disable_image_deprecation, image) == "InvalidRequest"


def test_only_the_owner_deprecates(aws: Any, image: str) -> None:
    ec2 = aws.client("ec2")
    aws.region.ec2.amis[image].owner_id = "999999999999"
    assert _refused(ec2.enable_image_deprecation, image, DeprecateAt=_soon(1)) == "AuthFailure"
    assert _refused(ec2.disable_image_deprecation, image) == "AuthFailure"
