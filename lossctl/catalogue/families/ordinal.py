"""Losses of classes that have an order, such as grades, stages or ages in groups.

The classes are numbered from 0, the lowest. `prediction` has one column for each two neighbours, so
K classes have K - 1 columns, `(n, K - 1)`, or `(n,)` for two classes; `target` is one label a row.
Natural logarithms give nats. A value out of its domain never reaches these functions: whoever reads
the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from lossctl.block import Array, Mask
from lossctl.catalogue.definition import PerRow, SeveralTerms, loss
from lossctl.catalogue.kinds import Cumulative, Ranks, Scores
from lossctl.catalogue.numerics import (
    complementary_error_function,
    error_function,
    quadrature,
    taken,
    times,
)
from lossctl.catalogue.options import Option, numbers
from lossctl.lazy import np


@loss(
    aliases=("proportional_odds", "cumulative_logit", "ordered_logit", "ordinal_logistic"),
)
def cumulative_link(
    prediction: Cumulative,
    target: Ranks,
    *,
    link: Annotated[
        Literal["logit", "probit"],
        Option("a score's probability: the logistic or the standard normal distribution"),
    ] = "logit",
) -> PerRow:
    """Negative log likelihood of a class that lies between two thresholds of one hidden score.

    Helps:
        When classes have an order but no distances, as answers from "never" to "always": the
        proportional odds model and the ordered probit model are fitted by it.

    Hurts:
        When the columns hold the opposite, the scores of exceeding a class, which have the other
        sign; and when two neighbouring thresholds meet: the class between them is then impossible.

    Formula:
        -ln(F(column k) - F(column k - 1)) for class k, with F(x) = 1 / (1 + e^-x), or with `probit`
        the standard normal distribution function; F is 0 before the first column and 1 behind the
        last. Column k is threshold k minus the score of the row, and F of it is P(y ≤ k)

    Domain:
        prediction: (n, classes - 1), finite, no column below the one before it. target: (n,), class
        numbers from 0, or names in the `order`. Result: at least 0, in nats; infinite for a class
        between two equal columns, and with `probit` where a column is beyond 1e154.

    Example:
        >>> cumulative_link(np.log([[0.25, 1.0], [1.0, 3.0]]), np.array([0, 2]))
        array([1.60943791, 1.38629436])

    References:
        P. McCullagh, Regression models for ordinal data, Journal of the Royal Statistical Society B
        42, 1980
    """
    scores = _columns(prediction)
    nothing = np.full((len(scores), 1), -np.inf)
    ends = np.hstack([nothing, scores, -nothing])
    lower, upper = taken(ends, target), taken(ends, target + 1)
    if link == "probit":
        return 0.0 - _log_of_normal(lower, upper)  # which makes no -0
    # F(b) - F(a) = F(b) F(-a) (1 - e^(a - b)): three factors, no difference of almost equal ones.
    missed = np.logaddexp(0.0, -upper) + np.logaddexp(0.0, lower)
    return missed - _log_of_one_minus(lower - upper)


@loss(aliases=("coral_loss", "consistent_rank_logits"))
def coral(
    prediction: Scores,
    target: Ranks,
    *,
    task_weights: Annotated[
        str | None, Option("a factor for each column, comma between them; none is 1 for all")
    ] = None,
) -> PerRow:
    """Sum over the thresholds of the cross-entropy of the question whether the class is above.

    Helps:
        When classes have an order, and a network answers for each threshold whether the class is
        above it: to be wrong by many classes is to be wrong in many answers.

    Hurts:
        When the answers contradict each other, which only a network with the same weights and one
        bias a threshold rules out. The sum grows with the number of classes. Correlation alignment,
        which has the same short name, is another loss.

    Formula:
        -Σ over columns k of λ_k (t_k ln p_k + (1 - t_k) ln(1 - p_k)), with p_k = 1 / (1 + e^-x_k)
        for P(y > k), t_k = 1 where y > k and else 0; λ_k are the `task_weights`

    Domain:
        prediction: (n, classes - 1), finite logits. target: (n,), class numbers from 0, or names in
        the `order`. Result: at least 0, in nats.

    Example:
        >>> coral(np.log([[3.0, 1.0]]), np.array([1]))  # ln 4/3 + ln 2
        array([0.98082925])

    References:
        W. Cao, V. Mirjalili, S. Raschka, Rank consistent ordinal regression for neural networks
        with application to age estimation, Pattern Recognition Letters 140, 2020;
        https://github.com/Raschka-research-group/coral-pytorch
    """
    logits = _columns(prediction)
    costs = _wrong(logits, target[:, None] > np.arange(logits.shape[1]))
    if task_weights is not None:
        factors = np.array(numbers("task_weights", task_weights, logits.shape[1], of="column"))
        costs = times(factors, costs)
    return costs.sum(axis=1)


def _mean_of_tasks(sums: Array, weight: Array) -> Array:
    del weight  # the second sum has it: of all questions that were asked
    return sums[:, 0] / sums[:, 1]


@loss(aliases=("corn_loss", "conditional_ordinal_regression"), value=_mean_of_tasks)
def corn(prediction: Scores, target: Ranks) -> SeveralTerms:
    """Mean cross-entropy of whether the class is above a threshold, given that it reached it.

    Helps:
        When classes have an order and the answers of a network are to agree without the same
        weights for all thresholds: products of the conditional probabilities can only fall.

    Hurts:
        When the columns hold the unconditional logits of `coral`. High classes answer more
        questions and so count more; the mean is over questions, not over rows.

    Formula:
        -Σ over rows and columns k with y ≥ k of t ln p + (1 - t) ln(1 - p) / number of such pairs,
        with p = 1 / (1 + e^-x_k) for P(y > k | y ≥ k), t = 1 where y > k and else 0

    Domain:
        prediction: (n, classes - 1), finite logits. target: (n,), class numbers from 0, or names in
        the `order`. The number of pairs is what both the paper and coral-pytorch divide by; the
        number of a single row is the mean of its own. Result: at least 0, in nats.

    Example:
        >>> corn(np.log([[3.0, 1.0], [3.0, 7.0]]), np.array([1, 0])).round(6)  # sum, questions
        array([[0.980829, 2.      ],
               [1.386294, 1.      ]])

    References:
        X. Shi, W. Cao, S. Raschka, Deep neural networks for rank-consistent ordinal regression
        based on conditional probabilities, arXiv 2111.08851, 2021;
        https://github.com/Raschka-research-group/coral-pytorch
    """
    logits = _columns(prediction)
    number = np.arange(logits.shape[1])
    asked = target[:, None] >= number
    costs = np.where(asked, _wrong(logits, target[:, None] > number), 0.0)
    return np.stack([costs.sum(axis=1), asked.sum(axis=1)], axis=1).astype(np.float64)


def _columns(prediction: Array) -> Array:
    """Return one column a threshold, also where there is a single one."""
    return prediction.reshape(len(prediction), -1)


def _wrong(logits: Array, above: Mask) -> Array:
    """Return the cross-entropy of each yes or no."""
    # softplus keeps all digits of a small loss and does not overflow
    return np.logaddexp(0.0, np.where(above, -logits, logits))


def _log_of_one_minus(exponent: Array) -> Array:
    """Return ln(1 - e^x) of numbers of at most 0."""
    near = exponent > -math.log(2.0)
    return np.where(near, np.log(-np.expm1(exponent)), np.log1p(-np.exp(exponent)))


ROOT_HALF = math.sqrt(0.5)
LOG_ROOT_TWO_PI = 0.5 * math.log(2.0 * math.pi)
FAR_OUT = 25.0
"""From here on ten terms of a series give all digits; C's function ends at 38."""


def _log_of_normal(lower: Array, upper: Array) -> Array:
    """Return the logarithm of the normal probability between two ends."""
    # The density is symmetric: what lies below 0 is moved above, where tails keep their digits.
    mirrored = lower < -upper
    low, high = np.where(mirrored, -upper, lower), np.where(mirrored, -lower, upper)
    width = high - low
    narrow = np.where(low < 0.0, width <= 0.5, width * (low + 0.5 * width) <= 1.0)
    around, wide = ~narrow & (low < 0.0), ~narrow & (low >= 0.0)
    found = np.empty(len(low))
    found[narrow] = _log_of_narrow(low[narrow], width[narrow])
    found[around] = _log_around_zero(low[around], high[around])
    found[wide] = _log_of_wide(low[wide], high[wide])
    return found


def _log_around_zero(low: Array, high: Array) -> Array:
    ends = ROOT_HALF * np.stack([-low, high])
    inside = 0.5 * error_function(ends).sum(axis=0)
    outside = 0.5 * complementary_error_function(ends).sum(axis=0)
    return np.where(inside > 0.5, np.log1p(-outside), np.log(inside))


def _log_of_narrow(low: Array, width: Array) -> Array:
    """Integrate the density, which changes little: a difference of tails would cancel."""
    nodes, weights = quadrature()
    way = nodes * width[:, None]
    share = np.exp(-way * (low[:, None] + 0.5 * way)) @ weights
    return np.log(width) + np.log(share) - 0.5 * low * low - LOG_ROOT_TWO_PI


def _log_of_wide(low: Array, high: Array) -> Array:
    """Take from the tail behind the first end its share behind the second."""
    width = high - low
    near, far = _log_of_scaled_tail(low), _log_of_scaled_tail(high)
    share = far - near - width * (low + 0.5 * width)
    return near - 0.5 * low * low + _log_of_one_minus(share)


def _log_of_scaled_tail(start: Array) -> Array:
    """Return ln of the normal probability above a number x of at least 0, times e^(x²/2)."""
    found = np.empty(len(start))
    far = start > FAR_OUT
    near = start[~far]
    found[~far] = np.log(0.5 * complementary_error_function(ROOT_HALF * near)) + 0.5 * near * near
    inverse = 1.0 / start[far]
    series = np.ones(len(inverse))
    for odd in range(19, 0, -2):  # 1 - 1/x² (1 - 3/x² (1 - 5/x² ...
        series = 1.0 - odd * inverse * inverse * series
    found[far] = np.log(series * inverse) - LOG_ROOT_TWO_PI
    return found
