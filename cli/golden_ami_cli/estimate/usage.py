"""What a run has used, as AWS's APIs and the ledger tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from golden_ami.errors import RunNotFound
from golden_ami.places import Place
from golden_ami.usage.actual import used_by
from golden_ami.usage.estimate import Item, planned
from golden_ami.usage.lines import UsageLine
from golden_ami.usage.prices import Prices
from golden_ami_cli.errors import UsageError

if TYPE_CHECKING:
    from golden_ami_cli.account import Account


def of_run(account: Account, run: str, prices: Callable[[Sequence[Item]], Prices]) -> list[UsageLine]:
    """The estimate for a run as the ledger has it, with the actual figures beside it. Raises UsageError.

    `prices` gives the prices of what was planned.
    """
    execution = account.describe(run)
    run_id = execution["name"]
    try:
        opened, amis = account.ledger.run_and_amis(run_id)
    except RunNotFound as error:
        raise UsageError(f"run {run_id} was never opened, so nothing was used beside its first state") from error
    now = execution.get("stopDate") or datetime.now(UTC)
    home = Place(opened.account, opened.region)
    table = prices(planned(opened.config, amis, home))
    return used_by(opened.config, amis, account.history(execution["executionArn"]), table, home, now)
