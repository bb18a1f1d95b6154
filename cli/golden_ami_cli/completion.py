"""What the shell completes of values: run ids, and names with commas. AWS is not asked, which would take seconds.

Engines and other choices are completed by typer.
"""

from __future__ import annotations

from pathlib import Path

import typer


def run_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of the runs in the copy that --from names, else in the workspace of local runs, if there is one."""
    copied, workspace = context.params.get("copied"), context.params.get("workspace")
    try:
        found = _copied(Path(copied)) if copied else _kept(Path(workspace) if workspace else None)
    except Exception:  # noqa: BLE001 -- a shell that completes shows no error
        return []
    return [run for run in found if run.startswith(incomplete)]


def _copied(folder: Path) -> list[str]:
    from golden_ami.storage.keys import RUNS

    return sorted(path.name for path in (folder / RUNS).iterdir() if path.is_dir())


def _kept(workspace: Path | None) -> list[str]:
    """Ids by the keys of the objects, the newest first."""
    from golden_ami.storage.keys import RUNS
    from golden_ami_cli.workspaces import default
    from golden_ami_emulator.workspace.folder import Folder

    objects = Folder(workspace or default()).read().objects
    return [*dict.fromkeys(one.key.split("/")[1] for one in reversed(objects) if one.key.startswith(RUNS))]


def faults(incomplete: str) -> list[str]:
    """Names of faults; of several with commas, the last."""
    from golden_ami_emulator.faults import catalogue

    return last_of(incomplete, [*catalogue()])


def last_of(incomplete: str, names: list[str]) -> list[str]:
    """Names that complete what stands behind the last comma."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in names if name.startswith(last)]
