"""Values of the metric losses that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

import lossctl
from lossctl.block import Ragged, Words
from lossctl.catalogue.families import metric
from lossctl.catalogue.families.metric import (
    arcface,
    contrastive,
    contrastive_distance,
    cosine_distance,
    cosine_embedding,
    cosine_proximity,
    hinge_embedding,
    info_nce,
    nt_xent,
    supcon,
    triplet,
)
from lossctl.errors import DataError

INF = math.inf
MOST = float(np.finfo(np.float64).max)
ROOT2 = math.sqrt(2)


def of_one(loss, *roles, **options):
    """Compute the loss of a single row; a list is a vector, a number a number."""
    (number,) = loss(*(np.array([role], dtype=float) for role in roles), **options).tolist()
    return number


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


@pytest.mark.parametrize(
    ("first", "second", "similar", "options", "expected"),
    [
        ([3, 4], [0, 0], 1, {}, 12.5),  # ½ 5²
        ([0, 0], [3, 4], 1, {}, 12.5),
        ([3, 4], [0, 0], 1, {"half": False}, 25),
        ([3, 4], [3, 4], 1, {}, 0),
        ([3, 4], [0, 0], 0, {}, 0),  # beyond the margin
        ([3, 4], [0, 0], 0, {"margin": 5.0}, 0),
        ([3, 4], [0, 0], 0, {"margin": 7.0}, 2),  # ½ (7 - 5)²
        ([0.5], [0], 0, {}, 0.125),
        ([0.5], [0], 0, {"half": False}, 0.25),
        ([3, 4], [3, 4], 0, {"margin": 3.0}, 4.5),
        # the paper's labels: 0 is similar
        ([3, 4], [0, 0], 0, {"similar_is": "0"}, 12.5),
        ([3, 4], [0, 0], 1, {"similar_is": "0", "margin": 7.0}, 2),
        ([1, 1, 1], [0, 0, 0], 1, {"half": False}, 3),  # the square of √3 would be 2.9999…
        ([1e150, 0], [-1e150, 0], 1, {}, 2e300),
        ([1e200, 0], [0, 0], 0, {}, 0),  # the square is infinite, the distance is not
        ([3e-200, 4e-200], [0, 0], 0, {"margin": 1e-150}, 5e-301),
        ([MOST, 0], [-MOST, 0], 0, {}, 0),
    ],
)
def test_contrastive_by_hand(first, second, similar, options, expected):
    with np.errstate(over="ignore"):
        assert of_one(contrastive, first, second, similar, **options) == close(expected)


@pytest.mark.parametrize(
    ("distance", "similar", "options", "expected"),
    [
        (5.0, 1, {}, 12.5),
        (5.0, 1, {"half": False}, 25),
        (0.0, 1, {}, 0),
        (0.25, 0, {}, 0.28125),  # ½ (3/4)²
        (1.0, 0, {}, 0),
        (5.0, 0, {"margin": 7.0}, 2),
        (5.0, 0, {"similar_is": "0"}, 12.5),
        (0.5, 1, {"similar_is": "0"}, 0.125),
        (1e150, 1, {}, 5e299),
        (1e-150, 1, {"half": False}, 1e-300),
    ],
)
def test_contrastive_distance_by_hand(distance, similar, options, expected):
    assert of_one(contrastive_distance, distance, similar, **options) == close(expected)


@pytest.mark.parametrize(
    ("distance", "similar", "options", "expected"),
    [
        (5.0, 1, {}, 5),
        (0.0, 1, {}, 0),
        (0.75, -1, {}, 0.25),
        (1.0, -1, {}, 0),
        (3.0, -1, {}, 0),
        (3.0, -1, {"margin": 4.5}, 1.5),
        (1e308, 1, {}, 1e308),
        (5e-324, 1, {}, 5e-324),
    ],
)
def test_hinge_embedding_by_hand(distance, similar, options, expected):
    assert of_one(hinge_embedding, distance, similar, **options) == expected


PLAIN = {"squared": False}


@pytest.mark.parametrize(
    ("anchor", "positive", "negative", "options", "expected"),
    [
        ([0, 0], [3, 4], [6, 8], {}, 0),  # 25 - 100 + 1 is below 0
        ([0, 0], [3, 4], [6, 8], {"margin": 80.0}, 5),
        ([0, 0], [6, 8], [3, 4], {}, 76),
        ([0, 0], [3, 4], [3, 4], {}, 1),
        ([0, 0], [0, 0], [1, 0], {}, 0),  # exactly as far as asked
        ([0, 0], [1, 1], [0, 1], {}, 2),
        ([0, 0], [3, 4], [6, 8], PLAIN, 0),
        ([0, 0], [3, 4], [6, 8], {"margin": 6.0, **PLAIN}, 1),  # 5 - 10 + 6
        # other norms: 3 + 4, and ∛(27 + 64 + 125) = 6
        ([0, 0], [3, -4], [6, 8], {"p": 1.0, "margin": 8.0, **PLAIN}, 1),
        ([0, 0], [3, -4], [6, 8], {"p": 1.0, "margin": 150.0}, 3),  # 49 - 196 + 150
        ([0, 0, 0], [3, -4, 5], [0, 0, 2], {"p": 3.0, **PLAIN}, 5),
        ([0, 0, 0], [3, -4, 5], [0, 0, 2], {"p": 3.0}, 33),  # 36 - 4 + 1
        # 2^(1/1000) - 1 + 1: powers of ½ or 7, 1000 times, would vanish or overflow
        ([0, 0], [0.5, 0.5], [0, 0], {"p": 1000.0, "margin": 0.5, **PLAIN}, (2**0.001 + 1) / 2),
        ([0, 0], [7, 7], [0, 7], {"p": 1000.0, **PLAIN}, 7 * 2**0.001 - 6),
        ([0, 0], [0, 0], [0, 0], {"p": 1.5}, 1),
        # unit vectors at 0°, 90° and 180°: 2 - 4 + 3
        ([2, 0], [0, 3], [-1, 0], {"normalise": True, "margin": 3.0}, 1),
        ([2, 0], [0, 3], [-1, 0], {"normalise": True, **PLAIN}, ROOT2 - 1),
        ([1e200, 0], [0, 1e-200], [-1e-200, 0], {"normalise": True, "margin": 3.0}, 1),
        ([0, 0], [0, 3], [0, 0], {"normalise": True}, 2),  # a zero vector stays one
        # the negative is nearer to the positive than to the anchor, 1 against 4
        ([0], [3], [4], PLAIN, 0),
        ([0], [3], [4], {"swap": True, **PLAIN}, 3),
        ([0], [3], [4], {"swap": True}, 9),  # 9 - 1 + 1
        ([0], [3], [-1], {"swap": True}, 9),  # and here farther
        # eps in each difference: |0 - 1 + ½| - |0 - 3 + ½| + 3
        ([0], [1], [3], {"eps": 0.5, "margin": 3.0, **PLAIN}, 1),
        ([0], [1], [3], {"eps": 0.5, "margin": 7.0}, 1),  # ¼ - 6¼ + 7
        # |3 - 4 + ½| from the positive
        ([0], [3], [4], {"eps": 0.5, "swap": True, **PLAIN}, 3),  # 2½ - ½ + 1
        # eps under the root: √(0 + 2¼) - √(4 + 2¼) + 2
        ([0], [0], [2], {"eps": 2.25, "eps_in": "root", "margin": 2.0, **PLAIN}, 1),
        ([0], [0], [2], {"eps": 2.25, "eps_in": "root", "margin": 6.0}, 2),
        # ∛(0 + 8) - ∛(19 + 8) + 2
        ([0], [0], [19 ** (1 / 3)], {"eps": 8, "eps_in": "root", "p": 3, "margin": 2, **PLAIN}, 1),
        # where squares overflow or vanish
        ([0], [1e200], [1e200], {}, 1),
        ([0], [1e200], [2e200], {}, 0),
        ([0], [2e200], [1e200], {}, INF),
        ([0], [2e200], [1e200], PLAIN, 1e200),
        ([0, 0], [3e-200, 4e-200], [0, 0], {"margin": 1e-200, **PLAIN}, 6e-200),
        ([0], [1e150], [-1e-150], {}, 1e300),
        ([MOST], [-MOST], [-MOST], PLAIN, 1),
        ([MOST], [-MOST], [-MOST], {"p": 1.5}, 1),
    ],
)
def test_triplet_by_hand(anchor, positive, negative, options, expected):
    with np.errstate(over="ignore"):
        assert of_one(triplet, anchor, positive, negative, **options) == close(expected)


def test_triplet_as_in_the_documentation_of_optax():
    anchor, positive = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[0.1, 0.1], [1.1, 1.1]])
    negative = np.array([[1.0, 0.0], [0.0, 1.0]])
    found = triplet(anchor, positive, negative, squared=False, eps=1e-6, eps_in="root")
    assert found == pytest.approx([0.1414, 0.1414], abs=5e-5)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # torch 2.13.0 and optax 0.2.8
        ({"eps": 1e-6, "eps_in": "difference"}, 0.08831218307561972),
        ({"eps": 1e-6, "eps_in": "root"}, 0.08831226741805298),
        ({"eps": 1e-6, "swap": True}, 0.6322788763343505),
        ({"eps": 1e-6, "p": 3.0}, 0.38536252934529713),
    ],
)
def test_triplet_where_frameworks_add_eps(options, expected):
    roles = ([0.5, -1.0, 2.0], [0.25, 0.5, 1.5], [-1.0, 0.75, 3.0])
    assert of_one(triplet, *roles, squared=False, **options) == close(expected)


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


# Losses of whole batches. With this temperature, e^(cos / temperature) is 3 to the power of cos:
# 3 for equal directions, 1 for orthogonal, 1/3 for opposite ones.

THREES = {"temperature": 1 / math.log(3)}
RIGHT, UP, LEFT, DOWN, NOWHERE = [1, 0], [0, 1], [-1, 0], [0, -1], [0, 0]


def ln(number):
    return math.log(number)


def batches(*rows_of_each):
    """Gather the vectors of some batches, of two dimensions."""
    rows = [row for rows in rows_of_each for row in rows]
    vectors = np.array(rows, dtype=float).reshape(-1, 2)
    return Ragged(vectors, np.array([len(rows) for rows in rows_of_each]))


def labels(*of_each):
    """Gather the labels of some batches, a letter each."""
    words = "zabcdefghi"  # of which nothing is a z
    codes = np.array([words.index(letter) for letter in "".join(of_each)], dtype=int)
    return Ragged(Words(codes, tuple(words)), np.array([len(letters) for letters in of_each]))


@pytest.mark.parametrize(
    ("anchor", "positive", "expected"),
    [
        ([RIGHT, UP], [RIGHT, UP], ln(4 / 3)),  # -ln(3 / (3 + 1)), twice
        ([RIGHT, LEFT], [RIGHT, LEFT], ln(10 / 9)),  # -ln(3 / (3 + 1/3))
        ([RIGHT, LEFT], [LEFT, RIGHT], ln(10)),  # -ln(1/3 / (1/3 + 3))
        ([RIGHT, UP], [RIGHT, RIGHT], ln(2)),  # 3 / (3 + 3) and 1 / (1 + 1)
        ([RIGHT, RIGHT], [RIGHT, UP], ln(16 / 3) / 2),  # 3 / (3 + 1) and 1 / (1 + 3)
        ([UP, UP, UP], [UP, UP, UP], ln(3)),
        # shares of 3, 1 and 1/3 in 3 + 1 + 1/3
        ([RIGHT, LEFT, RIGHT], [RIGHT, UP, LEFT], ln(13 / 9 * 13 / 3 * 13) / 3),
        ([NOWHERE, RIGHT], [RIGHT, UP], ln(2 * 4) / 2),  # 1 / (1 + 1) and 1 / (3 + 1)
        # only directions count
        ([[1e200, 0], [0, 3e-200]], [[7e-5, 0], [0, MOST]], ln(4 / 3)),
        ([LEFT], [RIGHT], 0),
        ([], [], 0),
    ],
)
def test_info_nce_by_hand(anchor, positive, expected):
    (found,) = info_nce(batches(anchor), batches(positive), **THREES)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("anchor", "positive", "expected"),
    [
        ([RIGHT, UP], [RIGHT, UP], ln(4 / 3)),
        # 3 / (3 + 3) and 1 / (1 + 1); from the other side 3 / (3 + 1) and 1 / (3 + 1)
        ([RIGHT, UP], [RIGHT, RIGHT], (ln(2) + ln(16 / 3) / 2) / 2),
        ([RIGHT, RIGHT], [RIGHT, UP], (ln(2) + ln(16 / 3) / 2) / 2),
        ([LEFT], [RIGHT], 0),
        ([], [], 0),
    ],
)
def test_symmetric_info_nce_by_hand(anchor, positive, expected):
    (found,) = info_nce(batches(anchor), batches(positive), symmetric=True, **THREES)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("temperature", "positive", "expected"),
    [
        (0.1, [RIGHT, LEFT], 2.0611536203143807e-9),  # ln(1 + e^-20), nothing lost beside the 1
        (0.02, [RIGHT, LEFT], 3.720075976020836e-44),  # ln(1 + e^-100) = e^-100
        (0.001, [RIGHT, LEFT], 0),
        (0.001, [LEFT, RIGHT], 2000),  # e^2000 is above all floats
        (5e-324, [RIGHT, LEFT], 0),
        (5e-324, [LEFT, RIGHT], INF),
        (5e-324, [UP, UP], ln(2)),
        (1e308, [LEFT, RIGHT], ln(2)),
    ],
)
def test_info_nce_at_extreme_temperatures(temperature, positive, expected):
    with np.errstate(over="ignore"):
        (found,) = info_nce(batches([RIGHT, LEFT]), batches(positive), temperature=temperature)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([RIGHT, UP], [RIGHT, UP], ln(5 / 3)),  # -ln(3 / (3 + 1 + 1)), four times
        ([RIGHT, LEFT], [RIGHT, LEFT], ln(11 / 9)),  # -ln(3 / (3 + 1/3 + 1/3))
        ([RIGHT, LEFT], [LEFT, RIGHT], ln(11)),  # -ln(1/3 / (1/3 + 1/3 + 3))
        # 3 / (3 + 1 + 1) for both views of the first, 1/3 / (1/3 + 1 + 1) for those of the second
        ([RIGHT, UP], [RIGHT, DOWN], ln(5 / 3 * 7) / 2),
        ([UP, UP, UP], [UP, UP, UP], ln(5)),
        ([NOWHERE, RIGHT], [RIGHT, RIGHT], ln(3 * 7 * (7 / 3) ** 2) / 4),
        ([[1e200, 0], [0, 3e-200]], [[7e-5, 0], [0, MOST]], ln(5 / 3)),
        ([LEFT], [RIGHT], 0),
        ([], [], 0),
    ],
)
def test_nt_xent_by_hand(first, second, expected):
    (found,) = nt_xent(batches(first), batches(second), **THREES)
    assert found == close(expected)
    (turned,) = nt_xent(batches(second), batches(first), **THREES)
    assert turned == close(expected)


@pytest.mark.parametrize(
    ("temperature", "second", "expected"),
    [
        (0.1, [RIGHT, LEFT], 4.122307236380407e-9),  # ln(1 + 2 e^-20)
        (0.02, [RIGHT, LEFT], 7.440151952041672e-44),
        (0.001, [LEFT, RIGHT], 2000),  # ln(2 + e^2000)
        (5e-324, [RIGHT, LEFT], 0),
        (5e-324, [LEFT, RIGHT], INF),
        (1e308, [LEFT, RIGHT], ln(3)),
    ],
)
def test_nt_xent_at_extreme_temperatures(temperature, second, expected):
    with np.errstate(over="ignore"):
        (found,) = nt_xent(batches([RIGHT, LEFT]), batches(second), temperature=temperature)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        # -ln(3 / (3 + 1)) of both rows of a; the only row of b is left out
        ([RIGHT, RIGHT, UP], "aab", ln(4 / 3)),
        ([UP, RIGHT, RIGHT], "baa", ln(4 / 3)),
        ([RIGHT, RIGHT, LEFT, LEFT], "aabb", ln(11 / 9)),  # -ln(3 / (3 + 1/3 + 1/3))
        ([RIGHT, RIGHT, LEFT, LEFT], "abab", ln(11)),
        # The logarithms are averaged, not the shares: (-ln ¾ - ln ¼) / 2 of the first two rows,
        # where -ln((¾ + ¼) / 2) would be the paper's L_in; and -ln ½ of the third
        ([RIGHT, RIGHT, UP], "aaa", ln(16 / 3 * 2) / 3),
        ([UP, UP, UP, UP], "aaaa", ln(3)),
        ([UP, UP, UP, UP], "aaab", ln(3)),
        ([NOWHERE, RIGHT, RIGHT], "aab", ln(2 * 4) / 2),  # 1 / (1 + 1) and 1 / (1 + 3)
        ([[1e200, 0], [2e-200, 0], [0, MOST]], "aab", ln(4 / 3)),
        ([RIGHT, LEFT], "aa", 0),  # there is no other to be picked
        ([RIGHT, RIGHT, UP], "abc", 0),  # no label twice
        ([RIGHT], "a", 0),
        ([], "", 0),
    ],
)
def test_supcon_by_hand(prediction, target, expected):
    (found,) = supcon(batches(prediction), labels(target), **THREES)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        ([RIGHT, RIGHT, UP], "aab", ln(4 / 3) * 2 / 3),
        ([RIGHT, RIGHT, UP, UP], "aabc", ln(5 / 3) / 2),  # -ln(3 / (3 + 1 + 1)), and 0 twice
        ([RIGHT, RIGHT, UP], "aaa", ln(16 / 3 * 2) / 3),
        ([RIGHT, UP], "ab", 0),
    ],
)
def test_rows_alone_may_count_as_0(prediction, target, expected):
    (found,) = supcon(batches(prediction), labels(target), count_alone=True, **THREES)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("temperature", "target", "expected"),
    [
        (0.1, "aabb", 4.122307236380407e-9),  # ln(1 + 2 e^-20)
        (0.001, "abab", 2000),
        (0.001, "aaaa", 4000 / 3),  # of the three others, two are 2000 behind the nearest
        (5e-324, "aabb", 0),
        (5e-324, "abab", INF),
        (5e-324, "aaaa", INF),
        (1e308, "abab", ln(3)),
    ],
)
def test_supcon_at_extreme_temperatures(temperature, target, expected):
    prediction = batches([RIGHT, RIGHT, LEFT, LEFT])
    with np.errstate(over="ignore"):
        (found,) = supcon(prediction, labels(target), temperature=temperature)
    assert found == close(expected)


def test_two_rows_a_label_are_the_two_views_of_an_example():
    generator = np.random.default_rng(8)
    first, second = generator.normal(size=(2, 9, 2))
    views = batches([*first, *second])
    found = supcon(views, labels("abcdefghi" * 2), temperature=0.5)
    assert found == pytest.approx(nt_xent(batches(first), batches(second)), rel=1e-14)


def test_each_batch_has_its_own_number():
    some = batches([RIGHT, UP], [], [LEFT], [RIGHT, LEFT])
    assert info_nce(some, some, **THREES) == close([ln(4 / 3), 0, 0, ln(10 / 9)])
    assert nt_xent(some, some, **THREES) == close([ln(5 / 3), 0, 0, ln(11 / 9)])
    # a label that comes again in another batch is alone all the same
    target = labels("aa", "", "a", "ba")
    assert supcon(batches([UP, UP], [], [LEFT], [UP, UP]), target, **THREES) == close([0] * 4)


@pytest.mark.parametrize("cells", [1, 7, 30])
def test_a_large_batch_is_taken_in_strips(monkeypatch, cells):
    generator = np.random.default_rng(9)
    first, second = (batches(rows) for rows in generator.normal(size=(2, 11, 2)))
    target = labels("abcabcabcad")
    losses = [(info_nce, (first, second)), (nt_xent, (first, second)), (supcon, (first, target))]
    whole = [loss(*roles) for loss, roles in losses]
    monkeypatch.setattr(metric, "CELLS", cells)
    in_strips = [loss(*roles) for loss, roles in losses]
    assert np.ravel(in_strips) == pytest.approx(np.ravel(whole), rel=1e-14)


def by_loops(views, like, temperature):
    """Average, over the views, of -ln of the share of each view that is like it."""
    terms = []
    for place, view in enumerate(views):
        powers = {
            other: math.exp(
                sum(map(operator.mul, view, each))
                / math.hypot(*view)
                / math.hypot(*each)
                / temperature
            )
            for other, each in enumerate(views)
            if other != place
        }
        total = math.fsum(powers.values())
        found = [-math.log(powers[other] / total) for other in powers if like(place, other)]
        terms += [math.fsum(found) / len(found)] if found else []
    return math.fsum(terms) / len(terms)


@pytest.mark.parametrize("temperature", [0.05, 0.5, 3.0])
def test_losses_of_batches_by_loops(temperature):
    generator = np.random.default_rng(10)
    first, second = generator.normal(size=(2, 8, 2)).tolist()
    found = nt_xent(batches(first), batches(second), temperature=temperature)
    expected = by_loops(first + second, lambda i, j: i % 8 == j % 8, temperature)
    assert found == pytest.approx([expected], rel=1e-12)
    target = "aabcacbd"
    found = supcon(batches(first), labels(target), temperature=temperature)
    expected = by_loops(first, lambda i, j: target[i] == target[j], temperature)
    assert found == pytest.approx([expected], rel=1e-12)


@pytest.mark.parametrize(
    "target", [["cat", "cat", "dog"], [7, 7, -3], ["1", "1", "01"], np.array([2.0, 2.0, 9.0])]
)
def test_labels_only_tell_what_is_alike(target):
    found = lossctl.compute("supcon", np.array([RIGHT, RIGHT, UP]), target, **THREES)
    assert found == close(ln(4 / 3))


def test_a_batch_without_rows_may_stand_among_others():
    vectors, words = [[], [RIGHT, RIGHT, UP]], [[], ["cat", "cat", "dog"]]
    found = lossctl.compute("supcon", vectors, words, reduction="none", **THREES)
    assert found == close([0, ln(4 / 3)])
