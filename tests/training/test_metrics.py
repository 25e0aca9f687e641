"""The measures of the contract, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training import metrics
from training.data import VOTE_COLUMNS

#: Four faces: sure and right (happy), half sure and wrong (angry, is neutral), right (sad), unknown.
P = np.array(
    [
        [0, 0, 0, 0.9, 0, 0, 0.1],
        [0.5, 0, 0, 0.1, 0, 0, 0.4],
        [0.1, 0.1, 0.1, 0, 0.6, 0, 0.1],
        [0, 0, 0, 0, 0, 1.0, 0],
    ]
)
LABELS = np.array([3, 6, 4, -1])
ABSENT = np.full(4, -1)


def test_accuracy_leaves_out_the_unknown() -> None:
    assert metrics.accuracy(P, LABELS) == pytest.approx(2 / 3)


def test_macro_f1_is_over_the_classes_present() -> None:
    assert metrics.macro_f1(P, LABELS) == pytest.approx((1 + 0 + 1) / 3)
    assert metrics.macro_f1(P[[0, 0, 1]], np.array([3, 0, 0])) == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_nll() -> None:
    assert metrics.nll(P, LABELS) == pytest.approx(-(np.log(0.9) + np.log(0.4) + np.log(0.6)) / 3)


def test_ece_sums_the_gaps_of_fifteen_bins() -> None:
    assert metrics.ece(P, LABELS) == pytest.approx((0.1 + 0.5 + 0.4) / 3)
    sure = np.tile(np.eye(7)[3], (4, 1))
    assert metrics.ece(sure, np.array([3, 3, 3, 0])) == pytest.approx(0.25)


def test_auc_counts_ties_half() -> None:
    score = np.array([0.9, 0.5, 0.5, 0.1])
    positive = np.array([True, True, False, False])
    assert metrics.auc(score, positive, ~positive) == pytest.approx(3.5 / 4)
    assert metrics.auc(-score, positive, ~positive) == pytest.approx(0.5 / 4)


def test_negative_is_the_four() -> None:
    assert metrics.reads_negative(P).tolist() == [False, True, True, False]
    assert metrics.negative_score(P).tolist() == pytest.approx([0, 0.5, 0.9, 0])


def test_where_a_class_is_absent_there_is_no_number() -> None:
    for measure in (metrics.accuracy, metrics.macro_f1, metrics.nll, metrics.ece):
        assert measure(P, ABSENT) is None
    nobody = np.zeros(4, bool)
    assert metrics.auc(P[:, 0], nobody, ~nobody) is None
    assert metrics.share(~nobody, nobody) is None
    nothing = np.zeros((4, 10), np.int64)
    assert metrics.kl_to_votes(P, nothing) is None
    assert metrics.valence_r(P, nothing, np.arange(7.0)) is None


def votes(**of: int) -> list[int]:
    row = [0] * 10
    columns = dict(
        zip(("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"), VOTE_COLUMNS, strict=True)
    )
    for name, count in of.items():
        row[columns.get(name, {"contempt": 7, "unknown": 8, "nf": 9}.get(name, -1))] = count
    return row


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        (votes(happy=8, neutral=2), 3),
        (votes(happy=5, neutral=5), -1),  # no more than half
        (votes(happy=4, neutral=1, sad=1, fear=1, angry=1, disgust=1, surprise=1), 3),  # single votes struck
        (votes(neutral=5, unknown=3, nf=2), -1),  # half of what remains in all ten columns
        (votes(neutral=6, unknown=2, nf=2), 6),
        (votes(contempt=8, sad=2), -1),
        (votes(), -1),
    ],
)
def test_the_crowds_majority(row: list[int], seen: int) -> None:
    assert metrics.majority(np.array([row])).tolist() == [seen]


def test_kl_is_zero_for_the_votes_themselves_and_known_otherwise() -> None:
    crowd = np.array([votes(happy=5, neutral=5), votes(unknown=9)])
    shares, rows = metrics.vote_shares(crowd)
    assert rows.tolist() == [0]
    same = np.array([shares[0], shares[0]])
    assert metrics.kl_to_votes(same, crowd) == pytest.approx(0)
    flat = np.full((2, 7), 1 / 7)
    assert metrics.kl_to_votes(flat, crowd) == pytest.approx(np.log(7) - np.log(2))


def test_valence_follows_the_votes() -> None:
    coordinates = np.array([-0.51, -0.6, -0.64, 0.76, -0.63, 0.15, 0])
    crowd = np.array([votes(happy=9), votes(neutral=9), votes(sad=9), votes(nf=9)])
    right = np.eye(7)[[3, 6, 4, 5]]
    assert metrics.valence_r(right, crowd, coordinates) == pytest.approx(1)
    assert metrics.valence_r(right[[2, 1, 0, 3]], crowd, coordinates) == pytest.approx(-1, abs=0.05)
    assert metrics.valence_r(np.full((4, 7), 1 / 7), crowd, coordinates) is None
