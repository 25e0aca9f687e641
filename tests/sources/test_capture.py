from __future__ import annotations

import numpy as np
import pytest

from classroom_monitor.records import HealthState, Image
from classroom_monitor.sources.capture import CaptureWatch, one_colour

SIZE = (360, 640, 3)


def plain(level: int) -> Image:
    return np.full(SIZE, level, np.uint8)


def gallery(seed: int = 0) -> Image:
    """Something with structure; another seed is another moment of live video."""
    image = plain(26)
    image[40:160, 40:250] = np.random.default_rng(seed).integers(0, 255, (120, 210, 3))
    return image


def states(images: list[Image], cadence: float, live: int) -> list[HealthState | None]:
    watch = CaptureWatch()
    found = [watch.see(number * cadence, image, live) for number, image in enumerate(images)]
    return [problem[0] if problem else None for problem in found]


@pytest.mark.parametrize("level", [0, 8, 16])
def test_black_is_told_at_the_first_look(level: int) -> None:
    problem = CaptureWatch().see(0.0, plain(level))
    assert problem is not None
    assert problem[0] is HealthState.BLACK
    assert problem[1].startswith("The picture is black. ")


@pytest.mark.parametrize("colour", [(255, 255, 255), (30, 90, 200), (128, 128, 128)])
def test_one_colour_is_told_as_such(colour: tuple[int, int, int]) -> None:
    image = plain(0)
    image[:] = colour
    image[::7, ::5, 1] ^= 3  # what coding does
    problem = CaptureWatch().see(0.0, image)
    assert problem is not None
    assert problem[0] is HealthState.BLACK
    assert "one colour" in problem[1]
    assert one_colour(image) is not None


def test_a_class_with_every_camera_off_is_no_black_picture() -> None:
    image = plain(0)
    image[320:331, 20:80] = 255  # one white label, smaller than any that can be read
    assert CaptureWatch().see(0.0, image) is None
    dark = plain(20)
    dark[100:200, 100:300] = 40  # a tile on the ground of the gallery
    assert CaptureWatch().see(0.0, dark) is None


@pytest.mark.parametrize("cadence", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("freezes_after", [0.1, 0.9, 1.9])
def test_frozen_live_video_is_noticed_within_5_seconds(cadence: float, freezes_after: float) -> None:
    moving = int(freezes_after / cadence) + 1  # looks before it freezes
    images = [gallery(seed) for seed in range(moving)] + [gallery(99)] * 20
    found = states(images, cadence, live=6)
    first = found.index(HealthState.FROZEN)
    assert first * cadence - freezes_after <= 5.0
    assert all(state is None for state in found[:moving])
    assert set(found[first:]) == {HealthState.FROZEN}


def test_it_is_over_when_anything_moves() -> None:
    watch = CaptureWatch()
    image = gallery()
    for number in range(4):
        watch.see(number * 2.0, image, live=6)
    moved = image.copy()
    moved[0, 0, 0] ^= 1
    assert watch.see(8.0, moved, live=6) is None


@pytest.mark.parametrize("live", [0, 1])
def test_a_still_slide_with_cameras_off_is_not_frozen(live: int) -> None:
    """One face may be a portrait on the slide."""
    minutes_4 = [gallery()] * 120
    assert set(states(minutes_4, 2.0, live)) == {None}
    minutes_6 = [gallery()] * 180
    assert states(minutes_6, 2.0, live)[-1] is HealthState.FROZEN


def test_live_video_is_never_frozen() -> None:
    assert set(states([gallery(seed) for seed in range(60)], 0.5, live=6)) == {None}


def test_covered() -> None:
    watch = CaptureWatch()
    assert watch.see(0.0, gallery(1), hidden=0.7) is None, "what is left in sight is read"
    problem = watch.see(2.0, gallery(2), hidden=0.95)
    assert problem is not None
    assert problem[0] is HealthState.COVERED


def test_one_pixel_pictures_are_looked_at_too() -> None:
    assert one_colour(np.zeros((1, 1, 3), np.uint8)) == (0, 0, 0)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_remedy_fits_the_system(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", platform)
    problem = CaptureWatch().see(0.0, plain(0))
    assert problem is not None
    words = {"linux": "Wayland", "darwin": "Screen Recording", "win32": "protected"}
    assert words[platform] in problem[1]
