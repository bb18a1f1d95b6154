"""Each part of the report raises, one at a time, in a whole run: it still ends in a report, one message, no instance.

A part is a function or a method of the packages that make a report, found by import: a new one is tried as well.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any

import msgspec
import pytest

import golden_ami.history
import golden_ami.metrics
import golden_ami.report
import golden_ami.usage
import golden_ami.verdict
from golden_ami.report import last
from golden_ami.report.model import Report
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_cli.local.embedded import Embedded
from golden_ami_cli.local.world import Image, World

BAD, GOOD, ABSENT, TWICE = (f"ami-{number:017x}" for number in range(1, 5))
PACKAGES = (golden_ami.report, golden_ami.usage, golden_ami.history)
MODULES = (golden_ami.verdict, golden_ami.metrics)


class Broken(RuntimeError):
    """What a part raises here; no code knows it."""


def modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)
    yield from MODULES


def functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """The functions that a module defines, and the methods of its classes."""
    for name, value in [*vars(module).items()]:
        if getattr(value, "__module__", "") != module.__name__:
            continue
        if inspect.isclass(value):
            for method, code in [*vars(value).items()]:
                plain = getattr(code, "__func__", getattr(code, "fget", code))
                if isinstance(plain, FunctionType) and plain.__module__ == module.__name__ and method[:2] != "__":
                    yield f"{name}.{method}", plain
        else:
            plain = inspect.unwrap(value) if callable(value) else value
            if isinstance(plain, FunctionType):
                yield name, plain


def parts() -> dict[str, FunctionType]:
    found = {
        f"{module.__name__.removeprefix('golden_ami.')}.{name}": function
        for module in modules()
        if module is not last  # it is what is left when the others fail
        for name, function in functions(module)
    }
    return {name: function for name, function in found.items() if not inspect.iscoroutinefunction(function)}


PARTS = parts()


def _raising(function: FunctionType, called: list[str]) -> CodeType:
    """Code for the function that raises, whoever holds it by whatever name, and notes that it was called."""
    names = function.__code__.co_freevars

    def broken(*_: Any, **__: Any) -> Any:
        import sys

        sys._broken_called.append(1)  # type: ignore[attr-defined]
        from golden_ami.errors import Broken  # type: ignore[attr-defined]

        raise Broken("broken here")

    del called
    code = broken.__code__
    return code.replace(co_freevars=names) if names else code


@contextmanager
def broken(name: str) -> Iterator[list[int]]:
    import sys

    from golden_ami import errors

    function, called = PARTS[name], list[int]()
    before = function.__code__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "_broken_called", called, raising=False)
        patch.setattr(errors, "Broken", Broken, raising=False)
        function.__code__ = _raising(function, [])
        try:
            yield called
        finally:
            function.__code__ = before


def finding(severity: str) -> dict[str, Any]:
    return {
        "findingArn": f"arn:aws:inspector2:us-east-1:123456789012:finding/{severity.lower()}",
        "awsAccountId": "123456789012", "type": "PACKAGE_VULNERABILITY", "description": "A vulnerability.",
        "title": "CVE-2026-1 - openssl", "severity": severity, "status": "ACTIVE",
        "firstObservedAt": "2026-11-01T00:00:00+00:00", "lastObservedAt": "2026-11-20T00:00:00+00:00",
        "remediation": {"recommendation": {"text": "None Provided"}},
        "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-0", "region": "us-east-1"}],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2026-1", "source": "NVD",
            "vulnerablePackages": [{"name": "openssl", "version": "3.0.7", "fixedInVersion": "3.0.8"}],
        },
    }  # fmt: skip


CONFIGURATION = {
    "amis": [{"amiId": BAD, "instanceType": "t3.small"}, {"amiId": GOOD}, {"amiId": ABSENT}],
    "policy": {"failOn": {"severities": ["HIGH"], "epss": 0.9}, "onlyFixable": True, "graceDays": 1},
    "exceptions": [{
        "vulnerability": "CVE-2026-1", "scope": {"ami": GOOD}, "reason": "r", "owner": "o", "expires": "2036-01-01",
    }],
    "routes": {"platform": "arn:aws:sns:us-east-1:123456789012:platform"},
    "act": {"dryRun": False, "tagAmis": True, "events": True, "deprecate": False},
}  # fmt: skip


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    tags = {"Owner": "platform", "Name": "web"}
    world = World(
        [Image(BAD, "web-1", tags), Image(GOOD, "web-2", tags)], {BAD: [finding("HIGH")], GOOD: [finding("HIGH")]}
    )
    with Embedded(world) as opened:
        put_configuration(opened, json.dumps(CONFIGURATION))
        for name in ("first", "second"):  # so that there is a past to compare with
            assert opened.run({"AMIsParamName": PARAMETER}, name)["status"] == "SUCCEEDED"
        yield opened


def report_of(aws: Embedded, run_id: str) -> Report:
    stored = aws.client("s3").get_object(Bucket=aws.outputs["ReportBucket"], Key=f"runs/{run_id}/report.json")
    return msgspec.json.decode(stored["Body"].read(), type=Report)


def running(aws: Embedded) -> list[str]:
    states = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
    reservations = aws.client("ec2").describe_instances(Filters=states)["Reservations"]
    return [instance["InstanceId"] for reservation in reservations for instance in reservation["Instances"]]


@pytest.mark.parametrize("name", sorted(PARTS))
def test_the_run_ends_in_a_report_and_one_message(aws: Embedded, name: str) -> None:
    run_id = "part-" + name.replace(".", "-")[-70:]
    told = len(aws.notifications())
    with broken(name) as called:
        execution = aws.run({"AMIsParamName": PARAMETER}, run_id)
        aws.clock.sleep(900)  # on-execution-end with its retries
    report = report_of(aws, run_id)
    results = [each for each in aws.notifications()[told:] if each.topic == aws.outputs["ResultsTopicArn"]]
    assert len(results) == 1, [each.subject for each in results]
    assert running(aws) == []
    verdicts = {ami.ami_id: ami.verdict for ami in report.amis}
    assert sorted(ami.ami_id for ami in report.amis) == [BAD, GOOD, ABSENT]
    assert verdicts[BAD] in ("FAIL", "NOT_ASSESSED")
    assert verdicts[ABSENT] == "NOT_ASSESSED"
    assert all(ami.reason for ami in report.amis if ami.verdict == "NOT_ASSESSED")
    if not called:
        assert execution["status"] == "SUCCEEDED"
    whole = verdicts == {BAD: "FAIL", GOOD: "PASS", ABSENT: "NOT_ASSESSED"}
    assert execution["status"] == "FAILED" or whole, "a run that says nothing of a fault has every verdict"
    if execution["status"] == "FAILED":
        assert "PASS" not in verdicts.values()
        assert {fault.error for fault in report.run.faults} == {"Broken"}
        assert "golden_ami" not in results[0].message
        assert (execution["error"], "Broken" in execution["cause"]) == ("Broken", True)
        assert "could not complete: Broken" in results[0].subject
