"""The world's images in moto's EC2, exactly those, as EC2 would describe them; and the parameters that name them."""

from __future__ import annotations

from golden_ami_emulator.patching import Patches
from golden_ami_emulator.world import Image, World

ROOT_DEVICE = "/dev/xvda"


class Images(Patches):
    """moto's EC2 holds the world's images, and none of its own, while open."""

    def __init__(self, world: World, region: str, account: str) -> None:
        super().__init__()
        self._world = world
        self._region = region
        self._account = account

    def __enter__(self) -> Images:
        from moto.ec2.models import ec2_backends

        super().__enter__()
        backend = ec2_backends[self._account][self._region]
        backend.amis.clear()  # moto's own, if it loaded them
        for image in self._world.images:
            self.add(image)
        for name in sorted(self._world.parameters, key=_latest_last):
            self._hold(name, self._world.parameters[name])
        return self

    def _hold(self, reference: str, ami_id: str) -> None:
        """A version of a parameter. Made in moto's own terms: PutParameter refuses AWS's public names."""
        from moto.core.utils import utcnow
        from moto.ssm.models import Parameter, ssm_backends

        name, _, selector = reference.partition(":")
        held = ssm_backends[self._account][self._region]._parameters[name]
        version = int(selector) if selector.isdigit() else (held[-1].version if held else 0) + 1
        labels = [selector] if selector and not selector.isdigit() else []
        made = Parameter(  # type: ignore[abstract]
            self._account, name, ami_id, "String", None, None, None, utcnow(), version, "text", labels=labels
        )
        held.append(made)

    def add(self, image: Image) -> None:
        """Make an image. A deregistered one is not there: EC2 answers InvalidAMIID.NotFound."""
        from moto.ec2.models import ec2_backends
        from moto.ec2.models.amis import Ami

        if image.state == "deregistered":
            return
        backend = ec2_backends[self._account][self._region]
        windows = "windows" in image.platform.lower()
        made = Ami(
            backend,
            image.image_id,
            name=image.name,
            description=image.name,
            owner_id=image.owner,
            architecture=image.architecture,
            state=image.state,
            platform="windows" if windows else None,
            virtualization_type="hvm",
            hypervisor="xen",
            root_device_type="ebs",
            root_device_name=ROOT_DEVICE,
            image_location=f"{image.owner}/{image.name}",
            region_name=self._region,
            tags=dict(image.tags),
        )
        made.ebs_snapshot.kms_key_id = image.key_arn or None
        backend.amis[image.image_id] = made


def _latest_last(reference: str) -> tuple[str, int, int]:
    """Numbered versions of a parameter in their order, then labels, then what stands without either."""
    name, _, selector = reference.partition(":")
    return name, 2 if not selector else int(not selector.isdigit()), int(selector) if selector.isdigit() else 0
