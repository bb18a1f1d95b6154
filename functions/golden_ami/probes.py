"""Probes: events of our own by which a person tries the routes of a deployed stack (`golden-ami doctor --probe`).

AWS lets nobody send events of its services: PutEvents refuses a source that begins with `aws.`
(NotAuthorizedForSourceException; EventBridge API reference, PutEventsResultEntry). So each rule of the stack matches a
probe as well, and what consumes the rule's events answers a probe with a row in the ledger, and with nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from golden_ami.aws.errors import named_errors
from golden_ami.errors import AssessmentError
from golden_ami.logs import logger
from golden_ami.parallel import side_by_side

if TYPE_CHECKING:
    from golden_ami.ledger import Ledger

SOURCE = "golden-ami.probe"
DETAIL_TYPE = "Golden AMI Probe"
RULES = ("ExecutionEnded", "InstanceScanned", "AmiScanned", "AmiFinding")  # logical ids in template.yaml

_ID = re.compile(r"[0-9a-f]{32}")


class Probe(NamedTuple):
    """An event that has a probe's source or type. Whoever may call PutEvents may have sent it."""

    id: str  # 32 hexadecimal digits; "" in a probe that is malformed
    rule: str  # one of RULES; "" in a probe that is malformed


def probe_of(body: object) -> Probe | None:
    """The probe that an event or its JSON text is; None for everything else.

    A malformed one is a probe still: nothing that says to be a probe is ever read as an event of AWS.
    """
    event = _object(body)
    if event.get("source") != SOURCE and event.get("detail-type") != DETAIL_TYPE:
        return None
    detail = _object(event.get("detail"))
    probe, rule = detail.get("probe"), detail.get("rule")
    if isinstance(probe, str) and _ID.fullmatch(probe) and rule in RULES:
        return Probe(probe, str(rule))
    return Probe("", "")


def answer(probe: Probe, ledger: Ledger) -> None:
    """Note that the probe has arrived; one that is malformed is only logged."""
    if probe.id:
        ledger.note_probe(probe.id, probe.rule)
    else:
        logger.warning("ignored a malformed probe")


def without_probes(records: object, ledger: Ledger) -> object:
    """What SNS has delivered, but for the probes, which are answered."""
    others, probes = apart(records)
    for _, probe in probes:
        answer(probe, ledger)
    return others


def apart(records: object) -> tuple[object, list[tuple[Any, Probe]]]:
    """What SNS or SQS has delivered, but for the probes; and their records, each with its probe."""
    if not isinstance(records, list):
        return records, []
    probes = [(record, probe_of(_text(record))) for record in records]
    others = [record for record, probe in probes if probe is None]
    return others, [(record, probe) for record, probe in probes if probe is not None]


def unanswered(probes: Sequence[tuple[Any, Probe]], ledger: Ledger) -> list[str]:
    """Answer the probes of SQS's records; the ids of the messages of those that could not be answered."""

    def failed(one: tuple[Any, Probe]) -> str:
        try:
            with named_errors():
                answer(one[1], ledger)
        except AssessmentError as error:
            logger.error("a probe was not answered: %s", error)
            return str(one[0].get("messageId"))
        return ""

    return [one for one in side_by_side(failed, probes) if one]


def _text(record: object) -> object:
    """The message in a record of SNS (`Sns.Message`) or SQS (`body`)."""
    given = record if isinstance(record, Mapping) else {}
    sns = given.get("Sns")
    return sns.get("Message") if isinstance(sns, Mapping) else given.get("body")


def _object(value: object) -> Mapping[str, Any]:
    try:
        found = json.loads(value) if isinstance(value, str | bytes) else value
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}
