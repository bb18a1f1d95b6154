"""What a finding is about, whatever a build writes into the names of packages."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from report_world import finding, package

from golden_ami.evaluation.identity import ecosystem, identities_of
from golden_ami.evaluation.packages import name_of


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("linux-image-6.1.0-18-cloud-amd64", "linux-image-6.1.0-21-cloud-amd64", True),
        ("linux-image-6.12.43+deb13-amd64", "linux-image-6.12.48+deb13-amd64", True),
        ("linux-headers-5.15.0-1034-aws", "linux-headers-5.15.0-1051-aws", True),
        ("linux-modules-5.15.0-1034", "linux-modules-5.15.0-1035", True),
        ("linux-image-6.1.0-0.deb11.13-amd64", "linux-image-6.1.0-0.deb11.17-amd64", True),
        ("linux-image-4.19.0-0.bpo.9-amd64", "linux-image-4.19.0-0.bpo.19-amd64", True),
        ("linux-image-4.19.0-0.bpo.9-amd64", "linux-image-4.19.0-0.bpo.9-cloud-amd64", False),
        ("kernel-livepatch-6.1.94-99.176", "kernel-livepatch-6.1.97-104.177", True),
        ("kernel-livepatch-5_14_21-150400_24_100-default", "kernel-livepatch-5_14_21-150400_24_103-default", True),
        ("kernel-livepatch-5_14_21-150400_24_100-default", "kernel-livepatch-5_14_21-150400_24_100-rt", False),
        ("kpatch-patch-5_14_0-427_13_1", "kpatch-patch-5_14_0-427_16_1", True),
        ("kpatch-patch-4_18_0-553", "kpatch-patch-4_18_0-553_16_1", True),
        ("kpatch-patch-4_18_0-553", "kernel-livepatch-4_18_0-553", False),
        ("kernel-livepatch-repo-s3", "kernel-livepatch", False),
        ("linux-image-6.1.0-18-amd64", "linux-image-6.1.0-18-arm64", False),
        ("linux-image-amd64", "linux-headers-amd64", False),
        ("python3.11", "python3.12", False),
        ("libssl1.1-1.1.1-1", "libssl1.1-1.1.1-2", False),  # of the kernel alone it is known
    ],
)
def test_the_kernels_build_is_no_part_of_its_package(one: str, other: str, same: bool) -> None:
    found = [identities_of(finding("CVE-1", package(name))) for name in (one, other)]
    assert (found[0] == found[1]) == same


@pytest.mark.parametrize(
    ("manager", "one", "other", "same"),
    [
        ("PYTHONPKG", "Jinja2", "jinja2", True),
        ("PIP", "zope.interface", "zope_interface", True),
        ("POETRY", "ruamel.yaml", "Ruamel--YAML", True),
        ("NUGET", "Newtonsoft.Json", "newtonsoft.json", True),
        ("DOTNET_CORE", "Newtonsoft.Json", "newtonsoft-json", False),
        ("NPM", "JSONStream", "jsonstream", False),
        ("GOMOD", "github.com/Azure/x", "github.com/azure/x", False),
        ("OS", "python3-Jinja2", "python3-jinja2", False),
    ],
)
def test_a_name_is_one_as_its_ecosystem_compares_names(manager: str, one: str, other: str, same: bool) -> None:
    packages = [package(name, manager=manager) for name in (one, other)]
    found = [identities_of(finding("CVE-1", each)) for each in packages]
    assert (found[0] == found[1]) == same
    assert (name_of(packages[0]) == name_of(packages[1])) == same


def test_every_package_manager_of_inspector_has_an_ecosystem() -> None:
    shape: Any = botocore.session.get_session().get_service_model("inspector2").shape_for("PackageManager")
    assert {ecosystem(name) for name in shape.enum} == {
        "os", "python", "node", "java", "go", "ruby", "rust", "php", "dotnet"
    }  # fmt: skip
    assert ecosystem("") == ""
