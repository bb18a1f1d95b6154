"""The name of an image without what is certainly a build's: dates, times, commits, counters. Never a release. Pure.

Two releases under one name are the worse fault: an exception for one would hold for the other. So what may be either
stays (`golden-rhel-9`, `ubuntu-22.04`, `base 1.4.2`, `websphere-v8`), and `may_hold_build` says so.
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
    LASTING,
    LONG_COUNTER,
    LOOSE_COMMIT,
    MARK,
    MONTHS,
    NOT_A_RELEASE,
    NUMBERED,
    ON_WINDOWS,
    PRODUCTS,
    RELEASE_YEAR,
    ROLES,
    SMALL_COUNTER,
    START,
    TAIL_COMMIT,
    VAGUE_PRODUCTS,
    VERSION,
    VERSION_COUNTER,
    WHOLE,
    WINDOWS,
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
_CERTAIN += [
    (re.compile(rf"(?<=[0-9]\.{INSTANT})\.[0-9]{{1,3}}{_ALONE}"), MARK),  # 2018.03.0.20230807.0
    (re.compile(COMMIT), MARK),
    (_any_case(LABELLED_COMMIT), MARK),
]
_DAYS_FIRST = [_any_case(one) for one in DAY_FIRST]
_DATES = [*_DAYS_FIRST, *(_any_case(one) for one in MONTHS)]  # unless they are a product's release
_COMMITS = [
    (re.compile(rf"({_BEHIND_INSTANT}{_GAPS}){LOOSE_COMMIT}"), MARK),
    (re.compile(rf"(){LOOSE_COMMIT}{_BEFORE_INSTANT}"), MARK),
]
_LAST = re.compile(rf"(?:{TAIL_COMMIT}){_AT_END}")
# Counters, unless a product of the name has no release: it may be theirs.
_COUNTER = _any_case(rf"(?:{COUNTER}|{LONG_COUNTER}|{VERSION_COUNTER}(?={_GAPS}{INSTANT})){_ALONE}")
_BEHIND = _any_case(rf"({_BEHIND_INSTANT}(?:{_GAPS}{ARCHITECTURE}{END})?{_GAPS}){SMALL_COUNTER}{_ALONE}")
# Those that only the word before them tells.
_TOLD = [
    _any_case(rf"{VERSION_COUNTER}{_ALONE}"),
    _any_case(rf"{START}[vb]{NOT_A_RELEASE}[0-9]{{1,6}}{END}(?:{_AT_END}|{_BEFORE_INSTANT})"),
]
_CLEAR_PRODUCTS = PRODUCTS - VAGUE_PRODUCTS

_BRACKETS = re.compile(rf"[(\[{{<]{GAP}*{FOUND}(?:{GAP}|{FOUND})*[)\]}}>]")
_REMOVED = re.compile(rf"(?:{GAP}*{FOUND})+")
_EDGES = " \t\r\n-_./@:,;"
_IDS = _any_case(IDS)
_ARCHITECTURE = _any_case(rf"{START}{ARCHITECTURE}{END}")
_WORD = re.compile(r"[^\W_]+")
# A word that is a release, or ends with its product's: 9, v18, 2012r2, rhel9.
_RELEASE = re.compile(r"v?[0-9]+(?:[a-z][0-9]*)?|(?P<product>[a-z]+)[0-9]+(?:[a-z][0-9]*)?")
_VERSION, _YEAR = _any_case(VERSION), re.compile(RELEASE_YEAR)
_WINDOWS, _ON_WINDOWS = re.compile(WINDOWS), _any_case(ON_WINDOWS)
_NUMBERED, _LASTING, _LOOSE = _any_case(NUMBERED), _any_case(LASTING), re.compile(LOOSE_COMMIT)


def without_builds(name: str) -> str:
    """The name without marks of a build; "" where it is nothing else. The result has none, so stays what it is.

    `golden-base-2026-04-01`, `golden-base-v42` and `golden-base-20260401-a1b2c3d` give `golden-base`.
    """
    name = _plain(name)
    while (shorter := _once(name)) != name:
        name = shorter
    return name


def may_hold_build(name: str) -> bool:
    """Whether what `without_builds` leaves of a name has what may be a build's all the same: an id or a number.

    A number behind a product, as in `golden-rhel-9`, is taken for a release without a word, unless it stood behind a
    date or was called a build's: `jenkins-20240801-3`.
    """
    left = without_builds(name)
    if _IDS.search(left) or _LOOSE.search(left) or any(one.search(left) for one in _DAYS_FIRST):
        return True
    if any(_is_loose(number) for number in _NUMBERED.finditer(_LASTING.sub("", _ARCHITECTURE.sub("", left)))):
        return True
    text = _dated(_IDS.sub(WHOLE, _plain(name)))
    counted = _counted(text)
    return counted != _committed(text) and _names_no_release(counted)


def _is_loose(number: re.Match[str]) -> bool:
    """Whether a number, or a word with one, is no product's release."""
    if not _VERSION.fullmatch(number[0]):
        word = number[0].split(".")[0].casefold()
        return not (word in PRODUCTS or _product_of(word))
    words = _words(number.string[: number.start()])
    if words and _YEAR.fullmatch(number[0]):  # a release of many products: of Windows Server and SQL Server, and others
        return words[-1] not in PRODUCTS
    while words and words[-1] in VAGUE_PRODUCTS:  # CentOS Stream 9
        words.pop()
    return not words or words[-1] not in _CLEAR_PRODUCTS


def _plain(name: str) -> str:
    return re.sub(f"[{INSTANT}{MARK}{WHOLE}]", "", name)


def _once(name: str) -> str:
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return WHOLE

    text = _marked(_IDS.sub(keep, name))
    text = _REMOVED.sub("", _BRACKETS.sub(MARK, text)).strip(_EDGES)
    whole = iter(kept)
    return re.sub(WHOLE, lambda _: next(whole), text)


def _marked(text: str) -> str:
    text = _dated(text)
    counted = _counted(text)
    return _committed(text) if _names_no_release(counted) else counted


def _dated(text: str) -> str:
    for pattern, mark in _CERTAIN:
        text = pattern.sub(mark, text)
    for pattern in _DATES:
        text = pattern.sub(lambda match: match[0] if _word_before(match) in PRODUCTS else INSTANT, text)
    return text


def _committed(text: str) -> str:
    for pattern, mark in _COMMITS:
        text = pattern.sub(rf"\g<1>{mark}", text)
    return _LAST.sub(MARK, text)


def _counted(text: str) -> str:
    """Without commits and counters."""
    text = _COUNTER.sub(MARK, text)
    for pattern, mark in _COMMITS:
        text = pattern.sub(rf"\g<1>{mark}", text)
    text = _LAST.sub(MARK, _BEHIND.sub(_small, text))
    for pattern in _TOLD:
        text = pattern.sub(lambda match: MARK if _is_own(_word_before(match)) else match[0], text)
    return text


def _small(match: re.Match[str]) -> str:
    """A number behind an instant, which may be a time: 1809 is also a release of Windows."""
    is_release = _WINDOWS.fullmatch(match["number"]) and _ON_WINDOWS.search(match.string)
    return match[0] if is_release else match[1] + MARK


def _is_own(before: str) -> bool:
    """Whether a number behind this word is the image's own: behind what it is for, or behind a product's release."""
    return not before or before in ROLES or _is_release(before)


def _names_no_release(text: str) -> bool:
    """Whether a product stands without its release, which a counter elsewhere may be: `rhel-golden-v8`."""
    bare: set[str] = set()
    released: set[str] = set()
    products: list[str] = []  # one behind the other: `Amazon Linux`
    for word in [*_words(text), ""]:
        if word in PRODUCTS:
            products.append(word)
            continue
        (released if _is_release(word) else bare).update(products)
        released.add(_product_of(word))
        products = []
    return bool((bare - released) & _CLEAR_PRODUCTS)


def _is_release(word: str) -> bool:
    found = _RELEASE.fullmatch(word)
    return found is not None and word not in PRODUCTS and (not found["product"] or found["product"] in PRODUCTS)


def _product_of(word: str) -> str:
    """The product whose release is at the end of the word; "" where there is none."""
    found = _RELEASE.fullmatch(word)
    product = found["product"] if found else ""
    return product if product in PRODUCTS else ""


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(_ARCHITECTURE.sub(" ", text))]


def _word_before(match: re.Match[str]) -> str:
    """The word before a match, whatever is between them; "" where there is none."""
    words = _words(match.string[: match.start()])
    return words[-1] if words else ""
