"""What the program sees in one still picture: tiles, names, faces, expressions, as `read` prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from classroom_monitor.expression import ExpressionModel
from classroom_monitor.faces import FaceFinder, FaceReader
from classroom_monitor.gallery import GalleryReader
from classroom_monitor.labels import read_labels
from classroom_monitor.records import EXPRESSIONS, Box, Expression, Face, Image, Tile, TileState
from classroom_monitor.settings import FacesSettings


class LabelText(Protocol):
    """Reads the text of a label's picture, as `names.NameReader` does."""

    def read(self, label: Image) -> str | None:
        """The text, or None."""
        ...


@dataclass(frozen=True, slots=True)
class TileReading:
    """A tile, the name on its label, and for each of its faces the expression; None for a photo's."""

    tile: Tile
    name: str | None
    expressions: tuple[Expression | None, ...]


@dataclass(frozen=True, slots=True)
class PictureReading:
    """All that was seen in a picture of width x height pixels."""

    width: int
    height: int
    tiles: tuple[TileReading, ...]

    def to_json(self, file: str) -> dict[str, Any]:
        """The object that `read --json` prints for the file, as the contract has it."""
        return {
            "file": file,
            "width": self.width,
            "height": self.height,
            "tiles": [
                {
                    "box": _corners(each.tile.box),
                    "state": each.tile.state.value,
                    "name": each.name,
                    "faces": [
                        _face(face, expression)
                        for face, expression in zip(each.tile.faces, each.expressions, strict=True)
                    ],
                }
                for each in self.tiles
            ],
        }

    def summary(self) -> str:
        """One line for people."""
        if not self.tiles:
            return "no call found"
        states = [each.tile.state for each in self.tiles]
        parts = [
            f"{states.count(state)} {words}"
            for state, words in (
                (TileState.FACE, "with a face"),
                (TileState.CAMERA_OFF, "with the camera off"),
                (TileState.PHOTO, "perhaps with a photo"),
                (TileState.NO_FACE, "without a face"),
                (TileState.TOO_SMALL, "too small"),
            )
            if state in states
        ]
        return f"{len(states)} {'tile' if len(states) == 1 else 'tiles'}: {', '.join(parts)}"


def read_picture(
    image: Image,
    finder: FaceFinder,
    model: ExpressionModel | None,
    names: LabelText | None,
    settings: FacesSettings,
) -> PictureReading:
    """Reads one picture by itself.

    Args:
        image: uint8 RGB [H, W, 3].
        finder: finds the faces in a crop.
        model: scores the faces; without one every expression is None.
        names: reads the labels; without it every name is None.
        settings: when a detection is a face.
    """
    gallery = FaceReader(finder, settings).read(image, GalleryReader().read(image))
    slots = [tile for tile in gallery.tiles if tile.row >= 0]
    labels = dict(zip((tile.box for tile in slots), read_labels(image, slots), strict=True)) if names else {}
    scored = [face for tile in gallery.tiles if tile.state is not TileState.PHOTO for face in tile.faces]
    results = dict(zip(scored, model.score(image, scored), strict=True)) if model and scored else {}
    tiles = []
    for tile in gallery.tiles:
        label = labels.get(tile.box)
        name = names.read(label.picture) if names and label else None
        tiles.append(TileReading(tile, name, tuple(results.get(face) for face in tile.faces)))
    return PictureReading(image.shape[1], image.shape[0], tuple(tiles))


def _corners(box: Box) -> list[int]:
    return [int(v) for v in (box.x, box.y, box.w, box.h)]


def _face(face: Face, expression: Expression | None) -> dict[str, Any]:
    shares = None
    if expression is not None:
        shares = {
            word: round(float(share), 4)
            for word, share in zip(EXPRESSIONS, expression.probabilities, strict=True)
        }
    return {
        "box": _corners(face.box),
        "confidence": round(float(face.confidence), 4),
        "usable": bool(expression is not None and expression.usable),
        "expression": shares,
    }
