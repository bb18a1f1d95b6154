"""EC2's dates of deprecation, which moto lacks: what Enable and Disable do is what DescribeImages tells."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


class ImageDates:
    """Answers the three calls; other calls are not answered."""

    def __init__(self) -> None:
        self.dates: dict[str, str] = {}  # as EC2 writes them, by AMI id
        self.asked: list[tuple[str, str]] = []  # operation and AMI id of what changes something

    def answer(self, name: str, given: dict[str, Any]) -> Any:
        """EC2's answer; None for a call that is not about dates."""
        if name == "DescribeImages":
            (wanted,) = given["Filters"]
            assert given["IncludeDeprecated"]
            return {"Images": [self._image(one) for one in wanted["Values"]]}
        if name not in ("EnableImageDeprecation", "DisableImageDeprecation"):
            return None
        image = given["ImageId"]
        self.asked.append((name, image))
        if name == "EnableImageDeprecation":
            at = given["DeprecateAt"]
            assert at > datetime.now(UTC)
            self.dates[image] = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        else:
            del self.dates[image]
        return {"Return": True}

    def _image(self, ami_id: str) -> dict[str, str]:
        date = self.dates.get(ami_id)
        return {"ImageId": ami_id} | ({"DeprecationTime": date} if date else {})
