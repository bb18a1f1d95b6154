"""Which names and versions an ecosystem's tool takes for those of packages: never for an address, a file or an option.

Findings come from events too, which anybody may send, and `npm install https://…` runs what it finds there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_LONGEST = 200  # characters of a name or a version
# What dnf, zypper, apt-get, pip, npm and gem take for a file, whether or not there is one.
_FILE = re.compile(r".*\.(?:apk|bz2|deb|gem|gz|rpm|tar|tbz|tgz|txz|whl|xz|zip)", re.IGNORECASE)
_OF_FILES = ("os", "node", "ruby")  # the others take no name for a file
_NPM = r"[A-Za-z0-9_][A-Za-z0-9._~-]*"
_ELEMENT = r"[A-Za-z0-9_~-](?:[A-Za-z0-9._~-]*[A-Za-z0-9_~-])?"
_COMPOSER = r"[a-z0-9]+(?:(?:[._]|-{1,2})[a-z0-9]+)*"
_NAMES: Mapping[str, re.Pattern[str]] = {
    kind: re.compile(pattern, re.ASCII)
    for kind, pattern in {
        "os": r"[A-Za-z0-9_][A-Za-z0-9._+-]*",  # Debian Policy 5.6.1; of RPM, Fedora Packaging Guidelines "Naming"
        "python": r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?",  # PEP 508 "Names"
        "node": rf"(?:@{_NPM}/)?{_NPM}",  # docs.npmjs.com package.json "name"; old packages may have capitals
        "java": r"(?:[A-Za-z0-9_][\w.-]*:)?[A-Za-z0-9_][\w.-]*",  # group:artifact; of a bare JAR the artifact alone
        # go.dev/ref/mod "Module paths": the first element is a domain. The others are names of the Go release.
        "go": rf"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+(?:/{_ELEMENT})*|(?:go[:/])?(?:stdlib|toolchain)|std|go",
        "ruby": r"[A-Za-z0-9_][A-Za-z0-9._-]*",  # RubyGems, Gem::Specification::VALID_NAME_PATTERN
        "rust": r"[A-Za-z][A-Za-z0-9_-]*",  # The Cargo Book, registry index, "Name restrictions"
        "dotnet": r"\w+(?:[.-]\w+)*",  # NuGet, PackageIdValidator
        "php": rf"{_COMPOSER}/{_COMPOSER}",  # getcomposer.org, composer.json schema "name"
    }.items()
}
# A system's package may also be an update or a program of Windows, a Go module one that is not published; of ecosystems
# that are not known all but addresses is taken.
_LISTED = {
    "os": re.compile(r"\w[^/\\:@]*"),
    "go": re.compile(rf"(?:go:)?{_ELEMENT}(?:/{_ELEMENT})*", re.ASCII),
}
_ANY = re.compile(r"(?!.*://).*", re.DOTALL)
_VERSION = re.compile(r"(?:v|go)?[0-9](?:[A-Za-z0-9._+~^-]*[A-Za-z0-9_+~^])?", re.ASCII)
_VERSIONS: Mapping[str, re.Pattern[str]] = {
    "os": re.compile(r"(?:[0-9]+:)?[A-Za-z0-9](?:[A-Za-z0-9._+:~^-]*[A-Za-z0-9_+~^])?", re.ASCII),
    "java": re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9_+])?", re.ASCII),  # Hoxton.SR1
}


def is_name(kind: str, name: str) -> bool:
    """Whether the tool of an ecosystem (`identity.ecosystem`) takes a text for a package's name and nothing else."""
    known = _NAMES.get(kind)
    return known is not None and _fits(known, name) and not (kind in _OF_FILES and _FILE.fullmatch(name))


def is_package(kind: str, name: str) -> bool:
    """Whether a finding's package may be one that is upgraded, also where no command for it is known."""
    if kind in _NAMES and kind not in _LISTED:
        return is_name(kind, name)
    return _fits(_LISTED.get(kind, _ANY), name) and not (kind in _OF_FILES and _FILE.fullmatch(name))


def is_version(kind: str, version: str) -> bool:
    """Whether a text is a version by itself: no tag, alias, range, file or address."""
    return _fits(_VERSIONS.get(kind, _VERSION), version) and not _FILE.fullmatch(version)


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    return len(text) <= _LONGEST and pattern.fullmatch(text) is not None
