"""How late EC2 may be in telling of what it has launched. Pure.

"The Amazon EC2 API follows an eventual consistency model": after RunInstances a call with the instance's id may answer
InvalidInstanceID.NotFound, which "does not mean the instance does not exist", and after one good answer the next may
lack it again; AWS says to wait "up to five minutes" (EC2 Developer Guide, "Eventual consistency in the Amazon EC2
API"). That five minutes bound the delay is inferred: the page promises nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from golden_ami.times import now

LISTED_WITHIN = timedelta(minutes=5)  # from the launch


def may_be_unlisted(launched_at: datetime | str) -> bool:
    """Whether EC2 may not tell yet of an instance launched then (ISO 8601, or aware)."""
    instant = datetime.fromisoformat(launched_at) if isinstance(launched_at, str) else launched_at
    return now() - instant < LISTED_WITHIN
