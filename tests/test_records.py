"""Boxes, and the promise that a frame never leaves the process."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom_monitor.records import Box, Frame

boxes = st.builds(Box, *[st.integers(-50, 50)] * 2, *[st.integers(0, 60)] * 2)


@given(boxes, boxes)
def test_overlap_is_symmetric_and_never_more_than_either(one: Box, other: Box) -> None:
    assert one.overlap(other) == other.overlap(one) <= min(one.area, other.area)
    assert 0 <= one.iou(other) <= 1


@given(boxes)
def test_clipping_stays_inside_and_keeps_what_was_inside(box: Box) -> None:
    clipped = box.clip(30, 20)
    assert clipped.area == box.overlap(Box(0, 0, 30, 20))
    assert clipped.x >= 0
    assert clipped.y >= 0
    assert clipped.right <= 30
    assert clipped.bottom <= 20


def test_a_cut_is_the_part_of_the_picture_in_the_box() -> None:
    image = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    assert (Box(1, 2, 3, 2).cut(image) == image[2:4, 1:4]).all()


def test_a_frame_is_never_pickled() -> None:
    frame = Frame(np.zeros((2, 2, 3), np.uint8), 0.0, datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(frame)
