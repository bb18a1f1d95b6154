"""A function runs with the settings that it asks for, and without the others."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from golden_ami.settings import ALWAYS, REQUIRED
from golden_ami_cli.assessing.assessment import PARAMETER
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Image, World

FUNCTIONS = sorted(path.stem for path in (Path(__file__).parents[2] / "functions" / "handlers").glob("[!_]*.py"))
VARIABLES = {
    "stack": "STACK_NAME",
    "bucket": "REPORT_BUCKET",
    "complete_topic": "COMPLETE_TOPIC_ARN",
    "results_topic": "RESULTS_TOPIC_ARN",
    "instance_profile": "INSTANCE_PROFILE",
}
AMI = "ami-00000000000000001"


def needed(function: str) -> set[str]:
    """The settings that a handler asks for."""
    handler: Any = import_module(f"handlers.{function}").handler
    return set(inspect.getclosurevars(handler).nonlocals["needed"])


def without_the_others(aws: Embedded) -> None:
    """Take the variables from every function that it does not ask for."""
    client = aws.client("lambda")
    for function in FUNCTIONS:
        name = aws.lambda_name(function.replace("_", "-"))
        variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        taken = {VARIABLES[field] for field in REQUIRED - ALWAYS - needed(function)}
        left = {name: value for name, value in variables.items() if name not in taken}
        client.update_function_configuration(FunctionName=name, Environment={"Variables": left})


@pytest.mark.parametrize("engine", ["classic", "instance", "ami"])
def test_a_run_and_what_follows_it(engine: str) -> None:
    with Embedded(World([Image(AMI, "web")], {"*": []}), parameters={"ClassicEngine": "allowed"}) as aws:
        without_the_others(aws)
        aws.put_configuration(PARAMETER, f'{{"amis": [{{"amiId": "{AMI}"}}], "engine": "{engine}"}}')
        execution = aws.run({"AMIsParamName": PARAMETER})
        aws.fire_schedule("ReapSchedule")
        aws.clock.sleep(600)
        ended = aws.start({"AMIsParamName": "Nope"})  # on-execution-end has to report
        aws.wait(ended)
        aws.clock.sleep(600)
        logs = {name: aws.functions.logs(aws.lambda_name(name.replace("_", "-"))) for name in FUNCTIONS}
    assert execution["status"] == "SUCCEEDED"
    assert not [line for lines in logs.values() for line in lines if "InvalidEnvironment" in line]
    assert logs["reap"] or logs["on_execution_end"]
