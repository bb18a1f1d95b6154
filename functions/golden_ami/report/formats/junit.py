"""JUnit XML for CI gates: a suite for every AMI, in which each finding that a rule names is a test.

A finding that fails the AMI is a failure, and so is an operating system out of support that does; a finding that an
exception, a grace, `onlyFixable` or a rule of Amazon Inspector tolerates is skipped; an AMI that was not assessed is an
error, and so is each fault of the run, in a suite of its own. What the verdict rests on is in the suite's properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from golden_ami.evaluation.model import FindingStatus
from golden_ami.evaluation.policy import DISCONTINUED_OS
from golden_ami.models import Finding
from golden_ami.report.evidence import values
from golden_ami.report.findings import findings_of
from golden_ami.report.links import is_web_address
from golden_ami.report.model import AmiReport, Fault, Report
from golden_ami.report.verdicts import words_of_ami
from golden_ami.storage.objects import Store

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


def write(report: Report, store: Store, out: IO[bytes]) -> None:
    """The run as test suites."""
    _Writer(report, store, out).report()


class _Writer:
    def __init__(self, report: Report, store: Store, out: IO[bytes]) -> None:
        self._report, self._store = report, store
        self._xml = XMLGenerator(out, encoding="utf-8", short_empty_elements=True)

    @contextmanager
    def _element(self, element: str, /, **attributes: object) -> Iterator[None]:
        cleaned = {key: _clean(str(value)) for key, value in attributes.items()}
        self._xml.startElement(element, AttributesImpl(cleaned))
        yield
        self._xml.endElement(element)
        self._xml.characters("\n")

    def report(self) -> None:
        """The document."""
        faults = self._report.run.faults
        sums = [_counts(ami) for ami in self._report.amis]
        if faults:
            sums.append(_run_counts(len(faults)))
        total = {name: sum(counts[name] for counts in sums) for name in ("tests", "failures", "errors", "skipped")}
        self._xml.startDocument()
        with self._element(
            "testsuites", name=f"Golden AMI assessment {self._report.run.run_id}", time=self._seconds(), **total
        ):
            for ami in self._report.amis:
                self._suite(ami)
            if faults:
                self._run_suite(faults)
        self._xml.endDocument()

    def _run_suite(self, faults: Sequence[Fault]) -> None:
        """What kept the run from its end, whatever its AMIs are: a gate that reads tests does not open."""
        about = {"name": "run", "timestamp": self._report.run.completed_at[:19]}
        with self._element("testsuite", **about, **_run_counts(len(faults)), time="0"):
            for fault in faults:
                with (
                    self._element("testcase", name=f"{fault.where} succeeds", classname="run", time="0"),
                    self._element("error", message=fault.cause, type=fault.error),
                ):
                    pass

    def _seconds(self) -> str:
        return f"{self._report.run.duration_seconds}"

    def _suite(self, ami: AmiReport) -> None:
        about = {"name": f"{ami.name or ami.ami_id} ({ami.ami_id})", "timestamp": self._report.run.completed_at[:19]}
        with self._element("testsuite", **about, **_counts(ami), time="0"):
            self._properties(ami)
            if ami.reason:
                with (
                    self._case(ami, "assessed"),
                    self._element("error", message=ami.reason.message, type=ami.reason.code),
                ):
                    self._xml.characters(_clean(ami.reason.remedy))
            if ami.system_fails:
                with (
                    self._case(ami, "operating system is in standard support"),
                    self._element("failure", message=DISCONTINUED_OS, type=DISCONTINUED_OS),
                ):
                    self._xml.characters(_clean(values(ami).get("operatingSystem", "")))
            for finding, status in findings_of(self._store, ami):
                if status.rule:
                    self._finding(ami, finding, status)
            if ami.verdict == "PASS":
                with self._case(ami, "meets its policy"):
                    pass

    def _properties(self, ami: AmiReport) -> None:
        found = {"verdict": words_of_ami(ami), **{f"evidence.{kind}": text for kind, text in values(ami).items()}}
        with self._element("properties"):
            for name, value in found.items():
                with self._element("property", name=name, value=value):
                    pass

    @contextmanager
    def _case(self, ami: AmiReport, name: str) -> Iterator[None]:
        with self._element("testcase", name=name, classname=ami.lineage or ami.ami_id, time="0"):
            yield

    def _finding(self, ami: AmiReport, finding: Finding, status: FindingStatus) -> None:
        packages = ", ".join(package.name for package in finding.packages)
        with self._case(ami, f"{finding.vulnerability_id or finding.title} {packages}".strip()):
            if status.tolerated:
                with self._element("skipped", message=status.tolerated):
                    pass
                return
            with self._element("failure", message=f"{status.rule}: {finding.title}", type=status.rule):
                self._xml.characters(_clean(_details(finding, status)))


def _counts(ami: AmiReport) -> dict[str, int]:
    failures, errors = ami.failing + ami.system_fails, int(bool(ami.reason))
    tests = failures + errors + ami.tolerated + (ami.verdict == "PASS")
    return {"tests": tests, "failures": failures, "errors": errors, "skipped": ami.tolerated}


def _run_counts(faults: int) -> dict[str, int]:
    return {"tests": faults, "failures": 0, "errors": faults, "skipped": 0}


def _details(finding: Finding, status: FindingStatus) -> str:
    upgrades = [f"{package.name} {package.version} -> {package.fixed_in or 'no fix'}" for package in finding.packages]
    urls = filter(is_web_address, finding.urls[:3])
    return "\n".join([f"since {status.since}", *upgrades, *filter(None, [finding.remedy]), *urls])


def _clean(text: str) -> str:
    return _ILLEGAL.sub("?", text)
