"""`golden-ami history RUN [--html FILE] [--verify] [--output json]`; the options are declared where the command is."""

from __future__ import annotations

import json
from pathlib import Path

from golden_ami.characters import printable
from golden_ami.executions import run_id_of
from golden_ami.history.archive import bound, verify_all
from golden_ami.storage.digests import problems_of_run
from golden_ami_cli.console import Console
from golden_ami_cli.errors import CommandError, UsageError
from golden_ami_cli.history.source import HistorySource, load

# By the number of archives: an execution that was redriven has one for each end.
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


def _verify(run_id: str, source: HistorySource, console: Console, as_json: bool) -> None:
    anchors = source.ledger.history_anchors(run_id) if source.ledger else {}
    problems = verify_all(source.store, run_id, anchors)
    digest = source.ledger.manifest(run_id) if source.ledger else ""
    if digest:
        problems += problems_of_run(source.store, run_id, digest)
    if problems:
        raise CommandError(f"the archive of {run_id} does not hold:\n" + "\n".join(f"- {each}" for each in problems))
    last = max(anchors, default=0)
    anchor = anchors.get(last, "")
    if as_json:
        said = {"runId": run_id, "verified": True, "manifestSha256": anchor, "reportManifestSha256": digest}
        said |= {"archives": [{"redrive": number, "manifestSha256": one} for number, one in anchors.items()]}
        said |= {"binding": bound(source.store, run_id, last)}
        console.print(json.dumps(said, indent=2), soft_wrap=True)
        return
    console.print(
        f"The archive of {run_id} is as it was written: every object has the SHA-256 that the manifest says, and the "
        f"manifest the one that the ledger says ({anchor}). "
        + _EARLIER.get(len(anchors), f"Those of its {len(anchors) - 1} earlier ends hold, too. ")
        + ("So are report and findings." if digest else "The ledger has no digest of report and findings."),
        soft_wrap=True,
    )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--html {path}: {error.strerror}; name a file in a directory that you may write to"
        ) from error
