"""What moto and botocore would do anew for every test, done once for all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from golden_ami_emulator.economy import Economy


@pytest.fixture(scope="session", autouse=True)
def economy() -> Iterator[None]:
    """Service models are parsed once; no account is born with hundreds of images."""
    with Economy():
        yield
