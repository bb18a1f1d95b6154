"""Errors as the emulated services answer them."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException


class Refusal(ServiceException):
    """An error answer: a code of the service's model, a message, and the model's other members by name."""

    def __init__(self, code: str, message: str, **members: Any) -> None:
        super().__init__(code, message)
        for name, value in members.items():
            setattr(self, name, value)
