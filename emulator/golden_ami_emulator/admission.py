"""Which HTTP requests the served account answers: those of this machine's own clients, and of no web page.

A page of any origin can make a browser send requests to a loopback port. It cannot choose their Host, Origin and
Sec-Fetch-Site headers, which the browser sets itself (Fetch Standard, "Forbidden request-header"; Fetch Metadata
Request Headers, W3C). AWS CLI and SDKs send neither of the last two.

- Host is a name of the loopback interface, with the port: a page whose own name is resolved to 127.0.0.1
  (DNS rebinding) sends its own name.
- Origin, where there is one, is this server's; Sec-Fetch-Site, where there is one, is `same-origin` or `none` (typed by
  a person). A preflight carries an Origin, too.
- Answers have no CORS headers, which moto's server adds for every origin.
- What moto's server has beside AWS's APIs is closed: `/moto-api/` resets and seeds all data, `/latest/` is the instance
  metadata service, and `/SERVICE_REGION/` sends requests that nobody signed to any service.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_NAMES = ("127.0.0.1", "localhost", "[::1]")
_HTTP_PORT = "80"  # left out of Host and Origin (RFC 9110, section 4.2.3)
_CLOSED = re.compile(r"/+(moto-api|latest/(meta-data|api|dynamic|user-data)|favicon\.ico)(/|\Z)", re.IGNORECASE)
_SERVICE_PATH = re.compile(r"/+[^/]*_[^/]*/")
_CORS = "access-control-"


class Admission:
    """A WSGI application before another; what is refused never reaches that one."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        why = refusal(environ)
        if why:
            content = f"golden-ami local serve refused this request: {why}\n".encode()
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(content)))]
            start_response("403 Forbidden", [*headers, ("Connection", "close")])
            return [content]

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            kept = [(name, value) for name, value in headers if not name.lower().startswith(_CORS)]
            return start_response(status, kept, *error)

        return self._application(environ, start)


def refusal(environ: Mapping[str, Any]) -> str:
    """Why a request, as WSGI has it, is not answered; "" when it is. Headers given twice are joined by a comma."""
    port = str(environ["SERVER_PORT"])
    host = str(environ.get("HTTP_HOST", "")).lower()
    hosts = [f"{name}:{port}" for name in _NAMES] + [*_NAMES] * (port == _HTTP_PORT)
    if host not in hosts:
        return f"its Host is {host or 'missing'}; use {hosts[0]}, with S3 buckets in the path"
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and str(origin).lower() != f"http://{host}":
        return "its Origin is another's; web pages may not use it"
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None and site not in ("same-origin", "none"):
        return "it comes from a page of another origin; web pages may not use it"
    path = str(environ.get("PATH_INFO", ""))
    if _CLOSED.match(path) or ("HTTP_AUTHORIZATION" not in environ and _SERVICE_PATH.match(path)):
        return "its path is none of AWS's APIs"
    return ""
