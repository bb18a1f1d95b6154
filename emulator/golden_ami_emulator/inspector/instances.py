"""An EC2 instance as Inspector and Systems Manager see it: which image, since when, agent up or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from golden_ami_emulator.inspector.operating_systems import OperatingSystem, operating_system
from golden_ami_emulator.world import Behaviour, Image, Timer

EXCLUSION_TAG = "inspectorec2exclusion"  # any case; its value does not matter
AGENT_VERSION = "3.3.3050.0"


@dataclass
class Tracked:
    """An instance since its launch. `host` is moto's own object."""

    host: Any
    behaviour: Behaviour
    image: Image
    launched_at: datetime
    timers: list[Timer] = field(default_factory=list)
    scan_timer: Timer | None = None
    scan_started_at: datetime | None = None
    scanned_at: datetime | None = None  # Amazon Inspector's first scan ended
    agentless: bool = False  # Inspector scans it from snapshots
    deeply_inspected_at: datetime | None = None  # packages of programming languages were looked at
    updated_at: datetime | None = None  # it updated its own packages
    terminated_at: datetime | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)  # as ListFindings answers them
    details: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # for BatchGetFindingDetails, by ARN
    lag: int = 0

    @property
    def id(self) -> str:
        """The instance id, which is the agent's too."""
        return str(self.host.id)

    @property
    def image_id(self) -> str:
        """What it was launched from."""
        return str(self.host.image_id)

    @property
    def platform(self) -> str:
        """EC2's word for the kind of system on it."""
        return self.image.platform

    @property
    def system(self) -> OperatingSystem:
        """The operating system on it, and what Inspector does with that."""
        return operating_system(self.image.platform_name, self.image.platform_version)

    @property
    def running(self) -> bool:
        """Whether EC2 says that it runs."""
        return bool(self.host.is_running())

    @property
    def tags(self) -> dict[str, str]:
        """Its tags as they stand now."""
        return {tag["key"]: tag["value"] for tag in self.host.get_tags()}

    @property
    def excluded(self) -> bool:
        """Whether a tag keeps Amazon Inspector away from it."""
        return any(key.lower() == EXCLUSION_TAG for key in self.tags)

    @property
    def profile_arn(self) -> str:
        """The instance profile's ARN, or the empty string."""
        association = self.host.ec2_backend.iam_instance_profile_associations.get(self.id)
        return str(association.iam_instance_profile.arn) if association else ""

    @property
    def agent_at(self) -> datetime | None:
        """When the agent answers first."""
        after = self.behaviour.agent_after
        return None if after is None else self.launched_at + timedelta(seconds=after)

    def agent_up(self, now: datetime) -> bool:
        """Whether the agent on it answers (Inspector Classic's agent needs no instance profile)."""
        return self.running and self.agent_at is not None and now >= self.agent_at

    def managed(self, now: datetime) -> bool:
        """Whether Systems Manager manages it: the agent needs an instance profile for that."""
        return bool(self.profile_arn) and self.agent_up(now)

    def matches(self, wanted: Mapping[str, str | None]) -> bool:
        """Whether it has one of the tags at least; a tag without value matches any value."""
        tags = self.tags
        return any(key in tags and (value is None or tags[key] == value) for key, value in wanted.items())

    def cancel_timers(self) -> None:
        """Forget what was to happen to it."""
        for timer in (*self.timers, self.scan_timer):
            if timer is not None:
                timer.cancel()
        self.timers.clear()
        self.scan_timer = None
