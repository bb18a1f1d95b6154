"""User data for a launch, read again from where the run's configuration was read.

The same version of the parameter, and of the S3 object that it points to, gives the text whose digest the run was
opened with: what was checked is launched, whatever was written since, at every retry and redrive. Parameter Store keeps
the 100 newest versions of a parameter (Systems Manager User Guide, "Working with parameter versions in Parameter
Store").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from golden_ami.aws.clients import Clients
from golden_ami.configuration.user_data import digest_of
from golden_ami.errors import InvalidConfiguration
from golden_ami.models import Ami, Run
from golden_ami.settings import Settings


def user_data_of(run: Run, amis: Sequence[Ami], settings: Settings, clients: Clients) -> dict[str, str]:
    """The user data of the AMIs by its digest; without those that no longer exist. Raises botocore's ClientError."""
    wanted = {ami.user_data_sha256 for ami in amis} - {""}
    if not wanted:
        return {}
    from golden_ami.configuration.loading import read_with_source  # which loads the schema and what reads it

    try:
        config, _ = read_with_source(run.source.parameter, settings, clients, run.source.document_version)
    except InvalidConfiguration:  # the version is gone: a text that could be read was checked before
        return {}
    texts = {digest_of(entry.user_data): entry.user_data for entry in config.amis if entry.user_data}
    return {digest: texts[digest] for digest in wanted & texts.keys()}


def with_user_data(ami: Ami, texts: Mapping[str, str]) -> Ami:
    """The AMI as it is launched. One that an earlier version has put into the ledger has its user data still."""
    text = texts.get(ami.user_data_sha256, ami.entry.user_data)
    return msgspec.structs.replace(ami, entry=msgspec.structs.replace(ami.entry, user_data=text))
