"""What a fault is, and where it takes hold of the embedded AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from golden_ami.events import Event
from golden_ami.models import Engine
from golden_ami_emulator.calls import Call
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.patching import Patches
from golden_ami_emulator.waits import Signal
from golden_ami_emulator.world import World

if TYPE_CHECKING:
    from golden_ami_emulator.lambdas import InvocationResult

ALL: frozenset[Engine] = frozenset({"classic", "instance", "ami"})
LAUNCHING: frozenset[Engine] = frozenset({"classic", "instance"})

Rule = Callable[[Call], BaseException | None]
Tamper = Callable[[str], Sequence[float]]
Entered = Callable[[str, str], None]


@dataclass(frozen=True)
class InjectableFault:
    """A trouble by name. `inject` lays it into a trial before its runs start."""

    name: str
    about: str
    inject: Callable[[Injection], None]
    costs: bool = True  # whether an AMI may be NOT ASSESSED because of it; False: the run heals it
    words: tuple[str, ...] = ()  # of which the cause of such an AMI has one
    engines: frozenset[Engine] = ALL  # where it can strike
    companions: tuple[str, ...] = ()  # faults without which this one is never reached
    amis: int = 2  # so many in a run show it


class Injection(Patches):
    """Lays faults into an open account, until it is closed. One at a time.

    `struck` has the names of the faults that really happened; `invocations` what Lambda was asked to do, in order.
    """

    def __init__(self, aws: Embedded, faults: Sequence[InjectableFault], amis: Sequence[str]) -> None:
        """`amis` are the ids of the AMIs of the runs to come; faults of one AMI take the first."""
        super().__init__()
        self.aws = aws
        self.faults = faults
        self.amis = amis
        self.struck: set[str] = set()
        self.invocations: list[tuple[Any, str]] = []
        self._before: list[Rule] = []
        self._after: list[Rule] = []
        self._tampers: list[Tamper] = []
        self._heard: list[Callable[[str], None]] = []
        self._entered: list[Entered] = []
        self._current = ""
        self.redriven: Signal | None = None  # set once an execution was redriven, where a fault does that

    def __enter__(self) -> Injection:
        from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

        super().__enter__()
        self._behaviours()
        for fault in self.faults:
            self._current = fault.name
            fault.inject(self)
        self.set(self.aws.calls, "before_call", partial(_first, self._before))
        self.set(self.aws.calls, "after_call", partial(_first, self._after))
        self._answer = self.set(self.aws.functions, "_answer", self._invoked)
        self._notify = self.set(self.aws.bus, "_notify", self._notified)
        self._queue = self.set(self.aws.bus, "send", self._queued)
        record = EventManager.add_event

        def add_event(manager: Any, *args: Any, **kwargs: Any) -> int:
            number: int = record(manager, *args, **kwargs)
            self._recorded(manager, kwargs)
            return number

        self.set(EventManager, "add_event", add_event)
        return self

    # ------------------------------------------------------------ what faults use

    @property
    def name(self) -> Callable[[], None]:
        """For a fault being laid: notes, when called, that it struck."""
        return partial(self.struck.add, self._current)

    def before(self, rule: Rule) -> None:
        """Ask the rule before each API call; what it returns is raised instead."""
        self._before.append(rule)

    def after(self, rule: Rule) -> None:
        """Ask the rule after each API call; what it returns is raised in place of the answer."""
        self._after.append(rule)

    def tamper(self, tamper: Tamper) -> None:
        """Give a completion's text; deliver it after each of the seconds that come back."""
        self._tampers.append(tamper)

    def heard(self, action: Callable[[str], None]) -> None:
        """Call with the text of each event to the queue of findings, right after it was sent on its way."""
        self._heard.append(action)

    def entered(self, action: Entered) -> None:
        """Call with the execution's ARN and the state's name whenever a state is entered, in its own thread."""
        self._entered.append(action)

    def behave(self, ami: str, **changes: Any) -> None:
        """Change how the world treats an AMI; `*` is every AMI of the runs."""
        from dataclasses import replace

        for each in self.amis if ami == "*" else [ami]:
            world = self.world_of(each)
            world.behaviours[each] = replace(world.behaviour_of(each), **changes)

    def world_of(self, ami: str) -> World:
        """The world of the place that has the AMI; that of the stack's own place for an AMI that none has."""
        having = (world for world in self.aws.worlds if any(image.image_id == ami for image in world.images))
        return next(having, self.aws.world)

    def send_finding(self, text: str) -> None:
        """Put an event into the queue of findings, as EventBridge does with everything that the rule lets in."""
        self.aws.clock.spawn(self._queue, self.findings_queue, text, {}, name="a stranger")

    def send(self, text: str) -> None:
        """Deliver a text to resume as the completion topic does, whoever published it."""
        topic = self.aws.outputs["CompleteTopicArn"]
        resume = f"arn:aws:lambda:{self.aws.region}:{self.aws.account}:function:{self.aws.lambda_name('resume')}"
        message = {"Type": "Notification", "MessageId": "stranger", "TopicArn": topic, "Message": text}
        record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": topic, "Sns": message}
        self.aws.functions.deliver(resume, {"Records": [record]})

    def function(self, call: Call) -> str:
        """The function of a call, as its folder is named; "" for the operator's."""
        return self.aws.function_of(call.function)

    # ------------------------------------------------------------ inside

    def _behaviours(self) -> None:
        kept = [(world, dict(world.behaviours)) for world in self.aws.worlds]

        def restore() -> None:
            for world, behaviours in kept:
                world.behaviours.clear()
                world.behaviours.update(behaviours)

        self.callback(restore)

    def _invoked(self, function: Any, event: str, context: Any) -> InvocationResult:
        self.invocations.append((function, event))
        result: InvocationResult = self._answer(function, event, context)
        if '"Sandbox.Timedout"' in result.payload:  # injected at once; the time until it is over passes here
            self.aws.clock.wait(Signal(self.aws.clock), context.get_remaining_time_in_millis() / 1000, deadline=False)
        return result

    def _notified(self, subscription: Any, message: str, message_id: str, **kwargs: Any) -> None:
        from golden_ami.models import Completion
        from golden_ami.scans.messages import read

        send = partial(self._notify, subscription, message, message_id, **kwargs)
        resumes = f":{self.aws.lambda_name('resume')}:" in f"{subscription.endpoint}:"  # it, or an alias of it
        completes = resumes and isinstance(read(message), Completion)
        if not self._tampers or not completes:
            send()
            return
        delays: Sequence[float] = [0.0]
        for tamper in self._tampers:
            delays = [first + second for first in delays for second in tamper(message)]
        for delay in delays:
            self.aws.clock.call_later(delay, send, name="completion")

    @property
    def findings_queue(self) -> str:
        """The ARN of the queue of findings that come as events."""
        return str(self.aws.stack.resources["FindingsQueue"].made.attributes["Arn"])

    def _queued(self, arn: str, message: str, attributes: Mapping[str, str]) -> None:
        self._queue(arn, message, attributes)
        if arn == self.findings_queue:
            for action in self._heard:
                action(message)

    def _recorded(self, manager: Any, recorded: Event) -> None:
        kind = recorded.get("event_type")
        if not str(getattr(kind, "value", kind)).endswith("StateEntered"):
            return
        running = self.aws._interpreter._by_manager.get(id(manager))
        name = recorded["event_details"]["stateEnteredEventDetails"]["name"]
        if running is not None:
            for action in self._entered:
                action(running.execution.exec_arn, name)


def behaves(injection: Injection, ami: str, **changes: object) -> None:
    """Lay a fault that is a behaviour of the world's, of an AMI or of all (`*`): it strikes whatever is called."""
    injection.name()
    injection.behave(ami, **changes)


def _first(rules: Sequence[Rule], call: Call) -> BaseException | None:
    return next((fault for rule in rules if (fault := rule(call)) is not None), None)
