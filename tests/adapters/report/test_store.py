"""The store over S3: what is kept saves requests, and is never another's or an older content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from golden_ami.storage.objects import Missing, S3Store

BUCKET = "golden-ami-reports"
KEY = "runs/run-1/findings/ami-1.ndjson"
LINES = [b'{"a":1}', b'{"b":"\xc3\xa4"}', b"{}"]


@pytest.fixture
def gets(stack: Any) -> Callable[[], int]:
    """Counts the GetObject calls of the stack's S3 client."""
    made: list[str] = []
    stack.s3.meta.events.register("before-call.s3.GetObject", lambda **_: made.append("GetObject"))
    return lambda: len(made)


def write(store: S3Store, lines: list[bytes], key: str = KEY) -> None:
    with store.writing(key, "application/x-ndjson") as out:
        out.write(b"".join(line + b"\n" for line in lines))


def test_what_was_written_is_read_without_a_request(stack: Any, gets: Callable[[], int]) -> None:
    store = S3Store(stack.s3, BUCKET)
    write(store, LINES)
    assert [*store.lines(KEY)] == LINES
    assert gets() == 0
    assert [*S3Store(stack.s3, BUCKET).lines(KEY)] == LINES


def test_many_readings_are_one_request(stack: Any, gets: Callable[[], int]) -> None:
    write(S3Store(stack.s3, BUCKET), LINES)
    store = S3Store(stack.s3, BUCKET)
    assert [[*store.lines(KEY)] for _ in range(3)] == [LINES] * 3
    assert gets() == 1


def test_what_has_no_room_is_read_again(stack: Any, gets: Callable[[], int]) -> None:
    store = S3Store(stack.s3, BUCKET, room=sum(map(len, LINES)))  # without the line ends
    write(store, LINES)
    assert [[*store.lines(KEY)] for _ in range(2)] == [LINES] * 2
    assert gets() == 2


def test_what_is_not_read_again_takes_no_room(stack: Any, gets: Callable[[], int]) -> None:
    store = S3Store(stack.s3, BUCKET)
    with store.writing(KEY, "application/x-ndjson", again=False) as out:
        out.write(b"\n".join(LINES))
    assert [[*store.lines(KEY, again=False)] for _ in range(2)] == [LINES] * 2
    assert gets() == 2


def test_a_new_content_replaces_what_was_kept_and_room_comes_back(stack: Any, gets: Callable[[], int]) -> None:
    store = S3Store(stack.s3, BUCKET, room=40)
    for number in range(20):
        write(store, [b'{"n":%d}' % number] * 3)
        assert [*store.lines(KEY)] == [b'{"n":%d}' % number] * 3
    assert gets() == 0


def test_what_does_not_exist_is_missing(stack: Any) -> None:
    with pytest.raises(Missing, match="ami-1"):
        next(S3Store(stack.s3, BUCKET).lines(KEY))
