"""Puts the pages together: one Dash application, guarded, with one module a page."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import re
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import dash
import dash_mantine_components as dmc
import flask
import plotly
from dash import ClientsideFunction, Input, Output, dcc, html

from classroom_monitor.clock import Clock, RealClock
from classroom_monitor.errors import ClassroomError
from classroom_monitor.settings import Settings
from dashboard import pages, parts, review_wording, security, theme, wording
from dashboard.context import Context

if TYPE_CHECKING:
    from classroom_monitor.records import StartRequest
    from classroom_monitor.remote import Watcher
    from classroom_monitor.store import Store

log = logging.getLogger(__name__)

#: No script stands in the page: boot.js sets the scheme before the first paint, Dash adds the others. What
#: Dash asks for first is asked for at once.
INDEX = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <title>{%title%}</title>
        <link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
        <style>{tokens}</style>
        <script src="/assets/boot.js"></script>
        <link rel="preload" as="fetch" href="/_dash-layout" crossorigin>
        <link rel="preload" as="fetch" href="/_dash-dependencies" crossorigin>
        {%css%}
    </head>
    <body>
        {%app_entry%}
        {%config%}
        {%scripts%}
        {%renderer%}
    </body>
</html>"""


#: Where Dash looks for the library that draws, and what is put before it: a browser that knows these words
#: (Chromium from 136) compiles all of it while it loads, and not when the page waits for it.
PLOTLY = "/_dash-component-suites/plotly/package_data/plotly.min.js"
AT_ONCE = b"//# allFunctionsCalledOnLoad\n"


@dataclass(frozen=True, slots=True)
class Page:
    """A page module with the pattern of its address."""

    module: ModuleType
    pattern: re.Pattern[str]


def create_app(
    store: Store,
    settings: Settings,
    token: str | security.Door,
    watcher: Watcher | None = None,
    demo: bool = False,
    *,
    clock: Clock | None = None,
    asked: StartRequest | None = None,
    hosts: frozenset[str] = security.LOCAL_HOSTS,
    settings_file: Path | None = None,
) -> Any:
    """The pages as a Dash application (its `server` is the WSGI application).

    watcher: None for pages over stored sessions only. demo: the class is drawn and its picture is shown.
    asked, settings_file: see Context. token: opens the pages; the door that it opens does as well, where the
    token itself is not known. hosts: the names they answer to.
    """
    context = Context(
        store,
        settings,
        watcher,
        demo,
        clock or RealClock(),
        asked,
        settings_file,
        editable=hosts == security.LOCAL_HOSTS,
    )
    theme.install_templates()
    app = dash.Dash(
        "dashboard",
        assets_folder=str(Path(__file__).parent / "assets"),
        assets_ignore=r"boot\.js",
        index_string=INDEX.replace("{tokens}", theme.tokens_css()),
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
        title=wording.APP,
        update_title=None,
        serve_locally=True,
        suppress_callback_exceptions=True,
        add_log_handler=False,
        enable_mcp=False,
        on_error=_failed,
    )
    # The address of a request may hold the token: it is never logged.
    logging.getLogger("werkzeug").disabled = True
    door = security.Door.of(token) if isinstance(token, str) else token
    security.guard(app.server, door, app.csp_hashes, hosts)
    app.server.add_url_rule(PLOTLY, "plotly", _plotly)
    found = find_pages()
    app.layout = _frame(context)
    _route(app, context, found)
    for page in found:
        page.module.register(app, context)
    return app


def _plotly() -> flask.Response:
    """The library that draws. The browser keeps it, and asks each time whether there is another version."""
    file = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    answer = flask.Response(AT_ONCE + file.read_bytes(), mimetype="text/javascript")
    answer.set_etag(plotly.__version__)
    answer.headers["Cache-Control"] = "no-cache"
    answer.make_conditional(flask.request)
    return answer


def find_pages() -> tuple[Page, ...]:
    """Every page module in dashboard.pages."""
    modules = [
        importlib.import_module(f"{pages.__name__}.{each.name}")
        for each in pkgutil.iter_modules(pages.__path__)
    ]
    return tuple(Page(module, _pattern(module.PATH)) for module in modules)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("^" + re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", path) + "/?$")


def _frame(context: Context) -> Any:
    """What stands around every page.

    `view` tells every callback how the browser is set: {dark, compact, names}; figures are drawn for it.
    """
    return dmc.MantineProvider(
        id="provider",
        theme=theme.MANTINE,
        defaultColorScheme="auto",
        children=[
            dcc.Location(id="location", refresh="callback-nav"),
            dcc.Store(id="view"),
            html.A(wording.SKIP, href="#page", className="skip"),
            html.Div(id="page", className="page", tabIndex="-1"),
            html.Div(id="spoken", className="unseen", role="status", **{"aria-live": "polite"}),
            html.Div(
                id="failed",
                className="failed",
                role="alert",
                **{"data-gone": review_wording.GONE, "data-refused": review_wording.STARTED_ANEW},
            ),
        ],
    )


def _route(app: Any, context: Context, found: tuple[Page, ...]) -> None:
    app.clientside_callback(
        ClientsideFunction("classroom", "watchView"),
        Output("view", "data"),
        Output("provider", "forceColorScheme"),
        Input("view", "id"),
    )

    # Dash is not typed; which of the two mypy says depends on whether it is installed beside it.
    @app.callback(  # type: ignore[misc, untyped-decorator, unused-ignore]
        Output("page", "children"),
        Output("failed", "children"),
        Input("location", "pathname"),
        Input("location", "search"),
    )
    def show(path: str | None, search: str | None) -> Any:
        return page_at(context, found, path or "/", search or ""), None


def page_at(context: Context, found: tuple[Page, ...], path: str, search: str) -> Any:
    """The layout of the page at an address; a state screen where there is none or it cannot be made."""
    values = {key: each for key, each in urllib.parse.parse_qsl(search.lstrip("?")) if key.isidentifier()}
    for page in found:
        match = page.pattern.match(urllib.parse.unquote(path))
        if match is None:
            continue
        try:
            return page.module.layout(context, **{**values, **match.groupdict()})
        except ClassroomError as problem:
            return _in_the_way(context, problem)
    return _no_page(context)


def _in_the_way(context: Context, problem: ClassroomError) -> Any:
    """The state screen of a page that cannot be made: there is no such session, or no store answers."""
    try:
        context.store.sessions()
    except ClassroomError:
        again = html.A(wording.RELOAD, href="", className="btn large main")
        return parts.state_page(context, wording.STORE_TROUBLE, again, cause=str(problem))
    return _no_page(context)


def _no_page(context: Context) -> Any:
    sessions = parts.link(wording.SESSIONS, "/sessions", className="btn large main")
    return parts.state_page(context, wording.NO_PAGE, sessions)


def _failed(problem: Exception) -> None:
    """The page says that it failed, in one line; what else happened stands in the log, without its values."""
    told = str(problem) if isinstance(problem, ClassroomError) else review_wording.FAILED
    dash.set_props("failed", {"children": told})
    log.error(
        "A callback failed: %s", type(problem).__name__, exc_info=not isinstance(problem, ClassroomError)
    )
