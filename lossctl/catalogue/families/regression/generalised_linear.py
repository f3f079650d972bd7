"""Likelihoods and deviances of generalised linear models: for counts and for amounts."""

from __future__ import annotations

import math
import sys
from typing import Annotated

from lossctl.block import Array
from lossctl.catalogue.definition import METHODS, MeanOfColumns, Twin, loss
from lossctl.catalogue.families.distribution.divergence import beta_divergence
from lossctl.catalogue.families.regression.squared import mse
from lossctl.catalogue.kinds import (
    LOGARITHMS,
    POSITIVES,
    TWEEDIE_MEANS,
    TWEEDIE_VALUES,
    NonNegative,
    Positives,
    narrowed,
)
from lossctl.catalogue.numerics import times
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

TINY = sys.float_info.epsilon
ONE_COLUMN = {
    "prediction": narrowed(TWEEDIE_MEANS, columns="one"),
    "target": narrowed(TWEEDIE_VALUES, columns="one"),
}


@loss(
    aliases=("poisson_nll", "poisson_loss"),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.poisson_nll_loss(prediction, target, log_input=False, "
            "full={full}, eps={eps}, reduction={reduction})",
            sets={"per": "element", "eps": 1e-8, "floor": 0.0},
            needs={"log_input": False},
            named=False,
            note="torch defaults to log_input=True, where the prediction is the log rate",
        ),
        Twin(
            "torch",
            "torch.nn.functional.poisson_nll_loss(prediction, target, log_input=True, "
            "full={full}, reduction={reduction})",
            sets={"per": "element"},
            needs={"log_input": True},
            names=("torch.nn.PoissonNLLLoss",),
        ),
        Twin(
            "keras",
            "keras.losses.Poisson(reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units", "eps": 1e-7, "floor": 0.0},
            needs={"log_input": False, "full": False},
            weight=", sample_weight=weight",
        ),
    ),
)
def poisson(
    prediction: NonNegative,
    target: NonNegative,
    *,
    log_input: Annotated[
        bool,
        Option("prediction holds log rates", turns={"prediction": LOGARITHMS}),
    ] = False,
    full: Annotated[
        bool, Option("add Stirling's approximation of ln(target!) for targets above 1")
    ] = False,
    floor: Annotated[
        float,
        Option(
            "rates below this are raised to it",
            Interval(at_least=0),
            clips={"prediction": "raised"},
        ),
    ] = TINY,
    eps: Annotated[
        float, Option("added to the rate inside the logarithm", Interval(at_least=0))
    ] = 0.0,
) -> MeanOfColumns:
    """Negative log-likelihood of counts under a Poisson distribution, up to a constant.

    Helps:
        When the target counts events and its variance grows with its mean.

    Hurts:
        When the counts are overdispersed or have excess zeros; and when log rates are passed as
        rates. Negative values are normal.

    Formula:
        rate - target ln(rate + eps); with `full`, + t ln t - t + ½ ln(2πt) where t = target > 1

    Domain:
        prediction: (n,) or (n, d), rates of at least 0, or with `log_input` log rates of at most
        700. target: the same shape, at least 0. Result: any number.

    Example:
        >>> poisson(np.array([2.0, 1.0]), np.array([0.0, 3.0]))
        array([2., 1.])

    References:
        P. McCullagh, J. A. Nelder, Generalized linear models, 2nd edition, 1989, chapter 6
    """
    if log_input:
        terms = np.exp(prediction) - target * prediction
    else:
        rate = np.maximum(prediction, floor)
        terms = rate - times(target, np.log(rate + eps))
    if not full:
        return terms
    count = np.maximum(target, 1.0)
    stirling = count * np.log(count) - count + 0.5 * np.log(2.0 * np.pi * count)
    return terms + np.where(target > 1.0, stirling, 0.0)


@loss(
    aliases=("negative_binomial_nll", "nb2"),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.distributions.NegativeBinomial(1 / {dispersion}, "
            "logits=({dispersion} * prediction.clamp(min={floor})).log(), validate_args=False)"
            ".log_prob(target).neg(){reduction}",
            sets={"per": "element"},
            reductions=METHODS,
            named=False,
            note="torch sums log-gamma functions, which is imprecise for a small dispersion",
        ),
    ),
)
def negative_binomial(
    prediction: NonNegative,
    target: NonNegative,
    *,
    dispersion: Annotated[
        float,
        Option("alpha in variance = mean + alpha × mean²", Interval(above=0)),
    ] = 1.0,
    floor: Annotated[
        float,
        Option(
            "means below this are raised to it",
            Interval(at_least=0),
            clips={"prediction": "raised"},
        ),
    ] = TINY,
) -> MeanOfColumns:
    """Negative log-likelihood of overdispersed counts (NB2), given their mean.

    Helps:
        When the target counts events and is overdispersed: the variance is mean + dispersion ×
        mean².

    Hurts:
        When the dispersion is unknown: it strongly affects the value; with 0 it would be the
        Poisson likelihood. When there are many more zeros than even this distribution has.

    Formula:
        ln Γ(target + 1) + ln Γ(r) - ln Γ(target + r) + (target + r) ln(1 + mean / r)
        - target ln(mean / r), with mean = prediction and r = 1 / dispersion

    Domain:
        prediction: (n,) or (n, d), means of at least 0. target: the same shape, at least 0, integer
        or not. Result: at least 0 for integer targets.

    Example:
        >>> negative_binomial(np.array([1.0, 3.0]), np.array([0.0, 1.0]))
        array([0.69314718, 1.67397643])

    References:
        J. F. Lawless, Negative binomial and mixed Poisson regression, Canadian Journal of
        Statistics 15, 1987; C. Loader, Fast and accurate computation of binomial probabilities,
        2000 (how it keeps its digits)
    """
    mean = np.maximum(prediction, floor)
    # Of a shape so large, the distribution is Poisson's to the last bit.
    shape = min(1.0 / dispersion, 1e300)
    # The gamma functions nearly cancel. What is left of them are two deviances, which vanish where
    # the mean is the target, and the small parts that Stirling's formula leaves out.
    share = shape / (shape + mean)
    off = (target - mean) * share
    fitted = share + target / (shape + mean)  # (shape + target) / (shape + mean)
    count = np.where(target == 0.0, 1.0, target)
    deviance = _kullback_leibler(count, mean * fitted, off) + _kullback_leibler(
        np.full_like(mean, shape), shape * fitted, -off
    )
    grown = _log_of_one_plus_ratio(target, shape)
    width = 0.5 * (math.log(2.0 * math.pi) + np.log(count) + grown)
    left_out = _stirling_rest(count) + _stirling_rest(shape) - _stirling_rest(shape + count)
    none = shape * _log_of_one_plus_ratio(mean, shape)
    return np.where(target == 0.0, none, deviance + width + left_out)


@loss(
    aliases=("tweedie", "mean_tweedie_deviance"),
    twins=(
        Twin(
            "sklearn",
            "sklearn.metrics.mean_poisson_deviance(target, prediction{weight})",
            needs={"power": 1.0},
            kinds=ONE_COLUMN,
            weight=", sample_weight=weight",
        ),
        Twin(
            "sklearn",
            "sklearn.metrics.mean_tweedie_deviance(target, prediction, power={power}{weight})",
            sets={"power": 0.0},
            kinds=ONE_COLUMN,
            weight=", sample_weight=weight",
            note="sklearn defaults to power=0, the squared error; it is imprecise near a match",
        ),
    ),
)
def tweedie_deviance(
    prediction: Annotated[Array, TWEEDIE_MEANS],
    target: Annotated[Array, TWEEDIE_VALUES],
    *,
    power: float = 1.5,
) -> MeanOfColumns:
    """Twice the log-likelihood lost to a perfect fit, with variance growing as mean^power.

    Helps:
        When the noise grows with the mean: counts (power 1); amounts with many zeros, such as
        claims or rainfall (between 1 and 2); positive amounts judged by their ratio (2).

    Hurts:
        When deviances of different powers are compared: their units differ. The larger the power,
        the less large amounts count.

    Formula:
        2 (t^(2 - power) / ((1 - power) (2 - power)) - t p^(1 - power) / (1 - power)
        + p^(2 - power) / (2 - power)), with p and t the prediction and the target;
        (t - p)² for power 0, 2 (t ln(t / p) - t + p) for 1, 2 (ln(p / t) + t / p - 1) for 2

    Domain:
        prediction: (n,) or (n, d), above 0 (at least 1e-150). target: the same shape, at least 0,
        or above 0 for powers of at least 2. With power 0 both may be any finite number. Result: at
        least 0, in the target's units to the power of 2 - power.

    Example:
        >>> tweedie_deviance(np.array([1.0, 16.0]), np.array([4.0, 1.0]))
        array([4., 9.])

    References:
        B. Jørgensen, Exponential dispersion models, Journal of the Royal Statistical Society B 49,
        1987
    """
    if power == 0.0:
        return mse(prediction, target)
    return 2.0 * beta_divergence(prediction, target, beta=2.0 - power, floor=0.0)


@loss(
    aliases=("mean_gamma_deviance",),
    twins=(
        Twin(
            "sklearn",
            "sklearn.metrics.mean_gamma_deviance(target, prediction{weight})",
            kinds={role: narrowed(POSITIVES, columns="one") for role in ("prediction", "target")},
            weight=", sample_weight=weight",
            note="sklearn is imprecise near a match",
        ),
    ),
)
def gamma_deviance(prediction: Positives, target: Positives) -> MeanOfColumns:
    """Twice the log-likelihood lost to a perfect fit, for gamma distributions.

    Helps:
        When positive amounts are predicted whose noise is proportional to their size: only the
        ratio of prediction and target counts.

    Hurts:
        When targets are 0 or close to it. Predictions that are too low cost much more than those
        that are too high. It is tweedie_deviance with power 2.

    Formula:
        2 (ln(prediction / target) + target / prediction - 1)

    Domain:
        prediction, target: (n,) or (n, d), above 0 (at least 1e-150). Result: at least 0,
        dimensionless.

    Example:
        >>> gamma_deviance(np.array([1.0, 4.0]), np.array([1.0, 2.0]))
        array([0.        , 0.38629436])

    References:
        P. McCullagh, J. A. Nelder, Generalized linear models, 2nd edition, 1989, chapter 8
    """
    return tweedie_deviance(prediction, target, power=2.0)


def _kullback_leibler(amount: Array, guess: Array, difference: Array) -> Array:
    """Compute amount ln(amount / guess) - difference, which is amount - guess."""
    tilt = difference / (amount + guess)
    close = np.where(np.abs(tilt) < 0.5, tilt, 0.0)
    angle = np.arctanh(close)
    near = (amount + guess) * (close * angle + (angle - close))
    far = amount * (np.log(amount) - np.log(guess)) - difference
    return np.where(np.abs(tilt) < 0.5, near, far)


def _log_of_one_plus_ratio(number: Array, shape: float) -> Array:
    """Compute ln(1 + number / shape), also where the ratio is no float."""
    far = np.log(number + shape) - math.log(shape)
    return np.where(number > shape, far, np.log1p(number / shape))


STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
"""What Stirling's series has with 1 / n, 1 / n³, 1 / n⁵, …."""


def _stirling_rest(number: Array | float) -> Array:
    """Compute ln Γ(n + 1) - ln(√(2πn) (n / e)^n), for n above 0."""
    number = np.asarray(number, dtype=np.float64)
    # The series is exact from 16 on; smaller ones are led up to there by Γ(n + 1) = n Γ(n).
    small = number < 16.0
    low = np.where(small, number, 1.0)
    high = np.where(small, number + 16.0, number)
    square = 1.0 / high / high
    series = np.zeros_like(high)
    for factor in reversed(STIRLING):
        series = series * square + factor
    series = series / high
    product = np.ones_like(low)
    for step in range(1, 17):
        product *= low + step
    between = (high + 0.5) * np.log(high) - (low + 0.5) * np.log(low) - 16.0
    return np.where(small, series + between - np.log(product), series)
