"""Writes docs/images/report.png and history.png: the pages of a local assessment of the sample, in Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
SIZES = {"report": (1160, 1180), "history": (1280, 1500)}  # pixels


def main() -> None:
    """Assess the sample with nothing remembered, and take a picture of each page's beginning."""
    with tempfile.TemporaryDirectory() as folder:
        program = [sys.executable, "-m", "golden_ami_cli", "assess", "--local"]
        places = ["--workspace", f"{folder}/workspace", "--report-dir", f"{folder}/reports"]
        subprocess.run([*program, *places], check=True, stdout=subprocess.DEVNULL)
        _take(Path(folder, "reports"))


def _take(reports: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for name, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto((reports / f"{name}.html").as_uri())
            page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
