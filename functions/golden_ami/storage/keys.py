"""The layout of keys: objects of the bucket, and rows of the table. No other module spells one.

    runs/<run>/findings/<ami key>.ndjson   an AMI's findings (models.Finding)
    runs/<run>/standings/<ami key>.ndjson  the status of each, in the same order (evaluation.model.FindingStatus)
    runs/<run>/vulnerabilities/<ami key>.json  CVE ids of its findings of which Amazon Inspector is to be asked
    runs/<run>/untagged/<ami key>.json     ARNs of its findings that have not taken the AMI's tags yet
    runs/<run>/urgent/<ami key>.ndjson     the most urgent of them, of a run with many
    runs/<run>/terms/<digest>.json         exceptions and routes of a configuration too long for a row (models.Config)
    runs/<run>/report.json                 the report; its other formats are beside it
    runs/<run>/manifest.json               the SHA-256 of these and of findings, standings and urgent (storage.digests)
    runs/<run>/history/                    the archived execution; of one that was redriven, redrive-<n>/ below it
    scans/<scan>/findings/<digest>.ndjson  findings of an on-demand scan that came as events, by whatever run awaits it
    vulnerabilities/answers.ndjson         what Amazon Inspector answered of CVE ids (vulnerabilities.answer.Answer)
    lineages/<digest>/<sha256>.ndjson.gz   the register of a lineage (register.model), by the SHA-256 of its content
    config/<name>.json                     a configuration that no parameter can hold

For the rows of the table see `golden_ami.ledger`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

RUNS = "runs/"
SCANS = "scans/"
LINEAGES = "lineages/"
CONFIGURATIONS = "config/"
ANSWERS = "vulnerabilities/answers.ndjson"

Key = tuple[str, str]  # pk, sk

# ---------------------------------------------------------------- objects


def run_prefix(run_id: str) -> str:
    """How the keys of a run's objects begin."""
    return f"{RUNS}{run_id}/"


def findings_key(run_id: str, ami_key: str) -> str:
    """The key of an AMI's findings."""
    return f"{run_prefix(run_id)}findings/{ami_key}.ndjson"


def standings_key(run_id: str, ami_key: str) -> str:
    """The key of the standings beside an AMI's findings."""
    return f"{run_prefix(run_id)}standings/{ami_key}.ndjson"


def vulnerabilities_key(run_id: str, ami_key: str) -> str:
    """The key of the CVE ids that an AMI's findings leave open."""
    return f"{run_prefix(run_id)}vulnerabilities/{ami_key}.json"


def untagged_key(run_id: str, ami_key: str) -> str:
    """The key of the ARNs of an AMI's findings that have not taken its tags."""
    return f"{run_prefix(run_id)}untagged/{ami_key}.json"


def urgent_key(run_id: str, ami_key: str) -> str:
    """The key of an AMI's most urgent findings."""
    return f"{run_prefix(run_id)}urgent/{ami_key}.ndjson"


def event_findings_prefix(scan: str) -> str:
    """How the keys of a scan's findings that came as events begin."""
    return f"{SCANS}{scan}/findings/"


def event_findings_key(scan: str, name: str) -> str:
    """The key of some of them."""
    return f"{event_findings_prefix(scan)}{name}.ndjson"


def report_key(run_id: str, name: str = "report.json") -> str:
    """The key of one of a run's reports."""
    return f"{run_prefix(run_id)}{name}"


def run_manifest_key(run_id: str) -> str:
    """The key of the digests of a run's objects."""
    return f"{run_prefix(run_id)}manifest.json"


def terms_key(run_id: str, digest: str) -> str:
    """The key of a run's exceptions and routes."""
    return f"{run_prefix(run_id)}terms/{digest}.json"


def history_prefix(run_id: str, redrive: int = 0) -> str:
    """How the keys of an archived execution's objects begin; of the archive after its last redrive, by number."""
    return f"{run_prefix(run_id)}history/" + (f"redrive-{redrive}/" if redrive else "")


def register_key(lineage: str, sha256: str) -> str:
    """The key of the register of a lineage ("account/region/lineage")."""
    return f"{LINEAGES}{hashlib.sha256(lineage.encode()).hexdigest()[:32]}/{sha256}.ndjson.gz"


def configuration_key(name: str) -> str:
    """The key of the configuration to which a parameter of this name points."""
    return f"{CONFIGURATIONS}{name.strip('/')}.json"


# ---------------------------------------------------------------- rows

RUN = "RUN"  # sort key of a run's own row
HISTORY = "HISTORY"  # sort key of the archive's row; with "#" and the number after a redrive
AMIS = "AMI#"
WAITING_RUNS = "RUN#"  # of a scan's partition
SENT = "SENT#"
RUN_INDEX = "RUNS"  # partition of the index of runs


def run_partition(run_id: str) -> str:
    """The partition of a run's rows."""
    return f"RUN#{run_id}"


def run_row(run_id: str) -> Key:
    """A run."""
    return run_partition(run_id), RUN


def run_index_row(started_at: str, run_id: str) -> Key:
    """A run in the index of runs."""
    return RUN_INDEX, f"{started_at}#{run_id}"


def ami_row(run_id: str, batch: str, ami_key: str) -> Key:
    """An AMI of a run."""
    return run_partition(run_id), f"{amis_of(batch)}{ami_key}"


def amis_of(batch: str) -> str:
    """How the sort keys of a batch's AMIs begin."""
    return f"{AMIS}{batch}#"


def is_run(row: Mapping[str, Any]) -> bool:
    """Whether a row is a run's own."""
    return row.get("sk") == RUN


def is_ami(row: Mapping[str, Any]) -> bool:
    """Whether a row is an AMI's."""
    return str(row.get("sk")).startswith(AMIS)


def callback_row(run_id: str) -> Key:
    """The callback token of a run."""
    return run_partition(run_id), "TOKEN"


def made_row(run_id: str, name: str) -> Key:
    """What was made in AWS for a run only."""
    return run_partition(run_id), f"MADE#{name}"


def sent_row(run_id: str, name: str) -> Key:
    """What a run asks of the outside."""
    return run_partition(run_id), f"{SENT}{name}"


def reporting_row(run_id: str) -> Key:
    """The attempts to report at an execution's end."""
    return run_partition(run_id), "REPORTING"


def history_row(run_id: str, redrive: int = 0) -> Key:
    """The archived history, or that of the execution after its last redrive, by number."""
    return run_partition(run_id), HISTORY + (f"#{redrive}" if redrive else "")


def redrive_of(history_sort_key: str) -> int:
    """The number of redrives before the end whose archive has this row."""
    return int(history_sort_key.partition("#")[2] or 0)


def ended_row(run_id: str) -> Key:
    """That an attempt of an execution ended and was reported."""
    return run_partition(run_id), "ENDED"


def awaited_partition(run_id: str) -> str:
    """The partition of a run's outstanding scans."""
    return f"AWAIT#{run_id}"


def awaited_row(run_id: str, scan: str) -> Key:
    """An outstanding scan of a run."""
    return awaited_partition(run_id), scan


def scan_partition(scan: str) -> str:
    """The partition of a scan's rows."""
    return f"SCAN#{scan}"


def waiting_run_row(scan: str, run_id: str) -> Key:
    """That a run awaits a scan."""
    return scan_partition(scan), f"{WAITING_RUNS}{run_id}"


def completion_row(scan: str) -> Key:
    """The announced completion of a scan."""
    return scan_partition(scan), "DONE"


def probe_partition(probe: str) -> str:
    """The partition of a probe's arrivals."""
    return f"PROBE#{probe}"


def probe_row(probe: str, rule: str) -> Key:
    """That a probe has come through a rule."""
    return probe_partition(probe), rule


def answers_row() -> Key:
    """The digest of the kept answers."""
    return "ANSWERS", "DIGEST"


def scheduled_row(schedule: str, time: str) -> Key:
    """The claim on an instant of a schedule."""
    return f"SCHEDULE#{schedule}", time


def lineage_partition(lineage: str) -> str:
    """The partition of a lineage's assessments by a release that had no registers."""
    return f"LINEAGE#{lineage}"


def register_row(lineage: str) -> Key:
    """Where the register of a lineage is."""
    return f"REGISTER#{lineage}", "CURRENT"


def known_lineage_row(lineage: str) -> Key:
    """That a lineage has a register, wherever that is."""
    return f"KNOWN#{lineage}", "LINEAGE"


def known_ami_row(account: str, region: str, ami_id: str) -> Key:
    """What is known of an AMI."""
    return f"AMI#{account}/{region}/{ami_id}", "KNOWN"


def deprecation_row(account: str, region: str, ami_id: str) -> Key:
    """The deprecation of an AMI that this system asked for last."""
    return f"AMI#{account}/{region}/{ami_id}", "DEPRECATION"


def trend_partition(parameter: str) -> str:
    """The partition of the points of a parameter's trend."""
    return f"TREND#{parameter}"


def trend_row(parameter: str, completed_at: str, run_id: str) -> Key:
    """A run in the trend of its parameter."""
    return trend_partition(parameter), f"{completed_at}#{run_id}"
