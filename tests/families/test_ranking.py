"""Values of the ranking losses that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lossctl.families.ranking import margin_ranking, pairwise_logistic

LN2 = math.log(2)
BOTH = [margin_ranking, pairwise_logistic]


def of_one(loss, *roles, **options):
    """Compute the loss of a single row."""
    (number,) = loss(*(np.array([role]) for role in roles), **options).tolist()
    return number


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


@pytest.mark.parametrize(
    ("positive", "negative", "margin", "expected"),
    [
        (3.0, 1.0, 0.0, 0),
        (1.0, 3.0, 0.0, 2),
        (2.0, 2.0, 0.0, 0),
        (2.0, 2.0, 0.5, 0.5),
        (3.0, 1.0, 2.0, 0),  # exactly as much higher as asked
        (3.0, 1.0, 2.5, 0.5),
        (-3.0, -1.0, 1.0, 3),
        (-1e150, 1e150, 0.0, 2e150),
        (0.0, 5e-324, 0.0, 5e-324),
    ],
)
def test_margin_ranking_by_hand(positive, negative, margin, expected):
    assert of_one(margin_ranking, positive, negative, margin=margin) == expected
    assert of_one(margin_ranking, positive, negative, 1.0, margin=margin) == expected
    # the other way round, with the other order
    assert of_one(margin_ranking, negative, positive, -1.0, margin=margin) == expected


def test_margin_ranking_has_margin_0_unless_told():
    assert of_one(margin_ranking, 1.0, 1.0) == 0.0


def test_margin_ranking_as_in_the_documentation_of_paddle():
    # paddle.nn.functional.margin_ranking_loss: input [[1, 2], [3, 4]], other [[2, 1], [2, 4]],
    # label [[1, -1], [-1, -1]]; the mean is 0.75
    one, other = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 1.0, 2.0, 4.0])
    order = np.array([1.0, -1.0, -1.0, -1.0])
    assert margin_ranking(one, other, order).mean() == 0.75


@pytest.mark.parametrize(
    ("lead", "expected"),
    [
        (0.0, LN2),
        (math.log(3), math.log(4 / 3)),  # ln(1 + 1/3)
        (-math.log(3), math.log(4)),
        (1.0, 0.31326168751822286),  # ln(1 + 1/e)
        (40.0, 4.248354255291589e-18),  # e^-40: its square is far below the last digit
        (-40.0, 40.0),
        (800.0, 0.0),
        (-800.0, 800.0),
        (2e150, 0.0),
        (-2e150, 2e150),
    ],
)
def test_pairwise_logistic_by_hand(lead, expected):
    half = lead / 2
    assert of_one(pairwise_logistic, half, -half) == close(expected)
    assert of_one(pairwise_logistic, half, -half, 1.0) == close(expected)
    assert of_one(pairwise_logistic, -half, half, -1.0) == close(expected)


@pytest.mark.parametrize("loss", BOTH)
def test_only_the_difference_of_the_scores_counts(loss):
    assert of_one(loss, 5.0, 7.0) == of_one(loss, -102.0, -100.0)


@pytest.mark.parametrize("loss", BOTH)
def test_the_order_may_change_from_row_to_row(loss):
    scores = np.array([1.0, 1.0]), np.array([4.0, 4.0])
    found = loss(*scores, np.array([1.0, -1.0]))
    assert found.tolist() == [of_one(loss, 1.0, 4.0), of_one(loss, 4.0, 1.0)]


@pytest.mark.parametrize("loss", BOTH)
def test_scores_as_far_apart_as_can_be(loss):
    most = float(np.finfo(np.float64).max)
    with np.errstate(over="ignore"):
        assert of_one(loss, most, -most) == 0.0
        assert of_one(loss, -most, most) == math.inf  # twice the largest float
