"""Deprecation of AMIs that fail, taken back when they pass.

A date that stands is never moved, whoever set it: only an AMI without one is deprecated, so the same verdict again asks
for nothing. A deprecation is ours as long as EC2 has the very date that the ledger notes, and only then it is taken
back. Nobody else writes the ledger, whereas a tag may be set by others, and is copied with an AMI.

Sources: EC2 API Reference, EnableImageDeprecation (a whole minute, not in the past), DisableImageDeprecation, Image
(deprecationTime); EC2 User Guide, "Deprecate an Amazon EC2 AMI" (only the owner may; of a public AMI the date cannot be
removed).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from golden_ami import times
from golden_ami.aws.filters import FILTER_VALUES
from golden_ami.errors import AccessDenied
from golden_ami.models import Deprecation
from golden_ami.parallel import chunks, side_by_side
from golden_ami.places import Place
from golden_ami.report.actions.refusals import refusal
from golden_ami.report.model import ActionName, AmiAction, AmiReport, Report
from golden_ami.report.verdicts import value_of_ami

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients
    from golden_ami.ledger import Ledger
    from golden_ami.report.actions.done import Outcomes

_SHORTLY = timedelta(minutes=2)  # EC2 deprecates at a minute in the future
_TOGETHER = 100  # AMIs that are deprecated at one minute: asked for well before it

Call = Callable[[Any, AmiReport, Deprecation], object]
Step = tuple["_Found", Deprecation]


class _Found(NamedTuple):
    """An AMI as EC2 and the ledger know it."""

    ami: AmiReport
    client: Any
    date: str  # on which EC2 says that it is deprecated, "" for none; ISO 8601, a whole minute
    note: Deprecation | None
    refusal: str = ""  # why EC2 does not say

    @property
    def ours(self) -> bool:
        """Whether the date is the one that this system set."""
        return bool(self.date) and self.note is not None and self.note.at == self.date


class Deprecator:
    """Deprecates the AMIs of one report, and takes deprecations back; in a dry run it only says so."""

    def __init__(self, report: Report, clients: Clients, ledger: Ledger, *, dry_run: bool) -> None:
        self._report, self._clients, self._ledger, self._dry_run = report, clients, ledger, dry_run
        self._run_id, self._parameter = report.run.run_id, report.run.parameter

    def deprecate(self) -> Outcomes:
        """Deprecate AMIs that fail and are not deprecated."""
        failing = [ami for ami in self._report.amis if ami.verdict == "FAIL"]
        found = self._found(failing, self._notes(failing))
        outcomes = {one.ami.key: self._as_it_is(one) for one in found if one.refusal or one.date}
        for some in chunks((one for one in found if one.ami.key not in outcomes), _TOGETHER):
            at = times.iso((times.now() + _SHORTLY).replace(second=0, microsecond=0))
            steps = [(one, self._note(one.ami, at)) for one in some]
            outcomes |= self._taken("deprecate", steps, _deprecate, "deprecated as of {at}", "would be deprecated")
        return outcomes

    def take_back(self) -> Outcomes:
        """Take the deprecation of AMIs that pass back, where it is ours."""
        passing = [ami for ami in self._report.amis if value_of_ami(ami) == "PASS"]
        notes = self._notes(passing)
        found = self._found([ami for ami in passing if _key(ami) in notes], notes)
        outcomes = {one.ami.key: told for one in found if not self._is_own(one) and (told := self._left(one))}
        ours = [(one, one.note) for one in found if one.note and self._is_own(one)]
        steps = [(one, replace(note, taken_back=self._run_id)) for one, note in ours]
        done, dry = "the deprecation as of {at} was taken back", "the deprecation as of {at} would be taken back"
        return outcomes | self._taken("undeprecate", steps, _take_back, done, dry)

    def _is_own(self, found: _Found) -> bool:
        """Whether this configuration asked for it; of a note without a parameter nobody knows."""
        return found.ours and found.note is not None and found.note.parameter in ("", self._parameter)

    # ------------------------------------------------------------ what stands

    def _notes(self, amis: Iterable[AmiReport]) -> dict[tuple[str, str, str], Deprecation]:
        known = self._ledger.deprecations(_key(ami) for ami in amis)
        return {(one.account, one.region, one.ami_id): one for one in known}

    def _found(self, amis: Sequence[AmiReport], notes: dict[tuple[str, str, str], Deprecation]) -> list[_Found]:
        by_place: dict[Place, list[AmiReport]] = {}
        for ami in amis:
            by_place.setdefault(Place(ami.account, ami.region), []).append(ami)
        return [one for place, some in by_place.items() for one in self._found_in(place, some, notes)]

    def _found_in(
        self, place: Place, amis: Sequence[AmiReport], notes: dict[tuple[str, str, str], Deprecation]
    ) -> Iterator[_Found]:
        try:
            client = self._clients.client("ec2", place)
            dates = _dates(client, [ami.ami_id for ami in amis])
        except (ClientError, BotoCoreError, AccessDenied) as error:
            why = refusal(error, place, self._report.run.account)
            return (_Found(ami, None, "", notes.get(_key(ami)), why) for ami in amis)
        return (_Found(ami, client, dates.get(ami.ami_id, ""), notes.get(_key(ami))) for ami in amis)

    def _as_it_is(self, found: _Found) -> AmiAction:
        """Of an AMI that fails and has a date, or of which EC2 does not say."""
        if found.refusal:
            return AmiAction(action="deprecate", outcome="REFUSED", detail=found.refusal)
        since = f"deprecated as of {found.date}"
        if not found.ours or not found.note:
            return AmiAction(action="deprecate", outcome="KEPT", detail=f"{since}, not by this system; the date stays")
        if found.note.run_id == self._run_id:  # by an attempt before this one
            return AmiAction(action="deprecate", outcome="DONE", detail=since)
        return AmiAction(action="deprecate", outcome="KEPT", detail=f"{since}, since run {found.note.run_id}")

    def _left(self, found: _Found) -> AmiAction | None:
        """Of an AMI that passes and has no date of ours; None where there is nothing to tell."""
        if found.refusal:
            return AmiAction(action="undeprecate", outcome="REFUSED", detail=found.refusal)
        note = found.note
        if note and not found.date and note.taken_back == self._run_id:  # by an attempt before this one
            told = f"the deprecation as of {note.at} was taken back"
            return AmiAction(action="undeprecate", outcome="DONE", detail=told)
        if note and found.ours:
            told = f"deprecated as of {found.date} by {note.parameter}, which takes it back when the AMI passes there"
            return AmiAction(action="undeprecate", outcome="KEPT", detail=told)
        if note and found.date and not note.taken_back:
            told = f"deprecated as of {found.date}, not by this system; the date stays"
            return AmiAction(action="undeprecate", outcome="KEPT", detail=told)
        return None

    # ------------------------------------------------------------ what is changed

    def _taken(self, name: ActionName, steps: Sequence[Step], call: Call, done: str, dry: str) -> Outcomes:
        """Take the steps: each is noted before EC2 is asked."""
        if self._dry_run:
            return {
                found.ami.key: AmiAction(action=name, outcome="WOULD", detail=dry.format(at=note.at))
                for found, note in steps
            }
        self._ledger.note_deprecations(note for _, note in steps)
        tried = side_by_side(lambda step: (step, self._refused(call, *step)), steps)
        return {
            found.ami.key: AmiAction(action=name, outcome="REFUSED", detail=why)
            if why
            else AmiAction(action=name, outcome="DONE", detail=done.format(at=note.at))
            for (found, note), why in tried
        }

    def _note(self, ami: AmiReport, at: str) -> Deprecation:
        return Deprecation(
            ami_id=ami.ami_id, account=ami.account, region=ami.region, at=at, run_id=self._run_id,
            parameter=self._parameter,
        )  # fmt: skip

    def _refused(self, call: Call, found: _Found, note: Deprecation) -> str:
        try:
            call(found.client, found.ami, note)
        except (ClientError, BotoCoreError) as error:
            return refusal(error, Place(found.ami.account, found.ami.region), self._report.run.account)
        return ""


def _key(ami: AmiReport) -> tuple[str, str, str]:
    return ami.account, ami.region, ami.ami_id


def _deprecate(client: Any, ami: AmiReport, note: Deprecation) -> None:
    client.enable_image_deprecation(ImageId=ami.ami_id, DeprecateAt=datetime.fromisoformat(note.at))


def _take_back(client: Any, ami: AmiReport, _: Deprecation) -> None:
    client.disable_image_deprecation(ImageId=ami.ami_id)


def _dates(client: Any, ids: Sequence[str]) -> dict[str, str]:
    """The date of each AMI that has one. By filter, as one unknown id in ImageIds would fail the request for all."""
    pages = client.get_paginator("describe_images")
    return {
        image["ImageId"]: _minute(image["DeprecationTime"])
        for some in chunks(ids, FILTER_VALUES)
        for page in pages.paginate(Filters=[{"Name": "image-id", "Values": some}], IncludeDeprecated=True)
        for image in page["Images"]
        if image.get("DeprecationTime")
    }


def _minute(told: str) -> str:
    """EC2's date as this system writes one, a whole minute."""
    return times.iso(datetime.fromisoformat(told).replace(second=0, microsecond=0))
