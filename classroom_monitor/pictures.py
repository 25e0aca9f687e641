"""Reads one still picture from a file, whatever its flavour, as uint8 RGB."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from classroom_monitor.errors import PictureError
from classroom_monitor.records import Image

#: What is looked for inside a file, whatever its name. Formats that call other programs (EPS) are out.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")

REMEDY = "give a PNG, JPEG, WebP, BMP, GIF or TIFF picture"


def open_picture(path: Path | str, max_side: int) -> Image:
    """The picture in the file, uint8 RGB [H, W, 3], with its EXIF turn applied.

    Transparent parts lie on black, like the background of a call. 16 bits become 8. Of several frames the
    first is read.

    Args:
        path: the file.
        max_side: the longest side allowed, in pixels (`capture.max_side`).

    Raises:
        PictureError: the file is missing, no picture, truncated, or larger than max_side.
    """
    return _open(Path(path), str(path), max_side)


def picture_of(data: bytes, name: str, max_side: int) -> Image:
    """The same for a picture that is held in memory: nothing touches the disk. name: stands in the errors."""
    return _open(io.BytesIO(data), name, max_side)


def _open(source: Path | io.BytesIO, path: str, max_side: int) -> Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about what is raised here as an error
        try:
            with Pillow.open(source, formats=FORMATS) as file:
                if max(file.size) > max_side:
                    raise _too_large(path, f"{file.width} x {file.height} pixels are too many", max_side)
                return _pixels(ImageOps.exif_transpose(file))
        except FileNotFoundError:
            raise PictureError(f"{path}: no such file; check the path") from None
        except IsADirectoryError:
            raise PictureError(f"{path}: is a folder; name a picture file") from None
        except PermissionError:
            raise PictureError(f"{path}: may not be read; check its permissions") from None
        except UnidentifiedImageError:
            raise PictureError(f"{path}: is not a picture; {REMEDY}") from None
        except Pillow.DecompressionBombError:
            raise _too_large(path, "has too many pixels", max_side) from None
        except (OSError, ValueError, SyntaxError, EOFError) as problem:  # Pillow's ways to say "damaged"
            what = " ".join(str(problem).split())
            raise PictureError(
                f"{path}: the picture is damaged or cut short ({what}); save it anew"
            ) from None


def _too_large(path: str, size: str, max_side: int) -> PictureError:
    return PictureError(f"{path}: {size}; at most {max_side} a side are read (capture.max_side)")


def _pixels(picture: Pillow.Image) -> Image:
    if picture.mode.startswith("I") or picture.mode == "F":  # 16 bit gray in one of Pillow's spellings
        gray = np.asarray(picture, dtype=np.float64)
        scale = 257.0 if gray.size and gray.max() > 255 else 1.0
        eight = np.clip(gray / scale, 0, 255).astype(np.uint8)
        return np.repeat(eight[..., None], 3, axis=2)
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Pillow.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Pillow.alpha_composite(ground, picture)
    return np.array(picture.convert("RGB"))
