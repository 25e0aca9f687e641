"""A watching process for the tests of its handle: answers, dies or hangs as it is told."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from classroom_monitor.records import Health, HealthState, StartRequest, WatcherStatus
from classroom_monitor.remote import Ask, Reply


def obedient(pipe: Connection, started: str) -> None:
    """Writes down each title it starts, one a line in the file `started`; dies when asked to pause."""
    session = None
    while True:
        ask: Ask = pipe.recv()
        result: object = None
        problem = None
        if ask.method == "start":
            request: StartRequest = ask.arguments[0]
            with Path(started).open("a", encoding="utf-8") as file:
                file.write(f"{request.title}{request.own or ''}{request.own_label}\n")
            session = request.title
            result = session
        elif ask.method == "status":
            result = WatcherStatus(session, Health(HealthState.WATCHING, datetime.now(UTC)), own="Ruiz")
        elif ask.method == "busy":
            result = 0.0
        elif ask.method == "pause":
            os._exit(9)
        elif ask.method == "resume":
            problem = "The window is gone; open it again"
        elif ask.method == "close" and session == "Unsaved":
            result = "the disk is full; what was read since then is lost"
        elif ask.method == "stop":
            session = None
        pipe.send(Reply(ask.number, result, problem))
        if ask.method == "close":
            return
