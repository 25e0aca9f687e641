"""Serves the pages on this computer, in threads of this process."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from waitress.server import create_server

from classroom_monitor.errors import ServerError

#: Pages, their pictures and two or three open tabs ask at once.
THREADS = 8

#: The largest request and answer, in bytes. Waitress writes what is larger than its buffers to a temporary
#: file; with buffers of this size it never does: a picture that is tried must not touch the disk.
LARGEST = 64 * 2**20


def serve(app: Any, host: str, port: int, token: str) -> tuple[str, Callable[[], None]]:
    """Starts serving and returns at once.

    app: what create_app returns. port: 0 takes any free one. token: put into the address, never into a log.
    Returns the address with its token, and a function that stops serving (may be called twice).
    Raises ServerError where the port cannot be had.
    """
    listening = _listen(host, port)
    real = listening.getsockname()[1]
    # A busy page queues a request or two for a moment; the warning about it would only worry.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    sockets: dict[int, Any] = {}
    server = create_server(
        app.server,
        sockets,
        sockets=[listening],
        threads=THREADS,
        ident=None,
        clear_untrusted_proxy_headers=True,
        max_request_body_size=LARGEST,
        inbuf_overflow=LARGEST + 1,
        outbuf_overflow=LARGEST + 1,
        channel_request_lookahead=1,  # so that a page that has gone is noticed while its file is being made
    )
    stopping = threading.Event()

    def run() -> None:
        while not stopping.is_set():
            server.asyncore.loop(timeout=1.0, map=sockets, count=1)
        server.task_dispatcher.shutdown(timeout=2)
        server.asyncore.close_all(sockets)

    thread = threading.Thread(target=run, name="pages", daemon=True)
    thread.start()

    def stop() -> None:
        if stopping.is_set():
            return
        stopping.set()
        with contextlib.suppress(OSError):  # it may just have ended by itself
            server.pull_trigger()  # wakes the loop
        thread.join(timeout=5)

    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{real}/?token={token}", stop


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where SO_REUSEADDR would share the port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
        listening.setblocking(False)
    except OSError as problem:
        listening.close()
        if problem.errno == errno.EADDRINUSE:
            raise ServerError(
                f"port {port} is in use by another program; give another with --port (0: any free one)"
            ) from None
        if problem.errno in (errno.EACCES, errno.EPERM):
            raise ServerError(
                f"port {port} may not be opened by this user; give one above 1023 with --port"
            ) from None
        raise ServerError(
            f"{host}:{port} cannot be listened on ({problem.strerror}); check the address and --port"
        ) from None
    return listening
