"""Terminates what outlived its run: asks EC2 by tag and expiry and Step Functions by run; trusts no state of ours."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from botocore.exceptions import ClientError

from golden_ami import metrics
from golden_ami.aws import code_of, named_errors
from golden_ami.entry import logger
from golden_ami.errors import AssessmentError, worst
from golden_ami.instances.termination import ALIVE, Instance, find, terminate
from golden_ami.models import AMI_TAG, EXPIRY_TAG, RUN_TAG
from golden_ami.places import Place, home, named
from golden_ami.settings import Settings
from golden_ami.times import now, read

UNTAGGED_AFTER = timedelta(hours=24)  # from the launch; of an instance without a readable expiry


class Orphan(NamedTuple):
    """An instance past its expiry, or whose run is over."""

    place: Place
    instance: Instance

    def __str__(self) -> str:
        tags = self.instance.tags
        return (
            f"{self.instance.instance_id} in {named(self.place)}: run {tags.get(RUN_TAG, 'unknown')}, "
            f"AMI {tags.get(AMI_TAG, 'unknown')}, launched {self.instance.launched_at:%Y-%m-%d %H:%M} UTC, "
            f"expired {tags.get(EXPIRY_TAG) or 'without a date'}"
        )


def reap(settings: Settings, *, dry_run: bool) -> dict[str, int]:
    """Terminate the stack's orphans at home, in REAP_REGIONS and in both of MEMBER_ACCOUNT_IDS.

    `found` and `terminated` are counts.

    An orphan is past its expiry, or its run's execution has ended: a launch that was under way when the execution was
    aborted comes after everything that terminates.

    When it had to act it counts them in the metric ReapedInstances and sends one message to the results topic: a run
    did not clean up after itself. A dry run only looks. Raises the first fault, after everything else was done.
    """
    orphans: list[Orphan] = []
    failures: list[AssessmentError] = []
    terminated: list[Orphan] = []
    for place in _places(settings):
        try:
            with named_errors():
                alive = find(place, settings.stack, states=ALIVE)
        except AssessmentError as fault:
            failures.append(fault)
            continue
        over = _ended({one.tags.get(RUN_TAG, "") for one in alive if not expired(one, now())}, settings, failures)
        found = [Orphan(place, one) for one in alive if expired(one, now()) or one.tags.get(RUN_TAG) in over]
        orphans += found
        if found and not dry_run:
            failed = terminate(place, [orphan.instance.instance_id for orphan in found])
            failures += failed.values()
            terminated += [orphan for orphan in found if orphan.instance.instance_id not in failed]
    for orphan in orphans:
        logger.warning("an instance outlived its run", extra={"orphan": str(orphan), "dry_run": dry_run})
    if orphans and not dry_run:
        _tell(terminated, failures, settings)
    if failures:
        raise worst(failures)
    return {"found": len(orphans), "terminated": len(terminated)}


def _places(settings: Settings) -> list[Place]:
    accounts = (settings.account, *settings.member_accounts)
    regions = (settings.region, *settings.reap_regions)
    return list(dict.fromkeys(Place(account, region) for account in accounts for region in regions))


def expired(instance: Instance, instant: datetime) -> bool:
    """Whether the instance is past the expiry that its tag gives; without a readable one, older than 24 hours."""
    expiry = read(instance.tags.get(EXPIRY_TAG))
    if expiry:
        return datetime.fromisoformat(expiry) <= instant
    return instance.launched_at + UNTAGGED_AFTER <= instant


def _ended(run_ids: set[str], settings: Settings, failures: list[AssessmentError]) -> set[str]:
    """Of the runs, those whose execution has ended. One that cannot be asked for is left to its instances' expiry."""
    ended = set()
    for run_id in sorted(run_ids - {""}):
        try:
            with named_errors():
                if _status(run_id, settings) not in ("RUNNING", "PENDING_REDRIVE", "UNKNOWN"):
                    ended.add(run_id)
        except AssessmentError as fault:
            failures.append(fault)
    return ended


def _status(run_id: str, settings: Settings) -> str:
    """The state machine has the stack's name, the execution the run's."""
    partition = os.environ.get("AWS_PARTITION", "aws")
    arn = f"arn:{partition}:states:{settings.region}:{settings.account}:execution:{settings.stack}:{run_id}"
    try:
        return str(home(settings).client("stepfunctions").describe_execution(executionArn=arn)["status"])
    except ClientError as error:
        if code_of(error) in ("ExecutionDoesNotExist", "InvalidArn"):
            return "UNKNOWN"
        raise


def _tell(terminated: Sequence[Orphan], failures: Sequence[AssessmentError], settings: Settings) -> None:
    metrics.of_reaper(settings.stack, len(terminated))
    lines = [
        f"{len(terminated)} instance(s) of stack {settings.stack} outlived their runs and were terminated:",
        *(f"- {orphan}" for orphan in terminated[:200]),
        *([f"- and {len(terminated) - 200:,} more"] if len(terminated) > 200 else []),
    ]
    if failures:
        lines += ["", "Still running, please look:", *(f"- {fault}" for fault in failures[:50])]
    subject = f"Golden AMI assessment: {len(terminated)} orphaned instance(s) terminated"
    home(settings).client("sns").publish(
        TopicArn=settings.results_topic, Subject=subject[:100], Message="\n".join([*lines, ""])
    )
