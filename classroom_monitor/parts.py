"""What a look is made with: the models, loaded once for a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from classroom_monitor.records import Image
from classroom_monitor.settings import Settings

if TYPE_CHECKING:
    from classroom_monitor.expression import ExpressionModel
    from classroom_monitor.faces import FaceFinder
    from classroom_monitor.pipeline import Pipeline
    from classroom_monitor.read import PictureReading


class Parts:
    """The real parts of a pipeline, loaded once and shared by the sessions of a process."""

    def __init__(self, settings: Settings) -> None:
        from classroom_monitor.cues import CueReader
        from classroom_monitor.expression import ExpressionCNN
        from classroom_monitor.faces import MediaPipeFaceFinder

        self._settings = settings
        # First what may be refused: MediaPipe's tasks make noise at the end where they were not closed.
        self.model: ExpressionModel = ExpressionCNN(settings.expression)
        self.finder: FaceFinder = MediaPipeFaceFinder(settings.faces)
        self._cues = CueReader(settings.faces)

    def pipeline(self) -> Pipeline:
        """A fresh pipeline for a session."""
        from classroom_monitor.pipeline import Pipeline

        return Pipeline(self._settings, self.finder, self.model, self._cues)

    def read(self, image: Image) -> PictureReading:
        """What is seen in a single picture; names are not read."""
        from classroom_monitor.read import read_picture

        return read_picture(image, self.finder, self.model, None, self._settings.faces)

    def name_reader(self) -> Callable[[Image], str | None]:
        """The reader of label pictures."""
        from classroom_monitor.names import NameReader

        return NameReader().read

    def close(self) -> None:
        """Closes the models."""
        self.finder.close()
        self._cues.close()
