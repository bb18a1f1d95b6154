"""Causes as a person reads them."""

from __future__ import annotations

import json
import re

from golden_ami.history.mask import masked_text

_BORDER = re.compile(r"\n|(?<=[.;!?])\s")


def cut(text: str, most: int) -> str:
    """The text, or of one that is longer its beginning up to the last line or sentence that fits, saying so."""
    if len(text) <= most:
        return text
    borders = [border.start() for border in _BORDER.finditer(text, most // 2, most)]
    word = text.rfind(" ", most // 2, most)
    kept = text[: borders[-1] if borders else word if word > 0 else most].rstrip()
    return f"{kept}\n… cut: {len(text) - len(kept):,} more characters"


def readable(cause: str) -> str:
    """The message in a Lambda function's error, or the cause as it is; secrets masked."""
    try:
        opened = json.loads(cause)
    except ValueError:
        return masked_text(cause)
    message = opened.get("errorMessage") if isinstance(opened, dict) else None
    return masked_text(str(message or cause))
