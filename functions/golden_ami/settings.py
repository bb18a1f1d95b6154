"""What the template tells a function through its environment."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from golden_ami.errors import InvalidEnvironment

# What every function needs: to make clients, and to read the ledger.
ALWAYS = frozenset({"region", "account", "ledger_table"})
# What some function needs, by the fields' names; the other fields may be empty.
REQUIRED = ALWAYS | {"stack", "bucket", "complete_topic", "results_topic", "instance_profile"}


@dataclass(frozen=True)
class Settings:
    """The environment of every function, as `template.yaml` sets it (Globals); "" for what is not set."""

    stack: str
    region: str
    account: str
    ledger_table: str
    bucket: str
    complete_topic: str
    results_topic: str
    subnet_ids: tuple[str, ...]  # of the instances at home, each once
    security_group_id: str
    instance_profile: str  # its name; in a member account another profile has the same one
    classic_engine: bool
    member_role: str
    member_external_id: str
    parameter_name: str = ""  # of the SSM parameters with configurations, the beginning of those that may be read
    ami_parameter_path: str = ""  # of the SSM parameters that hold AMI ids
    reap_regions: tuple[str, ...] = ()  # where else the reaper looks
    member_accounts: tuple[str, ...] = ()  # whose messages are read, and where the reaper looks as well
    findings_queue: str = ""  # URL of the queue of findings that come as events
    partition: str = "aws"
    retention_days: int = 400  # of reports, and so of a run's rows in the ledger
    public_address: bool = False  # instances at home have a public address (Network=public)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, needed: Collection[str] = REQUIRED) -> Settings:
        """Read the settings; AWS_REGION is Lambda's own, the others are the template's.

        `needed` are the names of the fields that may not be empty. Raises InvalidEnvironment naming the variable.
        """
        env = os.environ if environ is None else environ

        def required(variable: str, field: str) -> str:
            value = env.get(variable, "")
            if not value and field in needed:
                raise InvalidEnvironment(
                    f"{variable} is not set; deploy the function with template.yaml, which sets it"
                )
            return value

        return cls(
            stack=required("STACK_NAME", "stack"),
            region=required("AWS_REGION", "region"),
            account=required("ACCOUNT_ID", "account"),
            ledger_table=required("LEDGER_TABLE", "ledger_table"),
            bucket=required("REPORT_BUCKET", "bucket"),
            complete_topic=required("COMPLETE_TOPIC_ARN", "complete_topic"),
            results_topic=required("RESULTS_TOPIC_ARN", "results_topic"),
            subnet_ids=tuple(dict.fromkeys(_listed(env.get("SUBNET_IDS", "")))),
            security_group_id=env.get("SECURITY_GROUP_ID", ""),
            instance_profile=required("INSTANCE_PROFILE", "instance_profile"),
            classic_engine=env.get("CLASSIC_ENGINE", "refused") == "allowed",
            member_role=env.get("MEMBER_ROLE_NAME", ""),
            member_external_id=env.get("MEMBER_EXTERNAL_ID", ""),
            parameter_name=env.get("PARAMETER_NAME", ""),
            ami_parameter_path=env.get("AMI_PARAMETER_PATH", ""),
            reap_regions=_listed(env.get("REAP_REGIONS", "")),
            member_accounts=_listed(env.get("MEMBER_ACCOUNT_IDS", "")),
            findings_queue=env.get("FINDINGS_QUEUE_URL", ""),
            partition=env.get("AWS_PARTITION", "aws"),
            retention_days=int(env.get("REPORT_RETENTION_DAYS") or cls.retention_days),
            public_address=env.get("PUBLIC_ADDRESS") == "true",
        )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))
