"""What stays the same from one version of a golden AMI to the next. Pure."""

from __future__ import annotations

import re

_TIME = r"[T\-_. ]?[0-2]\d[:\-.]?[0-5]\d([:\-.]?[0-5]\d)?(\.\d+)?Z?"
_DATE = rf"(19|20)\d\d[\-._]?(0[1-9]|1[0-2])[\-._]?(0[1-9]|[12]\d|3[01])({_TIME})?"
_EPOCH = r"1[5-9]\d{8}(\d{3})?"
_INSTANT = rf"({_DATE}|{_EPOCH})"
_GAP = r"[\s\-_./@:]+"

# The last date of the name and, behind it, at most a build number and words such as an architecture.
_DATED = re.compile(rf"(?:^|{_GAP})(?:\d+\.)*v?{_INSTANT}(?:[.\-_]\d{{1,4}})*(?=\Z|{_GAP}\D)")
_VERSION = re.compile(rf"{_GAP}v\d+([.\-_]\d+)*\Z", re.IGNORECASE)
_NUMBER = re.compile(rf"{_GAP}\d+(\.\d+)*\Z")


def lineage_of(name: str) -> str:
    """An AMI's name without its date or version.

    `golden-base-2026-04-01`, `golden-base-v42`, `golden-base 1.4.2` and `golden-base-20260401-3` give `golden-base`.
    A number stays where a date or a version stood behind it: `golden-rhel-9-20260401` gives `golden-rhel-9`.
    A name that is all date stays as it is.
    """
    undated = _DATED.sub("", name)
    bare = _VERSION.sub("", undated)
    if bare == name:
        bare = _NUMBER.sub("", name)
    return bare.strip(" -_./@:") or name
