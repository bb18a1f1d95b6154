"""YAML as text, read as JSON: what one reader takes for another value than the next is refused, with its line.

A configuration is stored as JSON, which has neither anchors nor YAML 1.1's implicit types. So aliases and merge keys
are refused (a few lines of them expand to gigabytes), names are text and stand once, nesting is bounded, and of what
stands without quotes only JSON's own numbers, true, false and null are not text. Dates are text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from golden_ami.configuration.json_text import DEPTH, DocumentNode, joined
from golden_ami.errors import InvalidConfiguration, Problem

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")  # RFC 8259, section 6
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = ("", "~", "null", "Null", "NULL")
# What YAML 1.1 takes for a boolean, and for a number that JSON does not have: octal (also with 0o, or account ids with
# leading zeros), hexadecimal, binary, sexagesimal, with a sign or underscores, infinite.
_BOOLEAN = re.compile(r"yes|no|on|off", re.IGNORECASE)
_OTHER_NUMBER = re.compile(
    r"[-+]?(0[xob]?[0-9a-f_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?"
    r"|\.[0-9][0-9_]*(e[-+]?[0-9]+)?|\.inf)|\.nan",
    re.IGNORECASE,
)


@dataclass
class _OpenYaml:
    """A list or a mapping that is being read."""

    path: str
    content: Any
    name: str | None = None  # of the member whose value comes next

    def put(self, value: Any) -> None:
        if isinstance(self.content, list):
            self.content.append(value)
        else:
            self.content[self.name], self.name = value, None


@dataclass
class Yaml:
    """A YAML text that is read once. `problems` is what makes it unusable, `places` where everything stands."""

    source: str
    document: object = None
    places: list[DocumentNode] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _stack: list[_OpenYaml] = field(default_factory=list)

    @classmethod
    def read(cls, text: str, source: str) -> Yaml:
        """Read it. Raises InvalidConfiguration when it is no YAML, or not such as can be stored as JSON."""
        reading = cls(source)
        try:
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                reading._event(event)
        except yaml.MarkedYAMLError as error:
            where = _position(error.problem_mark) if error.problem_mark else "line 1"
            raise reading._refused("$", f"not YAML: {error.problem} at {where}", "correct it there") from None
        except yaml.YAMLError as error:  # a character that YAML does not allow
            said = str(error).split("\n")[0]
            raise reading._refused("$", f"not YAML: {said}", "leave the character out, or save it as UTF-8") from None
        if reading.problems:
            raise InvalidConfiguration(source, reading.problems)
        return reading

    def _refused(self, path: str, value: str, remedy: str) -> InvalidConfiguration:
        return InvalidConfiguration(self.source, [*self.problems, Problem(path, value, remedy)])

    def _problem(self, path: str, value: str, remedy: str, mark: Any) -> None:
        self.problems.append(Problem(path, f"{value}, {_position(mark)}", remedy))

    def _event(self, event: Any) -> None:
        mark = event.start_mark
        if isinstance(event, yaml.DocumentStartEvent) and self.places:
            raise self._refused("$", f"a second document, {_position(mark)}", "keep one in the file")
        if isinstance(event, yaml.AliasEvent):
            path = self._path(mark)
            self._problem(
                path, f"the alias *{event.anchor}", "write the value out; JSON, which is stored, has none", mark
            )
            self._value(None)
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._value(self._stack.pop().content)

    def _open(self, event: Any) -> None:
        mark = event.start_mark
        if len(self._stack) >= DEPTH:
            value = f"more than {DEPTH} lists and mappings in each other, {_position(mark)}"
            raise self._refused("$", value, "leave the nesting out")
        if self._wants_name:
            raise self._refused(
                self._stack[-1].path or "$", f"a name that is no text, {_position(mark)}", "write a text"
            )
        path = self._path(mark)
        if event.tag:
            self._problem(path, f"the tag {event.tag}", "leave it out", mark)
        self._stack.append(
            _OpenYaml("" if path == "$" else path, {} if isinstance(event, yaml.MappingStartEvent) else [])
        )

    def _scalar(self, event: Any) -> None:
        if self._wants_name:
            self._name(event)
            return
        path, mark = self._path(event.start_mark), event.start_mark
        if event.tag:
            self._problem(path, f"the tag {event.tag}", "leave it out", mark)
        if event.style:
            self._value(event.value)
        elif _BOOLEAN.fullmatch(event.value):
            remedy = f"write true or false, or put it in quotes where it is text: {json.dumps(event.value)}"
            self._problem(path, f"{event.value} without quotes", remedy, mark)
            self._value(event.value)
        elif not _NUMBER.fullmatch(event.value) and _OTHER_NUMBER.fullmatch(event.value):
            remedy = f"put it in quotes where it is text: {json.dumps(event.value)}; write a number with decimal digits"
            self._problem(path, f"{event.value} without quotes", remedy, mark)
            self._value(event.value)
        else:
            self._value(_plain(event.value))

    def _name(self, event: Any) -> None:
        name, top, mark = str(event.value), self._stack[-1], event.start_mark
        path = joined(top.path, name)
        self.places.append(DocumentNode(path, mark.line, name in top.content))
        if name in top.content:
            self._problem(path, f"given twice, again at {_position(mark)}", "keep one", mark)
        if name == "<<" and not event.style:
            self._problem(path, "a merge key", "write the members out; JSON, which is stored, has none", mark)
        top.content[name] = None
        top.name = name

    @property
    def _wants_name(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].content, dict) and self._stack[-1].name is None

    def _path(self, mark: Any) -> str:
        """The path of the value that begins here."""
        if not self._stack:
            self.places.append(DocumentNode("$", mark.line))
            return "$"
        top = self._stack[-1]
        if top.name is not None:
            return joined(top.path, top.name)
        if self._wants_name:  # an alias in a name's place
            top.name = "*"
            return joined(top.path, "*")
        path = joined(top.path, len(top.content))
        self.places.append(DocumentNode(path, mark.line))
        return path

    def _value(self, value: Any) -> None:
        if self._stack:
            self._stack[-1].put(value)
        else:
            self.document = value


def _plain(text: str) -> Any:
    if text in _NULLS:
        return None
    if text in _WORDS:
        return _WORDS[text]
    try:
        return json.loads(text) if _NUMBER.fullmatch(text) else text
    except ValueError:  # thousands of digits
        return float("inf")


def _position(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"
