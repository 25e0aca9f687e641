"""Who may talk to the pages: the right host, the same site, and a browser that was given the start token.

Listening on 127.0.0.1 alone guards nothing against a web page in the same browser, which can aim requests at
that address (DNS rebinding, cross-site posts). So every route, static ones included, is behind three checks.
"""

from __future__ import annotations

import hashlib
import hmac
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import flask

from dashboard import wording

#: The names under which this computer may be asked for. More are added only by `serve`.
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

#: A start token has at least so many characters (192 bits in base 64).
TOKEN_CHARACTERS = 32

#: How the names of our cookies begin.
COOKIE = "classroom_"

#: Everything from this machine. Mantine and Plotly write styles; Plotly and AG Grid draw data: pictures.
CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' "
    "data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors {framed}"
)

#: The live page may stand in the compact window (decision 9), which is a page of ours; nothing else in any.
FRAMED = "/live"

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}


def trusted_host(host: str, allowed: Iterable[str] = LOCAL_HOSTS) -> bool:
    """Whether a Host header, with or without a port, names one of the allowed hosts exactly."""
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        name = host
    elif not (port.isascii() and port.isdigit()):
        return False
    return name.lower() in {each.lower() for each in allowed}


def same_site(site: str | None, origin: str | None, host: str) -> bool:
    """Whether a request that changes something comes from our own pages.

    site, origin, host: the headers Sec-Fetch-Site, Origin and Host. Browsers say it in the first; older
    ones in Origin, whose host must then equal Host. A request with neither comes from no browser and is let
    through (it needs the cookie all the same).
    """
    if site is not None:
        return site in ("same-origin", "none")
    if origin is None:
        return True
    parts = urllib.parse.urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower() != ""


@dataclass(frozen=True, slots=True)
class Door:
    """What lets a browser in: a token, of which only the digest is kept (`digest`).

    refusal: what all others are told.
    """

    token_sha256: str
    refusal: wording.Refusal = wording.TOKEN_REFUSED

    @classmethod
    def of(cls, token: str) -> Door:
        """The door that a token opens. Raises ValueError where it is shorter than TOKEN_CHARACTERS."""
        if len(token) < TOKEN_CHARACTERS:
            raise ValueError(
                f"the start token must have at least {TOKEN_CHARACTERS} characters, not {len(token)}"
            )
        return cls(digest(token))

    def opens(self, token: str) -> bool:
        """Whether this is the token."""
        return _equal(digest(token), self.token_sha256)

    def cookie(self) -> tuple[str, str]:
        """Name and value of the cookie that the token is swapped for.

        The name is derived too, since cookies are shared by all ports of a host and two programs must not
        overwrite each other's.
        """
        key = self.token_sha256.encode()
        name = hmac.new(key, b"cookie name", hashlib.sha256).hexdigest()[:12]
        return f"{COOKIE}{name}", hmac.new(key, b"cookie value", hashlib.sha256).hexdigest()


def digest(token: str) -> str:
    """What is kept of a token: its SHA-256 in hex. It has 192 random bits or more, so no salt is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def guard(
    server: flask.Flask,
    door: Door,
    script_hashes: Callable[[], Iterable[str]],
    hosts: Iterable[str] = LOCAL_HOSTS,
) -> None:
    """Puts every route of the server behind the checks, and the headers on every answer.

    script_hashes: the CSP hashes of the scripts that stand in the page itself, asked for once, at the first
    answer.
    """
    allowed = frozenset(hosts)
    cookie, value = door.cookie()
    hashes: list[str] = []

    def check() -> flask.typing.ResponseReturnValue | None:
        request = flask.request
        if not trusted_host(request.environ.get("HTTP_HOST", ""), allowed):
            return _refusal(400, wording.HOST_REFUSED)
        if request.method not in SAFE_METHODS and not same_site(
            request.headers.get("Sec-Fetch-Site"),
            request.headers.get("Origin"),
            request.environ.get("HTTP_HOST", ""),
        ):
            return _refusal(403, wording.SITE_REFUSED)
        given = request.args.get("token")
        if given is not None:
            if request.method not in ("GET", "HEAD") or not door.opens(given):
                return _refusal(403, door.refusal)
            return _swap(cookie, value)
        if not _equal(request.cookies.get(cookie, ""), value):
            return _refusal(403, door.refusal)
        return None

    def harden(response: flask.Response) -> flask.Response:
        if not hashes:
            hashes.append(" ".join(script_hashes()))
        framed = flask.request.path == FRAMED
        policy = CONTENT_POLICY.format(hashes=hashes[0], framed="'self'" if framed else "'none'")
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("X-Frame-Options", "SAMEORIGIN" if framed else "DENY")
        for name, setting in HEADERS.items():
            response.headers.setdefault(name, setting)
        if response.mimetype in ("text/html", "application/json"):
            response.headers["Cache-Control"] = "no-store"
        return response

    server.before_request(check)
    server.after_request(harden)


def _swap(cookie: str, value: str) -> flask.typing.ResponseReturnValue:
    """Sends the browser to the same address without the token, now with the cookie."""
    request = flask.request
    rest = [(key, each) for key, each in request.args.items(multi=True) if key != "token"]
    # The path alone, with one slash in front: "//host" would lead to another site.
    where = "/" + urllib.parse.quote(request.path.lstrip("/\\"))
    response = flask.redirect(where + (f"?{urllib.parse.urlencode(rest)}" if rest else ""), 303)
    response.set_cookie(cookie, value, httponly=True, samesite="Strict", path="/", secure=request.is_secure)
    response.headers["Cache-Control"] = "no-store"
    return response


def _refusal(status: int, text: wording.Refusal) -> flask.Response:
    """A plain page that says what is wrong and how to get in; no word of it comes from the request."""
    body = (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{text.title}</title>"
        "<style>:root{color-scheme:light dark}body{font:16px/24px system-ui,sans-serif;max-width:32rem;"
        "margin:20vh auto 0;padding:0 24px}h1{font-size:24px;line-height:32px;font-weight:600}</style>"
        f"<h1>{text.title}</h1><p>{text.cause}</p><p>{text.remedy}</p></html>"
    )
    return flask.Response(body, status, mimetype="text/html")
