"""The functions' log: structured lines of JSON, each with the context of its invocation."""

from __future__ import annotations

import json
from functools import partial

from aws_lambda_powertools import Logger

# ASCII only: a control or bidirectional mark in a name acts on the terminal of whoever reads the log.
logger = Logger(
    service="golden-ami-assessment", json_serializer=partial(json.dumps, default=str, separators=(",", ":"))
)
