"""Secrets out of what is shown or kept: task tokens, user data, passwords, keys. Over-masking is the safe error.

Data is judged by its key, text by what it looks like; JSON inside text is opened.
"""

from __future__ import annotations

import json
import re
from typing import Any

MASK = "•••"

_KEY = re.compile(
    r"user[-_ ]?data|token|passw(or)?d|passphrase|secret|credential|authorization|private[-_ ]?key"
    r"|api[-_ ]?key|access[-_ ]?key|session[-_ ]?key|external[-_ ]?id",
    re.IGNORECASE,
)
_TEXTS = (
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),  # AWS access key ids
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?<=\bBearer )[\w.~+/=-]+", re.IGNORECASE),
)
_ASSIGNMENT = re.compile(
    r"((?:user[-_ ]?data|token|passw(?:or)?d|passphrase|secret|secret[-_ ]?key|api[-_ ]?key|access[-_ ]?key"
    r"|X-Amz-Signature|X-Amz-Credential)[\"']?\s*[=:]\s*[\"']?)([^\s\"'&,;<>]+)",
    re.IGNORECASE,
)


def masked(value: Any) -> Any:
    """A copy of the data with every secret in it replaced by `MASK`."""
    if isinstance(value, dict):
        return {key: _hidden(member) if _KEY.search(str(key)) else masked(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [masked(member) for member in value]
    return masked_text(value) if isinstance(value, str) else value


def masked_text(text: str) -> str:
    """The text without secrets. JSON in it (an event's input, a function's payload) keeps its meaning."""
    if text[:1] in ("{", "[", '"') and (opened := _opened(text)) is not None:
        hidden = masked(opened)
        return text if hidden == opened else json.dumps(hidden, ensure_ascii=False, separators=(",", ":"))
    for pattern in _TEXTS:
        text = pattern.sub(MASK, text)
    return _ASSIGNMENT.sub(rf"\g<1>{MASK}", text)


def _opened(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _hidden(value: Any) -> Any:
    """Everything under a secret's key; empty values stay, since they say that there was none."""
    if isinstance(value, dict):
        return {key: _hidden(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(member) for member in value]
    return value if value in ("", None) or isinstance(value, bool) else MASK
