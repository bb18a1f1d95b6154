"""A new configuration as YAML with comments. Pure; what a setting means is told in the schema's words."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from golden_ami.characters import printable
from golden_ami.configuration.config import schema
from golden_ami_cli.configuration.found import FoundAmi
from golden_ami_cli.configuration.reading import YAML_SUFFIXES
from golden_ami_cli.errors import UsageError

_WIDTH = 100  # columns of a comment
PLACEHOLDER = FoundAmi("ami-00000000000000000", "replace this id with your AMI's")
SETTINGS = {
    "version": "version: 1",
    "engine": "engine: instance",
    "policy": "policy:\n  failOn:\n    severities: [CRITICAL, HIGH]",
}
# Written as comments: what is off, or different in every account.
EXAMPLES = {
    "exceptions": (
        "exceptions:\n"
        "  - vulnerability: CVE-2024-3094\n"
        "    scope: {lineage: base-linux}\n"
        "    reason: Why the risk is accepted.\n"
        "    owner: platform-team\n"
        "    expires: 2027-03-31"
    ),
    "cis": "cis: LEVEL_1",
    "enableInspector": "enableInspector: true",
    "securityHub": "securityHub: true",
    "lineageTag": "lineageTag: ImageFamily",
    "ownerTag": "ownerTag: Owner",
    "act": "act:\n  dryRun: true\n  tagAmis: true",
}
_HEAD = """\
# The configuration of the golden AMI assessment; docs/configuration.md describes every setting.
# Check this file with `golden-ami config validate FILE`, see what it does with `golden-ami config show FILE`,
# and put it into the stack's parameter with `golden-ami config push FILE`.
"""


def text(amis: Sequence[FoundAmi] = ()) -> str:
    """The configuration for these AMIs; for none, with an id to replace, as the schema wants at least one.

    Raises UsageError for more AMIs than a configuration may have.
    """
    most = schema()["$defs"]["configuration"]["properties"]["amis"]["maxItems"]
    if len(amis) > most:
        raise UsageError(f"{len(amis):,} AMIs were found; a configuration has {most:,}: narrow it with --tag or --name")
    settings = [_described(name, shown) for name, shown in SETTINGS.items()]
    examples = [_described(name, textwrap.indent(shown, "# ")) for name, shown in EXAMPLES.items()]
    return "\n".join([_HEAD, *settings, *examples, _described("amis", listed(amis or [PLACEHOLDER])).rstrip()])


def listed(amis: Iterable[FoundAmi]) -> str:
    """The member `amis`, with name and date of each as a comment."""
    return "\n".join(["amis:", *(line for ami in amis for line in _entry(ami))])


def _entry(ami: FoundAmi) -> list[str]:
    """Names are anybody's text: on one line of a comment, with what is not drawn escaped, nothing in them acts."""
    said = ", ".join(printable(part) for part in (ami.name, ami.created and f"created {ami.created}") if part)
    members = {"amiId": ami.ami_id, "region": ami.region, "account": ami.account}
    given = [f"{name}: {json.dumps(value)}" for name, value in members.items() if value]
    comment = [f"  # {said}"] if said else []
    return [*comment, f"  - {given[0]}", *(f"    {one}" for one in given[1:])]


def _described(name: str, shown: str) -> str:
    """A setting below its description."""
    definitions = schema()["$defs"]
    member = definitions["configuration"]["properties"][name]
    described = definitions[member["$ref"].rpartition("/")[2]] | member if "$ref" in member else member
    lines = textwrap.wrap(described["description"], _WIDTH, initial_indent="# ", subsequent_indent="# ")
    return "\n".join([*lines, shown, ""])


def refuse_file(path: Path) -> None:
    """Refuse a file that exists, or that would not be read as YAML. Raises UsageError."""
    if path.suffix.lower() not in YAML_SUFFIXES:
        raise UsageError(
            f"--out {path}: what is written is YAML; give a name that ends in {' or '.join(YAML_SUFFIXES)}"
        )
    if path.exists() or path.is_symlink():
        raise _exists(path)


def write(path: Path, content: str) -> None:
    """Write a file that does not exist yet. Raises UsageError."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise UsageError(f"--out {path}: {error.strerror}; name a file in a directory you may write to") from error


def _exists(path: Path) -> UsageError:
    return UsageError(f"--out {path}: it exists and is not overwritten; name another file, or move this one away")
