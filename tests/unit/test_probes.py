"""What says to be a probe is answered by one row at most, and is never read as an event of AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami import probes
from golden_ami.probes import Probe, answer, probe_of, without_probes

ID = "0123456789abcdef" * 2


class Rows:
    """A ledger that keeps probes only."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str]] = []

    def note_probe(self, probe: str, rule: str) -> None:
        self.kept.append((probe, rule))


def event(**detail: Any) -> dict[str, Any]:
    return {"source": probes.SOURCE, "detail-type": probes.DETAIL_TYPE, "detail": {"probe": ID, **detail}}


@pytest.mark.parametrize("rule", probes.RULES)
def test_a_probe_is_read_from_an_event_and_from_its_text(rule: str) -> None:
    assert probe_of(event(rule=rule)) == probe_of(json.dumps(event(rule=rule))) == Probe(ID, rule)


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {"rule": "Other"},
        {"rule": ["AmiFinding"]},
        {"rule": {"AmiFinding": 1}},
        {"rule": "AmiFinding", "probe": ID + "0"},
        {"rule": "AmiFinding", "probe": ID[1:]},
        {"rule": "AmiFinding", "probe": ID.upper()},
        {"rule": "AmiFinding", "probe": f"{ID}\n"},
        {"rule": "AmiFinding", "probe": "RUN#run-1"},
        {"rule": "AmiFinding", "probe": 7},
    ],
)
def test_a_malformed_probe_is_no_key_and_no_other_event(detail: dict[str, Any]) -> None:
    ledger: Any = Rows()
    forged = event(**detail)
    assert probe_of(forged) == Probe("", "")
    answer(Probe("", ""), ledger)
    assert without_probes([{"Sns": {"Message": json.dumps(forged)}}], ledger) == []
    assert ledger.kept == []


@pytest.mark.parametrize("name", ["source", "detail-type"])
def test_either_name_makes_an_event_a_probe(name: str) -> None:
    aws = {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": {"name": "run-1"}}
    assert probe_of(aws) is None
    assert probe_of(aws | {name: event()[name]}) == Probe("", "")


def test_probes_are_answered_and_the_other_records_are_left() -> None:
    ledger: Any = Rows()
    texts = [json.dumps(one) for one in (event(rule="AmiScanned"), {"event": "ASSESSMENT_RUN_COMPLETED"})]
    others: list[Any] = [{"Sns": {"Message": texts[1]}}, {"body": texts[1]}, {"Sns": 7}, None, "text", {"Sns": {}}]
    of_probes = [{"Sns": {"Message": texts[0]}}, {"body": texts[0]}]
    assert without_probes([*of_probes, *others], ledger) == others
    assert ledger.kept == [(ID, "AmiScanned")] * 2
    assert without_probes("no list", ledger) == "no list"


@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_nothing_is_an_error(body: Any) -> None:
    assert probe_of(body) is probe_of(json.dumps(body)) is None
    probe_of({"source": probes.SOURCE, "detail": body})


def test_text_that_is_nested_too_deeply_is_no_probe() -> None:
    assert probe_of("[" * 100_000) is None
