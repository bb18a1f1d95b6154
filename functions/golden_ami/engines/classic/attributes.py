"""Which of an AMI's tags go onto its Inspector Classic findings. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ATTRIBUTES = 10  # that AddAttributesToFindings takes
_KEY = 128
_VALUE = 256
_FIRST = ("app-name", "Name", "Owner")  # the 2017 walk-through identifies findings by the first


def attributes(tags: Mapping[str, str], preferred: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """At most 10 attributes, the preferred tags first, and a note for each kind of thing that was left out or cut."""
    rank = {key: number for number, key in reversed([*enumerate([*preferred, *_FIRST])])}
    keys = sorted((key for key in tags if key), key=lambda key: (rank.get(key, len(rank) + len(tags)), key))
    filled = [key for key in keys if tags[key]]
    chosen = {key[:_KEY]: tags[key][:_VALUE] for key in filled[:ATTRIBUTES]}
    cut = [key for key in filled[:ATTRIBUTES] if len(key) > _KEY or len(tags[key]) > _VALUE]
    notes = [
        ("tags without a value, which a finding cannot have", [key for key in keys if not tags[key]]),
        (f"tags beyond the {ATTRIBUTES} that a finding can have", filled[ATTRIBUTES:]),
        (f"tags cut to {_KEY} characters of key and {_VALUE} of value", cut),
    ]
    return chosen, [f"On findings: {what}: {', '.join(which)}" for what, which in notes if which]
