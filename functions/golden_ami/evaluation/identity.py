"""Which finding is the same one as in another run: by what it is about, never by its ARN, its instance or its paths."""

from __future__ import annotations

import re

from golden_ami.models import Finding, Package
from golden_ami.package_names import lasting
from golden_ami.register.model import FindingIdentity

# Titles of Inspector Classic and of reachability findings name the instance, which is another one in every run.
_RESOURCE = re.compile(r"\b(?:i|eni|ami|sg|vol|snap)-[0-9a-f]{8,17}\b")
# By Inspector's packageManager (botocore 1.44.5, inspector2 PackageManager): packages of an ecosystem have one name,
# whichever file says that they are there.
_ECOSYSTEMS = {
    "BUNDLER": "ruby", "GEMSPEC": "ruby", "CARGO": "rust", "COMPOSER": "php", "NPM": "node", "YARN": "node",
    "NODEPKG": "node", "NUGET": "dotnet", "DOTNET_CORE": "dotnet", "PIPENV": "python", "POETRY": "python",
    "PIP": "python", "PYTHONPKG": "python", "GOBINARY": "go", "GOMOD": "go", "JAR": "java", "POM": "java", "OS": "os",
}  # fmt: skip


def identities_of(finding: Finding) -> list[FindingIdentity]:
    """The identities of a finding: one for each package that it names, else one for its protocol and ports.

    A package that a title only counts ("and 1 more") is none.
    """
    vulnerability = finding.vulnerability_id or _RESOURCE.sub("*", finding.title)
    network = finding.network or {}
    if network or finding.type == "NETWORK_REACHABILITY":
        ports = " ".join(network[member] for member in ("protocol", "ports") if network.get(member))
        return [(vulnerability, "network", ports)]
    named = [one for one in finding.packages if one.name and not one.name.startswith("(")]
    return list(dict.fromkeys((vulnerability, *_package(one)) for one in named)) or [(vulnerability, "", "")]


def ecosystem(manager: str) -> str:
    """Where a package is from; "" where its source does not say."""
    return _ECOSYSTEMS.get(manager, manager.lower())


def _package(package: Package) -> tuple[str, str]:
    kind = ecosystem(package.manager)
    return kind, lasting(kind, package.name)
