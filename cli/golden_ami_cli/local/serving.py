"""`golden-ami local serve`: the embedded AWS with the stack and the samples, served until interrupted."""

from __future__ import annotations

import signal
import socket
import sys
import threading

from golden_ami_cli import console
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_cli.assessing.inputs import Inputs
from golden_ami_cli.deployment import needed
from golden_ami_cli.errors import UsageError
from golden_ami_cli.workspaces import Workspace, start_of
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.registration import register
from golden_ami_emulator.serve import HOST, served
from golden_ami_emulator.workspace.account import give

_REPORTING = 900  # emulated seconds in which on_execution_end ends, reports and archives what was aborted
_LOOK = 1.0  # seconds between two looks at whether the emulation itself has failed


def serve_until_interrupted(port: int, speed: float, inputs: Inputs, workspace: Workspace) -> None:
    """Deploy the stack, tell where it is, and serve until SIGINT or SIGTERM; then keep the account in the workspace.

    Executions that still run then are aborted first, so that what is kept says how each run ended. Raises UsageError.
    """
    _check_free(port)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    parameters = {"ClassicEngine": "allowed", **needed(inputs.config)}
    with Embedded(inputs.world, parameters=parameters, start=start_of(workspace.content)) as aws:
        give(aws, workspace.content)
        put_configuration(aws, inputs.text)
        register(aws)
        aws.clock.speed = speed
        with served(aws, port) as endpoint, aws.clock.idle():
            console.say(instructions(aws, endpoint))
            while not ended.wait(_LOOK):
                aws.clock.check()
        if workspace.folder:
            _end_runs(aws)
            workspace.keep(aws, console.stderr())
    print("stopped", file=sys.stderr)


def _end_runs(aws: Embedded) -> None:
    """Abort what runs, and let on_execution_end terminate, report and archive it."""
    states, machine = aws.client("stepfunctions"), aws.outputs["StateMachineArn"]
    aws.clock.speed = 0
    running = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    for execution in running:
        states.stop_execution(executionArn=execution["executionArn"], error="Stopped", cause="`local serve` ended")
    aws.clock.sleep(_REPORTING)


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
