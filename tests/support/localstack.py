"""LocalStack as a process of this machine: no Docker, nothing but loopback, nothing downloaded.

Lambda and DynamoDB are left out: LocalStack runs the first in Docker and downloads the second (with a Java runtime)
when it is first asked. What is used needs no licence and no token.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from scenarios import MOCK_CONFIG

PYTHON = "GOLDEN_AMI_LOCALSTACK"  # names the Python that has localstack-core
ACCOUNT, REGION = "123456789012", "us-east-1"
SERVICES = "cloudformation cloudwatch ec2 events iam kms logs s3 scheduler sns sqs ssm stepfunctions sts"
_DEADLINE = 120  # seconds until it must answer


@dataclass(frozen=True)
class LocalStack:
    """A LocalStack that answers at `endpoint` and writes to `log`."""

    endpoint: str
    log: Path

    def client(self, service: str) -> Any:
        """A client of the account that the access key names."""
        config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, read_timeout=300)
        session = boto3.Session(ACCOUNT, "none", region_name=REGION)
        return session.client(service, endpoint_url=self.endpoint, config=config)  # type: ignore[call-overload]


@contextmanager
def running(python: str, folder: Path) -> Iterator[LocalStack]:
    """Start it with this Python, its files below the folder, and end it. Raises RuntimeError when it does not start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    localstack = LocalStack(f"http://{address}", folder / "localstack.log")
    command = [python, "-m", "localstack.runtime.main"]
    with localstack.log.open("wb") as log:
        process = subprocess.Popen(command, env=_environment(address, folder), cwd=folder, stdout=log, stderr=log)
    try:
        _wait(process, localstack)
        yield localstack
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(address: str, folder: Path) -> dict[str, str]:
    """What LocalStack reads (localstack/config.py), and nothing of this process's own settings."""
    folders = {name: str(folder / name.lower()) for name in ("LOCALSTACK_VOLUME_DIR", "FILESYSTEM_ROOT", "CONFIG_DIR")}
    return {
        **folders,
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GATEWAY_LISTEN": address,
        "GATEWAY_SERVER": "hypercorn",  # its other server, twisted, needs a package that it does not depend on
        "SERVICES": SERVICES.replace(" ", ","),  # what is not named is refused
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",  # no usage events
        "DNS_ADDRESS": "0",  # no DNS server
        "SFN_MOCK_CONFIG": str(MOCK_CONFIG),
    }


def _wait(process: subprocess.Popen[bytes], localstack: LocalStack) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _DEADLINE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            opener.open(f"{localstack.endpoint}/_localstack/health", timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"LocalStack did not start:\n{localstack.log.read_text()[-4000:]}")
