"""Negative log-likelihoods of values under predicted densities."""

from __future__ import annotations

import math
from typing import Annotated

from lossctl.catalogue.definition import METHODS, MeanOfColumns, Twin, loss
from lossctl.catalogue.kinds import NonNegative, Values
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

Full = Annotated[bool, Option("add the constant ½ ln 2π")]


@loss(
    aliases=("gaussian_negative_log_likelihood", "normal_nll"),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.gaussian_nll_loss(mean, target, variance, full={full}, "
            "eps={floor}, reduction={reduction})",
            sets={"per": "element"},
            names=("torch.nn.GaussianNLLLoss",),
        ),
    ),
)
def gaussian_nll(
    mean: Values,
    variance: NonNegative,
    target: Values,
    *,
    full: Full = False,
    floor: Annotated[
        float,
        Option(
            "variances below this are raised to it",
            Interval(above=0),
            clips={"variance": "raised"},
        ),
    ] = 1e-6,
) -> MeanOfColumns:
    """Negative log-likelihood of a value under a predicted normal distribution.

    Helps:
        When predictions come with an uncertainty, and the noise differs from row to row.

    Hurts:
        When there are outliers: they count with the square of their distance. When standard
        deviations are passed as variances. Negative values are normal, and the target's units
        affect the value and whether variances fall below `floor`.

    Formula:
        ½ (ln variance + (target - mean)² / variance); with `full`, + ½ ln 2π

    Domain:
        mean, target: (n,) or (n, d), finite. variance: the same shape, at least 0. Result: any
        number; for a given variance it is smallest where the mean equals the target.

    Example:
        >>> gaussian_nll(np.array([1.0, 3.0]), np.array([1.0, 4.0]), np.array([1.0, 3.0]))
        array([0.        , 0.69314718])

    References:
        D. A. Nix, A. S. Weigend, Estimating the mean and variance of the target probability
        distribution, International Conference on Neural Networks 1994
    """
    bounded = np.maximum(variance, floor)
    # Dividing before squaring neither overflows nor underflows.
    z = (target - mean) / np.sqrt(bounded)
    terms = 0.5 * (np.log(bounded) + z * z)
    return terms + 0.5 * math.log(2.0 * math.pi) if full else terms


@loss(
    aliases=("beta_gaussian_nll", "beta_negative_log_likelihood"),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.gaussian_nll_loss(mean, target, variance, full={full}, "
            "eps={floor}, reduction='none').mul(variance.clamp(min={floor}) ** {beta}){reduction}",
            sets={"per": "element"},
            reductions=METHODS,
            named=False,
            note="for training, use variance.detach() in the weight",
        ),
    ),
)
def beta_nll(
    mean: Values,
    variance: NonNegative,
    target: Values,
    *,
    beta: Annotated[
        float,
        Option(
            "power of the variance in the weight: 0 is gaussian_nll, 1 has the gradient of mse",
            Interval(at_least=0, at_most=1),
        ),
    ] = 0.5,
    full: Full = False,
    floor: Annotated[
        float,
        Option(
            "variances below this are raised to it",
            Interval(above=0),
            clips={"variance": "raised"},
        ),
    ] = 1e-6,
) -> MeanOfColumns:
    """Gaussian negative log-likelihood weighted by variance^beta.

    Helps:
        When mean and variance are trained together, and the mean would fit poorly where the
        variance is large: the weight restores the influence of such rows.

    Hurts:
        When it is treated as a likelihood, or forecasts are compared by it: a variance that is too
        large or too small can lower it; use gaussian_nll instead. In training the weight is a
        constant: no gradient flows through it.

    Formula:
        variance^beta × ½ (ln variance + (target - mean)² / variance); with `full`, ½ ln 2π is added
        before weighting

    Domain:
        mean, target: (n,) or (n, d), finite. variance: the same shape, at least 0. Result: any
        number; for a given variance it is smallest where the mean equals the target.

    Example:
        >>> beta_nll(np.array([1.0, 1.0]), np.array([1.0, 4.0]), np.array([3.0, 1.0]))
        array([2.        , 1.38629436])

    References:
        M. Seitzer, A. Tavakoli, D. Antic, G. Martius, On the pitfalls of heteroscedastic
        uncertainty estimation with probabilistic neural networks, ICLR 2022
    """
    terms = gaussian_nll(mean, variance, target, full=full, floor=floor)
    return np.maximum(variance, floor) ** beta * terms


@loss(
    aliases=("laplace_negative_log_likelihood",),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.distributions.Laplace(location, scale.clamp(min={floor}))"
            ".log_prob(target).neg(){reduction}",
            sets={"per": "element"},
            reductions=METHODS,
            named=False,
        ),
    ),
)
def laplace_nll(
    location: Values,
    scale: NonNegative,
    target: Values,
    *,
    floor: Annotated[
        float,
        Option("scales below this are raised to it", Interval(above=0), clips={"scale": "raised"}),
    ] = 1e-6,
) -> MeanOfColumns:
    """Negative log-likelihood of a value under a predicted Laplace distribution.

    Helps:
        When predictions come with an uncertainty, and errors have heavier tails than normal ones.

    Hurts:
        When variances or standard deviations are passed as scales: the standard deviation is √2 ×
        scale. Negative values are normal.

    Formula:
        ln(2 scale) + |target - location| / scale

    Domain:
        location, target: (n,) or (n, d), finite. scale: the same shape, at least 0. Result: any
        number; for a given scale it is smallest where the location equals the target.

    Example:
        >>> laplace_nll(np.array([1.0, 1.0]), np.array([0.5, 0.5]), np.array([1.0, 3.0]))
        array([0., 4.])

    References:
        P.-S. Laplace, Mémoire sur la probabilité des causes par les événements, 1774
    """
    bounded = np.maximum(scale, floor)
    return math.log(2.0) + np.log(bounded) + np.abs(target - location) / bounded


@loss(
    aliases=("student_t_negative_log_likelihood", "t_nll", "student_nll"),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.distributions.StudentT({degrees_of_freedom}, prediction, {scale})"
            ".log_prob(target).neg(){reduction}",
            sets={"per": "element"},
            reductions=METHODS,
            named=False,
        ),
        Twin(
            "scipy",
            "scipy.stats.t.nnlf(({degrees_of_freedom}, 0, {scale}), (target - prediction).ravel())"
            "{reduction}",
            sets={"per": "element"},
            reductions={"mean": " / target.size", "sum": ""},
            named=False,
        ),
    ),
)
def student_t_nll(
    prediction: Values,
    target: Values,
    *,
    degrees_of_freedom: Annotated[
        float,
        Option(
            "how light the tails are: 1 is Cauchy, large values approach normal", Interval(above=0)
        ),
    ] = 4.0,
    scale: Annotated[
        float, Option("scale of the distribution, in the target's units", Interval(above=0))
    ] = 1.0,
) -> MeanOfColumns:
    """Negative log-likelihood under Student's t distribution centred on the prediction.

    Helps:
        When errors have heavy tails: an outlier costs only the logarithm of its distance, and the
        value is still a likelihood, comparable with that of other distributions.

    Hurts:
        When the scale does not match the residuals, as the default of 1 rarely does. When a
        standard deviation is passed as the scale: it is √(v / (v - 2)) times as large for v degrees
        of freedom, and does not exist for v up to 2. It is not convex. Negative values are normal.

    Formula:
        ½ (v + 1) ln(1 + z² / v) + ln scale + ½ ln πv + ln Γ(½ v) - ln Γ(½ (v + 1)), with z =
        (target - prediction) / scale and v the degrees of freedom: the full density

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: any number; it is smallest where the
        prediction equals the target.

    Example:
        >>> student_t_nll(np.array([1.0, 1.0]), np.array([1.0, 11.0]), scale=3.75).round(6)
        array([2.302585, 4.856713])

    References:
        K. L. Lange, R. J. A. Little, J. M. G. Taylor, Robust statistical modeling using the t
        distribution, Journal of the American Statistical Association 84, 1989
    """
    size = np.abs(target - prediction)
    ratio = size / scale / math.sqrt(degrees_of_freedom)
    # ½ ln(1 + ratio²), without a square that could overflow; where the ratio itself has, ln ratio
    overflowed = np.isinf(ratio)
    logarithm = np.log(np.where(overflowed, size, np.hypot(1.0, ratio)))
    width = math.log(scale) + 0.5 * math.log(degrees_of_freedom)
    far = np.where(overflowed, logarithm - width, logarithm)
    growth = np.where(ratio < 1.0, 0.5 * np.log1p(ratio * ratio), far)
    least = math.log(scale) - _log_of_student_t_peak(degrees_of_freedom)
    return (degrees_of_freedom + 1.0) * growth + least


def _log_of_student_t_peak(degrees_of_freedom: float) -> float:
    """Return the log density at the centre, for a scale of 1."""
    half = 0.5 * degrees_of_freedom
    if half < 16.0:
        # Γ(half) is Γ(half + 1) / half, which has a logarithm even where half is 0 by rounding.
        gammas = math.lgamma(half + 0.5) - math.lgamma(half + 1.0)
        return gammas - 0.5 * math.log(4.0 * math.pi) + 0.5 * math.log(degrees_of_freedom)
    # The gamma functions nearly cancel: take the normal density and a series for the rest.
    inverse = 1.0 / half
    series = (-1 / 8, 1 / 192, -1 / 640, 17 / 14336, -31 / 18432)
    rest = math.fsum(factor * inverse ** (2 * place + 1) for place, factor in enumerate(series))
    return rest - 0.5 * math.log(2.0 * math.pi)
