"""`golden-ami local …`: the embedded AWS by itself."""

from __future__ import annotations

from typing import Annotated

import typer

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
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Serve the embedded AWS over HTTP until interrupted: the stack `golden-ami` with the sample images deployed.

    Any AWS client can use it, by AWS_ENDPOINT_URL and any credentials. What to set is printed as shell commands.

    Examples:

    - `golden-ami local serve --port 4566`
    - `golden-ami local serve --speed 0`
    """
    from golden_ami_cli.local.serving import serve_until_interrupted

    serve_until_interrupted(port, speed)
