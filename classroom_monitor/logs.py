"""The log: a file for each process, which holds nothing about anyone."""

from __future__ import annotations

import logging
import logging.handlers
import platform

from classroom_monitor import __version__
from classroom_monitor.settings import data_folder

log = logging.getLogger(__name__)


def log_to_file(name: str) -> None:
    """A rotating log in the data folder, 10 MB three times; it holds no names, numbers of faces or tokens."""
    folder = data_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            folder / f"{name}.log", maxBytes=10_000_000, backupCount=3, encoding="utf-8"
        )
    except OSError:  # a read-only home: the program still runs
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    log.info(
        "classroom-monitor %s on %s, Python %s", __version__, platform.system(), platform.python_version()
    )
