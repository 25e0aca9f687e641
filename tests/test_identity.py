"""Who is in which tile: through re-flows, pages, joins, leaves and returns; never one for another."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from classroom_monitor.identity import Identity
from classroom_monitor.records import Box, Gallery, Image, Tile, TileState
from classroom_monitor.settings import load_settings
from classroom_monitor.synthetic.script import read_script
from classroom_monitor.synthetic.source import SyntheticSource
from tests.drawn_calls import TWELVE, Seat, paint_call, seats

SETTINGS = load_settings()


class Class:
    """Feeds an Identity drawn calls, two seconds apart."""

    def __init__(self, own_label: str = "", style: str = "box") -> None:
        names = dataclasses.replace(SETTINGS.names, own_label=own_label)
        self.identity = Identity(SETTINGS.identity, names)
        self.style = style
        self.seconds = 0.0
        self.look_number = 0
        self.left_out: list[int] = []

    def look(
        self, shown: Sequence[Seat | None], columns: int = 4, height: int = 150, wait: float = 2.0
    ) -> tuple[int | None, ...]:
        image, gallery = paint_call(shown, height, columns, self.style, self.look_number)
        out = self.identity.left_out_boxes(image, gallery)
        self.left_out = [i for i, tile in enumerate(gallery.tiles) if tile.box in out]
        found = self.identity.assign(self.seconds, image, gallery)
        self.seconds += wait
        self.look_number += 1
        return found


def shuffled(shown: Sequence[Seat], seed: int) -> list[Seat]:
    return [shown[i] for i in np.random.default_rng(seed).permutation(len(shown))]


@pytest.mark.parametrize("style", ["box", "pill", "plain"])
def test_numbers_stay_through_reflows_of_any_size(style: str) -> None:
    room, people = Class(style=style), seats(TWELVE)
    first = dict(zip((s.name for s in people), room.look(people), strict=True))
    assert sorted(n for n in first.values() if n is not None) == list(range(1, 13))
    for look, (columns, height) in enumerate([(4, 150), (3, 180), (5, 130), (4, 150), (6, 120), (3, 200)]):
        order = shuffled(people, look)
        assert room.look(order, columns, height) == tuple(first[seat.name] for seat in order)
    assert room.identity.students == tuple(range(1, 13))


def test_a_page_turn_a_leave_and_a_return_keep_every_number() -> None:
    room, people = Class(), seats(TWELVE)
    page_1, page_2 = people[:6], people[6:]
    one = room.look(page_1, 3)
    two = room.look(page_2, 3, wait=40)
    assert not set(one) & set(two)
    assert room.look(page_1, 3, wait=60) == one
    assert room.look(page_2[1:], 3) == two[1:]  # one left, the others moved up
    assert room.look([*page_2[1:], page_2[0]], 3) == (*two[1:], two[0])  # and came back at the end
    joined = room.look([*page_2[1:], Seat("Newcomer", 77), page_2[0]], 3)
    assert joined == (*two[1:], 13, two[0])


def test_a_camera_switched_off_and_on_keeps_the_number() -> None:
    room, people = Class(), seats(TWELVE[:8])
    first = room.look(people)
    off = [dataclasses.replace(seat, off=i in (1, 4, 5)) for i, seat in enumerate(people)]
    assert room.look(off) == first
    assert room.look([*off[4:], *off[:4]]) == (*first[4:], *first[:4])
    assert room.look(people) == first


def test_who_is_unseen_for_long_is_gone_until_seen_again() -> None:
    room, people = Class(), seats(TWELVE[:4])
    first = room.look(people)
    room.look(people[:3])
    assert room.identity.gone(room.seconds) == frozenset()
    room.look(people[:3], wait=SETTINGS.identity.forget_after)
    room.look(people[:3])
    assert room.identity.gone(room.seconds) == {first[3]}
    assert room.look(people) == first
    assert room.identity.gone(room.seconds) == frozenset()


def test_those_behind_a_strip_are_not_gone_for_long() -> None:
    room, people = Class(), seats(TWELVE)
    first = room.look(people)
    after = SETTINGS.identity.forget_after
    for _ in range(5):
        room.look(people[:4], height=120, wait=after / 2)
    assert room.identity.gone(room.seconds) == frozenset()
    assert room.look(people) == first
    room.look(people[:4], height=120, wait=11 * after)
    room.look(people[:4], height=120)
    assert room.identity.gone(room.seconds) == set(first[4:])


def test_two_with_the_same_name_stay_two_while_they_can_be_followed() -> None:
    room = Class()
    people = [*seats(TWELVE[:6]), Seat("Anna", 300), Seat("Anna", 301)]
    first = room.look(people)
    assert len(set(first)) == 8
    for seed in range(3):
        order = list(np.random.default_rng(seed).permutation(8))
        assert room.look([people[i] for i in order]) == tuple(first[i] for i in order)


def test_two_with_the_same_name_who_cannot_be_told_apart_are_nobody() -> None:
    room = Class()
    people = [*seats(TWELVE[:4]), Seat("Anna", 300), Seat("Anna", 301)]
    first = room.look(people, 3, wait=30)
    annas = set(first[4:])
    back = room.look([people[5], *people[:4], people[4]], 3)  # other rooms, other places, half a minute later
    assert back[1:5] == first[:4]
    assert not {back[0], back[5]} & annas
    for _ in range(5):
        later = room.look([people[5], *people[:4], people[4]], 3)
    assert later[1:5] == first[:4]
    assert None not in later  # two students again, but new ones
    assert not {later[0], later[5]} & annas
    assert len({later[0], later[5]}) == 2


def test_a_newcomer_never_gets_the_number_of_one_who_left() -> None:
    room, people = Class(), seats(TWELVE[:6])
    first = room.look(people, 3)
    heirs = [*people[:5], Seat("Somebody Else", 500)]  # in the very slot of the one who left
    assert room.look(heirs, 3) == (*first[:5], 7)
    assert room.look(people, 3) == first


def test_a_renamed_student_keeps_the_number_and_is_known_by_the_new_name() -> None:
    room, people = Class(), seats(TWELVE[:6])
    first = room.look(people, 3)
    people[2] = dataclasses.replace(people[2], name="Chi (they/them)")
    for _ in range(4):
        assert room.look(people, 3) == first
    for shown in (people[:2], people[::-1]):
        found = room.look(shown, 3, wait=20)
    assert found == first[::-1]


def test_a_rename_is_told_once_so_that_the_name_is_read_again() -> None:
    room, people = Class(), seats(TWELVE[:6])
    first = room.look(people, 3)
    room.look(people, 3)
    assert room.identity.renamed() == frozenset()
    people[2] = dataclasses.replace(people[2], name="Quentin Vale")
    for _ in range(4):
        room.look(people, 3)
    assert room.identity.renamed() == {first[2]}
    assert room.identity.renamed() == frozenset()
    picture = room.identity.label(3)
    assert picture is not None
    assert picture.shape[1] > 0


def test_a_reflow_right_after_a_rename_keeps_the_number() -> None:
    room, people = Class(), seats(TWELVE[:8])
    first = dict(zip((s.room for s in people), room.look(people), strict=True))
    people[2] = dataclasses.replace(people[2], name="Quentin Vale")
    room.look(people)
    order = shuffled(people, 3)
    assert room.look(order, 3) == tuple(first[seat.room] for seat in order)


def test_one_whose_label_was_half_covered_from_the_first_is_known_in_a_reflow() -> None:
    room, people = Class(), seats(TWELVE[:8])
    for _ in range(2):
        image, gallery = paint_call(people, look=room.look_number)
        box = gallery.tiles[5].box
        half = Box(box.x, box.y + box.h // 2, box.w, box.h // 2).cut(image)
        half[:] = (0.9 * half).astype(np.uint8)  # a player's bar, and the shade above it
        image[box.bottom - 14 : box.bottom - 4, box.x + 20 : box.x + 40] = (235, 60, 50)
        first = room.identity.assign(room.seconds, image, gallery)
        room.seconds += 2
    numbers = dict(zip((seat.room for seat in people), first, strict=True))
    order = shuffled(people, 5)
    assert room.look(order, 3) == tuple(numbers[seat.room] for seat in order)


def test_a_covered_label_is_no_new_student() -> None:
    room, people = Class(), seats(TWELVE[:6])
    first = room.look(people, 3)
    for _ in range(3):
        image, gallery = paint_call(people, columns=3, look=room.look_number)
        box = gallery.tiles[4].box
        image[box.y + box.h // 2 : box.bottom, box.x : box.right] = (250, 250, 250)  # a pop-up
        assert room.identity.assign(room.seconds, image, gallery) == first
        room.seconds += 2
    assert room.look(people, 3) == first
    assert room.identity.students == first


def test_without_labels_the_place_counts_while_nobody_moves() -> None:
    room, people = Class(style="none"), seats(TWELVE[:6])
    first = room.look(people, 3)
    assert first == (1, 2, 3, 4, 5, 6)
    for _ in range(3):
        assert room.look(people, 3) == first


def test_without_labels_a_reflow_is_followed_by_the_pictures_of_the_look_before() -> None:
    room, people = Class(style="none"), seats(TWELVE[:6])
    first = room.look(people, 3)
    order = shuffled(people, 4)
    assert room.look(order, 2) == tuple(first[people.index(seat)] for seat in order)


def test_without_labels_nobody_is_guessed_after_a_gap() -> None:
    room, people = Class(style="none"), seats(TWELVE[:6])
    first = room.look(people, 3, wait=30)
    order = shuffled(people, 4)
    assert not set(room.look(order, 2)) & set(first)
    for _ in range(4):
        later = room.look(order, 2)
    assert None not in later
    assert not set(later) & set(first)
    assert room.identity.gone(room.seconds) >= set(first)


def test_faces_outside_a_grid_are_followed_by_their_place() -> None:
    identity = Identity(SETTINGS.identity, SETTINGS.names)
    image = np.full((400, 600, 3), 90, np.uint8)
    a, b = Box(100, 100, 80, 80), Box(400, 200, 60, 60)

    def see(seconds: float, *boxes: Box) -> tuple[int | None, ...]:
        return identity.assign(
            seconds, image.copy(), Gallery(tuple(Tile(box, TileState.FACE) for box in boxes), False)
        )

    assert see(0, a, b) == (1, 2)
    assert see(2, b.shift(8, -4), a.shift(-10, 5)) == (2, 1)
    assert see(4, a.shift(-10, 5)) == (1,)
    assert see(6, b.shift(-200, 100), a) == (None, 1)


def test_a_student_left_out_is_masked_before_any_crop_wherever_the_tile_goes() -> None:
    room, people = Class(), seats(TWELVE[:8])
    first = room.look(people)
    assert first[3] is not None
    room.identity.leave_out(first[3], True)
    assert room.identity.left_out == {first[3]}
    for seed in range(4):
        order = shuffled(people, seed)
        room.look(order, columns=3 + seed % 2, wait=2 + 20 * (seed % 2))
        assert room.left_out == [order.index(people[3])]
    room.identity.leave_out(first[3], False)
    room.look(people)
    assert room.left_out == []


def test_while_one_left_out_is_not_found_every_uncertain_tile_is_left_out() -> None:
    room, people = Class(style="none"), seats(TWELVE[:6])
    first = room.look(people, 3, wait=30)
    assert first[0] is not None
    room.identity.leave_out(first[0], True)
    for seed in range(4):
        room.look(shuffled(people, seed), 2, wait=30)
        assert room.left_out == list(range(6))


def test_the_own_label_is_left_out_from_its_first_look_on() -> None:
    room, people = Class(own_label="Mónica Ruiz"), seats(TWELVE)
    own = TWELVE.index("Mónica Ruiz")
    first = room.look(people)
    assert own in room.left_out  # nothing is read yet: any tile may be the teacher's
    for number, seat in zip(first, people, strict=True):
        assert number is not None
        room.identity.name(number, f"{seat.name} (Host)" if seat is people[own] else seat.name)
    assert room.look(people) == first
    assert room.left_out == [own]
    assert room.identity.left_out == {first[own]}


def test_where_names_cannot_be_read_waiting_for_the_own_label_ends() -> None:
    room, people = Class(own_label="Mónica Ruiz"), seats(TWELVE[:4])
    for _ in range(6):
        room.look(people)
    assert room.left_out == []


def test_one_who_comes_back_under_another_label_is_the_same_once_the_name_is_read() -> None:
    room, people = Class(), seats(TWELVE[:5])
    first = room.look(people)
    room.identity.name(3, "Chidi Okafor")
    room.look([*people[:2], *people[3:]], wait=20)
    other = dataclasses.replace(people[2], name="Okafor, C. E.", room=900)
    found = room.look([*people[:2], *people[3:], other])
    assert found[4] == 6
    room.identity.name(6, "Chidi Okafor")  # says the teacher
    assert room.look([*people[:2], *people[3:], other]) == (*first[:2], *first[3:], 3)
    assert 6 in room.identity.gone(room.seconds)


def test_the_tile_the_teacher_pointed_at_is_left_out_from_its_first_look_on_wherever_it_goes() -> None:
    room, people = Class(), seats(TWELVE[:8])
    image, gallery = paint_call(people, 150, 4)
    tile = gallery.tiles[5].box
    room.identity.expect_own(((tile.x + 9) / image.shape[1], (tile.y + 9) / image.shape[0]), "")
    first = room.look(people)
    assert room.left_out == [5]
    assert room.identity.left_out == {first[5]}
    order = shuffled(people, 3)
    room.look(order)
    assert room.left_out == [order.index(people[5])]
    assert room.identity.own_name == ""
    room.identity.name(int(first[5] or 0), "Mónica Ruiz")
    assert room.identity.own_name == "Mónica Ruiz"


def test_two_that_the_teacher_merges_go_on_as_one_until_that_is_taken_back() -> None:
    room, people = Class(), seats(TWELVE[:5])
    first = room.look(people)
    other = dataclasses.replace(people[2], name="Okafor, C. E.", room=900)
    renamed = [*people[:2], other, *people[3:]]
    room.look([*people[:2], *people[3:]], wait=20)
    found = room.look(renamed)
    assert found[2] == 6
    room.identity.merge(6, int(first[2] or 0))
    assert room.look(renamed) == first
    assert 6 in room.identity.gone(room.seconds)
    room.identity.split(6)
    assert room.look(renamed) == found


def test_names_of_two_who_were_seen_together_stay_apart() -> None:
    room = Class()
    people = [Seat("Anna", 300), Seat("Anna", 301), *seats(TWELVE[:2])]
    first = room.look(people)
    room.identity.name(1, "Anna")
    room.identity.name(2, "Anna")
    assert room.look(people) == first
    assert room.identity.gone(room.seconds) == frozenset()


def test_label_pictures_are_at_hand_for_the_reader() -> None:
    room, people = Class(), seats(TWELVE[:3])
    first = room.look(people)
    for number in first:
        assert number is not None
        picture = room.identity.label(number)
        assert picture is not None
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
    assert room.identity.label(99) is None
    room.identity.name(99, "nobody")
    assert [match.by for match in room.identity.matches] == ["new"] * 3
    room.look(people)
    assert [match.by for match in room.identity.matches] == ["label"] * 3
    assert all(0.8 <= match.confidence <= 1 for match in room.identity.matches)


def test_an_empty_gallery_forgets_nobody() -> None:
    room, people = Class(), seats(TWELVE[:4])
    first = room.look(people)
    black: Image = np.zeros((400, 600, 3), np.uint8)
    assert room.identity.assign(room.seconds, black, Gallery((), False)) == ()
    assert room.look(people) == first


@pytest.mark.parametrize("theme", ["zoom_mac", "meet_2020"])
def test_a_synthetic_class_keeps_its_numbers(theme: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("script") / "reflow.toml"
    shuffles = "".join(f'[[event]]\nat = {at}\nwho = "all"\nshuffle = true\n' for at in (4, 8, 14))
    leave = "[[event]]\nat = 7\nfor = 6\nwho = 0.3\nleave = true\n"
    file.write_text(f"[class]\nstudents = 16\nminutes = 1\n{shuffles}{leave}", encoding="utf-8")
    source = SyntheticSource(read_script(file), seed=4, width=1280, height=720, theme=theme, quality=70)
    identity = Identity(SETTINGS.identity, SETTINGS.names)
    first: dict[int, int] = {}
    owner: dict[int, int] = {}
    looks = kept = given = 0
    for seconds in range(0, 18, 2):
        image = source.grab(seconds)
        assert image is not None
        shown = source.truth(seconds).tiles
        rows = sorted({tile.box.y for tile in shown})
        tiles = [
            Tile(
                tile.box,
                tile.state if tile.state is TileState.CAMERA_OFF else TileState.NO_FACE,
                (),
                rows.index(tile.box.y),
                tile.box.x,
            )
            for tile in shown
        ]
        for truth, number in zip(
            shown, identity.assign(seconds, image, Gallery(tuple(tiles), True)), strict=True
        ):
            who = truth.student or 0
            looks += 1
            if number is not None:
                given += owner.setdefault(number, who) != who
                kept += first.setdefault(who, number) == number
    assert given == 0
    assert kept >= 0.98 * looks
