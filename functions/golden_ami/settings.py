"""What the template tells a function through its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from golden_ami.errors import InvalidEnvironment


@dataclass(frozen=True)
class Settings:
    """The environment of every function, as `template.yaml` sets it (Globals). Raises InvalidEnvironment."""

    stack: str
    region: str
    account: str
    ledger_table: str
    bucket: str
    complete_topic: str
    results_topic: str
    subnet_id: str
    security_group_id: str
    instance_profile: str  # its name; in a member account another profile has the same one
    classic_engine: bool
    member_role: str
    member_external_id: str
    parameter_name: str = ""  # of the SSM parameters with configurations, the beginning of those that may be read
    ami_parameter_path: str = ""  # of the SSM parameters that hold AMI ids
    reap_regions: tuple[str, ...] = ()  # where else the reaper looks
    member_accounts: tuple[str, ...] = ()  # whose messages are read, and where the reaper looks as well

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; AWS_REGION is Lambda's own, the others are the template's."""
        env = os.environ if environ is None else environ

        def required(name: str) -> str:
            value = env.get(name, "")
            if not value:
                raise InvalidEnvironment(f"{name} is not set; deploy the function with template.yaml, which sets it")
            return value

        return cls(
            stack=required("STACK_NAME"),
            region=required("AWS_REGION"),
            account=required("ACCOUNT_ID"),
            ledger_table=required("LEDGER_TABLE"),
            bucket=required("REPORT_BUCKET"),
            complete_topic=required("COMPLETE_TOPIC_ARN"),
            results_topic=required("RESULTS_TOPIC_ARN"),
            subnet_id=env.get("SUBNET_ID", ""),
            security_group_id=env.get("SECURITY_GROUP_ID", ""),
            instance_profile=required("INSTANCE_PROFILE"),
            classic_engine=env.get("CLASSIC_ENGINE", "refused") == "allowed",
            member_role=env.get("MEMBER_ROLE_NAME", ""),
            member_external_id=env.get("MEMBER_EXTERNAL_ID", ""),
            parameter_name=env.get("PARAMETER_NAME", ""),
            ami_parameter_path=env.get("AMI_PARAMETER_PATH", ""),
            reap_regions=_listed(env.get("REAP_REGIONS", "")),
            member_accounts=_listed(env.get("MEMBER_ACCOUNT_IDS", "")),
        )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))
