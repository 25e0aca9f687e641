"""The commands. The only module that knows both the watcher and the dashboard.

Results go to standard output, messages to standard error. Exit 0: done; 1: the work failed, with one line
that names the thing and the remedy; 2: wrong usage; 130: stopped by Ctrl-C, with everything saved.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from classroom_monitor import __version__
from classroom_monitor.clock import RealClock
from classroom_monitor.errors import ClassroomError, PictureError, StoreError
from classroom_monitor.records import Box, SourceKind, SourceSpec, StartRequest
from classroom_monitor.settings import Settings, data_folder, load_settings

if TYPE_CHECKING:
    from rich.progress import Progress

    from classroom_monitor.remote import RemoteWatcher
    from classroom_monitor.store import Store
    from dashboard.bench import PageCost

# Before anything can load onnxruntime, which otherwise sends usage data.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

HOST = "127.0.0.1"

app = typer.Typer(
    name="classroom-monitor",
    help="How the class looks, live beside your video call and afterwards. Runs on this computer alone.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="A settings file laid over the defaults.")
]
StoreUrl = Annotated[
    str | None, typer.Option("--store", help="A database URL. Default: SQLite in your data folder.")
]
Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Port of the pages; 0: any free one.")
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open the browser.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
Rate = Annotated[float | None, typer.Option(min=0.1, max=2, help="Looks a second.")]
Roster = Annotated[Path | None, typer.Option(help="CSV: name, aliases separated by ;")]
StudentsTold = Annotated[str | None, typer.Option(help="yes or no: do the students know?")]
Session = Annotated[str, typer.Argument(help="An id from `sessions`, or `last`.")]


def main() -> None:
    """The entry point of the program: runs a command and turns its end into an exit code."""
    signal.signal(signal.SIGTERM, _on_terminate)
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except ClassroomError as problem:
        _say(str(problem))
        sys.exit(1)
    except typer.TyperException as problem:
        cast(Any, problem).show()  # all that typer raises can, though their base does not say so
        sys.exit(2)
    except typer.Exit as end:
        sys.exit(end.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _on_terminate(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@app.callback(invoke_without_command=True)
def opening(
    context: typer.Context,
    settings: SettingsFile = None,
    store: StoreUrl = None,
    port: Port = None,
    no_browser: NoBrowser = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Without a command: opens the start page, where a window or monitor is chosen."""
    if version:
        print(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        _pages(load_settings(settings), store, port, no_browser, watching=True, file=settings)


@app.command()
def demo(
    students: Annotated[int | None, typer.Option(min=4, max=49, help="How many students.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed is another class.")] = 1,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="End after so many minutes.")] = None,
    speed: Annotated[float, typer.Option(min=0, max=60, help="1: real time; 0: as fast as it goes.")] = 1.0,
    script: Annotated[str | None, typer.Option(help="A rehearsal's name, or a file.")] = None,
    settings: SettingsFile = None,
    store: StoreUrl = None,
    port: Port = None,
    no_browser: NoBrowser = False,
) -> None:
    """A drawn class in the real program: try it without a call and without a camera."""
    chosen = load_settings(settings)
    source = SourceSpec(SourceKind.SYNTHETIC, students=students, seed=seed, minutes=minutes, script=script)
    request = StartRequest(source, chosen.capture.rate, speed, title="Demo", students_told=True)
    _pages(chosen, store, port, no_browser, watching=True, request=request, demo=True, file=settings)


@app.command()
def start(
    source: Annotated[
        str, typer.Option(help="screen, webcam:N, video:PATH, pictures:DIR or synthetic.")
    ] = "screen",
    monitor: Annotated[int | None, typer.Option(min=1, help="Which monitor; 1 is the first.")] = None,
    window: Annotated[str | None, typer.Option(help="Part of the window's title, case ignored.")] = None,
    region: Annotated[str | None, typer.Option(help="X,Y,W,H in pixels of the screen.")] = None,
    rate: Rate = None,
    speed: Annotated[
        float,
        typer.Option(
            min=0, max=60, help="For video, pictures, synthetic: 1 real time, 0 as fast as it goes."
        ),
    ] = 1.0,
    title: Annotated[str, typer.Option(help="Title of the session.")] = "",
    course: Annotated[str, typer.Option(help="Course of the session.")] = "",
    roster: Roster = None,
    students_told: StudentsTold = None,
    settings: SettingsFile = None,
    store: StoreUrl = None,
    port: Port = None,
    no_browser: NoBrowser = False,
) -> None:
    """Starts a session: watches the screen, a camera, a recording or pictures."""
    chosen = load_settings(settings)
    spec = _source_spec(source, monitor, window, region)
    if speed != 1.0 and spec.kind in (SourceKind.SCREEN, SourceKind.WEBCAM):
        raise typer.BadParameter("--speed is for video, pictures and synthetic sources")
    told = _told(students_told)
    if no_browser and spec.real and told is None:
        raise typer.BadParameter("with --no-browser say --students-told yes or --students-told no")
    request = StartRequest(
        spec,
        chosen.capture.rate if rate is None else rate,
        speed,
        title,
        course,
        str(roster) if roster else None,
        told,
    )
    _pages(chosen, store, port, no_browser, watching=True, request=request, file=settings)


@app.command()
def review(
    settings: SettingsFile = None, store: StoreUrl = None, port: Port = None, no_browser: NoBrowser = False
) -> None:
    """The pages over stored sessions; nothing is captured."""
    _pages(load_settings(settings), store, port, no_browser, watching=False, file=settings)


@app.command()
def read(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures of a call.", metavar="PICTURE...")],
    as_json: Json = False,
    settings: SettingsFile = None,
    store: StoreUrl = None,
) -> None:
    """What the program sees in still pictures: tiles, names, faces, expressions."""
    from classroom_monitor.names import NameReader
    from classroom_monitor.parts import Parts
    from classroom_monitor.pictures import open_picture
    from classroom_monitor.read import read_picture

    chosen = load_settings(settings)
    failed = False
    parts = Parts(chosen)
    names = NameReader()
    try:
        for file in pictures:
            try:
                image = open_picture(file, chosen.capture.max_side)
            except PictureError as problem:
                _say(str(problem))
                failed = True
                continue
            reading = read_picture(image, parts.finder, parts.model, names, chosen.faces)
            if as_json:
                print(json.dumps(reading.to_json(str(file)), ensure_ascii=False), flush=True)
            else:
                print(f"{file}: {reading.summary()}", flush=True)
    finally:
        parts.close()
    if failed:
        raise typer.Exit(1)


@app.command()
def analyze(
    videos: Annotated[list[Path], typer.Argument(help="Recorded lectures.", metavar="VIDEO...")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many at a time. Default: as many as there are cores.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, to use its workers.")
    ] = None,
    rate: Rate = None,
    course: Annotated[str, typer.Option(help="Course of the sessions.")] = "",
    roster: Roster = None,
    students_told: StudentsTold = None,
    settings: SettingsFile = None,
    store: StoreUrl = None,
) -> None:
    """Reads recorded lectures into sessions, faster than they play."""
    from classroom_monitor import analyze as recordings

    chosen = load_settings(settings)
    if scheduler is not None and store is None:
        raise typer.BadParameter("with --scheduler give --store: the database that its workers write to")
    request = StartRequest(
        SourceSpec(SourceKind.VIDEO),
        chosen.capture.rate if rate is None else rate,
        course=course,
        roster=str(roster) if roster else None,
        students_told=_told(students_told),
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with _alone(), _open(chosen, store) as opened, _bars([video.name for video in videos]) as progress:
        found = recordings.analyze(
            videos, chosen, store, cores if workers is None else workers, scheduler, request, progress
        )
        opened.close_unfinished()
    for each in found:
        _say(each.problem or f"{each.video}: {each.session}")
    if any(each.problem for each in found):
        raise typer.Exit(1)


@app.command()
def sessions(as_json: Json = False, settings: SettingsFile = None, store: StoreUrl = None) -> None:
    """Lists the stored sessions, newest first."""
    with _open(load_settings(settings), store) as opened:
        found = opened.sessions()
        if as_json:
            rows = [
                {
                    "id": each.id,
                    "title": each.title,
                    "course": each.course,
                    "start": each.start.isoformat(),
                    "end": each.end.isoformat() if each.end else None,
                    "ended": each.ended,
                    "source": each.source,
                }
                for each in found
            ]
            print(json.dumps(rows, ensure_ascii=False))
            return
        from rich.console import Console
        from rich.table import Table

        from dashboard.wording import shown_name

        table = Table("id", "title", "course", "start", "minutes", "ended", box=None)
        for each in found:
            minutes = f"{(each.end - each.start).total_seconds() / 60:.0f}" if each.end else ""
            began = f"{each.start.astimezone():%d %b %Y %H:%M}"
            table.add_row(
                each.id,
                shown_name(each.title),
                shown_name(each.course),
                began,
                minutes,
                each.ended or "running",
            )
        Console().print(table if found else "No session yet.", markup=False)


@app.command()
def export(
    session: Session,
    kind: Annotated[str, typer.Option("--format", help="csv, parquet or html.")] = "csv",
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
    names: Annotated[bool, typer.Option("--names", help="With the students' names.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files of an earlier export.")] = False,
    settings: SettingsFile = None,
    store: StoreUrl = None,
) -> None:
    """Writes a session as CSV, Parquet or one HTML report."""
    from classroom_monitor.export import FORMATS, export_session

    if kind not in (*FORMATS, "html"):
        raise typer.BadParameter(f"--format is csv, parquet or html, not {kind!r}")
    with _open(load_settings(settings), store) as opened:
        found = opened.session(session)
        if kind == "html":
            from dashboard.report import write_report

            written = [write_report(opened, found.id, out, names=names, force=force)]
        else:
            with _bars(["Exporting"]) as progress:
                written = export_session(
                    opened, found.id, kind, out, names, force, lambda share: progress(0, share)
                )
    for file in written:
        _say(f"Written: {file}")
    _say("These files are not protected: keep them as you would keep the class's records.")


@app.command()
def serve(
    names: Annotated[
        list[str] | None, typer.Option("--name", help="A name under which browsers ask for the pages.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = HOST,
    port: Port = None,
    workers: Annotated[int, typer.Option(min=1, help="How many processes answer.")] = 2,
    certificate: Annotated[Path | None, typer.Option(help="PEM file, for https.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM file of the certificate's key.")] = None,
    settings: SettingsFile = None,
    store: StoreUrl = None,
) -> None:
    """The review pages for several teachers, over one PostgreSQL database; see also `teachers`."""
    from classroom_monitor.store.teachers import Teachers
    from dashboard.security import LOCAL_HOSTS
    from dashboard.teachers import TeachersPages, serve_teachers

    chosen = load_settings(settings)
    if (certificate is None) != (key is None):
        raise typer.BadParameter("--certificate and --key belong together")
    if host not in LOCAL_HOSTS and certificate is None:
        raise typer.BadParameter(
            f"on {host} the pages would cross the network unprotected; give --certificate and --key, "
            "or leave --host out and put a web server with https in front"
        )
    hosts = LOCAL_HOSTS | frozenset(names or ())
    with closing(Teachers(store)) as teachers:
        known = sorted(teachers.tokens().values())
    _say(f"Teachers: {', '.join(known) or 'none yet; add one with classroom-monitor teachers --add NAME'}")
    number = port or chosen.dashboard.port
    serve_teachers(
        lambda: TeachersPages(Teachers(store), chosen, RealClock(), hosts),
        host,
        number,
        workers,
        certificate,
        key,
    )


@app.command()
def teachers(
    add: Annotated[str | None, typer.Option(metavar="NAME", help="Make a teacher, or a new token.")] = None,
    remove: Annotated[str | None, typer.Option(metavar="NAME", help="Take a teacher's token back.")] = None,
    settings: SettingsFile = None,
    store: StoreUrl = None,
) -> None:
    """Who has pages on the server that `serve` runs: lists, adds or removes teachers."""
    from classroom_monitor.store.teachers import Teachers
    from dashboard.security import digest

    if add is not None and remove is not None:
        raise typer.BadParameter("give one of --add and --remove")
    with closing(Teachers(store)) as found:
        if add is not None:
            token = secrets.token_urlsafe(32)
            found.add(add, digest(token), RealClock(), load_settings(settings).store)
            _say(f"{add}: the pages open with this at the end of their address; it is not shown again.")
            print(f"/?token={token}")
        elif remove is not None:
            found.remove(remove)
            _say(f"{remove}: the token opens nothing any more. The sessions stay in the database.")
        else:
            for name in sorted(found.tokens().values()):
                print(name)


@app.command()
def delete(
    session: Session,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    settings: SettingsFile = None,
    store: StoreUrl = None,
) -> None:
    """Deletes a session for good."""
    with _open(load_settings(settings), store) as opened:
        found = opened.session(session)
        if not yes and not typer.confirm(f"Delete {found.title!r} ({found.id}) for good?", err=True):
            raise typer.Exit(1)
        opened.delete_session(found.id)
        _say(f"Deleted: {found.id}")


@app.command()
def doctor(as_json: Json = False, settings: SettingsFile = None, store: StoreUrl = None) -> None:
    """Checks what the program needs, and says what to do where something is missing."""
    from classroom_monitor.doctor import run_doctor

    checks = run_doctor(load_settings(settings), store)
    ok = all(check.ok for check in checks if check.needed)
    if as_json:
        rows = [
            {"name": c.name, "ok": c.ok, "needed": c.needed, "detail": c.detail, "remedy": c.remedy}
            for c in checks
        ]
        print(json.dumps({"ok": ok, "checks": rows}, ensure_ascii=False))
    else:
        for check in checks:
            sign = "ok  " if check.ok else ("FAIL" if check.needed else "note")
            print(f"{sign}  {check.name}: {check.detail}" + ("" if check.ok else f"\n      {check.remedy}"))
    if not ok:
        raise typer.Exit(1)


@app.command()
def rehearse(
    script: Annotated[str, typer.Option(help="A rehearsal's name, or a file.")] = "calm_class",
    students: Annotated[int | None, typer.Option(min=4, max=49, help="How many students.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="How long.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed is another class.")] = 1,
    faces: Annotated[str, typer.Option(help="drawn, or a file of face pictures (.npz).")] = "drawn",
    no_pixels: Annotated[bool, typer.Option("--no-pixels", help="Draw readings, not pictures.")] = False,
    as_json: Json = False,
    settings: SettingsFile = None,
    store: StoreUrl = None,
) -> None:
    """Runs the pipeline over a scripted class and scores it against the script. Nothing is stored."""
    from classroom_monitor import rehearse as rehearsals
    from classroom_monitor.synthetic.pictured import read_face_pictures
    from classroom_monitor.synthetic.script import read_script

    with _progress() as progress:
        score = rehearsals.rehearse(
            load_settings(settings),
            read_script(script),
            students,
            minutes,
            seed,
            pixels=not no_pixels,
            faces=None if faces == "drawn" else read_face_pictures(Path(faces)),
            progress=progress,
        )
    _print_result(score.as_json(), as_json)


@app.command()
def bench(
    pages: Annotated[bool, typer.Option("--pages", help="The pages too, in a real browser.")] = False,
    as_json: Json = False,
    settings: SettingsFile = None,
    store: StoreUrl = None,
) -> None:
    """What a look costs on this computer: CPU by stage, memory, and against the bare models."""
    from dataclasses import asdict

    chosen = load_settings(settings)
    costs: dict[str, PageCost] = {}
    if pages:  # first: it fails at once where there is no browser
        from dashboard.bench import run_page_bench

        costs = run_page_bench(chosen)
    from classroom_monitor.bench import run_bench

    result = asdict(run_bench(chosen))
    if pages:
        result["pages"] = {name: asdict(cost) for name, cost in costs.items()}
    _print_result(result, as_json)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error that takes (done, of)."""
    with _shown_progress() as bar:
        task = bar.add_task("Rehearsing", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


@contextmanager
def _bars(names: list[str]) -> Iterator[Callable[[int, float], None]]:
    """A bar for each name on standard error; takes its place and the share done."""
    from rich.markup import escape

    with _shown_progress() as bars:
        tasks = [bars.add_task(escape(name), total=1.0) for name in names]
        yield lambda place, share: bars.update(tasks[place], completed=share)


def _shown_progress() -> Progress:
    """Bars on standard error while they last; nothing at all where that is not a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _print_result(result: dict[str, object], as_json: bool) -> None:
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    from rich.console import Console

    Console().print_json(data=result)


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _source_spec(source: str, monitor: int | None, window: str | None, region: str | None) -> SourceSpec:
    name, _, target = source.partition(":")
    try:
        kind = SourceKind(name)
    except ValueError:
        known = ", ".join(kind.value for kind in SourceKind)
        raise typer.BadParameter(f"--source {source!r} is not known; known: {known}") from None
    if kind in (SourceKind.VIDEO, SourceKind.PICTURES) and not target:
        raise typer.BadParameter(f"--source {name} needs a path: {name}:PATH")
    if kind is SourceKind.WEBCAM and not (target or "0").isdigit():
        raise typer.BadParameter(f"--source webcam:N needs a number, not {target!r}")
    if kind is not SourceKind.SCREEN and (monitor or window or region):
        raise typer.BadParameter("--monitor, --window and --region belong to --source screen")
    if sum(each is not None for each in (monitor, window, region)) > 1:
        raise typer.BadParameter("give one of --monitor, --window and --region")
    return SourceSpec(kind, target, monitor, window, _region(region) if region else None)


def _told(answer: str | None) -> bool | None:
    if answer not in (None, "yes", "no"):
        raise typer.BadParameter(f"--students-told is yes or no, not {answer!r}")
    return None if answer is None else answer == "yes"


def _region(text: str) -> Box:
    try:
        x, y, w, h = (int(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"--region {text!r} is not X,Y,W,H in pixels") from None
    if w < 1 or h < 1:
        raise typer.BadParameter(f"--region {text!r}: width and height must be at least 1")
    return Box(x, y, w, h)


@contextmanager
def _open(settings: Settings, url: str | None) -> Iterator[Store]:
    from classroom_monitor.store import open_store

    opened = open_store(url, RealClock(), settings.store)
    try:
        if opened.notice:
            _say(opened.notice)
        with suppress(StoreError), _alone():  # nobody watches: what was never ended has ended early
            opened.close_unfinished()
        yield opened
    finally:
        opened.close()


@contextmanager
def _alone() -> Iterator[None]:
    """One watching program at a time: it is the only writer of the readings."""
    import filelock

    folder = data_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = filelock.FileLock(folder / "watching.lock", timeout=0)
        lock.acquire()
    except filelock.Timeout:
        raise StoreError(
            "classroom-monitor already runs on this computer; use its page, or stop it with Ctrl-C"
        ) from None
    except OSError as problem:
        raise StoreError(
            f"{folder}: cannot be written ({problem.strerror}); free space or check its rights"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _pages(
    settings: Settings,
    store_url: str | None,
    port: int | None,
    no_browser: bool,
    watching: bool,
    request: StartRequest | None = None,
    demo: bool = False,
    file: Path | None = None,
) -> None:
    """Serves the pages until Ctrl-C, beside the watching process where there is one."""
    from classroom_monitor.logs import log_to_file
    from classroom_monitor.remote import RemoteWatcher
    from classroom_monitor.runner import watch
    from dashboard.app import create_app
    from dashboard.serving import serve

    log_to_file("pages")
    logging.getLogger("waitress").setLevel(logging.WARNING)
    with _alone() if watching else nullcontext(), _open(settings, store_url) as opened:
        watcher = RemoteWatcher(watch, (settings, store_url)) if watching else None
        stop = None
        try:
            if watching:
                opened.close_unfinished()
            opened.purge(RealClock().utc())
            token = secrets.token_urlsafe(32)
            started = request is not None and request.students_told is not None
            asked = None if started else request
            pages = create_app(opened, settings, token, watcher, demo, asked=asked, settings_file=file)
            url, stop = serve(pages, HOST, settings.dashboard.port if port is None else port, token)
            if watcher and request and started:
                watcher.start(request)
            _say(f"Live page: {url}")
            if not no_browser:
                webbrowser.open(url)
            _wait(watcher, ends=bool(no_browser and request and request.source.kind in ENDING))
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not cut the saving short
            if stop is not None:
                stop()
            if watcher:
                watcher.close()


#: Sources that end by themselves; without a browser the program ends with them.
ENDING = (SourceKind.VIDEO, SourceKind.PICTURES, SourceKind.SYNTHETIC)


def _wait(watcher: RemoteWatcher | None, ends: bool) -> None:
    quiet = threading.Event()
    while not quiet.wait(0.5):
        if ends and watcher is not None and watcher.ended:
            return
