"""Losses for ordered classes, such as grades, stages or age groups.

Classes are numbered from 0, the lowest. `prediction` has one column per threshold between two
neighbouring classes, so K classes have K - 1 columns, `(n, K - 1)`, or `(n,)` for two classes;
`target` is one label per row. Natural logarithms give nats. Values outside the domain never reach
these functions: the code that reads the data raises `lossctl.errors.OutOfDomain`.
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
        Option("distribution that turns scores into probabilities: logistic or standard normal"),
    ] = "logit",
) -> PerRow:
    """Negative log-likelihood of a class between two thresholds of one latent score.

    Helps:
        When classes are ordered but have no distances, such as answers from "never" to "always":
        the proportional odds model and the ordered probit model are fitted with it.

    Hurts:
        When the columns hold the scores of exceeding a class, which have the opposite sign; and
        when two neighbouring thresholds coincide: the class between them is then impossible.

    Formula:
        -ln(F(column k) - F(column k - 1)) for class k, with F(x) = 1 / (1 + e^-x), or with `probit`
        the standard normal distribution function; F is 0 before the first column and 1 after the
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
    lowest = np.full((len(scores), 1), -np.inf)
    thresholds = np.hstack([lowest, scores, -lowest])
    lower, upper = taken(thresholds, target), taken(thresholds, target + 1)
    if link == "probit":
        return 0.0 - _log_of_normal(lower, upper)  # 0 - x is never -0
    # F(b) - F(a) = F(b) F(-a) (1 - e^(a - b)): factors, and no difference of close numbers.
    outside = np.logaddexp(0.0, -upper) + np.logaddexp(0.0, lower)
    return outside - _log_of_one_minus(lower - upper)


@loss(aliases=("coral_loss", "consistent_rank_logits"))
def coral(
    prediction: Scores,
    target: Ranks,
    *,
    task_weights: Annotated[
        str | None, Option("one weight per column, separated by commas; none for 1 each")
    ] = None,
) -> PerRow:
    """Binary cross-entropy of exceeding each threshold, summed over the thresholds.

    Helps:
        When classes are ordered, and a network predicts for each threshold whether the class
        exceeds it: being off by many classes means being wrong at many thresholds.

    Hurts:
        When the predictions contradict each other, which only a network with shared weights and one
        bias per threshold rules out. The sum grows with the number of classes. Correlation
        alignment, which has the same short name, is a different loss.

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
    costs = _cross_entropy(logits, target[:, None] > np.arange(logits.shape[1]))
    if task_weights is not None:
        weights = np.array(numbers("task_weights", task_weights, logits.shape[1], of="column"))
        costs = times(weights, costs)
    return costs.sum(axis=1)


def _mean_of_tasks(sums: Array, weight: Array) -> Array:
    del weight  # contained in the second sum, the number of thresholds reached
    return sums[:, 0] / sums[:, 1]


@loss(aliases=("corn_loss", "conditional_ordinal_regression"), value=_mean_of_tasks)
def corn(prediction: Scores, target: Ranks) -> SeveralTerms:
    """Mean binary cross-entropy of exceeding a threshold, given that it was reached.

    Helps:
        When classes are ordered, and a network's predictions should be consistent without shared
        weights for all thresholds: products of the conditional probabilities can only decrease.

    Hurts:
        When the columns hold the unconditional logits of `coral`. High classes reach more
        thresholds and so count more; the mean is over pairs of row and threshold, not over rows.

    Formula:
        -Σ over rows and columns k with y ≥ k of t ln p + (1 - t) ln(1 - p) / number of such pairs,
        with p = 1 / (1 + e^-x_k) for P(y > k | y ≥ k), t = 1 where y > k and else 0

    Domain:
        prediction: (n, classes - 1), finite logits. target: (n,), class numbers from 0, or names in
        the `order`. Both the paper and coral-pytorch divide by the number of pairs; the value of a
        single row is the mean over its own. Result: at least 0, in nats.

    Example:
        >>> corn(np.log([[3.0, 1.0], [3.0, 7.0]]), np.array([1, 0])).round(6)  # sum, thresholds
        array([[0.980829, 2.      ],
               [1.386294, 1.      ]])

    References:
        X. Shi, W. Cao, S. Raschka, Deep neural networks for rank-consistent ordinal regression
        based on conditional probabilities, arXiv 2111.08851, 2021;
        https://github.com/Raschka-research-group/coral-pytorch
    """
    logits = _columns(prediction)
    threshold = np.arange(logits.shape[1])
    reached = target[:, None] >= threshold
    costs = np.where(reached, _cross_entropy(logits, target[:, None] > threshold), 0.0)
    return np.stack([costs.sum(axis=1), reached.sum(axis=1)], axis=1).astype(np.float64)


def _columns(prediction: Array) -> Array:
    """Return one column per threshold, even for a single one."""
    return prediction.reshape(len(prediction), -1)


def _cross_entropy(logits: Array, above: Mask) -> Array:
    """Return the binary cross-entropy of each threshold."""
    # softplus keeps all digits of a small loss and does not overflow
    return np.logaddexp(0.0, np.where(above, -logits, logits))


def _log_of_one_minus(exponent: Array) -> Array:
    """Return ln(1 - e^x) for exponents of at most 0."""
    near = exponent > -math.log(2.0)
    return np.where(near, np.log(-np.expm1(exponent)), np.log1p(-np.exp(exponent)))


ROOT_HALF = math.sqrt(0.5)
LOG_ROOT_TWO_PI = 0.5 * math.log(2.0 * math.pi)
FAR_OUT = 25.0
"""From here on ten terms of a series give all digits; C's erfc underflows at 38."""


def _log_of_normal(lower: Array, upper: Array) -> Array:
    """Return the log normal probability of an interval."""
    # The density is symmetric: intervals below 0 are mirrored, as upper tails keep their digits.
    mirrored = lower < -upper
    low, high = np.where(mirrored, -upper, lower), np.where(mirrored, -lower, upper)
    width = high - low
    narrow = np.where(low < 0.0, width <= 0.5, width * (low + 0.5 * width) <= 1.0)
    around, wide = ~narrow & (low < 0.0), ~narrow & (low >= 0.0)
    logarithm = np.empty(len(low))
    logarithm[narrow] = _log_of_narrow(low[narrow], width[narrow])
    logarithm[around] = _log_around_zero(low[around], high[around])
    logarithm[wide] = _log_of_wide(low[wide], high[wide])
    return logarithm


def _log_around_zero(low: Array, high: Array) -> Array:
    ends = ROOT_HALF * np.stack([-low, high])
    inside = 0.5 * error_function(ends).sum(axis=0)
    outside = 0.5 * complementary_error_function(ends).sum(axis=0)
    return np.where(inside > 0.5, np.log1p(-outside), np.log(inside))


def _log_of_narrow(low: Array, width: Array) -> Array:
    """Integrate the density, which changes little: a difference of tails would cancel."""
    # Node by node: a matrix product rounds in another order for other numbers of rows.
    mean = sum(
        weight * np.exp(-node * width * (low + 0.5 * node * width))
        for node, weight in zip(*quadrature(), strict=True)
    )
    return np.log(width) + np.log(mean) - 0.5 * low * low - LOG_ROOT_TWO_PI


def _log_of_wide(low: Array, high: Array) -> Array:
    """Subtract the tail above the upper end from that above the lower end."""
    width = high - low
    near, far = _log_of_scaled_tail(low), _log_of_scaled_tail(high)
    log_share = far - near - width * (low + 0.5 * width)
    return near - 0.5 * low * low + _log_of_one_minus(log_share)


def _log_of_scaled_tail(start: Array) -> Array:
    """Return ln of the normal probability above a number x of at least 0, times e^(x²/2)."""
    logarithm = np.empty(len(start))
    far = start > FAR_OUT
    near = start[~far]
    logarithm[~far] = (
        np.log(0.5 * complementary_error_function(ROOT_HALF * near)) + 0.5 * near * near
    )
    inverse = 1.0 / start[far]
    series = np.ones(len(inverse))
    for odd in range(19, 0, -2):  # 1 - 1/x² (1 - 3/x² (1 - 5/x² ...
        series = 1.0 - odd * inverse * inverse * series
    logarithm[far] = np.log(series * inverse) - LOG_ROOT_TWO_PI
    return logarithm
