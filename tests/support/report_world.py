"""Runs of the report without AWS: the real build, over a directory and a history in memory."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
from evidence import complete_evidence
from msgspec.structs import replace
from registers import History

from golden_ami.events import Event
from golden_ami.models import (
    Ami,
    AmiEntry,
    Config,
    Finding,
    Package,
    Policy,
    Reason,
    RiskException,
    Run,
    Scope,
    Severity,
    Threshold,
)
from golden_ami.places import Place
from golden_ami.report.build import build
from golden_ami.report.formats import load, write
from golden_ami.report.model import Report
from golden_ami.storage.digests import NotedStore
from golden_ami.storage.objects import DirectoryStore
from golden_ami.usage import paths
from golden_ami.usage.actual import used_by
from golden_ami.usage.prices import shipped
from golden_ami.vulnerabilities.known import NOTHING, Known

RECORDED = Path(__file__).parents[1] / "fixtures" / "history" / "happy.json"
ACCOUNT, REGION = "123456789012", "us-east-1"
Image = tuple[Ami, Iterable[Finding] | None]


def ami(ami_id: str, **fields: Any) -> Ami:
    """An AMI of the lineage "web" as launch and scan would leave it: scanned whole, unless there is a reason."""
    given: dict[str, Any] = {
        "run_id": "", "batch": ami_id, "key": ami_id, "ami_id": ami_id, "entry": AmiEntry(ami_id=ami_id),
        "engine": "instance", "region": REGION, "account": ACCOUNT, "name": ami_id, "lineage": "web",
        "evidence": [] if fields.get("reason") else complete_evidence(),
    }  # fmt: skip
    return Ami(**(given | fields))


def run_of(run_id: str = "run-1", **fields: Any) -> Run:
    """The row of a run of one AMI, as load-config makes it."""
    given: dict[str, Any] = {
        "execution_arn": f"arn:aws:states:{REGION}:{ACCOUNT}:execution:golden-ami:{run_id}",
        "started_at": "2026-03-01T12:00:00Z", "account": ACCOUNT, "region": REGION,
        "parameter": "ContinuousAssessmentInput", "config": Config(), "batches": [], "ami_count": 1,
        "needs_instances": True,
    }  # fmt: skip
    return Run(run_id=run_id, **(given | fields))


def counted(findings: Iterable[Finding]) -> dict[Severity, int]:
    """Findings by severity, as the ledger has them."""
    return dict(Counter(one.severity for one in findings))


def package(name: str = "openssl", version: str = "3.0.7", fixed_in: str = "3.0.8", **fields: Any) -> Package:
    """An operating system's package."""
    given: dict[str, Any] = {
        "name": name,
        "version": version,
        "fixed_in": fixed_in,
        "architecture": "X86_64",
        "manager": "OS",
    }
    return Package(**(given | fields))


def finding(vulnerability: str, *packages: Package, **fields: Any) -> Finding:
    """A fixable HIGH finding of openssl, unless said otherwise."""
    affected = list(packages) or [package()]
    given: dict[str, Any] = {
        "arn": f"arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/{vulnerability}", "severity": "HIGH",
        "title": f"{vulnerability} - {affected[0].name}", "type": "PACKAGE_VULNERABILITY",
        "source": "inspector2:ListFindings", "vulnerability_id": vulnerability, "fix_available": "YES",
        "packages": affected,
    }  # fmt: skip
    return Finding(**(given | fields))


def exception(vulnerability: str, expires: str, **scope: Any) -> RiskException:
    """An accepted vulnerability."""
    return RiskException(
        vulnerability=vulnerability,
        scope=Scope(**scope),
        reason="not reachable from outside",
        owner="security@example.com",
        expires=expires,
    )


def fault(error: str, message: str) -> dict[str, str]:
    """What a Catch keeps of a function's exception."""
    return {
        "Error": error,
        "Cause": json.dumps({"errorMessage": message, "errorType": error, "stackTrace": ["File x"]}),
    }


class _Store(DirectoryStore):
    """Says of its files what S3 would say, so that what is rendered is the same everywhere."""

    def uri(self, key: str) -> str:
        return f"s3://golden-ami-reports/{key}"


class World:
    """A sequence of runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = _Store(root)
        self.history = History()

    def run(
        self,
        run_id: str,
        completed_at: str,
        images: Sequence[Image],
        config: Config | None = None,
        state: Mapping[str, Any] | None = None,
        events: Sequence[Event] = (),
        known: Known = NOTHING,
    ) -> Report:
        """Store the findings, build the report, and store it as aggregate does; with a history, also what was used."""
        rows = [self._store(run_id, image, findings) for image, findings in images]
        run = run_of(
            run_id,
            started_at=completed_at[:11] + "02:00:00Z",
            config=config or Config(),
            batches=sorted({row.batch for row in rows}),
            ami_count=len(rows),
        )
        launched = {"launched": len(rows), "terminated": len(rows), "running": 0}
        ended = {"instances": launched} if state is None else state
        report = build(run, rows, ended, NotedStore(self.store), self.history, completed_at, known)
        if events:
            graph = json.loads(RECORDED.read_text())["definition"]  # so that the golden files outlive a new state
            to_come = paths.states_after(graph, "Aggregate")
            with patch.object(paths, "shipped_graph", lambda: graph):
                report.usage = used_by(
                    run.config, rows, events, shipped(), Place(ACCOUNT, REGION), events[-1]["timestamp"], to_come
                )
        with self.store.writing(f"runs/{run_id}/report.json", "application/json") as out:
            out.write(msgspec.json.encode(report))
        return report

    def rendered(self, run_id: str, name: str) -> bytes:
        """A past run's report in a format, made from what is stored."""
        out = io.BytesIO()
        write(load(self.store, run_id), self.store, name, out)
        return out.getvalue()

    def _store(self, run_id: str, image: Ami, findings: Iterable[Finding] | None) -> Ami:
        row = replace(image, run_id=run_id)
        if findings is None:
            return row
        row.findings_key, stored = f"runs/{run_id}/findings/{row.key}.ndjson", [*findings]
        row.counts = row.counts or counted(stored)
        with self.store.writing(row.findings_key, "application/x-ndjson") as out:
            for one in stored:
                out.write(msgspec.json.encode(one) + b"\n")
        return row


_NO_CAPACITY = Reason(
    code="LAUNCH_FAILED",
    message="EC2 has no capacity for m5.large in us-east-1a",
    remedy="Assess again later, or give this AMI another instanceType.",
)
_NO_AGENT = Reason(
    code="AGENT_NOT_READY",
    message="the SSM agent did not answer within 15 minutes",
    remedy="Install the SSM agent in the image, and give the instance profile AmazonSSMManagedInstanceCore.",
)


def sample(root: Path) -> tuple[World, Report]:
    """A fleet over three runs, with every kind of outcome: what the documentation's picture shows."""
    world = World(root)
    config = Config(
        policy=Policy(fail_on=Threshold(known_exploited=False)),
        exceptions=[
            exception("CVE-2026-1004", "2026-12-31", package="curl"),
            exception("CVE-2026-1007", "2026-04-10", lineage="web-base"),
            exception("CVE-2026-1010", "2026-03-01", tag={"Environment": "production"}),
            exception("CVE-2020-0001", "2026-12-31", ami="ami-0f00000000000001"),
        ],
        routes={"payments": f"arn:aws:sns:{REGION}:{ACCOUNT}:payments-team"},
    )
    report = world.run("assess-2026-02-01", "2026-02-01T03:12:00Z", _fleet(0), config)
    for month in (1, 2):
        day = f"2026-0{month + 2}-01"
        completed_at = f"{day[:8]}{'02' if month == 2 else '01'}T03:14:25Z"
        images = _launched(_fleet(month), completed_at)
        report = world.run(f"assess-{day}", completed_at, images, config, events=history(completed_at))
    return world, report


def _launched(images: Sequence[Image], completed_at: str) -> list[Image]:
    """The images as the launch left them, 4,165 seconds before the end; those without capacity were not launched."""
    launched_at = (datetime.fromisoformat(completed_at) - timedelta(seconds=4165)).isoformat()
    found: list[Image] = []
    for number, (image, findings) in enumerate(images):
        kind = "t4g.small" if "arm64" in image.name else "t3.small"
        row = replace(image, entry=replace(image.entry, instance_type=kind), volumes={"/dev/xvda": 8})
        if image.reason != _NO_CAPACITY:
            row = replace(row, instance_id=f"i-{number:017x}", launched_at=launched_at)
        found.append((row, findings))
    return found


# What had happened when the report was made: a function, how often it ran, how many seconds before and how long.
_TASKS = (("load-config", 1, 4180, 2.1), ("ensure-target-template", 1, 4175, 1.1), ("launch-instances", 6, 4170, 3.2),
          ("check-agents", 1, 3900, 0.6), ("start-run", 1, 3890, 1.4), ("check-run", 1, 130, 0.9),
          ("tag-findings", 6, 120, 8.3), ("terminate", 1, 60, 1.2), ("aggregate", 1, 2, 60))  # fmt: skip
_OTHERS = ("Choice", "Choice", "Map", "Wait", "Choice", "Choice", "Map")


def history(completed_at: str) -> list[dict[str, Any]]:
    """A run's history (GetExecutionHistory) as it is while Aggregate runs."""
    end = datetime.fromisoformat(completed_at)
    others = [{"id": 1000 + at, "type": f"{kind}StateEntered", "timestamp": end} for at, kind in enumerate(_OTHERS)]
    tasks = [task for function, count, *times in _TASKS for task in [(function, *times)] * count]
    return [*(event for at, task in enumerate(tasks) for event in _task(10 * at, end, *task)), *others]


def _task(number: int, end: datetime, function: str, before: float, seconds: float) -> Iterator[dict[str, Any]]:
    """The events of one task up to `end`."""
    batches = {"launch-instances": "Launch Batch", "tag-findings": "Tag Batch"}
    name = batches.get(function) or function.replace("-", " ").title()
    details = {"parameters": json.dumps({"FunctionName": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:x-{function}"})}
    events: list[tuple[str, float, dict[str, Any]]] = [
        ("TaskStateEntered", 0, {"stateEnteredEventDetails": {"name": name}}),
        ("TaskScheduled", 0, {"taskScheduledEventDetails": details}),
        ("TaskStarted", 0.1, {}),
        ("TaskSucceeded", seconds, {}),
        ("TaskStateExited", seconds, {"stateExitedEventDetails": {"name": name}}),
    ]
    for place, (kind, after, more) in enumerate(events, number + 1):
        at = end - timedelta(seconds=before - after)
        if at <= end:
            yield {"id": place, "previousEventId": place - 1, "type": kind, "timestamp": at, **more}


_KINDS = (
    ("openssl", "1:3.0.7-24.el9", "1:3.0.7-27.el9", 9), ("kernel", "5.14.0-362.el9", "5.14.0-427.el9", 14),
    ("curl", "7.76.1-26.el9", "7.76.1-29.el9", 5), ("glibc", "2.34-83.el9", "2.34-100.el9", 4),
    ("python3", "3.9.18-1.el9", "", 6), ("sudo", "1.9.5p2-9.el9", "1.9.5p2-10.el9", 2),
)  # fmt: skip
_SEVERITIES = ("HIGH", "MEDIUM", "CRITICAL", "LOW", "MEDIUM", "HIGH", "INFORMATIONAL", "MEDIUM", "LOW", "UNTRIAGED")


def _findings(seed: int, count: int) -> list[Finding]:
    found = []
    for number in range(count):
        at = seed * 3 + number
        name, version, fixed, _ = _KINDS[at % len(_KINDS)]
        severity: Any = _SEVERITIES[at % len(_SEVERITIES)]
        packages = [package(name, version, fixed)]
        if name == "openssl":
            packages.append(package("openssl-libs", version, fixed))
        found.append(
            finding(
                f"CVE-2026-{1000 + at}",
                *packages,
                severity=severity,
                description=f"A flaw in {name} lets a local attacker read memory that is not theirs. " * 2,
                score=round(9.8 - (at % 10) * 0.7, 1),
                epss=round(((at * 37) % 100) / 120, 3),
                exploit_available=at % 7 == 0,
                known_exploited_since="2026-01-20T00:00:00Z" if at % 11 == 0 else "",
                fix_available="YES" if fixed else "NO",
                urls=[f"https://nvd.nist.gov/vuln/detail/CVE-2026-{1000 + at}"],
                remedy=f"dnf upgrade {name}" if fixed else "",
                cwes=["CWE-125"],
            )
        )
    return found


def _fleet(month: int) -> list[Image]:
    fresh = f"2026.0{month + 1}.1"
    tags = {"Environment": "production", "Owner": "platform"}
    payments = {"Environment": "production", "Owner": "payments", "CostCentre": ""}
    images: list[Image] = [
        (ami(f"ami-0a0000000000000{month}a", name=f"web-base-{fresh}", lineage="web-base", tags=tags),
         _findings(month, 34 - 6 * month)),
        (ami("ami-0b00000000000000b", name="payments-api-7", lineage="payments-api", tags=payments),
         _findings(4 + month, 18)),
        (ami("ami-0c00000000000000c", name="bastion-minimal", lineage="bastion", tags=tags), []),
        (ami("ami-0d00000000000000d", name="batch-worker-arm64", lineage="batch", tags={"Owner": "data"}),
         [one for one in _findings(2, 12) if one.severity in ("LOW", "INFORMATIONAL", "MEDIUM", "UNTRIAGED")]),
    ]  # fmt: skip
    if month == 2:
        images += [
            (ami("ami-0e00000000000000e", name="windows-2019-legacy", lineage="legacy", reason=_NO_AGENT), None),
            (ami("ami-0f00000000000000f", name="gpu-training-12", lineage="gpu", reason=_NO_CAPACITY), None),
        ]
    return images
