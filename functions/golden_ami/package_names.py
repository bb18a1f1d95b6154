"""The name of a package, without what a build or a file's author changes in it. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from packaging.utils import canonicalize_name

# Debian and Ubuntu put the kernel's ABI, new with most builds, into the names of its packages (Debian wiki,
# "DebianKernelABIChanges"): linux-image-6.1.0-18-cloud-amd64, of backports linux-image-6.1.0-0.deb11.13-amd64; since
# September 2025 Debian its whole version (Debian Kernel Handbook, "ABI name"): linux-image-6.12.43+deb13-amd64.
_KERNEL = re.compile(r"(?<=-)\d+\.\d+\.\d+(?:-\d+(?:\.(?:deb\d+|bpo)\.\d+)?|\+[a-z0-9.~+]+)(?=-|\Z)", re.ASCII)
# Live patches are packages of their own for each version of the kernel (Red Hat, "Applying patches with kernel live
# patching", of RPMs for the kernel that is patched): kernel-livepatch-6.1.94-99.176 of Amazon Linux,
# kpatch-patch-5_14_0-427_13_1 of Red Hat, kernel-livepatch-5_14_21-150400_24_100-default of SUSE.
_LIVE_PATCH = re.compile(
    r"(kernel[0-9.]*-livepatch|kpatch-patch|kgraft-patch)-\d+(?:[._]\d+)*-\d+(?:[._]\d+)*(?=-|\Z)", re.ASCII
)
_pep_503 = lru_cache(maxsize=8192)(canonicalize_name)  # names come again in each finding


def spelled(ecosystem: str, name: str) -> str:
    """The one spelling of a package's name.

    Names of Python compare by PEP 503; those of NuGet without case (Microsoft, ".nuspec File Reference", `id`).
    """
    if ecosystem == "python":
        return _pep_503(name)
    return name.lower() if ecosystem == "dotnet" else name


def lasting(ecosystem: str, name: str) -> str:
    """The spelling, without the version of the kernel that is part of a name."""
    if name.startswith("linux-"):
        return _KERNEL.sub("*", name)
    return _LIVE_PATCH.sub(r"\1-*", spelled(ecosystem, name))


def may_be_one(name: str, other: str) -> bool:
    """Whether two names may be of one package where the ecosystem of one is not known."""
    return name == other or _pep_503(name) == _pep_503(other)
