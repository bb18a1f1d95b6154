"""The configuration: read from text, checked, and written back. Pure; the schema ships beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeVar

import msgspec

from golden_ami.characters import is_blank, printable
from golden_ami.configuration.json_text import decode
from golden_ami.configuration.problems import QUOTED_JSON, is_quoted_json, problems_of, shown
from golden_ami.configuration.texts import text_problems
from golden_ami.configuration.user_data import user_data_problems
from golden_ami.configuration.waits import budget_problems, contradictions
from golden_ami.engines.registry import ENGINES, traits
from golden_ami.errors import InvalidConfiguration, Problem
from golden_ami.models import DEFAULT_ENGINE, AmiEntry, Config, Threshold, Waits

T = TypeVar("T")

_LEGACY = {"amiid": "amiId", "instancetype": "instanceType", "userdata": "userData"}
_ROW_LIMIT = 150_000  # bytes of JSON; with storage.terms and the rest of a run in one item (DynamoDB, "Quotas": 400 KB)
_APART: dict[str, Any] = {"amis": [], "exceptions": [], "routes": {}}  # what stands elsewhere where it is long


def parse(text: str, source: str) -> Config:
    """The configuration that a text holds: the object form, or the 2017 array, which has all other defaults.

    `source` says in errors where the text came from. Raises InvalidConfiguration with every problem found.
    """
    return parse_document(decode(text, source), source)


def parse_document(document: object, source: str) -> Config:
    """Like `parse`, of a document that is decoded already (from YAML, say)."""
    spellings: dict[tuple[int, str], str] | None = None
    settings: dict[str, Any] = {}
    if isinstance(document, list):
        entries, problems = _fold_spellings(document)
        spellings = _spellings(document)
        problems += problems_of(entries, schema(), "array2017" if not entries else "ami2017", spellings)
        settings = {"amis": entries}
    elif isinstance(document, dict):
        settings = {name: value for name, value in document.items() if name not in ("document", "$schema")}
        problems = problems_of(settings, schema(), "configuration", None)
        if "document" in document:
            remedy = "a document that is pointed to cannot point on"
            problems.insert(0, Problem("document", shown(document["document"]), remedy))
    else:
        remedy = 'write {"version": 1, "amis": [{"amiId": "ami-…"}]} or the 2017 array [{"ami-id": "ami-…"}]'
        problems = [Problem("$", *QUOTED_JSON) if is_quoted_json(document) else Problem("$", shown(document), remedy)]
    problems += _semantic_problems(settings, spellings) + text_problems(document)
    if problems or (problems := _size_problems(settings)):
        raise InvalidConfiguration(source, problems)
    config = _converted(settings, Config)
    if problems := budget_problems(config.waits, len(config.amis)):
        raise InvalidConfiguration(source, problems)
    return config


def pointer(text: str, source: str) -> str | None:
    """The S3 address of the document that the text points to, as `s3://bucket/config/name`; None for any other text.

    Raises InvalidConfiguration when the text points in a way that is not allowed.
    """
    document = decode(text, source)
    if not isinstance(document, dict) or "document" not in document or "amis" in document:
        return None
    problems = problems_of(document, schema(), "pointer", None)
    if problems:
        raise InvalidConfiguration(source, problems)
    return str(document["document"])


def to_text(config: Config) -> str:
    """The configuration in its object form, as compact JSON; `parse` reads it back to an equal one."""
    return json.dumps(msgspec.to_builtins(config), ensure_ascii=False, separators=(",", ":"))


def _converted(settings: Any, kind: type[T]) -> T:
    """JSON has one kind of number, and 240.0 is a whole one."""
    return msgspec.convert(_whole(settings), kind)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _whole(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_whole(member) for member in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of the configuration."""
    text = files("golden_ami").joinpath("schema/configuration.schema.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


class Folded(NamedTuple):
    """An AMI entry that stands for all entries of the same AMI."""

    entry: AmiEntry
    notes: list[str]


def fold_duplicates(entries: Iterable[AmiEntry], *, region: str = "", account: str = "") -> list[Folded]:
    """One entry for each AMI (id, region and account), the first one; its notes say what the others had differently.

    `region` and `account` are those of entries that name none.
    """
    kept: dict[tuple[str, str, str], Folded] = {}
    for entry in entries:
        key = (entry.ami_id, entry.region or region, entry.account or account)
        first = kept.setdefault(key, Folded(entry, []))
        if first.entry is not entry:
            note = _duplicate_note(first.entry, entry)
            if note not in first.notes:
                first.notes.append(note)
    return list(kept.values())


def _duplicate_note(first: AmiEntry, other: AmiEntry) -> str:
    mine, theirs = msgspec.to_builtins(first), msgspec.to_builtins(other)
    differing = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
    difference = f"; the first entry's {', '.join(differing)} was used" if differing else ""
    return f"configured more than once, assessed once{difference}"


# ---------------------------------------------------------------- the 2017 array


def _legacy_name(name: str) -> str:
    return _LEGACY.get(re.sub(r"[-_ ]", "", name).lower(), name)


def _fold_spellings(items: list[Any]) -> tuple[list[Any], list[Problem]]:
    folded: list[Any] = []
    problems: list[Problem] = []
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            folded.append(item)
            continue
        entry: dict[str, Any] = {}
        for name, value in item.items():
            known = _legacy_name(str(name))
            if known in entry:
                problems.append(Problem(f"[{index}].{name}", f"a second spelling of {known}", "keep one of them"))
            entry.setdefault(known, value)
        folded.append(entry)
    return folded, problems


def _spellings(items: list[Any]) -> dict[tuple[int, str], str]:
    """How the document spells a name, by index and folded name."""
    return {
        (index, _legacy_name(str(name))): str(name)
        for index, item in enumerate(items)
        if isinstance(item, dict)
        for name in reversed(item)
    }


# ---------------------------------------------------------------- what a schema cannot say


def _semantic_problems(settings: dict[str, Any], spellings: dict[tuple[int, str], str] | None) -> list[Problem]:
    amis = settings.get("amis")
    entries = amis if isinstance(amis, list) else []
    engines = {settings.get("engine")} | {entry.get("engine") for entry in entries if isinstance(entry, dict)}
    timed = any(traits(engine).known_duration for engine in ENGINES if engine in engines)
    problems = _wait_problems(settings.get("waits"), timed=timed)
    problems += _exception_problems(settings.get("exceptions"))
    default, cis = settings.get("engine", DEFAULT_ENGINE), settings.get("cis")
    used = [entry.get("engine") or default for entry in entries if isinstance(entry, dict)]
    problems += _policy_problems("policy", settings.get("policy"), _without_benchmark(cis, used))
    for index, entry in enumerate(entries):
        if isinstance(entry, dict):
            why = _without_benchmark(cis, [entry.get("engine") or default])
            problems += _policy_problems(f"amis[{index}].policy", entry.get("policy"), why)
        text = entry.get("userData") if isinstance(entry, dict) else None
        if isinstance(text, str):
            path = f"amis[{index}].userData"
            if spellings is not None:
                path = f"[{index}].{spellings[index, 'userData']}"
            problems += user_data_problems(path, text)
    return problems


def _wait_problems(given: object, *, timed: bool) -> list[Problem]:
    given = given if isinstance(given, dict) else {}
    try:
        return contradictions(given, _converted(given, Waits), timed=timed)
    except msgspec.ValidationError:
        return []  # the schema has said so


def _size_problems(settings: dict[str, Any]) -> list[Problem]:
    size = len(json.dumps({**settings, **_APART}, ensure_ascii=False).encode())
    if size <= _ROW_LIMIT:
        return []
    remedy = f"keep all but amis, exceptions and routes within {_ROW_LIMIT:,} bytes"
    return [Problem("$", f"{size:,} bytes without its AMIs, exceptions and routes", remedy)]


def _without_benchmark(cis: object, engines: Iterable[object]) -> str:
    """What to do where no CIS benchmark runs; "" where one does. What `auto` chooses is not known yet."""
    if not cis:
        return "add cis, for without it no benchmark runs and no AMI passes; or take cis out of require"
    if any(engine not in ENGINES or traits(engine).has_benchmark for engine in engines):
        return ""
    able = " or ".join(name for name in ENGINES if traits(name).has_benchmark)
    return f"use engine {able}, for no other runs the benchmark; or take cis out of require"


def _policy_problems(path: str, policy: object, without_benchmark: str) -> list[Problem]:
    """What would pass every AMI, whatever is found, and was not asked for; and what no AMI could pass."""
    if not isinstance(policy, dict):
        return []
    problems = _threshold_problems(path, policy)
    required = policy.get("require")
    if isinstance(required, list) and "cis" in required and without_benchmark:
        problems.append(Problem(f"{path}.require[{required.index('cis')}]", shown("cis"), without_benchmark))
    return problems


def _threshold_problems(path: str, policy: dict[str, Any]) -> list[Problem]:
    given = policy.get("failOn")
    given = given if isinstance(given, dict) else {}
    try:
        rules = _rules_of(_converted(given, Threshold))
    except (msgspec.ValidationError, UnicodeEncodeError):  # the latter of half a surrogate pair
        return []  # the schema has said so
    if policy.get("reportOnly") is True:
        remedy = "take it out, for with reportOnly no finding fails an AMI; or take reportOnly out"
        return [Problem(f"{path}.failOn.{name}", shown(given[name]), remedy) for name in rules if name in given]
    if rules:
        return []
    but = " but one of a discontinued operating system" if given.get("discontinuedOs") is True else ""
    remedy = (
        f"no finding{but} can fail an AMI: name a severity, knownExploited, exploitAvailable or epss, or set reportOnly"
    )
    return [Problem(f"{path}.failOn.severities", "[]", remedy)]


def _rules_of(threshold: Threshold) -> list[str]:
    """The rules of `failOn` that are on, but for `discontinuedOs`, which is no rule on what is found."""
    on = {
        "severities": bool(threshold.severities),
        "knownExploited": threshold.known_exploited is not False,
        "exploitAvailable": threshold.exploit_available,
        "epss": threshold.epss is not None,
    }
    return [name for name, is_on in on.items() if is_on]


def _exception_problems(given: object) -> list[Problem]:
    problems = []
    for index, exception in enumerate(given if isinstance(given, list) else []):
        problems += _text_problems(f"exceptions[{index}]", exception)
        expires = exception.get("expires") if isinstance(exception, dict) else None
        if isinstance(expires, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", expires):
            try:
                date.fromisoformat(expires)
            except ValueError:
                remedy = "give a day of the calendar as YYYY-MM-DD"
                problems.append(Problem(f"exceptions[{index}].expires", expires, remedy))
    return problems


def _text_problems(path: str, exception: object) -> list[Problem]:
    """What an exception must say with characters that can be seen: a blank id would stand for findings without one."""
    if not isinstance(exception, dict):
        return []
    scope = exception.get("scope")
    texts = {name: exception.get(name) for name in ("vulnerability", "reason", "owner")}
    texts |= {f"scope.{name}": scope.get(name) for name in ("lineage", "package")} if isinstance(scope, dict) else {}
    problems = [
        Problem(f"{path}.{name}", f"{shown(printable(text))}, which is blank", "write a text that can be seen")
        for name, text in texts.items()
        if isinstance(text, str) and text and is_blank(text)
    ]
    vulnerability = texts["vulnerability"]
    if isinstance(vulnerability, str) and not is_blank(vulnerability):
        if printable(vulnerability.strip()) != vulnerability.strip():
            value = f"{shown(printable(vulnerability))}, which has characters that cannot be seen"
            problems.append(Problem(f"{path}.vulnerability", value, "write the id alone, like CVE-2024-3094"))
        elif "*" in vulnerability or not re.search("[A-Za-z0-9]", vulnerability):
            remedy = "name one vulnerability, like CVE-2024-3094; an exception for several is several exceptions"
            problems.append(Problem(f"{path}.vulnerability", shown(vulnerability), remedy))
    return problems
