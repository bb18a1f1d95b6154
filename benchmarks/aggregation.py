"""Section 3: a million findings streamed, judged and counted, against the tools that people would count them with."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.processes import answer, fresh
from benchmarks.tables import Goal, Section, Table
from benchmarks.worlds import TAGS, ami_ids, findings
from golden_ami.assessing.ndjson import NdjsonObject
from golden_ami.models import SEVERITIES, Ami, AmiEntry, Assessment, Config, Finding, Run
from golden_ami.parallel import chunks
from golden_ami.scanners.findings import from_inspector

RUN = "run-1"
_AMIS, _EACH = 500, 2000
_BASELINE = "msgspec, typed"
_MIB = 256  # of memory
_PAGE_FINDINGS = 20_000

Counts = dict[tuple[str, str], int]  # AMI, severity


def measure(quick: bool) -> Section:
    """Write the findings once; then each tool in a process of its own counts them by AMI and severity."""
    amis, each = (4, 50) if quick else (_AMIS, _EACH)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), amis, each)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.ndjson"))
        done: dict[str, dict[str, Any] | None] = {}
        for name in COUNTERS:
            done[name] = fresh("aggregation", name, folder) if _installed(name) else None
        ours = {name: fresh("aggregation", name, folder) for name in OURS}
        page = fresh("report_page", 200 if quick else _PAGE_FINDINGS)
    counts = {json.dumps(one.pop("counts"), sort_keys=True) for one in done.values() if one}
    if len(counts) != 1:
        raise AssertionError("the tools do not count the same")
    total = amis * each
    if any(one["total"] != total for one in ours.values()):
        raise AssertionError("ours lost findings")
    return Section("Aggregation", [_table(done, ours, total, size), _page(page)], _goals(done, ours))


def _installed(name: str) -> bool:
    import importlib.util

    if name == "jq":
        return shutil.which("jq") is not None
    return (
        importlib.util.find_spec({"DuckDB": "duckdb", "polars": "polars", "orjson": "orjson"}.get(name, "json"))
        is not None
    )


def _table(done: dict[str, Any], ours: dict[str, Any], total: int, size: int) -> Table:
    base = done[_BASELINE]["seconds"]
    rows: list[list[Any]] = []
    for name, one in (*ours.items(), *done.items()):
        if one is None:
            rows.append([name, "not installed", None, None, None])
        else:
            rows.append([name, total / one["seconds"], one["seconds"], one["seconds"] / base, one["peak_mib"]])
    notes = [
        f"{total:,} findings, {size / total:,.0f} bytes each as stored, varied from the sample's.",
        "The tools count by AMI and severity, all with the same result, each in a process of its own, reading files "
        "from the disk's cache. Ours do more: tag-findings' stream decodes as well, drops what came twice, adds tags, "
        "encodes and writes (Inspector's calls apart); aggregate judges every finding by policy and exceptions, keeps "
        "its standing for the next run, and writes report.json, report.html and the text.",
        "DuckDB and polars use both cores, the others one. Peak memory is the process's own.",
    ]  # fmt: skip
    return Table("Findings per second", ["", "findings/s", "s", "x bare msgspec", "peak MiB"], rows, notes)


def _page(page: dict[str, Any]) -> Table:
    rows: list[list[Any]] = [[page["findings"], page["bytes"], page["render_seconds"], page["interactive_seconds"]]]
    columns = ["findings", "bytes", "render s", "interactive in Chromium s"]
    notes = [
        "Interactive: from navigation to the first frame in which the page's script has run and its search answers. "
        "A dash: no Chromium here.",
    ]
    return Table("report.html", columns, rows, notes)


def _goals(done: dict[str, Any], ours: dict[str, Any]) -> list[Goal]:
    base = done[_BASELINE]["seconds"]
    goals = []
    for name, one in ours.items():
        ratio = one["seconds"] / base
        goals.append(Goal(f"{name}: within 1.5x of bare msgspec typed decoding", f"{ratio:.1f}x", ratio <= 1.5,
                          "" if ratio <= 1.5 else _WHY[name]))  # fmt: skip
        goals.append(Goal(f"{name}: below {_MIB} MB", f"{one['peak_mib']:.0f} MiB", one["peak_mib"] < _MIB))
    return goals


# ---------------------------------------------------------------- the findings


def ami_of(number: int, ami_id: str) -> Ami:
    """An AMI's row as tag-findings leaves it."""
    return Ami(
        run_id=RUN, batch="00", key=ami_id, ami_id=ami_id, entry=AmiEntry(ami_id=ami_id), engine="instance",
        region="us-east-1", account="123456789012", name=f"golden-{number:04}", lineage=f"golden-{number:04}",
        tags=TAGS,
        scan_status="COMPLETED", findings_key=f"runs/{RUN}/findings/{ami_id}.ndjson",
    )  # fmt: skip


def write(folder: Path, amis: int, each: int) -> None:
    """The findings of every AMI as the bucket holds them."""
    bodies = [msgspec.structs.replace(from_inspector(raw), tags=TAGS) for raw in findings(each)]
    encode = msgspec.json.Encoder().encode
    for number, ami_id in enumerate(ami_ids(amis)):
        path = folder / ami_of(number, ami_id).findings_key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            for body in bodies:
                body.arn = f"{body.arn[:-32]}{number:08x}{body.arn[-24:]}"
                out.write(encode(body) + b"\n")


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted((folder / f"runs/{RUN}/findings").iterdir()):
        yield path.stem, path


# ---------------------------------------------------------------- what others would do


def _counted(folder: Path, severity: Callable[[bytes], str]) -> Counts:
    counts: Counter[tuple[str, str]] = Counter()
    for ami, path in _files(folder):
        with path.open("rb") as lines:
            for line in lines:
                counts[ami, severity(line)] += 1
    return counts


def with_msgspec(folder: Path) -> Counts:
    """The bare decoding of our type."""
    decode = msgspec.json.Decoder(Finding).decode
    return _counted(folder, lambda line: decode(line).severity)


def with_json(folder: Path) -> Counts:
    """The standard library."""
    return _counted(folder, lambda line: str(json.loads(line)["severity"]))


def with_orjson(folder: Path) -> Counts:
    """orjson, untyped."""
    import orjson

    return _counted(folder, lambda line: str(orjson.loads(line)["severity"]))


def with_jq(folder: Path) -> Counts:
    """jq, one process over all files."""
    import subprocess

    counts: Counter[tuple[str, str]] = Counter()
    files = [path for _, path in _files(folder)]
    command = ["jq", "-r", "[input_filename, .severity] | @tsv", *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            name, severity = line.rstrip("\n").split("\t")
            counts[Path(name).stem, severity] += 1
    return counts


def with_duckdb(folder: Path) -> Counts:
    """DuckDB over the files; to take the member out of each object is far quicker than `read_json` with columns."""
    import duckdb

    query = """
        SELECT parse_filename(filename, true), json ->> 'severity' AS severity, count(*)
        FROM read_ndjson_objects(?, filename = true)
        GROUP BY ALL
    """
    rows = duckdb.execute(query, [f"{folder}/runs/{RUN}/findings/*.ndjson"]).fetchall()
    return {(ami, severity): count for ami, severity, count in rows}


def with_polars(folder: Path) -> Counts:
    """polars, streaming, reading the one column."""
    import polars

    scanned = polars.scan_ndjson(
        f"{folder}/runs/{RUN}/findings/*.ndjson", schema={"severity": polars.String}, include_file_paths="file"
    )
    frame = scanned.group_by("file", "severity").len().collect(engine="streaming")
    return {(Path(file).stem, severity): count for file, severity, count in frame.iter_rows()}


COUNTERS: dict[str, Callable[[Path], Counts]] = {
    _BASELINE: with_msgspec,
    "orjson": with_orjson,
    "stdlib json": with_json,
    "jq": with_jq,
    "DuckDB": with_duckdb,
    "polars": with_polars,
}


# ---------------------------------------------------------------- ours


class _Discarding:
    """An S3 that keeps nothing: what is measured is our work, not the network's."""

    def put_object(self, **_: Any) -> None:
        """Nothing."""

    def create_multipart_upload(self, **_: Any) -> dict[str, str]:
        """An upload."""
        return {"UploadId": "1"}

    def upload_part(self, **_: Any) -> dict[str, str]:
        """A part of it."""
        return {"ETag": "1"}

    def complete_multipart_upload(self, **_: Any) -> None:
        """Its end."""


class _History:
    """A history without past."""

    def assessments(self, lineage: str, limit: int = 60) -> list[Assessment]:  # noqa: ARG002
        """None."""
        return []

    def record_assessment(self, assessment: Assessment) -> None:
        """Nothing."""


def stream(folder: Path) -> Counts:
    """What tag-findings does between Inspector's answers and S3: the same functions, without the calls."""
    from golden_ami.assessing.collect import _TOGETHER, _distinct

    found: Counts = {}
    decode = msgspec.json.Decoder(Finding).decode
    for name, path in _files(folder):
        with path.open("rb") as lines, NdjsonObject(_Discarding(), "reports", name) as out:
            counts: Counter[str] = Counter()
            sources: Counter[str] = Counter()
            for together in chunks(_distinct(map(decode, lines)), _TOGETHER):
                for finding in together:
                    finding.tags = TAGS
                    counts[finding.severity] += 1
                    sources[finding.source] += 1
                out.write(together)
        found |= {(name, severity): count for severity, count in counts.items()}
    return found


def aggregate(folder: Path) -> Counts:
    """Aggregate's build and what it always writes."""
    from golden_ami.report.aggregate import _write
    from golden_ami.report.build import build
    from golden_ami.report.store import DirectoryStore

    amis = [ami_of(number, name) for number, (name, _) in enumerate(_files(folder))]
    run = Run(
        run_id=RUN, execution_arn=f"arn:aws:states:us-east-1:123456789012:execution:golden-ami:{RUN}",
        started_at="2026-11-02T08:00:00Z", account="123456789012", region="us-east-1",
        parameter="ContinuousAssessmentInput", config=Config(), batches=["00"], ami_count=len(amis),
        needs_instances=True,
    )  # fmt: skip
    store = DirectoryStore(folder)
    report = build(run, amis, {}, store, _History(), "2026-11-02T09:30:00Z")
    _write(report, store)
    return {(ami.key, severity): count for ami in report.amis for severity, count in ami.counts.items() if count}


OURS = {"tag-findings' stream": stream, "aggregate": aggregate}
_WHY = {
    "tag-findings' stream": "It decodes, hashes the ARN, and encodes and writes what it decoded. Encoding alone is "
    "0.35x, the rest is counting and the call of each in Python.",
    "aggregate": "Every finding is judged, identified for the next run's comparison, ranked among the urgent and "
    "counted for its upgrade, in Python, and its standing is written; then the report's formats read the urgent ones "
    "again. Within 1.5x is only possible without the comparison and the upgrades, or with that loop compiled.",
}  # fmt: skip


def _main(name: str, folder: Path) -> None:
    work = {**COUNTERS, **OURS}[name]
    if name in OURS:  # what they import is measured in section 4
        import golden_ami.assessing.collect
        import golden_ami.report.aggregate  # noqa: F401
    began = time.perf_counter()
    counts = work(folder)
    seconds = time.perf_counter() - began
    if unknown := {severity for _, severity in counts} - {*SEVERITIES}:
        raise AssertionError(unknown)
    flat = sorted([*key, count] for key, count in counts.items())
    answer(seconds=seconds, total=sum(counts.values()), counts=flat if name in COUNTERS else [])


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
