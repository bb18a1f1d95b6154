"""The prices to reckon with: the shipped table, with the operator's own over it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from golden_ami.usage.prices import BadPrices, Prices, parsed, shipped
from golden_ami_cli.errors import BadFile


def prices(override: Path | None = None) -> Prices:
    """The shipped table, with a file's over it. Raises UsageError."""
    return own(override).over(shipped()) if override else shipped()


def own(override: Path) -> Prices:
    """The prices of a file. Raises UsageError."""
    from golden_ami.configuration.json_text import DEPTH, position, too_deep
    from golden_ami_cli.files import read_text

    text = read_text(override)
    try:
        return parsed(tomllib.loads(text))
    except RecursionError:
        value = f"more than {DEPTH} lists and tables in each other at {position(text, too_deep(text) or 0)}"
        raise BadFile(override, "file", value, "leave the nesting out") from None
    except tomllib.TOMLDecodeError as error:
        raise BadFile(override, "file", f"not TOML: {error}", "correct it there") from None
    except BadPrices as error:
        raise BadFile(override, *error.args) from None
