"""CloudFormation and S3 on loopback, as far as `sam deploy` speaks to them: what a stack's parameters become.

Parameters of a change set are treated as in CloudFormation's API reference (Parameter): a key that is not sent takes
the template's default, in an update too; `UsePreviousValue` takes the stack's value, and is an error where it has none.
Names and values are checked against the template that was uploaded.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from cfn_flip import load_yaml

from golden_ami_emulator.deployment.template import TemplateError, resolve_parameters

_BUCKET_STACK = "aws-sam-cli-managed-default"  # where SAM CLI keeps what it uploads


@dataclass
class Request:
    """A call: the service that it was signed for, the operation (S3: the method) and its members."""

    service: str
    action: str
    members: dict[str, str]


@dataclass
class Stack:
    template: dict[str, Any]
    parameters: dict[str, str]


class Refused(Exception):
    """AWS's error ValidationError, with its message."""


@dataclass
class Aws:
    """What was asked, in order, and what came of it."""

    endpoint: str = ""
    requests: list[Request] = field(default_factory=list)
    stacks: dict[str, Stack] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    change_sets: list[tuple[str, Stack]] = field(default_factory=list)
    executed: int = 0

    def answer(self, action: str, members: Mapping[str, str]) -> str:
        """The content of the operation's result, in XML. Raises Refused."""
        operations = {
            "GetCallerIdentity": lambda _: "<Account>123456789012</Account>",
            "DescribeStacks": self._describe_stacks,
            "GetTemplateSummary": self._get_template_summary,
            "CreateChangeSet": self._create_change_set,
            "DescribeChangeSet": self._describe_change_set,
            "ExecuteChangeSet": self._execute_change_set,
            "DescribeStackEvents": self._describe_stack_events,
        }
        if action not in operations:
            raise Refused(f"the operation {action} was not expected")
        return operations[action](members)

    def _describe_stacks(self, members: Mapping[str, str]) -> str:
        name = members["StackName"]
        common = f"<StackName>{name}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime>"
        if name == _BUCKET_STACK:
            more = (
                "<Tags><member><Key>ManagedStackSource</Key><Value>AwsSamCli</Value></member></Tags>"
                "<Outputs><member><OutputKey>SourceBucket</OutputKey><OutputValue>sam</OutputValue></member></Outputs>"
            )
        elif name in self.stacks:
            more = ""
        else:
            raise Refused(f"Stack with id {name} does not exist")
        return f"<Stacks><member>{common}<StackStatus>UPDATE_COMPLETE</StackStatus>{more}</member></Stacks>"

    def _get_template_summary(self, members: Mapping[str, str]) -> str:
        names = self.stacks[members["StackName"]].template["Parameters"]
        keys = "".join(f"<member><ParameterKey>{name}</ParameterKey></member>" for name in names)
        return f"<Parameters>{keys}</Parameters>"

    def _create_change_set(self, members: Mapping[str, str]) -> str:
        name = members["StackName"]
        stack = self.stacks.get(name)
        if (members["ChangeSetType"] == "UPDATE") != bool(stack):
            raise Refused(f"Stack [{name}]: {members['ChangeSetType']} is not for it")
        template = load_yaml(self._template(members).decode())
        previous = stack.parameters if stack else {}
        given = {key: self._value(key, one, previous) for key, one in _parameters(members).items()}
        try:
            values = resolve_parameters(template, given)
        except TemplateError as error:
            raise Refused(str(error)) from error
        texts = {key: ",".join(one) if isinstance(one, list) else str(one) for key, one in values.items()}
        self.change_sets.append((name, Stack(template, texts)))
        return f"<Id>arn:change-set</Id><StackId>{name}</StackId>"

    def _template(self, members: Mapping[str, str]) -> bytes:
        if "TemplateBody" in members:
            return members["TemplateBody"].encode()
        return self.objects[urlsplit(members["TemplateURL"]).path]

    @staticmethod
    def _value(key: str, parameter: Mapping[str, str], previous: Mapping[str, str]) -> str:
        if parameter.get("UsePreviousValue") != "true":
            return parameter["ParameterValue"]
        if key not in previous:
            raise Refused(f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true")
        return previous[key]

    def _describe_change_set(self, members: Mapping[str, str]) -> str:
        change = "<Action>Modify</Action><LogicalResourceId>One</LogicalResourceId><ResourceType>A::B::C</ResourceType>"
        return (
            "<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus>"
            f"<Changes><member><ResourceChange>{change}</ResourceChange></member></Changes>"
        )

    def _execute_change_set(self, members: Mapping[str, str]) -> str:
        name, stack = self.change_sets[-1]
        self.stacks[name] = stack
        self.executed += 1
        return ""

    def _describe_stack_events(self, members: Mapping[str, str]) -> str:
        """One event, a second later with each change set that was executed."""
        name = members["StackName"]
        event = (
            f"<EventId>{self.executed}</EventId><StackId>{name}</StackId><StackName>{name}</StackName>"
            f"<LogicalResourceId>{name}</LogicalResourceId><PhysicalResourceId>{name}</PhysicalResourceId><ResourceType>AWS::CloudFormation::Stack</ResourceType>"
            f"<Timestamp>2026-01-01T00:00:{self.executed:02}Z</Timestamp>"
            f"<ResourceStatus>{'UPDATE_COMPLETE' if self.executed else 'REVIEW_IN_PROGRESS'}</ResourceStatus>"
        )
        return f"<StackEvents><member>{event}</member></StackEvents>"


def _parameters(members: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The members `Parameters.member.N.X` by parameter."""
    found: dict[str, dict[str, str]] = {}
    for name, value in members.items():
        match = re.fullmatch(r"Parameters\.member\.(\d+)\.(\w+)", name)
        if match:
            found.setdefault(match[1], {})[match[2]] = value
    return {one["ParameterKey"]: one for one in found.values()}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    aws: Aws

    def do_POST(self) -> None:
        members = dict(parse_qsl(self._body().decode(), keep_blank_values=True))
        action = members.get("Action") or self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        self._record(action, members)
        try:
            content = self.aws.answer(action, members)
        except Refused as error:
            text = (
                f"<Error><Type>Sender</Type><Code>ValidationError</Code><Message>{escape(str(error))}</Message></Error>"
            )
            self._send(400, f"<ErrorResponse>{text}</ErrorResponse>")
        else:
            self._send(200, f"<{action}Response><{action}Result>{content}</{action}Result></{action}Response>")

    def do_PUT(self) -> None:
        self._record("PUT", {"path": self.path})
        self.aws.objects[urlsplit(self.path).path] = self._body()
        self._send(200, "")

    def do_HEAD(self) -> None:
        self._record("HEAD", {"path": self.path})
        self._send(200 if urlsplit(self.path).path in self.aws.objects else 404, "")

    def do_GET(self) -> None:
        self._record("GET", {"path": self.path})
        self._send(403, "<Error><Code>AccessDenied</Code><Message>loopback</Message></Error>")

    do_DELETE = do_GET

    def _body(self) -> bytes:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        if self.headers.get("Transfer-Encoding") == "chunked":
            return self._chunks()
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _record(self, action: str, members: dict[str, str]) -> None:
        scope = re.search(r"Credential=[^/]*/\d+/[^/]*/([^/]+)/", self.headers.get("Authorization", ""))
        self.aws.requests.append(Request(scope[1] if scope else "", action, members))

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serve() -> Iterator[Aws]:
    """An empty account on a free port of the loopback interface."""
    aws = Aws()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"aws": aws}))
    aws.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
