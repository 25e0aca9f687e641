"""Augmentation: training sees what the product's preprocessing makes, and each change does something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from labelled import CALM, bars

from classroom_monitor.expression import preprocess
from training.augment import Augmentation, augment, compress

IMAGES = bars(28).images


def changed(settings: Augmentation, seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return augment(IMAGES, np.random.default_rng(seed), settings)


def test_training_path_equals_app_path() -> None:
    plain = np.stack([preprocess(image) for image in IMAGES])
    np.testing.assert_array_equal(changed(CALM), plain)


def test_the_same_seed_draws_the_same_changes() -> None:
    np.testing.assert_array_equal(changed(Augmentation()), changed(Augmentation()))
    assert not np.array_equal(changed(Augmentation()), changed(Augmentation(), seed=1))


def test_the_pictures_given_stay_as_they_are() -> None:
    before = IMAGES.copy()
    changed(Augmentation(flip=1, light=1, erase=1, strip=1, noise=1, low_resolution=1, jpeg=1))
    np.testing.assert_array_equal(IMAGES, before)


@pytest.mark.parametrize(
    "settings",
    [
        {"flip": 1.0},
        {"rotate": 20.0},
        {"scale_low": 1.2, "scale_high": 1.3},
        {"shift": 0.2},
        {"ramp": 1.0},
        {"blur": 1.0},
        {"sharpen": 1.0},
        {"noise": 1.0},
        {"erase": 1.0},
        {"strip": 1.0},
        {"low_resolution": 1.0},
        {"jpeg": 1.0, "low_resolution": 1.0, "side_low": 48, "side_high": 48},
    ],
)
def test_each_change_changes_and_stays_normalised(settings: dict[str, float]) -> None:
    out = changed(replace(CALM, **settings))  # type: ignore[arg-type]
    assert not np.allclose(out, changed(CALM), atol=0.05)
    assert np.abs(out.mean((1, 2))).max() < 1e-3
    assert out.std((1, 2)) == pytest.approx(np.ones(len(out)), abs=1e-3)


def test_a_flip_is_a_mirror() -> None:
    np.testing.assert_allclose(changed(replace(CALM, flip=1.0)), changed(CALM)[:, :, ::-1], atol=1e-5)


def test_lower_quality_is_further_from_the_picture() -> None:
    def away(quality: int) -> float:
        return float(np.abs(compress(IMAGES[0], quality).astype(float) - IMAGES[0]).mean())

    assert away(90) < away(40) < away(10)
