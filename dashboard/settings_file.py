"""The settings file as the pages change it."""

from __future__ import annotations

import logging
from dataclasses import replace

from classroom_monitor.errors import SettingsError
from classroom_monitor.settings import Settings, change_settings, user_file
from dashboard.context import Context

#: The settings that hold as soon as they are written.
AT_ONCE = ("dashboard.refresh", "dashboard.shortcuts")

log = logging.getLogger(__name__)


def change(context: Context, path: str, value: object | None) -> Settings:
    """Writes one setting (None: back to its default). Raises SettingsError, with nothing changed.

    The settings of the pages themselves hold at once; all others when the program starts again, so that a
    session is read by one set of them from its start to its end.
    """
    changed = change_settings({path: value}, user_file(context.settings_file))
    context.settings = replace(
        context.settings,
        dashboard=replace(changed.dashboard, port=context.settings.dashboard.port),
    )
    return changed


def remember_own(context: Context, name: str) -> None:
    """Keeps the name on the teacher's own tile, by which later sessions leave it out; where it is known."""
    if not name.strip() or context.demo or name.strip() == context.own_label:
        return
    context.own_label = name.strip()
    try:
        change_settings({"names.own_label": name.strip()}, user_file(context.settings_file))
    except SettingsError as problem:  # it is left out of this session all the same
        log.warning("The own name was not written: %s", type(problem).__name__)
