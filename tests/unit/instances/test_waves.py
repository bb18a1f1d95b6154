"""Which AMIs are launched next: properties of the planner, and a run of it against an account of EC2 in numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_world import ami
from states import containers
from waves_account import Account

from golden_ami.instances.pacing import interval
from golden_ami.instances.waves import AT_ONCE, ENDING, SETTLED, Capacity, capacity_of, share, spread, total, vcpus
from golden_ami.models import BATCHES, Ami
from golden_ami.times import iso

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
sizes = st.lists(st.sampled_from([0, 1, 2, 4, 8, 96]), min_size=1, max_size=30)


def amis(*kinds: int) -> list[Ami]:
    return [ami(f"ami-{number:03}", vcpus=kind) for number, kind in enumerate(kinds)]


def held(number: int, kind: int, launched: float, ended: float | None = None, **fields: Any) -> Ami:
    """An AMI whose instance was launched and ended so many seconds ago."""
    at = {"terminated_at": iso(NOW - timedelta(seconds=ended))} if ended is not None else {}
    since = iso(NOW - timedelta(seconds=launched))
    return ami(f"ami-{number:03}", vcpus=kind, instance_id=f"i-{number}", launched_at=since, **at, **fields)


pools = st.builds(
    lambda limit, larger, held, ending: Capacity(
        limit, None if limit is None else limit + larger, held, ending, settled=not (held or ending)
    ),
    st.none() | st.integers(0, 40),
    st.integers(0, 4),
    st.integers(0, 40),
    st.integers(0, 40),
)


@given(sizes, pools)
def test_what_is_launched_fits_and_what_is_too_large_never_does(kinds: list[int], pool: Capacity) -> None:
    waiting = amis(*kinds)
    found = share(waiting, pool)
    assert not {one.key for one in found.launched} & {one.key for one in found.too_large}
    if pool.limit is None:
        assert found.launched == waiting
        return
    alone = pool.settled and len(found.launched) == 1
    assert not found.launched or alone or total(found.launched) <= pool.limit - pool.held - pool.ending
    assert pool.largest is not None
    assert all(vcpus(one) > pool.largest for one in found.too_large)
    assert all(vcpus(one) <= pool.largest for one in found.launched)
    assert not found.too_large or pool.settled


@given(sizes, pools)
def test_the_room_is_filled(kinds: list[int], pool: Capacity) -> None:
    waiting = amis(*kinds)
    found = share(waiting, pool)
    if not found.launched or pool.limit is None:
        return
    room = pool.limit - pool.held - pool.ending - total(found.launched)
    assert all(vcpus(one) > room for one in waiting if one not in found.launched)


@given(sizes, st.integers(0, 40))
def test_with_nothing_of_the_run_beside_it_every_ami_is_launched_or_too_large(kinds: list[int], limit: int) -> None:
    """Else a run would wait for ever."""
    found = share(amis(*kinds), Capacity(limit, limit, 0, 0, settled=True))
    assert found.launched or len(found.too_large) == len(kinds)
    assert not found.awaits_ending


@given(sizes, pools)
def test_a_wave_that_waits_for_what_is_ending_starts_then(kinds: list[int], pool: Capacity) -> None:
    found = share(amis(*kinds), pool)
    if found.awaits_ending:
        assert pool.ending
        assert share(amis(*kinds), pool._replace(ending=0)).launched


@pytest.mark.parametrize(
    ("held", "ending", "left", "launched"),
    [(0, 0, 9, 4), (6, 0, 9, 0), (4, 0, 9, 2), (2, 0, 9, 3), (6, 0, 1, 1), (8, 0, 1, 0), (0, 8, 9, 0), (0, 2, 9, 3)],
    ids=["nothing runs", "a quarter", "half", "three quarters", "all that is left", "no room", "ending", "one ends"],
)
def test_a_wave_takes_half_of_what_fits_or_all_that_is_left(held: int, ending: int, left: int, launched: int) -> None:
    found = share(amis(*[2] * left), Capacity(8, 8, held, ending, settled=not (held or ending)))
    assert len(found.launched) == launched


def test_a_pool_is_what_its_rows_tell() -> None:
    edge = (ENDING - timedelta(seconds=1)).total_seconds()
    rows = [held(1, 2, 900), held(2, 4, 900, edge), held(3, 8, 900, edge + 2), ami("ami-004", vcpus=16)]
    assert capacity_of(rows, 64, NOW) == Capacity(64, 64, held=2, ending=4, settled=False)
    long_ago = SETTLED.total_seconds() + 1
    assert capacity_of([held(1, 2, 900, long_ago)], None, NOW) == Capacity(None, None, 0, 0, settled=True)


def test_a_refused_launch_shows_what_the_run_may_hold() -> None:
    refused = ami("ami-009", vcpus=2, deferred_at=iso(NOW - timedelta(seconds=600)))
    ran = [held(1, 2, 900), held(2, 2, 900, 30), held(3, 2, 900, 700), held(4, 2, 300)]
    assert capacity_of([*ran, refused], None, NOW).limit == 6, "the third may not have ended yet; the fourth came later"
    assert capacity_of([*ran, refused], 4, NOW).limit == 4
    assert capacity_of([*ran, refused], None, NOW).largest is None
    assert capacity_of([*ran, refused], 64, NOW).largest == 64


@pytest.mark.parametrize(("minutes", "limit"), [(0, 2), (14, 2), (15, 4), (30, 8), (45, 8)])
def test_what_a_refusal_shows_is_doubled_with_time_up_to_the_quota(minutes: int, limit: int) -> None:
    """Others come and go: an instance of theirs that ran for five minutes is not to cost the run its day."""
    refused = ami("ami-009", vcpus=2, deferred_at=iso(NOW - timedelta(minutes=minutes)))
    assert capacity_of([held(1, 2, 6000), refused], 8, NOW).limit == limit


def test_an_instance_that_could_not_be_terminated_counts_as_one_of_others() -> None:
    """Else the run would wait for it to end until its day is over."""
    collected = held(1, 8, 6000, findings_key="stored")
    assert capacity_of([collected, *amis(2)], 8, NOW) == Capacity(8, 8, held=0, ending=0, settled=True)
    assert capacity_of([held(1, 8, 6000), *amis(2)], 8, NOW).held == 8


def test_clocks_that_differ_do_not_make_a_refusal_one_without_an_instance_beside_it() -> None:
    """LaunchTime is of EC2's clock, the refusal's instant of the function's."""
    refused = ami("ami-009", vcpus=2, deferred_at=iso(NOW - timedelta(seconds=100)))
    pool = capacity_of([held(1, 2, 99), refused], None, NOW)
    assert (pool.limit, pool.largest, pool.resting) == (2, None, False)


def refused_for(minutes: int, ago: int = 0) -> Ami:
    """An AMI that EC2 refuses for so long, and last refused so many seconds ago."""
    last = NOW - timedelta(seconds=ago)
    return ami("ami-009", vcpus=2, deferred_since=iso(last - timedelta(minutes=minutes)), deferred_at=iso(last))


def test_after_a_refusal_with_nothing_beside_it_the_run_tries_again_in_a_while() -> None:
    waiting = [refused_for(55, ago=299), *amis(2, 2)]
    pool = capacity_of(waiting, 8, NOW)
    assert share(waiting, pool) == ([], [], False)
    waiting = [refused_for(55, ago=300), *amis(2, 2)]
    assert share(waiting, capacity_of(waiting, 8, NOW)) == (waiting[:1], [], False)


def test_what_is_refused_for_an_hour_does_not_fit_nor_does_one_as_large() -> None:
    waiting = [refused_for(60), *amis(2, 1)]
    pool = capacity_of(waiting, 8, NOW)
    assert (pool.limit, pool.largest) == (1, 1), "a smaller one may"
    assert share(waiting, pool._replace(resting=False)) == (waiting[2:], waiting[:2], False)


@pytest.mark.parametrize("ended", [None, 60, 3500])
def test_an_hour_counts_only_without_an_instance_of_the_run(ended: float | None) -> None:
    assert capacity_of([held(1, 4, 9000, ended), refused_for(600)], 8, NOW).largest == 8


@given(
    sizes,
    st.integers(0, 16),
    st.integers(0, 8),
    st.booleans(),
    st.lists(st.integers(60, 4000), min_size=30, max_size=30),
)
def test_a_run_ends_with_every_ami_that_fits(
    kinds: list[int], quota: int, others: int, told: bool, scans: list[int]
) -> None:
    """Whatever Service Quotas tells, and whatever others hold: an AMI is left out only if it does not fit alone."""
    account = Account(amis(*kinds), quota, others, told=told, scans=scans)
    account.run()
    assert account.most <= quota
    left_out = {one.key for one in account.amis if one.reason}
    assert {one.key for one in account.amis if vcpus(one) <= quota - others} <= account.scanned
    assert left_out.isdisjoint(account.scanned)


@given(sizes, st.integers(2, 16), st.booleans(), st.integers(0, 3000))
def test_what_others_hold_for_a_while_costs_no_ami(kinds: list[int], quota: int, told: bool, gone: int) -> None:
    account = Account(amis(*kinds), quota, quota, told=told, scans=[600] * 30, others_gone=gone)
    account.run()
    assert {one.key for one in account.amis if vcpus(one) <= quota} <= account.scanned


def test_a_wave_takes_no_more_of_a_batch_than_one_invocation_launches() -> None:
    waiting = [ami(f"ami-{number:05}", batch=f"batch-{number % 2}") for number in range(2 * AT_ONCE + 10)]
    first = spread(waiting)
    assert first == waiting[: 2 * AT_ONCE]
    assert spread(one for one in waiting if one not in first) == waiting[2 * AT_ONCE :]


def test_one_invocation_launches_its_share_of_a_wave_within_its_time() -> None:
    [launch] = [state for states in containers() for name, state in states.items() if name == "Launch Batch"]
    each = interval(BATCHES * AT_ONCE, BATCHES) + 1  # seconds, with the call itself
    assert AT_ONCE * each < launch["TimeoutSeconds"] - 10  # the function's own time-out
