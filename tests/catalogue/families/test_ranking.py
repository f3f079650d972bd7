"""Values of the ranking losses that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lossctl
from lossctl.block import Ragged
from lossctl.catalogue.families import ranking
from lossctl.catalogue.families.ranking import (
    lambdarank,
    listnet,
    margin_ranking,
    pairwise_logistic,
)

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


def test_margin_ranking_has_margin_0_by_default():
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


# Losses of lists

LN3 = math.log(3)
MOST = float(np.finfo(np.float64).max)


def lists(*of_each):
    """Gather the scores or grades of some lists."""
    lengths = np.array([len(numbers) for numbers in of_each])
    return Ragged(np.array([number for numbers in of_each for number in numbers], float), lengths)


def of_list(loss, prediction, target, **options):
    """Compute the loss of a single list."""
    with np.errstate(over="ignore", invalid="ignore"):
        (number,) = loss(lists(prediction), lists(target), **options).tolist()
    return number


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        # chances of ¾ and ¼ to be first
        ([LN3, 0], [0, 0], math.log(16 / 3) / 2),  # -½ ln ¾ - ½ ln ¼
        ([0, 0], [LN3, 0], LN2),  # ½ of everything
        ([LN3, 0], [0, LN3], math.log(4 / 3) / 4 + math.log(4) * 3 / 4),
        ([LN3 + 7, 7], [-5, LN3 - 5], math.log(4 / 3) / 4 + math.log(4) * 3 / 4),  # differences
        ([1, 1, 1], [2, 2, 2], LN3),  # grades that are all equal
        # exact scores still cost the entropy of ¾ and ¼
        ([LN3, 0], [LN3, 0], math.log(4 / 3) * 3 / 4 + math.log(4) / 4),
        ([40, 0], [1000, 0], 4.248354255291589e-18),  # ln(1 + e^-40)
        ([1000, 0], [1000, 0], 0),
        ([0, 1000], [1000, 0], 1000),
        ([-1e150, 1e150], [1e150, -1e150], 2e150),
        ([MOST, -MOST], [1000, 0], 0),
        ([-MOST, MOST], [1000, 0], math.inf),
        ([5], [3], 0),
        ([], [], 0),
    ],
)
def test_listnet_by_hand(prediction, target, expected):
    assert of_list(listnet, prediction, target) == close(expected)
    assert of_list(listnet, prediction[::-1], target[::-1]) == close(expected)


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        ([LN3, 0], [1, 0], math.log(4 / 3)),
        ([LN3, 0], [2, 3], 2 * math.log(4 / 3) + 3 * math.log(4)),
        ([LN3, 0], [0, 0], 0),
        ([-MOST, MOST], [0, 1], 0),
        ([5], [3], 0),
        ([], [], 0),
    ],
)
def test_listnet_with_grades_as_weights_by_hand(prediction, target, expected):
    assert of_list(listnet, prediction, target, as_weights=True) == close(expected)


def test_listnet_as_in_the_documentation_of_optax():
    # optax.losses.ranking_softmax_loss
    assert of_list(listnet, [2, 1, 3], [1, 0, 0], as_weights=True) == pytest.approx(1.408, abs=5e-4)
    two = lists([2, 1], [1, 0.5, 1.5]), lists([1, 0], [0, 0, 1])
    assert listnet(*two, as_weights=True).mean() == pytest.approx(0.497, abs=5e-4)


def test_a_certain_item_costs_no_minus_0():
    assert math.copysign(1.0, of_list(listnet, [5], [3])) == 1.0


# Of ranks 1, 2 and 3 the discounts are 1, SECOND and ½.
SECOND = math.log(2) / math.log(3)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        # the relevant item is second: 1 more gain for 1 - SECOND more discount, ln(1 + 3)
        ([0, LN3], [1, 0], {}, (1 - SECOND) * math.log(4)),
        ([LN3, 0], [1, 0], {}, (1 - SECOND) * math.log(4 / 3)),
        ([0, LN3], [1, 0], {"sigma": 2}, (1 - SECOND) * math.log(10)),
        ([LN3, 0], [1, 0], {"sigma": 2}, (1 - SECOND) * math.log(10 / 9)),
        # Grades 2, 1 and 0 are gains of 3, 1 and 0. Equal scores are ranked in their order, so
        # that the pairs change 2 (1 - SECOND), 3 × ½ and SECOND - ½ of 3 + SECOND at best
        ([0, 0, 0], [2, 1, 0], {}, (3 - SECOND) / (3 + SECOND) * LN2),
        # and 2 (SECOND - ½), 3 × ½ and 1 - SECOND the other way round
        ([0, 0, 0], [0, 1, 2], {}, (1.5 + SECOND) / (3 + SECOND) * LN2),
        # the best order is by grade, ranks are by score: 2nd, 3rd and 1st
        (
            [1, 0, 2],
            [2, 1, 0],
            {},
            (
                2 * (SECOND - 0.5) * math.log1p(math.exp(-1))
                + 3 * (1 - SECOND) * math.log1p(math.exp(1))
                + 0.5 * math.log1p(math.exp(2))
            )
            / (3 + SECOND),
        ),
        # only the first rank counts: 2 and 3 of 3, and nothing between the others
        ([0, 0, 0], [2, 1, 0], {"truncation": 1}, 5 / 3 * LN2),
        ([0, 0, 0], [0, 1, 2], {"truncation": 1}, (3 + 1) / 3 * LN2),
        ([0, 0, 0], [2, 1, 0], {"truncation": 3}, (3 - SECOND) / (3 + SECOND) * LN2),
        ([0, 0, 0], [2, 1, 0], {"truncation": 9}, (3 - SECOND) / (3 + SECOND) * LN2),
        # items of one grade make no pair
        ([0, 0, 0], [1, 1, 0], {}, (1 - 0.5 + SECOND - 0.5) / (1 + SECOND) * LN2),
        # grades between: 2^½ - 1 against 0, of itself
        ([0, 0], [0.5, 0], {}, (1 - SECOND) * LN2),
        ([0, 0], [1e-300, 0], {}, (1 - SECOND) * LN2),
        # 2^5000 is above all floats; of it 2^4999 is half
        ([0, 0], [5000, 4999], {}, 0.5 * (1 - SECOND) / (1 + 0.5 * SECOND) * LN2),
        ([0, 0], [5000, 0], {}, (1 - SECOND) * LN2),
        # far apart
        ([40, 0], [1, 0], {}, (1 - SECOND) * 4.248354255291589e-18),
        ([1e150, -1e150], [1, 0], {}, 0),
        ([-1e150, 1e150], [1, 0], {}, (1 - SECOND) * 2e150),
        ([-MOST, MOST], [1, 0], {}, math.inf),
        # what is beyond the truncation costs nothing, however wrong
        ([MOST, 0, -MOST], [2, 0, 1], {"truncation": 1}, 0),
        # nothing to rank
        ([1, 2, 3], [0, 0, 0], {}, 0),
        ([1, 2, 3], [4, 4, 4], {}, 0),
        ([1], [4], {}, 0),
        ([], [], {}, 0),
    ],
)
def test_lambdarank_by_hand(prediction, target, options, expected):
    found = of_list(lambdarank, prediction, target, **options)
    assert found == pytest.approx(expected, rel=1e-14, abs=0)


def by_loops(scores, grades, sigma, truncation):
    """Exchange two items, and look how NDCG has changed."""

    def gain_of(order):
        first = [grades[item] for item in order[:truncation]]
        return math.fsum((2**grade - 1) / math.log2(2 + rank) for rank, grade in enumerate(first))

    order = sorted(range(len(scores)), key=lambda item: -scores[item])
    best = gain_of(sorted(order, key=lambda item: -grades[item]))
    total = []
    for one in order:
        for other in order:
            if grades[one] > grades[other]:
                exchanged = [{one: other, other: one}.get(item, item) for item in order]
                change = abs(gain_of(exchanged) - gain_of(order)) / best
                lead = scores[one] - scores[other]
                total.append(change * math.log1p(math.exp(-sigma * lead)))
    return math.fsum(total)


@pytest.mark.parametrize(("sigma", "truncation"), [(1.0, None), (0.3, 4), (2.0, 1)])
@pytest.mark.parametrize("cells", [1, 60, ranking.CELLS])
def test_lambdarank_by_exchanging_items(monkeypatch, sigma, truncation, cells):
    monkeypatch.setattr(ranking, "CELLS", cells)
    generator = np.random.default_rng(4)
    lengths = [7, 2, 0, 7, 12, 1, 7, 2]
    scores = [generator.normal(size=length).round(1).tolist() for length in lengths]  # some equal
    grades = [generator.integers(0, 4, length).tolist() for length in lengths]
    found = lambdarank(lists(*scores), lists(*grades), sigma=sigma, truncation=truncation)
    expected = [by_loops(*roles, sigma, truncation) for roles in zip(scores, grades, strict=True)]
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_each_list_has_its_own_number():
    found = listnet(lists([LN3, 0], [], [5], [0, 0, 0]), lists([0, 0], [], [3], [1, 1, 1]))
    assert found == close([math.log(16 / 3) / 2, 0, 0, LN3])


@pytest.mark.parametrize("loss", ["listnet", "lambdarank"])
def test_lists_have_as_many_scores_as_grades(loss):
    with pytest.raises(lossctl.errors.DataError, match="the arrays do not fit in unit 1"):
        lossctl.compute(loss, [[1.0], [1.0, 2.0]], [[1.0], [1.0]])


def test_lambdarank_takes_no_negative_grades():
    with pytest.raises(lossctl.errors.DataError, match=r"target\[1\]: -1.0 is not"):
        lossctl.compute("lambdarank", [1.0, 2.0], [1.0, -1.0])
    assert lossctl.compute("listnet", [1.0, 1.0], [1.0, -1.0]) == close(LN2)
    with pytest.raises(lossctl.errors.DataError, match=r"target\[1\]: -1.0 is not"):
        lossctl.compute("listnet", [1.0, 1.0], [1.0, -1.0], as_weights=True)
