"""Losses of cosines: values that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lossctl
from lossctl.catalogue.families.metric.cosines import (
    arcface,
    cosine_distance,
    cosine_embedding,
    cosine_proximity,
)
from lossctl.errors import DataError

MOST = float(np.finfo(np.float64).max)


def of_one(loss, *roles, **options):
    """Compute the loss of a single row; a list is a vector, a number a number."""
    (number,) = loss(*(np.array([role], dtype=float) for role in roles), **options).tolist()
    return number


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


DIRECTIONS = [
    # prediction, target, cosine
    ([1, 0], [3, 4], 0.6),
    ([3, 4], [6, 8], 1),
    ([3, 4], [-6, -8], -1),
    ([1, 1], [1, -1], 0),
    ([5, 12], [3, 4], 63 / 65),  # (15 + 48) / (13 × 5)
    ([1e200, 0], [3e200, 4e200], 0.6),
    ([1e-200, 0], [3e-200, 4e-200], 0.6),
    ([1e200, 0], [3e-200, 4e-200], 0.6),
    ([5e-324, 0], [MOST, 0], 1),
    ([MOST, MOST], [MOST, -MOST], 0),
    ([0, 0], [3, 4], 0),
    ([0, 0], [0, 0], 0),
    ([7], [0.1], 1),
    ([7], [-0.1], -1),
]


@pytest.mark.parametrize(("prediction", "target", "cosine"), DIRECTIONS)
def test_losses_of_a_cosine_by_hand(prediction, target, cosine):
    pair = (prediction, target)
    assert of_one(cosine_proximity, *pair) == pytest.approx(-cosine, abs=4e-16)
    assert of_one(cosine_distance, *pair) == pytest.approx(1 - cosine, abs=4e-16)
    assert of_one(cosine_embedding, *pair, 1) == pytest.approx(1 - cosine, abs=4e-16)
    assert of_one(cosine_embedding, *pair, -1) == pytest.approx(max(0, cosine), abs=4e-16)
    shifted = of_one(cosine_embedding, *pair, -1, margin=-1.0)
    assert shifted == pytest.approx(1 + cosine, abs=4e-16)


def test_cosine_proximity_as_in_the_documentation_of_keras():
    # keras.losses.cosine_similarity, in float32
    target = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    prediction = np.array([[1.0, 0.0], [1.0, 1.0], [-1.0, -1.0]])
    expected = [-0.0, -0.99999994, 0.99999994]
    assert cosine_proximity(prediction, target) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(("prediction", "target"), [([0, 0], [3, 4]), ([1, 0], [0, -1])])
def test_a_cosine_of_0_is_not_written_as_minus_0(prediction, target):
    assert math.copysign(1.0, of_one(cosine_proximity, prediction, target)) == 1.0


def test_cosines_of_equal_and_opposite_vectors_are_exact():
    generator = np.random.default_rng(5)
    vectors = generator.normal(size=(500, 7)) * 10.0 ** generator.integers(-200, 200, size=(500, 1))
    for factor in (1.0, 4.0, 2.0**-90):
        assert (cosine_proximity(vectors, factor * vectors) == -1.0).all()
        assert (cosine_proximity(vectors, -factor * vectors) == 1.0).all()
        assert (cosine_distance(vectors, factor * vectors) == 0.0).all()
        assert (cosine_distance(vectors, -factor * vectors) == 2.0).all()


def test_cosines_stay_in_their_range():
    generator = np.random.default_rng(6)
    vectors = generator.normal(size=(2000, 3))
    scaled = vectors * generator.normal(size=(2000, 1))
    assert np.abs(cosine_proximity(vectors, scaled)).max() == 1.0
    assert cosine_distance(vectors, scaled).min() >= 0.0
    assert cosine_distance(vectors, scaled).max() <= 2.0


@pytest.mark.parametrize("angle", [1e-3, 1e-5, 1e-10, 1e-150])
def test_the_distance_of_a_small_angle_has_all_digits(angle):
    # 1 - cos a = 2 sin²(a / 2), and tan a = a (1 + a²/3 + …)
    tangent = [1.0, math.tan(angle)]
    expected = 2 * math.sin(angle / 2) ** 2
    for found in (
        of_one(cosine_distance, tangent, [1, 0]),
        of_one(cosine_embedding, tangent, [1, 0], 1),
    ):
        assert found == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("prediction", "target", "eps", "cosine"),
    [
        ([3e-8, 4e-8], [3, 4], 1e-7, 0.5),  # of length 5e-8, divided by 1e-7
        ([3e-8, 4e-8], [3e-8, 4e-8], 1e-7, 0.25),
        ([3e-8, 4e-8], [-3, -4], 1e-7, -0.5),
        ([3e-8, 4e-8], [3, 4], 5e-8, 1),
        ([0, 0], [3, 4], 1e-7, 0),
        ([1e-200, 0], [1, 0], 1e-7, 1e-193),
        ([MOST, MOST], [3, 3], 1e-7, 1),
    ],
)
def test_short_vectors_divided_by_eps(prediction, target, eps, cosine):
    with np.errstate(over="ignore"):
        assert of_one(cosine_proximity, prediction, target, eps=eps) == close(-cosine)
        distance = of_one(cosine_distance, prediction, target, eps=eps)
    assert distance == pytest.approx(1 - cosine, abs=4e-16)


@pytest.mark.parametrize(
    ("first", "second", "similar", "options", "expected"),
    [
        ([1, 0], [3, 4], -1, {"margin": 0.5}, 0.1),
        ([1, 0], [3, 4], -1, {"margin": 0.75}, 0),
        ([1, 0], [3, 4], 1, {"margin": 0.75}, 0.4),
        ([1, 0], [1, 0], 1, {"eps": 3.0}, 0.75),  # 1 / (√(1 + 3) √(1 + 3)) = ¼
        ([1, 0], [1, 0], -1, {"eps": 3.0}, 0.25),
        ([1, 0], [-1, 0], 1, {"eps": 3.0}, 1.25),
        ([0, 0], [1, 0], 1, {"eps": 3.0}, 1),
        ([0, 0], [1, 0], -1, {"eps": 3.0}, 0),
        ([MOST, MOST], [MOST, MOST], 1, {"eps": 3.0}, 0),
        # torch 2.13.0
        ([1e-6, 0], [3, 4], 1, {"eps": 9.999999960041972e-13}, 0.5757359308642611),
    ],
)
def test_cosine_embedding_by_hand(first, second, similar, options, expected):
    with np.errstate(over="ignore"):
        found = of_one(cosine_embedding, first, second, similar, **options)
    assert found == pytest.approx(expected, rel=1e-14, abs=0)


# arcface

LN2 = math.log(2)
LN3 = math.log(3)
COSINE = {"past_half_turn": "cosine"}


@pytest.mark.parametrize(
    ("cosines", "target", "options", "expected"),
    [
        # without a margin, the cross-entropy of the scaled cosines
        ([0.5, 0.5], 0, {"margin": 0.0}, LN2),
        ([0.5, 0.0], 0, {"margin": 0.0, "scale": 2 * LN3}, math.log(4 / 3)),  # ln(1 + e^-ln 3)
        ([0.5, 0.0], 1, {"margin": 0.0, "scale": 2 * LN3}, math.log(4)),
        # 60° and 30° are a right angle, whose cosine is 0
        ([0.5, 0.0], 0, {"margin": math.pi / 6, "scale": 1.0}, LN2),
        ([0.5, 1.0], 0, {"margin": math.pi / 6, "scale": LN3}, math.log(4)),  # ln(1 + e^ln 3)
        ([1.0, 0.5, 1.0], 1, {"margin": math.pi / 6, "scale": LN3}, math.log(7)),
        # 90° and 60° are 150°
        (
            [0.0, -0.5],
            0,
            {"margin": math.pi / 3, "scale": 1.0},
            math.log1p(math.exp(0.75**0.5 - 0.5)),
        ),
        # a half turn is not past it: -1
        ([1.0, -1.0], 0, {"margin": math.pi, "scale": 1.0}, LN2),
        # 180° and 90° are past it: -1 - π/2 (sin is 1), or the cosine of 270°, which is 0
        ([-1.0, -1.0], 0, {"margin": math.pi / 2, "scale": 1.0}, math.log1p(math.exp(math.pi / 2))),
        ([-1.0, 0.0], 0, {"margin": math.pi / 2, "scale": 1.0, **COSINE}, LN2),
        # by the authors' margin and scale
        ([1.0, 0.0], 0, {}, math.exp(-64 * math.cos(0.5))),  # e^-112 more is no digit of it
        ([-1.0, 1.0], 0, {}, 128 + 32 * math.sin(0.5)),  # 64 (1 + 1 + ½ sin ½)
        ([-1.0, 1.0], 0, COSINE, 64 + 64 * math.cos(0.5)),  # cos(π + ½) = -cos ½
        ([1.0, -1.0], 0, {"scale": 1e6}, 0),
        ([-1.0, 1.0], 0, {"scale": 1e300, "margin": 0.0}, 2e300),
    ],
)
def test_arcface_by_hand(cosines, target, options, expected):
    found = arcface(np.array([cosines]), np.array([target]), **options)
    assert found.tolist() == [close(expected)]


def test_arcface_falls_with_the_cosine_also_past_a_half_turn():
    own = np.linspace(-1.0, 1.0, 201)
    cosines = np.stack([own, np.zeros(201)], axis=1)
    target = np.zeros(201, dtype=int)
    assert (np.diff(arcface(cosines, target)) < 0.0).all()
    plain = arcface(cosines, target, past_half_turn="cosine")
    beyond = own < -math.cos(0.5)
    assert (np.diff(plain[beyond]) > 0.0).all()  # it rises where the paper's formula is taken
    assert (plain[~beyond] == arcface(cosines, target)[~beyond]).all()


def test_arcface_leaves_the_cosines_as_they_are():
    cosines = np.array([[0.5, 0.25]])
    arcface(cosines, np.array([0]))
    assert cosines.tolist() == [[0.5, 0.25]]


def test_what_is_no_cosine_is_refused():
    with pytest.raises(DataError) as caught:
        lossctl.compute("arcface", [[0.5, 1.5]], [0])
    assert str(caught.value) == "prediction[0, 1]: 1.5 is not a cosine (between -1 and 1)"
