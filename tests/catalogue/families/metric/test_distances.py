"""Losses of distances: values that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lossctl.catalogue.families.metric.distances import (
    contrastive,
    contrastive_distance,
    hinge_embedding,
    triplet,
)

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
