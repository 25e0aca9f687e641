"""The measures of contract.md, from probabilities, labels and votes; `None` where a class is absent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classroom_monitor.records import EXPRESSIONS, NEGATIVE
from training.data import VOTE_COLUMNS

HAPPY = EXPRESSIONS.index("happy")
NEUTRAL = EXPRESSIONS.index("neutral")
NEGATIVE_COLUMNS = np.array(NEGATIVE)
BINS = 15

Numbers = NDArray[np.float64]


def accuracy(p: Numbers, labels: NDArray[np.int64]) -> float | None:
    """Share of labelled pictures whose top class is the label."""
    known = labels >= 0
    return float((p.argmax(1) == labels)[known].mean()) if known.any() else None


def macro_f1(p: Numbers, labels: NDArray[np.int64]) -> float | None:
    """Mean F1 over the classes present among the labels."""
    known = labels >= 0
    top, truth = p.argmax(1)[known], labels[known]
    scores = []
    for label in np.unique(truth):
        right = float(((top == label) & (truth == label)).sum())
        scores.append(2 * right / float((top == label).sum() + (truth == label).sum()))
    return float(np.mean(scores)) if scores else None


def nll(p: Numbers, labels: NDArray[np.int64]) -> float | None:
    """Mean negative log probability of the label, in nats."""
    known = np.flatnonzero(labels >= 0)
    return float(-np.log(np.maximum(p[known, labels[known]], 1e-12)).mean()) if len(known) else None


def ece(p: Numbers, labels: NDArray[np.int64]) -> float | None:
    """Expected calibration error: 15 equal-width bins of the top probability."""
    known = labels >= 0
    if not known.any():
        return None
    top, right = p.max(1)[known], (p.argmax(1) == labels)[known].astype(float)
    which = np.minimum((top * BINS).astype(int), BINS - 1)
    gaps = [abs(float((right - top)[which == b].sum())) for b in range(BINS)]
    return float(sum(gaps) / known.sum())


def auc(score: Numbers, positive: NDArray[np.bool_], negative: NDArray[np.bool_]) -> float | None:
    """Probability that a positive scores above a negative, ties counting half."""
    if not positive.any() or not negative.any():
        return None
    values = np.concatenate([score[positive], score[negative]])
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse.reshape(-1)]
    n, m = int(positive.sum()), int(negative.sum())
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def share(hit: NDArray[np.bool_], among: NDArray[np.bool_]) -> float | None:
    """Share of hits among some pictures."""
    return float(hit[among].mean()) if among.any() else None


def negative_score(p: Numbers) -> Numbers:
    """The summed probability of angry, disgust, fear and sad."""
    return np.asarray(p[:, NEGATIVE_COLUMNS].sum(1), np.float64)


def is_negative(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the label is one of the four."""
    return np.isin(labels, NEGATIVE_COLUMNS)


def reads_negative(p: Numbers) -> NDArray[np.bool_]:
    """Whether the top class is angry, disgust, fear or sad."""
    return is_negative(p.argmax(1))


def vote_shares(votes: NDArray[np.int64]) -> tuple[Numbers, NDArray[np.intp]]:
    """The votes of the seven as shares [M, 7], and the rows that have any."""
    seven = votes[:, VOTE_COLUMNS].astype(np.float64)
    rows = np.flatnonzero(seven.sum(1) > 0)
    return seven[rows] / seven[rows].sum(1, keepdims=True), rows


def majority(votes: NDArray[np.int64]) -> NDArray[np.int64]:
    """What the crowd saw: the one of the seven with over half of all votes, single ones struck; else -1."""
    firm = np.where(votes > 1, votes, 0)
    seven = firm[:, VOTE_COLUMNS]
    return np.where(seven.max(1) * 2 > firm.sum(1), seven.argmax(1), -1).astype(np.int64)


def valence_r(p: Numbers, votes: NDArray[np.int64], coordinates: Numbers) -> float | None:
    """Correlation of the valence of the probabilities with that of the votes."""
    shares, rows = vote_shares(votes)
    ours, theirs = p[rows] @ coordinates, shares @ coordinates
    if len(rows) < 2 or ours.std() == 0 or theirs.std() == 0:
        return None
    return float(np.corrcoef(ours, theirs)[0, 1])


def kl_to_votes(p: Numbers, votes: NDArray[np.int64]) -> float | None:
    """Mean Kullback-Leibler divergence from the votes of the seven to the probabilities, in nats."""
    shares, rows = vote_shares(votes)
    if not len(rows):
        return None
    logs = np.log(np.maximum(shares, 1e-12)) - np.log(np.maximum(p[rows], 1e-12))
    return float((shares * logs).sum(1).mean())
