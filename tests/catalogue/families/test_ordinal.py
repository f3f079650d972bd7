"""Values of the losses of ordered classes that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.catalogue.families.ordinal import coral, corn, cumulative_link
from lossctl.errors import DataError, UsageError

INF = math.inf
LN2, LN3, LN10 = math.log(2), math.log(3), math.log(10)
LN_4_3 = math.log(4 / 3)
WITHIN_1, WITHIN_2 = 0.6826894921370859, 0.9544997361036416
"""How much of a normal distribution is within one and two standard deviations."""


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


def of_one(loss, columns, target, **options):
    """Compute the loss of a single row."""
    with np.errstate(divide="ignore", over="ignore"):
        (number,) = loss(np.array([columns], dtype=float), np.array([target]), **options).tolist()
    return number


def of_tasks(columns, target):
    """Compute the loss of a single row as a sum and a number of thresholds reached."""
    return corn(np.array([columns], dtype=float), np.array([target]))[0].tolist()


# cumulative_link


@pytest.mark.parametrize(
    ("columns", "target", "expected"),
    [
        # logistic of 0 and ln 3: 1/2 and 3/4
        ([0, LN3], 0, LN2),
        ([0, LN3], 1, 2 * LN2),  # 3/4 - 1/2
        ([0, LN3], 2, 2 * LN2),  # 1 - 3/4
        ([-LN3, LN3], 1, LN2),
        # two classes: one column
        ([LN3], 0, LN_4_3),
        ([LN3], 1, 2 * LN2),
        # four classes: 1/4, 1/2, 3/4
        ([-LN3, 0, LN3], 0, 2 * LN2),
        ([-LN3, 0, LN3], 3, 2 * LN2),
        # far out: e^-800 is 0, its logarithm is not
        ([-800, 800], 0, 800),
        ([-800, 800], 1, 0),
        ([-800, 800], 2, 800),
        ([-1e150, 1e150], 2, 1e150),
        ([40, 41], 2, 41),  # ln(1 + e^41), and e^-41 is beyond the last digit
        # 1/(1 + e^-40) - 1/2 and ln 2 differ by e^-40 twice over
        ([0, 40], 1, LN2),
        # neighbours: the density e^-40 times the width 2^-30, in the middle of it
        ([40, 40 + 2**-30], 1, 40 + 30 * LN2 + 2**-31),
        ([-40 - 2**-30, -40], 1, 40 + 30 * LN2 + 2**-31),
        ([0, 1e-12], 1, 2 * LN2 + 12 * LN10),  # the density 1/4
        ([0, 5e-324], 1, 2 * LN2 + 1074 * LN2),
        # as far apart as can be: from the least float to the largest
        ([-1.7e308, 1.7e308], 1, 0),
        # nothing is between two equal columns
        ([1, 1], 1, INF),
        ([1, 1], 0, math.log(1 + math.exp(-1))),
        ([1, 1], 2, math.log(1 + math.e)),
    ],
)
def test_cumulative_link_by_hand(columns, target, expected):
    assert of_one(cumulative_link, columns, target) == close(expected)


@pytest.mark.parametrize(
    ("columns", "target", "expected"),
    [
        ([0, 1], 0, LN2),
        ([0, 1], 1, -math.log(WITHIN_1 / 2)),
        ([0, 1], 2, -math.log((1 - WITHIN_1) / 2)),
        ([-1, 1], 1, -math.log(WITHIN_1)),
        ([-2, 2], 1, -math.log(WITHIN_2)),
        ([1, 2], 1, -math.log((WITHIN_2 - WITHIN_1) / 2)),
        ([-2, -1], 1, -math.log((WITHIN_2 - WITHIN_1) / 2)),
        ([0], 1, LN2),
        ([3, 3], 1, INF),
        # the density in 0 is 1 / √(2π)
        ([0, 1e-200], 1, 200 * LN10 + 0.5 * math.log(2 * math.pi)),
        ([-5e-324, 5e-324], 1, 1073 * LN2 + 0.5 * math.log(2 * math.pi)),
        # of mpmath with 60 digits: ln of differences of erfc(x / √2) / 2
        ([-10, 0], 0, 53.23128515051247),
        ([24, 50], 2, 1254.8313611394199),
        ([0, 24], 2, 292.0987210032078),
        ([0, 26], 2, 342.17850892992783),
        ([-40, 0], 0, 804.6084420137538),
        ([-1000, 0], 0, 500007.82669481216),
        ([10, 10.5], 1, 53.2369693717525),
        ([30, 30.015625], 1, 455.30309406131033),
        ([30, 31], 1, 454.32124395634327),
        ([-31, -30], 1, 454.32124395634327),
        ([3, 3.0009765625], 1, 12.351874983755588),
        ([-0.25, 0.5], 1, 1.2372925013224503),
        ([-0.5, 0.25], 1, 1.2372925013224503),
        ([7, 7.125], 1, 27.90623575896499),
        # far out
        ([-1e150, 1e150], 0, 5e299),
        ([-1e150, 1e150], 1, 0),
        ([-1e155, 0], 0, INF),  # its square is no float
    ],
)
def test_cumulative_link_with_probit_by_hand(columns, target, expected):
    assert of_one(cumulative_link, columns, target, link="probit") == close(expected)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_the_classes_share_a_probability_of_1(link):
    columns = np.array([[-2.5, -0.5, -0.25, 1.0, 1.125, 6.0]] * 7)
    with np.errstate(divide="ignore"):
        found = cumulative_link(columns, np.arange(7), link=link)
    assert math.fsum(np.exp(-found)) == pytest.approx(1, rel=1e-15)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_the_other_way_round_the_order_is_another_but_not_the_loss(link):
    generator = np.random.default_rng(5)
    columns = np.sort(generator.normal(0.0, 8.0, (200, 3)))
    target = generator.integers(0, 4, 200)
    with np.errstate(divide="ignore"):
        found = cumulative_link(columns, target, link=link)
        turned = cumulative_link(-columns[:, ::-1], 3 - target, link=link)
    np.testing.assert_allclose(turned, found, rtol=4e-15)


def test_a_row_that_falls_is_refused():
    with pytest.raises(DataError) as caught:
        lossctl.compute("cumulative_link", [[0.0, 1.0, 2.0], [0.0, 2.0, 1.5]], [0, 1])
    assert str(caught.value) == (
        "prediction[1, 2]: 1.5 is not at least 2.0, the score in the previous column\n"
        "if the columns hold scores of exceeding a class, negate them"
    )


# coral

LEVELS = [[2.1, 1.8, -2.1, -1.8], [1.9, -1.0, -1.5, -1.3], [1.9, 1.8, 1.7, 1.6]]
"""The logits of the examples and tests of coral-pytorch."""


def test_coral_as_in_the_tests_of_coral_pytorch():
    # levels [1, 1, 0, 0], [1, 0, 0, 0] and [1, 1, 1, 1] are the labels 2, 1 and 4
    found = coral(np.array(LEVELS), np.array([2, 1, 4]))
    assert found.tolist() == pytest.approx([0.5370, 0.8951, 0.6441], abs=5e-5)
    assert found.mean() == pytest.approx(0.6920, abs=5e-5)
    assert found.sum() == pytest.approx(2.0761, abs=1e-4)


@pytest.mark.parametrize(
    ("columns", "target", "expected"),
    [
        # P(y > 0) = 3/4, P(y > 1) = 1/2
        ([LN3, 0], 0, 2 * LN2 + LN2),  # -ln 1/4 - ln 1/2
        ([LN3, 0], 1, LN_4_3 + LN2),
        ([LN3, 0], 2, LN_4_3 + LN2),
        ([LN3], 0, 2 * LN2),
        ([LN3], 1, LN_4_3),
        ([800, -800], 1, 0),
        ([800, -800], 0, 800),
        ([-800, 800], 1, 1600),
        ([40, -40], 1, 2 * 4.248354255291589e-18),  # twice e^-40
        ([1e150, -1e150, 0], 0, 1e150),
    ],
)
def test_coral_by_hand(columns, target, expected):
    assert of_one(coral, columns, target) == close(expected)


def test_two_classes_in_one_column_are_a_binary_label():
    # 1/4, 3/4 and 1/2
    logits, target = [-LN3, LN3, 0.0], [1, 1, 0]
    expected = (2 * LN2 + LN_4_3 + LN2) / 3
    assert lossctl.compute("coral", logits, target) == close(expected)
    assert lossctl.compute("corn", logits, target) == close(expected)
    assert lossctl.compute("cumulative_link", np.negative(logits), target) == close(expected)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ("1,1", LN_4_3 + LN2),
        ("2, 0.5", 2 * LN_4_3 + 0.5 * LN2),
        ("0,1", LN2),
    ],
)
def test_tasks_of_coral_may_have_weights(weights, expected):
    assert of_one(coral, [LN3, 0], 1, task_weights=weights) == close(expected)


def test_a_task_of_weight_0_does_not_count_however_wrong():
    assert of_one(coral, [-1.7e308, 0], 1, task_weights="0,1") == close(LN2)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("1,2,3", "task_weights has 3 numbers, but there are 2 columns"),
        (
            "1,-2",
            (
                "task_weights must be numbers of at least 0 (not all 0), separated by commas, "
                "not '1,-2'"
            ),
        ),
        (
            "0,0",
            (
                "task_weights must be numbers of at least 0 (not all 0), separated by commas, "
                "not '0,0'"
            ),
        ),
    ],
)
def test_wrong_weights_of_tasks_are_refused(weights, message):
    with pytest.raises(UsageError) as caught:
        lossctl.compute("coral", [[0.0, 0.0]], [1], task_weights=weights)
    assert str(caught.value) == message


# corn


def test_corn_as_in_the_tests_of_coral_pytorch():
    assert lossctl.compute("corn", LEVELS, [0, 1, 2]) == pytest.approx(0.8047, abs=5e-5)


@pytest.mark.parametrize(
    ("columns", "target", "expected"),
    [
        # P(y > 0) = 3/4, P(y > 1 | y ≥ 1) = 1/2
        ([LN3, 0], 0, [2 * LN2, 1]),
        ([LN3, 0], 1, [LN_4_3 + LN2, 2]),
        ([LN3, 0], 2, [LN_4_3 + LN2, 2]),
        ([LN3], 1, [LN_4_3, 1]),
        # thresholds that were not reached do not count, however wrong
        ([-800, 800, 800], 0, [0, 1]),
        ([800, -800, 1.7e308], 1, [0, 2]),
        ([-800, -800, -800], 3, [2400, 3]),
        ([40, -40, 0], 1, [2 * 4.248354255291589e-18, 2]),
    ],
)
def test_corn_by_hand(columns, target, expected):
    assert of_tasks(columns, target) == close(expected)


def test_corn_is_the_mean_over_thresholds_not_over_rows():
    columns, target = [[LN3, 0.0], [LN3, 7.0]], [1, 0]
    # ln 4/3 + ln 2 of two thresholds, ln 4 of one
    assert lossctl.compute("corn", columns, target) == close((LN_4_3 + LN2 + 2 * LN2) / 3)
    single = lossctl.compute("corn", columns, target, reduction="none")
    assert single.tolist() == close([(LN_4_3 + LN2) / 2, 2 * LN2])
    # a weight is that of each threshold of the row
    weighted = lossctl.compute("corn", columns, target, weight=[1, 2])
    assert weighted == close((LN_4_3 + LN2 + 2 * 2 * LN2) / (2 + 2))


def test_the_conditional_answers_make_up_the_probability_of_the_class():
    columns = [0.3, -1.2, 2.0, 0.7]
    sums = [of_tasks(columns, target)[0] for target in range(5)]
    assert math.fsum(math.exp(-loss) for loss in sums) == pytest.approx(1, rel=1e-15)


# Labels

THREE = [[-1.0, 0.0], [0.0, 1.0], [0.5, 2.0]]


@pytest.mark.parametrize("name", ["cumulative_link", "coral", "corn"])
def test_classes_may_have_numbers_from_1_or_names(name):
    expected = lossctl.compute(name, THREE, [0, 2, 1])
    assert lossctl.compute(name, THREE, [1, 3, 2], first_label=1) == expected
    named = lossctl.compute(name, THREE, ["low", "high", "mid"], order="low, mid, high")
    assert named == expected


def test_no_column_gives_its_name_to_a_class():
    frame = pd.DataFrame({"1": [0.0], "2": [1.0]})
    expected = lossctl.compute("coral", [[0.0, 1.0]], [1])
    assert lossctl.compute("coral", frame, ["1"]) == expected


def test_a_loss_of_no_rows_that_count_is_refused():
    with pytest.raises(DataError):
        lossctl.compute("corn", THREE, [9, 9, 9], ignore_index="9")
