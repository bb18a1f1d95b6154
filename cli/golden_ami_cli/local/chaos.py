"""`golden-ami local faults` and `golden-ami local chaos`."""

from __future__ import annotations

from typing import Annotated

import typer

from golden_ami_cli import console
from golden_ami_cli.errors import TOOL_FAILED
from golden_ami_cli.options import Debug, Form, OutputForm

_DEFAULT_RUNS = 20


def faults(form: OutputForm = Form.TABLE, debug: Debug = False) -> None:  # noqa: ARG001 - read where errors are shown
    """List the faults that can be laid into a local run, each with a line.

    Examples:

    - `golden-ami assess --local --fault message.completion-lost,ec2.one-bad-ami`
    """
    from golden_ami_emulator.faults import catalogue

    known = catalogue()
    if form is Form.JSON:
        import msgspec

        console.say_json(msgspec.json.encode({name: fault.about for name, fault in known.items()}).decode())
        return
    width = max(map(len, known))
    for name, fault in known.items():
        console.say(f"{name:{width}}  {fault.about}")


def chaos(
    runs: Annotated[int, typer.Option(min=1, help="How many runs.")] = _DEFAULT_RUNS,
    seed: Annotated[int, typer.Option(min=0, help="Where chance begins; with --runs 1, the run of this seed.")] = 1,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Hold random runs under random faults in the embedded AWS, and check that nothing is lost or left running.

    Exit status 1 when a guarantee did not hold; the output then has the seeds that repeat it. See docs/reliability.md.

    Examples:

    - `golden-ami local chaos --runs 20 --seed 7`
    """
    import msgspec

    from golden_ami_emulator.chaos.runs import Tally
    from golden_ami_emulator.chaos.runs import chaos as hold

    total, err = Tally(), console.progress()
    for part in hold(runs, seed):
        total.add(part)
        failed = ", ".join(str(failure.seed) for failure in part.failures)
        err.print(f"{total.runs} of {runs} runs, {len(total.failures)} failed{failed and f', now seeds {failed}'}")
    if form is Form.JSON:
        console.say_json(msgspec.json.encode(total).decode())
    else:
        for name, value in msgspec.to_builtins(total).items():
            if name != "failures":
                console.say(f"{name:14}{value}")
        for failure in total.failures:
            console.say(f"seed {failure.seed}, faults {', '.join(failure.faults) or 'none'}")
            console.say("\n".join(f"  {line}" for line in failure.what))
    if total.failures:
        raise typer.Exit(TOOL_FAILED)
