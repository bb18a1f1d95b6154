"""EC2's errors with a status of 500 and above, which the SDK takes for ones to try again; moto's own have 400."""

from __future__ import annotations

from xml.sax.saxutils import escape

_ERROR = (
    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
    "<RequestID>11111111-2222-3333-4444-555555555555</RequestID></Response>"
)


def server_error(code: str, message: str, status: int = 500) -> Exception:
    """For an operation of moto's EC2 to raise. `status` is 500 or 503."""
    from werkzeug.exceptions import InternalServerError, ServiceUnavailable

    kinds: dict[int, type[Exception]] = {500: InternalServerError, 503: ServiceUnavailable}
    return kinds[status](_ERROR.format(code=code, message=escape(message)))
