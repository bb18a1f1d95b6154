"""Terminates what outlived its run. What carries the stack's instance profile is ours; EC2, Step Functions and the
ledger say whether it is still needed, and none of them is trusted alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from botocore.exceptions import ClientError
from msgspec import MsgspecError

from golden_ami import metrics
from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import code_of, named_errors
from golden_ami.errors import AssessmentError, RunNotFound, worst
from golden_ami.executions import TIME_LIMIT, execution_arn, machine_arn
from golden_ami.instances.termination import ALIVE, Instance, tagged, terminate
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.models import AMI_TAG, EXPIRY_TAG, RUN_TAG
from golden_ami.places import Place, named
from golden_ami.settings import Settings
from golden_ami.times import now, read

# From the launch: no execution that has launched an instance runs any longer.
LONGEST = timedelta(seconds=TIME_LIMIT)
# Statuses, beside RUNNING, of an execution that may go on; "" is one that is not known. PENDING_REDRIVE waits to be
# restarted under the same ARN (Step Functions' API reference, MapRunExecutionCounts: today only child executions of a
# Distributed Map have it).
_MAY_GO_ON = frozenset({"", "PENDING_REDRIVE"})


class Orphan(NamedTuple):
    """An instance whose run is over, or past its expiry with no run that is known to go on."""

    place: Place
    instance: Instance
    recorded: bool = True  # whether the ledger has its run

    def __str__(self) -> str:
        tags = self.instance.tags
        run = tags.get(RUN_TAG, "unknown") + ("" if self.recorded else " (not in the ledger)")
        return (
            f"{self.instance.instance_id} in {named(self.place)}: run {run}, "
            f"AMI {tags.get(AMI_TAG, 'unknown')}, launched {self.instance.launched_at:%Y-%m-%d %H:%M} UTC, "
            f"expired {tags.get(EXPIRY_TAG) or 'without a date'}"
        )


class Reaped(NamedTuple):
    """What the reaper did. Both are counts of instances."""

    found: int
    terminated: int


def reap(settings: Settings, clients: Clients, ledger: Ledger, *, dry_run: bool) -> Reaped:
    """Terminate the stack's orphans at home, in REAP_REGIONS and in both of MEMBER_ACCOUNT_IDS.

    An orphan carries the stack's tags and its instance profile, and its run's execution has ended: a launch that was
    under way when the execution was aborted comes after everything that terminates. While the execution is RUNNING,
    an instance is none for as long as an execution may run. Of an execution that is not known, or cannot be asked
    about, the expiry decides: an instance that stays costs more than an AMI that its report has as NOT ASSESSED. The
    expiry is the ledger's where it has the run, as tags may be changed by others, else the tag's.

    When it had to act it counts them in the metric ReapedInstances and sends one message to the results topic: a run
    did not clean up after itself. A dry run only looks. Raises the first fault, after everything else was done.
    """
    orphans: list[Orphan] = []
    terminated: list[Orphan] = []
    runs = Runs(settings, clients, ledger)
    failures = runs.failures
    for place in _places(settings):
        try:
            with named_errors():
                alive = tagged(clients.client("ec2", place), settings.stack, states=ALIVE)
        except AssessmentError as fault:
            failures.append(fault)
            continue
        found = [
            Orphan(place, one, runs.recorded(one)) for one in _ours(alive, settings) if not runs.still_need(one, now())
        ]
        orphans += found
        if found and not dry_run:
            launches = {orphan.instance.instance_id: orphan.instance.launched_at for orphan in found}
            failed = terminate(place, clients, launches)
            failures += failed.values()
            terminated += [orphan for orphan in found if orphan.instance.instance_id not in failed]
    for orphan in orphans:
        logger.warning("an instance outlived its run", extra={"orphan": str(orphan), "dry_run": dry_run})
    if orphans and not dry_run:
        _tell(terminated, failures, settings, clients)
    if failures:
        raise worst(failures)
    return Reaped(len(orphans), len(terminated))


def _places(settings: Settings) -> list[Place]:
    accounts = (settings.account, *settings.member_accounts)
    regions = (settings.region, *settings.reap_regions)
    return list(dict.fromkeys(Place(account, region) for account in accounts for region in regions))


def _ours(instances: Sequence[Instance], settings: Settings) -> list[Instance]:
    for one in instances:
        if not one.launched_by(settings):
            told = {"instance": one.instance_id, "profile": one.profile or "none"}
            logger.warning("left alone: the stack's tags on an instance without its instance profile", extra=told)
    return [one for one in instances if one.launched_by(settings)]


def expired(instance: Instance, instant: datetime, expiry: str = "") -> bool:
    """Whether the instance is past the given expiry, else its tag's; without a readable one, older than a day."""
    until = read(expiry) or read(instance.tags.get(EXPIRY_TAG))
    if until:
        return datetime.fromisoformat(until) <= instant
    return instance.launched_at + LONGEST <= instant


class Runs:
    """What is known of the runs that the instances' tags name. What cannot be asked is in `failures`."""

    def __init__(self, settings: Settings, clients: Clients, ledger: Ledger) -> None:
        self.failures: list[AssessmentError] = []
        self._settings = settings
        self._clients = clients
        self._ledger = ledger
        self._expiry = cache(self._read_expiry)
        self._status = cache(self._ask_status)

    def recorded(self, instance: Instance) -> bool:
        """Whether the ledger has the instance's run."""
        return self._expiry(instance.tags.get(RUN_TAG, "")) is not None

    def still_need(self, instance: Instance, instant: datetime) -> bool:
        """Whether the instance's run goes on: as Step Functions says, else by the expiry."""
        run_id = instance.tags.get(RUN_TAG, "")
        status = self._status(run_id)
        if status == "RUNNING":
            return instant < instance.launched_at + LONGEST
        return status in _MAY_GO_ON and not expired(instance, instant, self._expiry(run_id) or "")

    def _read_expiry(self, run_id: str) -> str | None:
        try:
            with named_errors():
                return self._ledger.run(run_id).expires_at if run_id else None
        except RunNotFound:
            return None
        except MsgspecError as fault:  # written by another version; the tag says what the row would
            logger.warning("the ledger's row of a run cannot be read", extra={"run": run_id, "fault": str(fault)})
            return None
        except AssessmentError as fault:
            self.failures.append(fault)
            return None

    def _ask_status(self, run_id: str) -> str:
        """Of the run's execution; "" where it is not known or cannot be asked about."""
        try:
            with named_errors():
                return _status(run_id, self._settings, self._clients) if run_id else ""
        except AssessmentError as fault:
            self.failures.append(fault)
            return ""


def _status(run_id: str, settings: Settings, clients: Clients) -> str:
    """Of the run's execution, which has the run's name; "" where there is none."""
    execution = execution_arn(machine_arn(settings), run_id)
    try:
        answer = clients.client("stepfunctions").describe_execution(executionArn=execution)
        return str(answer["status"])
    except ClientError as error:
        if code_of(error) in ("ExecutionDoesNotExist", "InvalidArn", "ValidationException"):
            return ""
        raise


def _tell(
    terminated: Sequence[Orphan], failures: Sequence[AssessmentError], settings: Settings, clients: Clients
) -> None:
    metrics.of_reaper(settings.stack, len(terminated))
    lines = [
        f"{len(terminated)} instance(s) of stack {settings.stack} outlived their runs and were terminated:",
        *(f"- {orphan}" for orphan in terminated[:200]),
        *([f"- and {len(terminated) - 200:,} more"] if len(terminated) > 200 else []),
    ]
    if failures:
        lines += ["", "Still running, please look:", *(f"- {fault}" for fault in failures[:50])]
    subject = f"Golden AMI assessment: {len(terminated)} orphaned instance(s) terminated"
    clients.client("sns").publish(
        TopicArn=settings.results_topic, Subject=subject[:100], Message="\n".join([*lines, ""])
    )
