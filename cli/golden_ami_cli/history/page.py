"""The history as one self-contained HTML file: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from golden_ami.characters import printable
from golden_ami.history.mask import masked, masked_text
from golden_ami_cli.history.gantt import rows, ticks
from golden_ami_cli.history.graph import Graph, graph_of
from golden_ami_cli.history.model import STATUSES, ExecutionHistory, Visit
from golden_ami_cli.history.phases import human, shares
from golden_ami_cli.history.readable import readable
from golden_ami_cli.history.svg import LABELS, svg

TABS = 8  # more AMIs than this are chosen from a list

_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


def page(history: ExecutionHistory) -> str:
    """The HTML document. Secrets in inputs, outputs and causes are masked."""
    graph = graph_of(history)
    items = _items(history)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            history=history,
            graph=Markup(svg(graph)),
            data=Markup(_script_json(_data(history, graph))),
            shares=[share for share in shares(history) if share.duration or share.phase == "ours"],
            rows=rows(history),
            ticks=ticks(history),
            items=items,
            tabs=len(items) <= TABS,
            states=Counter(node.status for node in graph.walk()),
            statuses=[status for status in STATUSES[::-1] if status != "running" or not history.stopped],
            labels=LABELS,
            console=console_link(history.arn),
            cause=readable(history.cause),
            starter=printable(readable(history.started_by)),
            style=Markup(_text("page.css")),
            script=Markup(_text("page.js")),
        )
    )


def console_link(arn: str) -> str:
    """The execution's page in the Step Functions console; "" when the ARN is none."""
    parts = arn.split(":")
    if len(parts) < 8 or parts[2] != "states":
        return ""
    host = _CONSOLES.get(parts[1], "console.aws.amazon.com")
    return f"https://{parts[3]}.{host}/states/home?region={parts[3]}#/v2/executions/details/{arn}"


def _items(history: ExecutionHistory) -> list[str]:
    """What the Maps iterated over, in the order of their first appearance."""
    labels: dict[str, None] = {}
    for visit in history.visits():
        if visit.type == "Map":
            labels.update(dict.fromkeys(frame.label for frame in visit.frames))
    return list(labels)


class _Payloads:
    """Each distinct text once: a state's output is the next one's input."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._known: dict[str, int] = {}

    def add(self, text: str | None) -> int:
        """The text's number; -1 for none."""
        if text is None:
            return -1
        if text not in self._known:
            self._known[text] = len(self.texts)
            self.texts.append(masked_text(text))
        return self._known[text]


def _data(history: ExecutionHistory, graph: Graph) -> dict[str, Any]:
    """What the page's script shows on demand. Times are milliseconds since the start."""
    payloads = _Payloads()

    def since(moment: datetime) -> int:
        return round((moment - history.started) / timedelta(milliseconds=1))

    def attempt(visit: Visit) -> list[list[Any]]:
        return [
            [since(a.started), since(a.ended or history.last), a.error, masked_text(a.cause)] for a in visit.attempts
        ]

    return {
        "started": history.started.isoformat(),
        "visits": [
            [
                visit.event,
                " / ".join(visit.path),
                visit.frame.label if visit.frame.owner else "",
                since(visit.entered),
                since(visit.exited or history.last),
                visit.status,
                payloads.add(visit.input),
                payloads.add(visit.output),
                visit.error,
                masked_text(visit.cause),
                attempt(visit),
                [
                    [
                        frame.label,
                        frame.status,
                        since(frame.started or visit.entered),
                        since(frame.ended or history.last),
                    ]
                    for frame in visit.frames
                ],
            ]
            for visit in history.visits()
        ],
        "events": [
            [
                step.id,
                step.previous,
                since(step.at),
                step.type,
                step.state,
                step.item,
                step.visit,
                payloads.add(step.input),
                payloads.add(step.output),
                step.error,
                masked_text(step.cause),
            ]
            for step in history.steps
        ],
        "states": {
            " / ".join(node.path): {"type": node.type, "comment": node.comment, "status": node.status}
            for node in graph.walk()
        },
        "definition": masked(history.definition),
        "labels": LABELS,
        "payloads": payloads.texts,
    }


def _script_json(data: Any) -> str:
    """JSON that no HTML parser can mistake for markup."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a content security policy names an inline script or style (CSP Level 3, hash-source)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_text), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["human"] = human
    environment.filters["sha256"] = _hash
    environment.filters["clock"] = lambda moment: f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return environment
