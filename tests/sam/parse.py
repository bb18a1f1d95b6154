"""Runs under the Python of AWS SAM CLI: parses command lines with SAM CLI's own commands, and runs none of them.

Standard input: a JSON list of lists of words, without `sam`. Standard output: for each, {"error"} or {"parameters"},
the parameter overrides as the command would get them.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from samcli.cli.main import cli


def parse(words: list[str]) -> dict[str, Any]:
    command: Any = cli
    context = None
    name = "sam"
    while True:
        context = command.make_context(name, words, parent=context)
        words = [*getattr(context, "protected_args", []), *context.args]  # what the command did not take
        if not hasattr(command, "resolve_command"):
            break
        with context:
            name, command, words = command.resolve_command(context, words)
    if words:
        raise click.UsageError(f"sam {name} does not take {' '.join(words)}")
    return {"parameters": context.params.get("parameter_overrides") or {}}


def outcome(words: list[str]) -> dict[str, Any]:
    try:
        return parse(words)
    except click.ClickException as error:
        return {"error": error.format_message()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps([outcome(words) for words in json.load(sys.stdin)]))
