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
    r"|api[-_ ]?key|access[-_ ]?key|session[-_ ]?key|external[-_ ]?id|[-_](?:pass|pwd|key)\Z",
    re.IGNORECASE,
)
_VALUE = r"(?:\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|[^\s\"'&<>]+)"
# What secrets look like in text: words of which one is in every such text, in small letters (looked for first, as that
# is quick), and the pattern, of which the part `kept` stays.
_LOOKS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (words, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for words, pattern in (
        (("akia", "asia"), r"\b(?-i:AKIA|ASIA)[A-Z0-9]{16}\b"),  # AWS access key ids
        (("private key",),
         r"-----BEGIN [A-Z ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z ]*PRIVATE KEY[A-Z ]*-----|\Z)"),
        (("bearer ",), r"(?<=\bBearer )[\w.~+/=-]+"),
        (("gh", "github", "glpat-"), r"\b(?:gh[pousr]_|github_pat_|glpat-)[\w-]+"),  # GitHub, GitLab
        (("xox", "xapp-"), r"\b(?:xox[a-z]|xapp)-[\w-]+"),  # Slack
        (("eyj",), r"\b(?-i:eyJ)[\w-]+\.[\w-]+\.[\w-]*"),  # JSON web tokens
        (("://",), r"(?<=://)[^\s/]+(?=@)"),  # user and password in an address
        (("authorization",), r"(?P<kept>\b(?:Proxy-)?Authorization[\"']?\s*[:=]\s*[\"']?)[^\r\n\"']+"),
        # Scripts, which user data is, as a whole; in base64, those that begin with "#!/" or "#cloud", and gzip.
        (("#!", "#cloud", "#include", "<powershell", "<script", "mime-"),
         r"(?:#!\s*/|#cloud-(?:config|boothook)|#include\b|<powershell|<script|MIME-Version:).*"),
        (("iyev", "i2nsb3vk", "h4si"), r"\b(?-i:IyEv|I2Nsb3Vk|H4sI)[A-Za-z0-9+/=\s]{8,}"),
        (("data",), r"(?P<kept>user[-_ ]?data[\"']?\s*[=:]\s*)(?:\"(?:[^\"\\]|\\.)*\"|(?=[^\s\"]).+)"),
        (("pass", "pwd", "key", "token", "secret", "x-amz"),
         r"(?P<kept>(?:token|passw(?:or)?d|passphrase|secret|(?:secret|api|access)[-_ ]?key|[-_](?:pass|pwd|key)"
         rf"|X-Amz-Signature|X-Amz-Credential)[\"']?\s*[=:]\s*){_VALUE}"),
    )
)  # fmt: skip


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
    small = text.lower()
    for words, pattern in _LOOKS:
        if any(word in small for word in words):
            text = pattern.sub(lambda found: found.groupdict().get("kept", "") + MASK, text)
    return text


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
