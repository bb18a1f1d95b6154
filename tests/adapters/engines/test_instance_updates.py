"""Instances of engine `instance` that update themselves before Inspector looks."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from instance_findings import evidence_of, finding, fixable, status_of

from golden_ami.engines.instance import changes
from golden_ami.engines.instance.adapter import InstanceEngine
from golden_ami.errors import FindingsIncomplete
from golden_ami.models import Evidence
from golden_ami.scans.collect import tag_findings
from golden_ami_emulator.calls import client_error
from golden_ami_emulator.inspector import installed
from golden_ami_emulator.inspector.updates import update
from golden_ami_emulator.world import Behaviour, Image

Make = Callable[..., Any]
A = "ami-11111111"


def test_what_inspector_closes_before_it_is_read_counts(make: Make) -> None:
    """It is asked for its details, too, and the announced total counts it."""
    kev = {"cisaData": {"dateAdded": "2026-01-02T00:00:00Z", "dateDue": "2026-01-23T00:00:00Z"}}
    found = [finding(1), fixable(2, severity="LOW", details=kev)]
    harness = make(findings={"*": found}, behaviours={"*": Behaviour(updates_after_scan=0)})
    [ami] = harness.run("instance")
    assert ami.counts == {"HIGH": 1, "LOW": 1}
    stored = {one.vulnerability_id: (one.closed, one.known_exploited_since) for one in harness.stored(ami)}
    assert stored == {"CVE-2026-0001": (False, ""), "CVE-2026-0002": (True, "2026-01-02T00:00:00Z")}
    assert (status_of(ami, "packages"), status_of(ami, "findings")) == ("COMPLETE", "COMPLETE")


def test_what_closes_while_the_list_is_read_is_not_lost(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inspector closes them after the first page that is read."""
    found = [fixable(number) for number in range(130)]
    harness = make(findings={"*": found})
    read = InstanceEngine._detailed

    def later(engine: InstanceEngine, page: Any) -> Any:
        yield from read(engine, page)
        state = installed()
        for tracked in state.instances.values():
            update(state, tracked)

    monkeypatch.setattr(InstanceEngine, "_detailed", later)
    harness.open("instance")
    harness.scan_instances()
    assert tag_findings("run-1", A, *harness.stack) == (1, 130)


def test_what_was_closed_before_the_launch_is_not_the_images(make: Make) -> None:
    harness = make(findings={"*": [fixable(1)]}, behaviours={"*": Behaviour(updates_after_scan=0)})
    harness.open("instance")
    harness.scan_instances()
    [tracked] = installed().instances.values()
    tracked.findings = [{**one, "updatedAt": 1_700_000_000} for one in tracked.findings]
    with pytest.raises(FindingsIncomplete, match="1 findings were announced, 0 received"):
        tag_findings("run-1", A, *harness.stack)


UPDATED = Behaviour(updates_after=50)


def test_packages_that_changed_before_the_scan_are_named(make: Make) -> None:
    found = [fixable(1), fixable(2, "curl"), finding(3)]
    harness = make(findings={"*": found}, behaviours={"*": UPDATED})
    [ami] = harness.run("instance")
    packages = evidence_of(ami, "packages")
    assert (ami.counts, packages.status, packages.code) == ({"HIGH": 1}, "PARTIAL", "PACKAGES_CHANGED_AT_BOOT")
    assert "2 packages" in packages.detail
    assert "curl, openssl" in packages.detail, "not the agent, which updates itself"
    assert "engine `ami`" in packages.remedy


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "InvalidTypeNameException"])
def test_an_inventory_without_answer_loses_no_finding(make: Make, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    def refuses(*_: object) -> Any:
        raise client_error(code, "ListInventoryEntries")

    monkeypatch.setattr(changes, "_entries", refuses)
    harness = make(findings={"*": [fixable(1)]})
    harness.open("instance")
    harness.scan_instances()
    with pytest.raises(FindingsIncomplete, match="cannot be read"):
        tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    assert (ami.counts, status_of(ami, "packages")) == ({"HIGH": 1}, "PENDING")
    harness.clock.advance(901)
    tag_findings("run-1", A, *harness.stack)
    assert status_of(harness.ledger.amis("run-1")[0], "packages") == "PARTIAL"


def test_an_inventory_that_answers_later_is_enough(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    harness = make(findings={"*": [fixable(1)]})
    harness.open("instance")
    harness.scan_instances()
    with monkeypatch.context() as patch:
        patch.setattr(
            changes, "_entries", Mock(side_effect=client_error("ThrottlingException", "ListInventoryEntries"))
        )
        with pytest.raises(FindingsIncomplete):
            tag_findings("run-1", A, *harness.stack)
    tag_findings("run-1", A, *harness.stack)
    assert status_of(harness.ledger.amis("run-1")[0], "packages") == "COMPLETE"


LAUNCHED, FOUND, SCANNED = "2026-11-27T08:00:00Z", "2026-11-27T08:10:00.300Z", "2026-11-27T08:20:00Z"


@pytest.mark.parametrize(
    ("installed_at", "found_at", "names"),
    [
        ("2026-11-27T07:59:59Z", "", []),
        ("2026-11-27T08:00:50Z", "", ["openssl"]),
        ("2026-11-27T08:20:00Z", "", ["openssl"]),
        ("2026-11-27T08:20:01Z", "", []),
        ("2026-11-27T08:00:50Z", FOUND, ["openssl"]),
        ("2026-11-27T08:10:00Z", FOUND, []),
        ("2026-11-27T08:15:00Z", FOUND, []),
    ],
)
def test_what_was_installed_before_it_was_scanned(installed_at: str, found_at: str, names: list[str]) -> None:
    ami = SimpleNamespace(launched_at=LAUNCHED, scanned_at=SCANNED)
    entries = [{"Name": "openssl", "InstalledTime": installed_at}, {"Name": "bash"}]
    remedied = {"openssl": found_at} if found_at else {}
    assert [*changes._installed(entries, ami, remedied)] == names  # type: ignore[arg-type]


def test_packages_that_were_not_all_scanned_stay_so(make: Make) -> None:
    """Whatever the inventory says."""
    [ami] = make().run("instance")
    ami.evidence, ami.findings_key = [Evidence(kind="packages", status="PARTIAL")], ""
    assert changes.evidence_of(Mock(), ami, {}) == []


@pytest.mark.parametrize("system", [("Ubuntu", "24.04"), ("Microsoft Windows Server 2022 Datacenter", "10.0.20348")])
def test_where_the_inventory_tells_no_instant_nothing_is_seen(make: Make, system: tuple[str, str]) -> None:
    image = Image(A, "golden", platform_name=system[0], platform_version=system[1])
    harness = make(images=[image], findings={"*": [fixable(1)]}, behaviours={"*": UPDATED})
    [ami] = harness.run("instance")
    assert (ami.counts, status_of(ami, "packages")) == ({}, "COMPLETE"), "a limit; docs/engines.md says so"


def test_user_data_may_install_what_it_likes(make: Make) -> None:
    harness = make(findings={"*": [fixable(1)]}, behaviours={"*": UPDATED})
    [ami] = harness.open("instance")
    harness.ledger.update_ami(ami, user_data_sha256="0" * 64)
    harness.scan_instances()
    harness.collect(A)
    [ami] = harness.ledger.amis("run-1")
    packages = evidence_of(ami, "packages")
    assert (packages.status, packages.code) == ("COMPLETE", "PACKAGES_CHANGED_AT_BOOT")
    assert "openssl" in packages.detail


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidInstanceId"])
def test_an_inventory_that_is_not_told_is_a_note(make: Make, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "ListInventoryEntries")

    monkeypatch.setattr(changes, "_entries", refused)
    [ami] = make(behaviours={"*": UPDATED}).run("instance")
    packages = evidence_of(ami, "packages")
    assert (packages.status, code in packages.detail) == ("COMPLETE", True)
    assert "ssm:ListInventoryEntries" in packages.remedy


def test_the_inventory_is_asked_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the findings are looked at again."""
    asked: list[str] = []
    read = changes._entries

    def reads(ssm: Any, instance_id: str) -> Any:
        asked.append(A)
        return read(ssm, instance_id)

    monkeypatch.setattr(changes, "_entries", reads)
    harness = make(findings={"*": [finding(1), finding(2)]}, behaviours={"*": Behaviour(listing_lag=1)})
    harness.run("instance")
    assert asked == [A]
