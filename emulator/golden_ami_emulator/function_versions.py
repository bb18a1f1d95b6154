"""Published versions of functions, of which moto has a part.

Facts: Lambda API Reference, PublishVersion (none is published while code and configuration are as in the last one);
developer guide, "Manage Lambda function versions" (a number is not used again).
"""

from __future__ import annotations

import copy
from typing import Any

from golden_ami_emulator.patching import Patches

_CONTENT = ("code_digest", "handler", "role", "run_time", "environment_vars", "timeout", "memory_size", "description",
            "layers", "tracing_config", "architectures", "kms_key_arn", "dead_letter_arn", "_vpc_config")  # fmt: skip


class FunctionVersions(Patches):
    """PublishVersion, and Invoke with a qualifier, as Lambda has them, while open."""

    def __enter__(self) -> FunctionVersions:
        from moto.awslambda.models import LambdaStorage
        from moto.awslambda.responses import LambdaResponse

        super().__enter__()
        invoke = LambdaResponse.invoke

        def invoke_qualified(response: Any) -> Any:
            if "Qualifier" in response.querystring:  # moto looks for another spelling
                response.querystring["qualifier"] = response.querystring["Qualifier"]
            return invoke(response)

        self.set(LambdaResponse, "invoke", invoke_qualified)
        self.set(LambdaStorage, "publish_version", _publish)
        return self


def _publish(storage: Any, name: str, description: str = "") -> Any:
    latest = storage.get_function_by_name_or_arn_forbid_qualifier(name)
    versions = storage._functions[latest.function_name]["versions"]
    content = _content(latest)
    if versions and versions[-1].published == content:
        return versions[-1]
    latest.last_version = getattr(latest, "last_version", 0) + 1
    version = copy.copy(latest)
    version.published = content
    version.set_version(latest.last_version)
    version.description = description or latest.description
    versions.append(version)
    storage._arns[version.function_arn] = version
    return version


def _content(function: Any) -> dict[str, Any]:
    return {name: copy.deepcopy(getattr(function, name, None)) for name in _CONTENT}
