"""Who may use the page: whoever has the address that was printed at the start, in this browser, and nobody else.

The token in the address becomes a cookie that scripts cannot read and other sites cannot send; a change needs a second
secret that only the page itself knows. Every answer forbids storing, framing and fetching from elsewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
#: The header in which the page sends its own secret.
CSRF = "X-Gelombang-Review"
_REFUSED = """<!doctype html><html lang="id"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>403</title><h1>403</h1><p>Buka alamat lengkap yang dicetak oleh <code>gelombang review</code>.</p>
<p lang="en">Open the whole address that <code>gelombang review</code> printed.</p></html>"""


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class AccessGate:
    """The secrets of one start; a later start has others. The cookie's name too: all ports of a host share cookies."""

    token: str = field(default_factory=_secret)
    session: str = field(default_factory=_secret)
    csrf: str = field(default_factory=_secret)
    cookie: str = field(default_factory=lambda: f"gelombang-review-{secrets.token_hex(4)}")

    async def __call__(self, request: Request, inside: Callable[[Request], Awaitable[Response]]) -> Response:
        """Middleware: lets a request in, or answers 403."""
        shown = request.query_params.get("token")
        known = _same(request.cookies.get(self.cookie), self.session)
        arriving = request.url.path == "/" and request.method == "GET" and _same(shown, self.token)
        reading = request.method in ("GET", "HEAD")
        allowed = arriving or (known and shown is None and (reading or _same(request.headers.get(CSRF), self.csrf)))
        response = await inside(request) if allowed else HTMLResponse(_REFUSED, 403)
        if allowed and arriving:
            response.set_cookie(self.cookie, self.session, httponly=True, samesite="strict")
        response.headers.update(HEADERS)
        return response


def _same(given: str | None, expected: str) -> bool:
    return given is not None and secrets.compare_digest(given.encode(), expected.encode())
