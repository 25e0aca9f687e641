"""The name labels of a gallery: where they stand, and their ink, by which each is known again.

A label is a line of near-white text at the bottom left of the slot, on a translucent box or straight on the
video, with or without a red microphone before it. Its ink says for each pixel how much white text covers it,
whatever lies behind: the video may move, the label stays. All labels of a gallery share one height and one
base line, so that the tiles vote on both. No letter is recognised here (that is names.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.records import Box, Image, Tile, TileState

Ink = NDArray[np.float32]
"""How much more each pixel is covered by text than those left and right of it, about -1..1.

Shape [INK_ROWS, width]; the text is scaled to a common height.
"""

# The strip searched: in Zoom (native and recordings) and Meet the base line stands 2 to 13 % of the slot's
# height above its bottom edge; the capitals are 3.5 to 9 % of the slot high.
STRIP = 0.26
CAPS_LOW, CAPS_HIGH = 0.028, 0.12
# Text begins in the first sixth of the slot, also behind a microphone in an inset pill.
BEGIN = 0.17
# Strips are searched with the slot brought to about this height: capitals are then 8 to 20 px high.
WORK_HEIGHT = 220
# Rows of the ink; capitals take CAPS of them, accents and descenders the rest.
INK_ROWS = 20
CAPS = 10.0
BASE_ROW = 15.0
# Longer labels are cut by every program that draws them.
MAX_COLUMNS = 420
# Chroma, as a share of the lightest channel, from which a pixel is plainly coloured.
COLOURED = 0.45
PALE = 0.25
BRIGHT = 110
# Where fewer of the tiles with video show a line, the call shows no labels: it is the video that looks like
# text (0 to 30 % of the tiles), while true labels are found on 95 % and more.
LABELLED = 0.45
# Columns over which the ink is compared with its surroundings.
BAND = 19
# Comparing: one line may be so much wider; pieces of so many columns slip so far against one another.
WIDER = 1.35
PIECE = 40
SLIP = 4
MARGIN = 8
LETTER = 12
OUTLINE = 60
# From this agreement of two inks of one place nothing changed; one label in so many is searched for anew each
# look.
SAME = 0.94
REFRESH = 12
# From this agreement of the plain pixels not even the ink is needed to know that nothing changed.
GRAIN = 0.97
# From here a pixel counts as text: chosen by Otsu's rule between these bounds, since thin or blurred strokes
# never reach full white.
TEXT = (0.18, 0.42)
# A space is about 0.5 capitals wide; a wider gap ends the line.
GAP = 0.85


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of glyphs in a strip: ends, base line and height of the capitals, in pixels of the strip."""

    left: float
    right: float
    base: float
    caps: float
    glyphs: int
    centred: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A found label: its box in the frame, its picture (RGB, for reading; memory only) and its ink.

    A label that stands unchanged in an unchanged slot keeps the very same `ink` object.
    """

    box: Box
    picture: Image
    ink: Ink
    outline: NDArray[np.float32]
    slot: Box
    line: _Line
    #: The box and what follows it in the frame, as `_grain`.
    grain: NDArray[np.float32]

    def __reduce__(self) -> str:
        raise TypeError("a label is never pickled: no picture leaves the process")


@dataclass(frozen=True, slots=True, eq=False)
class _Strip:
    """The searched part of a tile, enlarged or reduced by `scale`, and its ink."""

    box: Box
    slot: Box
    scale: float
    picture: Image
    ink: Ink
    text: float

    @property
    def unit(self) -> float:
        """The slot's height in pixels of the strip."""
        return self.slot.h * self.scale


def label_box(tile: Tile) -> Box:
    """The strip at the foot of the slot in which the label stands, in pixels of the frame."""
    return _area(tile.box, centred=False)


class LabelReader:
    """Reads the labels of one frame after another. What did not change is only checked, not searched for."""

    def __init__(self) -> None:
        self._labels: dict[Box, Label] = {}
        self._turn = 0

    def read(self, image: Image, tiles: Sequence[Tile]) -> tuple[Label | None, ...]:
        """The label of each tile, as `read_labels`."""
        self._turn = (self._turn + 1) % REFRESH
        kept: dict[int, Label] = {}
        for i, tile in enumerate(tiles):
            before = self._labels.get(tile.box)
            if before is not None and i % REFRESH != self._turn:
                again = _again(image, before)
                if again is not None:
                    kept[i] = again
        searched = [i for i in range(len(tiles)) if i not in kept]
        found = read_labels(image, [tiles[i] for i in searched], tuple(kept.values()))
        for i, label in zip(searched, found, strict=True):
            before = self._labels.get(tiles[i].box)
            if label is not None and before is not None and _same_ink(label.ink, before.ink):
                kept[i] = replace(label, ink=before.ink, outline=before.outline)
            elif label is not None:
                kept[i] = label
        self._labels = {tiles[i].box: label for i, label in kept.items()}
        return tuple(kept.get(i) for i in range(len(tiles)))


def read_labels(image: Image, tiles: Sequence[Tile], known: Sequence[Label] = ()) -> tuple[Label | None, ...]:
    """Finds the label of each tile; None where no line of text is found.

    image: the frame, uint8 RGB [H, W, 3]. known: labels of other tiles of the same frame, which show where
    the base line is. A tile without video has its name in the middle: where nothing stands at the bottom
    left, that line is taken.
    """
    height, width = image.shape[:2]
    strips = [_strip(image, label_box(tile).clip(width, height), tile.box) for tile in tiles]
    lines = [_lines(strip, CAPS_LOW, CAPS_HIGH) if strip else () for strip in strips]
    labels: list[Label | None] = [None] * len(tiles)
    for group in _groups(tiles):
        alike = [n for n in known if not n.line.centred and abs(n.slot.h / tiles[group[0]].box.h - 1) < 0.08]
        chosen = _vote([strips[i] for i in group], [lines[i] for i in group], alike)
        live = [i for i in group if tiles[i].state is not TileState.CAMERA_OFF]
        found = len(alike) + sum(chosen[k] is not None for k, i in enumerate(group) if i in live)
        if len(live) + len(alike) >= 4 and found < LABELLED * (len(live) + len(alike)):
            continue
        for i, line in zip(group, chosen, strict=True):
            strip = strips[i]
            if strip is not None and line is not None:
                labels[i] = _label(image, strip, line)
    for i, tile in enumerate(tiles):
        if labels[i] is None and tile.state is TileState.CAMERA_OFF:
            labels[i] = _centred(image, tile)
    return tuple(labels)


def _again(image: Image, label: Label) -> Label | None:
    """The label with its picture of now if it still stands there unchanged, else None."""
    height, width = image.shape[:2]
    slot, line = label.slot, label.line
    scale = _scale(slot)
    grain = _grain(image, label.box, slot, line)
    if grain.shape == label.grain.shape and float(np.vdot(grain, label.grain)) > GRAIN:
        return replace(label, picture=label.box.cut(image).copy())
    area = _area(slot, line.centred).clip(width, height)
    columns = int((line.right + 1.8 * line.caps) / scale) + 1
    strip = _strip(image, Box(area.x, area.y, min(area.w, columns), area.h), slot, line.centred)
    if strip is None or label.box.clip(width, height) != label.box:
        return None
    ink, tail = _normalise(strip.ink, line), strip.ink
    if not _same_ink(ink, label.ink):
        return None
    rows = slice(max(0, round(line.base - line.caps)), round(line.base))
    after = tail[rows, round(line.right + 0.25 * line.caps) : round(line.right + 1.6 * line.caps)]
    if after.size and float((after.max(axis=0) > max(strip.text, 0.3)).mean()) > 0.15:
        return None  # the line may go on now
    return replace(label, picture=label.box.cut(image).copy(), grain=grain)


def _grain(image: Image, box: Box, slot: Box, line: _Line) -> NDArray[np.float32]:
    """What stands out along the line in a label's box and a letter beyond it, as a picture of length 1."""
    beyond = round(1.2 * line.caps / _scale(slot))
    area = Box(box.x, box.y, min(box.w + beyond, slot.right - box.x), box.h)
    green = area.clip(image.shape[1], image.shape[0]).cut(image)[..., 1].astype(np.float32)
    grain = green - cv2.blur(green, (BAND, 1))
    return np.asarray(grain / (float(np.sqrt(np.vdot(grain, grain))) + 1e-6), np.float32)


def _same_ink(a: Ink, b: Ink) -> bool:
    """Whether two inks of one place show the same, without any slipping."""
    if abs(a.shape[1] - b.shape[1]) > 2:
        return False
    columns = min(a.shape[1], b.shape[1])
    x, y = a[:, :columns], b[:, :columns]
    together = float(np.vdot(x, y))
    return together > SAME * float(np.sqrt(np.vdot(x, x) * np.vdot(y, y))) + 1e-6


def coverage(picture: Image, slot_height: float) -> NDArray[np.float32]:
    """How much of each pixel is white text, 0..1: the excess over what lies behind, against pure white.

    Taking the darkest colour channel makes skin dark; what is plainly coloured is no text: red microphones
    and the border of the one who speaks.
    """
    red, green, blue = cv2.split(picture)
    darkest = cv2.min(cv2.min(red, green), blue)
    # Letters drawn for the stripes of a screen have coloured rims, which cancel out from side to side.
    red, green, blue = cv2.split(cv2.blur(picture, (5, 1)))
    light, chroma = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    chroma = cv2.subtract(light, chroma)
    stroke = max(3, round(slot_height * 0.045) | 1)
    behind = cv2.morphologyEx(darkest, cv2.MORPH_OPEN, np.ones((stroke, stroke), np.uint8))
    room = cv2.max(cv2.subtract(np.full_like(behind, 235), behind), np.full_like(behind, 60))
    excess = cv2.subtract(darkest, behind)
    excess[cv2.addWeighted(chroma, 1.0, light, -COLOURED, 0.0) > 0] = 0
    # The border of the one who speaks stands at the very edge, thin and bright; compression makes it pale.
    left = slice(0, max(4, round(0.06 * slot_height)))
    edge = ((chroma[:, left] > PALE * light[:, left]) & (light[:, left] > BRIGHT)).mean(axis=0) > 0.7
    if edge.any() and not edge[-2:].any():
        excess[:, : int(np.flatnonzero(edge)[-1]) + 3] = 0
    covered = cv2.divide(excess, room, dtype=cv2.CV_32F)
    return np.asarray(cv2.min(covered, 1.0), np.float32)


def _scale(slot: Box) -> float:
    return min(2.0, WORK_HEIGHT / slot.h)


def _area(slot: Box, centred: bool) -> Box:
    """Where in a slot the label is looked for."""
    if centred:
        return Box(slot.x, slot.y + slot.h // 4, slot.w, slot.h // 2)
    rows = max(1, round(slot.h * STRIP))
    return Box(slot.x, slot.bottom - rows, slot.w, rows)


def _strip(image: Image, box: Box, slot: Box, centred: bool = False) -> _Strip | None:
    if box.w < 24 or box.h < 8:
        return None
    scale = _scale(slot)
    size = (max(1, round(box.w * scale)), max(1, round(box.h * scale)))
    picture = cv2.resize(
        box.cut(image), size, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    )
    ink = coverage(picture, slot.h * scale * (2.5 if centred else 1.0))
    ink[(ink > TEXT[0]).mean(axis=1) > 0.7] = 0.0  # a bar across the tile: a border, or a player's
    level, _ = cv2.threshold((ink * 255).astype(np.uint8), 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return _Strip(box, slot, scale, picture, ink, min(max(level / 255, TEXT[0]), TEXT[1]))


def _lines(strip: _Strip, low: float, high: float, begin: float = BEGIN) -> tuple[_Line, ...]:
    """Every chain of glyphs of one height that begins at the left."""
    mask = (strip.ink > strip.text).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    x, y, w, h, area = stats[1:count].T.astype(np.float64)
    glyph = (h >= low * strip.unit) & (h <= high * strip.unit) & (area >= 4) & (area >= 0.12 * w * h)
    order = np.argsort(x[glyph], kind="stable")
    x, y, w, h = (v[glyph][order] for v in (x, y, w, h))
    found: list[_Line] = []
    done: set[int] = set()
    for seed in np.flatnonzero(x < 2 * begin * strip.slot.w * strip.scale):
        if int(seed) in done:
            continue
        caps = h[seed]
        apart = np.abs(y + h / 2 - y[seed] - caps / 2)
        alike = (apart < 0.55 * np.maximum(caps, h)) & (h < 2.0 * caps) & (h > 0.4 * caps) & (x >= x[seed])
        chain: list[int] = []
        reach = x[seed]
        for i in np.flatnonzero(alike):
            if x[i] > reach + 2.0 * GAP * caps:
                break
            chain.append(int(i))
            reach = max(reach, x[i] + w[i])
        done.update(chain)
        base = float(np.median((y + h)[chain]))
        tall = float(np.sort(base - y[chain])[int(0.8 * (len(chain) - 1) + 0.5)])
        if tall < low * strip.unit:
            continue
        glyphs = max(len(chain), int((reach - x[seed]) / (1.6 * tall)))  # touching letters are one piece
        found.append(_Line(float(x[seed]), float(reach), base, tall, glyphs))
    return tuple(found)


def _groups(tiles: Sequence[Tile]) -> list[list[int]]:
    """Indices of tiles of about one size, which share the look of their labels."""
    groups: list[list[int]] = []
    for i in sorted(range(len(tiles)), key=lambda i: tiles[i].box.h):
        if groups and tiles[i].box.h <= 1.08 * tiles[groups[-1][0]].box.h:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def _vote(
    strips: list[_Strip | None], lines: list[tuple[_Line, ...]], known: Sequence[Label]
) -> list[_Line | None]:
    """One line for each strip, all on the base line and of the height that most strips agree on.

    Labels already known vote too. Heights are compared as shares of the slot's height, base lines as
    distances from its foot.
    """
    rows: list[tuple[int, float, float, float, _Line]] = []
    for i, (strip, found) in enumerate(zip(strips, lines, strict=True)):
        if strip is None:
            continue
        foot = (strip.slot.bottom - strip.box.y) * strip.scale
        rows += [(i, (foot - n.base) / strip.unit, n.caps / strip.unit, min(n.glyphs, 8), n) for n in found]
    if not rows:
        return [None] * len(strips)
    for k, label in enumerate(known):
        scale = _scale(label.slot)
        foot, unit = (label.slot.bottom - _area(label.slot, False).y) * scale, label.slot.h * scale
        n = label.line
        rows.append((-1 - k, (foot - n.base) / unit, n.caps / unit, min(n.glyphs, 8), n))
    tile, base, caps, weight = (np.array([row[k] for row in rows], dtype=np.float64) for k in range(4))
    near = (np.abs(base[:, None] - base) < 0.014) & (np.abs(np.log(caps[:, None] / caps)) < 0.32)
    support = np.zeros(len(rows))
    for i in np.unique(tile):  # a tile votes once for each line, with its best
        support += np.where(near & (tile == i), weight, 0.0).max(axis=1)
    chosen = near[int(np.argmax(support))]
    shared_base = float(np.median(base[chosen]))
    shared_caps = float(np.quantile(caps[chosen], 0.75))
    result: list[_Line | None] = [None] * len(strips)
    for i, strip in enumerate(strips):
        if strip is None:
            continue
        foot = (strip.slot.bottom - strip.box.y) * strip.scale
        mine = [rows[k][4] for k in np.flatnonzero(chosen & (tile == i))]
        result[i] = _extent(strip, mine, foot - shared_base * strip.unit, shared_caps * strip.unit)
    return result


def _extent(strip: _Strip, found: list[_Line], base: float, caps: float) -> _Line | None:
    """Where the line begins and ends on the shared base line; None where there is no text."""
    near = [line.base for line in found if abs(line.base - base) < 0.25 * caps]
    base = float(np.median(near)) if near else base
    rows = slice(max(0, round(base - caps)), max(1, round(base)))
    limit = BEGIN * strip.slot.w * strip.scale
    columns = strip.ink[rows].max(axis=0)
    columns[: _microphone(strip, rows, caps, limit)] = 0.0
    text = min(
        max(0.45 * float(np.sort(columns[: round(4 * limit)])[-round(1.2 * caps)]), 0.6 * TEXT[0]), TEXT[1]
    )
    inked = np.flatnonzero(columns > text)
    if not len(inked):
        return None
    breaks = np.flatnonzero(np.diff(inked) > 0.28 * caps)
    begins = inked[np.concatenate(([0], breaks + 1))]
    ends = inked[np.concatenate((breaks, [len(inked) - 1]))] + 1
    first = int(np.argmax(~_specks(strip.ink, begins, ends, rows, base, caps, text)))
    left = float(begins[first])
    if left > limit:
        return None
    right = reach = float(ends[first])
    for begin, end in zip(begins[first + 1 :], ends[first + 1 :], strict=True):
        if begin - reach > GAP * caps:
            break
        group = strip.ink[:, begin:end]
        if _crosses(group, base, caps):
            if end - begin > 0.6 * caps:
                break
            reach = float(end)  # a stroke of the video, or a `|`
            continue
        if not _clean(group, base, caps) and _box_ends(strip, int(reach), int(begin), base, caps):
            break
        right = reach = float(end)
    if right - left < 0.9 * caps:
        return None
    return _Line(left, right, base, caps, max(1, int((right - left) / caps)))


def _microphone(strip: _Strip, rows: slice, caps: float, limit: float) -> int:
    """The column after the red microphone before the name; 0 where there is none."""
    part = strip.picture[rows, : round(limit)].astype(np.int16)
    red = part[..., 0] - np.maximum(part[..., 1], part[..., 2])
    columns = np.flatnonzero(np.sort(red, axis=0)[-3:].mean(axis=0) > 40)
    if not len(columns):
        return 0
    run = columns[: int(np.argmax(np.diff(columns, append=columns[-1] + 99) > 0.3 * caps)) + 1]
    width = run[-1] - run[0] + 1
    return int(run[-1]) + 2 if 0.3 * caps < width < 1.7 * caps and run[0] < 1.2 * caps else 0


def _specks(
    ink: Ink,
    begins: NDArray[np.intp],
    ends: NDArray[np.intp],
    rows: slice,
    base: float,
    caps: float,
    text: float,
) -> NDArray[np.bool_]:
    """Which groups of columns are no letters: a border, an edge of the video."""
    result = []
    for begin, end in zip(begins, ends, strict=True):
        group = ink[:, begin:end]
        tall = int((group[rows].max(axis=1) > text).sum())
        bar = end - begin <= (0.6 if begin <= 2 else 0.35) * caps and _stands_out(group, base, caps)
        result.append(tall < 0.35 * caps or bar or _crosses(group, base, caps))
    return np.array(result)


def _stands_out(group: Ink, base: float, caps: float) -> bool:
    """Whether a narrow group is higher than any letter: a border, or the rim of the box."""
    rows = group.mean(axis=1)
    inside = 0.3 * float(rows[max(0, round(base - caps)) : max(1, round(base))].mean())
    above = rows[max(0, round(base - 1.5 * caps)) : max(1, round(base - 1.2 * caps))]
    below = rows[round(base + 0.3 * caps) : round(base + 0.5 * caps) + 1]
    return float(above.mean()) > inside or (below.size > 0 and float(below.mean()) > inside)


def _crosses(group: Ink, base: float, caps: float) -> bool:
    """Whether the ink goes on above the line, as edges of the video do and letters do not.

    Below it may be the border of the one who speaks.
    """
    rows = group.mean(axis=1)
    inside = float(rows[max(0, round(base - caps)) : max(1, round(base))].mean())
    above = rows[max(0, round(base - 1.45 * caps)) : max(1, round(base - 1.15 * caps))]
    return float(above.min()) > 0.5 * inside


def _clean(group: Ink, base: float, caps: float) -> bool:
    """Whether hardly any ink stands above the line."""
    above = group[max(0, round(base - 1.5 * caps)) : max(1, round(base - 1.15 * caps))]
    return float(above.mean()) < 0.12 * float(group[max(0, round(base - caps)) : max(1, round(base))].mean())


def _box_ends(strip: _Strip, begin: int, end: int, base: float, caps: float) -> bool:
    """Whether the translucent box behind the text ends between two columns: it is darker inside.

    The light must stay for longer than a letter's stem is wide.
    """
    top, inner, foot = (max(0, round(base - k * caps)) for k in (2.1, 1.25, -0.3))
    stay = max(3, round(0.4 * caps))
    first, last = begin, min(strip.picture.shape[1] - stay - 3, end + 2)
    if last <= first or foot <= inner:
        return False
    light = strip.picture[top:foot, first : last + stay + 3].min(axis=2)
    ahead = cv2.erode(light, np.ones((1, stay), np.uint8), anchor=(0, 0))[:, 3:-stay].astype(np.int16)
    steps = ahead - light[:, : ahead.shape[1]]
    within, over = slice(inner - top, None), slice(0, max(1, round(0.5 * caps)))
    edge = (steps[within] > 9).mean(axis=0) > 0.8
    # Beside the box the video goes on as above it; an edge of the video seen through the box is dimmed on
    # both sides.
    dimmed = ahead[over].mean(axis=0) - ahead[within].mean(axis=0)
    return bool((edge & (dimmed < 0.5 * steps[within].mean(axis=0))).any())


def _centred(image: Image, tile: Tile) -> Label | None:
    """The name in the middle of a tile without video."""
    slot = tile.box
    middle = _area(slot, centred=True).clip(image.shape[1], image.shape[0])
    strip = _strip(image, middle, slot, centred=True)
    if strip is None:
        return None
    lines = [line for line in _lines(strip, 0.03, 0.25, begin=1.0) if line.glyphs > 1]
    if not lines:
        return None
    longest = max(lines, key=lambda line: line.glyphs)
    band = strip.ink[max(0, round(longest.base - longest.caps)) : round(longest.base) + 1].max(axis=0)
    inked = np.flatnonzero(band > strip.text)
    for column in inked[inked >= longest.right]:  # the dots of a cut name are lower than letters
        if column - longest.right > GAP * longest.caps:
            break
        longest = replace(longest, right=float(column) + 1)
    return _label(image, strip, replace(longest, centred=True))


def _label(image: Image, strip: _Strip, line: _Line) -> Label | None:
    slot = strip.slot
    left, top = (line.left - 0.5 * line.caps) / strip.scale, (line.base - 1.5 * line.caps) / strip.scale
    right, bottom = (line.right + 0.5 * line.caps) / strip.scale, (line.base + 0.55 * line.caps) / strip.scale
    x, y = max(slot.x, strip.box.x + int(left)), max(slot.y, strip.box.y + int(top))
    end, foot = min(slot.right, strip.box.x + int(right) + 1), min(slot.bottom, strip.box.y + int(bottom) + 1)
    box = Box(x, y, end - x, foot - y).clip(image.shape[1], image.shape[0])
    if box.w < 4 or box.h < 4:
        return None
    ink = _normalise(strip.ink, line)
    grain = _grain(image, box, strip.slot, line)
    return Label(box, box.cut(image).copy(), ink, _outline(ink), strip.slot, line, grain)


def _normalise(ink: Ink, line: _Line) -> Ink:
    """The line scaled so that its capitals are CAPS rows high and its base line lies at BASE_ROW."""
    zoom = CAPS / line.caps
    columns = int(min(MAX_COLUMNS, np.ceil((line.right - line.left) * zoom) + 4))
    move = np.array([[zoom, 0.0, 2.0 - line.left * zoom], [0.0, zoom, BASE_ROW - line.base * zoom]])
    source = ink if zoom > 0.7 else cv2.GaussianBlur(ink, (0, 0), 0.4 / zoom)
    scaled = cv2.warpAffine(source, move, (columns, INK_ROWS), flags=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(scaled, (0, 0), 0.8)
    # What all lines of text have in common, a bright band, says nothing: only what stands out along the line
    # does.
    return np.asarray(soft - cv2.blur(soft, (BAND, 1), borderType=cv2.BORDER_CONSTANT), np.float32)


def likeness(a: Ink, b: Ink) -> float:
    """How alike two inks are, 0..1; from about 0.8 it is the same name.

    Small differences of scale, place and spacing are allowed for. The worst letter counts as much as the
    whole, so that two long names that differ in one letter are told apart where the labels are clear.
    """
    if a.shape[1] > b.shape[1]:
        a, b = b, a
    ratio = b.shape[1] / a.shape[1]
    if b.shape[1] > WIDER * a.shape[1] + 8:
        return 0.0
    whole, best = -1.0, (a, a)
    # The same size, the same width, a little smaller, a little larger.
    for zoom in (1.0, *((ratio,) if ratio > 1.025 else ()), 0.95, 1.05):
        scaled = a if zoom == 1.0 else _rescale(a, zoom)
        pair = _aligned(scaled, b)
        one, other = pair
        norm = float(np.sqrt((one * one).sum() * (other * other).sum())) + 1e-6
        value = float((one * other).sum()) / norm
        if value > whole:
            whole, best = value, pair
        if whole > 0.9:
            break
    return float(np.sqrt(max(0.0, min(1.0, 0.5 * whole + 0.5 * _worst_letter(*best)))))


def _rescale(ink: Ink, zoom: float) -> Ink:
    move = np.array([[zoom, 0.0, 0.0], [0.0, zoom, BASE_ROW * (1.0 - zoom)]])
    size = (max(4, round(ink.shape[1] * zoom)), INK_ROWS)
    return np.asarray(cv2.warpAffine(ink, move, size, flags=cv2.INTER_LINEAR), np.float32)


def _aligned(a: Ink, b: Ink) -> tuple[Ink, Ink]:
    """Both inks on one canvas, `b` moved piece by piece to where it fits `a` best."""
    width = a.shape[1]
    field = np.zeros((INK_ROWS + 4, width + b.shape[1] + 2 * MARGIN + PIECE), np.float32)
    field[2:-2, MARGIN : MARGIN + b.shape[1]] = b
    moved = np.zeros((INK_ROWS, max(width, b.shape[1])), np.float32)
    offset = 0
    pieces = max(1, round(width / PIECE))
    bounds = [round(k * width / pieces) for k in range(pieces + 1)]
    for begin, end in pairwise(bounds):
        low = max(0, begin + MARGIN + offset - SLIP)
        part = field[:, low : low + end - begin + 2 * SLIP]
        fit = cv2.matchTemplate(part, a[:, begin:end], cv2.TM_CCORR_NORMED)
        _, _, _, (dx, dy) = cv2.minMaxLoc(fit)
        moved[:, begin:end] = part[dy : dy + INK_ROWS, dx : dx + end - begin]
        offset = low + dx - begin - MARGIN
    rest = b[:, max(0, min(b.shape[1], width + offset)) :][:, : moved.shape[1] - width]
    moved[:, width : width + rest.shape[1]] = rest
    canvas = np.zeros_like(moved)
    canvas[:, :width] = a
    return canvas, moved


def _worst_letter(a: Ink, b: Ink) -> float:
    """The least agreement over windows as wide as a letter."""
    ab, aa, bb = _windows(a * b), _windows(a * a), _windows(b * b)
    most = np.maximum(aa, bb)
    floor = 0.3 * float(np.median(most)) + 1e-6  # where hardly any ink is, little can differ
    return float(((ab + floor) / (0.5 * np.sqrt(aa * bb) + 0.5 * most + floor)).min())


def _windows(values: Ink) -> NDArray[np.float32]:
    """Sums over all windows as wide as a letter."""
    columns = values.sum(axis=0, dtype=np.float32)
    return np.convolve(columns, np.ones(min(LETTER, len(columns)), np.float32), "valid").astype(np.float32)


def _outline(ink: Ink) -> NDArray[np.float32]:
    """The ink at a sixth of its size, as two vectors of length 1: as it is, and at a common width."""
    soft = cv2.GaussianBlur(ink, (0, 0), 1.5)
    plain = np.zeros((4, OUTLINE), np.float32)
    narrow = cv2.resize(soft, (max(1, ink.shape[1] // 3), 4), interpolation=cv2.INTER_AREA)[:, :OUTLINE]
    plain[:, : narrow.shape[1]] = narrow
    common = cv2.resize(soft, (OUTLINE, 4), interpolation=cv2.INTER_AREA)
    both = np.stack((plain.ravel(), common.ravel()))
    return np.asarray(both / (np.linalg.norm(both, axis=1, keepdims=True) + 1e-6), np.float32)


def rough_likeness(a: Sequence[Label], b: Sequence[Label]) -> NDArray[np.float32]:
    """How alike the labels roughly are, [len(a), len(b)]: cheap, to choose which to compare in full."""
    x, y = np.stack([n.outline for n in a], axis=1), np.stack([n.outline for n in b], axis=1)
    return np.asarray(np.maximum(x[0] @ y[0].T, x[1] @ y[1].T), np.float32)
