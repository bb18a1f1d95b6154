"""The lineage that an earlier release gave an AMI: what its past is stored under, until it is taken over. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from golden_ami.models import Ami, RiskException

_TIME = r"[T\-_. ]?[0-2]\d[:\-.]?[0-5]\d([:\-.]?[0-5]\d)?(\.\d+)?Z?"
_DATE = rf"(19|20)\d\d[\-._]?(0[1-9]|1[0-2])[\-._]?(0[1-9]|[12]\d|3[01])({_TIME})?"
_EPOCH = r"1[5-9]\d{8}(\d{3})?"
_INSTANT = rf"({_DATE}|{_EPOCH})"
_GAP = r"[\s\-_./@:]+"

# The last date of the name and, behind it, at most a build number and words such as an architecture.
_DATED = re.compile(rf"(?:^|{_GAP})(?:\d+\.)*v?{_INSTANT}(?:[.\-_]\d{{1,4}})*(?=\Z|{_GAP}\D)")
_VERSION = re.compile(rf"{_GAP}v\d+([.\-_]\d+)*\Z", re.IGNORECASE)
_NUMBER = re.compile(rf"{_GAP}\d+(\.\d+)*\Z")


def former_lineage(ami: Ami, lineage_tag: str | None = None) -> str:
    """The lineage that the same AMI had: of the entry, of the tag `lineage_tag` (None: Name), of the AMI's name.

    An AMI that was not looked up has its id.
    """
    tag = lineage_tag or "Name"
    value = ami.tags.get(tag, "").strip()
    if value and tag == "Name":
        value = _without_date_or_version(value)
    return ami.entry.lineage or value or _without_date_or_version(ami.name) or ami.ami_id


def former_key(ami: Ami, lineage_tag: str | None = None) -> str:
    """The former lineage with account and Region: "account/region/lineage"."""
    return f"{ami.account}/{ami.region}/{former_lineage(ami, lineage_tag)}"


def renamed(
    exceptions: Iterable[RiskException], amis: Sequence[Ami], lineage_tag: str | None = None
) -> dict[str, list[str]]:
    """The lineages that exceptions name and no AMI has any more, each with those of the AMIs that had it.

    Such an exception holds for none of them until a person names the lineage that it is meant for.
    """
    named = {one.scope.lineage for one in exceptions if one.scope.lineage} - {ami.lineage for ami in amis}
    found: dict[str, set[str]] = {}
    for ami in amis:
        if named and ami.lineage and (former := former_lineage(ami, lineage_tag)) in named:
            found.setdefault(former, set()).add(ami.lineage)
    return {former: sorted(found[former]) for former in sorted(found)}


def renaming(former: str, present: Sequence[str]) -> str:
    """What a lineage that an exception names is called now; at most three of them are listed."""
    more = f" and {len(present) - 3} more" if len(present) > 3 else ""
    return f"lineage {former} is now {', '.join(present[:3])}{more}"


def _without_date_or_version(name: str) -> str:
    """A name that is all date stays as it is."""
    undated = _DATED.sub("", name)
    bare = _VERSION.sub("", undated)
    if bare == name:
        bare = _NUMBER.sub("", name)
    return bare.strip(" -_./@:") or name
