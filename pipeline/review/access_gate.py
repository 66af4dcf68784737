"""Who may use the page: only a reviewer who signed in with their token, in this browser.

The token becomes a cookie that scripts cannot read and that other sites cannot send; a change needs a second secret
that only the page itself knows. A request for another host's name is refused: it comes from a page that had its own
name changed to this machine's address. Every answer forbids storing, framing and fetching from elsewhere.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from pipeline.review.reviewers import Reviewers

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
#: The header in which the page sends its own secret.
CSRF = "X-Gelombang-Review"
SIGN_IN = "/sign-in"
#: More bytes than any sign-in form has.
_LONGEST = 4096
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ASKED = """<!doctype html><html lang="id"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Masuk / Sign in</title><main><h1>Tinjau foto <span lang="en">/ Review of photographs</span></h1>
<form method="post" action="/sign-in"><p><label for="token">Token peninjau
<span lang="en">/ reviewer's token</span></label></p>
<p><input id="token" name="token" type="password" autocomplete="current-password" required autofocus></p>
<p><button>Masuk <span lang="en">/ Sign in</span></button></p></form>
<p>Token diberikan dengan <code>gelombang review --add-reviewer</code>.
<span lang="en">Tokens are given with <code>gelombang review --add-reviewer</code>.</span></p></main></html>"""
_NOT_KNOWN = """<p role="alert"><strong>Token ini tidak dikenal.
<span lang="en">This token is not known.</span></strong></p>"""
_REFUSED = """<!doctype html><html lang="id"><meta charset="utf-8"><title>403</title><main><h1>403</h1>
<p>Buka alamat yang dicetak oleh <code>gelombang review</code>.</p>
<p lang="en">Open the address that <code>gelombang review</code> printed.</p></main></html>"""


@dataclass(frozen=True)
class AccessGate:
    """The secrets of one start of the page; a later start has others. The cookie's name is new too: all ports of a host
    share cookies.

    ``host`` is what the page listens on.
    """

    reviewers: Reviewers
    host: str = "127.0.0.1"
    cookie: str = field(default_factory=lambda: f"gelombang-review-{secrets.token_hex(4)}")
    _signed_in: dict[str, str] = field(default_factory=dict)  # a cookie's value → the token that it was given for

    async def __call__(self, request: Request, inside: Callable[[Request], Awaitable[Response]]) -> Response:
        """Middleware: lets a reviewer in, or asks for their token with 403."""
        if not self._ours(request):
            response: Response = HTMLResponse(_REFUSED, 403)
        elif request.url.path == SIGN_IN and request.method == "POST":
            response = self._sign_in((await _body(request)).get("token", [""])[0].strip())
        else:
            token = self._signed_in.get(request.cookies.get(self.cookie, ""))
            reviewer = self.reviewers.named(token) if token else None
            reading = request.method in ("GET", "HEAD")
            allowed = reviewer is not None and (reading or _same(request.headers.get(CSRF), self.csrf(request)))
            request.state.reviewer = reviewer
            response = await inside(request) if allowed else HTMLResponse(_ASKED, 403)
        response.headers.update(HEADERS)
        return response

    def csrf(self, request: Request) -> str:
        """The page's own secret, of one reviewer who is signed in."""
        return hmac.digest(request.cookies.get(self.cookie, "").encode(), b"page", "sha256").hex()

    def _sign_in(self, token: str) -> Response:
        if not token or self.reviewers.named(token) is None:
            return HTMLResponse(_ASKED.replace("<form", f"{_NOT_KNOWN}<form", 1), 403)
        session = secrets.token_urlsafe(32)
        self._signed_in[session] = token
        response = RedirectResponse("/", 303)
        response.set_cookie(self.cookie, session, httponly=True, samesite="strict")
        return response

    def _ours(self, request: Request) -> bool:
        """Whether a request names this page's host, and does not come from another page."""
        host = request.headers.get("host", "")
        origin = request.headers.get("origin")
        return self._named(host) and (origin is None or urlsplit(origin).netloc == host)

    def _named(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in _LOOPBACK or name == self.host.lower():
            return True
        with suppress(ValueError):
            # a page that listens on all addresses is asked under an address or the host's name
            if ipaddress.ip_address(self.host).is_unspecified:
                if name in (socket.gethostname().lower(), socket.getfqdn().lower()):
                    return True
                return bool(ipaddress.ip_address(name))
        return False


async def _body(request: Request) -> dict[str, list[str]]:
    """The fields of a small form; none of a form that is too long."""
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > _LONGEST:
            return {}
    return parse_qs(found.decode("latin-1"))


def _same(given: str | None, expected: str) -> bool:
    return given is not None and secrets.compare_digest(given.encode(), expected.encode())
