"""RunInstances' ClientToken, and how late EC2 lists what it has launched: moto knows neither."""

from __future__ import annotations

import time
from typing import Any

from golden_ami_emulator.environment import current_function
from golden_ami_emulator.patching import Patches

_NOT_COMPARED = frozenset({"Action", "Version", "ClientToken"})


class Launches(Patches):
    """While open, a token launches once (EC2 API Reference, "Ensuring idempotency in Amazon EC2 API requests").

    With the same parameters it answers the first call's reservation, with others IdempotentParameterMismatch.
    `listed_after` are the emulated seconds until functions see an instance in DescribeInstances, which is eventually
    consistent (the same reference, "Eventual consistency"); the operator sees it at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.listed_after = 0.0
        self._by_token: dict[tuple[str, str, str], tuple[Any, Any]] = {}
        self._launched_at: dict[str, float] = {}

    def __enter__(self) -> Launches:
        from moto.ec2.models.instances import InstanceBackend
        from moto.ec2.responses.instances import InstanceResponse

        super().__enter__()
        launch = InstanceResponse.run_instances
        self.set(InstanceResponse, "run_instances", lambda response: self._once(launch, response))
        for name in ("describe_instances", "get_reservations_by_instance_ids"):
            self._hide_young(InstanceBackend, name)
        return self

    def _once(self, launch: Any, response: Any) -> Any:
        from moto.core.responses import ActionResult
        from moto.ec2.exceptions import EC2ClientError

        token = str(response._get_param("ClientToken", ""))
        key = (response.current_account, response.region, token)
        request = {name: value for name, value in response.data.items() if name not in _NOT_COMPARED}
        if token and key in self._by_token:
            first, reservation = self._by_token[key]
            if first != request:
                raise EC2ClientError("IdempotentParameterMismatch", "The token was used with other parameters.")
            return ActionResult(reservation)
        answer = launch(response)
        self._by_token[key] = request, answer.result
        self._launched_at[answer.result.id] = time.time()
        return answer

    def _hide_young(self, backend: Any, name: str) -> None:
        original = getattr(backend, name)

        def listed(backend: Any, *args: Any, **kwargs: Any) -> list[Any]:
            found: list[Any] = original(backend, *args, **kwargs)
            return [one for one in found if not self._is_young(one.id)]

        self.set(backend, name, listed)

    def _is_young(self, reservation: str) -> bool:
        launched_at = self._launched_at.get(reservation, 0.0)
        return bool(current_function()) and time.time() < launched_at + self.listed_after
