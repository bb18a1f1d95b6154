"""Calls that wait for AWS, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

POOL = "side-by-side"  # how its threads' names begin
WORKERS = 8  # below botocore's pool of 10 connections a client


def side_by_side(
    function: Callable[[T], R], items: Iterable[T], workers: int = WORKERS, before: Callable[[], object] = lambda: None
) -> list[R]:
    """Apply `function` to every item in threads; results in the order of the items.

    `before` is called by the caller's own thread ahead of each item, and may wait.
    Raises the first error in that order, after the calls under way have ended; those not begun are dropped.
    Each call runs in a copy of the caller's context. Clients are made before: AWS's sessions are not safe to share
    between threads, clients are (Boto3 documentation, guides "Session" and "Low-level clients").
    """
    waiting = list(items)
    if not waiting:
        return []
    if len(waiting) == 1:
        before()
        return [function(waiting[0])]
    pool = ThreadPoolExecutor(min(workers, len(waiting)), thread_name_prefix=POOL)
    try:
        calls = []
        for item in waiting:
            before()
            calls.append(pool.submit(copy_context().run, function, item))
        return [call.result() for call in calls]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def together(*actions: Callable[[], R]) -> list[R]:
    """What the actions return, done side by side."""
    return side_by_side(lambda action: action(), actions)


def chunks(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """The things in lists of `size`, the last one shorter."""
    chunk: list[T] = []
    for thing in things:
        chunk.append(thing)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
