"""What all emulated services share: a request checked by botocore's model, answered under the region's lock."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from golden_ami_emulator.inspector import registry
from golden_ami_emulator.inspector.errors import Refusal
from golden_ami_emulator.inspector.paging import InvalidToken
from golden_ami_emulator.inspector.region import InspectorRegion
from golden_ami_emulator.inspector.wire import ModelViolation, input_shape, violations

Params = dict[str, Any]


class Service(BaseResponse):
    """Mixed into a moto response class; subclasses say how the service words a refusal."""

    token_member = "nextToken"

    def refuse(self, found: Sequence[ModelViolation]) -> Refusal:
        """The service's error for a request that breaks its model."""
        raise NotImplementedError

    def checked_params(self) -> Params:
        """The request's parameters. Raises Refusal."""
        params = self._get_params() if self.automated_parameter_parsing else json.loads(self.body or "{}")
        shape = input_shape(self.boto3_service_name, self._get_action())
        if found := list(violations(params, shape)) if shape else []:
            raise self.refuse(found)
        return dict(params)

    def region_state(self) -> InspectorRegion:
        """The emulated region that the request is for. Raises Refusal."""
        region = registry.find(self.current_account, self.region)
        if region is None:
            place = f"{self.region} of account {self.current_account}"
            raise Refusal("AccessDeniedException", f"No Inspector is emulated in {place}")
        return region

    def page(
        self, region: InspectorRegion, params: Params, limit: int, rows: Callable[[], Sequence[Any]]
    ) -> tuple[Sequence[Any], str | None]:
        """One page of a listing, named after the operation. Raises Refusal."""
        try:
            return region.pages.page(self._get_action(), params.get(self.token_member), limit, rows)
        except InvalidToken as error:
            found = ModelViolation((self.token_member,), "token", f"The token '{error}' is invalid")
            raise self.refuse([found]) from error


Operation = Callable[[Any, InspectorRegion, Params], dict[str, Any] | str]


def operation(method: Operation) -> Callable[[Any], Any]:
    """An API operation: given the region and the checked parameters, answers a dict (or finished JSON)."""

    @wraps(method)
    def call(self: Service) -> ActionResult | str:
        params = self.checked_params()
        region = self.region_state()
        with region.lock:
            region.discover()
            answer = method(self, region, params)
        return answer if isinstance(answer, str) else ActionResult(answer)

    return call


def present(**members: Any) -> dict[str, Any]:
    """The members that are not None."""
    return {name: value for name, value in members.items() if value is not None}
