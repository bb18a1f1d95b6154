"""What arrives at the completion topic: the engines' messages, and everything else that anybody publishes. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from golden_ami.engines.messages import Ignored, Message, account_of
from golden_ami.engines.registry import ENGINES, part

_READERS = [part(engine, "messages").read for engine in ENGINES]


def read(text: object) -> Message:
    """The meaning of the text of one message. Never raises."""
    try:
        body = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        return Ignored("not JSON")
    if not isinstance(body, Mapping):
        return Ignored("not a JSON object")
    if "detail-type" in body:
        account = account_of(body)
        if not account:
            return Ignored("an event without detail or account")
        body = {**body, "account": account}
    meanings: list[Message] = [meaning for reader in _READERS if (meaning := reader(body))]
    if meanings:
        return meanings[0]
    if "detail-type" in body:
        return Ignored(f"event {str(body['detail-type'])[:80]} of {str(body.get('source'))[:80]}")
    return Ignored("neither an event nor a notification of an engine")
