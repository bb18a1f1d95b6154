"""What holds of every name: marks of a build change nothing, releases do."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from golden_ami.lineage.builds import may_hold_build, without_builds
from golden_ami.lineage.patterns import PRODUCTS, VAGUE_PRODUCTS

WORDS = st.lists(
    st.sampled_from(["golden", "web", "base-linux", "api", "rhel-9", "ubuntu-22.04", "al2023", "node-v18", "k8s-1.29",
                     "windows-2022", "eks-node-1.30", "sles-15-sp5", "x86_64", "arm64", "prod", "RHEL-9.4.0_HVM"]),
    min_size=1, max_size=4, unique=True,
)  # fmt: skip
NAMES = st.builds(lambda words, gap: gap.join(words), WORDS, st.sampled_from(["-", "_", " ", "/"]))
MOMENTS = st.datetimes(datetime(2001, 9, 10), datetime(2059, 12, 31))
FORMATS = [
    "%Y-%m-%d", "%Y%m%d", "%Y.%m.%d", "%Y_%m_%d", "%Y-%m-%dT%H:%M:%SZ", "%Y%m%dT%H%M%SZ", "%Y%m%d%H%M%S",
    "%Y-%m-%dT%H-%M-%S.123Z", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d-%H-%M-%S", "%Y%m%d-%H%M%S", "%d%b%Y", "%Y-%b-%d",
    "v%Y%m%d", "Date:%Y-%m-%dT%H-%M-%S.1Z",
]  # fmt: skip
DATES = st.builds(lambda moment, form: moment.strftime(form), MOMENTS, st.sampled_from(FORMATS))
EPOCHS = st.one_of(st.integers(10**9, 2 * 10**9 - 1), st.integers(10**12, 2 * 10**12 - 1)).map(str)
INSTANTS = st.one_of(DATES, EPOCHS)
COMMITS = st.one_of(
    st.text("0123456789abcdef", min_size=7, max_size=12), st.text("0123456789abcdef", min_size=40, max_size=40)
).filter(lambda text: not re.fullmatch("[0-9]{12}|[a-f]+[0-9]*|(19|20)[0-9]{2}(dec|feb)", text))
COUNTERS = st.integers(1, 13).map(str)
MARKS = st.one_of(
    INSTANTS,
    st.builds("{}-{}".format, INSTANTS, st.one_of(COMMITS, st.sampled_from(["1234567", "abcdefa", "9999999"]))),
    st.builds("{}-{}".format, COMMITS, INSTANTS),
    st.builds("{}{}{}".format, INSTANTS, st.sampled_from([".", "-", "_", "-r", "-v", " #"]), COUNTERS),
    st.builds("build-{}".format, COUNTERS),
    st.builds("Version:{} Date:2024-08-01T12-30-45.123Z".format, COUNTERS),
    st.builds("[{}]".format, INSTANTS),
    st.builds("({}, build {})".format, INSTANTS, COUNTERS),
)


@given(NAMES, MARKS, st.sampled_from(["-", "_", " ", "."]))
def test_a_build_at_the_end_changes_nothing(name: str, mark: str, gap: str) -> None:
    assume(not re.search("[0-9.]$", name) or gap != ".")
    assert without_builds(f"{name}{gap}{mark}") == without_builds(name) == name


@given(NAMES, INSTANTS, st.sampled_from(["-", "_", " "]))
def test_an_instant_before_the_name_or_its_architecture_changes_nothing(name: str, mark: str, gap: str) -> None:
    assert without_builds(f"{mark}{gap}{name}") == name
    assert without_builds(f"{name}{gap}{mark}-riscv") == without_builds(f"{name}-riscv")


@given(NAMES, COMMITS, st.sampled_from(["-", "_", " "]))
def test_a_commit_at_the_end_changes_nothing(name: str, commit: str, gap: str) -> None:
    assert without_builds(f"{name}{gap}{commit}") == name


@given(
    st.sampled_from(["golden-rhel-{}", "ubuntu-{}.04", "golden-{}-20240801", "node-v{}", "base {}.4.2", "k8s-1.{}",
                     "web-{}-a1b2c3d", "windows-server-{}-2024.06.13", "golden-{}",
                     "RHEL-9.{}.0_HVM-20240605-x86_64-1"]),
    st.integers(0, 999), st.integers(0, 999),
)  # fmt: skip
def test_another_release_is_another_lineage(form: str, one: int, other: int) -> None:
    assume(one != other)
    assert without_builds(form.format(one)) != without_builds(form.format(other))


COUNTED = st.sampled_from(["{} Version:{} Date:2024-08-01T12-30-45.123Z", "{} version:{}", "{} build-{}", "{} #{}",
                           "{}-v{}", "{}-b{}-20240801", "{}-20240801-{}", "{} [20240801] {}", "{}-20240801-x86_64-{}",
                           "golden-{}-base-v{}", "golden-{}-hvm-20240801.{}"])  # fmt: skip


@given(COUNTED, st.sampled_from(sorted(PRODUCTS - VAGUE_PRODUCTS)), st.integers(1, 199), st.integers(1, 199))
def test_a_number_may_be_the_release_of_a_product_that_has_none(form: str, product: str, one: int, other: int) -> None:
    assume(one != other)
    assert without_builds(form.format(product, one)) != without_builds(form.format(product, other))


@given(st.sampled_from(["{}-v{}", "{}_b{}", "{} v{} 20240801", "{} Version:{}", "golden-{}-x86_64-v{}"]),
       st.text("ghijklmnopqrstuwxyz", min_size=5, max_size=9).filter(lambda word: word not in PRODUCTS),
       st.integers(1, 199), st.integers(1, 199))  # fmt: skip
def test_a_number_behind_a_word_that_nobody_knows_may_be_a_release(form: str, word: str, one: int, other: int) -> None:
    assume(one != other)
    assert without_builds(form.format(word, one)) != without_builds(form.format(word, other))
    assert may_hold_build(form.format(word, one))


@given(
    st.sampled_from(["v{}", "{}", "r{}", "rc{}", "build-{}", "build{}a", "#{}", "1.2.{}", "1.2.{}-SNAPSHOT", "sprint{}",
                     "Version:{}", "20240801-{}", "release-{}", "q{}", "week{}"]),
    st.sampled_from(["golden-{}", "{}-golden", "golden-{}-prod", "golden_{}_hvm", "web-base-{}-x86_64-gp3",
                     "web-server {} eu-west-1", "jenkins-golden-{}", "golden-rhel-9-{}-hvm"]),
    st.integers(1, 199), st.integers(1, 199),
)  # fmt: skip
def test_a_lineage_for_each_build_is_told(mark: str, form: str, one: int, other: int) -> None:
    name, next_ = (form.format(mark.format(number)) for number in (one, other))
    assert without_builds(name) == without_builds(next_) or (may_hold_build(name) and may_hold_build(next_))


PIECES = st.sampled_from(["golden", "rhel", "9", "22", "04", "2024", "08", "01", "20240801", "a1b2c3d", "abc1234",
                          "v3", "b4", "build", "#5", "1718900000", "x86_64", "(", ")", "[", "]", "-", "_", ".", " ",
                          ":", "T1230", "ami-0a1b2c3d4e5f60001", "v", "Version:",
                          "\x00", "\x01", "\x02", "é"])  # fmt: skip


@given(st.one_of(st.text(max_size=128), st.lists(PIECES, max_size=16).map("".join)))
def test_what_is_left_has_no_marks(name: str) -> None:
    left = without_builds(name)
    assert without_builds(left) == left
    assert len(left) <= len(name)


@pytest.mark.parametrize("piece", ["a1b2c3d-", "20240801-", "9.", "([", "x86_64-", "0", "-", "version:", "jan "])
def test_the_longest_name_takes_no_time(piece: str) -> None:
    """Nothing is tried again and again: a pattern that did would not end within the test's time."""
    without_builds((piece * 1000)[:1011])
