"""Which of two package versions is the higher, in the order of the ecosystem that the package is of.

What an ecosystem does not take for a version has no place in its order: such a version is neither higher nor lower than
another, and an upgrade to another one is not said to close what it fixes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, Protocol

from packaging.version import Version

from golden_ami.evaluation.identity import ecosystem
from golden_ami.evaluation.systems import tool_of

Order = Literal["rpm", "dpkg", "python", "java", "semver", "ruby", "dotnet", "php", "numbers"]

_ORDERS: Mapping[str, Order] = {
    "python": "python", "java": "java", "node": "semver", "go": "semver", "rust": "semver", "ruby": "ruby",
    "dotnet": "dotnet", "php": "php",
}  # fmt: skip
_LONGEST = 200  # characters; no package has a longer version, and long numbers cost time or are refused by Python
_SEPARATOR_OF_QUALIFIER = re.compile(r"\.(?=[a-z])")


class Key(Protocol):
    """A version's place in its order."""

    def __lt__(self, other: Any, /) -> bool: ...


def order_of(manager: str, system: str = "") -> Order:
    """The order of a package's versions.

    `manager` is Inspector's packageManager (botocore 1.44.5, inspector2 PackageManager); of the operating system's
    packages, and of those of no named manager, `system` decides (`systems.system_of`): Debian's and Ubuntu's are in
    dpkg's order, all others in RPM's. A manager that is not known has numbers and dots only.
    """
    kind = ecosystem(manager.upper())
    if kind in ("os", ""):
        return "dpkg" if tool_of(system) == "apt-get" else "rpm"
    return _ORDERS.get(kind, "numbers")


@lru_cache(maxsize=32768)  # the same versions meet in finding after finding and image after image
def key_of(version: str, order: Order) -> Key | None:
    """Where a version stands in an order; None for what the ecosystem does not take for a version."""
    known = _KEYS[order]
    if len(version) > _LONGEST or not re.fullmatch(known[0], version, re.ASCII):
        return None
    try:
        return known[1](version)
    except ValueError:
        return None


def highest(versions: Iterable[str], order: Order) -> str:
    """The highest of the versions that the ecosystem can read; "" when there is none."""
    found, best = "", None
    for version in sorted(versions):  # of equals the same one, whatever their order
        key = key_of(version, order)
        if key is not None and (best is None or not key < best):
            found, best = version, key
    return found


def equal(one: str, other: str, order: Order) -> bool:
    """Whether two texts are the same version: 3.0.8 and 3.0.08 are in RPM's order."""
    first, second = key_of(one, order), key_of(other, order)
    return one == other or (first is not None and second is not None and not first < second and not second < first)


def without_epoch(version: str) -> str:
    """The version as people write it: an epoch of zero says nothing."""
    return version.removeprefix("0:")


# A library is imported when the first version of its ecosystem is met (docs/adr/0006-functions-load-what-they-use.md).


def _rpm(version: str) -> Key:
    from univers.rpm import RpmVersion

    key: Key = RpmVersion.from_string(version)
    return key


def _dpkg(version: str) -> Key:
    from univers.debian import Version as DebianVersion

    key: Key = DebianVersion.from_string(version)
    return key


def _java(version: str) -> Key:
    """By Maven's "Version Order Specification" (https://maven.apache.org/pom.html#version-order-specification).

    Two of its rules the library does not have: a qualifier may have a dot before it as well as a hyphen, and "release"
    is "ga".
    """
    from univers.maven import Version as MavenVersion

    plain = re.sub(r"\brelease\b", "ga", _SEPARATOR_OF_QUALIFIER.sub("-", version.lower()))
    key: Key = MavenVersion(plain)
    return key


def _semver(version: str) -> Key:
    """By Semantic Versioning 2.0.0, item 11: npm, Cargo and, but for the "v" before it, Go ("go help mod edit").

    One or two numbers are taken for the first of three, as those of a Go release are (1.21 is 1.21.0).
    """
    from semver import Version as SemanticVersion

    core, separator, rest = re.fullmatch(r"(?:v|go)?([0-9.]+)(-?)(.*)", version.partition("+")[0]).groups()  # type: ignore[union-attr]
    missing = ".0" * (2 - core.count("."))
    key: Key = SemanticVersion.parse(f"{core}{missing}{separator}{rest}")
    return key


def _ruby(version: str) -> Key:
    from univers.gem import GemVersion

    key: Key = GemVersion(version)
    return key


def _dotnet(version: str) -> Key:
    from univers.nuget import Version as NugetVersion

    key: Key = NugetVersion.from_string(version)
    return key


def _php(version: str) -> Key:
    """Composer's stabilities are in the order of PEP 440's: dev, alpha, beta, RC, stable, patch."""
    return Version(re.sub(r"[-_.]?(?:p|pl|patch)[.-]?(?=[0-9]*\Z)", ".post", version, flags=re.IGNORECASE))


def _numbers(version: str) -> Key:
    return Version(version)


_SEMVER = r"(?:v|go)?\d+(\.\d+){0,2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"
_KEYS: Mapping[Order, tuple[str, Callable[[str], Key]]] = {
    # rpm-version(7): digits, letters and . _ + ~ ^ in version and release, with a hyphen between them
    "rpm": (r"(\d+:)?[\w.+~^]+(-[\w.+~^]+)?", _rpm),
    # deb-version(7)
    "dpkg": (r"(\d+:)?\d([0-9A-Za-z.+~-]*[0-9A-Za-z.+~])?", _dpkg),
    "python": (r".+", Version),
    "java": (r"[\w.+-]+", _java),
    "semver": (_SEMVER, _semver),
    "ruby": (r"\d+(\.[0-9A-Za-z]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?", _ruby),
    "dotnet": (r"v?\d+(\.\d+){0,3}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", _dotnet),
    "php": (r"(?i:v?\d+(\.\d+){0,3}([-_.]?(dev|alpha|beta|a|b|rc|p|pl|patch)[.-]?\d*)?)", _php),
    "numbers": (r"v?\d+(\.\d+)*", _numbers),
}
