"""Names and errors of Inspector Classic, and the look-up of what it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from golden_ami_emulator.inspector.classic_model import PACKAGES, PACKAGES_ACCOUNT
from golden_ami_emulator.inspector.errors import Refusal

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.region import InspectorRegion


def new_id() -> str:
    """The part of an ARN that Classic makes up, such as `0-44oJJkCM`."""
    return f"0-{uuid4().hex[:8]}"


def arn(region: InspectorRegion, rest: str) -> str:
    """An ARN of the region's Inspector Classic."""
    return f"arn:{region.partition}:inspector:{region.name}:{region.account}:{rest}"


def package_arn(region: InspectorRegion, package: str) -> str:
    """The ARN of a rules package; it belongs to Inspector's account."""
    return f"arn:{region.partition}:inspector:{region.name}:{PACKAGES_ACCOUNT}:rulespackage/{package}"


def package_arns(region: InspectorRegion) -> list[str]:
    """The region's rules packages."""
    return [package_arn(region, package) for package in PACKAGES]


def invalid(code: str, message: str) -> Refusal:
    """InvalidInputException."""
    return Refusal("InvalidInputException", message, errorCode=code, canRetry=False)


def no_such(noun: str, name: str) -> Refusal:
    """NoSuchEntityException; `noun` as in its error codes, such as ASSESSMENT_RUN."""
    text = f"The {noun.lower().replace('_', ' ')} {name} does not exist"
    return Refusal("NoSuchEntityException", text, errorCode=f"{noun}_DOES_NOT_EXIST", canRetry=False)


def found(items: Mapping[str, Any], key: str, noun: str) -> Any:
    """The item of an ARN. Raises Refusal."""
    if not key.startswith("arn:"):
        raise invalid(f"INVALID_{noun}_ARN", f"{key} is not an ARN")
    if key not in items:
        raise no_such(noun, key)
    return items[key]


def described(items: Mapping[str, Any], arns: list[str]) -> tuple[list[Any], dict[str, dict[str, Any]]]:
    """The items that exist, once each, and the failure of each other ARN."""
    failed: dict[str, dict[str, Any]] = {}
    good: dict[str, Any] = {}
    for key in arns:
        if key in good:
            failed[key] = {"failureCode": "DUPLICATE_ARN", "retryable": False}
        elif key in items:
            good[key] = items[key]
        else:
            code = "ITEM_DOES_NOT_EXIST" if key.startswith("arn:") else "INVALID_ARN"
            failed[key] = {"failureCode": code, "retryable": False}
    return list(good.values()), failed
