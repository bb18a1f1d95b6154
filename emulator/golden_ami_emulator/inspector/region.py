"""One emulated region of one account: the instances, Inspector's state, and the clock that moves it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from threading import RLock
from typing import Any, Protocol

from moto.ec2.models import ec2_backends

from golden_ami_emulator.inspector.bodies import Body, bodies
from golden_ami_emulator.inspector.cis_scan import CisScan, Configuration
from golden_ami_emulator.inspector.classic_model import Classic
from golden_ami_emulator.inspector.instances import Tracked
from golden_ami_emulator.inspector.ondemand_scan import OnDemandScan
from golden_ami_emulator.inspector.paging import Pages
from golden_ami_emulator.inspector.vulnerabilities import known
from golden_ami_emulator.world import Image, Timer, Timers, World

HOUR = 3600.0  # seconds: in hybrid mode Inspector looks so often for instances without an agent
Publish = Callable[[str, str, Mapping[str, Any], Sequence[str]], None]


class Coverage(Protocol):
    """What Inspector does when an instance changes."""

    def agent_answers(self, region: InspectorRegion, tracked: Tracked) -> None:
        """The agent answers for the first time."""

    def consider_agentless(self, region: InspectorRegion, tracked: Tracked) -> None:
        """Scan an instance from snapshots, if Systems Manager does not manage it by now."""

    def updates_itself(self, region: InspectorRegion, tracked: Tracked) -> None:
        """The instance updates its packages."""

    def consider(self, region: InspectorRegion, tracked: Tracked) -> None:
        """Begin the first scan of an instance that may be scanned now and was not before."""


class InspectorRegion:
    """The state behind every emulated API of one (account, region). Hold `lock` while reading or changing it.

    Events and notifications are sent by the clock, not by the call that causes them, and without the lock: a
    subscriber may call these APIs in turn.
    """

    def __init__(
        self, world: World, timers: Timers, publish: Publish, account: str, name: str, coverage: Coverage
    ) -> None:
        self.world, self.timers, self.account, self.name = world, timers, account, name
        self.partition = "aws-cn" if name.startswith("cn-") else "aws-us-gov" if name.startswith("us-gov-") else "aws"
        self.lock = RLock()
        self.pages = Pages()
        self.instances: dict[str, Tracked] = {}
        self.owners: dict[str, Tracked] = {}  # of instances' findings, by ARN
        self.scan_types: set[str] = {"EC2"} if world.inspector_enabled else set()
        self.classic = Classic()
        self.cis_configurations: dict[str, Configuration] = {}
        self.cis_scans: dict[str, CisScan] = {}
        self.on_demand: dict[str, OnDemandScan] = {}
        self.security_hub_findings: dict[str, Any] = {}  # Inspector's, as moto's Security Hub holds them, by ARN
        self.security_hub_updates: list[dict[str, Any]] = []
        self.sns: Any = None  # the client that notifies, made when first needed
        self._publish, self._coverage = publish, coverage
        self._images = {image.image_id: image for image in world.images}
        self._bodies: dict[str, list[Body]] = {}
        self._reservations = -1
        self._open = True

    # ------------------------------------------------------------ time

    def now(self) -> datetime:
        """The emulated instant."""
        return self.timers.now()

    def later(self, seconds: float, action: Callable[[], None], name: str) -> Timer:
        """Call `action` under the lock when the time has come, unless the region is closed by then."""

        def run() -> None:
            with self.lock:
                if self._open:
                    action()

        return self.timers.call_later(seconds, run, name=f"inspector: {name}")

    def send(self, deliveries: Iterable[Callable[[], object]], name: str) -> None:
        """Deliver messages at once, in order, by the clock and without the lock."""
        pending = tuple(deliveries)

        def run() -> None:
            for deliver in pending:
                if self._open:
                    deliver()

        if pending:
            self.timers.call_later(0, run, name=f"inspector: {name}")

    def event(
        self, detail_type: str, detail: Mapping[str, Any], resource: str, source: str = "aws.inspector2"
    ) -> Callable[[], None]:
        """The delivery of one EventBridge event."""
        return lambda: self._publish(source, detail_type, detail, [resource])

    def close(self) -> None:
        """Let nothing more happen."""
        with self.lock:
            self._open = False
            for tracked in self.instances.values():
                tracked.cancel_timers()

    # ------------------------------------------------------------ the world

    @property
    def ec2(self) -> Any:
        """moto's EC2 of this region."""
        return ec2_backends[self.account][self.name]

    @property
    def scans_ec2(self) -> bool:
        """Whether Amazon Inspector scans this account's instances."""
        return "EC2" in self.scan_types

    def image(self, image_id: str) -> Image | None:
        """The world's image."""
        return self._images.get(image_id)

    def bodies_of(self, image_id: str) -> list[Body]:
        """What Inspector finds on an image."""
        if image_id not in self._bodies:
            self._bodies[image_id] = bodies(self.world.findings_of(image_id))
        return self._bodies[image_id]

    def learn(self) -> None:
        """The world's findings have changed: later scans find what it holds now."""
        with self.lock:
            self._bodies.clear()
            self.__dict__.pop("vulnerabilities", None)

    @cached_property
    def vulnerabilities(self) -> dict[str, dict[str, Any]]:
        """What Inspector knows of each vulnerability that the world's findings name, by CVE id."""
        return known(body for image_id in self.world.findings for body in self.bodies_of(image_id))

    # ------------------------------------------------------------ instances

    def discover(self) -> None:
        """Adopt instances that came without `run_instances`, or before this region was installed."""
        reservations = self.ec2.reservations
        if len(reservations) != self._reservations:
            self._reservations = len(reservations)
            self.adopt(self.ec2.all_instances())

    def adopt(self, hosts: Iterable[Any]) -> None:
        """Start the timers of instances not seen before."""
        with self.lock:
            for host in hosts:
                if host.id not in self.instances and host.state != "terminated":
                    self._adopt(host)

    def _adopt(self, host: Any) -> None:
        behaviour = self.world.behaviour_of(host.image_id)
        image = self.image(host.image_id) or Image(host.image_id, host.image_id)
        tracked = Tracked(host, behaviour, image, self.now(), lag=behaviour.listing_lag)
        self.instances[tracked.id] = tracked
        if behaviour.agent_after is not None:
            check = self.later(behaviour.agent_after, lambda: self._coverage.agent_answers(self, tracked), "agent up")
            tracked.timers.append(check)
        if behaviour.instance_dies_after is not None:
            tracked.timers.append(self.later(behaviour.instance_dies_after, host.terminate, "instance dies"))
        if self.world.scan_mode == "EC2_HYBRID":
            look = self.later(HOUR, lambda: self._coverage.consider_agentless(self, tracked), "agentless")
            tracked.timers.append(look)
        if behaviour.updates_after is not None:
            tracked.timers.append(
                self.later(behaviour.updates_after, lambda: self._coverage.updates_itself(self, tracked), "updates")
            )

    def state_changed(self, instance_id: str) -> None:
        """EC2 started, stopped or terminated an instance."""
        with self.lock:
            tracked = self.instances.get(instance_id)
            if tracked is None:
                return
            if tracked.host.state == "terminated":
                tracked.terminated_at = tracked.terminated_at or self.now()
                tracked.cancel_timers()
            self._coverage.consider(self, tracked)
