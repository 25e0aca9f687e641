"""What every page is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from classroom_monitor.clock import Clock, RealClock
from classroom_monitor.settings import Settings

if TYPE_CHECKING:
    from classroom_monitor.records import StartRequest
    from classroom_monitor.remote import Watcher
    from classroom_monitor.store import Store


@dataclass(slots=True)
class Context:
    """The store and the settings; the watcher where one runs beside the pages (None in `review`).

    demo: the class is drawn, so its picture may be shown. clock: the wall clock that ages are told by.
    asked: what `start` was asked to watch, while the page must still ask whether the students know.
    settings: those of the pages themselves change while they are shown, see dashboard.settings_file.
    settings_file: the user's file, None for the one in the configuration folder. own_label: the name on the
    teacher's own tile as it was last written there. editable: whether
    settings may be changed in the pages, which is so where this computer alone sees them.
    """

    store: Store
    settings: Settings
    watcher: Watcher | None = None
    demo: bool = False
    clock: Clock = field(default_factory=RealClock)
    asked: StartRequest | None = None
    settings_file: Path | None = None
    own_label: str = ""
    editable: bool = True

    def __post_init__(self) -> None:
        self.own_label = self.settings.names.own_label.strip()

    def local(self, when: datetime) -> datetime:
        """That time in the zone of this computer."""
        return when.astimezone()
