"""A finding as far as judging needs it: read in half the time of a whole one, with its packages as they lie.

An image names the same packages in finding after finding, and a fleet on image after image. What follows from them
alone is worked out once for each text that names them; only as many are remembered as a processor's cache holds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from golden_ami.models import Data, Finding, Package, Severity
from golden_ami.report.identity import Place, places
from golden_ami.report.upgrades import Names, names_of
from golden_ami.verdict import fixed_version

_PACKAGES = msgspec.json.Decoder(list[Package])
_FINDING = msgspec.json.Decoder(Finding)


class Sighting(Data):
    """A line of an AMI's findings."""

    severity: Severity
    title: str
    type: str
    vulnerability_id: str = ""
    score: float | None = None
    epss: float | None = None
    exploit_available: bool = False
    known_exploited_since: str = ""
    fix_available: Literal["YES", "NO", "PARTIAL", ""] = ""
    first_observed_at: str = ""
    packages: Raw = Raw(b"[]")
    network: dict[str, str] | None = None


_SIGHTING = msgspec.json.Decoder(Sighting)


class Affected(Struct, frozen=True):
    """What a vulnerability affects."""

    packages: list[Package]
    places: list[Place]  # in the packages
    fixed: bool  # a version of one of the packages fixes it
    closed_by: Names | None  # the packages whose upgrade closes it; None when no upgrade does


def seen(line: bytes) -> tuple[Sighting, Affected]:
    """The finding in a line, and what it affects. Raises msgspec's MsgspecError when the line is none."""
    try:
        sighting = _SIGHTING.decode(line)
        return sighting, _affected(bytes(sighting.packages))
    except msgspec.MsgspecError:
        _FINDING.decode(line)  # says where in the whole finding the error is
        raise


@lru_cache(maxsize=8192)
def _affected(packages: bytes) -> Affected:
    named = _PACKAGES.decode(packages)
    return Affected(
        packages=named,
        places=places(named),
        fixed=any(fixed_version(package.fixed_in) for package in named),
        closed_by=names_of(named),
    )
