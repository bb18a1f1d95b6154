"""The part of a run's configuration that may be long, in an object where the ledger's row has no room for it."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from msgspec.structs import replace

from golden_ami.models import Config, Run
from golden_ami.storage.digests import Changed
from golden_ami.storage.keys import terms_key
from golden_ami.storage.objects import Store

_ROOM = 200_000  # bytes of JSON in the row, which has 400 KB for all of it (DynamoDB Developer Guide, "Quotas")


def kept_apart(run: Run, s3: Any, bucket: str) -> Run:
    """The run for the ledger: with its exceptions and routes put into an object if they are long.

    Its key has their digest: an attempt that reads another configuration and opens no run replaces nothing. Raises
    botocore's ClientError.
    """
    body = msgspec.json.encode(Config(exceptions=run.config.exceptions, routes=run.config.routes))
    if len(body) <= _ROOM:
        return run
    key = terms_key(run.run_id, hashlib.sha256(body).hexdigest())
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
    return replace(run, terms_key=key, config=replace(run.config, exceptions=[], routes={}))


def whole(run: Run, store: Store) -> Run:
    """The run with its exceptions and routes. Raises Missing, and Changed: without them no verdict may be given."""
    if not run.terms_key:
        return run
    body = store.read(run.terms_key)
    digest = hashlib.sha256(body).hexdigest()
    if run.terms_key != terms_key(run.run_id, digest):
        raise Changed(f"{run.terms_key} was changed: its SHA-256 is {digest}, its key in the ledger has another")
    terms = msgspec.json.decode(body, type=Config)
    return replace(run, config=replace(run.config, exceptions=terms.exceptions, routes=terms.routes))
