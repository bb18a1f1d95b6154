"""Attach the emulated services to moto, the way moto's own are, and detach them again.

Inspector Classic and the Price List become backends of their own; the other services get response classes that extend
moto's. Works for mocked botocore calls and for moto's server, which must be started after this.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import wraps
from types import ModuleType, SimpleNamespace
from typing import Any

from moto import backend_index
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.utils import get_service_model
from moto.ec2 import urls as ec2_urls
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.inspector2 import urls as inspector2_urls
from moto.securityhub import urls as securityhub_urls
from moto.ssm import urls as ssm_urls

from golden_ami_emulator.inspector import registry
from golden_ami_emulator.inspector.classic import InspectorClassic
from golden_ami_emulator.inspector.ec2 import Ec2
from golden_ami_emulator.inspector.inspector2 import Inspector2
from golden_ami_emulator.inspector.pricing import URL as PRICING_URL
from golden_ami_emulator.inspector.pricing import Pricing
from golden_ami_emulator.inspector.securityhub import SecurityHub
from golden_ami_emulator.inspector.ssm import SystemsManager

_CLASSIC_URL = r"https?://inspector\.(.+)\.amazonaws\.com"
_INSPECTOR2_OPERATIONS = (
    "ListCoverage", "BatchGetFindingDetails", "GetConfiguration", "GetEc2DeepInspectionConfiguration",
    "SearchVulnerabilities", "ListUsageTotals",
    "StartOnDemandScan", "GetOnDemandScanStatus", "ListOnDemandScans",
    "CreateCisScanConfiguration", "DeleteCisScanConfiguration", "ListCisScanConfigurations", "ListCisScans",
    "ListCisScanResultsAggregatedByTargetResource", "ListCisScanResultsAggregatedByChecks", "GetCisScanResultDetails",
)  # fmt: skip
_attachment: ExitStack | None = None


class ClassicBackend(BaseBackend):
    """Where moto finds Inspector Classic's addresses. The state is in `Region`."""

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=[_CLASSIC_URL], url_paths={"{0}/$": InspectorClassic.dispatch})


class PricingBackend(BaseBackend):
    """Where moto finds the Price List API, which has no state."""

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=[PRICING_URL], url_paths={"{0}/$": Pricing.dispatch})


def attach() -> None:
    """Attach, if that is not done yet."""
    global _attachment
    if _attachment is None:
        _attachment = ExitStack()
        classic = _service("inspector", _CLASSIC_URL, ClassicBackend)
        pricing = _service("pricing", PRICING_URL, PricingBackend)
        for change in (classic, pricing, _paths(), _instance_hooks()):
            _attachment.enter_context(change)


def detach() -> None:
    """Leave moto as it was."""
    global _attachment
    if _attachment is not None:
        _attachment.close()
        _attachment = None


@contextmanager
def _service(name: str, url: str, backend: type[BaseBackend]) -> Iterator[None]:
    """A service that moto does not have."""
    module = ModuleType(f"moto.{name}")
    setattr(module, f"{name}_backends", BackendDict(backend, name))
    pattern = (name, re.compile(url))
    sys.modules[module.__name__] = module
    backend_index.backend_url_patterns.append(pattern)
    try:
        yield
    finally:
        backend_index.backend_url_patterns.remove(pattern)
        del sys.modules[module.__name__]


@contextmanager
def _paths() -> Iterator[None]:
    model = get_service_model("inspector2")
    uris = [model.operation_model(name).http["requestUri"] for name in _INSPECTOR2_OPERATIONS]
    with ExitStack() as stack:
        for table, service in (
            (inspector2_urls.url_paths, Inspector2),
            (ssm_urls.url_paths, SystemsManager),
            (ec2_urls.url_paths, Ec2),
            (securityhub_urls.url_paths, SecurityHub),
        ):
            added = [f"{{0}}{uri}$" for uri in uris] if service is Inspector2 else []
            added += ["{0}/findings/batchupdate$", "{0}/productSubscriptions$"] if service is SecurityHub else []
            stack.enter_context(_replaced(table, dict.fromkeys([*table, *added], service.dispatch)))
        yield


@contextmanager
def _replaced(table: dict[str, Any], entries: Mapping[str, Any]) -> Iterator[None]:
    before = dict(table)
    table.update(entries)
    try:
        yield
    finally:
        table.clear()
        table.update(before)


@contextmanager
def _instance_hooks() -> Iterator[None]:
    def launched(backend: Any, reservation: Any) -> None:
        if region := registry.find(backend.account_id, backend.region_name):
            region.adopt(reservation.instances)

    def changed(instance: Any, _previous: Any) -> None:
        backend = instance.ec2_backend
        if region := registry.find(backend.account_id, backend.region_name):
            region.state_changed(instance.id)

    with ExitStack() as stack:
        stack.enter_context(_followed(InstanceBackend, "run_instances", launched))
        for name in ("start", "stop", "terminate"):
            stack.enter_context(_followed(Instance, name, changed))
        yield


@contextmanager
def _followed(owner: type, name: str, after: Callable[[Any, Any], None]) -> Iterator[None]:
    """Call `after` with the object and the answer, whenever a method of it has been called."""
    original = getattr(owner, name)

    @wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        answer = original(self, *args, **kwargs)
        after(self, answer)
        return answer

    setattr(owner, name, call)
    try:
        yield
    finally:
        setattr(owner, name, original)
