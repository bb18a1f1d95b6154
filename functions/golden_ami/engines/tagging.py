"""Writes an AMI's tags on findings, batch by batch. A service's refusal is answered with its code, never raised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami import times
from golden_ami.aws.errors import code_of
from golden_ami.logs import logger
from golden_ami.parallel import WORKERS, chunks, side_by_side

TIME_OVER = "TimeOver"  # ours, of findings that were not tried
Put = Callable[[list[str]], Mapping[str, str]]  # of a batch's ARNs, those that were not taken, with the service's code


class _Answer(NamedTuple):
    left: Mapping[str, str]
    refusal: str = ""  # of the batch as a whole


def put_in_batches(put: Put, arns: Sequence[str], size: int, until: datetime) -> dict[str, str]:
    """The codes of the findings that were not taken, by ARN.

    All findings get the same tags, so a batch that is refused as a whole is the last: what follows has its code.
    """
    left: dict[str, str] = {}
    refusal = ""
    for wave in chunks(arns, WORKERS * size):
        refusal = refusal or (TIME_OVER if times.now() >= until else "")
        if refusal:
            left |= dict.fromkeys(wave, refusal)
            continue
        for answer in side_by_side(lambda batch: _answer(put, batch), chunks(wave, size)):
            left |= answer.left
            refusal = refusal or answer.refusal
    return left


def _answer(put: Put, batch: list[str]) -> _Answer:
    try:
        return _Answer(put(batch))
    except (BotoCoreError, ClientError) as error:
        logger.warning("tags were not written on findings: %s", error)
        code = code_of(error) if isinstance(error, ClientError) else type(error).__name__
        return _Answer(dict.fromkeys(batch, code), code)
