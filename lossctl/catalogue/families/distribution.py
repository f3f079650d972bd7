"""Losses that compare a whole distribution, predicted or observed, with another or with a value.

A distribution comes as a sample, as amounts in bins or classes, as an ensemble of forecasts, or as
the parameters of a density. Natural logarithms give nats. A value out of its domain never reaches
these functions: whoever reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from typing import Annotated, Literal

from lossctl.block import Array, Codes, Mask, Ragged
from lossctl.catalogue.definition import (
    DataNote,
    MeanOfColumns,
    PerRow,
    PerUnit,
    SumOfColumns,
    Twin,
    loss,
)
from lossctl.catalogue.kinds import (
    DISTRIBUTION,
    ONE_HOT,
    PROBABILITIES,
    VALUES,
    VECTORS,
    ZERO_OR_ONE,
    Distribution,
    Probabilities,
    Sample,
    Values,
    narrowed,
)
from lossctl.catalogue.numerics import error_function, quadrature, times
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

TINY = sys.float_info.epsilon

AMOUNT = narrowed(VALUES, at_least=0)
AMOUNTS = narrowed(VALUES, at_least=0, columns="several")
# JAX takes smaller numbers for 0
NORMAL_AMOUNTS = narrowed(VALUES, at_least=sys.float_info.min, columns="several")
VARIANCE = narrowed(VALUES, at_least=0)
LOG_VARIANCE = narrowed(VALUES, at_most=700)
OUTCOME = narrowed(VALUES, columns="one")
ENSEMBLE = replace(VECTORS, title="ensembles")

MEANS = {"mean": ".mean()", "sum": ".sum()", "none": ""}

Normalise = Annotated[
    bool,
    Option(
        "divide each row by its sum first; rows may hold any amounts then",
        turns={"prediction": AMOUNTS, "target": AMOUNTS},
    ),
]
Full = Annotated[bool, Option("add the constant ½ ln 2π")]


def _one_is_empty(first: Ragged, second: Ragged) -> Mask:
    lacking: Mask = _is_empty(first) != _is_empty(second)
    return lacking


@loss(
    aliases=("emd", "earth_movers_distance", "wasserstein_1d"),
    twins=(
        Twin(
            "scipy",
            "scipy.stats.wasserstein_distance(first, second{weight})",
            weight=", first_weight, second_weight",
        ),
    ),
    data_notes=(
        DataNote(
            "empty_samples",
            "with nothing in one sample, which makes the distance infinite",
            of_units=_one_is_empty,
        ),
    ),
)
def earth_mover(first: Sample, second: Sample) -> PerUnit:
    """Least mean distance over which one sample is moved to become the other.

    Helps:
        When two samples are compared whose values have a distance, also where they do not overlap;
        the result is in the values' own unit.

    Hurts:
        When samples are small: two samples of the same distribution are some distance apart.
        Outliers count with their distance.

    Formula:
        ∫ |F(x) - G(x)| dx, with F and G the distribution functions of the two samples

    Domain:
        first, second: one column each, finite, with as many rows as they like, which may have
        weights. Where one of the samples has no rows, or only rows of weight 0, the result is
        infinite; where both have none, 0. Result: at least 0, in the values' unit.

    Example:
        >>> first = Ragged(np.array([0.0, 2.0]), np.array([2]))
        >>> earth_mover(first, Ragged(np.array([3.0]), np.array([1])))
        array([2.])

    References:
        S. S. Vallender, Calculation of the Wasserstein distance between probability distributions
        on the line, Theory of Probability and its Applications 18, 1974; Y. Rubner, C. Tomasi,
        L. J. Guibas, The earth mover's distance as a metric for image retrieval, International
        Journal of Computer Vision 40, 2000
    """
    count = len(first.lengths)
    one, other = _weighing(first), _weighing(second)
    values, unit, weight = (np.concatenate(parts) for parts in zip(one, other, strict=True))
    of_one = np.arange(len(values)) < len(one[0])
    # Weights decide last: in whichever order equal values come, the sums are the same to the bit.
    order = np.lexsort((weight, values, unit))
    values, unit = values[order], unit[order]
    # One running sum for each sample: where the samples are equal, so are the sums.
    below = np.where([of_one[order], ~of_one[order]], weight[order], 0.0)
    lengths = np.bincount(unit, minlength=count)
    ends, filled = np.cumsum(lengths), lengths > 0
    places = list(zip((ends - lengths).tolist(), ends.tolist(), strict=True))
    for running in below:
        for start, end in places:
            np.add.accumulate(running[start:end], out=running[start:end])
    totals = np.zeros((2, count))
    totals[:, filled] = below[:, ends[filled] - 1]
    empty = totals == 0.0
    shares = below / np.where(empty, 1.0, totals)[:, unit]
    inside = unit[1:] == unit[:-1]
    difference = np.abs(shares[0] - shares[1])[:-1][inside]
    moved = _share_of_gap(difference, values[:-1][inside], values[1:][inside])
    distance = np.bincount(unit[:-1][inside], weights=moved, minlength=count)
    return np.where(empty.any(axis=0), np.where(empty.all(axis=0), 0.0, np.inf), distance)


@loss(aliases=("emd_bins", "histogram_emd"))
def earth_mover_bins(
    prediction: Distribution,
    target: Distribution,
    *,
    squared: Annotated[
        bool, Option("square the differences, as Hou and others do in training")
    ] = False,
    normalise: Normalise = False,
    bin_width: Annotated[float, Option("distance of neighbouring bins", Interval(above=0))] = 1.0,
) -> PerRow:
    """Least mean distance over which the predicted histogram is moved to become the target.

    Helps:
        When classes or bins are in an order, such as grades or ages: to be wrong by one bin costs
        less than by many, which cross-entropy does not know.

    Hurts:
        When the classes have no order. With `squared` it is no longer a distance.

    Formula:
        bin_width × Σ over bins of |P - T|, with P and T the sums of a row up to the bin; with
        `squared`, of (P - T)²

    Domain:
        prediction, target: (n, bins), rows of probabilities that sum to 1, the bins in their order
        and equally far apart; with `normalise` any amounts of at least 0, of which a row that sums
        to 0 stays as it is. Result: at least 0, in the unit of `bin_width`.

    Example:
        >>> earth_mover_bins(np.array([[0.5, 0.25, 0.25]]), np.array([[0.0, 0.0, 1.0]]))
        array([1.25])

    References:
        L. Hou, C.-P. Yu, D. Samaras, Squared earth mover's distance-based loss for training deep
        neural networks, arXiv 1611.05916, 2016
    """
    if normalise:
        prediction, target = _shares(prediction), _shares(target)
    difference = np.cumsum(prediction - target, axis=1)
    cost = difference * difference if squared else np.abs(difference)
    return bin_width * cost.sum(axis=1)


@loss(
    aliases=("jensen_shannon", "jensen_shannon_divergence", "js"),
    twins=(
        Twin(
            "scipy",
            "scipy.spatial.distance.jensenshannon(prediction, target, 2 if {bits} else None, "
            "axis=1){reduction}",
            sets={"normalise": True},
            needs={"root": True},
            reductions=MEANS,
            kinds={"prediction": DISTRIBUTION, "target": DISTRIBUTION},
            tolerance=1e-9,
            note="scipy's is the distance, the root; of rows that are almost equal it has few "
            "digits, or is nan",
        ),
    ),
)
def js_divergence(
    prediction: Distribution,
    target: Distribution,
    *,
    root: Annotated[bool, Option("take the square root, the Jensen-Shannon distance")] = False,
    bits: Annotated[bool, Option("in bits, which are at most 1, instead of nats")] = False,
    normalise: Normalise = False,
) -> PerRow:
    """Mean information lost when the mean of two distributions stands for each of them.

    Helps:
        When two distributions are compared of which neither is the true one, or which have zeros:
        it is symmetric and never above ln 2.

    Hurts:
        When the distributions do not overlap: it is the same however far apart they are; the earth
        mover's distance is not.

    Formula:
        ½ Σ p ln(p / m) + ½ Σ t ln(t / m), with m = (p + t) / 2; with `root`, its square root

    Domain:
        prediction, target: (n, classes), rows of probabilities that sum to 1; with `normalise` any
        amounts of at least 0, of which a row that sums to 0 stays as it is. Result: between 0 and
        ln 2 nats, or between 0 and 1 with `bits`.

    Example:
        >>> js_divergence(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.5, 0.5]]))
        array([0.69314718, 0.        ])

    References:
        J. Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on Information
        Theory 37, 1991; D. M. Endres, J. E. Schindelin, A new metric for probability distributions,
        the same 49, 2003 (the root)
    """
    if normalise:
        prediction, target = _shares(prediction), _shares(target)
    both = prediction + target
    divisor = np.where(both == 0.0, 1.0, both)
    # With r = (p - t) / (p + t) a term is ¼ (p + t) ((1 + r) ln(1 + r) + (1 - r) ln(1 - r)). Near
    # r = 0 the two logarithms cancel; written as below their sum keeps all digits.
    tilt = (prediction - target) / divisor
    close = np.where(np.abs(tilt) < 0.5, tilt, 0.0)
    near = np.log1p(-close * close) + 2.0 * close * np.arctanh(close)
    far = _times_log(2.0 * prediction / divisor) + _times_log(2.0 * target / divisor)
    divergence = (0.25 * both * np.where(np.abs(tilt) < 0.5, near, far)).sum(axis=1)
    if bits:
        divergence = divergence / np.log(2.0)
    return np.sqrt(divergence) if root else divergence


@loss(
    aliases=("brier_score", "brier_score_loss"),
    twins=(
        Twin(
            "sklearn",
            "sklearn.metrics.brier_score_loss(target, prediction, pos_label=1{weight})",
            needs={"scale": "auto"},
            kinds={"prediction": narrowed(PROBABILITIES, columns="one"), "target": ZERO_OR_ONE},
            weight=", sample_weight=weight",
        ),
        Twin(
            "sklearn",
            "sklearn.metrics.brier_score_loss(target.argmax(axis=1), prediction, "
            "labels=range(prediction.shape[1]), scale_by_half=False{weight})",
            needs={"scale": "whole"},
            kinds={"prediction": DISTRIBUTION, "target": ONE_HOT},
            weight=", sample_weight=weight",
            named=False,
        ),
        Twin(
            "sklearn",
            "sklearn.metrics.brier_score_loss(target.argmax(axis=1), prediction, "
            "labels=range(prediction.shape[1]), scale_by_half=True{weight})",
            needs={"scale": "half"},
            kinds={"prediction": DISTRIBUTION, "target": ONE_HOT},
            weight=", sample_weight=weight",
            named=False,
        ),
    ),
)
def brier(
    prediction: Probabilities,
    target: Probabilities,
    *,
    scale: Annotated[
        Literal["auto", "whole", "half"],
        Option("the whole sum over the classes, half of it, or auto: half below three classes"),
    ] = "auto",
) -> SumOfColumns:
    """Squared difference between the predicted probabilities and what happened.

    Helps:
        When probabilities are judged: it is smallest at the true ones, and unlike cross-entropy it
        stays finite where a prediction was certain and wrong.

    Hurts:
        When events are rare: to predict that they never happen costs next to nothing. Numbers from
        elsewhere may be the double or the half of this one: see `scale`.

    Formula:
        Σ over classes of (p - t)², or half of it; a single column p stands for the two classes p
        and 1 - p, so that half of the sum is (p - t)²

    Domain:
        prediction: (n,) or (n, classes), in [0, 1]. target: the same shape, in [0, 1]. Result:
        between 0 and 2, or 0 and 1 where it is halved, if the rows sum to 1.

    Example:
        >>> brier(np.array([0.25, 1.0]), np.array([1.0, 1.0]))
        array([0.5625, 0.    ])

    References:
        G. W. Brier, Verification of forecasts expressed in terms of probability, Monthly Weather
        Review 78, 1950
    """
    difference = prediction - target
    square = difference * difference
    classes = 2 if square.ndim == 1 else square.shape[1]
    half = scale == "half" or (scale == "auto" and classes < 3)
    factor = (2.0 if square.ndim == 1 else 1.0) * (0.5 if half else 1.0)
    return square if factor == 1.0 else factor * square


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
    variance: Annotated[Values, VARIANCE],
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
    """Negative log likelihood of a value under a predicted normal distribution.

    Helps:
        When a prediction says how sure it is, and the noise differs from row to row.

    Hurts:
        When there are outliers: they count with the square of their distance. When standard
        deviations are taken for variances. Negative values are normal, and the unit of the target
        decides the number, and whether variances reach down to `floor`.

    Formula:
        ½ (ln variance + (target - mean)² / variance); with `full`, + ½ ln 2π

    Domain:
        mean, target: (n,) or (n, d), finite. variance: the same shape, at least 0. Result: any
        number; for a given variance it is smallest where the mean is the target.

    Example:
        >>> gaussian_nll(np.array([1.0, 3.0]), np.array([1.0, 4.0]), np.array([1.0, 3.0]))
        array([0.        , 0.69314718])

    References:
        D. A. Nix, A. S. Weigend, Estimating the mean and variance of the target probability
        distribution, International Conference on Neural Networks 1994
    """
    spread = np.maximum(variance, floor)
    # Divided before it is squared, so that neither a huge nor a tiny residual is lost.
    distance = (target - mean) / np.sqrt(spread)
    terms = 0.5 * (np.log(spread) + distance * distance)
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
            reductions=MEANS,
            named=False,
            note="for training: variance.detach() in the weight",
        ),
    ),
)
def beta_nll(
    mean: Values,
    variance: Annotated[Values, VARIANCE],
    target: Values,
    *,
    beta: Annotated[
        float,
        Option(
            "power of the variance that weighs a term: 0 is gaussian_nll, 1 has the square's slope",
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
    """Negative log likelihood under a predicted normal distribution, weighted by variance^beta.

    Helps:
        When mean and variance are trained together, and the mean would stay poor where the variance
        is large: the weight gives such rows back their say.

    Hurts:
        When it is taken for a likelihood, or forecasts are compared by it: a variance that is too
        large or too small can make it smaller. Then gaussian_nll is the number. In training the
        weight is a constant: no gradient goes through it.

    Formula:
        variance^beta × ½ (ln variance + (target - mean)² / variance); with `full`, ½ ln 2π is added
        before it is weighted

    Domain:
        mean, target: (n,) or (n, d), finite. variance: the same shape, at least 0. Result: any
        number; for a given variance it is smallest where the mean is the target.

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
    aliases=("gaussian_kl_divergence", "vae_kl", "kl_from_standard_normal"),
    twins=(
        Twin(
            "torch",
            "torch.distributions.kl_divergence("
            "torch.distributions.Normal(mean, variance.sqrt()), "
            "torch.distributions.Normal(0.0, 1.0)"
            ").reshape(len(mean), -1).sum(dim=1){reduction}",
            needs={"log_input": False},
            reductions=MEANS,
            named=False,
            note="torch adds terms that cancel, and so has few digits near a match",
        ),
        Twin(
            "torch",
            "torch.distributions.kl_divergence("
            "torch.distributions.Normal(mean, (variance / 2).exp()), "
            "torch.distributions.Normal(0.0, 1.0)"
            ").reshape(len(mean), -1).sum(dim=1){reduction}",
            needs={"log_input": True},
            reductions=MEANS,
            kinds={"variance": narrowed(VALUES, at_least=-700, at_most=700)},
            named=False,
            note="torch adds terms that cancel, and so has few digits near a match",
        ),
    ),
)
def gaussian_kl(
    mean: Values,
    variance: Annotated[Values, narrowed(VALUES, above=0)],
    *,
    log_input: Annotated[
        bool, Option("variance holds logarithms of variances", turns={"variance": LOG_VARIANCE})
    ] = False,
) -> SumOfColumns:
    """Divergence of independent normal distributions from the standard normal distribution.

    Helps:
        When codes are to be like samples of the standard normal distribution: it is the summand of
        a variational autoencoder's loss that is not about the reconstruction.

    Hurts:
        When the whole loss of such an autoencoder is wanted: the two summands are comparable only
        where both are sums over their dimensions. When standard deviations, or logarithms, are
        taken for variances.

    Formula:
        Σ over columns of ½ (variance + mean² - 1 - ln variance)

    Domain:
        mean: (n,) or (n, dimensions), finite. variance: the same shape, above 0, or with
        `log_input` logarithms of at most 700. Result: at least 0, in nats, and 0 only where each
        mean is 0 and each variance 1.

    Example:
        >>> gaussian_kl(np.array([0.0, 1.0]), np.array([1.0, 4.0]))
        array([0.        , 1.30685282])

    References:
        D. P. Kingma, M. Welling, Auto-encoding variational Bayes, ICLR 2014, appendix B
    """
    if log_input:
        close = np.where(np.abs(variance) < 0.5, variance, 0.0)
        # e^x - 1 - x = x² ∫ (1 - s) e^(s x) ds, s from 0 to 1: near 0 the summands cancel.
        integral = sum(
            share * (1.0 - node) * np.exp(node * close)
            for node, share in zip(*quadrature(), strict=True)
        )
        far = np.expm1(variance) - variance
        excess = np.where(np.abs(variance) < 0.5, close * close * integral, far)
    else:
        above = variance - 1.0
        close = np.where(np.abs(above) < 0.25, above, 0.0)
        near = _of_almost_equal(np.ones_like(close), close, 0.0)
        excess = np.where(np.abs(above) < 0.25, near, above - np.log(variance))
    return 0.5 * (mean * mean) + 0.5 * excess


@loss(
    aliases=("laplace_negative_log_likelihood",),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.distributions.Laplace(location, scale.clamp(min={floor}))"
            ".log_prob(target).neg(){reduction}",
            sets={"per": "element"},
            reductions=MEANS,
            named=False,
        ),
    ),
)
def laplace_nll(
    location: Values,
    scale: Annotated[Values, AMOUNT],
    target: Values,
    *,
    floor: Annotated[
        float,
        Option("scales below this are raised to it", Interval(above=0), clips={"scale": "raised"}),
    ] = 1e-6,
) -> MeanOfColumns:
    """Negative log likelihood of a value under a predicted Laplace distribution.

    Helps:
        When a prediction says how sure it is, and errors have heavier tails than normal ones.

    Hurts:
        When variances or standard deviations are taken for scales: the standard deviation is
        √2 × scale. Negative values are normal.

    Formula:
        ln(2 scale) + |target - location| / scale

    Domain:
        location, target: (n,) or (n, d), finite. scale: the same shape, at least 0. Result: any
        number; for a given scale it is smallest where the location is the target.

    Example:
        >>> laplace_nll(np.array([1.0, 1.0]), np.array([0.5, 0.5]), np.array([1.0, 3.0]))
        array([0., 4.])

    References:
        P.-S. Laplace, Mémoire sur la probabilité des causes par les événements, 1774
    """
    spread = np.maximum(scale, floor)
    return math.log(2.0) + np.log(spread) + np.abs(target - location) / spread


@loss(
    aliases=("student_t_negative_log_likelihood", "t_nll", "student_nll"),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.distributions.StudentT({degrees_of_freedom}, prediction, {scale})"
            ".log_prob(target).neg(){reduction}",
            sets={"per": "element"},
            reductions=MEANS,
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
        float, Option("how light the tails are: 1 is Cauchy's, many are normal", Interval(above=0))
    ] = 4.0,
    scale: Annotated[
        float, Option("width of the distribution, in the target's unit", Interval(above=0))
    ] = 1.0,
) -> MeanOfColumns:
    """Negative log likelihood of a value under Student's t distribution around the prediction.

    Helps:
        When errors have heavy tails: an outlier costs only the logarithm of its distance, and the
        number remains a likelihood, which can be compared with that of other distributions.

    Hurts:
        When the scale does not fit the residuals, as the default of 1 rarely does. When a standard
        deviation is taken for the scale: it is √(v / (v - 2)) times as large for v degrees of
        freedom, and there is none up to 2 of them. It is not convex. Negative values are normal.

    Formula:
        ½ (v + 1) ln(1 + z² / v) + ln scale + ½ ln πv + ln Γ(½ v) - ln Γ(½ (v + 1)), with
        z = (target - prediction) / scale and v the degrees of freedom: all of the density

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: any number; it is smallest where the
        prediction is the target.

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


@loss(aliases=("crps_ensemble", "continuous_ranked_probability_score"))
def crps(
    prediction: Annotated[Array, ENSEMBLE],
    target: Annotated[Values, OUTCOME],
    *,
    fair: Annotated[
        bool, Option("judge the distribution that the members were drawn from, not the ensemble")
    ] = False,
) -> PerRow:
    """Distance between an ensemble of forecasts and the value that came.

    Helps:
        When a forecast is a handful of equally likely values, one a column; the result is in the
        target's own unit, and of a single forecast it is the absolute error.

    Hurts:
        When ensembles of different size are compared: a small one costs more, unless `fair` is
        set; and when the members of several targets belong together, which it does not see.

    Formula:
        ∫ (F(x) - [x ≥ target])² dx = mean |x - target| - ½ mean |x - x'|, with F the distribution
        function of the members x; `fair` takes the second mean over pairs of two members

    Domain:
        prediction: (n, members), finite, the order of the members does not matter. target: (n,),
        finite. With one member `fair` changes nothing. Result: at least 0, in the target's unit;
        with `fair` it can be 0 elsewhere too, as with two members and the target between them.

    Example:
        >>> crps(np.array([[0.0, 4.0], [3.0, 3.0]]), np.array([1.0, 3.0]))
        array([1., 0.])

    References:
        J. E. Matheson, R. L. Winkler, Scoring rules for continuous probability distributions,
        Management Science 22, 1976; C. A. T. Ferro, Fair scores for ensemble forecasts, Quarterly
        Journal of the Royal Meteorological Society 140, 2014
    """
    members = np.sort(prediction, axis=1)
    count = members.shape[1]
    lower, upper = members[:, :-1], members[:, 1:]
    place = np.clip(target[:, None], lower, upper)
    # The integral, gap by gap: all of its parts are positive, so nothing cancels.
    before = np.arange(1.0, count)
    after = count - before
    if fair:
        pairs = count * (count - 1.0)
        under, over = before * (before - 1.0) / pairs, after * (after - 1.0) / pairs
    else:
        under, over = (before / count) ** 2, (after / count) ** 2
    inside = _share_of_gap(under, lower, place) + _share_of_gap(over, place, upper)
    outside = np.maximum(members[:, 0] - target, 0.0) + np.maximum(target - members[:, -1], 0.0)
    return inside.sum(axis=1) + outside


@loss(aliases=("crps_normal",))
def crps_gaussian(
    mean: Values, variance: Annotated[Values, VARIANCE], target: Values
) -> MeanOfColumns:
    """Distance between a predicted normal distribution and the value that came.

    Helps:
        When a prediction says how sure it is, and outliers should not decide the number as they
        do in the likelihood; the result is in the target's own unit.

    Hurts:
        When tails matter: far out it is the absolute error, whatever the variance. When standard
        deviations are taken for variances.

    Formula:
        σ (z (2 Φ(z) - 1) + 2 φ(z) - 1 / √π), with σ² = variance, z = (target - mean) / σ, and φ and
        Φ the density and the distribution function of the standard normal distribution

    Domain:
        mean, target: (n,) or (n, d), finite. variance: the same shape, at least 0; where it is 0
        the result is the absolute error. Result: at least 0, in the target's unit.

    Example:
        >>> crps_gaussian(np.array([1.0, 1.0]), np.array([4.0, 0.0]), np.array([1.0, 3.0]))
        array([0.46738995, 2.        ])

    References:
        T. Gneiting, A. E. Raftery, A. H. Westveld, T. Goldman, Calibrated probabilistic forecasting
        using ensemble model output statistics and minimum CRPS estimation, Monthly Weather Review
        133, 2005
    """
    error, deviation = np.abs(target - mean), np.sqrt(variance)
    certain = deviation == 0.0
    distance = error / np.where(certain, 1.0, deviation)
    density = np.exp(-0.5 * distance * distance) / math.sqrt(2.0 * math.pi)
    spread = deviation * (2.0 * density - 1.0 / math.sqrt(math.pi))
    return np.where(certain, error, error * error_function(distance / math.sqrt(2.0)) + spread)


@loss(
    aliases=("generalised_kullback_leibler", "generalised_kl_divergence"),
    twins=(
        Twin(
            "optax",
            "optax.losses.generalized_kl_divergence(jax.numpy.log(prediction), target){reduction}",
            sets={"floor": 0.0, "floor_target": 0.0},
            needs={"beta": 1.0},
            kinds={"prediction": NORMAL_AMOUNTS, "target": AMOUNTS},
            names=("optax.losses.convex_kl_divergence",),
            note="optax adds terms that cancel, and so has few digits near a match",
        ),
    ),
)
def beta_divergence(
    prediction: Annotated[Values, AMOUNT],
    target: Annotated[Values, AMOUNT],
    *,
    beta: Annotated[
        float,
        Option(
            "2 is half the square, 1 the generalised Kullback-Leibler, 0 the Itakura-Saito",
            Interval(at_least=-100, at_most=100),
        ),
    ] = 1.0,
    floor: Annotated[
        float,
        Option(
            "predictions below this are raised to it; 0 lets the result be infinite",
            Interval(at_least=0),
            clips={"prediction": "raised"},
        ),
    ] = TINY,
    floor_target: Annotated[
        float,
        Option(
            "targets below this are raised to it",
            Interval(at_least=0),
            clips={"target": "raised"},
        ),
    ] = 0.0,
) -> SumOfColumns:
    """How far amounts are from the target's, by their difference, their ratio, or in between.

    Helps:
        When amounts such as energies, counts or spectra are approximated, as in non-negative
        matrix factorisation: the smaller beta is, the more small amounts count beside large ones.

    Hurts:
        When there are zeros and beta is small: with beta at most 1 a predicted 0 is infinitely far
        from any other target, with beta at most 0 any prediction is from a target of 0.

    Formula:
        Σ over columns of (t^beta + (beta - 1) p^beta - beta t p^(beta - 1)) / (beta (beta - 1));
        ½ (t - p)² for beta 2, t ln(t / p) - t + p for 1, t / p - ln(t / p) - 1 for 0

    Domain:
        prediction, target: (n,) or (n, d), at least 0. Result: at least 0, and 0 only where they
        are equal; infinite where beta is at most 0 and the target is 0 but the prediction, raised
        to `floor`, is not.

    Example:
        >>> beta_divergence(np.array([1.0, 4.0]), np.array([1.0, 2.0]), beta=0.0)
        array([0.        , 0.19314718])

    References:
        C. Févotte, J. Idier, Algorithms for nonnegative matrix factorization with the β-divergence,
        Neural Computation 23, 2011
    """
    guess, truth = np.maximum(prediction, floor), np.maximum(target, floor_target)
    if beta == 2.0:
        residual = truth - guess
        return 0.5 * residual * residual
    divergence = _of_unequal(guess, truth, beta)
    excess = (truth - guess) / np.where(guess == 0.0, 1.0, guess)
    near = (guess > 0.0) & (np.abs(excess) * (1.0 + abs(beta)) < 0.25)
    divergence[near] = _of_almost_equal(guess[near], excess[near], beta)
    return np.where(truth == guess, 0.0, divergence)


def _of_almost_equal(guess: Array, excess: Array, beta: float) -> Array:
    """Integrate the beta divergence's second derivative: the formula itself would cancel.

    With t = p (1 + u) it is p^beta u² ∫ (1 - s) (1 + s u)^(beta - 2) ds, s from 0 to 1.
    """
    integral = sum(
        share * (1.0 - node) * (1.0 + node * excess) ** (beta - 2.0)
        for node, share in zip(*quadrature(), strict=True)
    )
    root = guess ** (0.5 * beta) * excess
    return root * root * integral


def _of_unequal(guess: Array, truth: Array, beta: float) -> Array:
    """Compute the beta divergence in units of the larger of the two, raised to beta.

    With the power logarithms l_b(x) = (x^b - 1) / b, which are ln x for b = 0, nothing is divided
    by beta or beta - 1 that vanishes with it.
    """
    large, small = np.maximum(guess, truth), np.minimum(guess, truth)
    ratio = small / large
    logarithm = np.where(ratio < 1e-300, np.log(small) - np.log(large), np.log(ratio))
    of_beta, of_less = (_power_logarithm(logarithm, power) for power in (beta, beta - 1.0))
    if beta < 0.5:
        below = ((ratio - 1.0) - of_beta) / (1.0 - beta)
    else:
        below = (times(ratio, of_less) - (ratio - 1.0)) / beta
    scaled = np.where(truth > guess, of_beta - of_less, below)
    # Half of the power on either side: it may overflow, or vanish, where the product does not.
    root = large ** (0.5 * beta)
    divergence = root * scaled * root
    if beta < 1.0:
        # Where that unit is too small for a float, the summand that is largest decides.
        largest = np.exp(np.log(truth) + (beta - 1.0) * np.log(guess))
        rest = times(ratio, _power_logarithm(logarithm, -beta))
        above = largest * (1.0 / (1.0 - beta) + rest)
        alone = np.where(truth > guess, above, truth**beta / (beta * (beta - 1.0) or 1.0))
        divergence = np.where(np.isfinite(scaled), divergence, alone)
    return np.where((small == 0.0) & ~np.isfinite(scaled), np.inf, divergence)


def _power_logarithm(logarithm: Array, power: float) -> Array:
    if abs(power) < 1e-20:  # then the two are the same float64
        return logarithm
    return np.expm1(power * logarithm) / power


def _log_of_student_t_peak(degrees_of_freedom: float) -> float:
    """Return the logarithm of the density in the middle, for a scale of 1."""
    half = 0.5 * degrees_of_freedom
    if half < 16.0:
        # Γ(half) is Γ(half + 1) / half, which has a logarithm even where half is 0 by rounding.
        gammas = math.lgamma(half + 0.5) - math.lgamma(half + 1.0)
        return gammas - 0.5 * math.log(4.0 * math.pi) + 0.5 * math.log(degrees_of_freedom)
    # The gammas grow and all but cancel: what the normal density has, and the series of the rest.
    inverse = 1.0 / half
    series = (-1 / 8, 1 / 192, -1 / 640, 17 / 14336, -31 / 18432)
    rest = math.fsum(factor * inverse ** (2 * place + 1) for place, factor in enumerate(series))
    return rest - 0.5 * math.log(2.0 * math.pi)


def _weighing(sample: Ragged) -> tuple[Array, Codes, Array]:
    """Return value, unit and weight of the rows of a sample that weigh anything."""
    values, unit = np.asarray(sample.values, dtype=np.float64), sample.units
    if sample.weight is None:
        return values, unit, np.ones(len(values))
    largest = np.zeros(len(sample.lengths))
    np.maximum.at(largest, unit, sample.weight)
    # Only shares matter, and a sum of scaled weights cannot overflow; powers of 2 keep all digits.
    weight = np.ldexp(sample.weight, -np.frexp(largest)[1][unit])
    counts = weight > 0.0
    return values[counts], unit[counts], weight[counts]


def _is_empty(sample: Ragged) -> Mask:
    """Mark the units in which a sample has no rows, or none that weighs anything."""
    _, unit, _ = _weighing(sample)
    empty: Mask = np.bincount(unit, minlength=len(sample.lengths)) == 0
    return empty


def _share_of_gap(share: Array, lower: Array, upper: Array) -> Array:
    """Multiply a share of at most 1 by a difference, which itself may be too large for a float."""
    gap = upper - lower
    return np.where(np.isfinite(gap), share * gap, share * upper - share * lower)


def _shares(amounts: Array) -> Array:
    """Divide rows by their sums; a row of zeros stays one."""
    largest = amounts.max(axis=1, keepdims=True)
    # A sum of scaled amounts cannot overflow; powers of 2 keep all digits.
    scaled = np.ldexp(amounts, -np.frexp(largest)[1])
    total = scaled.sum(axis=1, keepdims=True)
    return scaled / np.where(total == 0.0, 1.0, total)


def _times_log(number: Array) -> Array:
    """Multiply a number by its logarithm, 0 where it is 0."""
    return number * np.log(np.where(number == 0.0, 1.0, number))
