"""The files that are deployed and assessed: the template, the definition, the handlers, the samples."""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).with_name("project")  # where a wheel carries them; a clone has them at its root
ROOT = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
SAMPLES = ROOT / "samples"
MEMBER_ROLE = ROOT / "docs" / "member-role.yaml"
MEMBER_EVENTS = ROOT / "docs" / "member-events.yaml"
