"""Versions are in the order of their ecosystem, as its own program or document says."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations, product

import packaging.version
import pytest
import referees
from hypothesis import given, settings
from hypothesis import strategies as st

from golden_ami.evaluation import versions
from golden_ami.evaluation.versions import Order, highest, key_of, order_of, without_epoch

Texts = st.SearchStrategy[str]


def compared(one: str, other: str, order: Order) -> int:
    left, right = key_of(one, order), key_of(other, order)
    assert left is not None, one
    assert right is not None, other
    return (right < left) - (left < right)


def _pieces(characters: str, most: int = 6) -> Texts:
    return st.text(characters, min_size=1, max_size=most)


_EPOCH = st.sampled_from(["", "", "", "0:", "1:", "10:"])
_RPM_PART = _pieces("0019ab._+~^", 8) | st.sampled_from(["4.18.0", "553.el8_10", "553.16.1.el8_10", "1.amzn2.0.12"])
_RPM = st.builds("{}{}-{}".format, _EPOCH, _RPM_PART, _RPM_PART)
_DEB_TAIL = st.text("019abZ.+~", max_size=6)
_DEB = st.builds("{}{}{}-{}{}".format, _EPOCH, st.integers(0, 20), _DEB_TAIL, _DEB_TAIL, st.sampled_from("01a~+"))
_NUMBER = st.integers(0, 12).map(str)
_IDENTIFIER = _NUMBER | st.sampled_from(["alpha", "beta", "rc", "canary", "0a", "-", "M1", "a-b"])
_PRE = st.lists(_IDENTIFIER, max_size=3).map(lambda parts: "-" + ".".join(parts) if parts else "")
_SEMVER = st.builds("{}.{}.{}{}".format, _NUMBER, _NUMBER, _NUMBER, _PRE)
_STAGE, _DEV = st.sampled_from(["", "a1", "rc10", ".post1", "-1", ".0"]), st.sampled_from(["", ".dev2"])
_PEP_440 = st.builds("{}{}.{}{}{}".format, st.sampled_from(["", "1!"]), _NUMBER, _NUMBER, _STAGE, _DEV)


def _python(pairs: referees.Pairs) -> list[int]:
    read = packaging.version.Version
    return [(read(one) > read(other)) - (read(one) < read(other)) for one, other in pairs]


@pytest.mark.parametrize(
    ("order", "texts", "referee"),
    [("rpm", _RPM, referees.rpm), ("dpkg", _DEB, referees.dpkg), ("semver", _SEMVER, referees.npm),
     ("python", _PEP_440, _python)],
    ids=["rpm", "dpkg", "npm", "packaging"],
)  # fmt: skip
def test_the_order_is_the_ecosystems_own(
    order: Order, texts: Texts, referee: Callable[[referees.Pairs], list[int]]
) -> None:
    referee([("1.0.0", "1.0.1")])  # skips outside of the search

    @settings(max_examples=8)
    @given(st.lists(texts, min_size=9, max_size=12, unique=True))
    def hold(found: list[str]) -> None:
        pairs = list(combinations(found, 2))
        assert [compared(*pair, order) for pair in pairs] == referee(pairs)

    hold()


def test_rpms_separators_digits_and_caret() -> None:
    pairs = [
        ("4.18.0-553.el8_10", "553.16.1.el8_10"), ("1.0-1", "1.0^20240101-1"), ("1.0^1-1", "1.0.1-1"),
        ("1.0a-1", "1.0.1-1"), ("1.0_1-1", "1.0.2-1"), ("1.0~rc1-1", "1.0-1"), ("2.34-83.el9", "2.34-100.el9"),
        ("1.0.2k-24.amzn2.0.4", "1.0.2k-24.amzn2.0.12"), ("9.9-1", "1:0.1-1"),
    ]  # fmt: skip
    assert referees.rpm(pairs) == [compared(*pair, "rpm") for pair in pairs] == [-1] * len(pairs)
    assert compared("1.0.1", "1_0+1", "rpm") == 0


# The examples of https://maven.apache.org/pom.html#version-order-specification, each part in rising order.
MAVEN = [
    [["1"], ["1.1"]],
    [["1-snapshot"], ["1"], ["1-sp"]],
    [["1-foo2"], ["1-foo10"]],
    [["1.foo", "1-foo"], ["1-1"], ["1.1"]],
    [["1.ga", "1-ga", "1-0", "1.0", "1"]],
    [["1-ga"], ["1-sp"]],
    [["1-ga.1"], ["1-sp.1"]],
    [["1-sp-1"], ["1-ga-1"]],
    [["1-a1", "1-alpha-1"]],
    [["1-alpha"], ["1-beta"], ["1-milestone"], ["1-rc", "1-cr"], ["1-snapshot"], ["1", "1-final", "1-ga", "1-release"],
     ["1-sp"], ["1-abc"]],
    [["10.0.0-M5"], ["10.0.0-M10"], ["10.0.0.CR1"], ["10.0.0-SNAPSHOT"], ["10.0.0", "10.0.0.Final", "10.0.0.RELEASE"]],
]  # fmt: skip


@pytest.mark.parametrize("rising", MAVEN)
def test_mavens_own_examples(rising: list[list[str]]) -> None:
    for group in rising:
        assert all(compared(one, other, "java") == 0 for one, other in product(group, group))
    for lower, higher in combinations(rising, 2):
        assert all(compared(one, other, "java") == -1 for one, other in product(lower, higher))


@pytest.mark.parametrize(
    ("manager", "system", "lower", "higher"),
    [("JAR", "", "10.0.0-M10", "10.0.0"), ("POM", "el8", "2.9", "2.10.1"), ("JAR", "", "31.1-jre", "32.0.0-android"),
     ("NPM", "", "1.0.0-1", "1.0.0"), ("YARN", "", "15.0.0-canary.9", "15.0.0-canary.10"),
     ("NODEPKG", "", "1.0.0-rc.1", "v1.0.0"), ("GOBINARY", "", "v0.9.0", "0.38.0"), ("GOMOD", "", "go1.21.9", "1.22"),
     ("GOMOD", "", "v0.0.0-20220314234659-1baeb1ce4c0b", "v0.0.0-20230105000000-0000000000aa"),
     ("CARGO", "", "1.0.0-alpha", "1.0.0+build"), ("PIP", "", "1.0.dev1", "1.0a1"), ("POETRY", "", "1.0", "1.0-1"),
     ("GEMSPEC", "", "1.0.0.a9", "1.0.0.a10"), ("BUNDLER", "", "1.0.0.rc1", "1.0.0"),
     ("NUGET", "", "1.2.3.4-beta", "1.2.3.4"), ("DOTNET_CORE", "", "8.0.9", "8.0.10"),
     ("COMPOSER", "", "1.0.0-RC2", "v1.0.0"), ("COMPOSER", "", "1.0.0", "1.0.0-p1"),
     ("COMPOSER", "", "1.0.0-beta2", "1.0.0-beta10"), ("OS", "el8", "1.0a-1", "1.0.1-1"),
     ("OS", "amzn2", "1.0-1", "1.0^git1-1"), ("OS", "Ubuntu 22.04", "1.0a-1", "1.0+b-1"), ("", "deb12", "1.0", "1.0a"),
     ("SOMETHING", "", "1.9", "1.10")],
)  # fmt: skip
def test_by_package_manager_and_operating_system(manager: str, system: str, lower: str, higher: str) -> None:
    order = order_of(manager, system)
    assert compared(lower, higher, order) == -1
    assert highest([higher, lower], order) == highest([lower, higher], order) == higher


UNREADABLE = [
    ("python", "2004d"), ("semver", "1.2.3.4"), ("semver", "latest"), ("numbers", "1.0-rc1"), ("rpm", "1-2-3"),
    ("rpm", "a:1"), ("dpkg", "v1"), ("dpkg", "1.0-"), ("ruby", "1..2"), ("php", "1.0.0-canary"), ("dotnet", "one"),
    ("rpm", "٣"), ("semver", "1.0.0-01"), ("java", "1 0"), ("semver", "1.."),
]  # fmt: skip


@pytest.mark.parametrize(("order", "version"), [*UNREADABLE, ("rpm", "1" * 5000), ("python", "1" * 5000)])
def test_what_is_no_version_has_no_place(order: Order, version: str) -> None:
    assert key_of(version, order) is None
    assert highest([version], order) == ""
    assert highest([version, "1.0.0"], order) == "1.0.0"


@given(st.sampled_from(sorted(versions._KEYS)), st.lists(st.text(max_size=12) | _RPM | _SEMVER, max_size=6))
def test_any_text_is_compared_or_refused(order: Order, texts: list[str]) -> None:
    best = highest(texts, order)
    assert best == highest(random.Random(1).sample(texts, len(texts)), order)
    readable = [text for text in texts if key_of(text, order) is not None]
    assert (best in readable) if readable else best == ""
    assert all(compared(best, text, order) >= 0 for text in readable)


def test_libraries_are_loaded_for_versions_of_their_ecosystem_only() -> None:
    program = (
        "import sys; import handlers.aggregate; from golden_ami.evaluation import versions as v;"
        "loaded = lambda: sorted({'univers', 'semver', 'attr'} & {*sys.modules}); print(loaded());"
        "v.key_of('1.0-1', 'rpm'); print(loaded()); v.key_of('1.0.0', 'semver'); print(loaded())"
    )
    command = [sys.executable, "-c", program]
    environment = {"PYTHONPATH": str(referees.SEMVER.parents[1] / "functions")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['univers']", "['semver', 'univers']"]


def test_an_epoch_of_zero_says_nothing() -> None:
    assert [without_epoch(one) for one in ("0:1.0-1", "1:1.0-1", "10:1")] == ["1.0-1", "1:1.0-1", "10:1"]
