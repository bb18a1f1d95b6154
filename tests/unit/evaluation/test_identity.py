"""What a finding is about, whatever a build writes into the names of packages."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from report_world import finding, package

from golden_ami.evaluation.identity import ecosystem, identities_of


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("linux-image-6.1.0-18-cloud-amd64", "linux-image-6.1.0-21-cloud-amd64", True),
        ("linux-image-6.12.43+deb13-amd64", "linux-image-6.12.48+deb13-amd64", True),
        ("linux-headers-5.15.0-1034-aws", "linux-headers-5.15.0-1051-aws", True),
        ("linux-modules-5.15.0-1034", "linux-modules-5.15.0-1035", True),
        ("linux-image-6.1.0-18-amd64", "linux-image-6.1.0-18-arm64", False),
        ("linux-image-amd64", "linux-headers-amd64", False),
        ("python3.11", "python3.12", False),
        ("libssl1.1-1.1.1-1", "libssl1.1-1.1.1-2", False),  # of the kernel alone it is known
    ],
)
def test_the_kernels_build_is_no_part_of_its_package(one: str, other: str, same: bool) -> None:
    found = [identities_of(finding("CVE-1", package(name))) for name in (one, other)]
    assert (found[0] == found[1]) == same


def test_every_package_manager_of_inspector_has_an_ecosystem() -> None:
    shape: Any = botocore.session.get_session().get_service_model("inspector2").shape_for("PackageManager")
    assert {ecosystem(name) for name in shape.enum} == {
        "os", "python", "node", "java", "go", "ruby", "rust", "php", "dotnet"
    }  # fmt: skip
    assert ecosystem("") == ""
