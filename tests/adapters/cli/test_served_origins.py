"""A web page of another origin attacks `golden-ami local serve` in Chromium: nothing runs, nothing is read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest

if TYPE_CHECKING:
    from tests.adapters.cli.conftest import Served

CHROMIUM = Path("/usr/bin/chromium")
SIGNED = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: apt-get install chromium"),
]

# What a page can try. Each answers what it could read: "" for nothing.
SEND = """async ([url, options]) => {
  try {
    const answer = await fetch(url, options);
    return answer.type === "opaque" ? await answer.text() : `${answer.status} ${await answer.text()}`;
  }
  catch (error) { return ""; }
}"""
LOAD = """([url, kind]) => new Promise((done) => {
  const element = document.createElement(kind);
  element.onload = () => done("loaded"); element.onerror = () => done("");
  if (kind === "link") { element.rel = "stylesheet"; element.href = url; } else element.src = url;
  document.body.append(element);
})"""
SUBMIT = """([url, type, name, value]) => new Promise((done) => {
  const frame = document.createElement("iframe"); frame.name = crypto.randomUUID?.() ?? url;
  const form = document.createElement("form");
  Object.assign(form, {action: url, method: "post", enctype: type, target: frame.name});
  const input = document.createElement("input");
  Object.assign(input, {name, value});
  form.append(input); document.body.append(frame, form);
  frame.onload = () => { try { done(frame.contentDocument.body.innerText); } catch { done(""); } };
  form.submit();
})"""
SOCKET = """(url) => new Promise((done) => {
  const socket = new WebSocket(url);
  socket.onopen = () => done("open"); socket.onerror = () => done("");
})"""
BEACON = "([url, text]) => navigator.sendBeacon(url, text)"


@dataclass
class Attacker:
    """A page of another origin, open in Chromium, and what the served account answered it."""

    page: Any
    target: str
    statuses: list[int] = field(default_factory=list)

    def sends(self, path: str, **options: Any) -> str:
        """What the page reads of the answer to a fetch."""
        return str(self.page.evaluate(SEND, [self.target + path, options]))


@dataclass(frozen=True)
class Account:
    """The served account: what an attack could have changed."""

    clients: Callable[[str], Any]

    @property
    def machine(self) -> str:
        return str(self.clients("stepfunctions").list_state_machines()["stateMachines"][0]["stateMachineArn"])

    def state(self) -> list[Any]:
        """Executions, functions, instances, parameters and buckets."""
        ask = self.clients
        return [
            ask("stepfunctions").list_executions(stateMachineArn=self.machine)["executions"],
            ask("lambda").list_functions()["Functions"],
            ask("ec2").describe_instances()["Reservations"],
            ask("ssm").describe_parameters()["Parameters"],
            ask("s3").list_buckets()["Buckets"],
        ]


@pytest.fixture(scope="module")
def account(served: Served) -> Account:
    region = served.environment["AWS_DEFAULT_REGION"]
    session: Any = boto3.Session("embedded", "embedded", region_name=region)
    return Account(lambda name: session.client(name, endpoint_url=served.environment["AWS_ENDPOINT_URL"]))


@contextmanager
def website() -> Iterator[int]:
    """A site on a port of its own; every page of it is empty."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = b"<!doctype html><title>a page</title><body>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    rebound = "--host-resolver-rules=MAP rebound.example 127.0.0.1, MAP page.example 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", rebound, *quiet]
        )
        yield browser
        browser.close()


@pytest.fixture(params=["127.0.0.1", "localhost", "page.example"])
def attacker(browser: Any, served: Served, request: pytest.FixtureRequest) -> Iterator[Attacker]:
    target = served.environment["AWS_ENDPOINT_URL"]
    with website() as port:
        page = browser.new_context().new_page()
        page.set_default_timeout(20_000)
        attacker = Attacker(page, target)

        def note(answer: Any) -> None:
            if answer.url.startswith(target):
                attacker.statuses.append(answer.status)

        page.on("response", note)
        page.goto(f"http://{request.param}:{port}/")
        yield attacker
        page.context.close()


def test_a_page_of_another_origin_changes_and_reads_nothing(attacker: Attacker, account: Account) -> None:
    before = account.state()
    start = json.dumps({"stateMachineArn": account.machine, "input": "{}"})
    invoke = "/2015-03-31/functions/golden-ami-reap/invocations"
    terminate = "Action=TerminateInstances&Version=2016-11-15&InstanceId.1=i-0123456789abcdef0"
    form, states = "application/x-www-form-urlencoded", SIGNED.format("states")
    target = {"x-amz-target": "AWSStepFunctions.StartExecution", "authorization": states}
    read = [
        attacker.sends(invoke, method="POST", mode="no-cors", body="{}", headers={"content-type": "text/plain"}),
        attacker.sends("/", method="POST", mode="no-cors", body=terminate, headers={"content-type": form}),
        attacker.sends("/", method="POST", mode="cors", body=start, headers={"content-type": "text/plain"}),
        attacker.sends("/", method="POST", mode="cors", body=start, headers=target),  # with a preflight
        attacker.sends("/new-bucket", method="PUT", mode="cors"),
        attacker.sends("/", mode="cors"),
        attacker.sends("/", mode="no-cors"),
        attacker.sends("/moto-api/data.json", mode="cors"),
        attacker.sends("/moto-api/reset", method="POST", mode="no-cors"),
        attacker.page.evaluate(LOAD, [f"{attacker.target}/lambda_us-east-1{invoke}", "img"]),
        attacker.page.evaluate(LOAD, [f"{attacker.target}/ec2_us-east-1/?{terminate}", "img"]),
        attacker.page.evaluate(LOAD, [f"{attacker.target}/moto-api/data.json", "script"]),
        attacker.page.evaluate(LOAD, [f"{attacker.target}/", "link"]),
        attacker.page.evaluate(SUBMIT, [attacker.target + invoke, "text/plain", '{"a":"', '"}']),
        attacker.page.evaluate(SUBMIT, [f"{attacker.target}/ec2_us-east-1/", form, "Action", "RunInstances"]),
        attacker.page.evaluate(SOCKET, attacker.target.replace("http", "ws")),
    ]
    attacker.page.evaluate(BEACON, [attacker.target + invoke, "{}"])
    assert [text for text in read if text.strip()] == []
    assert attacker.statuses, "the requests have reached the server"
    assert set(attacker.statuses) == {403}
    assert account.state() == before


def test_a_name_that_is_rebound_to_the_loopback_reads_nothing(browser: Any, served: Served, account: Account) -> None:
    before = account.state()
    port = urlsplit(served.environment["AWS_ENDPOINT_URL"]).port
    page = browser.new_context().new_page()
    answer = page.goto(f"http://rebound.example:{port}/")
    assert answer.status == 403
    same = [f"http://rebound.example:{port}/", {"headers": {"authorization": SIGNED.format("s3")}}]
    assert page.evaluate(SEND, same).startswith("403 golden-ami local serve refused")
    page.context.close()
    assert account.state() == before


def test_a_link_or_a_popup_of_another_origin_shows_nothing(attacker: Attacker) -> None:
    attacker.page.evaluate("(url) => { location.href = url; }", f"{attacker.target}/")
    attacker.page.wait_for_url(f"{attacker.target}/")
    assert "refused this request" in attacker.page.inner_text("body")


def test_a_person_may_type_the_address(browser: Any, served: Served) -> None:
    page = browser.new_context().new_page()
    assert page.goto(f"{served.environment['AWS_ENDPOINT_URL']}/").status == 200
    page.context.close()
