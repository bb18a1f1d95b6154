"""Attacks on the served account by HTTP: other hosts, other origins, paths beside AWS's APIs, handlers from outside."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from golden_ami_emulator.admission import refusal

if TYPE_CHECKING:
    from tests.adapters.cli.conftest import Served

AWS = shutil.which("aws", path=str(Path(sys.executable).parent)) or "aws"
SIGNED = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
PORT = "4566"


def refused(**headers: str) -> str:
    """The refusal of a request to port 4566 with these headers, named as WSGI names them."""
    path = headers.pop("PATH", "/")
    environ = {"SERVER_PORT": PORT, "PATH_INFO": path, "HTTP_HOST": f"127.0.0.1:{PORT}"}
    environ |= {f"HTTP_{name}": value for name, value in headers.items()}
    return refusal({name: value for name, value in environ.items() if value != "-"})


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "localhost:4566", "LocalHost:4566", "[::1]:4566"])
def test_names_of_the_loopback_interface_are_hosts(host: str) -> None:
    assert refused(HOST=host) == ""
    assert refused(HOST=host, ORIGIN=f"http://{host.lower()}", SEC_FETCH_SITE="same-origin") == ""
    assert refused(HOST=host, SEC_FETCH_SITE="none") == ""


@pytest.mark.parametrize(
    "host",
    ["-", "", "127.0.0.1", "localhost", "127.0.0.1:80", "127.0.0.1:45660", "127.0.0.1:4566,evil.example", "127.1:4566",
     "127.0.0.1:4566,127.0.0.1:4566", "evil.example", "evil.example:4566", "localhost.evil.example:4566",
     "localhost.:4566", "bucket.localhost:4566", "0.0.0.0:4566", "::1:4566", "[::ffff:127.0.0.1]:4566",
     "user@127.0.0.1:4566", "127.0.0.1:4566/"],
)  # fmt: skip
def test_any_other_host_is_refused(host: str) -> None:
    assert "127.0.0.1:4566" in refused(HOST=host)


def test_port_80_may_be_left_out_where_it_is_the_port() -> None:
    assert refusal({"SERVER_PORT": "80", "PATH_INFO": "/", "HTTP_HOST": "localhost"}) == ""
    assert refusal({"SERVER_PORT": "80", "PATH_INFO": "/", "HTTP_HOST": "evil.example"})


@pytest.mark.parametrize(
    "origin",
    ["null", "", "http://evil.example", "http://localhost:4566", "https://127.0.0.1:4566", "http://127.0.0.1:3000",
     "http://127.0.0.1", "http://127.0.0.1:4566.evil.example", "http://127.0.0.1:4566,http://evil.example", "file://"],
)  # fmt: skip
def test_a_foreign_origin_is_refused(origin: str) -> None:
    assert "Origin" in refused(ORIGIN=origin)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "none,cross-site", "Same-Origin "])
def test_a_foreign_site_is_refused(site: str) -> None:
    assert "another origin" in refused(SEC_FETCH_SITE=site)


@pytest.mark.parametrize(
    "path",
    ["/moto-api", "/moto-api/", "/moto-api/reset", "/moto-api/data.json", "//moto-api/reset", "/MOTO-API/reset",
     "/latest/meta-data/iam", "/latest/api/token", "/favicon.ico", "/ec2_us-east-1/", "//ec2_us-east-1/x"],
)  # fmt: skip
def test_paths_beside_the_apis_of_aws_are_closed(path: str) -> None:
    assert "none of AWS's APIs" in refused(PATH=path)


def test_a_signed_request_may_have_a_key_that_looks_like_a_service() -> None:
    assert refused(PATH="/bucket_of_old/key", AUTHORIZATION=SIGNED.format("s3")) == ""


# ------------------------------------------------------------ over the wire


def sent(served: Served, request: str) -> tuple[int, str]:
    """The answer to a request's raw text, of which HOST and PORT are filled in: status, and the head in lower case."""
    address = urlsplit(served.environment["AWS_ENDPOINT_URL"])
    text = request.replace("HOST", f"{address.hostname}:{address.port}").replace("\n", "\r\n")
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as connection:
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode("utf-8", "replace")
    head = answer.partition("\r\n\r\n")[0].lower()
    return int(head.split()[1]), head


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET / HTTP/1.1\nHost: HOST", 200),
        ("GET / HTTP/1.1\nHost: HOST\nOrigin: http://HOST", 200),
        ("GET / HTTP/1.1\nHost: HOST\nSec-Fetch-Site: none", 200),
        ("GET http://HOST/ HTTP/1.1\nHost: HOST", 200),
        ("GET / HTTP/1.1\nHost: evil.example", 403),
        ("GET / HTTP/1.1", 403),
        ("GET / HTTP/1.0", 403),
        ("GET / HTTP/1.1\nHost: HOST\nHost: evil.example", 403),
        ("GET / HTTP/1.1\nHost: evil.example\nHost: HOST", 403),
        ("GET / HTTP/1.1\nHost: HOST\nHost: HOST", 403),
        ("GET http://evil.example/ HTTP/1.1\nHost: HOST", 403),
        ("GET http://HOST/ HTTP/1.1\nHost: evil.example", 403),
        ("GET http://HOST/ HTTP/1.1\nHost: HOST\nHost: HOST", 403),
        ("GET / HTTP/1.1\nHost: HOST\nOrigin: null", 403),
        ("GET / HTTP/1.1\nHost: HOST\nOrigin: http://HOST\nOrigin: http://evil.example", 403),
        ("GET / HTTP/1.1\nHost: HOST\nSec-Fetch-Site: cross-site", 403),
        ("OPTIONS / HTTP/1.1\nHost: HOST\nOrigin: http://evil.example\nAccess-Control-Request-Method: PUT", 403),
        ("OPTIONS / HTTP/1.1\nHost: HOST\nOrigin: http://HOST\nAccess-Control-Request-Method: PUT", 200),
        ("POST /moto-api/reset HTTP/1.1\nHost: HOST\nContent-Length: 0", 403),
        ("POST /%6doto-api/reset HTTP/1.1\nHost: HOST\nContent-Length: 0", 403),
        ("POST //moto-api/reset HTTP/1.1\nHost: HOST\nContent-Length: 0", 403),
        ("GET /moto-api/data.json HTTP/1.1\nHost: HOST", 403),
        ("GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\nHost: HOST", 403),
        ("GET /ec2_us-east-1/?Action=DescribeInstances&Version=2016-11-15 HTTP/1.1\nHost: HOST", 403),
    ],
)
def test_an_answer_over_the_wire(served: Served, head: str, status: int) -> None:
    answered, said = sent(served, f"{head}\nConnection: close\n\n")
    assert answered == status, said
    assert "access-control" not in said


def test_a_signature_does_not_reach_the_service_of_moto_itself(served: Served) -> None:
    """By a region that ends the name of moto's own host, whose paths are closed already."""
    sign = "Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/amazonaws.com/motoapi/aws4_request, Signature=0"
    assert sent(served, f"POST /reset HTTP/1.1\nHost: HOST\n{sign}\nContent-Length: 0\nConnection: close\n\n")[0] == 403
    assert aws(served, "stepfunctions", "list-state-machines")["stateMachines"]


def test_nothing_listens_but_on_the_loopback_interface(served: Served) -> None:
    port = urlsplit(served.environment["AWS_ENDPOINT_URL"]).port or 0
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        assert other.connect_ex(("127.0.0.2", port)) != 0  # bound to all interfaces it would answer here, too


def aws(served: Served, *arguments: str, fails: bool = False) -> Any:
    ended = served.command(AWS, *arguments, "--output", "json")
    assert (ended.status != 0) is fails, ended.err
    return ended.err if fails else json.loads(ended.out)


def function_name(served: Served, output: str) -> str:
    [stack] = aws(served, "cloudformation", "describe-stacks", "--stack-name", "golden-ami")["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    return str(outputs[output])


# ------------------------------------------------------------ handlers


@pytest.mark.parametrize(
    "handler",
    ["os.system", "subprocess.run", "os/path.exists", "../../tmp/x.handler", "load_config/../os.system", ".os.system",
     "builtins.exec", "golden_ami_cli.main.main", "handler", ""],
)  # fmt: skip
def test_a_function_with_a_foreign_handler_is_not_made(served: Served, tmp_path: Path, handler: str) -> None:
    code = tmp_path / "code.zip"
    code.write_bytes(b"PK\x05\x06" + b"\0" * 18)
    load_config, reap = (function_name(served, output) for output in ("LoadConfigFunction", "ReapFunction"))
    role = aws(served, "lambda", "get-function", "--function-name", load_config)["Configuration"]["Role"]
    given = ["--runtime", "python3.13", "--role", role, "--zip-file", f"fileb://{code}", f"--handler={handler}"]
    said = aws(served, "lambda", "create-function", "--function-name", "mine", *given, fails=True)
    assert "functions' folder" in said
    configure = ["lambda", "update-function-configuration", "--function-name", reap]
    said = aws(served, *configure, f"--handler={handler}", fails=True)
    assert "functions' folder" in said
    kept = aws(served, "lambda", "get-function", "--function-name", reap)["Configuration"]
    assert kept["Handler"] == "handlers.reap.handler"
    names = [one["FunctionName"] for one in aws(served, "lambda", "list-functions")["Functions"]]
    assert "mine" not in names


def test_new_code_of_a_function_is_not_run(served: Served, tmp_path: Path) -> None:
    """The package of the folder runs, whatever code a client uploads; there is no Handler in this call."""
    import zipfile

    code, mark = tmp_path / "code.zip", tmp_path / "mark"
    with zipfile.ZipFile(code, "w") as package:
        package.writestr("handlers/reap.py", f"open({str(mark)!r}, 'w')\ndef handler(e, c): open({str(mark)!r}, 'w')\n")
    name = ["--function-name", function_name(served, "ReapFunction")]
    aws(served, "lambda", "update-function-code", *name, "--zip-file", f"fileb://{code}")
    answer = aws(served, "lambda", "invoke", *name, str(tmp_path / "out"))
    assert "FunctionError" not in answer
    assert json.loads((tmp_path / "out").read_text()).keys() >= {"terminated"}
    assert not mark.exists()
