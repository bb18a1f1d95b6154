"""Faults by name: Step Functions retries or catches by the exception's class name.

    AssessmentError
    ├── Retriable                 the definition retries these by name
    │   ├── Throttled             AWS asked us to slow down
    │   ├── ServiceFault          AWS answered 5xx, or did not answer
    │   ├── LaunchNotListed       EC2 does not tell yet of what was just launched, so it cannot be terminated
    │   └── FindingsIncomplete    Inspector announced more findings than it lists yet
    ├── InvalidConfiguration      the parameter's content, with every problem found in it
    ├── EngineUnavailable         the scanner cannot be used here as things stand
    ├── EngineBusy                Classic's shared target is taken by another run
    ├── AccessDenied              the function's role lacks a permission
    ├── ServiceRejected           AWS refused the request for another reason; repeating it cannot help
    ├── InvalidEvent              the handler was invoked with an event that it cannot read
    ├── InvalidEnvironment        the function lacks an environment variable
    ├── ReportUnfinished          attempts to make the report ended in no way at all
    └── RunNotFound               the ledger does not know the run

Expected outcomes (an AMI that cannot be assessed) are data, `models.Reason`, never exceptions.
"""

from collections.abc import Sequence
from typing import NamedTuple

from golden_ami.characters import printable

# Characters of an error's text: with every one escaped it stays below the 32,768 of a cause (Step Functions).
LONGEST = 4_000


def within(lines: Sequence[str], most: int, between: str = "\n") -> str:
    """The lines within so many characters, cut only where one of them ends; what is left out is counted."""
    whole = between.join(lines)
    if len(whole) <= most:
        return whole
    room, kept = most - len(f"... and {len(lines):,} more, left out here"), 0
    for line in lines:
        room -= len(line) + len(between)
        if room < 0:
            break
        kept += 1
    if kept:
        return between.join([*lines[:kept], f"... and {len(lines) - kept:,} more, left out here"])
    note = " ... (cut here)"
    return lines[0][: most - len(note)] + note


class AssessmentError(Exception):
    """The root of every fault that this project raises."""


class Retriable(AssessmentError):
    """A fault that can heal by itself."""


class Throttled(Retriable):
    """AWS throttled a call, past the SDK's own retries."""


class ServiceFault(Retriable):
    """AWS answered 5xx or could not be reached, past the SDK's own retries."""


class LaunchNotListed(Retriable):
    """EC2 does not tell yet of what was launched a short time ago, so that it could not be terminated."""


class FindingsIncomplete(Retriable):
    """Fewer findings are listed than the completed scan announced."""


class Problem(NamedTuple):
    """One thing wrong in a configuration: where (a JSON path), what stands there, and what to write instead."""

    path: str
    value: str
    remedy: str

    def __str__(self) -> str:
        return printable(f"{self.path}: {self.value}; {self.remedy}")


class InvalidConfiguration(AssessmentError):
    """The configuration cannot be used; `problems` lists all that is wrong with it."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = f"{len(problems)} problem" + ("" if len(problems) == 1 else "s")
        lines = [f"{number}. {problem}" for number, problem in enumerate(problems, 1)]
        super().__init__(within([f"{source} has {count}:", *lines], LONGEST))


class EngineUnavailable(AssessmentError):
    """The scanner cannot be used here; the message says what to change."""


class EngineBusy(AssessmentError):
    """Inspector Classic's one shared target is in use by another run."""


class AccessDenied(AssessmentError):
    """AWS denied a call; the message names the call and the resource."""


class ServiceRejected(AssessmentError):
    """AWS refused a call in a way that repeating cannot heal."""


class InvalidEvent(AssessmentError):
    """The event lacks a field or has one of a wrong type."""


class InvalidEnvironment(AssessmentError):
    """An environment variable is missing or malformed."""


class ReportUnfinished(AssessmentError):
    """Attempts to make the report ended in no way at all: for lack of memory or time."""


class RunNotFound(AssessmentError):
    """The ledger holds no run of this id."""


def worst(failures: Sequence[AssessmentError]) -> AssessmentError:
    """One fault for several: one that a retry can heal where there is one, with the text of all."""
    if len(failures) == 1:
        return failures[0]
    chosen = next((fault for fault in failures if isinstance(fault, Retriable)), failures[0])
    texts = list(dict.fromkeys(map(str, failures)))
    shown = "; ".join(texts[:10]) + (f"; and {len(texts) - 10:,} more" if len(texts) > 10 else "")
    return type(chosen)(shown)
