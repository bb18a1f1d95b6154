"""Service Quotas' answers for EC2, which moto does not know."""

from __future__ import annotations

from typing import Any

from golden_ami_emulator.patching import Patches

_STANDARD = "L-1216C47A"
_VCPUS = 64.0  # of the embedded account; AWS gives each account its own


class Quotas(Patches):
    """The quota on running On-Demand Standard instances, while open; `limits` may be changed."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = {_STANDARD: _VCPUS}

    def __enter__(self) -> Quotas:
        from moto.servicequotas.models import ServiceQuotasBackend

        super().__enter__()
        original = ServiceQuotasBackend.get_service_quota

        def get_service_quota(backend: Any, service_code: str, quota_code: str) -> dict[str, Any]:
            if service_code != "ec2" or quota_code not in self.limits:
                return dict(original(backend, service_code, quota_code))
            return {
                "ServiceCode": "ec2",
                "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
                "QuotaCode": quota_code,
                "QuotaName": "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
                "Value": self.limits[quota_code],
                "Unit": "None",
                "Adjustable": True,
                "GlobalQuota": False,
            }

        self.set(ServiceQuotasBackend, "get_service_quota", get_service_quota)
        return self
