"""Which of an AMI's tags go onto what is launched from it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from golden_ami.instances.tags import TAG_LIMIT, instance_tags, own_tags
from golden_ami.models import OWN_TAGS, RUN_TAG

OWN = own_tags(run_id="run-1", ami_key="ami-12345678", expires_at="2026-04-01T12:00:00Z", stack="golden")
any_case = st.sampled_from(["InspectorEc2Exclusion", "inspectorec2exclusion", "INSPECTOREC2EXCLUSION"])
reserved = st.text(max_size=20).map(lambda text: f"aws:{text}") | st.just("AWS:cloudformation:stack-id")
keys = st.text(min_size=1, max_size=128) | reserved | any_case | st.sampled_from(sorted(OWN_TAGS))
tag_sets = st.dictionaries(keys, st.text(max_size=256), max_size=60)


@given(tag_sets)
def test_every_tag_is_copied_or_accounted_for(ami_tags: dict[str, str]) -> None:
    tags, notes = instance_tags(ami_tags, OWN)
    assert len(tags) <= TAG_LIMIT
    assert OWN.items() <= tags.items()
    assert not [key for key in tags if key.lower().startswith("aws:") or key.lower() == "inspectorec2exclusion"]
    for key, value in ami_tags.items():
        assert tags.get(key) == value or any(key in note for note in notes), key
    assert {key for key in tags if key not in OWN} <= ami_tags.keys(), "nothing is invented"


@given(tag_sets)
def test_nothing_is_noted_without_cause(ami_tags: dict[str, str]) -> None:
    tags, notes = instance_tags(ami_tags, OWN)
    assert bool(notes) == any(key not in tags or key in OWN for key in ami_tags)


def test_an_empty_value_is_a_value() -> None:
    assert instance_tags({"note": ""}, OWN) == ({"note": ""} | OWN, [])


def test_fifty_tags_lose_the_alphabetically_last_five() -> None:
    ami_tags = {f"key-{number:02d}": "x" * 256 for number in range(50)}
    tags, notes = instance_tags(ami_tags, OWN)
    assert len(tags) == 50
    assert notes == [
        "tags not copied to the instance: key-45, key-46, key-47, key-48, key-49 (a resource carries at most 50 tags)"
    ]


def test_what_is_left_out_is_said() -> None:
    tags, notes = instance_tags({"aws:x": "1", "inspectorEC2exclusion": "", RUN_TAG: "old", "App": "web"}, OWN)
    assert tags == {"App": "web"} | OWN
    assert [note.partition(": ")[2] for note in notes] == [
        "aws:x (EC2 reserves the prefix aws:)",
        "inspectorEC2exclusion (on the instance it would stop Inspector's scan)",
        f"{RUN_TAG} (the system's own tag of that name was used)",
    ]
