"""Drawn students: shaded heads whose brows, lids, eyes and mouth express a mixture of the seven classes.

A head is a surface in cylinder coordinates. The picture is found by casting a ray per pixel onto that
surface, so that a turned head is really turned, and is shaded from the surface's own normals. What moves in a
face is painted into the skin before it is laid onto the surface. Hair and head coverings are a second surface
around the first.
"""

from classroom_monitor.synthetic.avatar.appearance import Appearance, appearance
from classroom_monitor.synthetic.avatar.avatar import Avatar
from classroom_monitor.synthetic.avatar.muscles import Pose

__all__ = ["Appearance", "Avatar", "Pose", "appearance"]
