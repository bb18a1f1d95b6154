"""The findings of a fleet as the bucket holds them: of images that overlap as their base images do, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from random import Random

import msgspec
from msgspec.structs import replace

from benchmarks.worlds import TAGS, ami_ids, findings
from golden_ami import times
from golden_ami.engines.findings import from_inspector
from golden_ami.evidence.requirements import DEFAULT
from golden_ami.models import Ami, AmiEntry, Evidence, Finding, Severity

RUN = "run-1"
BASES = 10
_OF_BASE = 0.85  # of an AMI's findings: what its base image gave it
_PATCHED = 0.2  # of a base image's findings: what one AMI lacks
_EVIDENCE = [Evidence(kind=kind, status="COMPLETE") for kind in DEFAULT]
_ON_TOP = 0.03  # findings of what is installed on top of any base, as a share of all that the fleet has
_SAMPLES = 40
_PACKAGES = 4 * _SAMPLES  # that are vulnerable in an image, some of them together
_FIXES = 3  # versions that fix one vulnerability of a package or another
_NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
NOTE = (
    f"An AMI draws {_OF_BASE:.0%} of its findings from those of one of {BASES} base images, of which each AMI lacks "
    f"others ({_PATCHED:.0%}), and the rest from what is installed on top, where a finding is on about five AMIs. No "
    "base image has a package's version of another. Each finding has a day of first observation of its own."
)


def write(folder: Path, amis: int, each: int) -> None:
    """A fleet's findings, so many of each AMI."""
    random = Random(7)
    of_base = round(each * _OF_BASE)
    base = round(of_base / (1 - _PATCHED))
    bodies = _bodies(base)
    bases = [list(islice(bodies, base)) for _ in range(BASES)]
    on_top = list(islice(bodies, max(each, round(amis * each * _ON_TOP))))
    drawn = (
        [*random.sample(bases[number % BASES], of_base), *random.sample(on_top, each - of_base)]
        for number in range(amis)
    )
    _write(folder, amis, drawn, random)


def write_unlike(folder: Path, amis: int, each: int) -> None:
    """As many findings, of which no two are of one vulnerability, nor of one version of a package."""
    bodies = _bodies(1)
    _write(folder, amis, (list(islice(bodies, each)) for _ in range(amis)), Random(7))


def rows(folder: Path) -> list[Ami]:
    """The AMIs' rows as tag-findings leaves them."""
    return msgspec.json.decode((folder / "amis.json").read_bytes(), type=list[Ami])


def _bodies(alike: int) -> Iterator[Finding]:
    """The sample's findings in turn, each of another vulnerability; in so many of them a package has one version."""
    samples = [from_inspector(raw) for raw in findings(_SAMPLES)]
    for number in count():
        sample = samples[number % _SAMPLES]
        name = f"CVE-{2019 + number % 8}-{10000 + number}"
        yield replace(
            sample,
            vulnerability_id=name,
            title=sample.title.replace(sample.vulnerability_id, name),
            packages=[
                replace(
                    one,
                    name=f"{one.name}-{number % _PACKAGES // _SAMPLES}",
                    version=f"{one.version}.{number // alike}",
                    fixed_in=one.fixed_in and f"{one.fixed_in}.{number // _PACKAGES % _FIXES}",
                )
                for one in sample.packages
            ],
        )


def _write(folder: Path, amis: int, drawn: Iterator[Sequence[Finding]], random: Random) -> None:
    encode = msgspec.json.Encoder().encode
    found = []
    for number, (ami_id, bodies) in enumerate(zip(ami_ids(amis), drawn, strict=True)):
        ami = _ami(number, ami_id, Counter(body.severity for body in bodies))
        found.append(ami)
        path = folder / ami.findings_key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            for at, body in enumerate(bodies):
                body.arn = f"{body.arn[:-32]}{number:08x}{at:024x}"
                body.first_observed_at = times.iso(_NEWEST - timedelta(milliseconds=random.randrange(200 * 86_400_000)))
                body.tags = ami.tags
                out.write(encode(body) + b"\n")
    (folder / "amis.json").write_bytes(encode(found))


def _ami(number: int, ami_id: str, counts: Counter[Severity]) -> Ami:
    name = f"golden-{number:04}"
    return Ami(
        run_id=RUN, batch="00", key=ami_id, ami_id=ami_id, entry=AmiEntry(ami_id=ami_id), engine="instance",
        region="us-east-1", account="123456789012", name=name, lineage=name, tags=TAGS | {"Name": name},
        scan_status="COMPLETED", evidence=_EVIDENCE,
        findings_key=f"runs/{RUN}/findings/{ami_id}.ndjson", counts=dict(counts),
    )  # fmt: skip
