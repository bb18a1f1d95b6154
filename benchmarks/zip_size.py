"""Builds the Lambda zip as `sam build` does (arm64, Python 3.13, hashes checked) and prints its size and contents."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

FUNCTIONS = Path(__file__).parents[1] / "functions"
LIMITS = {"zip": 50 * 2**20, "unzipped": 250 * 2**20}  # bytes; Lambda's, for an upload and for what it unpacks


def build(folder: Path) -> None:
    """The functions and their locked dependencies in one folder."""
    ignored = shutil.ignore_patterns("__pycache__", "requirements.*")
    shutil.copytree(FUNCTIONS, folder, ignore=ignored, dirs_exist_ok=True)
    target = ["--target", str(folder), "--platform", "manylinux2014_aarch64", "--python-version", "3.13"]
    requirements = ["--require-hashes", "--requirement", str(FUNCTIONS / "requirements.txt")]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    subprocess.run([*pip, "--only-binary=:all:", "--no-deps", *target, *requirements], check=True)


def pack(folder: Path, archive: Path) -> None:
    """The same files make the same bytes."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            out.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="keep the zip here")
    output: Path | None = parser.parse_args().output
    with tempfile.TemporaryDirectory() as temporary:
        folder, archive = Path(temporary) / "content", output or Path(temporary) / "functions.zip"
        build(folder)
        pack(folder, archive)
        packed, unpacked = Counter[str](), Counter[str]()
        with zipfile.ZipFile(archive) as content:
            for entry in content.infolist():
                top = entry.filename.split("/")[0]
                packed[top] += entry.compress_size
                unpacked[top] += entry.file_size
        for name, size in packed.most_common():
            print(f"{size / 1024:10,.0f} KiB {unpacked[name] / 1024:10,.0f} KiB unzipped  {name}")
        sizes = {"zip": archive.stat().st_size, "unzipped": sum(unpacked.values())}
    for name, size in sizes.items():
        print(f"{name}: {size / 2**20:.1f} MiB of {LIMITS[name] / 2**20:.0f} MiB")
    return int(any(size > LIMITS[name] for name, size in sizes.items()))


if __name__ == "__main__":
    sys.exit(main())
