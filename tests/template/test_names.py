"""Every name that a page writes as code, or marks as a state, is one that exists."""

from __future__ import annotations

import re
from collections.abc import Callable

import names
import pytest
from documented import PAGES, ROOT

SPAN = re.compile(r"`([^`\n]+)`")
# How names of a kind are spelled, and which there are.
KINDS: dict[str, tuple[str, Callable[[], set[str]]]] = {
    "camel": (r"(?=\w*[a-z])[A-Z]\w+", names.camel),
    "upper": (r"[A-Z][A-Z0-9]*_[A-Z0-9_]+", lambda: names.words_of_sources() | names.other()),
    "lower camel": (r"[a-z]+[A-Z]\w*", lambda: names.of_schemas() | names.words_of_sources() | names.other()),
    "snake": (r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+", names.snake),
    "kebab": (r"[a-z]+(?:-[a-z]+)+", names.kebab),
}
PLACES = ("", "functions/", "functions/golden_ami/", "cli/golden_ami_cli/", "emulator/golden_ami_emulator/", "docs/",
          "emulator/", "tests/", "samples/")  # fmt: skip
# Files that a run, a user or a tool makes, and AWS's.
MADE = re.compile(
    r"(amis\.json|reports?\b.*|history\.html|findings\.csv|junit\.xml|samconfig\.toml|.+\.jsonl.*|.+\.ndjson"
    r"|(definition|input|execution|manifest)\.json)$"
)
# What pages mark and is no state: services, and labels of a console.
LABELS = {"Step Functions", "Step Functions Local", "Security Hub", "Availability Zones", "Inspector Classic",
          "Trace Map", "Collecting Data"}  # fmt: skip


def prose(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def spans() -> dict[str, set[str]]:
    """What stands as code in sentences and tables, and on which pages."""
    found: dict[str, set[str]] = {}
    for page in PAGES:
        for span in SPAN.findall(prose(page.read_text())):
            found.setdefault(span, set()).add(page.relative_to(ROOT).as_posix())
    return found


def unknown(kind: str, written: set[str]) -> set[str]:
    pattern, known = KINDS[kind]
    return {span for span in written if re.fullmatch(pattern, span)} - known()


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_exists(kind: str) -> None:
    found = spans()
    assert {name: found[name] for name in unknown(kind, set(found))} == {}


def test_what_is_gone_is_named_where_changes_are_told() -> None:
    for page in PAGES:
        if page.name not in ("CHANGELOG.md", "upgrading.md", "performance.md"):
            written = prose(page.read_text())
            assert {
                name for name in names.GONE if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", written)
            } == set()


@pytest.mark.parametrize(
    ("kind", "gone"),
    [("camel", "NothingAssessedAlarm"), ("upper", "AGENT_NOT_REGISTRED"), ("lower camel", "agentDeadlineSecond"),
     ("snake", "run_assessment"), ("kebab", "no-verdicts")],
)  # fmt: skip
def test_a_name_that_does_not_exist_is_found(kind: str, gone: str) -> None:
    assert unknown(kind, {gone}) == {gone}


def test_alarms_are_named_as_they_are() -> None:
    """`<stack>-name`, whatever page says it; other resources' names have no such form."""
    named = {span.removeprefix("<stack>-") for span in spans() if re.fullmatch(r"<stack>-[a-z-]+", span)}
    assert named == names.alarms()


def test_states_are_named_as_they_are() -> None:
    """What a page marks as a state; what else it marks is a label of a console or a title."""
    marked = re.compile(r"(?<![*\w])\*{1,2}([A-Z][a-z]+(?: [A-Z][a-z]+)+\??)\*{1,2}(?![*\w])")
    for page in PAGES:
        found = {re.sub(r"\s+", " ", name) for name in marked.findall(prose(page.read_text()))}
        assert found <= names.states() | names.GONE | LABELS, page


def test_files_that_are_named_exist() -> None:
    named = {span for span in spans() if re.fullmatch(r"[\w./-]+\.(?:py|ya?ml|json|toml|md|txt|lock)", span)}
    tests = {path.name for path in (ROOT / "tests").rglob("*.py")} | {
        path.name for folder in ("functions", "emulator", "cli") for path in (ROOT / folder).rglob("*")
    }
    missing = {name for name in named if not any((ROOT / place / name).exists() for place in PLACES)}
    assert {name for name in missing if name not in tests and not MADE.match(name)} == set()


def test_folders_that_are_named_exist() -> None:
    named = {span for span in spans() if re.fullmatch(r"(?:tests|functions|cli|emulator|docs|samples)/[\w/-]*", span)}
    assert named
    installed = {"tests/interpreters/node_modules"}
    assert {name for name in named - installed if not (ROOT / name).is_dir()} == set()


def test_members_of_configuration_and_state_that_are_named_exist() -> None:
    """`waits.pollSeconds`, `policy.failOn`, `$.error`."""
    known = names.of_schemas() | names.words_of_sources()
    pattern = r"(?:\$|waits|policy|failOn|placement|run|amis\[\]|exceptions\[\]|detail)((?:\.\w+)+)"
    found = {span: match[1] for span in spans() if (match := re.fullmatch(pattern, span))}
    assert len(found) > 20
    assert {span for span, path in found.items() if not set(path.split(".")[1:]) <= known} == set()


def test_permissions_that_are_named_exist() -> None:
    """`service:Operation`, and condition keys. The page of permissions is written from the template."""
    known = names.operations() | {"PassRole", "SubnetID", "InstanceProfile", "StateMachineQualifier", "Query"}
    written = {span for span, pages in spans().items() if pages != {"docs/iam.md"}}
    found = {span for span in written if re.fullmatch(r"[a-z0-9]+:[A-Z]\w+", span)}
    assert len(found) > 15
    assert {span for span in found if span.partition(":")[2] not in known} == set()
