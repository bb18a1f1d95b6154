"""The embedded AWS over HTTP on the loopback interface, for clients that we did not write; `admission` guards it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from golden_ami_emulator.admission import Admission, Application
from golden_ami_emulator.embedded import Embedded

HOST = "127.0.0.1"
_NOT_AWS = ("moto_api", "moto_proxy", "moto_server", "instance_metadata", "awslambda_simple", "batch_simple")


class _Application:
    """moto's own dispatcher; emulated time stands still while a request is answered, in its turn."""

    def __init__(self, aws: Embedded) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication

        self._aws = aws
        self._dispatch = DomainDispatcherApplication(_backend)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        host = self._dispatch.infer_service_region_host(environ, environ.get("PATH_INFO", "")) or "s3"
        with self._aws.clock.working(), self._aws.transport.turn(host.partition(".")[0]):
            return list(self._dispatch(environ, start_response))


def _backend(service: Any) -> Any:
    """moto's application of a service; none for what is no API of AWS, however it is asked for (see `admission`)."""
    from moto.moto_server.werkzeug_app import create_backend_app

    return _closed if str(service).partition(".")[0] in _NOT_AWS else create_backend_app(service)


def _closed(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ARG001 - as WSGI has it
    start_response("403 Forbidden", [("Content-Length", "0")])
    return []


@contextmanager
def served(aws: Embedded, port: int = 0) -> Iterator[str]:
    """Answer HTTP on a port of the loopback interface (0: a free one) while open; gives the endpoint's URL."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    class Handler(MotoRequestHandler):
        def make_environ(self) -> dict[str, Any]:
            environ: dict[str, Any] = super().make_environ()
            hosts = {environ.get("HTTP_HOST", ""), *self.headers.get_all("Host", [])}
            if len(hosts) > 1 or len(self.headers.get_all("Host", [])) > 1:  # of these, werkzeug would believe the URL
                environ["HTTP_HOST"] = ",".join(sorted(hosts)) + ","
            return environ

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application: Application = Admission(_Application(aws))
    server = make_server(HOST, port, application, threaded=True, request_handler=Handler)
    thread = threading.Thread(target=server.serve_forever, name="http", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
