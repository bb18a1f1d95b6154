"""The embedded AWS: template.yaml deployed into moto, its definition interpreted, handlers run, in emulated time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golden_ami.events import Event
from golden_ami_emulator.iam.policy import Need
from golden_ami_emulator.project import TEMPLATE
from golden_ami_emulator.sessions import operator_client
from golden_ami_emulator.world import ACCOUNT, REGION, World

if TYPE_CHECKING:
    from golden_ami_emulator.calls import Call
    from golden_ami_emulator.deployment.cloudformation import EmulatedStack


@dataclass(frozen=True)
class PublishedMessage:
    """A message that was published to a topic."""

    topic: str  # ARN
    subject: str
    message: str


class Embedded(AbstractContextManager["Embedded"]):
    """An AWS account in this process, from `__enter__` to `__exit__`; one at a time.

    The thread that opens it is the operator's: emulated time passes only while it waits (`wait`, `clock.sleep`).
    """

    def __init__(
        self,
        world: World,
        *,
        template: Path = TEMPLATE,
        parameters: Mapping[str, str] | None = None,
        stack_name: str = "golden-ami",
        region: str = REGION,
        account: str = ACCOUNT,
        start: datetime | None = None,
        enforce_iam: bool = True,
        elsewhere: Mapping[tuple[str, str], World] | None = None,
    ) -> None:
        """`parameters` are the template's; `start` is the emulated instant at which the account opens.

        With `enforce_iam` a function's calls are allowed by its role, as deployed, or refused (see `iam`).
        `elsewhere` are other places, by account and region; one of its own account needs AdditionalRegions, another
        account a member role (`deploy`).
        """
        self.world = world
        self.worlds = [world, *(elsewhere or {}).values()]
        self.stack_name = stack_name
        self.region = region
        self.account = account
        self._template = template
        self._parameters = dict(parameters or {})
        self._start = start
        self._enforce_iam = enforce_iam
        self._elsewhere = dict(elsewhere or {})
        self._stack_of_contexts = ExitStack()

    # ------------------------------------------------------------ life

    def __enter__(self) -> Embedded:
        with ExitStack() as stack:
            self._open(stack)
            self._stack_of_contexts = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack_of_contexts.close()

    def _open(self, stack: ExitStack) -> None:
        from moto import mock_aws

        from golden_ami_emulator.calls import Calls
        from golden_ami_emulator.clock import Clock
        from golden_ami_emulator.deployment.cloudformation import EmulatedStack
        from golden_ami_emulator.economy import Economy
        from golden_ami_emulator.events import Bus
        from golden_ami_emulator.iam.enforcement import Enforcement
        from golden_ami_emulator.iam.simulation import Simulation
        from golden_ami_emulator.images import Images
        from golden_ami_emulator.inspector import install
        from golden_ami_emulator.interpreter import Interpreter
        from golden_ami_emulator.isolation import Isolation
        from golden_ami_emulator.lambdas import Functions
        from golden_ami_emulator.launches import Launches
        from golden_ami_emulator.queues import QueuePollers
        from golden_ami_emulator.quotas import Quotas
        from golden_ami_emulator.sizes import Sizes
        from golden_ami_emulator.subnets import Subnets
        from golden_ami_emulator.throttles import Throttles
        from golden_ami_emulator.transport import Transport
        from golden_ami_emulator.zones import Zones

        self.images = Images(self.world, self.region, self.account)
        stack.enter_context(Isolation())
        stack.enter_context(Economy())
        places = {(self.account, self.region): self.world, **self._elsewhere}
        stack.enter_context(Subnets({place: world.subnet_owner for place, world in places.items()}))
        zones = stack.enter_context(Zones(places))
        quotas = stack.enter_context(Quotas(places))
        self.launches = stack.enter_context(Launches(self.world, zones, quotas))
        stack.enter_context(Throttles())
        stack.enter_context(mock_aws(config=_MOTO))
        self.calls = stack.enter_context(Calls())
        self.iam = Enforcement(self.account, self.region)
        self.calls.guard = self.iam.check if self._enforce_iam else None
        self.calls.aftermath = self._launched
        self.clock = stack.enter_context(Clock(self._start))
        self.transport = stack.enter_context(Transport())
        # Handlers keep what they assumed with their own credentials, which are good while this account is open.
        opening = next(_openings) if self._elsewhere else 0
        self.functions = Functions(self.clock, self._template.parent / "functions", self._send, opening)
        self.bus = Bus(self.clock, self.functions.deliver, self.client, self.account, self.region)
        self.bus.permits = self.iam.service_may if self._enforce_iam else None
        may = self.iam.function_may if self._enforce_iam else None
        for part in (self.functions, self.bus, QueuePollers(self.clock, self.functions, may)):
            stack.enter_context(part)
        self._interpreter = stack.enter_context(Interpreter(self.clock, self.bus.publish))
        stack.enter_context(Sizes())
        stack.enter_context(Simulation())
        stack.enter_context(self.images)
        stack.enter_context(install(self.world, self.clock, self.bus.publish, self.region, self.account))
        self._open_elsewhere(stack)
        self.stack = EmulatedStack(self.stack_name, self.client, self.region, self.account)
        self.update({})

    def _open_elsewhere(self, stack: ExitStack) -> None:
        from golden_ami_emulator.images import Images
        from golden_ami_emulator.inspector import install

        for (account, region), world in self._elsewhere.items():
            stack.enter_context(Images(world, region, account))
            publish = partial(self.bus.publish, account=account, region=region)
            stack.enter_context(install(world, self.clock, publish, region, account))

    def _launched(self, call: Call, client: Any, answer: Any) -> None:
        from golden_ami_emulator.volumes import end_what_cannot_be_encrypted

        if call.operation == "RunInstances" and call.function and self._enforce_iam:
            account = self.iam.account_of(call, client)
            end_what_cannot_be_encrypted(call, client, answer, account, self.iam.permits)

    def _send(self, function: str, arn: str, message: str, attributes: Mapping[str, str]) -> None:
        """A letter that Lambda sends under the function's role; one that the role refuses is lost, as in AWS."""
        action = "sqs:SendMessage" if ":sqs:" in arn else "sns:Publish"
        if not self._enforce_iam or self.iam.function_may(function, Need(action, arn)):
            self.bus.send(arn, message, attributes)

    # ------------------------------------------------------------ the account

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        return self.stack.outputs

    @property
    def template(self) -> Path:
        """The template that is deployed."""
        return self._template

    @property
    def parameters(self) -> dict[str, str]:
        """The template's parameters that were given."""
        return dict(self._parameters)

    def client(self, service: str, region: str | None = None, account: str = "") -> Any:
        """A boto3 client with the operator's credentials, which are good in every account."""
        return operator_client(service, region or self.region, "" if account == self.account else account)

    def deploy(
        self, template: Path, parameters: Mapping[str, str], *, name: str, account: str, region: str
    ) -> EmulatedStack:
        """Deploy a further template, as docs/member-role.yaml, into a place."""
        from golden_ami_emulator.deployment.cloudformation import EmulatedStack

        made = EmulatedStack(name, partial(self.client, region=region, account=account), region, account)
        made.deploy(template, parameters)
        return made

    def update(self, parameters: Mapping[str, str]) -> None:
        """Update the stack with changed parameters; the others keep their values."""
        self._parameters |= parameters
        self.stack.deploy(self._template, self._parameters)

    def put_configuration(self, name: str, content: str) -> None:
        """Write the SSM parameter that a run reads. Advanced when the content is above 4 KB."""
        tier = "Advanced" if len(content.encode()) > 4096 else "Standard"
        self.client("ssm").put_parameter(Name=name, Value=content, Type="String", Tier=tier, Overwrite=True)

    def notifications(self) -> list[PublishedMessage]:
        """Every message published to a topic of this account and region, in order of topics and times."""
        from moto.sns.models import sns_backends

        topics = sns_backends[self.account][self.region].topics.values()
        return [
            PublishedMessage(topic.arn, subject or "", message)
            for topic in topics
            for _, message, subject, *_ in topic.sent_notifications
        ]

    def fire_schedule(self, logical_id: str, group: str = "default", at: datetime | None = None) -> None:
        """Invoke the target of one of the stack's schedules with its input, as when it is due: at `at`, by default now.

        Let time pass to see the effect.
        """
        self.bus.fire_schedule(self.stack.physical_id(logical_id), group, at)

    def function_of(self, lambda_name: str) -> str:
        """The folder of the stack's function with this name in Lambda, with hyphens: "load-config"; "" for none."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", self.stack.logical_id(lambda_name)).lower()

    def lambda_name(self, function: str) -> str:
        """The name in Lambda, which CloudFormation has made up, of "load-config". Raises KeyError."""
        return self.stack.physical_id("".join(word.capitalize() for word in function.split("-")))

    # ------------------------------------------------------------ executions

    def start(self, input: Any, name: str | None = None) -> str:
        """Start an execution of the stack's state machine, by its alias where it has one; its ARN."""
        request = {"name": name} if name else {}
        outputs = self.outputs
        machine = outputs.get("StateMachineAliasArn") or outputs.get("StateMachineArn") or self._only_machine()
        client = self.client("stepfunctions")
        answer = client.start_execution(stateMachineArn=machine, input=json.dumps(input), **request)
        return str(answer["executionArn"])

    def _only_machine(self) -> str:
        machines = [r.made.id for r in self.stack.resources.values() if r.type == "AWS::StepFunctions::StateMachine"]
        if len(machines) != 1:
            raise ValueError(f"the stack has {len(machines)} state machines; give it an output StateMachineArn")
        return machines[0]

    def wait(self, arn: str, on_event: Callable[[Event], None] | None = None) -> Event:
        """Let time pass until the execution is over; DescribeExecution's answer.

        `on_event` gets each history event as it is added. Raises a fault of the emulation itself.
        """
        running = self._interpreter.running(arn)
        seen = 0
        while True:
            running.news.clear()
            over = running.settled.is_set()
            if on_event:
                for event in self._interpreter.events(arn, seen):
                    seen += 1
                    on_event(event)
            if over:
                break
            self.clock.wait(running.news if on_event else running.settled)
        return dict(self.client("stepfunctions").describe_execution(executionArn=arn))

    def history(self, arn: str) -> list[Event]:
        """An execution's history so far, in the shape of GetExecutionHistory."""
        return self._interpreter.events(arn)

    def run(self, input: Any, name: str | None = None) -> Event:
        """Start an execution and wait for its end."""
        return self.wait(self.start(input, name))


_openings = count(1)
_MOTO: Any = {"stepfunctions": {"execute_state_machine": True}}
