"""Engine `classic`: Inspector Classic (`inspector`), which AWS ended on 2026-05-20; it works in the embedded AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_ami.engines.base import Traits

if TYPE_CHECKING:
    from golden_ami.settings import Settings


def _unavailable(settings: Settings) -> str:
    if settings.classic_engine:
        return ""
    return (
        "AWS ended Inspector Classic on 2026-05-20; "
        'set engine to "instance" (Amazon Inspector on a launched instance) or "ami" (on-demand AMI scan)'
    )


TRAITS = Traits(
    needs_instances=True,
    one_wave_at_a_time=True,  # an instance may be in one assessment run at a time, and each run has the whole target
    known_duration=True,
    tells_exploitation=False,
    writes_back=lambda _: True,
    unavailable=_unavailable,
)
