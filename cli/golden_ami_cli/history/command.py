"""`golden-ami history RUN [--html FILE] [--verify] [--output json]`; the options are declared where the command is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from golden_ami.characters import printable
from golden_ami.executions import run_id_of
from golden_ami.history.archive import bound, verify_all
from golden_ami.storage.digests import problems_of_run
from golden_ami.storage.keys import report_key, run_manifest_key
from golden_ami_cli.console import Console
from golden_ami_cli.errors import CommandError, UsageError
from golden_ami_cli.history.source import HistorySource, load, manifests, own_digest

# By the number of archives: an execution that was redriven has one for each end.
_REPORT_TOO = "So are report and findings."
_NOBODY = (
    "Nothing vouches for the manifests themselves, whose SHA-256 the stack's ledger has and no copy: "
    "`golden-ami history {run} --verify` compares them there. Of this archive it is {anchor}."
)
_EARLIER = {0: "", 1: "", 2: "The one of its earlier end holds, too. "}


def history(
    run: str,
    source: HistorySource,
    *,
    console: Console,
    html: Path | None = None,
    verify: bool = False,
    as_json: bool = False,
) -> None:
    """Show what happened in a run: as a tree, as JSON, or as one HTML file; or verify its archive.

    Raises CommandError: no such history, or an archive that does not hold.
    """
    if verify:
        _verify(run_id_of(run), source, console, as_json)
        return
    found = load(run, source)
    if html:
        from golden_ami_cli.history.page import page

        _write(html, page(found))
        console.print(printable(f"History of {found.run_id} written to {html}"), soft_wrap=True)
    elif as_json:
        from golden_ami_cli.history.summary import summary

        console.print(json.dumps(summary(found), indent=2), soft_wrap=True)
    else:
        from golden_ami_cli.history.terminal import tree

        console.print(tree(found))


class _Digests(NamedTuple):
    """The SHA-256 of a run's manifests: of its archives, by the number of redrives, and of report and findings."""

    archives: dict[int, str]
    report: str  # "": of a run that an earlier release reported
    vouched: bool  # by the ledger; of a copy they are the manifests' own


def _digests(run_id: str, source: HistorySource) -> _Digests:
    if source.ledger:
        return _Digests(source.ledger.history_anchors(run_id), source.ledger.manifest(run_id), vouched=True)
    report = own_digest(source.store, run_manifest_key(run_id))
    return _Digests(manifests(run_id, source.store), report, vouched=False)


def _verify(run_id: str, source: HistorySource, console: Console, as_json: bool) -> None:
    digests = _digests(run_id, source)
    if not digests.archives and not digests.report and not _is_there(run_id, source):
        raise UsageError(f"there is no run {run_id!r}; `golden-ami runs` lists the runs")
    problems = verify_all(source.store, run_id, digests.archives)
    if digests.report:
        problems += problems_of_run(source.store, run_id, digests.report)
    if problems:
        raise CommandError(f"the archive of {run_id} does not hold:\n" + "\n".join(f"- {each}" for each in problems))
    if as_json:
        console.print(json.dumps(_told(run_id, source, digests), indent=2), soft_wrap=True)
    else:
        console.print(_in_words(run_id, digests), soft_wrap=True)


def _is_there(run_id: str, source: HistorySource) -> bool:
    """Whether the ledger, or a copy, has anything of the run."""
    if source.ledger is None:
        return bool(own_digest(source.store, report_key(run_id)))
    return any(True for _ in source.ledger.rows(run_id))


def _told(run_id: str, source: HistorySource, digests: _Digests) -> dict[str, Any]:
    """For programs. `verified` says that the ledger vouches for all of it, `intact` that nothing contradicts itself."""
    last = max(digests.archives)
    return {
        "runId": run_id,
        "verified": digests.vouched,
        "intact": True,
        "manifestSha256": digests.archives[last],
        "reportManifestSha256": digests.report,
        "archives": [{"redrive": number, "manifestSha256": one} for number, one in digests.archives.items()],
        "binding": bound(source.store, run_id, last),
    }


def _in_words(run_id: str, digests: _Digests) -> str:
    anchor, count = digests.archives[max(digests.archives)], len(digests.archives)
    earlier = _EARLIER.get(count, f"Those of its {count - 1} earlier ends hold, too. ")
    if digests.vouched:
        said = (
            f"The archive of {run_id} is as it was written: every object has the SHA-256 that the manifest says, and "
        )
        said += f"the manifest the one that the ledger says ({anchor}). "
        return said + earlier + (_REPORT_TOO if digests.report else "The ledger has no digest of report and findings.")
    said = f"The copy of {run_id} is whole: every object has the SHA-256 that its manifest says. {earlier}"
    said += _REPORT_TOO if digests.report else "It has no manifest of report and findings."
    return f"{said} {_NOBODY.format(run=run_id, anchor=anchor)}"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--html {path}: {error.strerror}; name a file in a directory that you may write to"
        ) from error
