"""Scores a reading of real gallery screenshots against their annotations.

Faces: one to one, the annotated centre in the box, the box 0.5 to 2 times the typical face height. Profile
photos count neither way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classroom_monitor.records import Box, Gallery, TileState


@dataclass
class Score:
    """Sums over pictures."""

    live: int = 0
    found: int = 0
    false: int = 0
    tiles: int = 0
    tiles_found: int = 0
    pictures: int = 0
    counts_right: int = 0
    states: int = 0
    states_right: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / max(1, self.live)

    @property
    def precision(self) -> float:
        return self.found / max(1, self.found + self.false)

    def __str__(self) -> str:
        return (
            f"live {self.found}/{self.live} ({self.recall:.1%}) false {self.false} (precision "
            f"{self.precision:.1%}) tiles {self.tiles_found}/{self.tiles} counts {self.counts_right}/"
            f"{self.pictures} states {self.states_right}/{self.states}"
        )


def annotations(test_data: Path) -> list[dict[str, Any]]:
    text = (test_data / "galleries" / "annotations.json").read_text(encoding="utf-8")
    pictures: list[dict[str, Any]] = json.loads(text)
    return pictures


def pairs(points: list[tuple[float, float]], boxes: list[Box], typical: float) -> dict[int, int]:
    """The most points that can be given a box each: point index to box index."""
    fits = [
        [b for b, box in enumerate(boxes) if box.holds(x, y) and 0.5 * typical <= box.h <= 2 * typical]
        for x, y in points
    ]
    owner: dict[int, int] = {}

    def place(point: int, seen: set[int]) -> bool:
        for box in fits[point]:
            if box not in seen:
                seen.add(box)
                if box not in owner or place(owner[box], seen):
                    owner[box] = point
                    return True
        return False

    for point in range(len(points)):
        place(point, set())
    return {point: box for box, point in owner.items()}


def add(score: Score, truth: dict[str, Any], gallery: Gallery) -> None:
    """Adds one picture; `truth` is in the pixels of the gallery."""
    typical = truth["face_height_px"]
    live = [(p["x"], p["y"]) for p in truth["points"] if p["kind"] == "live"]
    photos = [(p["x"], p["y"]) for p in truth["points"] if p["kind"] != "live"]
    boxes = [face.box for tile in gallery.tiles for face in tile.faces]
    owned = pairs(live, boxes, typical)
    rest = [b for i, b in enumerate(boxes) if i not in owned.values()]
    of_photo = pairs(photos, rest, typical)
    false = [b for i, b in enumerate(rest) if i not in of_photo.values()]
    score.live += len(live)
    score.found += len(owned)
    score.false += len(false)
    score.pictures += 1
    score.counts_right += len(gallery.tiles) == truth["tiles"]
    name = truth["file"]
    if len(gallery.tiles) != truth["tiles"]:
        score.notes.append(f"{name}: {len(gallery.tiles)} tiles, not {truth['tiles']}")
    score.notes += [f"{name}: missed {live[i]}" for i in range(len(live)) if i not in owned]
    score.notes += [f"{name}: false {b}" for b in false]
    expected = {"face": (TileState.FACE,), "photo": (TileState.PHOTO,)}
    for slot in truth["tiles_list"] or ():
        box = Box(*(int(v) for v in slot["box"]))
        score.tiles += 1
        tile = max(gallery.tiles, key=lambda t: t.box.iou(box), default=None)
        if tile is None or tile.box.iou(box) < 0.8:
            score.notes.append(f"{name}: no tile at {box}")
            continue
        score.tiles_found += 1
        score.states += 1
        allowed = expected.get(slot["state"], (TileState.CAMERA_OFF, TileState.NO_FACE, TileState.TOO_SMALL))
        right = tile.state in allowed
        score.states_right += right
        if not right:
            score.notes.append(f"{name}: {tile.state} where {slot['state']} at {box}")
