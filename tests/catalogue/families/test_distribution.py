"""Values of the losses of distributions that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest

import lossctl
from lossctl.block import Ragged
from lossctl.catalogue.families.distribution.divergence import (
    beta_divergence,
    gaussian_kl,
    js_divergence,
)
from lossctl.catalogue.families.distribution.likelihood import (
    beta_nll,
    gaussian_nll,
    laplace_nll,
    student_t_nll,
)
from lossctl.catalogue.families.distribution.optimal_transport import earth_mover, earth_mover_bins
from lossctl.catalogue.families.distribution.scoring_rules import brier, crps, crps_gaussian
from lossctl.errors import DataError

LN2 = math.log(2)
INF = math.inf


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


def terms(loss, *roles, **options):
    """Call a loss as the engine does: infinities on the way are no warnings."""
    arrays = [np.array(role, dtype=np.float64) for role in roles]
    with np.errstate(all="ignore"):
        return loss(*arrays, **options)


def of_one(loss, *roles, **options):
    """Compute the term of a single row of one column, or the sum over its columns."""
    found = terms(loss, *([role] for role in roles), **options)
    return float(found.reshape(1, -1).sum(axis=1)[0])


def sample(*units, weights=None):
    """Gather the values of some units, and their weights."""
    return Ragged(
        np.array([value for unit in units for value in unit], dtype=np.float64),
        np.array([len(unit) for unit in units], dtype=np.intp),
        None if weights is None else np.array([weight for unit in weights for weight in unit]),
    )


def moved(first, second, first_weights=None, second_weights=None):
    """Compute the earth mover's distance of two samples, of one unit."""
    one = sample(first, weights=first_weights and [first_weights])
    other = sample(second, weights=second_weights and [second_weights])
    with np.errstate(all="ignore"):
        (distance,) = earth_mover(one, other).tolist()
    return distance


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1.0], [1.0], 0),
        ([1.0], [4.0], 3),
        ([4.0], [1.0], 3),
        ([0.0, 2.0], [3.0], 2),  # the halves go 3 and 1
        ([0.0, 1.0, 3.0], [5.0, 6.0, 8.0], 5),  # all go 5
        ([3.0, 0.0, 1.0], [8.0, 5.0, 6.0], 5),  # in any order
        ([0.0, 1.0], [1.0, 0.0, 0.0, 1.0], 0),  # the same shares
        # from 0 to 1 the shares below differ by 1/2 - 1/3, from 1 to 2 by 1 - 2/3
        ([0.0, 1.0], [0.0, 1.0, 2.0], 0.5),
        ([0.0, 0.0, 0.0, 8.0], [0.0, 0.0, 0.0, 0.0], 2),  # a quarter goes 8
        ([1e150], [-1e150], 2e150),
        ([5e-324], [0.0], 5e-324),
        ([1.5e308], [-1.5e308], INF),
        # a quarter goes 3e308, which itself is no float
        ([1.5e308, 0.0, 0.0, 0.0], [-1.5e308, 0.0, 0.0, 0.0], 7.5e307),
        ([1.5e308, -1.5e308], [1.5e308, -1.5e308], 0),
    ],
)
def test_earth_mover_by_hand(first, second, expected):
    assert moved(first, second) == close(expected)
    assert moved(second, first) == close(expected)


@pytest.mark.parametrize(
    ("first", "second", "first_weights", "second_weights", "expected"),
    [
        ([0.0, 1.0], [0.0, 1.0], [3.0, 1.0], [2.0, 2.0], 0.25),  # 3/4 at 0 become 2/4
        ([0.0, 1.0], [0.0], [1.0, 3.0], None, 0.75),
        ([0.0, 1.0, 9.0], [0.0], [1.0, 3.0, 0.0], None, 0.75),  # weight 0 is absence
        ([0.0, 1.0], [0.0], [0.1, 0.3], [7.0], 0.75),  # only shares matter
        ([0.0, 1.0], [0.0], [1.5e308, 1.5e308], [5e-324], 0.5),
        ([0.0, 1.0], [0.0], [5e-324, 1.5e-323], None, 0.75),  # one and three of the least float
        ([0.0, 1.0], [0.0], [1e-300, 1e300], None, 1),
        # from the documentation of scipy.stats.wasserstein_distance
        (
            [3.4, 3.9, 7.5, 7.8],
            [4.5, 1.4],
            [1.4, 0.9, 3.1, 7.2],
            [3.2, 3.5],
            4.078133143804786,
        ),
    ],
)
def test_earth_mover_of_weighted_samples(first, second, first_weights, second_weights, expected):
    assert moved(first, second, first_weights, second_weights) == close(expected)
    assert moved(second, first, second_weights, first_weights) == close(expected)


def test_earth_mover_of_equal_samples_is_exactly_0():
    values, weights = [0.1, 0.7, 0.1, -3.3], [0.1, 0.2, 0.3, 0.7]
    assert moved(values, values, weights, weights) == 0.0
    assert moved(values, values[::-1], weights, weights[::-1]) == 0.0


def test_earth_mover_is_the_same_to_the_bit_in_any_order():
    generator = np.random.default_rng(3)
    first, second = generator.choice([0.1, 0.2, 0.7], 40), generator.normal(size=30)
    weights = generator.random(40)
    order = generator.permutation(40)
    found = moved(first.tolist(), second.tolist(), weights.tolist())
    assert moved(first[order].tolist(), second.tolist(), weights[order].tolist()) == found


def test_earth_mover_of_several_units():
    # 1 unit of 3; 2 halves of 3 and 1; nothing to move at all; the same
    first = sample([0.0], [0.0, 2.0], [], [7.0])
    second = sample([3.0], [3.0], [], [7.0, 7.0, 7.0])
    assert earth_mover(first, second).tolist() == [3.0, 2.0, 0.0, 0.0]


def test_earth_mover_of_something_and_nothing_is_infinite():
    first = sample([1.0], [], [1.0, 2.0], [], weights=[[1.0], [], [0.0, 0.0], []])
    second = sample([], [1.0], [1.0], [1.0], weights=[[], [1.0], [1.0], [0.0]])
    found = earth_mover(first, second)
    assert found.tolist() == [INF, INF, INF, 0.0]
    (data_note,) = earth_mover.loss.data_notes
    assert data_note.of_units(first, second).tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        ([0.5, 0.5], [0.5, 0.5], {}, 0),
        ([1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], {}, 1),
        ([1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], {}, 3),  # three bins off costs three
        ([1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], {"bin_width": 0.25}, 0.75),
        ([0.5, 0.25, 0.25], [0.0, 0.0, 1.0], {}, 1.25),  # ½ + ¾ + 0
        ([0.0, 0.0, 1.0], [0.5, 0.25, 0.25], {}, 1.25),
        ([0.5, 0.25, 0.25], [0.0, 0.0, 1.0], {"squared": True}, 0.8125),  # ¼ + 9/16
        ([0.5, 0.25, 0.25], [0.0, 0.0, 1.0], {"squared": True, "bin_width": 2.0}, 1.625),
        ([0.0, 1.0, 0.0], [0.5, 0.0, 0.5], {}, 1),  # ½ to the left and ½ to the right
        ([2.0, 1.0, 1.0], [0.0, 0.0, 7.0], {"normalise": True}, 1.25),
        ([1.5e308, 1.5e308], [5e-324, 0.0], {"normalise": True}, 0.5),
        ([0.0, 0.0], [3.0, 0.0], {"normalise": True}, 2),  # 1 lacks in both sums
        ([0.0, 0.0], [0.0, 0.0], {"normalise": True}, 0),
        ([0.5, 0.25], [0.5, 0.5], {}, 0.25),  # what lacks in the end counts once
        # scipy 1.17.1: stats.wasserstein_distance(range(4), range(4), prediction, target)
        ([0.1, 0.2, 0.3, 0.4], [0.3, 0.3, 0.3, 0.1], {}, 0.8),
    ],
)
def test_earth_mover_bins_by_hand(prediction, target, options, expected):
    found = of_one(earth_mover_bins, prediction, target, **options)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        ([0.1, 0.2, 0.7], [0.1, 0.2, 0.7], {}, 0),
        ([1.0, 0.0], [0.0, 1.0], {}, LN2),
        ([0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.25, 0.75], {}, LN2),
        ([1.0, 0.0], [0.0, 1.0], {"bits": True}, 1),
        ([1.0, 0.0], [0.0, 1.0], {"bits": True, "root": True}, 1),
        # with m = (¾, ¼): ½ ln 4/3 + ¼ (ln 2/3 + ln 2)
        ([1.0, 0.0], [0.5, 0.5], {}, 0.75 * math.log(4 / 3)),
        ([0.5, 0.5], [1.0, 0.0], {}, 0.75 * math.log(4 / 3)),
        ([1.0, 0.0], [0.5, 0.5], {"bits": True}, 0.75 * math.log2(4 / 3)),
        # from the documentation of scipy.spatial.distance.jensenshannon
        ([1.0, 0.0], [0.5, 0.5], {"root": True}, 0.46450140402245893),
        ([3.0, 0.0], [7.0, 7.0], {"normalise": True}, 0.75 * math.log(4 / 3)),
        ([1.5e308, 1.5e308], [1.5e308, 0.0], {"normalise": True}, 0.75 * math.log(4 / 3)),
        ([0.0, 0.0], [2.0, 2.0], {"normalise": True}, LN2 / 2),  # ½ Σ t ln(t / ½ t)
        ([0.0, 0.0], [0.0, 0.0], {"normalise": True}, 0),
        # with p and t = ½ ± e each column has ¼ (p - t)² / (p + t) + … = e² + …
        ([0.5 + 2**-30, 0.5 - 2**-30], [0.5 - 2**-30, 0.5 + 2**-30], {}, 2**-59),
        ([0.5 + 2**-52, 0.5 - 2**-52], [0.5 - 2**-52, 0.5 + 2**-52], {}, 2**-103),
        ([1.0, 1e-300], [1.0, 0.0], {}, 5e-301 * LN2),  # the first terms are equal
    ],
)
def test_js_divergence_by_hand(prediction, target, options, expected):
    found = of_one(js_divergence, prediction, target, **options)
    assert found == close(expected)


def test_js_divergence_has_all_digits_where_its_two_forms_meet():
    for tilt in (0.25, 0.4999999, 0.5, 0.5000001, 0.75):
        prediction, target = [0.5 + tilt / 2, 0.5 - tilt / 2], [0.5 - tilt / 2, 0.5 + tilt / 2]
        with localcontext(prec=60):
            # both columns have the mean ½ and the same two terms
            parts = [Decimal(part) for part in prediction]
            expected = float(sum(part * (2 * part).ln() for part in parts))
        found = of_one(js_divergence, prediction, target)
        assert found == close(expected)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        (1.0, 1.0, {}, 0),
        (1.0, 0.0, {}, 1),
        (0.25, 1.0, {}, 0.5625),
        (0.25, 1.0, {"scale": "half"}, 0.5625),
        (0.25, 1.0, {"scale": "whole"}, 1.125),  # both classes, 9/16 each
        ([0.75, 0.25], [0.0, 1.0], {}, 0.5625),  # the same prediction in two columns
        ([0.75, 0.25], [0.0, 1.0], {"scale": "whole"}, 1.125),
        ([0.75, 0.25], [0.0, 1.0], {"scale": "half"}, 0.5625),
        ([0.5, 0.25, 0.25], [1.0, 0.0, 0.0], {}, 0.375),  # ¼ + 1/16 + 1/16
        ([0.5, 0.25, 0.25], [1.0, 0.0, 0.0], {"scale": "whole"}, 0.375),
        ([0.5, 0.25, 0.25], [1.0, 0.0, 0.0], {"scale": "half"}, 0.1875),
        ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], {}, 2),
        (1e-150, 0.0, {}, 1e-300),
    ],
)
def test_brier_by_hand(prediction, target, options, expected):
    assert of_one(brier, prediction, target, **options) == close(expected)


def test_brier_of_the_examples_of_scikit_learn():
    # the mean of 0.01, 0.01, 0.04 and 0.09
    found = terms(brier, [0.1, 0.9, 0.8, 0.3], [0.0, 1.0, 1.0, 0.0])
    assert found.mean() == close(0.0375)
    # 0.04 + 0.01 + 0.01, 0.04 + 0.09 + 0.01, 0.04 + 0.04 + 0.16
    rows = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.2, 0.6]]
    found = terms(brier, rows, np.eye(3)).sum(axis=1)
    assert found.tolist() == close([0.06, 0.14, 0.24])


@pytest.mark.parametrize(
    ("mean", "variance", "target", "options", "expected"),
    [
        (0.0, 1.0, 0.0, {}, 0),
        (0.0, 1.0, 3.0, {}, 4.5),
        (3.0, 1.0, 0.0, {}, 4.5),
        (1.0, 4.0, 3.0, {}, LN2 + 0.5),  # ½ ln 4 + ½ 2² / 4
        (0.0, 0.01, 0.0, {}, -math.log(10)),
        (0.0, 1.0, 0.0, {"full": True}, math.log(2 * math.pi) / 2),
        # variances of 0 are raised: ½ ln 1e-6, ½ ln ¼ + ½ × 4
        (0.0, 0.0, 0.0, {}, -3 * math.log(10)),
        (0.0, 0.0, 1.0, {"floor": 0.25}, 2 - LN2),
        (0.0, 0.1, 1.0, {"floor": 0.25}, 2 - LN2),
        # ½ 1e400 / 1e300, although 1e400 is infinite; ½ 1e-20 / 2⁻¹⁰⁶⁰, although 1e-10 / 2⁻¹⁰⁶⁰ is
        (1e200, 1e300, 0.0, {}, 5e99),
        (1e-10, 2.0**-1060, 0.0, {"floor": 5e-324}, 1e-20 * 2.0**1000 * 2.0**59),
    ],
)
def test_gaussian_nll_by_hand(mean, variance, target, options, expected):
    assert of_one(gaussian_nll, mean, variance, target, **options) == close(expected)


def test_gaussian_nll_is_least_where_the_mean_is_the_target():
    means = np.linspace(-1, 1, 21)
    found = terms(gaussian_nll, means, np.full(21, 0.3), np.zeros(21))
    assert int(np.argmin(found)) == 10


@pytest.mark.parametrize(
    ("mean", "variance", "target", "options", "expected"),
    [
        (1.0, 1.0, 3.0, {}, 2),  # ½ 2²
        (1.0, 4.0, 1.0, {}, 2 * LN2),  # √4 × ½ ln 4
        (0.0, 4.0, 2.0, {}, 2 * LN2 + 1),  # √4 × ½ (ln 4 + 1)
        (0.0, 4.0, 2.0, {"beta": 0.0}, LN2 + 0.5),  # the likelihood itself
        (0.0, 4.0, 2.0, {"beta": 1.0}, 4 * LN2 + 2),
        (0.0, 0.25, 2.0, {"beta": 0.5}, 4 - LN2 / 2),  # ½ × ½ (16 - 2 ln 2)
        (0.0, 4.0, 2.0, {"full": True}, 2 * LN2 + 1 + math.log(2 * math.pi)),
        (5.0, 0.0, 5.0, {"floor": 0.25}, -LN2 / 2),  # ½ × ½ ln ¼
        (5.0, 0.0, 5.0, {}, -3e-3 * math.log(10)),  # 1e-3 × ½ ln 1e-6
        ([1.0, 0.0], [1.0, 4.0], [3.0, 2.0], {}, 2 + 2 * LN2 + 1),
        (-1e150, 1e-300, 1e150, {"beta": 1.0}, 2e300),  # the floor, 1e-6, cancels
    ],
)
def test_beta_nll_by_hand(mean, variance, target, options, expected):
    found = of_one(beta_nll, mean, variance, target, **options)
    assert found == close(expected)


def test_beta_nll_of_beta_1_orders_means_as_the_square_does():
    # at one variance v it is ½ (target - mean)² + ½ v ln v
    means = np.linspace(-2.0, 2.0, 9)
    found = terms(beta_nll, means, np.full(9, 3.0), np.zeros(9), beta=1.0)
    assert found - found[4] == pytest.approx(0.5 * means**2, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize(
    ("mean", "variance", "options", "expected"),
    [
        (0.0, 1.0, {}, 0),
        (1.0, 1.0, {}, 0.5),
        (-3.0, 1.0, {}, 4.5),
        (0.0, 4.0, {}, 1.5 - LN2),  # ½ (4 - 1 - 2 ln 2)
        (0.0, 0.25, {}, LN2 - 0.375),  # ½ (¼ - 1 + 2 ln 2)
        ([1.0, 0.0], [1.0, 4.0], {}, 2 - LN2),  # the sum over the columns
        (0.0, 5e-324, {}, (1074 * LN2 - 1) / 2),
        (0.0, 1e150, {}, 5e149),
        (1e150, 1.0, {}, 5e299),
        # with variance 1 + e it is ¼ e² - e³ / 6 + …
        (0.0, 1 + 2**-40, {}, 2**-82 - 2**-120 / 6),
        (0.0, 0.0, {"log_input": True}, 0),
        (0.0, 2 * LN2, {"log_input": True}, 1.5 - LN2),
        (0.0, -2 * LN2, {"log_input": True}, LN2 - 0.375),
        (2.0, 1.0, {"log_input": True}, math.e / 2 + 1),  # ½ (e + 4 - 1 - 1)
        (0.0, 2**-40, {"log_input": True}, 2**-82 + 2**-120 / 12),  # ¼ x² + x³ / 12 + …
        (0.0, -1e150, {"log_input": True}, 5e149),
        (0.0, 700.0, {"log_input": True}, float(Decimal(700).exp()) / 2),
    ],
)
def test_gaussian_kl_by_hand(mean, variance, options, expected):
    found = of_one(gaussian_kl, mean, variance, **options)
    assert found == close(expected)


@pytest.mark.parametrize("logarithm", [-0.6, -0.5, -0.4999, -0.01, 0.1, 0.4999, 0.5, 0.7])
def test_gaussian_kl_has_all_digits_where_its_two_forms_meet(logarithm):
    with localcontext(prec=60):
        exact = Decimal(logarithm)
        expected = float((exact.exp() - 1 - exact) / 2)
    assert of_one(gaussian_kl, 0.0, logarithm, log_input=True) == close(expected)


def test_gaussian_kl_takes_no_variance_of_0():
    with pytest.raises(DataError) as caught:
        lossctl.compute("gaussian_kl", [0.0, 0.0], [1.0, 0.0])
    assert caught.value.message == "variance[1]: 0.0 is not a finite number above 0"
    assert caught.value.hint == "--log-input: variance holds log variances"


@pytest.mark.parametrize(
    ("location", "scale", "target", "options", "expected"),
    [
        (0.0, 0.5, 0.0, {}, 0),  # ln 1
        (0.0, 1.0, 0.0, {}, LN2),
        (1.0, 0.5, 3.0, {}, 4),
        (3.0, 0.5, 1.0, {}, 4),
        (0.0, 8.0, 2.0, {}, 4 * LN2 + 0.25),
        (0.0, 0.0, 0.0, {}, LN2 - 6 * math.log(10)),  # raised to 1e-6
        (0.0, 0.0, 1.0, {"floor": 0.5}, 2),
        (1e200, 1e300, 0.0, {}, LN2 + 300 * math.log(10)),
    ],
)
def test_laplace_nll_by_hand(location, scale, target, options, expected):
    found = of_one(laplace_nll, location, scale, target, **options)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("target", "degrees", "scale", "expected"),
    [
        # 1: π (1 + t²)
        (0.0, 1.0, 1.0, math.log(math.pi)),
        (3.0, 1.0, 1.0, math.log(10 * math.pi)),
        (-3.0, 1.0, 1.0, math.log(10 * math.pi)),
        (1.0, 1.0, 0.5, math.log(2.5 * math.pi)),  # t = 2, and half of 5π
        # 2: (2 + t²)^1.5, here 6^1.5
        (2.0, 2.0, 1.0, 1.5 * math.log(6)),
        # 3: π (3 + t²)² / 6√3, here 144π / 6√3
        (3.0, 3.0, 1.0, math.log(24 * math.pi / math.sqrt(3))),
        # 4: (4 + t²)^2.5 / 12, in the middle 8/3, and for t = 8/3 (10/3)^5 / 12
        (0.0, 4.0, 1.0, math.log(8 / 3)),
        (0.0, 4.0, 3.0, math.log(8)),
        (1.0, 4.0, 0.375, 5 * math.log(5 / 3)),
        # 5: 3π√5 (1 + t²/5)³ / 8, here 6³ = 216
        (5.0, 5.0, 1.0, math.log(81 * math.pi * math.sqrt(5))),
        # many: the normal one
        (3.0, 1e300, 1.0, 4.5 + math.log(2 * math.pi) / 2),
        (0.0, 1e18, 4.0, math.log(32 * math.pi) / 2),
        # hardly any: √v / 2 in the middle, with v = 2⁻¹⁰⁷⁴
        (0.0, 5e-324, 1.0, 538 * LN2),
        # far out π r² / scale, although neither r² nor r / scale is a float
        (1e200, 1.0, 1.0, math.log(math.pi) + 400 * math.log(10)),
        (1e300, 1.0, 1e-300, math.log(math.pi) + 900 * math.log(10)),
        ([3.0, 0.0], 1.0, 1.0, math.log(10 * math.pi) + math.log(math.pi)),  # of each column
    ],
)
def test_student_t_nll_by_hand(target, degrees, scale, expected):
    prediction = [0.0] * len(target) if isinstance(target, list) else 0.0
    options = {"degrees_of_freedom": degrees, "scale": scale}
    assert of_one(student_t_nll, prediction, target, **options) == close(expected)
    shifted = of_one(student_t_nll, target, prediction, **options)
    assert shifted == close(expected)


@pytest.mark.parametrize("degrees", [2, 6, 30, 32, 34, 100, 1000])
def test_student_t_nll_in_the_middle_of_even_degrees(degrees):
    # Γ(½ (v + 1)) / √π Γ(½ v) is 1 × 3 × … × (v - 1) / (2 × 4 × … × (v - 2)) / 2
    odd = Fraction(math.prod(range(1, degrees, 2)), 2 * math.prod(range(2, degrees, 2)))
    expected = 0.5 * math.log(degrees) - math.log(odd)
    options = {"degrees_of_freedom": float(degrees)}
    found = of_one(student_t_nll, 0.0, 0.0, **options)
    assert found == pytest.approx(expected, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("degrees", "expected"),
    # mpmath 1.3.0 with 50 digits; scipy 1.17.1 agrees
    [(31.9, 2.0479499206655358), (32.0, 2.0479356846150182), (32.1, 2.0479215471532718)],
)
def test_student_t_nll_is_the_same_on_both_sides_of_32_degrees(degrees, expected):
    found = of_one(student_t_nll, 0.0, 1.5, degrees_of_freedom=degrees)
    assert found == pytest.approx(expected, rel=1e-14, abs=0)


def test_student_t_nll_has_4_degrees_and_a_scale_of_1_by_default():
    assert of_one(student_t_nll, 0.0, 0.0) == close(math.log(8 / 3))


@pytest.mark.parametrize(
    ("prediction", "target", "expected", "fair"),
    [
        ([3.0], 3.0, 0, 0),
        ([5.0], 3.0, 2, 2),  # one member: the absolute error
        ([1.0], 3.0, 2, 2),
        ([3.0, 3.0, 3.0], 3.0, 0, 0),
        # mean distance 2, less half of the mean 2 of distances 0, 4, 4, 0, or half of 4
        ([0.0, 4.0], 1.0, 1, 0),
        ([4.0, 0.0], 1.0, 1, 0),
        # mean distance 4, less half of 2, or of 4
        ([0.0, 4.0], 6.0, 3, 2),
        ([0.0, 4.0], -2.0, 3, 2),
        # mean distance 5/3; the three pairs are 1 + 3 + 4 apart, of 9 or of 6 with an order
        ([0.0, 1.0, 4.0], 0.0, 5 / 3 - 8 / 9, 5 / 3 - 8 / 6),
        ([2.0, 2.0, 5.0], 2.0, 1 / 3, 0),  # 1 - ½ 12 / 9, 1 - ½ 12 / 6
        # properscoring 0.1 gives 0.21200000000000008, scoringrules 0.10.0 for fair
        # 0.04999999999999982
        ([0.1, 1.7, -2.2, 0.4, 0.4], 0.3, 0.212, 0.05),
        ([1e8, 1e8 + 1], 1e8, 0.25, 0),  # nothing cancels
        ([1e150, -1e150], 0.0, 5e149, 0),
        ([1.5e308, -1.5e308], 0.0, 7.5e307, 0),
        ([5e-324], 0.0, 5e-324, 5e-324),
    ],
)
def test_crps_by_hand(prediction, target, expected, fair):
    found = terms(crps, [prediction], [target])
    assert found.tolist() == pytest.approx([expected], rel=4e-15, abs=0)
    found = terms(crps, [prediction], [target], fair=True)
    assert found.tolist() == pytest.approx([fair], rel=4e-14, abs=0)


def test_fair_crps_does_not_depend_on_the_size_of_the_ensemble():
    generator = np.random.default_rng(11)
    target = generator.normal(size=40_000)
    # of normal forecasts of normal values it is 1 / √π, and of m members 1 + 1 / m times that
    for members in (2, 5):
        forecasts = generator.normal(size=(40_000, members))
        fair = terms(crps, forecasts, target, fair=True).mean()
        plain = terms(crps, forecasts, target).mean()
        assert fair * math.sqrt(math.pi) == pytest.approx(1, abs=0.02)
        assert plain * math.sqrt(math.pi) == pytest.approx(1 + 1 / members, abs=0.02)


@pytest.mark.parametrize(
    ("mean", "variance", "target", "expected"),
    [
        (2.0, 0.0, 2.0, 0),
        (2.0, 0.0, -1.0, 3),  # certain: the absolute error
        (0.0, 1.0, 0.0, (math.sqrt(2) - 1) / math.sqrt(math.pi)),
        (5.0, 9.0, 5.0, 3 * (math.sqrt(2) - 1) / math.sqrt(math.pi)),
        # properscoring 0.1: crps_gaussian(3.1, mu=0.5, sig=2), scoringrules 0.10.0: …426
        (0.5, 4.0, 3.1, 1.6537326812505435),
        (-1.0, 0.0625, -3.0, 1.8589526041130608),
        # far out all but |target - mean| - σ / √π is less than the last digit
        (0.0, 1.0, 40.0, 40 - 1 / math.sqrt(math.pi)),
        (0.0, 4.0, -1000.0, 1000 - 2 / math.sqrt(math.pi)),
        (0.0, 1.0, 1e150, 1e150),
        (0.0, 1e300, 1.0, 1e150 * (math.sqrt(2) - 1) / math.sqrt(math.pi)),
        (0.0, 5e-324, 1e200, 1e200),
    ],
)
def test_crps_gaussian_by_hand(mean, variance, target, expected):
    assert of_one(crps_gaussian, mean, variance, target) == close(expected)


def test_crps_gaussian_is_the_crps_of_a_large_ensemble():
    # the quantiles of the middle of each of 2000 parts of the standard normal distribution
    members = [NormalDist().inv_cdf((place + 0.5) / 2000) for place in range(2000)]
    for target in (0.0, 0.7, -2.5):
        of_members = of_one(crps, members, target)
        of_density = of_one(crps_gaussian, 0.0, 1.0, target)
        assert of_members == pytest.approx(of_density, rel=1e-3)


@pytest.mark.parametrize(
    ("prediction", "target", "beta", "expected"),
    [
        (3.0, 3.0, 1.0, 0),
        (math.e, 1.0, 1.0, math.e - 2),  # -1 - 1 + e
        (1.0, 2.0, 1.0, 2 * LN2 - 1),
        (2.0, 0.0, 1.0, 2),
        (4.0, 2.0, 0.0, LN2 - 0.5),  # ½ + ln 2 - 1
        (2.0, 4.0, 0.0, 1 - LN2),
        (5.0, 2.0, 2.0, 4.5),  # ½ 3²
        (5.0, 0.0, 2.0, 12.5),
        (2.0, 1.0, 3.0, 5 / 6),  # (1 + 2 × 8 - 3 × 4) / 6
        (1.0, 2.0, 3.0, 2 / 3),  # (8 + 2 - 6) / 6
        (0.0, 3.0, 3.0, 4.5),  # 27 / 6
        (3.0, 0.0, 3.0, 9),  # 2 × 27 / 6
        (1.0, 4.0, 0.5, 2),  # (2 - ½ - ½ × 4) / -¼
        (4.0, 1.0, 0.5, 1),  # (1 - ½ × 2 - ½ × ½) / -¼
        (4.0, 0.0, 0.5, 4),  # 2 / ½
        (2.0, 1.0, -1.0, 0.125),  # (1 - 2 × ½ + ¼) / 2
        (1.0, 2.0, -1.0, 0.25),  # (½ - 2 + 2) / 2
        ([1.0, 2.0], [2.0, 1.0], 3.0, 1.5),  # 2/3 + 5/6: the sum of the columns
        # infinite where it is
        (0.0, 1.0, 1.0, INF),
        (0.0, 1.0, 0.5, INF),
        (0.0, 1.0, 0.0, INF),
        (0.0, 1.0, -1.0, INF),
        (1.0, 0.0, 0.0, INF),
        (1.0, 0.0, -1.0, INF),
        (0.0, 0.0, 1.0, 0),
        (0.0, 0.0, 0.0, 0),
        (0.0, 0.0, -1.0, 0),
        # and nowhere else: 1e150 (300 ln 10 - 1) and so on
        (1e-150, 1e150, 1.0, 1e150 * (300 * math.log(10) - 1)),
        (1e150, 1e-150, 1.0, 1e150),
        (1e50, 1e-150, 3.0, 1e150 / 3),
        (1.0, 1e100, -3.0, 2.5e99),  # t / 4 is all that counts
        (1e-150, 1e150, 0.0, 1e300),
        (5e-324, 1e150, 1.0, 1e150 * (150 * math.log(10) + 1074 * LN2 - 1)),
        (1e200, 1e-200, 0.0, 400 * math.log(10) - 1),
        (1e150, 1e150, 100.0, 0),
        (1e-150, 1e-150, -100.0, 0),
    ],
)
def test_beta_divergence_by_hand(prediction, target, beta, expected):
    found = of_one(beta_divergence, prediction, target, beta=beta, floor=0.0)
    assert found == pytest.approx(expected, rel=1e-13 if expected > 1e90 else 4e-15, abs=0)


@pytest.mark.parametrize("beta", [-3.0, 0.0, 1e-9, 0.5, 1.0, 1.0 + 1e-9, 1.5, 2.0, 4.0, 50.0])
def test_beta_divergence_of_almost_equal_amounts_has_all_digits(beta):
    # ½ u² + (beta - 2) u³ / 6 + …, with u = 2⁻³⁰, whatever beta is
    expected = 2**-61 * (1 + (beta - 2) / 3 * 2**-30)
    found = of_one(beta_divergence, 1.0, 1 + 2**-30, beta=beta)
    assert found == close(expected)


@pytest.mark.parametrize(("prediction", "target"), [(3.0, 0.5), (0.5, 3.0), (1.0, 1.1), (1.1, 1.0)])
@pytest.mark.parametrize("beta", [0.0, 1.0])
def test_beta_divergence_has_no_gap_at_0_and_1(prediction, target, beta):
    exact = of_one(beta_divergence, prediction, target, beta=beta)
    for step in (1e-13, -1e-13):
        near = of_one(beta_divergence, prediction, target, beta=beta + step)
        assert near == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize(
    ("beta", "expected"),
    [
        # scikit-learn 1.9.1: sklearn.decomposition._nmf._beta_divergence(target, prediction,
        # identity, beta), which is the sum over all elements
        (-1.0, 7.056904761904759),
        (0.0, 1.6462262737458488),
        (0.5, 1.4851896253526977),
        (1.0, 1.9641991340346534),
        (1.5, 3.0652267077324424),
        (2.0, 5.072499999999999),
        (3.0, 14.885374999999996),
    ],
)
def test_beta_divergence_of_scikit_learn(beta, expected):
    prediction = [[0.5, 1.25, 3.0], [2.0, 0.75, 0.1]]
    target = [[0.7, 1.0, 2.0], [5.0, 0.7, 0.3]]
    found = terms(beta_divergence, prediction, target, beta=beta).sum()
    assert found == pytest.approx(expected, rel=1e-13)


def test_beta_divergence_raises_predictions_and_if_asked_targets():
    # 3 ln(3 / 2⁻⁵²) - 3 + 2⁻⁵²
    found = of_one(beta_divergence, 0.0, 3.0)
    assert found == close(3 * (math.log(3) + 52 * LN2) - 3)
    assert of_one(beta_divergence, 4.0, 0.0, beta=0.0) == INF
    found = of_one(beta_divergence, 4.0, 0.0, beta=0.0, floor_target=2.0)
    assert found == close(LN2 - 0.5)


@pytest.mark.parametrize(
    ("name", "roles", "place"),
    [
        ("gaussian_nll", ([0.0], [-1.0], [0.0]), "variance"),
        ("crps_gaussian", ([0.0], [-5e-324], [0.0]), "variance"),
        ("laplace_nll", ([0.0], [-1.0], [0.0]), "scale"),
        ("beta_divergence", ([-1.0], [1.0]), "prediction"),
        ("beta_divergence", ([1.0], [-1.0]), "target"),
        ("brier", ([1.5], [1.0]), "prediction"),
    ],
)
def test_values_without_meaning_are_refused(name, roles, place):
    with pytest.raises(DataError) as caught:
        lossctl.compute(name, *roles)
    assert caught.value.message.startswith(f"{place}[0]: ")


@pytest.mark.parametrize("name", ["js_divergence", "earth_mover_bins"])
def test_counts_are_taken_when_they_are_normalised(name):
    counts, others = [[2.0, 1.0, 1.0]], [[0.0, 3.0, 3.0]]
    shares, other_shares = [[0.5, 0.25, 0.25]], [[0.0, 0.5, 0.5]]
    with pytest.raises(DataError) as caught:
        lossctl.compute(name, counts, others)
    assert caught.value.hint.startswith("--normalise: ")
    found = lossctl.compute(name, counts, others, normalise=True)
    assert found == lossctl.compute(name, shares, other_shares)


def test_an_ensemble_stands_beside_one_column():
    found = lossctl.compute("crps", [[0.0, 4.0], [3.0, 3.0]], [1.0, 3.0])
    assert found == 0.5
    assert lossctl.compute("crps", [5.0, 3.0], [3.0, 3.0]) == 1.0
    with pytest.raises(DataError, match="columns"):
        lossctl.compute("crps", [[0.0, 4.0]], [[1.0, 3.0]])
