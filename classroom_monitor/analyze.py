"""Recorded lectures into sessions, as many at a time as there are cores, here or on a Dask cluster.

One lecture is one task: the program follows each student from look to look, so the looks of one lecture
cannot be shared out. A task writes into the store as a live session does; what it read before it is stopped
is kept.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from classroom_monitor.clock import RealClock
from classroom_monitor.errors import ClassroomError, SourceError
from classroom_monitor.logs import log_to_file
from classroom_monitor.parts import Parts
from classroom_monitor.records import HealthState, SourceKind, SourceSpec, StartRequest
from classroom_monitor.runner import Runner
from classroom_monitor.settings import Settings
from classroom_monitor.sources import open_source
from classroom_monitor.sources.video import VideoSource
from classroom_monitor.store import open_store

#: A task tells how far it is, and asks whether it is to stop, about so often (s).
TELL = 1.0
#: Under these names the tasks and the one who waits for them find each other.
PROGRESS, STOP = "classroom-progress", "classroom-stop"
#: A recording that ends so much earlier than it says was cut: as a share of its length.
CUT = 0.1
#: A cluster that does not answer within this (s) is taken for absent.
PATIENCE = 10


@dataclass(frozen=True, slots=True)
class Analysed:
    """What became of one recording: its session, None where there is none, and what went wrong or nothing."""

    video: Path
    session: str | None
    problem: str = ""


def analyze(
    videos: Sequence[Path],
    settings: Settings,
    store_url: str | None,
    workers: int,
    scheduler: str | None,
    request: StartRequest,
    progress: Callable[[int, float], None],
) -> list[Analysed]:
    """Reads each video as fast as it goes and stores it as a session; in the order of `videos`.

    workers: how many at a time on this computer. scheduler: the address of a Dask scheduler instead; its
    workers must find the videos at the same paths, and `store_url` must be a database that they reach.
    request: rate, course, roster and whether the students were told; the title is the file's name.
    progress: called with a video's place and the share of it that was read, 0..1.
    Raises SourceError where the cluster does not answer. A KeyboardInterrupt ends the tasks, which save what
    they have, before it goes on.
    """
    from distributed import Event, as_completed

    with _cluster(min(workers, len(videos)), scheduler) as client:
        stop = Event(STOP, client=client)
        stop.clear()
        client.subscribe_topic(PROGRESS, lambda event: progress(*event[1]))
        tasks = [
            client.submit(_analyze, place, video, settings, store_url, request, pure=False)
            for place, video in enumerate(videos)
        ]
        try:
            for task in as_completed(tasks):
                progress(tasks.index(task), 1.0)
        except KeyboardInterrupt:
            stop.set()  # a task that waits for a worker sees it too, before it opens anything
            client.gather(tasks, errors="skip")
            raise
        return [_result(task, video) for task, video in zip(tasks, videos, strict=True)]


def _result(task: Any, video: Path) -> Analysed:
    """A task ends with a result, unless its worker died."""
    if task.exception() is None:
        found: Analysed = task.result()
        return found
    return Analysed(video, None, f"{video}: the process that read it ended; what it had read is kept")


@contextmanager
def _cluster(workers: int, scheduler: str | None) -> Iterator[Any]:
    """A client of that scheduler, or of processes of our own, which nobody else on this computer can use."""
    from distributed import Client, LocalCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=PATIENCE)
        except (OSError, ValueError, ImportError) as problem:
            cause = str(problem).splitlines()[0]
            raise SourceError(
                f"{scheduler}: no Dask scheduler answers ({cause}); check the address"
            ) from None
        with client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            security=True,  # made for this run: whoever can talk to a worker can run code as this user
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _analyze(
    place: int, video: Path, settings: Settings, store_url: str | None, request: StartRequest
) -> Analysed:
    """One recording, on a worker."""
    from distributed import Event, get_worker

    log_to_file("analyze")
    stop, worker = Event(STOP), get_worker()
    session = None
    try:
        asked = replace(request, source=SourceSpec(SourceKind.VIDEO, str(video)), speed=0.0, title=video.stem)
        source = VideoSource(video, settings.capture.max_side)
        source.close()
        store = open_store(store_url, RealClock(), settings.store)
        parts = Parts(settings)
        weights = parts.model.weights_sha256
        names = parts.name_reader()
        runner = Runner(settings, store, parts.pipeline, open_source, weights, RealClock(), names)
        try:
            if stop.is_set():
                return Analysed(video, None, f"{video}: was not begun")
            session = runner.start(asked)
            told, read, seen = time.monotonic(), 0.0, False
            while runner.status.session is not None:
                runner.step()
                status = runner.status
                read = max(read, status.seconds)
                seen = seen or status.health.state is HealthState.WATCHING
                if status.health.state in (HealthState.ERROR, HealthState.NOT_SAVING):
                    return Analysed(video, session, f"{video}: {status.health.detail}")
                if time.monotonic() - told >= TELL:
                    told = time.monotonic()
                    worker.log_event(PROGRESS, (place, min(1.0, status.seconds / max(1.0, source.duration))))
                    if stop.is_set():
                        return Analysed(video, session, f"{video}: was stopped at {status.seconds:.0f} s")
        finally:
            runner.close()
            parts.close()
    except ClassroomError as problem:
        return Analysed(video, session, str(problem))
    if not seen:
        return Analysed(video, session, f"{video}: shows no call; is it the recording of one?")
    if read + 1 / asked.rate < (1 - CUT) * source.duration:
        short = f"{video}: ends at {read:.0f} s of {source.duration:.0f} s; what it holds was read"
        return Analysed(video, session, short)
    return Analysed(video, session)
