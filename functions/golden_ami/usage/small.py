"""What a run uses of the table, the bucket, the topics and the logs: small, and counted roughly.

The counts are bounds on runs in the embedded AWS; `tests/adapters/embedded/test_small_things.py` counts them again.
"""

from __future__ import annotations

from collections.abc import Sequence

from golden_ami.engines.base import Amount
from golden_ami.models import NO_BATCH, Ami
from golden_ami.places import Place
from golden_ami.usage.estimate import Item
from golden_ami.usage.idle import HOURS, Stack

# Requests of a run, and of each AMI of it, at most.
WRITES, READS, PUTS, GETS = (40, 25), (80, 30), (20, 8), (20, 8)
_UNITS = 4  # the most request units of one, of 1 KB each (a write) or 4 KB (a read)
KEPT = (100_000, 5_000_000)  # bytes of an AMI's findings and reports: with few findings, and with a thousand
_LOGGED = (5_000, 100_000)  # bytes of an AMI's logs, of functions and states; an assumption
# A metric costs by the hour in which it is sent (CloudWatch's page of prices); a run sends its metrics at its end, and
# one that is redriven once more. The reaper's are not among them: OldestRunHours is of every month (idle).
METRICS = 13
_GB = 1e9
_MONTH_DAYS = 730 / 24


def small(amis: Sequence[Ami], stack: Stack, home: Place) -> list[Item]:
    """What a run uses beside what is measured of it; each from a quarter of its bound to the bound."""
    count = sum(ami.batch != NO_BATCH for ami in amis)
    months = stack.retention_days / _MONTH_DAYS
    amounts = [
        _requests("Table, writes", WRITES, count, "dynamodb_write", _UNITS),
        _requests("Table, reads", READS, count, "dynamodb_read", _UNITS),
        _requests("Bucket, writes", PUTS, count, "s3_put"),
        _requests("Bucket, reads", GETS, count, "s3_get"),
        Amount("Reports kept", "GB-months", _bytes(KEPT, count, months), "s3_gb_month"),
        Amount("Logs", "GB", _bytes(_LOGGED, count + 1), "logs_ingested_gb"),
        Amount("Metrics", "metric months", (METRICS / HOURS, 2 * METRICS / HOURS), "metric_month"),
        Amount("Messages", "requests", (1, 2), "sns_publish"),
    ]
    if stack.email:
        amounts.append(Amount("E-mails", "e-mails", (1, 2), "sns_email"))
    return [Item(amount, home) for amount in amounts]


def _requests(what: str, bounds: tuple[int, int], count: int, price: str, units: int = 1) -> Amount:
    run, each = bounds
    most = run + each * count
    return Amount(what, "request units" if units > 1 else "requests", (most / 4, most * units), price)


def _bytes(between: tuple[int, int], count: int, months: float = 1) -> tuple[float, float]:
    return between[0] * count * months / _GB, between[1] * count * months / _GB
