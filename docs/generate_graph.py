"""Writes docs/images/state-machine.svg from the definition, laid out as in an execution's history page."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "functions"), str(ROOT / "cli"), str(ROOT / "emulator")]

from golden_ami_cli.history.graph import read  # noqa: E402
from golden_ami_cli.history.svg import svg  # noqa: E402

STYLE = """<style>
svg { color: #5b6776; font: 14px system-ui, sans-serif; background: #ffffff; }
.box { fill: #ffffff; stroke: #8a95a3; stroke-width: 1.3; } .outer > .box { fill: #eef1f4; }
.icon { fill: none; stroke: currentColor; stroke-width: 1.5; } .name { fill: #1c2530; }
.start, .end { fill: #1c2530; stroke: #1c2530; } .end { fill: #ffffff; stroke-width: 4; }
.shaft { fill: none; stroke: #5b6776; stroke-width: 1.2; } .head { fill: #5b6776; }
.catch .shaft { stroke-dasharray: 4 3; stroke-opacity: .5; } .catch .head { fill-opacity: .5; }
</style>"""


def page() -> str:
    """The drawing, without what belongs to an execution."""
    definition = json.loads((ROOT / "statemachine" / "assessment.asl.json").read_text())
    drawing = re.sub(r'<title>[^<]*</title>|<use class="mark"[^>]*/>', "", svg(read(definition)))
    drawing = re.sub(r' (role|tabindex|aria-label)="[^"]*"', "", drawing)
    return (
        drawing.replace('<svg class="graph"', '<svg xmlns="http://www.w3.org/2000/svg"').replace(
            "<defs>", f"{STYLE}<defs>"
        )
        + "\n"
    )


if __name__ == "__main__":
    sys.stdout.write(page())
