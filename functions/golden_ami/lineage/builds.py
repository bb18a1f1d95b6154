"""The name of an image without what is certainly a build's: dates, times, commits, counters. Never a release. Pure.

Two releases under one name are the worse fault: an exception for one would hold for the other. So what may be either
stays (`golden-rhel-9`, `ubuntu-22.04`, `base 1.4.2`), and `may_hold_build` says so.
"""

from __future__ import annotations

import re

from golden_ami.lineage.patterns import (
    ARCHITECTURE,
    COMMIT,
    COUNTER,
    DAY_FIRST,
    END,
    FOUND,
    GAP,
    IDS,
    INSTANT,
    INSTANTS,
    LABELLED_COMMIT,
    LONG_COUNTER,
    LOOSE_COMMIT,
    MARK,
    NOT_A_RELEASE,
    PRODUCTS,
    RELEASE_YEAR,
    SMALL_COUNTER,
    START,
    TAIL_COMMIT,
    VAGUE_PRODUCTS,
    VERSION,
    VERSION_COUNTER,
    WHOLE,
)

_GAPS = rf"(?:{GAP}|[()\[\]{{}}<>]){{1,3}}"
_BEHIND_INSTANT = rf"(?<={INSTANT})(?:{_GAPS}{MARK})*"
_BEFORE_INSTANT = rf"(?={_GAPS}(?:{MARK}{_GAPS})*{INSTANT})"
_AT_END = rf"(?=(?:{GAP}|[()\[\]{{}}<>]|{FOUND}|{START}{ARCHITECTURE}{END})*\Z)"
_ALONE = rf"(?![\-._/:]?[0-9]){END}"  # a number that is no part of a version


def _any_case(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# In their order: what is a mark wherever it stands, then what is one beside an instant, then at the end of the name.
# Each with what it is replaced by; where there is a group 1, it stays.
_CERTAIN = [(_any_case(one), INSTANT) for one in INSTANTS]
_CERTAIN += [(re.compile(COMMIT), MARK), (_any_case(LABELLED_COMMIT), MARK)]
_BESIDE = [
    (re.compile(rf"({_BEHIND_INSTANT}{_GAPS}){LOOSE_COMMIT}"), MARK),
    (re.compile(rf"(){LOOSE_COMMIT}{_BEFORE_INSTANT}"), MARK),
    (_any_case(rf"({_BEHIND_INSTANT}(?:{_GAPS}{ARCHITECTURE}{END})?{_GAPS}){SMALL_COUNTER}{_ALONE}"), MARK),
]
_LAST = re.compile(rf"(?:{TAIL_COMMIT}){_AT_END}")
# Marks only where none of these products stands before them.
_CLEAR_PRODUCTS = PRODUCTS - VAGUE_PRODUCTS
_UNLESS_OF_A_PRODUCT = [(_any_case(one), PRODUCTS, INSTANT) for one in DAY_FIRST]
_UNLESS_OF_A_PRODUCT += [
    (_any_case(rf"{COUNTER}{_ALONE}"), _CLEAR_PRODUCTS, MARK),
    (_any_case(rf"{LONG_COUNTER}{_ALONE}"), PRODUCTS, MARK),
    (_any_case(rf"{VERSION_COUNTER}{_ALONE}"), _CLEAR_PRODUCTS, MARK),
]
_LETTERED = (_any_case(rf"{START}[vb]{NOT_A_RELEASE}[0-9]{{1,6}}{END}(?:{_AT_END}|{_BEFORE_INSTANT})"), PRODUCTS, MARK)

_BRACKETS = re.compile(rf"[(\[{{<]{GAP}*{FOUND}(?:{GAP}|{FOUND})*[)\]}}>]")
_REMOVED = re.compile(rf"(?:{GAP}*{FOUND})+")
_EDGES = " \t\r\n-_./@:,;"
_IDS = _any_case(IDS)
_LAST_NUMBER = _any_case(rf"{START}{VERSION}{END}{_AT_END}")
_UNNUMBERED = re.compile(r"(?<![^\W_])[A-Za-z]+(?![^\W_])(?![\s\-_.:]{0,2}v?[0-9])")  # a word that no number follows
_DAYS_FIRST = [_any_case(one) for one in DAY_FIRST]
_LAST_WORD = re.compile(r"([^\W_]+)[\s\-_.:]{0,2}\Z")


def without_builds(name: str) -> str:
    """The name without marks of a build; "" where it is nothing else. The result has none, so stays what it is.

    `golden-base-2026-04-01`, `golden-base-v42` and `golden-base-20260401-a1b2c3d` give `golden-base`.
    """
    name = re.sub(f"[{INSTANT}{MARK}{WHOLE}]", "", name)
    while (shorter := _once(name)) != name:
        name = shorter
    return name


def may_hold_build(lineage: str) -> bool:
    """Whether a name without marks of a build has what may be one all the same: an id, or a number at its end.

    A number behind a product, as in `golden-rhel-9`, is taken for a release without a word.
    """
    if _IDS.search(lineage) or any(one.search(lineage) for one in _DAYS_FIRST):
        return True
    last = _LAST_NUMBER.search(lineage)
    if last is None:
        return False
    # A year is a release of many products: of Windows Server and SQL Server, among others.
    return _word_before(last) not in (PRODUCTS if re.fullmatch(RELEASE_YEAR, last[0]) else _CLEAR_PRODUCTS)


def _once(name: str) -> str:
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return WHOLE

    text = _IDS.sub(keep, name)
    text = _marked(text)
    text = _REMOVED.sub("", _BRACKETS.sub(MARK, text)).strip(_EDGES)
    whole = iter(kept)
    return re.sub(WHOLE, lambda _: next(whole), text)


def _marked(text: str) -> str:
    for pattern, mark in _CERTAIN:
        text = pattern.sub(mark, text)
    for one in _UNLESS_OF_A_PRODUCT:
        text = _but_of_a_product(text, *one)
    for pattern, mark in _BESIDE:
        text = pattern.sub(rf"\g<1>{mark}", text)
    text = _LAST.sub(MARK, text)
    return text if _names_no_release(text) else _but_of_a_product(text, *_LETTERED)


def _names_no_release(text: str) -> bool:
    """Whether it has a product without its release, which a number with a letter elsewhere may be: `rhel-golden-v8`."""
    return any(word.casefold() in _CLEAR_PRODUCTS for word in _UNNUMBERED.findall(text))


def _but_of_a_product(text: str, pattern: re.Pattern[str], products: frozenset[str], mark: str) -> str:
    return pattern.sub(lambda match: match[0] if _word_before(match) in products else mark, text)


def _word_before(match: re.Match[str]) -> str:
    before = _LAST_WORD.search(match.string, 0, match.start())
    return before[1].casefold() if before else ""
