"""The gallery reader: tells the tiles of a call apart in a picture, and follows them from look to look."""

from __future__ import annotations

from classroom_monitor.gallery.reader import GalleryReader

__all__ = ["GalleryReader"]
