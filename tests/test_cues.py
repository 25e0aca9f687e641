from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from classroom_monitor.cues import CueReader
from classroom_monitor.faces import MediaPipeFaceFinder
from classroom_monitor.records import Box, Cues, Face, Image
from classroom_monitor.settings import load_settings
from classroom_monitor.synthetic.avatar import Avatar, Pose, appearance
from classroom_monitor.synthetic.cache import Cache

SETTINGS = load_settings().faces
NEUTRAL = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


@pytest.fixture(scope="module")
def reader() -> Iterator[CueReader]:
    with CueReader(SETTINGS) as made:
        yield made


@pytest.fixture(scope="module")
def finder() -> Iterator[MediaPipeFaceFinder]:
    with MediaPipeFaceFinder(SETTINGS) as made:
        yield made


@pytest.fixture(scope="module")
def avatar() -> Avatar:
    return Avatar(appearance(3, 2), 320, 180, Cache(50_000_000))


def painted(avatar: Avatar, pose: Pose) -> Image:
    image = np.zeros((avatar.height, avatar.width, 3), np.uint8)
    avatar.paint(pose, image)
    return image


def cues(reader: CueReader, finder: MediaPipeFaceFinder, image: Image) -> Cues:
    found = reader.read(image, finder.find(image)[0])
    assert found is not None
    return found


def test_a_turned_head_turns(reader: CueReader, finder: MediaPipeFaceFinder, avatar: Avatar) -> None:
    front = cues(reader, finder, painted(avatar, Pose(NEUTRAL)))
    aside = cues(reader, finder, painted(avatar, Pose(NEUTRAL, yaw=30.0)))
    assert 0 <= front.head_turn < 20
    assert aside.head_turn > front.head_turn + 8


def test_closed_eyes_close(reader: CueReader, finder: MediaPipeFaceFinder, avatar: Avatar) -> None:
    seen = [cues(reader, finder, painted(avatar, Pose(NEUTRAL, closed=c))).eyes_closed for c in (0.0, 1.0)]
    assert 0 <= seen[0] < seen[1] <= 1


def test_no_mesh_gives_no_cues(reader: CueReader) -> None:
    face = Face(Box(40, 40, 60, 60), 0.9)
    assert reader.read(np.full((180, 320, 3), 90, np.uint8), face) is None
    assert reader.read(np.zeros((3, 3, 3), np.uint8), Face(Box(0, 0, 2, 2), 0.9)) is None


def test_somebody_else_in_the_crop_gives_no_cues(
    reader: CueReader, finder: MediaPipeFaceFinder, avatar: Avatar
) -> None:
    image = painted(avatar, Pose(NEUTRAL))
    box = finder.find(image)[0].box
    assert reader.read(image, Face(box.shift(round(1.1 * box.w), 0), 0.9)) is None
