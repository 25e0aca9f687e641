"""A folder of pictures as a source."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from classroom_monitor.errors import PictureError, SourceError
from classroom_monitor.pictures import open_picture
from classroom_monitor.records import Image

_LOG = logging.getLogger(__name__)

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})


class PictureSource:
    """The pictures of a folder in the order of their names, one a grab; other files are passed over.

    A picture that cannot be read is reported and skipped. report: takes the line; the log by default.
    """

    def __init__(
        self, folder: str | Path, max_side: int, report: Callable[[str], None] = _LOG.warning
    ) -> None:
        folder = Path(folder)
        self.description = f"pictures {folder.name}"
        self._max_side = max_side
        self._report = report
        try:
            files = sorted(folder.iterdir(), key=lambda file: file.name)
        except FileNotFoundError:
            raise SourceError(f"{folder}: there is no such folder; check the path") from None
        except NotADirectoryError:
            raise SourceError(f"{folder}: is a file; give the folder that holds the pictures") from None
        except OSError as problem:
            raise SourceError(f"{folder}: cannot be opened ({problem.strerror})") from None
        hidden = [file for file in files if file.name.startswith(".")]
        self._left = [f for f in files if f.suffix.lower() in SUFFIXES and f not in hidden and f.is_file()]
        if not self._left:
            raise SourceError(f"{folder}: holds no picture ({', '.join(sorted(SUFFIXES))})")

    def grab(self, seconds: float) -> Image | None:
        """The next picture that can be read, None after the last."""
        while self._left:
            file = self._left.pop(0)
            try:
                return open_picture(file, self._max_side)
            except PictureError as problem:
                self._report(f"{problem}")
        return None

    def close(self) -> None:
        """Leaves what is left."""
        self._left = []
