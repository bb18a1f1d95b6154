"""Text from outside, made safe for a terminal, a mail or a log line. Pure.

Names, tags, causes and findings' texts may hold control and escape sequences (C0, C1), line breaks and bidirectional or
invisible marks (UAX 9, UTS 39): whoever sees them raw sees what their author wants. They are shown by their escapes.
"""

from __future__ import annotations

import json
import re
import unicodedata

# Letters and marks that are drawn as nothing (Unicode, Default_Ignorable_Code_Point), beside all of category Other,
# and U+2800, the braille pattern without dots.
_UNDRAWN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def printable(text: str, *, lines: bool = False) -> str:
    r"""The text with everything that is not drawn shown as its escape; with `lines`, line feeds stay.

    >>> printable("golden\x1b[2J\nami\u202e")
    'golden\\x1b[2J\\nami\\u202e'
    """
    if lines:
        return "\n".join(map(printable, text.split("\n")))
    if text.isprintable() and not _UNDRAWN.search(text):
        return text
    return "".join(one if _drawn(one) else _escape(one) for one in text)


def printable_json(text: str) -> str:
    """A JSON text with the same content, in which everything that is not drawn, line feeds apart, is escaped."""
    if printable(text, lines=True) == text:
        return text
    return "".join(one if one == "\n" or _drawn(one) else json.dumps(one)[1:-1] for one in text)


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen."""
    return not any(_drawn(one) and not one.isspace() for one in text)


def _drawn(character: str) -> bool:
    return (character.isprintable() or unicodedata.category(character) == "Zs") and not _UNDRAWN.match(character)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
