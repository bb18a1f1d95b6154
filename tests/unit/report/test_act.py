"""What EventBridge does not take of a run's events."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from golden_ami.report import act


@pytest.mark.parametrize(
    ("code", "calls", "refused"),
    [
        ("InternalFailure", 2, []),
        ("InternalException", 2, []),
        ("ThrottlingException", 2, []),
        ("MalformedDetail", 1, ["MalformedDetail: no"]),
    ],
)
def test_only_what_may_heal_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, code: str, calls: int, refused: list[str]
) -> None:
    monkeypatch.setattr(act, "time", SimpleNamespace(sleep=lambda _: None))
    answers = [[{"EventId": "1"}, {"ErrorCode": code, "ErrorMessage": "no"}], [{"EventId": "2"}]]
    sent: list[int] = []

    def put(*, Entries: list[act.Entry]) -> dict[str, Any]:
        sent.append(len(Entries))
        return {"Entries": answers[len(sent) - 1]}

    ids, said = act._put(SimpleNamespace(put_events=put), {"ami-1": {}, "ami-2": {}})
    assert (sent, said) == ([2, 1][:calls], refused)
    assert ids == ({"ami-1": "1"} if refused else {"ami-1": "1", "ami-2": "2"})
