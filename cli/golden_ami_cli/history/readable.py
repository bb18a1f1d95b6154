"""Causes as a person reads them."""

from __future__ import annotations

import json

from golden_ami.history.mask import masked_text


def readable(cause: str) -> str:
    """The message in a Lambda function's error, or the cause as it is; secrets masked."""
    try:
        opened = json.loads(cause)
    except ValueError:
        return masked_text(cause)
    message = opened.get("errorMessage") if isinstance(opened, dict) else None
    return masked_text(str(message or cause))
