"""One cause of NOT ASSESSED, as the catalogue holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from golden_ami.models import Reason

_OPTIONAL = re.compile(r"\[([^][{]*\{(\w+)\}[^][]*)\]")


class Cause(NamedTuple):
    """A cause: its code, the step that gives it and what was seen, what the report says, and what a person can do.

    Code, message and remedy name fields, as in "{instance}". A part of the message or the remedy in square brackets
    is left out where its field is empty. Call a cause with its fields to get the reason.
    """

    code: str
    when: str
    message: str
    remedy: str

    def __call__(self, **fields: object) -> Reason:
        """The reason of one AMI. Raises KeyError for a field that is not given."""
        return Reason(*(_filled(text, fields) for text in (self.code, self.message, self.remedy)))

    def also(self, when: str, message: str = "", remedy: str = "") -> Cause:
        """Another cause with the same code; message and remedy are this one's where they are not given."""
        return Cause(self.code, when, message or self.message, remedy or self.remedy)


def _filled(text: str, fields: Mapping[str, object]) -> str:
    return _OPTIONAL.sub(lambda part: part[1] if fields[part[2]] else "", text).format_map(fields)
