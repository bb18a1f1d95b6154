"""Amazon Inspector asked of CVE ids, one a call, each once, within a budget of time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Lock
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami import times
from golden_ami.aws.errors import code_of
from golden_ami.logs import logger
from golden_ami.parallel import side_by_side
from golden_ami.vulnerabilities.answer import Answer, read

_SECONDS = 240.0  # of a function's 900, most of which the report may need
_FAILURES = 3  # in a row, each after botocore's own retries: the service does not answer for now
_DENIED = "AccessDeniedException"


class Search:
    """SearchVulnerabilities in one place. An id that gets no answer stays without one; nothing is raised."""

    def __init__(self, client: Any, seconds: float = _SECONDS) -> None:
        self._client = client
        self._until = time.monotonic() + seconds
        self._lock = Lock()
        self._failures = 0
        self.problem = ""  # why ids were left without an answer

    def ask(self, ids: Sequence[str]) -> list[Answer]:
        """The answers that came."""
        return [answer for answer in side_by_side(self._ask, ids) if answer]

    def _ask(self, cve: str) -> Answer | None:
        if self._is_over():
            return None
        try:
            response = self._client.search_vulnerabilities(filterCriteria={"vulnerabilityIds": [cve]})
        except ClientError as error:
            self._failed(cve, error, code_of(error))
            return None
        except BotoCoreError as error:
            self._failed(cve, error, type(error).__name__)
            return None
        with self._lock:
            self._failures = 0
        return read(cve, response, times.iso(times.now()))

    def _is_over(self) -> bool:
        late = time.monotonic() >= self._until
        if late:
            self.problem = self.problem or "the time to ask Amazon Inspector of vulnerabilities is over; run again"
        return late or self._failures >= _FAILURES

    def _failed(self, cve: str, error: Exception, code: str) -> None:
        logger.warning("no answer to SearchVulnerabilities of %s: %s", cve, error)
        if code == "ValidationException":  # of this id alone
            return
        with self._lock:
            self._failures = _FAILURES if code == _DENIED else self._failures + 1
            remedy = "; allow inspector2:SearchVulnerabilities" if code == _DENIED else ""
            self.problem = self.problem or f"Amazon Inspector answers SearchVulnerabilities with {code}{remedy}"
