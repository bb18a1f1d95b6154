"""Instances that outlived their run, as the reaper would find them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from golden_ami.errors import worst
from golden_ami.instances.reaping import Runs
from golden_ami.instances.termination import Instance
from golden_ami.instances.termination import find as find_instances
from golden_ami.models import AMI_TAG, EXPIRY_TAG, RUN_TAG
from golden_ami.places import Place
from golden_ami.times import iso, now
from golden_ami_cli.errors import CommandError

if TYPE_CHECKING:
    from golden_ami_cli.account import Account


class ListedOrphan(NamedTuple):
    """An instance that outlived its run, for a person."""

    instance: str
    region: str
    run: str
    ami: str
    launched_at: str
    expired_at: str

    def __str__(self) -> str:
        return (
            f"{self.instance} in {self.region}: run {self.run or 'unknown'}, AMI {self.ami or 'unknown'}, "
            f"launched {self.launched_at}, expired {self.expired_at or 'without a date'}"
        )


def instances_of(account: Account, region: str, run_id: str | None = None) -> list[Instance]:
    """What the stack has launched in a region of its account, asked with the operator's own credentials."""
    place = Place(account.settings.account, region)
    return find_instances(place, account.settings, account.clients, run_id=run_id)


def find(account: Account) -> list[ListedOrphan]:
    """What the reaper would terminate now, in every region of the stack's account where it looks.

    Raises botocore's ClientError, and `errors` where it cannot be told whether a run goes on.
    """
    regions = dict.fromkeys([account.region, *account.settings.reap_regions])
    runs = Runs(account.settings, account.clients, account.ledger)
    found = [
        ListedOrphan(
            one.instance_id,
            region,
            one.tags.get(RUN_TAG, ""),
            one.tags.get(AMI_TAG, ""),
            iso(one.launched_at),
            one.tags.get(EXPIRY_TAG, ""),
        )
        for region in regions
        for one in instances_of(account, region)
        if one.alive and not runs.still_need(one, now())
    ]
    if runs.failures:
        raise worst(runs.failures)
    return found


def terminate(account: Account) -> int:
    """Have the stack's reaper do its work, with its own permissions; how many it terminated. Raises CommandError."""
    name = account.output("ReapFunction")
    answer = account.client("lambda").invoke(FunctionName=name, Payload=b"{}", **account.qualifier)
    payload = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise CommandError(f"{name} failed: {payload.get('errorMessage', payload)}; look at its log, then reap again")
    return int(payload["terminated"])
