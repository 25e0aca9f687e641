"""The model card, written from figures measured in the same run, so that it cannot say anything else."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from classroom_monitor.errors import DataError
from classroom_monitor.expression import CROP_FACTOR, PREPROCESSING, Weights
from classroom_monitor.network import HEADS
from classroom_monitor.records import EXPRESSIONS
from classroom_monitor.settings import load_settings
from training import metrics
from training.calibrate import abstention, sharpness_by_size
from training.data import Faces, to_gray
from training.metrics import NEUTRAL, Numbers
from training.scoring import SIZES, network_logits, prepared

LABEL, SEEN = HEADS.index("label"), HEADS.index("perception")

#: Resamplings behind each interval.
BOOTSTRAPS = 1000

#: Tighter and looser cuts of the same faces, for the effect of the box.
BOX_SCALES = (0.8, 0.9, 1.0, 1.1, 1.2)

COMMAND = "python -m training.evaluate --data fer2013_public_test.npz --json"


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure with its 95 % interval and what the issue that set the goals asked for."""

    name: str
    value: float
    low: float
    high: float
    needed: str


def write_card(
    file: Path, weights: Weights, faces: Faces, report: dict[str, object], p: dict[str, Numbers]
) -> None:
    """Writes the card, with FILE-calibration.svg beside it.

    faces: with votes, those of the report. p: by size, the calibrated probabilities [N, 2, 7] behind it.
    Raises DataError where there are no votes.
    """
    if faces.votes is None:
        raise DataError("the card needs the crowd's votes; use a file that has them")
    crowd = metrics.majority(faces.votes)
    plot = file.with_name(f"{file.stem}-calibration.svg")
    plot.write_text(calibration_plot(p["48"], faces.labels, crowd), encoding="utf-8")
    parts = (
        _head(weights),
        _figures(figures(p, faces)),
        _by_size(report),
        _by_class(p["48"], faces.labels, crowd),
        _confusion(p["48"][:, SEEN], crowd),
        _calibration(weights, plot.name),
        _abstention({size: q[:, SEEN] for size, q in p.items()}, faces, crowd),
        _box_scale(weights, faces, crowd),
        _ablations(file.with_name("ablations.csv")),
        _limits(),
    )
    file.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def figures(p: dict[str, Numbers], faces: Faces) -> list[Measured]:
    """The figures that the goals name, each with a bootstrap interval over the pictures."""
    assert faces.votes is not None
    labels, votes, crowd = faces.labels, faces.votes, metrics.majority(faces.votes)
    coordinates = np.array(load_settings().mood.valence.coordinates())
    full, seen = p["48"], p["48"][:, SEEN]
    small = p["24_jpeg40"]
    negative, neutral = metrics.is_negative(crowd), crowd == NEUTRAL
    read, score = metrics.reads_negative(seen), metrics.negative_score(seen)
    measures: list[tuple[str, str, Callable[[NDArray[np.int64]], float | None]]] = [
        ("valence against the votes, r, perception", ".93",
         lambda i: metrics.valence_r(seen[i], votes[i], coordinates)),
        ("the same at 24 px with JPEG 40", ".78",
         lambda i: metrics.valence_r(small[i][:, SEEN], votes[i], coordinates)),
        ("negative against neutral, AUC, crowd's majority", ".945",
         lambda i: metrics.auc(score[i], negative[i], neutral[i])),
        ("neutral read as negative, crowd's majority", "at most .065",
         lambda i: metrics.share(read[i], neutral[i])),
        ("negative found, crowd's majority", ".75",
         lambda i: metrics.share(read[i], negative[i])),
        ("FER2013 label, label head, one crop", ".70",
         lambda i: metrics.accuracy(full[i][:, LABEL], labels[i])),
        ("crowd's majority, perception head", ".865",
         lambda i: metrics.accuracy(seen[i], crowd[i])),
        ("KL to the votes, nats, perception", "at most .28",
         lambda i: metrics.kl_to_votes(seen[i], votes[i])),
        ("label head at 24 px", ".68", lambda i: metrics.accuracy(p["24"][i][:, LABEL], labels[i])),
        ("label head at 16 px", ".62", lambda i: metrics.accuracy(p["16"][i][:, LABEL], labels[i])),
        ("label head at 24 px with JPEG 40", ".59",
         lambda i: metrics.accuracy(small[i][:, LABEL], labels[i])),
        ("ECE at 24 px, label head", "at most .035", lambda i: metrics.ece(p["24"][i][:, LABEL], labels[i])),
    ]  # fmt: skip
    n = len(labels)
    draws = np.random.default_rng(0).integers(0, n, (BOOTSTRAPS, n))
    found = []
    for name, needed, measure in measures:
        drawn = [value for i in draws if (value := measure(i)) is not None]
        value = measure(np.arange(n))
        if value is not None:
            low, high = np.quantile(drawn, (0.025, 0.975))
            found.append(Measured(name, value, float(low), float(high), needed))
    return found


def calibration_plot(p: Numbers, labels: NDArray[np.int64], crowd: NDArray[np.int64]) -> str:
    """An SVG of share right against stated probability: label head by labels, perception by the majority."""
    side, edge = 320, 40
    lines = []
    for place, truth, colour, dash in ((LABEL, labels, "#0b6e99", ""), (SEEN, crowd, "#b5541c", "6 3")):
        points = []
        known = truth >= 0
        top, right = p[known, place].max(1), p[known, place].argmax(1) == truth[known]
        for low in np.arange(0.2, 1.0, 0.1):
            inside = (top >= low) & (top < low + 0.1)
            if inside.sum() >= 20:
                points.append((float(top[inside].mean()), float(right[inside].mean())))
        path = " ".join(f"{edge + x * side:.0f},{edge + (1 - y) * side:.0f}" for x, y in points)
        lines.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/>'
        )
    end = edge + side
    ticks = "".join(
        f'<text x="{edge + t * side:.0f}" y="{end + 16}" text-anchor="middle">{t:g}</text>'
        f'<text x="{edge - 6}" y="{end - t * side + 4:.0f}" text-anchor="end">{t:g}</text>'
        for t in (0, 0.5, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {end + 20} {end + 40}" '
        'font-family="sans-serif" font-size="12"><title>Share right against stated probability</title>'
        f'<rect width="100%" height="100%" fill="white"/>'
        f'<rect x="{edge}" y="{edge}" width="{side}" height="{side}" fill="none" stroke="#888"/>'
        f'<line x1="{edge}" y1="{end}" x2="{end}" y2="{edge}" stroke="#bbb"/>{"".join(lines)}{ticks}'
        f'<text x="{edge + side / 2}" y="{end + 34}" text-anchor="middle">'
        "stated probability of the top class</text>"
        f'<text x="{edge}" y="16" fill="#0b6e99">label head, share right (solid)</text>'
        f'<text x="{edge}" y="32" fill="#b5541c">perception head, share of the crowd (dashed)</text></svg>\n'
    )


def _probabilities(weights: Weights, images: NDArray[np.uint8], size: str) -> Numbers:
    logits = network_logits(weights.network, prepared(images, size))
    return weights.calibration.probabilities(logits, np.full(len(images), float(SIZES[size][0])))


def _head(weights: Weights) -> str:
    config = weights.network.config
    return f"""# Model card: the expression network

Written by `python -m training.evaluate --card`; every figure was measured in that run.

| | |
| --- | --- |
| file | `classroom_monitor/weights/expression.safetensors` |
| SHA-256 | `{weights.sha256}` |
| parameters | {weights.network.parameter_count:,} (fp16) |
| shape | stem of {config.stem} channels, then stages of {", ".join(map(str, config.widths))} channels \
with {", ".join(map(str, config.blocks))} residual blocks; two heads of seven |
| input | {PREPROCESSING} |
| cut | square around the face's box, {CROP_FACTOR:g} box heights wide, eyes levelled |
| classes | {", ".join(EXPRESSIONS)} |
| training | {weights.note} |

**What it does.** For one face it gives seven probabilities: how a crowd of raters would name the visible
expression. The *perception head* learnt the ten votes that each picture got (FER+) and is what the product
shows. The *label head* learnt FER2013's own labels and exists for the benchmark.

**What it must not be used for.** It does not know what anyone feels, thinks or understands, and must not be
used to say so, to grade, rank, hire, admit, discipline or identify anyone. In the EU, inferring emotions of
people in education institutions from biometric data is prohibited save for medical or safety reasons
(AI Act, Art. 5(1)(f))."""


def _figures(found: list[Measured]) -> str:
    rows = "\n".join(
        f"| {f.name} | {f.value:.3f} | {f.low:.3f} to {f.high:.3f} | {f.needed} |" for f in found
    )
    return f"""## Figures

On FER2013's public test set (3,579 pictures), one crop, no flip, no prior shift. The checkpoint and the
calibration were chosen on this very set, so expect somewhat less on others; the private test set was not
looked at. Intervals: 95 %, bootstrap over the pictures. Command: `{COMMAND}`

| measure | value | interval | goal |
| --- | --- | --- | --- |
{rows}"""


def _by_size(report: dict[str, object]) -> str:
    rows = []
    for head in HEADS:
        values = report[head]
        assert isinstance(values, dict)
        for name in ("accuracy_by_size", "ece_by_size", "valence_r_by_size"):
            cells = " | ".join(f"{values[name][size]:.3f}" for size in SIZES)
            rows.append(f"| {head} | {name.removesuffix('_by_size')} | {cells} |")
    return (
        "## By size of the face\n\nReduced by area to so many pixels, enlarged bicubic. Accuracy and ECE are "
        "against FER2013's labels.\n\n"
        f"| head | measure | {' | '.join(f'{s} px'.replace('_jpeg40 px', ' px JPEG 40') for s in SIZES)} |\n"
        f"| --- | --- |{' --- |' * len(SIZES)}\n" + "\n".join(rows)
    )


def _by_class(p: Numbers, labels: NDArray[np.int64], crowd: NDArray[np.int64]) -> str:
    rows = []
    for place, name in enumerate(EXPRESSIONS):
        cells = []
        for head, truth in ((LABEL, labels), (SEEN, crowd)):
            top = p[:, head].argmax(1)
            found = metrics.share(top == place, truth == place)
            right = metrics.share(truth == place, (top == place) & (truth >= 0))
            cells += [str(int((truth == place).sum())), _number(found), _number(right)]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return (
        "## By class\n\nRecall is the share of the class that is found, precision the share of the finds "
        "that are right. Label head against labels, perception head against the crowd's majority.\n\n"
        "| class | n | recall | precision | n (crowd) | recall | precision |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n" + "\n".join(rows)
    )


def _confusion(p: Numbers, crowd: NDArray[np.int64]) -> str:
    rows = []
    for truth, name in enumerate(EXPRESSIONS):
        of = crowd == truth
        shares = [
            float((p[of].argmax(1) == read).mean()) if of.any() else 0.0 for read in range(len(EXPRESSIONS))
        ]
        rows.append(f"| **{name}** | " + " | ".join(f"{share:.0%}" for share in shares) + " |")
    return (
        "## Confusion\n\nPerception head; rows: what most raters saw, columns: what the network reads.\n\n"
        f"| | {' | '.join(EXPRESSIONS)} |\n|{' --- |' * (len(EXPRESSIONS) + 1)}\n" + "\n".join(rows)
    )


def _calibration(weights: Weights, plot: str) -> str:
    c = weights.calibration
    rows = "\n".join(
        f"| {head} | {' | '.join(f'{t:.3f}' for t in c.temperature[place])} | "
        f"{', '.join(f'{b:+.2f}' for b in c.bias[place])} |"
        for place, head in enumerate(HEADS)
    )
    return f"""## Calibration

![Share right against stated probability]({plot})

Temperature by face side, and bias by class, by the rules at the top of `training/calibrate.py`; stored in
the weights' metadata. Between two sides the temperature is interpolated. The perception head states shares
of a crowd, so it is calibrated to votes, not to one label.

| head | {" | ".join(f"{side} px" for side in c.sides)} | bias ({", ".join(EXPRESSIONS)}) |
| --- |{" --- |" * (len(c.sides) + 1)}
{rows}"""


def _abstention(p: dict[str, Numbers], faces: Faces, crowd: NDArray[np.int64]) -> str:
    settings = load_settings().expression
    sharp = sharpness_by_size(faces.images)
    levels = [(level, 0.0, "") for level in (0.0, 0.4, 0.5, 0.6, 0.7)]
    levels.append((settings.min_confidence, settings.min_sharpness, " (shipped, with the sharpness rule)"))
    blocks = []
    for level, least_sharp, words in levels:
        blocks += [
            f"| {level:.2f}{words} | {row.size.replace('_jpeg40', ' px JPEG 40')} "
            f"| {row.coverage:.1%} | {_number(row.accuracy)} | {_number(row.accuracy_dropped)} |"
            for row in abstention(p, sharp, crowd, level, least_sharp)
        ]
    return (
        "## Abstention: coverage against accuracy\n\n"
        f"A face is not usable when it is smaller than {settings.min_side:g} px, less sharp than "
        f"{settings.min_sharpness:g}, turned more than {settings.max_turn:g} degrees, or its top probability "
        f"is below {settings.min_confidence:g}; the rules stand in "
        "`training/calibrate.py`. Accuracy: perception head, crowd's majority.\n\n"
        "| least top probability | size | kept | accuracy of kept | of dropped |\n"
        "| --- | --- | --- | --- | --- |\n" + "\n".join(blocks)
    )


def _box_scale(weights: Weights, faces: Faces, crowd: NDArray[np.int64]) -> str:
    rows = []
    gray = to_gray(faces.images)
    side = gray.shape[1]
    for scale in BOX_SCALES:
        matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), 0, 1 / scale)
        cut = np.stack(
            [cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE) for image in gray]
        )
        p = _probabilities(weights, cut, "48")
        read = metrics.reads_negative(p[:, SEEN])
        cells = (
            metrics.accuracy(p[:, LABEL], faces.labels),
            metrics.accuracy(p[:, SEEN], crowd),
            metrics.share(read, crowd == NEUTRAL),
            metrics.share(read, metrics.is_negative(crowd)),
        )
        rows.append(f"| {scale:.1f} | {' | '.join(_number(cell) for cell in cells)} |")
    return (
        "## Box scale\n\nThe same faces cut tighter (below 1) or looser, the edge carried on.\n\n"
        "| box | label head | crowd's majority | neutral read as negative | negative found |\n"
        "| --- | --- | --- | --- | --- |\n" + "\n".join(rows)
    )


def _ablations(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            heading, *rows = list(csv.reader(stream))
    except (OSError, ValueError):
        return (
            "## Ablations\n\nNot run for these weights: no time was left on the machine that trained them. "
            "`python -m training.ablate`\nmeasures short runs without votes, without low resolution and with "
            "distillation, and the next card shows them."
        )
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return (
        "## Ablations\n\nShort runs, to compare with one another only: all of the same number of epochs, far "
        "below the shipped weights' training; one seed each, so differences under about one point mean "
        f"nothing. Source: `{file.name}`.\n\n| {' | '.join(heading)} |\n|{' --- |' * len(heading)}\n{table}"
    )


def _limits() -> str:
    return """## Data and limits

- **Trained on** FER2013's training set (Goodfellow et al. 2013) with the FER+ votes (Barsoum et al. 2016):
  gray pictures of 48 pixels, found on the web by words for emotions. Many show actors, stock models and
  public persons; few show anyone on a webcam. Who is in it (age, origin, gender) was never recorded. No other
  data and no network trained on other data were used; half of the targets came from earlier networks of
  ours that learnt from these very pictures (decision 7).
- **Label noise.** The crowd's majority agrees with FER2013's label on about two pictures of three; half of
  what is labelled sad is seen as neutral. The votes are what people see in a picture, not what was felt.
- **Twins.** FER2013's sets share near-copies. Every training row with a twin in the public or the private
  test set (1,052 rows) was left out; identical pictures inside the training set were joined. Figures
  elsewhere that leave the twins in are not comparable.
- **Rare classes.** Disgust and fear are seldom what a majority sees; their rows above rest on few pictures.
- **Groups of people.** There are no trustworthy group labels in the data, so nothing is known of fairness
  across groups, and nothing is claimed.
- **Elsewhere.** Other lighting, cameras, make-up, masks, strong head turns and acted faces are read worse.
  Calibration does not carry over fully to other kinds of pictures."""


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
