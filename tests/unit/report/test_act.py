"""What EventBridge does not take of a run's events."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from golden_ami.places import Place
from golden_ami.report.actions import events


@pytest.mark.parametrize(
    ("code", "calls", "refused"),
    [
        ("InternalFailure", 2, {}),
        ("InternalException", 2, {}),
        ("ThrottlingException", 2, {}),
        ("MalformedDetail", 1, {"ami-2": "MalformedDetail: no"}),
    ],
)
def test_only_what_may_heal_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, code: str, calls: int, refused: dict[str, str]
) -> None:
    monkeypatch.setattr(events, "time", SimpleNamespace(sleep=lambda _: None))
    answers = [[{"EventId": "1"}, {"ErrorCode": code, "ErrorMessage": "no"}], [{"EventId": "2"}]]
    sent: list[int] = []

    def put(*, Entries: list[events.Entry]) -> dict[str, Any]:
        sent.append(len(Entries))
        return {"Entries": answers[len(sent) - 1]}

    ids, said = events._put(SimpleNamespace(put_events=put), {"ami-1": {}, "ami-2": {}}, Place("1", "us-east-1"))
    assert (sent, said) == ([2, 1][:calls], refused)
    assert ids == ({"ami-1": "1"} if refused else {"ami-1": "1", "ami-2": "2"})
