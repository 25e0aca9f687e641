"""Who is in which tile: students are known again by the label's picture, then by position, then by time.

Nothing of a face is kept. A label that fits says who it is, wherever the tile stands. Where no label can be
read, a tile keeps its student while the layout holds and nobody moved, or where it shows the very picture
that the student's tile showed one look ago. What stays open is `None`, uncertain: nobody's, so that no one's
data go to another. A student's number is never given to anyone else.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from classroom_monitor.labels import Ink, Label, LabelReader, likeness, rough_likeness
from classroom_monitor.names import folded, same_name
from classroom_monitor.records import Box, Gallery, Image, Tile, TileState
from classroom_monitor.settings import IdentitySettings, NamesSettings

Scene = NDArray[np.float32]
"""A tile at 12 x 6 pixels, shape [6, 12, 3]: which window it is, not who sits in it. Kept for one look."""

# Below this likeness two labels are different names; between it and settings.label_match it is not known.
DIFFERENT = 0.6
# Two ways to give the tiles that score so close together are both possible: then neither is taken.
MARGIN = 0.05
# A tile nobody can be found for becomes a new student after so long; until then it may be a covered label.
SETTLE = 5.0  # s
SETTLE_BARE = 15.0  # s, for a tile without a label among others that have one
# The picture of a tile is compared with that of the look before, not with older ones.
SCENE_AGE = 10.0  # s
SCENE_SAME = 0.94  # different students reach 0.92 at most, the same one passes it in 95 of 100 looks
SCENE_SURE = 0.96  # even where the label says otherwise: it was renamed, or something lies over it
SCENE_LIKE = 0.85  # enough where as many tiles as before show as many students, and all others are known
SCENE_CHANGED = 0.6
# Ways in which one student's label was seen: two sizes, with and without video, and one more.
LABELS = 4
# Labels that are roughly less alike are not compared.
ROUGH = 0.35
# So many vanish at once, and so large a share, only where the call shows another page, or a strip: they are
# still there, and are forgotten so many times later than one who vanishes alone.
PARTED, PARTED_SHARE, PARTED_TIMES = 3, 0.3, 10
# With an own label in the settings, a tile whose name is not read yet may be the teacher's.
OWN_WAIT = 6.0  # s


@dataclass(slots=True)
class _Student:
    """What is known of one student. `place` is the slot in the layout of the last look."""

    number: int
    labels: list[Label] = field(default_factory=list)
    label: Image | None = None
    name: str | None = None
    box: Box | None = None
    place: tuple[int, int] | None = None
    scene: Scene | None = None
    first: float = 0.0
    seen: float = -math.inf
    confidence: float = 0.0
    lost: bool = False
    parted: bool = False
    merged: int | None = None
    changed: Label | None = None
    changed_looks: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """What one tile shows at one look."""

    tile: Tile
    label: Label | None
    scene: Scene | None


@dataclass(frozen=True, slots=True)
class Match:
    """How one tile was matched: to whom (None: uncertain), how surely (0..1), by what."""

    student: int | None
    confidence: float
    by: str


class Identity:
    """Gives each tile of each look its student. One instance follows one session."""

    def __init__(self, settings: IdentitySettings, names: NamesSettings) -> None:
        self._settings = settings
        self._own_label = names.own_label.strip()
        self._names_read = names.names == "read"
        self._students: dict[int, _Student] = {}
        self._left_out: set[int] = set()
        self._renamed: set[int] = set()
        self._own_found = False
        self._own: int | None = None
        self._own_point: tuple[float, float] | None = None
        self._layout: frozenset[tuple[int, int]] = frozenset()
        self._last = -math.inf
        self._open: dict[tuple[int, int], float] = {}
        self._image: Image | None = None
        self._sights: dict[tuple[Box, bool], _Sight] = {}
        self._labels = LabelReader()
        self._rows: dict[int, tuple[Label, dict[int, tuple[Ink, float]]]] = {}
        self._matches: tuple[Match, ...] = ()

    @property
    def students(self) -> tuple[int, ...]:
        """The numbers of all students of the session, in the order of their first look."""
        return tuple(self._students)

    @property
    def matches(self) -> tuple[Match, ...]:
        """How the tiles of the last look were matched, one for each tile."""
        return self._matches

    @property
    def left_out(self) -> frozenset[int]:
        """The students that are left out."""
        return frozenset(self._left_out)

    def leave_out(self, student: int, out: bool) -> None:
        """Leaves a student out from now on, or takes them in again."""
        known = self._students.get(student)
        numbers = {student, known.merged} if known and known.merged is not None else {student}
        self._left_out = self._left_out | numbers if out else self._left_out - numbers

    @property
    def own_name(self) -> str:
        """The name on the teacher's own tile; empty while it is not known."""
        own = self._students.get(self._own) if self._own is not None else None
        return own.name or "" if own else ""

    def expect_own(self, point: tuple[float, float] | None, label: str) -> None:
        """Before the first look: where the teacher's own tile is (shares of the picture), or its name."""
        self._own_point, self._own_label = point, self._own_label or label.strip()

    def own(self, student: int) -> None:
        """That student is the teacher: left out, and nobody else is taken for the teacher."""
        self._own, self._own_found = student, True
        self.leave_out(student, True)

    def label(self, student: int) -> Image | None:
        """The student's label as last seen, RGB, for the name reader; None where none was seen."""
        known = self._students.get(student)
        return known.label if known else None

    def renamed(self) -> frozenset[int]:
        """The students whose label has come to say something else since the last call: to be read again."""
        renamed, self._renamed = frozenset(self._renamed), set()
        return renamed

    def name(self, student: int, text: str) -> None:
        """A reading of the student's label, or the teacher's word for it.

        The teacher's own label leaves its student out. Where a new student turns out to bear the name of one
        who has not been seen since, the two are one: from then on the older number goes on.
        """
        known = self._students.get(student)
        if known is None:
            return
        known.name = text
        if self._own_label and not self._own_found and same_name(text, self._own_label):
            self.own(student)
        namesakes = [s for s in self._students.values() if s is not known and s.name and s.merged is None]
        namesakes = [s for s in namesakes if folded(s.name or "") == folded(text)]
        if known.merged is None and len(folded(text)) >= 2 and len(namesakes) == 1:
            older = namesakes[0]
            if older.number < student and older.seen < known.first:
                self.merge(student, older.number)

    def merge(self, student: int, into: int) -> None:
        """Two students are one: from the next look on the second number goes on, known by both labels."""
        known, other = self._students.get(student), self._students.get(into)
        if known is None or other is None or known is other or known.merged or other.merged:
            return
        if other.seen < known.seen:
            other.box, other.place, other.scene = known.box, known.place, known.scene
            other.label, other.seen = known.label, known.seen
        other.labels, other.lost = [*other.labels, *known.labels][-LABELS:], False
        known.merged, known.lost = into, True
        if student in self._left_out:
            self._left_out.add(into)

    def split(self, student: int) -> None:
        """Takes a merge back: the student is one of their own again, with the labels that they had."""
        known = self._students.get(student)
        if known is None or known.merged is None:
            return
        other, known.merged, known.lost = self._students[known.merged], None, False
        theirs = {id(label) for label in known.labels}
        other.labels = [label for label in other.labels if id(label) not in theirs]

    def gone(self, seconds: float) -> frozenset[int]:
        """The students unseen for `forget_after`, or of whom nothing is left to know them by.

        Those who vanished together, behind a strip or a page turn, are forgotten much later.
        """
        after = self._settings.forget_after
        return frozenset(
            n
            for n, s in self._students.items()
            if s.lost or seconds - s.seen > after * (PARTED_TIMES if s.parted else 1)
        )

    def left_out_boxes(self, image: Image, gallery: Gallery) -> frozenset[Box]:
        """The tiles that must not be cropped: called with the bare gallery, before any face is looked for.

        While a student who is left out is not found, every tile that is nobody's counts as left out too.
        """
        waiting = bool(self._own_label) and not self._own_found and self._names_read
        boxes = {tile.box for tile in gallery.tiles if self._is_own_point(image, tile)}
        if not self._left_out and not waiting:
            return frozenset(boxes)
        sights = self._see(image, gallery.tiles)
        matches = self._match(
            sights, math.inf
        )  # without the pictures of the look before: rather one too many
        missing = self._hidden({match.student for match in matches})
        for sight, match in zip(sights, matches, strict=True):
            student = self._students.get(match.student) if match.student is not None else None
            if student is None:
                doubtful = waiting or bool(missing)
            else:
                unread = student.name is None and self._last - student.first < OWN_WAIT
                doubtful = student.number in self._left_out or (waiting and unread)
            if doubtful:
                boxes.add(sight.tile.box)
        return frozenset(boxes)

    def assign(self, seconds: float, image: Image, gallery: Gallery) -> tuple[int | None, ...]:
        """The student of each tile; None where that is uncertain. Times must not go back.

        image: the frame, uint8 RGB [H, W, 3]; gallery: its tiles. Every number is given at most once a look.
        """
        sights = self._see(image, gallery.tiles)
        matches = self._match(sights, seconds)
        layout = _layout(gallery.tiles)
        open_now: dict[tuple[int, int], float] = {}
        result: list[Match] = []
        hidden = self._hidden({match.student for match in matches})
        labelled = any(sight.label is not None for sight in sights)
        for sight, match in zip(sights, matches, strict=True):
            given = match
            if match.student is None:
                place = _place(sight.tile)
                since = self._open.get(place, seconds) if layout == self._layout else seconds
                wait = SETTLE if sight.label is not None or not labelled else SETTLE_BARE
                if self._may_be_new(sight, match, seconds - since >= wait, hidden):
                    given = Match(len(self._students) + 1, 1.0, "new")
                    self._students[len(self._students) + 1] = _Student(len(self._students) + 1, first=seconds)
                else:
                    open_now[place] = since
            result.append(given)
        if layout != self._layout:
            self._lose_unlabelled({match.student for match in result})
            self._part({match.student for match in result})
        for sight, match in zip(sights, result, strict=True):
            if match.student is not None:
                self._update(self._students[match.student], sight, match, seconds)
                if self._is_own_point(image, sight.tile):
                    self.own(match.student)
        if gallery.tiles:
            self._own_point = None  # tiles move: it was said of the first look alone
        for student in self._students.values():
            if student.seen < seconds:
                student.scene = None
        self._open, self._layout, self._last = open_now, layout, seconds
        self._matches = tuple(result)
        return tuple(match.student for match in result)

    def _is_own_point(self, image: Image, tile: Tile) -> bool:
        if self._own_point is None:
            return False
        return tile.box.holds(self._own_point[0] * image.shape[1], self._own_point[1] * image.shape[0])

    def _see(self, image: Image, tiles: Sequence[Tile]) -> tuple[_Sight, ...]:
        """Labels and scenes of the tiles, looked up once for each frame."""
        if image is not self._image:
            self._image, self._sights = image, {}
            slots = [tile for tile in tiles if tile.row >= 0]
            for tile, label in zip(slots, self._labels.read(image, slots), strict=True):
                self._sights[tile.box, True] = _Sight(tile, label, _scene(image, tile))
        for tile in tiles:
            if (tile.box, tile.row >= 0) not in self._sights:
                self._sights[tile.box, tile.row >= 0] = _Sight(tile, None, _scene(image, tile))
        return tuple(self._sights[tile.box, tile.row >= 0] for tile in tiles)

    def _match(self, sights: Sequence[_Sight], seconds: float) -> tuple[Match, ...]:
        """The best way to give the tiles to the known students, with what stays open."""
        students = [student for student in self._students.values() if student.merged is None]
        if not sights or not students:
            return (Match(None, 0.0, "new"),) * len(sights)
        alike = self._likenesses(sights, students)
        scores, reasons, scenes = self._scores(sights, students, alike, seconds)
        rows, columns = linear_sum_assignment(scores, maximize=True)
        given = {int(i): int(j) for i, j in zip(rows, columns, strict=True) if scores[i, j] > 0}
        taken = set(given.values())
        free = [j for j in range(len(students)) if j not in taken]
        result: list[Match] = []
        for i, sight in enumerate(sights):
            if i in given and not _ambiguous(scores, given, i, free):
                j = given[i]
                reason = str(reasons[i, j])
                result.append(Match(students[j].number, _confidence(alike[i, j], reason), reason))
            else:
                near = float(np.nan_to_num(alike[i, free]).max(initial=0.0))
                seen = float(scenes[i, free].max(initial=0.0)) >= SCENE_SAME  # somebody's picture
                fresh = i not in given and sight.label is not None and near < DIFFERENT and not seen
                result.append(Match(None, 0.0, "new" if fresh else "uncertain"))
        return tuple(result)

    def _likenesses(self, sights: Sequence[_Sight], students: Sequence[_Student]) -> NDArray[np.float64]:
        """How alike each tile's label is to each student's; NaN where either has none."""
        alike = np.full((len(sights), len(students)), np.nan)
        known = [(j, label) for j, student in enumerate(students) for label in student.labels]
        # A label that has just changed is the student's, too: a rename may be followed by a re-flow.
        known += [(j, student.changed) for j, student in enumerate(students) if student.changed is not None]
        seen = [(i, sight.label) for i, sight in enumerate(sights) if sight.label is not None]
        if not known or not seen:
            return alike
        columns = np.array([j for j, _ in known])
        rough = rough_likeness([label for _, label in seen], [label for _, label in known])
        rows: dict[int, tuple[Label, dict[int, tuple[Ink, float]]]] = {}
        for a, (i, label) in enumerate(seen):
            # An unchanged label is as like all the others as it was before.
            before = self._rows.get(id(label.ink))
            values = before[1] if before is not None and before[0].ink is label.ink else {}
            near = np.flatnonzero(rough[a] >= max(ROUGH, float(rough[a].max()) - 0.3))
            alike[i, columns] = 0.0
            for b in near:
                other = known[b][1]
                if id(other.ink) not in values:
                    value = 1.0 if other.ink is label.ink else likeness(label.ink, other.ink)
                    values[id(other.ink)] = other.ink, value  # holding the ink keeps its id its own
                alike[i, columns[b]] = max(alike[i, columns[b]], values[id(other.ink)][1])
            rows[id(label.ink)] = (label, values)
        self._rows = rows
        return alike

    def _scores(
        self,
        sights: Sequence[_Sight],
        students: Sequence[_Student],
        alike: NDArray[np.float64],
        seconds: float,
    ) -> tuple[NDArray[np.float64], NDArray[np.str_], NDArray[np.float64]]:
        """What speaks for each pair, 0 where nothing does, by which rule, and how alike the pictures are."""
        holds = _layout([s.tile for s in sights]) == self._layout
        last = np.array([student.seen >= self._last for student in students])
        here = np.array([[holds and s.place == _place(sight.tile) for s in students] for sight in sights])
        here = here & last & np.array([sight.tile.row >= 0 for sight in sights])[:, None]
        # Only students of the look before still have a picture.
        scene = _scene_likenesses([s.scene for s in sights], [s.scene for s in students])
        fresh = seconds - self._last <= SCENE_AGE
        labelled = alike >= self._settings.label_match  # NaN: no
        # Somebody moved: a label stands elsewhere than before, or two pictures changed at once.
        moved = bool((labelled & ~here & ~(here & labelled).any(axis=1)[:, None]).any())
        changed = here & (scene < SCENE_CHANGED) & ~labelled
        seen = np.nan_to_num(scene) if fresh else np.zeros(scene.shape)
        stays = here & ((holds and not moved and int(changed.sum()) < 2) | (seen >= SCENE_SAME))
        known = np.nan_to_num(alike)
        unread = np.isnan(alike)
        # As many tiles as students before: who is in a tile whose label nobody bears is one of the missing.
        nobodys, missing = ~labelled.any(axis=1), last & ~labelled.any(axis=0)
        as_many = len(sights) == int(last.sum()) and int(nobodys.sum()) == int(missing.sum())
        left_over = np.outer(nobodys, missing) & (seen >= SCENE_LIKE) & as_many
        rules = [
            ("label", labelled, 2.0 + known + 0.15 * stays + 0.15 * (seen >= SCENE_SAME)),
            ("position", ~unread & stays & ((known >= DIFFERENT) | (seen >= SCENE_SAME)), 1.2 + 0.3 * known),
            ("position", unread & stays, 1.0 + 0.2 * seen),
            ("label", (known >= DIFFERENT) & (seen >= SCENE_SAME), 1.1 + 0.3 * known),
            ("picture", (unread & (seen >= SCENE_SAME)) | (seen >= SCENE_SURE), 0.6 + 0.2 * seen),
            ("picture", left_over, seen - 0.4),
        ]
        scores = np.zeros(alike.shape)
        reasons = np.full(alike.shape, "", dtype="<U8")
        for reason, holds_for, score in reversed(rules):
            scores = np.where(holds_for, score, scores)
            reasons = np.where(holds_for, reason, reasons)
        for i, sight in enumerate(sights):
            if sight.tile.row < 0:  # a face outside any grid
                scores[i] = [_near(sight.tile, student, seconds) for student in students]
                reasons[i] = "position"
        return scores, reasons, seen

    def _hidden(self, found: Collection[int | None]) -> list[_Student]:
        """The students who are left out and were not found: any open tile may be theirs."""
        return [self._students[n] for n in self._left_out - set(found) if n in self._students]

    def _may_be_new(self, sight: _Sight, match: Match, settled: bool, hidden: Sequence[_Student]) -> bool:
        """Whether an open tile is a new student: with an unknown label at once, else once it stayed open."""
        if self._last == -math.inf:
            return True
        if sight.label is None and any(not student.labels for student in hidden):
            return False
        return settled or (match.by == "new" and sight.label is not None and not hidden)

    def _lose_unlabelled(self, found: Collection[int | None]) -> None:
        """After a change of the layout a student without a label who was not found again cannot be."""
        for student in self._students.values():
            if not student.labels and student.number not in found:
                student.lost = True

    def _part(self, found: Collection[int | None]) -> None:
        """After a change of the layout: many who vanished at once are elsewhere, not gone."""
        before = [student for student in self._students.values() if student.seen >= self._last]
        missing = [student for student in before if student.number not in found]
        if len(missing) >= max(PARTED, PARTED_SHARE * len(before)):
            for student in missing:
                student.parted = True

    def _update(self, student: _Student, sight: _Sight, match: Match, seconds: float) -> None:
        student.box, student.place = sight.tile.box, _place(sight.tile) if sight.tile.row >= 0 else None
        student.scene, student.seen = sight.scene, seconds
        student.lost = student.parted = False
        student.confidence = match.confidence
        label = sight.label
        if label is None:
            return
        if not student.labels:
            student.labels.append(label)
            student.label = label.picture
        elif student.changed is not None and likeness(student.changed.ink, label.ink) >= 0.9:
            student.changed_looks += 1
            if student.changed_looks >= 2:  # at three looks: the label itself changed, not what lies over it
                student.labels = [label, *student.labels[: LABELS - 1]]
                student.label, student.changed = label.picture, None
                self._renamed.add(student.number)
        elif match.by == "label" and match.confidence >= 0.9:
            student.label, student.changed = label.picture, None
        else:
            student.changed, student.changed_looks = label, 0


def _place(tile: Tile) -> tuple[int, int]:
    return tile.row, tile.column


def _layout(tiles: Sequence[Tile]) -> frozenset[tuple[int, int]]:
    """The slots of the grid by row and column: stays while the window moves or is resized."""
    return frozenset(_place(tile) for tile in tiles if tile.row >= 0)


def _scene(image: Image, tile: Tile) -> Scene | None:
    """The tile without its label at 12 x 6 pixels; None where it shows one colour only."""
    box = tile.box.clip(image.shape[1], image.shape[0])
    rows = int(box.h * 0.78)
    if box.w < 24 or rows < 12 or tile.state is TileState.CAMERA_OFF:
        return None
    step = max(1, min(box.w // 48, rows // 24))
    part = np.ascontiguousarray(image[box.y : box.y + rows : step, box.x : box.right : step])
    scene = cv2.resize(part, (12, 6), interpolation=cv2.INTER_AREA).astype(np.float32)
    return scene if float(scene.std()) > 6.0 else None


def _scene_likenesses(a: Sequence[Scene | None], b: Sequence[Scene | None]) -> NDArray[np.float64]:
    """1 for one picture, 0 for pictures with nothing in common, NaN where there is none; [len(a), len(b)]."""
    result = np.full((len(a), len(b)), np.nan)
    rows, columns = ([k for k, scene in enumerate(side) if scene is not None] for side in (a, b))
    if rows and columns:
        x, y = (np.stack([s.ravel() for s in side if s is not None]) for side in (a, b))
        apart = np.abs(x[:, None] - y[None]).mean(axis=2)
        x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
        norms = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(y, axis=1) + 1e-6
        result[np.ix_(rows, columns)] = np.maximum(0.0, np.minimum(x @ y.T / norms, 1.0 - apart / 80.0))
    return result


def _near(tile: Tile, student: _Student, seconds: float) -> float:
    """For a face outside any grid: how near the student's last place is, 0 where too far."""
    if student.box is None or student.place is not None or seconds - student.seen > SCENE_AGE:
        return 0.0
    a, b = tile.box, student.box
    side = max(a.h, b.h)
    away = math.hypot(a.x + a.w / 2 - b.x - b.w / 2, a.y + a.h / 2 - b.y - b.h / 2) / side
    return 1.0 - away if away < 0.7 and 0.6 < a.h / b.h < 1.7 else 0.0


def _ambiguous(scores: NDArray[np.float64], given: dict[int, int], i: int, free: Sequence[int]) -> bool:
    """Whether another way to give this tile and its student is as good as the one chosen."""
    j = given[i]
    for other in free:
        if scores[i, other] > 0 and scores[i, other] >= scores[i, j] - MARGIN:
            return True
    for k in range(len(scores)):
        if k == i or scores[k, j] <= 0:
            continue
        if k not in given:
            if scores[k, j] >= scores[i, j] - MARGIN:
                return True
        elif scores[i, given[k]] > 0:
            chosen, swapped = scores[i, j] + scores[k, given[k]], scores[k, j] + scores[i, given[k]]
            if swapped >= chosen - MARGIN:
                return True
    return False


def _confidence(label: float, reason: str) -> float:
    return float(label) if reason == "label" else 0.7 if reason == "position" else 0.6
