"""The emulated regions of this process, by account and name: moto's backends are process-wide, and so are these."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.region import InspectorRegion

_regions: dict[tuple[str, str], InspectorRegion] = {}


def add(region: InspectorRegion) -> None:
    """Make a region answer. Raises RuntimeError when it already does."""
    key = (region.account, region.name)
    if key in _regions:
        raise RuntimeError(f"Inspector is already installed in {region.name} of account {region.account}")
    _regions[key] = region


def remove(region: InspectorRegion) -> None:
    """Make a region answer no more."""
    _regions.pop((region.account, region.name), None)


def find(account: str, name: str) -> InspectorRegion | None:
    """The region, if it is emulated."""
    return _regions.get((account, name))


def empty() -> bool:
    """Whether no region is emulated."""
    return not _regions
