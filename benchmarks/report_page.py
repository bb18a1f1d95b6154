"""report.html of many findings: its size, the time to render it, and the time until Chromium lets a person use it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import fleet
from benchmarks.aggregation import aggregate_kept
from benchmarks.processes import answer
from golden_ami.report.formats import load, write
from golden_ami.storage.keys import report_key
from golden_ami.storage.objects import DirectoryStore

_EACH = 1000  # findings of an AMI
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run")


def _main(findings: int) -> None:
    amis = max(1, findings // _EACH)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fleet.write(folder, amis, findings // amis)
        aggregate_kept(folder)
        run_id = fleet.RUN
        page, store = folder / "report.html", DirectoryStore(folder)
        began = time.perf_counter()
        with page.open("wb") as out:
            write(load(store, run_id), store, "html", out)
        rendered = time.perf_counter() - began
        assert (folder / report_key(run_id)).is_file()
        answer(
            findings=findings,
            bytes=page.stat().st_size,
            render_seconds=rendered,
            interactive_seconds=_interactive(page),
        )


def _interactive(page: Path) -> float | None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        tab = browser.new_page()
        tab.goto("about:blank")
        began = time.perf_counter()
        tab.goto(page.as_uri())
        tab.get_by_role("searchbox").first.fill("openssl")  # waits until it can be used
        tab.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        seconds = time.perf_counter() - began
        browser.close()
        return seconds


if __name__ == "__main__":
    _main(int(sys.argv[1]))
