"""The start page."""

from __future__ import annotations

from typing import Any

from dashboard import parts, wording
from dashboard.context import Context

PATH = "/"
TITLE = wording.START_TITLE


def layout(context: Context, **_values: str) -> Any:
    """What stands at `/`."""
    return parts.state_page(context, wording.NO_SESSION)


def register(app: Any, context: Context) -> None:
    """The callbacks of the page."""
