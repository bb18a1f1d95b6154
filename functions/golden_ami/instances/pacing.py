"""How fast a run launches: no faster than EC2 takes RunInstances.

EC2 Developer Guide, "Request throttling for the Amazon EC2 API": for each account and Region there is a bucket of five
requests, and two come back every second. What EC2 throttles all the same, as when others launch too, the SDK repeats,
and after it the state machine.
"""

from __future__ import annotations

from random import uniform
from time import sleep

BURST = 5  # launches that EC2 takes at once
BATCHES_AT_ONCE = 8  # MaxConcurrency of Launch Instances in the definition
_RATE = 1.5  # launches a second, of all batches together; what is left of EC2's two is for repetitions and for others


def interval(amis: int, batches: int) -> float:
    """Seconds, on average, between two launches of one batch, so that all that run at once keep to the rate.

    >>> interval(5, 5), interval(30, 3), interval(1_000, 40)
    (0.0, 2.0, 5.333333333333333)
    """
    return min(batches, BATCHES_AT_ONCE) / _RATE if amis > BURST else 0.0


def pause(seconds: float) -> None:
    """Wait before a launch, so long on average; by chance, so that batches which begin together do not go in step."""
    if seconds:
        sleep(uniform(0, 2 * seconds))
