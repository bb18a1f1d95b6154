"""`golden-ami local …`: the embedded AWS by itself."""

from __future__ import annotations

from typing import Annotated

import typer

from golden_ami.characters import printable
from golden_ami_cli import console
from golden_ami_cli.assessing.command import ConfigOption, FindingsOption, ImagesOption
from golden_ami_cli.choice import WorkspaceOption
from golden_ami_cli.local import chaos as command
from golden_ami_cli.options import Debug

app = typer.Typer(name="local", help="The embedded AWS, on this machine, without an account.", no_args_is_help=True)
app.command("faults")(command.faults)
app.command("chaos")(command.chaos)


@app.command("serve")
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    speed: Annotated[
        float,
        typer.Option(min=0, help="Emulated seconds in a second; 0 leaps from one event to the next without waiting."),
    ] = 60,
    config: ConfigOption = None,
    images: ImagesOption = None,
    findings: FindingsOption = None,
    workspace: WorkspaceOption = None,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Serve the embedded AWS over HTTP until interrupted: the stack `golden-ami` with the sample images deployed.

    Any AWS client can use it, by AWS_ENDPOINT_URL and any credentials. What to set is printed as shell commands.

    Examples:

    - `golden-ami local serve --port 4566`
    - `golden-ami local serve --speed 0`
    - `golden-ami local serve --config amis.yaml --findings findings.json --workspace served`
    """
    from golden_ami_cli.assessing.inputs import Inputs
    from golden_ami_cli.local.serving import serve_until_interrupted
    from golden_ami_cli.workspaces import opened

    inputs = Inputs.read(config, images, findings)
    with opened(workspace, console.stderr()) as kept:
        serve_until_interrupted(port, speed, inputs, kept)


@app.command("reset")
def reset(
    workspace: WorkspaceOption = None,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Forget the runs of the embedded account: empty its workspace.

    Examples:

    - `golden-ami local reset`
    - `golden-ami local reset --workspace served`
    """
    from golden_ami_cli import workspaces

    console.say(f"Emptied {printable(str(workspaces.reset(workspace)))}")
