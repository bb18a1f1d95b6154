"""How a finding of the product's is told to be one of the world's."""

from __future__ import annotations

from typing import Any

import pytest
from tests.year.answers import Known
from tests.year.truth import OS, Build, Exposure, Line, Year

SYSTEM = Exposure("package", "CVE-2026-1", OS, ("requests",))
PYTHON = Exposure("package", "CVE-2026-1", "PYTHONPKG", ("requests",))
SSH = Exposure("package", "CVE-2026-2", OS, ("openssh", "openssh-clients", "openssh-server"))
PORT = Exposure("network", "TCP 22")
CHECK = Exposure("cis", "1.1.1.1", level="LEVEL_1")
HAS = frozenset({SYSTEM, PYTHON, SSH, PORT, CHECK})
YEAR = Year(
    1, 1, [Line("web", "", "name-tag", ["ami"], {}, [Build("ami-1", "web-1", "1", 0, 0, HAS)])], [""], []
)  # fmt: skip
STATUS = {"since": "2026-01-05"}


def _package(name: str, vulnerability: str = "CVE-2026-1", **members: str) -> dict[str, Any]:
    return {"vulnerabilityId": vulnerability, "packages": [{"name": name, **members}]}


CASES: dict[str, tuple[dict[str, Any], Exposure]] = {
    "the system's package": (_package("requests", manager=OS), SYSTEM),
    "a language's package": (_package("requests", manager="PYTHONPKG"), PYTHON),
    "a row with a path": (_package("requests", path="vol-1:/p1:opt/app"), PYTHON),
    "a row without": (_package("requests"), SYSTEM),
    "several packages": (_package("openssh", "CVE-2026-2"), SSH),
    "a port": ({"network": {"protocol": "TCP", "ports": "22"}}, PORT),
    "a check": ({"vulnerabilityId": "1.1.1.1"}, CHECK),
}


@pytest.mark.parametrize("case", CASES)
def test_a_finding_is_recognised(case: str) -> None:
    finding, exposure = CASES[case]
    assert [one.key for one in Known(YEAR).findings([(finding, STATUS)])] == [exposure.key]


def test_what_the_world_does_not_have_has_no_key() -> None:
    assert [one.key for one in Known(YEAR).findings([(_package("curl"), STATUS)])] == [""]


def test_of_two_ecosystems_a_failure_is_of_the_one_that_is_there() -> None:
    item = {"vulnerability": "CVE-2026-1", "package": "requests", "since": "2026-01-05"}
    for there in (SYSTEM, PYTHON):
        assert [one.key for one in Known(YEAR).failures([item], {there.key})] == [there.key]


def test_a_port_among_the_failures_is_recognised_by_its_title() -> None:
    item = {"vulnerability": "Port 22 is reachable from an Internet Gateway - TCP"}
    assert [one.key for one in Known(YEAR).failures([item], {PORT.key})] == [PORT.key]
