"""What a finding's packages say: where it is, whether a fix exists, what upgrade closes it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_world import finding, package

from golden_ami.evaluation.packages import affected_by, fixed_version, is_fixable
from golden_ami.models import Finding, Package

_WORDS = st.sampled_from(["", "openssl", "curl", "é", '"'])
_FIXES = st.sampled_from(["", "NotAvailable", "none", " n/a ", "3.0.8"])
_PACKAGES = st.lists(st.builds(package, _WORDS, fixed_in=_FIXES, path=_WORDS, manager=_WORDS), max_size=3)


def _finding(packages: list[Package], **fields: Any) -> Finding:
    """As it is stored and read again."""
    given = finding("CVE-1", packages=packages, **fields)
    return msgspec.json.decode(msgspec.json.encode(given), type=Finding)


@given(_PACKAGES)
def test_an_upgrade_closes_a_finding_when_every_package_has_a_fix(packages: list[Package]) -> None:
    affected = affected_by(_finding(packages))
    fixes = [fixed_version(one.fixed_in) for one in packages]
    assert affected.fixed == any(fixes)
    assert affected.closed_by == ({(one.manager, one.name) for one in packages} if all(fixes) else set())
    assert list(affected.packages) == packages


@pytest.mark.parametrize(
    ("available", "fixed_in", "fixable"),
    [("YES", "", True), ("PARTIAL", "", True), ("NO", "", False), ("", "", None), ("NO", "3.0.8", True),
     ("", "3.0.8", True), ("NO", "NotAvailable", False), ("", "N/A", None)],
)  # fmt: skip
def test_a_fix_exists_where_inspector_or_a_version_says_so(available: str, fixed_in: str, fixable: bool | None) -> None:
    one = _finding([package(fixed_in=fixed_in)], fix_available=available)
    assert is_fixable(one, affected_by(one)) is fixable


@pytest.mark.parametrize(
    ("told", "version"),
    [("0:4.9.18-6.30.amzn1.X86_64", "0:4.9.18-6.30.amzn1"), ("1:1.0.2k-19.amzn2.aarch64", "1:1.0.2k-19.amzn2"),
     ("2.0-1.el7.I686", "2.0-1.el7"), ("2.0-1.NOARCH ", "2.0-1"), ("1.0-1.ARM64", "1.0-1"), ("1.0.1", "1.0.1"),
     ("4.18.0-553.el8_10", "4.18.0-553.el8_10"), (".x86_64", ".x86_64")],
)  # fmt: skip
def test_an_architecture_is_no_part_of_a_version(told: str, version: str) -> None:
    assert fixed_version(told) == version
