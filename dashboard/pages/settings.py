"""The settings: each with its value, unit, range, default and what it changes, written to the user's file.

What is changed here stands in the file at once. The settings of the pages hold from then on, all others from
the next start of the program: a session is read by one set of settings from its start to its end.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import reduce
from typing import Any

import dash_mantine_components as dmc
from dash import MATCH, Input, Output, State, ctx, dcc, html, no_update

from classroom_monitor.errors import SettingsError
from classroom_monitor.settings import (
    Settings,
    configs_folder,
    load_settings,
    setting_paths,
    user_file,
)
from dashboard import parts, wording
from dashboard.context import Context
from dashboard.settings_file import AT_ONCE, change

PATH = "/settings"
TITLE = wording.SETTINGS_TITLE

#: `key = value   # unit, range: what it changes`, the form of every line of default.toml.
_LINE = re.compile(r"^(\w+)\s*=\s*(?:\"[^\"]*\"|[^#]*?)\s*#\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Row:
    """One setting. allowed: its range or words; why: what it changes, as default.toml says."""

    path: str
    value: str
    default: str
    allowed: str
    unit: str
    why: str
    words: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name without the section."""
        return self.path.rpartition(".")[2]

    @property
    def changed(self) -> bool:
        """Whether it is not the default."""
        return self.value != self.default


def rows(settings: Settings) -> dict[str, list[Row]]:
    """Every setting by its section."""
    text = (configs_folder() / "default.toml").read_text(encoding="utf-8")
    defaults, reasons = tomllib.loads(text), _reasons(text)
    found: dict[str, list[Row]] = {}
    for path, setting in setting_paths().items():
        default = reduce(lambda table, name: table[name], path.split("."), defaults)
        value = reduce(getattr, path.split("."), settings)
        words = setting.metadata.get("choices", ())
        if isinstance(value, bool):
            words = (wording.ON, wording.OFF)
        row = Row(
            path,
            _shown(value),
            _shown(default),
            _allowed(dict(setting.metadata), words),
            setting.metadata.get("unit", ""),
            reasons[path],
            tuple(words),
        )
        found.setdefault(path.rpartition(".")[0], []).append(row)
    return found


def _reasons(text: str) -> dict[str, str]:
    """What each setting changes: the comment behind it without its unit and range, else its section's."""
    section, found, of_section = "", {}, {}
    for line in text.splitlines():
        if line.startswith("["):
            section = line[1 : line.index("]")]
            of_section[section] = line.partition("#")[2].strip()
        elif match := _LINE.match(line):
            key, comment = match.groups()
            found[f"{section}.{key}"] = comment.partition(": ")[2] or comment
    return {path: found.get(path) or of_section[path.rpartition(".")[0]] for path in setting_paths()}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return wording.ON if value else wording.OFF
    return f"{value:g}" if isinstance(value, float) else str(value)


def _allowed(metadata: dict[str, Any], words: tuple[str, ...]) -> str:
    if "low" in metadata:
        return f"{metadata['low']:g} to {metadata['high']:g} {metadata['unit']}".strip()
    return wording.OR.join(words) or wording.ANY_TEXT


def written(context: Context) -> tuple[Settings, str]:
    """The settings as the file says them now, and what is wrong with the file (then: those that hold)."""
    try:
        return load_settings(context.settings_file), ""
    except SettingsError as problem:
        return context.settings, str(problem)


def layout(context: Context, **_values: str) -> Any:
    """A form a section; only its values where the pages are served to others."""
    settings, problem = written(context)
    found = rows(settings)
    sections = [_section(context, each, found[each]) for each in wording.SETTINGS_SECTIONS]
    lead = wording.SETTINGS_LEAD if context.editable else wording.SETTINGS_READ
    return html.Div(
        [
            parts.bar(context, PATH),
            html.Main(
                [
                    html.Div(
                        [
                            html.H1(wording.SETTINGS_TITLE, className="title"),
                            html.P(
                                [lead, " ", html.Code(str(user_file(context.settings_file)))],
                                className="quiet2",
                            ),
                            html.P(problem, className="quiet2", role="alert") if problem else None,
                        ]
                    ),
                    *sections[: wording.SETTINGS_FIRST],
                    html.Details(
                        [
                            html.Summary(wording.SETTINGS_REST, className="medium"),
                            *sections[wording.SETTINGS_FIRST :],
                        ]
                    ),
                    dcc.Store(id="settings-written"),
                ],
                className="wide settings",
            ),
        ]
    )


def _section(context: Context, section: str, found: list[Row]) -> Any:
    return html.Section(
        [
            html.H2(wording.SETTINGS_SECTIONS[section], className="middle bold"),
            html.Div([_row(each, context.editable) for each in found], className="setting-rows"),
        ]
    )


def _row(row: Row, editable: bool) -> Any:
    name = f"setting-{row.path.replace('.', '-')}"
    default = row.default or wording.EMPTY
    return html.Div(
        [
            html.Div(
                [
                    html.P(f"{row.why[:1].upper()}{row.why[1:]}."),
                    html.Code(row.path, className="quiet3"),
                ],
            ),
            html.Div(
                [
                    html.Div(
                        [
                            _control(row, name) if editable else html.B(row.value or wording.EMPTY),
                            html.Span(row.unit, className="small quiet3"),
                        ],
                        className="row",
                    ),
                    html.P(
                        wording.setting_range(row.allowed, default),
                        className="small quiet3",
                        id=f"{name}-range",
                    ),
                    html.P(id={"setting": row.path, "part": "said"}, className="small", role="status"),
                ]
            ),
            html.Button(
                wording.SETTINGS_RESET,
                id={"setting": row.path, "part": "reset"},
                className="btn quiet small",
                type="button",
                hidden=not (editable and row.changed),
                **{"aria-label": wording.setting_reset(row.path)},
            ),
        ],
        className="setting",
    )


def _control(row: Row, name: str) -> Any:
    if row.words:
        return html.Div(
            dmc.SegmentedControl(
                id={"setting": row.path, "part": "value"},
                data=list(row.words),
                value=row.value,
                size="sm",
                transitionDuration=0,
            ),
            role="group",
            **{"aria-label": row.path},
        )
    return dmc.TextInput(
        id={"setting": row.path, "part": "value"},
        value=row.value,
        debounce=True,
        className="text" if not row.unit and row.allowed == wording.ANY_TEXT else "number",
        autoComplete="off",
        inputProps={"maxLength": 120},
        **{"aria-label": row.path, "aria-describedby": f"{name}-range"},
    )


def register(app: Any, context: Context) -> None:
    """Writes a setting when its field is left, and takes it back to its default."""

    @app.callback(
        Output({"setting": MATCH, "part": "value"}, "value"),
        Output({"setting": MATCH, "part": "said"}, "children"),
        Output({"setting": MATCH, "part": "reset"}, "hidden"),
        Input({"setting": MATCH, "part": "value"}, "value"),
        Input({"setting": MATCH, "part": "reset"}, "n_clicks"),
        State({"setting": MATCH, "part": "value"}, "id"),
        prevent_initial_call=True,
    )
    def write(value: str | None, _clicks: int | None, place: dict[str, str]) -> Any:
        reset = isinstance(ctx.triggered_id, dict) and ctx.triggered_id["part"] == "reset"
        return put(context, place["setting"], None if reset else value or "")


def put(context: Context, path: str, text: str | None) -> tuple[Any, str, Any]:
    """Writes one setting as it was typed (None: its default): the value to show, what to say, hide reset?"""
    if not context.editable or path not in setting_paths():
        return no_update, wording.SETTINGS_READ, no_update
    row = _find(written(context)[0], path)
    if text is not None and text.strip() == row.value:
        return no_update, "", no_update
    try:
        settings = change(context, path, None if text is None else _typed(path, text.strip()))
    except SettingsError as problem:
        return no_update, wording.setting_refused(str(problem)), no_update
    row = _find(settings, path)
    return (
        row.value,
        wording.SETTINGS_HELD if path in AT_ONCE else wording.SETTINGS_NEXT,
        not row.changed,
    )


def _find(settings: Settings, path: str) -> Row:
    return next(row for row in rows(settings)[path.rpartition(".")[0]] if row.path == path)


def _typed(path: str, text: str) -> object:
    """The text as the value that TOML would hold; a text that is none is refused where it is checked."""
    kind = str(setting_paths()[path].type)
    if kind == "bool":
        return {wording.ON: True, wording.OFF: False}.get(text, text)
    if kind in ("int", "float"):
        for number in (int, float):
            try:
                return number(text)
            except ValueError:
                continue
    return text
