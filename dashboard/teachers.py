"""The review pages of several teachers: each sees their own sessions, by their own token, behind gunicorn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flask
import werkzeug

from classroom_monitor.clock import Clock
from classroom_monitor.errors import ServerError, StoreError
from classroom_monitor.settings import Settings
from classroom_monitor.store import Store
from classroom_monitor.store.teachers import Teachers
from dashboard import security, wording
from dashboard.app import create_app
from dashboard.serving import THREADS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: A new teacher, a new token or one taken back counts after so many seconds at the latest.
REREAD_S = 5.0

#: What a page sends is small: the largest request, in bytes.
LARGEST_REQUEST = 2 * 2**20

#: Seconds after which gunicorn takes a worker for hanging. The export of a long session takes a few.
PATIENCE_S = 120


class TeachersPages:
    """A WSGI application that hands each request to the pages of the teacher whose token or cookie it has.

    A teacher's pages are made when they are first asked for, in each worker of their own.
    """

    def __init__(self, teachers: Teachers, settings: Settings, clock: Clock, hosts: frozenset[str]) -> None:
        self._teachers, self._settings, self._clock, self._hosts = teachers, settings, clock, hosts
        self._pages: dict[str, WSGIApplication] = {}  # by the digest of the token
        self._stores: dict[str, Store] = {}  # likewise
        self._known: dict[str, str] = {}  # digests, with the teachers' names
        self._read = -REREAD_S
        self._turn = threading.Lock()
        stranger = flask.Flask("stranger", static_folder=None)
        # No token has an empty digest, so that this door opens for nobody: it says how to get in.
        security.guard(stranger, security.Door("", wording.TEACHER_REFUSED), tuple, hosts)
        self._stranger: WSGIApplication = stranger

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The answer of the teacher's pages, or the refusal."""
        request = werkzeug.Request(environ)
        pages: WSGIApplication
        try:
            with self._turn:
                pages = self._pages_of(self._digest(request))
        except StoreError as problem:
            pages = werkzeug.Response(str(problem), 503, mimetype="text/plain")
        return pages(environ, start_response)

    def close(self) -> None:
        """Lets the stores go."""
        while self._pages:
            self._forget(next(iter(self._pages)))

    def _forget(self, digest: str) -> None:
        self._pages.pop(digest)
        self._stores.pop(digest).close()

    def _digest(self, request: werkzeug.Request) -> str | None:
        """Whose token or cookie the request has. The pages' own guard then checks it in full."""
        now = self._clock.monotonic()
        if now - self._read >= REREAD_S:
            self._known, self._read = self._teachers.tokens(), now
            for gone in self._pages.keys() - self._known.keys():
                self._forget(gone)
        if "token" in request.args:
            return security.digest(request.args["token"])
        doors = {security.Door(each).cookie()[0]: each for each in self._known}
        return next((doors[name] for name in request.cookies if name in doors), None)

    def _pages_of(self, digest: str | None) -> WSGIApplication:
        if digest is None or digest not in self._known:
            return self._stranger
        if digest not in self._pages:
            store = self._teachers.open(self._known[digest], self._clock, self._settings.store)
            store.close_unfinished()
            store.purge(self._clock.utc())
            door = security.Door(digest, wording.TEACHER_REFUSED)
            app = create_app(store, self._settings, door, clock=self._clock, hosts=self._hosts)
            app.server.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
            self._pages[digest], self._stores[digest] = app.server, store
        return self._pages[digest]


def serve_teachers(
    make_pages: Callable[[], TeachersPages],
    host: str,
    port: int,
    workers: int,
    certificate: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serves until the process is told to stop.

    make_pages: called in each worker, which has its own connections. certificate, key: PEM files, for https.
    Raises ServerError where gunicorn is not installed or does not run on this system.
    """
    try:
        from gunicorn.app.base import BaseApplication
    except ImportError:  # also on Windows, whose processes it does not know
        raise ServerError(
            "serve needs gunicorn, which runs on Linux and macOS: pip install 'classroom-monitor[serve]'"
        ) from None

    class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
        def load_config(self) -> None:
            options = {
                "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                "workers": workers,
                "worker_class": "gthread",
                "threads": THREADS,
                "timeout": PATIENCE_S,
                "accesslog": None,  # an address may hold a token
                "loglevel": "warning",
                "certfile": certificate and str(certificate),
                "keyfile": key and str(key),
                "control_socket_disable": True,  # nothing but the pages is listened for
            }
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return make_pages()

    _Gunicorn().run()
