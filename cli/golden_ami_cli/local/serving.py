"""`golden-ami local serve`: the embedded AWS with the stack and the samples, served until interrupted."""

from __future__ import annotations

import signal
import socket
import sys
import threading

from golden_ami_cli import console
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_cli.assessing.inputs import Inputs
from golden_ami_cli.errors import UsageError
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.registration import register
from golden_ami_emulator.serve import HOST, served

_LOOK = 1.0  # seconds between two looks at whether the emulation itself has failed


def serve_until_interrupted(port: int, speed: float) -> None:
    """Deploy the stack and the samples, tell where they are, and serve until SIGINT or SIGTERM. Raises UsageError."""
    _check_free(port)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    inputs = Inputs.read(None, None, None)
    with Embedded(inputs.world, parameters={"ClassicEngine": "allowed"}) as aws:
        put_configuration(aws, inputs.text)
        register(aws)
        aws.clock.speed = speed
        with served(aws, port) as endpoint, aws.clock.idle():
            console.say(instructions(aws, endpoint))
            while not ended.wait(_LOOK):
                aws.clock.check()
    print("stopped", file=sys.stderr)


def _check_free(port: int) -> None:
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise UsageError(f"--port {port}: {error.strerror}; choose another, or 0 for a free one") from error


def instructions(aws: Embedded, endpoint: str) -> str:
    """What a client has to set, and what to try, as shell commands."""
    return "\n".join(
        [
            f"export AWS_ENDPOINT_URL={endpoint}",
            "export AWS_ACCESS_KEY_ID=embedded AWS_SECRET_ACCESS_KEY=embedded",
            f"export AWS_REGION={aws.region} AWS_DEFAULT_REGION={aws.region}",
            f"export GOLDEN_AMI_STACK={aws.stack_name}",
            f"# golden-ami assess --stack {aws.stack_name}",
            f"# aws stepfunctions start-execution --state-machine-arn {aws.outputs['StateMachineAliasArn']} "
            f"""--input '{{"AMIsParamName": "{PARAMETER}"}}'""",
            "# Serving; interrupt to end.",
        ]
    )
