"""The command that does an upgrade.

Names and versions come from findings and are put into a line that a person pastes into a shell: where one of them is
anything but a package's name or a version in its ecosystem (`names`), there is no command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from golden_ami.evaluation.identity import ecosystem
from golden_ami.evaluation.model import Target
from golden_ami.evaluation.names import is_name, is_version
from golden_ami.evaluation.systems import tool_of
from golden_ami.evaluation.versions import without_epoch

_UPDATE = re.compile(r"KB[0-9]{6,8}", re.ASCII)
_LONGEST_COMMAND = 4000  # characters
# What the Go release itself is called: by Amazon Inspector "go/stdlib" or "go:stdlib", by the Go vulnerability database
# (go.dev/doc/security/vuln/database) "stdlib" and "toolchain".
_GO = re.compile(r"(?:go[:/])?(?:stdlib|toolchain)|std|go")

# What a package is pinned by: dnf(8) "Specifying Packages" name-[epoch:]version-release; apt-get(8) "install";
# zypper(8) "install", NAME[OP EDITION]. The other ecosystems' by the documents of their own tools.
_SYSTEM: Mapping[str, tuple[str, str]] = {
    "dnf": ("dnf update", "-"),
    "yum": ("yum update", "-"),
    "apt-get": ("apt-get install --only-upgrade", "="),
    "zypper": ("zypper install", "="),
}


# The system that is locked to the release of its repositories that its AMI was built of: AL2023 User Guide,
# "Deterministic upgrades through versioned repositories". The guide's warning against the latest release is about an
# update of all packages; here each has its version, which the locked release may not have.
_LOCKED = re.compile(r"amzn20\d\d|amazon linux 20[2-9]\d", re.IGNORECASE)
_LATEST = "--releasever=latest"


def command_of(packages: Sequence[Target], system: str, remediation: str = "") -> str:
    """The command that upgrades packages, of which more than one are an operating system's; "" where none is known.

    `system` is the packages' as `systems.system_of` gives it, `remediation` what Amazon Inspector says of the first.
    """
    kind = ecosystem(packages[0].manager)
    if tool_of(system) == "windows" and kind in ("os", ""):
        return _windows([packages[0].package, packages[0].to, remediation])
    if not all(_plain(one) for one in packages):
        return ""
    if kind == "os":
        return _of_system(packages, system)
    told = _LANGUAGES.get(kind)
    return told(shlex.quote(packages[0].package), shlex.quote(packages[0].to.removeprefix("v"))) if told else ""


def _plain(one: Target) -> bool:
    kind = ecosystem(one.manager)
    return is_name(kind, one.package) and is_version(kind, one.to)


def _of_system(packages: Sequence[Target], system: str) -> str:
    known = _SYSTEM.get(tool_of(system))
    if known is None:
        return ""
    start, mark = known
    if _LOCKED.match(system):
        start = f"{start} {_LATEST}"
    command = " ".join([start, *(shlex.quote(f"{one.package}{mark}{without_epoch(one.to)}") for one in packages)])
    return command if len(command) <= _LONGEST_COMMAND else ""


def _windows(texts: Sequence[str]) -> str:
    found = next((found for text in texts if (found := _UPDATE.search(text))), None)
    return f"install the update {found[0]}" if found else ""


def _go(name: str, version: str) -> str:
    if _GO.fullmatch(name):
        return f"build again with Go {version.removeprefix('go')}"
    return f"go get {name}@v{version}, then build again"


_LANGUAGES: Mapping[str, Callable[[str, str], str]] = {
    "python": lambda name, version: f"pip install {name}=={version}",
    "node": lambda name, version: f"npm install {name}@{version}",
    "java": lambda name, version: f"bump {name} to {version} in the build, then build again",
    "go": _go,
    "ruby": lambda name, version: f"gem install {name} --version {version}",
    "rust": lambda name, version: f"cargo update {name} --precise {version}, then build again",
    "dotnet": lambda name, version: f"dotnet add package {name} --version {version}",
    "php": lambda name, version: f"composer require {name}:{version}",
}
