"""User data: the plain text that EC2 takes, which the launch encodes; and what the ledger keeps of it. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

import msgspec

from golden_ami.errors import Problem
from golden_ami.models import Ami

USER_DATA_LIMIT = 16_384  # bytes before base64 (EC2 User Guide, "Run commands when you launch an EC2 instance")
_LAYERS = 3  # of base64, one in the other
_GZIP = b"\x1f\x8b\x08"  # RFC 1952: identification and DEFLATE; in base64 H4sI
_GZIP_AS_TEXT = re.compile(rb"\x1f(?:\x8b|\xc2\x8b|\xef\xbf\xbd|\?)\x08")  # the same, read as UTF-8 or Latin-1
_MARKS = b"\xef\xbb\xbf\xff\xfe \t\r\n"  # byte order marks, and what may stand before a script
_TEXT = 12  # bytes; so many that a word decodes to a text by accident once in 100,000 times
# What the agents of an image know by its first characters: cloud-init ("User data formats") and, of Windows,
# EC2Launch, EC2Launch v2 and EC2Config (EC2 User Guide, "How Amazon EC2 handles user data for Windows instances").
_KNOWN = (
    b"#!", b"#cloud-config", b"#cloud-boothook", b"#include", b"#part-handler", b"#upstart-job", b"## template:",
    b"content-type:", b"mime-version:", b"<powershell", b"<script", b"<persist", b"<runasl", b"version:",
)  # fmt: skip


def user_data_problems(path: str, text: str) -> list[Problem]:
    """What keeps the text from running at the instance's first boot. The text itself is never shown."""
    content = text.encode(errors="replace")
    if len(content) > USER_DATA_LIMIT:
        remedy = f"EC2 takes {USER_DATA_LIMIT:,} bytes; have the script fetch the rest, from S3 for example"
        return [Problem(path, f"{len(content):,} bytes of text", remedy)]
    if form := _encoded(content):
        remedy = (
            "write the script as plain text; it is encoded later (in Terraform, without base64encode or base64gzip)"
        )
        return [Problem(path, f"{len(content):,} bytes of {form}", remedy)]
    return []


def _encoded(content: bytes) -> str:
    """How a script is encoded already, "" when it is not: as far as EC2 can see, it would then be no script."""
    if _GZIP_AS_TEXT.match(content):
        return "gzip"
    for _ in range(_LAYERS):
        decoded = _decoded(content)
        if decoded is None:
            return ""
        if decoded.startswith(_GZIP):
            return "base64 of gzip"
        if _is_script(decoded):
            return "base64"
        content = decoded
    return ""


def _is_script(decoded: bytes) -> bool:
    """Whether it is a script, in UTF-8 or as PowerShell's `Unicode`; of a kind that is not known, any longer text."""
    plain = decoded.replace(b"\0", b"").lstrip(_MARKS)
    if plain.lower().startswith(_KNOWN):
        return True
    text = plain.decode(errors="replace")
    is_text = all(one.isprintable() or one.isspace() for one in text) and "\ufffd" not in text
    return is_text and len(plain) >= _TEXT


def _decoded(content: bytes) -> bytes | None:
    """What base64 stands for, in either alphabet, in lines and without its padding too; None for any other text."""
    bare = b"".join(content.split()).rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    if not re.fullmatch(rb"[A-Za-z0-9+/]+", bare):
        return None
    try:
        return base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def digest_of(text: str) -> str:
    """The SHA-256 of user data, as the ledger holds it."""
    return hashlib.sha256(text.encode()).hexdigest()


def without_user_data(ami: Ami) -> Ami:
    """The AMI as it is kept: of its user data, the digest only."""
    text = ami.entry.user_data
    if not text:
        return ami
    entry = msgspec.structs.replace(ami.entry, user_data="")
    return msgspec.structs.replace(ami, entry=entry, user_data_sha256=digest_of(text))
