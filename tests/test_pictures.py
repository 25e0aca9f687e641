from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classroom_monitor.errors import PictureError
from classroom_monitor.pictures import open_picture


def painted(width: int = 40, height: int = 30) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_reads_pixels_as_they_are(tmp_path: Path) -> None:
    Image.fromarray(painted()).save(tmp_path / "a.png")
    assert np.array_equal(open_picture(tmp_path / "a.png", 12000), painted())
    assert np.array_equal(open_picture(str(tmp_path / "a.png"), 40), painted())


def test_applies_the_exif_turn(tmp_path: Path) -> None:
    turn = Image.Exif()
    turn[0x0112] = 6
    Image.fromarray(painted()).save(tmp_path / "a.jpg", exif=turn, quality=100, subsampling=0)
    read = open_picture(tmp_path / "a.jpg", 12000).astype(int)
    assert read.shape == (40, 30, 3)
    assert np.abs(read - np.rot90(painted(), -1)).mean() < 10


def test_flattens_transparency_onto_black(tmp_path: Path) -> None:
    pixels = np.full((2, 3, 4), 200, np.uint8)
    pixels[..., 3] = (0, 128, 255)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    read = open_picture(tmp_path / "a.png", 12000)
    assert read[0, 0].tolist() == [0, 0, 0]
    assert 95 < read[0, 1, 0] < 105
    assert read[0, 2].tolist() == [200, 200, 200]


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "CMYK"])
def test_reads_every_mode(tmp_path: Path, mode: str) -> None:
    name = "a.jpg" if mode == "CMYK" else "a.png"
    Image.fromarray(painted()).convert(mode).save(tmp_path / name)
    read = open_picture(tmp_path / name, 12000)
    assert (read.shape, read.dtype) == ((30, 40, 3), np.uint8)


def test_reads_sixteen_bits(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, 0)
    Image.fromarray(ramp).save(tmp_path / "a.png")
    read = open_picture(tmp_path / "a.png", 12000)
    assert np.abs(read[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_reads_the_smallest_and_a_large_one(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (9, 8, 7)).save(tmp_path / "one.png")
    assert open_picture(tmp_path / "one.png", 640).tolist() == [[[9, 8, 7]]]
    Image.new("L", (10_000, 9_500)).save(tmp_path / "large.png")
    assert open_picture(tmp_path / "large.png", 12000).shape == (9_500, 10_000, 3)


def bad(folder: Path, kind: str) -> Path:
    path = folder / "bad.png"
    if kind == "text":
        path.write_text("not a picture\n")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "folder":
        path.mkdir()
    elif kind != "missing":
        whole = folder / f"whole.{kind}"
        Image.fromarray(painted(400, 300)).save(whole)
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return path


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "empty", "png", "jpg", "webp", "tiff", "gif"])
def test_says_in_one_line_what_is_wrong(tmp_path: Path, kind: str) -> None:
    with pytest.raises(PictureError) as problem:
        open_picture(bad(tmp_path, kind), 12000)
    assert "bad.png" in str(problem.value)
    assert "\n" not in str(problem.value)


def test_refuses_what_is_too_large(tmp_path: Path) -> None:
    Image.new("L", (700, 10)).save(tmp_path / "wide.png")
    with pytest.raises(PictureError, match="700 x 10 pixels are too many; at most 640"):
        open_picture(tmp_path / "wide.png", 640)
    Image.new("1", (16_000, 15_000)).save(tmp_path / "bomb.png")
    with pytest.raises(PictureError, match=r"bomb\.png: has too many pixels; at most"):
        open_picture(tmp_path / "bomb.png", 16_000)
