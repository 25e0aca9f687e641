from __future__ import annotations

import numpy as np
import pytest
from looks import LOOKS, Person, Tally, drawn
from painted_galleries import video

from classroom_monitor.records import Box, Face, Gallery, Tile, TileState

PEOPLE = [Person(video(np.random.default_rng(i), 320, 180), ((160.0, 80.0),), 60.0) for i in range(4)]


@pytest.mark.parametrize("name", LOOKS)
def test_the_truth_of_a_drawn_call_lies_in_it(name: str) -> None:
    call = drawn(name, 1, PEOPLE)
    frame = Box(0, 0, *call.size)
    assert call.slots
    for i, slot in enumerate(call.slots):
        assert frame.overlap(slot.box) == slot.box.area > 0
        assert all(slot.box.holds(*face) for face in slot.faces)
        assert all(slot.box.overlap(other.box) < 0.02 * slot.box.area for other in call.slots[i + 1 :])


def test_counts_what_was_right() -> None:
    call = drawn("photographs instead of video", 2, PEOPLE)
    face, photo = (
        next(slot for slot in call.slots if slot.state is state)
        for state in (TileState.FACE, TileState.PHOTO)
    )
    tally = Tally()
    at = Box(photo.box.x + photo.box.w // 2 - 5, photo.box.y + photo.box.h // 2 - 5, 10, 10)
    tiles = [Tile(slot.box, slot.state) for slot in call.slots if slot not in (face, photo)]
    tally.add(2, call, Gallery((*tiles, Tile(photo.box, TileState.FACE, (Face(at, 0.9),))), True))
    tiles_drawn = len(call.slots)
    assert (tally.counts, tally.found, tally.states) == (0, tiles_drawn - 1, tiles_drawn - 2)
    assert (tally.seen, tally.taken, tally.false, tally.wrong) == (0, 1, 0, [2])
