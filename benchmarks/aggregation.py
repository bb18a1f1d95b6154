"""Section 3: a million findings streamed and evaluated, against the tools that people would count them with."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from botocore.response import StreamingBody

from benchmarks import fleet
from benchmarks.processes import answer, fresh
from benchmarks.tables import Goal, Section, Table
from benchmarks.worlds import TAGS, findings
from golden_ami.engines.findings import from_inspector
from golden_ami.models import SEVERITIES, Assessment, Config, Finding, Point, Run
from golden_ami.parallel import chunks
from golden_ami.register.model import KnownAmi, RegisterNote
from golden_ami.storage.ndjson import NdjsonObject

_AMIS, _EACH = 500, 2000
_UNLIKE_AMIS = 100  # of which no finding is like another
_BASELINE = "msgspec, typed"
_MIB = 256  # of memory
_PAGE_FINDINGS = 20_000
_RAW = 100_000  # bodies of ListFindings

Counts = dict[tuple[str, str], int]  # AMI, severity


def measure(quick: bool) -> Section:
    """Write the findings once; then each in a process of its own reads them: the tools count by AMI and severity."""
    amis, each, unlike = (4, 50, 2) if quick else (_AMIS, _EACH, _UNLIKE_AMIS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fleet.write(folder / FLEET, amis, each)
        fleet.write_unlike(folder / UNLIKE, unlike, each)
        fresh("aggregation", _EARLIER, folder / FLEET)
        size = sum(path.stat().st_size for path in (folder / FLEET / f"runs/{fleet.RUN}/findings").iterdir())
        done: dict[str, dict[str, Any] | None] = {}
        for tool in COUNTERS:
            done[tool] = fresh("aggregation", tool, folder / FLEET) if _installed(tool) else None
        ours = {name: fresh("aggregation", name, folder / of) for name, (_, of) in OURS.items()}
        page = fresh("report_page", 200 if quick else _PAGE_FINDINGS)
    counts = {json.dumps(one.pop("counts"), sort_keys=True) for one in done.values() if one}
    if len(counts) != 1:
        raise AssertionError("the tools do not count the same")
    total = amis * each
    if [one["total"] for one in ours.values()] != [total, total, total, unlike * each, _RAW]:
        raise AssertionError("ours lost findings")
    return Section("Aggregation", [_table(done, ours, size / total), _page(page)], _goals(done, ours))


def _installed(name: str) -> bool:
    import importlib.util

    if name == "jq":
        return shutil.which("jq") is not None
    return (
        importlib.util.find_spec({"DuckDB": "duckdb", "polars": "polars", "orjson": "orjson"}.get(name, "json"))
        is not None
    )


def _ratio(one: dict[str, Any], base: dict[str, Any]) -> float:
    return float(one["seconds"] / one["total"] / (base["seconds"] / base["total"]))


def _table(done: dict[str, Any], ours: dict[str, Any], size: float) -> Table:
    rows: list[list[Any]] = []
    for name, one in (*ours.items(), *done.items()):
        if one is None:
            rows.append([name, "not installed", None, None, None, None])
        else:
            seconds, ratio = one["seconds"], _ratio(one, done[_BASELINE])
            rows.append([name, one["total"], one["total"] / seconds, seconds, ratio, one["peak_mib"]])
    notes = [
        f"Findings of {size:,.0f} bytes each as stored, varied from the sample's. {fleet.NOTE}",
        "The tools count by AMI and severity, all with the same result, each in a process of its own, reading files "
        "from the disk's cache. Ours do more: tag-findings' stream decodes as well, drops what came twice, adds tags, "
        "encodes and writes (Inspector's calls apart); aggregate evaluates findings by policy and exceptions, keeps "
        "their status for the next run, and writes report.json, report.html and the text, all through the store that "
        "AWS has, whose bucket keeps nothing here. Imports are apart (section 4).",
        "After an earlier run, as in production, each AMI is compared with what it was then, 3% of it other findings. "
        "Unlike findings are the worst for aggregate: no text that names packages comes twice, so that what it "
        "remembers of them serves nothing.",
        "from_inspector makes what tag-findings streams of what ListFindings answers.",
        "DuckDB and polars use both cores, the others one. Peak memory is the process's own.",
    ]  # fmt: skip
    columns = ["", "findings", "findings/s", "s", "x bare msgspec", "peak MiB"]
    return Table("Findings per second", columns, rows, notes)


def _page(page: dict[str, Any]) -> Table:
    rows: list[list[Any]] = [[page["findings"], page["bytes"], page["render_seconds"], page["interactive_seconds"]]]
    columns = ["findings", "bytes", "render s", "interactive in Chromium s"]
    notes = [
        "Interactive: from navigation to the first frame in which the page's script has run and its search answers. "
        "A dash: no Chromium here.",
    ]
    return Table("report.html", columns, rows, notes)


def _goals(done: dict[str, Any], ours: dict[str, Any]) -> list[Goal]:
    goals = []
    for name, one in ours.items():
        if why := _WHY.get(name):
            ratio = _ratio(one, done[_BASELINE])
            goals.append(Goal(f"{name}: within 1.5x of bare msgspec typed decoding", f"{ratio:.1f}x", ratio <= 1.5,
                              "" if ratio <= 1.5 else why))  # fmt: skip
        goals.append(Goal(f"{name}: below {_MIB} MB", f"{one['peak_mib']:.0f} MiB", one["peak_mib"] < _MIB))
    return goals


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted((folder / f"runs/{fleet.RUN}/findings").iterdir()):
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
    rows = duckdb.execute(query, [f"{folder}/runs/{fleet.RUN}/findings/*.ndjson"]).fetchall()
    return {(ami, severity): count for ami, severity, count in rows}


def with_polars(folder: Path) -> Counts:
    """polars, streaming, reading the one column."""
    import polars

    scanned = polars.scan_ndjson(
        f"{folder}/runs/{fleet.RUN}/findings/*.ndjson", schema={"severity": polars.String}, include_file_paths="file"
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

    def delete_object(self, **_: Any) -> None:
        """Nothing."""

    def create_multipart_upload(self, **_: Any) -> dict[str, str]:
        """An upload."""
        return {"UploadId": "1"}

    def upload_part(self, **_: Any) -> dict[str, str]:
        """A part of it."""
        return {"ETag": "1"}

    def complete_multipart_upload(self, **_: Any) -> None:
        """Its end."""


class _Bucket(_Discarding):
    """An S3 that gives files of a directory, and keeps nothing: what a report reads again its store has kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: ARG002
        """An object, to be read piece by piece."""
        path = self._folder / Key
        size = path.stat().st_size
        return {"Body": StreamingBody(path.open("rb"), size), "ContentLength": size}


class _History:
    """The ledger's rows about lineages: where the registers of the run before are."""

    def __init__(self, notes: dict[str, RegisterNote] | None = None) -> None:
        self.notes = notes or {}

    def register_note(self, lineage: str) -> RegisterNote | None:
        """Where it is."""
        return self.notes.get(lineage)

    def note_register(self, lineage: str, note: RegisterNote, before: RegisterNote | None) -> bool:  # noqa: ARG002
        """Keep it for the next run."""
        self.notes[lineage] = note
        return True

    def known_amis(self, amis: Iterable[tuple[str, str, str]]) -> list[KnownAmi]:  # noqa: ARG002
        """None: each is of one lineage only."""
        return []

    def note_amis(self, amis: Iterable[KnownAmi]) -> None:
        """Nothing is kept."""

    def knows_lineage(self, lineage: str) -> bool:
        """None is lost."""
        return lineage in self.notes

    def assessments(self, lineage: str) -> list[Assessment]:  # noqa: ARG002
        """None of a release without registers."""
        return []

    def trend(self, parameter: str, limit: int) -> list[Point]:  # noqa: ARG002
        """None."""
        return []

    def note_trend(self, parameter: str, points: Iterable[Point]) -> None:
        """Nothing is kept."""


def stream(folder: Path) -> Counts:
    """What tag-findings does between Inspector's answers and S3: the same functions, without the calls."""
    from golden_ami.scans.collect import _TOGETHER, _distinct

    found: Counts = {}
    decode = msgspec.json.Decoder(Finding).decode
    for name, path in _files(folder):
        with path.open("rb") as lines, NdjsonObject(_Discarding(), "reports", name) as out:
            counts: Counter[str] = Counter()
            sources: Counter[str] = Counter()
            for together in chunks(_distinct(map(decode, lines), {}), _TOGETHER):
                for finding in together:
                    finding.tags = TAGS
                    counts[finding.severity] += 1
                    sources[finding.source] += 1
                out.write(together)
        found |= {(name, severity): count for severity, count in counts.items()}
    return found


def _aggregate(folder: Path, history: _History, run_id: str = fleet.RUN, *, keep: bool = False) -> Counts:
    """Aggregate's build and what it always writes."""
    from golden_ami.report.aggregate import _write
    from golden_ami.report.build import build
    from golden_ami.storage.digests import NotedStore
    from golden_ami.storage.objects import DirectoryStore, S3Store

    amis = fleet.rows(folder)
    for ami in amis:
        ami.run_id, ami.findings_key = run_id, ami.findings_key.replace(fleet.RUN, run_id)
    run = Run(
        run_id=run_id, execution_arn=f"arn:aws:states:us-east-1:123456789012:execution:golden-ami:{run_id}",
        started_at="2026-11-02T08:00:00Z", account="123456789012", region="us-east-1",
        parameter="ContinuousAssessmentInput", config=Config(), batches=["00"], ami_count=len(amis),
        needs_instances=True,
    )  # fmt: skip
    store = NotedStore(DirectoryStore(folder) if keep else S3Store(_Bucket(folder), "reports"))
    report = build(run, amis, {}, store, history, "2026-11-02T09:30:00Z")
    _write(report, store)
    return {(ami.key, severity): count for ami in report.amis for severity, count in ami.counts.items() if count}


def aggregate(folder: Path) -> Counts:
    """Aggregate of AMIs that were never assessed before."""
    return _aggregate(folder, _History())


def aggregate_kept(folder: Path) -> Counts:
    """The same, whose objects stay in the directory."""
    return _aggregate(folder, _History(), keep=True)


def aggregate_again(folder: Path) -> Counts:
    """Aggregate of AMIs that an earlier run assessed."""
    return _aggregate(
        folder, _History(msgspec.json.decode((folder / _PAST).read_bytes(), type=dict[str, RegisterNote]))
    )


def earlier(folder: Path) -> Counts:
    """The run before: of an AMI's findings one in 33 was another then."""
    then = "run-0"
    for _, path in _files(folder):
        copy = folder / f"runs/{then}/findings" / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as lines, copy.open("wb") as out:
            out.writelines(line if at % 33 else line.replace(b"CVE-2", b"CVE-1") for at, line in enumerate(lines))
    history = _History()
    counts = _aggregate(folder, history, then, keep=True)
    (folder / _PAST).write_bytes(msgspec.json.encode(history.notes))
    shutil.rmtree(folder / f"runs/{then}/findings")
    return counts


def raw(_: Path) -> Counts:
    """Bodies of ListFindings, as boto3 gives them, made into our form."""
    bodies = [_as_boto3(body) for body in findings(_EACH)]
    counts = Counter(from_inspector(body).severity for _ in range(_RAW // _EACH) for body in bodies)
    return {("", severity): count for severity, count in counts.items()}


def _as_boto3(body: Mapping[str, Any]) -> dict[str, Any]:
    """boto3 parses instants."""
    return {key: datetime.fromisoformat(value) if key.endswith("At") else value for key, value in body.items()}


_PAST = "past.json"
_EARLIER = "earlier"
FLEET, UNLIKE = "fleet", "unlike"
OURS: dict[str, tuple[Callable[[Path], Counts], str]] = {
    "tag-findings' stream": (stream, FLEET),
    "aggregate": (aggregate, FLEET),
    "aggregate, after an earlier run": (aggregate_again, FLEET),
    "aggregate, of unlike findings": (aggregate, UNLIKE),
    "from_inspector": (raw, FLEET),
}
_WHY = {
    "tag-findings' stream": "It decodes, remembers the ARN, and encodes and writes what it decoded. Encoding alone is "
    "0.4x; counting by severity and source and dropping what came twice are a few calls of Python each.",
    "aggregate": "A finding is decoded whole, which is the bare decoding. The rest is Python, some 50 steps a finding: "
    "identified, dated, evaluated, counted for its upgrade, ranked among the urgent, and its status written. Only that "
    "loop compiled would be within 1.5x.",
    "aggregate, after an earlier run": "Beside what aggregate does, the statuses of the earlier run are decoded and "
    "indexed, as many as there are findings, and each finding is looked up among them.",
}  # fmt: skip


def _main(name: str, folder: Path) -> None:
    work = {**COUNTERS, **{name: work for name, (work, _) in OURS.items()}, _EARLIER: earlier}[name]
    if name not in COUNTERS:  # what they import is measured in section 4
        pass
    began = time.perf_counter()
    counts = work(folder)
    seconds = time.perf_counter() - began
    if unknown := {severity for _, severity in counts} - {*SEVERITIES}:
        raise AssertionError(unknown)
    flat = sorted([*key, count] for key, count in counts.items())
    answer(seconds=seconds, total=sum(counts.values()), counts=flat if name in COUNTERS else [])


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
