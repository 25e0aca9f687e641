"""The settings: each with its value, unit, range, default and what it changes.

They are read here, not written: a session keeps the settings that it began with, and the file says more
than a form could.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import reduce
from typing import Any

from dash import html

from classroom_monitor.settings import config_folder, configs_folder, setting_paths
from dashboard import parts, wording
from dashboard.context import Context

PATH = "/settings"
TITLE = wording.SETTINGS_TITLE

#: `key = value   # unit, range: what it changes`, the form of every line of default.toml.
_LINE = re.compile(r"^(\w+)\s*=\s*(?:\"[^\"]*\"|[^#]*?)\s*#\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Row:
    """One setting. allowed: its range or words, with the unit; why: what it changes, as default.toml says."""

    key: str
    value: str
    default: str
    allowed: str
    why: str


def rows(context: Context) -> dict[str, list[Row]]:
    """Every setting by its section."""
    text = (configs_folder() / "default.toml").read_text(encoding="utf-8")
    defaults, reasons = tomllib.loads(text), _reasons(text)
    found: dict[str, list[Row]] = {}
    for path, setting in setting_paths().items():
        section, _, key = path.rpartition(".")
        default = reduce(lambda table, name: table[name], path.split("."), defaults)
        value = reduce(getattr, path.split("."), context.settings)
        row = Row(key, _shown(value), _shown(default), _allowed(dict(setting.metadata), value), reasons[path])
        found.setdefault(section, []).append(row)
    return found


def _reasons(text: str) -> dict[str, str]:
    """What each setting changes: the comment behind it, without its unit and range."""
    section, found = "", {}
    for line in text.splitlines():
        if line.startswith("["):
            section = line[1 : line.index("]")]
        elif match := _LINE.match(line):
            key, comment = match.groups()
            found[f"{section}.{key}"] = comment.partition(": ")[2] or comment
    return {path: found.get(path, "") for path in setting_paths()}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return wording.ON if value else wording.OFF
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) or wording.EMPTY


def _allowed(metadata: dict[str, Any], value: Any) -> str:
    if "low" in metadata:
        return f"{metadata['low']:g} to {metadata['high']:g} {metadata['unit']}".strip()
    if "choices" in metadata:
        return wording.OR.join(metadata["choices"])
    return f"{wording.ON}{wording.OR}{wording.OFF}" if isinstance(value, bool) else wording.ANY_TEXT


def layout(context: Context, **_values: str) -> Any:
    """A table a section."""
    return html.Div(
        [
            parts.bar(context, PATH),
            html.Main(
                [
                    html.H1(wording.SETTINGS_TITLE, className="title"),
                    html.P(
                        [wording.SETTINGS_LEAD, " ", html.Code(str(config_folder() / "settings.toml"))],
                        className="quiet2",
                    ),
                    *[_table(section, found) for section, found in rows(context).items()],
                ],
                className="wide settings",
            ),
        ]
    )


def _table(section: str, found: list[Row]) -> Any:
    return html.Section(
        [
            html.H2(f"[{section}]", className="medium"),
            html.Div(
                html.Table(
                    [
                        html.Thead(
                            html.Tr([html.Th(name, scope="col") for name in wording.SETTINGS_COLUMNS])
                        ),
                        html.Tbody([_row(each) for each in found]),
                    ],
                    className="plain",
                ),
                className="scroll",
                tabIndex="0",
                role="region",
                **{"aria-label": section},
            ),
        ],
    )


def _row(row: Row) -> Any:
    changed = row.value != row.default
    return html.Tr(
        [
            html.Td(html.Code(row.key)),
            html.Td(row.value, className="bold" if changed else ""),
            html.Td(row.default),
            html.Td(row.allowed),
            html.Td(f"{row.why[:1].upper()}{row.why[1:]}"),
        ]
    )


def register(app: Any, context: Context) -> None:
    """The page has no callbacks."""
