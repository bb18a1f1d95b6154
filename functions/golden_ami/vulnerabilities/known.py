"""What is known of a run's vulnerabilities: asked of Amazon Inspector, each id once, and kept for the next run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from golden_ami import times
from golden_ami.evidence.requirements import needs_exploit_data
from golden_ami.logs import logger
from golden_ami.models import Ami, Run
from golden_ami.parallel import side_by_side
from golden_ami.storage.digests import Changed, NotedStore, checked
from golden_ami.storage.keys import ANSWERS, vulnerabilities_key
from golden_ami.storage.objects import UNDECODABLE, Missing, Store
from golden_ami.vulnerabilities.answer import Answer, Answers
from golden_ami.vulnerabilities.search import Search

_FRESH = timedelta(hours=24)  # EPSS is new every day (FIRST), and so may be CISA's catalogue


class Known(NamedTuple):
    """Answers by CVE id, and why some are missing ("": none is)."""

    answers: Answers
    problem: str = ""


NOTHING = Known({})


class Digests(Protocol):
    """Where the SHA-256 of the kept answers stands: the ledger, which a writer of the bucket alone cannot change."""

    def note_answers(self, sha256: str) -> None:
        """Note it."""

    def answers_digest(self) -> str:
        """What was noted last; "": nothing was."""


def known(run: Run, amis: Sequence[Ami], store: NotedStore, digests: Digests, inspector: Callable[[], Any]) -> Known:
    """The answers of which the findings of the AMIs have need; `inspector` gives the client that is asked.

    Nothing is asked when no policy of the run needs it. An answer of less than a day ago is not asked for again, unless
    the object that holds it is not the one that was written.
    """
    ids = _ids(run, amis, store)
    if not ids:
        return NOTHING
    kept = _kept(store, digests)
    now = times.now()
    fresh = {answer.id: answer for answer in kept if times.iso(now - _FRESH) < answer.at <= times.iso(now)}
    search = Search(inspector())
    new = search.ask([one for one in ids if one not in fresh])
    # CISA takes hardly any entry back: once listed, a vulnerability stays so, also when it gets no answer today.
    listed = {one.id: one for one in kept if one.known_exploited_since and one.id not in fresh}
    answers = {cve: _listing(old) for cve, old in listed.items()} | fresh
    answers |= {answer.id: _and_listed(answer, listed.get(answer.id)) for answer in new}
    if new:
        _keep(store, digests, answers.values())
    logger.info("vulnerabilities asked", extra={"ids": len(ids), "asked": len(new), "problem": search.problem})
    missing = search.problem if any(one not in answers for one in ids) else ""
    return Known(answers, missing)


def _ids(run: Run, amis: Sequence[Ami], store: Store) -> list[str]:
    """The ids that Tag Findings noted, each once, in the order of the AMIs."""

    def noted(ami: Ami) -> list[str]:
        try:
            return msgspec.json.decode(store.read(vulnerabilities_key(ami.run_id, ami.key)), type=list[str])
        except (Missing, *UNDECODABLE):
            return []  # there was nothing to ask; else it stays unanswered

    judged = [ami for ami in amis if ami.findings_key]
    asking = [ami for ami in judged if needs_exploit_data(run.config.policy_of(ami))]
    return list(dict.fromkeys(cve for ids in side_by_side(noted, asking) for cve in ids))


def _kept(store: Store, digests: Digests) -> list[Answer]:
    digest = digests.answers_digest()
    if not digest:
        return []
    lines = checked(store.lines(ANSWERS, again=False), ANSWERS, digest)
    try:
        return [msgspec.json.decode(line, type=Answer) for line in lines if line]
    except Missing:
        return []
    except (Changed, *UNDECODABLE) as error:
        logger.warning("the answers of earlier runs are not used, and are asked again: %s", error)
        return []


def _keep(store: NotedStore, digests: Digests, answers: Iterable[Answer]) -> None:
    """Write the answers anew. Of two runs at once the later one's stand: what is lost is asked again."""
    try:
        with store.writing(ANSWERS, "application/x-ndjson", again=False) as out:
            out.write(msgspec.json.Encoder().encode_lines(sorted(answers, key=lambda answer: answer.id)))
        digests.note_answers(store.sha256(ANSWERS))
    except (BotoCoreError, ClientError) as error:
        logger.warning("the answers are not kept for later runs: %s", error)


def _listing(answer: Answer) -> Answer:
    """What of an old answer still holds."""
    since, due = answer.known_exploited_since, answer.known_exploited_due
    return Answer(id=answer.id, at=answer.at, known_exploited_since=since, known_exploited_due=due)


def _and_listed(answer: Answer, old: Answer | None) -> Answer:
    if old is None or answer.known_exploited_since:
        return answer
    since, due = old.known_exploited_since, old.known_exploited_due
    return replace(answer, known_exploited_since=since, known_exploited_due=due)
