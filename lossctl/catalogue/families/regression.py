"""Losses of a number against a number, in one column or several.

All of them take `prediction` and `target` of the same shape, `(n,)` or `(n, d)`, finite, in any
unit as long as it is the same one, and return one term an element; the mean over a row's columns
is the row's term. A value out of its domain never reaches these functions: whoever reads the data
raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Annotated, Literal

from lossctl.block import Array
from lossctl.catalogue.definition import MeanOfColumns, SeveralTerms, Twin, loss
from lossctl.catalogue.families.distribution import beta_divergence
from lossctl.catalogue.kinds import (
    POSITIVES,
    TWEEDIE_MEANS,
    TWEEDIE_VALUES,
    VALUES,
    Positives,
    Values,
    narrowed,
)
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

ABOVE_MINUS_ONE = narrowed(VALUES, above=-1)
RATE = narrowed(VALUES, at_least=0)
LOG_RATE = narrowed(VALUES, at_most=700)

ONE_COLUMN = {
    "prediction": narrowed(TWEEDIE_MEANS, columns="one"),
    "target": narrowed(TWEEDIE_VALUES, columns="one"),
}

TINY = sys.float_info.epsilon
CHARBONNIER_EPSILON = 1e-3
LINE = "it is the absolute error in other units"

MEANS = {"mean": ".mean()", "sum": ".sum()", "none": ""}


@loss(
    aliases=("mean_squared_error", "squared_error", "squared_loss", "l2", "quadratic_loss"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.mse_loss(prediction, target{weight}, reduction={reduction})",
            sets={"per": "element"},
            needs={"half": False},
            weight=", weight=weight",
            names=("torch.nn.MSELoss",),
        ),
        Twin(
            "keras",
            "keras.losses.MeanSquaredError(reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units"},
            needs={"half": False},
            weight=", sample_weight=weight",
        ),
        Twin(
            "sklearn",
            "sklearn.metrics.mean_squared_error(target, prediction{weight})",
            needs={"half": False},
            weight=", sample_weight=weight",
        ),
        Twin(
            "optax",
            "optax.squared_error(prediction, target){reduction}",
            sets={"per": "element"},
            needs={"half": False},
        ),
        Twin(
            "optax",
            "optax.l2_loss(prediction, target){reduction}",
            sets={"per": "element"},
            needs={"half": True},
        ),
    ),
)
def mse(
    prediction: Values,
    target: Values,
    *,
    half: Annotated[bool, Option("halve the square, so that its slope is the residual")] = False,
) -> MeanOfColumns:
    """Square of the residual.

    Helps:
        When large errors cost much more than small ones and the noise is Gaussian; the best
        constant is the mean of the targets.

    Hurts:
        When the targets have outliers or heavy tails: a few rows decide the number. Its unit is
        the square of the target's unit.

    Formula:
        (prediction - target)²; with `half`, ½ (prediction - target)²

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0.

    Example:
        >>> mse(np.array([1.0, 2.0, 5.0]), np.array([1.0, 4.0, 2.0]))
        array([0., 4., 9.])

    References:
        C. F. Gauss, Theoria combinationis observationum erroribus minimis obnoxiae, 1821
    """
    residual = prediction - target
    return residual * residual * 0.5 if half else residual * residual


@dataclass(frozen=True)
class RootOfMean:
    """The root of the mean of all terms, or the mean of the roots of those of each column."""

    average: Annotated[
        Literal["elements", "columns"],
        Option("the root of the mean of all elements, or the mean of the columns' own roots"),
    ] = "elements"

    def __call__(self, sums: Array, weight: Array) -> Array:
        """Make the number of each slice."""
        means = sums / weight[:, None]
        if self.average == "columns":
            return np.sqrt(means).mean(axis=1)
        return np.sqrt(means.mean(axis=1))


@loss(
    aliases=("root_mean_squared_error",),
    value=RootOfMean(),
    twins=(
        Twin(
            "sklearn",
            "sklearn.metrics.root_mean_squared_error(target, prediction{weight})",
            sets={"average": "columns"},
            weight=", sample_weight=weight",
        ),
    ),
)
def rmse(prediction: Values, target: Values) -> SeveralTerms:
    """Root of the mean square of the residual.

    Helps:
        When an error in the target's own unit is wanted that still weighs large errors more.

    Hurts:
        When there are outliers; and when results of parts are to be averaged, which is not the
        result of the whole.

    Formula:
        √(mean of (prediction - target)²)

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0, in the target's unit.

    Example:
        >>> rmse(np.array([1.0, 5.0]), np.array([1.0, 2.0]))
        array([0., 9.])

    References:
        https://scikit-learn.org/stable/modules/generated/sklearn.metrics.root_mean_squared_error.html
    """
    residual = prediction - target
    return residual * residual


@loss(
    aliases=("mean_absolute_error", "absolute_error", "l1"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.l1_loss(prediction, target{weight}, reduction={reduction})",
            sets={"per": "element"},
            weight=", weight=weight",
            names=("torch.nn.L1Loss",),
        ),
        Twin(
            "keras",
            "keras.losses.MeanAbsoluteError(reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units"},
            weight=", sample_weight=weight",
        ),
        Twin(
            "sklearn",
            "sklearn.metrics.mean_absolute_error(target, prediction{weight})",
            weight=", sample_weight=weight",
        ),
    ),
)
def mae(prediction: Values, target: Values) -> MeanOfColumns:
    """Absolute value of the residual.

    Helps:
        When there are outliers, or an error in the target's own unit is wanted; the best constant
        is the median of the targets.

    Hurts:
        When a gradient is needed that shrinks near the optimum: its slope is always 1, and at 0
        there is none.

    Formula:
        |prediction - target|

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0, in the target's unit.

    Example:
        >>> mae(np.array([1.0, 2.0, 5.0]), np.array([1.0, 4.0, 2.0]))
        array([0., 2., 3.])

    References:
        R. J. Boscovich, De litteraria expeditione per pontificiam ditionem, 1757
    """
    return np.abs(prediction - target)


@loss(
    aliases=("huber_loss", "hubber_loss"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.huber_loss(prediction, target, delta={delta}{weight}, "
            "reduction={reduction})",
            sets={"per": "element", "divide_by": "units"},
            weight=", weight=weight",
            names=("torch.nn.HuberLoss",),
        ),
        Twin(
            "keras",
            "keras.losses.Huber(delta={delta}, reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units"},
            weight=", sample_weight=weight",
        ),
        Twin(
            "optax",
            "optax.huber_loss(prediction, target, delta={delta}){reduction}",
            sets={"per": "element"},
        ),
    ),
)
def huber(
    prediction: Values,
    target: Values,
    *,
    delta: Annotated[
        float,
        Option("residual at which the square turns into a line", Interval(above=0), beyond=LINE),
    ] = 1.0,
) -> MeanOfColumns:
    """Square of a small residual, a line of slope delta beyond delta.

    Helps:
        When most residuals are Gaussian and some are outliers: it is smooth like the square near 0
        and robust like the absolute value far out.

    Hurts:
        When delta does not fit the scale of the residuals: then it is half the square, or delta
        times the absolute value, everywhere.

    Formula:
        ½ r² where |r| ≤ delta, else delta (|r| - ½ delta), with r = prediction - target

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0.

    Example:
        >>> huber(np.array([0.5, 3.0]), np.array([0.0, 0.0]))
        array([0.125, 2.5  ])

    References:
        P. J. Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics
        35, 1964
    """
    size = np.abs(prediction - target)
    inner = np.minimum(size, delta)
    # ½ inner² + delta (size - inner), without a square that could overflow
    return inner * (size - 0.5 * inner)


@loss(
    aliases=("smooth_l1_loss",),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.smooth_l1_loss(prediction, target, beta={beta}, "
            "reduction={reduction})",
            sets={"per": "element"},
            names=("torch.nn.SmoothL1Loss",),
        ),
    ),
)
def smooth_l1(
    prediction: Values,
    target: Values,
    *,
    beta: Annotated[
        float,
        Option("residual at which the square turns into a line", Interval(at_least=0), beyond=LINE),
    ] = 1.0,
) -> MeanOfColumns:
    """Huber's loss divided by its threshold, so that far out its slope is 1.

    Helps:
        When the absolute error is wanted with a smooth bottom, as for the corners of boxes.

    Hurts:
        When it is taken for Huber's loss: the two differ by the factor beta.

    Formula:
        ½ r² / beta where |r| < beta, else |r| - ½ beta, with r = prediction - target;
        equals huber(delta=beta) / beta, and mae where beta is 0

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0, in the target's unit.

    Example:
        >>> smooth_l1(np.array([0.25, 3.0]), np.array([0.0, 0.0]), beta=0.5)
        array([0.0625, 2.75  ])

    References:
        R. Girshick, Fast R-CNN, ICCV 2015
    """
    size = np.abs(prediction - target)
    if beta == 0:
        return size
    inner = np.minimum(size, beta)
    return (size - inner) + 0.5 * inner * (inner / beta)


@loss(
    aliases=("logcosh",),
    twins=(
        Twin(
            "keras",
            "keras.losses.LogCosh(reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units"},
            weight=", sample_weight=weight",
            tolerance=1e-9,
            note="with Keras on torch, softplus(x) is x above 20, where e^-20 is still 2e-9",
        ),
        Twin("optax", "optax.log_cosh(prediction, target){reduction}", sets={"per": "element"}),
    ),
)
def log_cosh(prediction: Values, target: Values) -> MeanOfColumns:
    """Logarithm of the hyperbolic cosine of the residual.

    Helps:
        When something like Huber's loss is wanted that has all derivatives and no threshold.

    Hurts:
        When the residuals are not of the order of 1: scale the target first, for there is no
        option that does it.

    Formula:
        ln cosh(prediction - target); about ½ r² near 0, |r| - ln 2 far out

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0.

    Example:
        >>> log_cosh(np.array([0.0, 1e6]), np.array([0.0, 0.0]))
        array([     0.        , 999999.30685282])

    References:
        R. Saleh, A. Saleh, Statistical properties of the log-cosh loss function used in machine
        learning, arXiv 2208.04564
    """
    size = np.abs(prediction - target)
    # cosh r = 1 + 2 sinh²(r/2) keeps all digits of a small residual; e^-2r does not overflow
    half = np.sinh(np.minimum(size, 1.0) * 0.5)
    near = np.log1p(2.0 * half * half)
    far = size + np.log1p(np.exp(-2.0 * size)) - np.log(2.0)
    return np.where(size < 1.0, near, far)


@loss(
    aliases=("pseudo_huber_loss", "pseudo_huber_error"),
    twins=(
        Twin(
            "scipy",
            "scipy.special.pseudo_huber({delta}, prediction - target){reduction}",
            sets={"per": "element"},
            reductions=MEANS,
        ),
    ),
)
def pseudo_huber(
    prediction: Values,
    target: Values,
    *,
    delta: Annotated[
        float,
        Option(
            "residual around which the square turns into a line", Interval(above=0), beyond=LINE
        ),
    ] = 1.0,
) -> MeanOfColumns:
    """Huber's loss without its threshold: half the square near 0, a line of slope delta far out.

    Helps:
        When a loss like Huber's is wanted that has all derivatives, as many optimisers like.

    Hurts:
        When it is taken for Huber's loss: with the same delta it is smaller, far out by ½ delta².
        When delta does not fit the scale of the residuals: then it is half the square, or delta
        times the absolute value, everywhere.

    Formula:
        delta² (√(1 + (r / delta)²) - 1), with r = prediction - target; some libraries call this
        the Charbonnier loss, with delta 1

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0.

    Example:
        >>> pseudo_huber(np.array([0.75, 3.0]), np.array([0.0, 3.0]))
        array([0.25, 0.  ])

    References:
        P. Charbonnier, L. Blanc-Féraud, G. Aubert, M. Barlaud, Deterministic edge-preserving
        regularization in computed imaging, IEEE Transactions on Image Processing 6, 1997;
        R. Hartley, A. Zisserman, Multiple view geometry in computer vision, 2nd edition, 2004,
        appendix 6
    """
    size = np.abs(prediction - target)
    smaller, larger = np.minimum(size, delta), np.maximum(size, delta)
    ratio = smaller / larger
    # r² delta / (√(r² + delta²) + delta): nothing cancels, and no square overflows
    return size * (smaller / (np.sqrt(1.0 + ratio * ratio) + delta / larger))


@loss(aliases=("charbonnier_loss", "l1_charbonnier"), optimum=CHARBONNIER_EPSILON)
def charbonnier(
    prediction: Values,
    target: Values,
    *,
    epsilon: Annotated[
        float,
        Option("what a residual of 0 costs; it rounds the tip off", Interval(at_least=0)),
    ] = CHARBONNIER_EPSILON,
) -> MeanOfColumns:
    """Absolute value of the residual, its tip rounded off by epsilon.

    Helps:
        When pictures are restored or enlarged: it keeps edges as the absolute value does, and has
        a gradient everywhere.

    Hurts:
        When a perfect prediction should cost nothing: it costs epsilon. When epsilon is far above
        the residuals: then all of them cost about the same. When it is compared across libraries.

    Formula:
        √(r² + epsilon²), with r = prediction - target; equals mae where epsilon is 0. Some
        libraries add epsilon itself under the root, or call √(r² + 1) - 1 by this name, which is
        pseudo_huber with delta 1

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least epsilon, in the target's unit.

    Example:
        >>> charbonnier(np.array([3.0, 5.0]), np.array([0.0, 5.0]), epsilon=4.0)
        array([5., 4.])

    References:
        P. Charbonnier, L. Blanc-Féraud, G. Aubert, M. Barlaud, Two deterministic half-quadratic
        regularization algorithms for computed imaging, ICIP 1994; W.-S. Lai, J.-B. Huang, N. Ahuja,
        M.-H. Yang, Deep Laplacian pyramid networks for fast and accurate super-resolution,
        CVPR 2017
    """
    return np.hypot(prediction - target, epsilon)


@loss(
    aliases=("tukey", "tukey_loss", "biweight", "bisquare", "tukey_bisquare"),
    twins=(
        Twin(
            "statsmodels",
            "statsmodels.robust.norms.TukeyBiweight({c}).rho(prediction - target){reduction}",
            sets={"per": "element"},
            reductions=MEANS,
        ),
    ),
)
def tukey_biweight(
    prediction: Values,
    target: Values,
    *,
    c: Annotated[
        float,
        Option(
            "residual from which on all cost the same, an outlier's",
            Interval(above=0),
            beyond="all cost the same",
        ),
    ] = 4.685,
) -> MeanOfColumns:
    """Half the square of a small residual, and a constant of c²/6 from c on.

    Helps:
        When some targets are plainly wrong: beyond c it does not matter how far off they are, and
        they pull at nothing. With normal residuals of deviation 1, a c of 4.685 loses only 5 % of
        the efficiency of least squares.

    Hurts:
        When the residuals are not of deviation 1 and c stays as it is: give c times their
        deviation, or all of them count as outliers. When it is fitted from a poor start: it is not
        convex, and far out its slope is 0. When large errors are real ones.

    Formula:
        c²/6 (1 - (1 - (r / c)²)³) where |r| ≤ c, else c²/6, with r = prediction - target; where
        others divide it by c²/6, it ends at 1

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: from 0 to c²/6.

    Example:
        >>> tukey_biweight(np.array([1.0, 2.0, 90.0]), np.array([0.0, 0.0, 0.0]), c=2.0)
        array([0.38541667, 0.66666667, 0.66666667])

    References:
        A. E. Beaton, J. W. Tukey, The fitting of power series, meaning polynomials, illustrated on
        band-spectroscopic data, Technometrics 16, 1974; P. W. Holland, R. E. Welsch, Robust
        regression using iteratively reweighted least-squares, Communications in Statistics A 6,
        1977
    """
    inner = np.minimum(np.abs(prediction - target), c)
    square = (inner / c) ** 2
    # 1 - (1 - x)³ = x (3 - x (3 - x)), which keeps all digits of a small residual
    return inner * inner * (3.0 - square * (3.0 - square)) / 6.0


@loss(
    aliases=("pinball", "pinball_loss", "quantile_loss"),
    twins=(
        Twin(
            "sklearn",
            "sklearn.metrics.mean_pinball_loss(target, prediction, alpha={tau}{weight})",
            weight=", sample_weight=weight",
        ),
    ),
)
def quantile(
    prediction: Values,
    target: Values,
    *,
    tau: Annotated[
        float,
        Option("the quantile that is predicted, as a share", Interval(above=0, below=1)),
    ] = 0.5,
) -> MeanOfColumns:
    """Residual weighted by tau where the prediction is too low, by 1 - tau where it is too high.

    Helps:
        When a quantile is predicted, or too low and too high cost differently; the best constant is
        the tau-quantile of the targets.

    Hurts:
        When several quantiles are fitted apart: they may cross.

    Formula:
        max(tau e, (tau - 1) e) with e = target - prediction

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0, in the target's unit.

    Example:
        >>> quantile(np.array([1.0, 1.0]), np.array([3.0, 0.0]), tau=0.75)
        array([1.5 , 0.25])

    References:
        R. Koenker, G. Bassett, Regression quantiles, Econometrica 46, 1978
    """
    missed = target - prediction
    return np.maximum(tau * missed, (tau - 1.0) * missed)


@loss(
    aliases=("expectile_loss", "asymmetric_squared_error", "asymmetric_least_squares"),
    twins=(
        Twin(
            "statsmodels",
            "statsmodels.robust.norms.MQuantileNorm({tau}, statsmodels.robust.norms.LeastSquares())"
            ".rho((target - prediction).ravel()){reduction}",
            sets={"per": "element"},
            reductions={"mean": ".mean() * 2", "sum": ".sum() * 2"},
            named=False,
            note="statsmodels halves the square",
        ),
    ),
)
def expectile(
    prediction: Values,
    target: Values,
    *,
    tau: Annotated[
        float,
        Option("the expectile that is predicted, as a share", Interval(above=0, below=1)),
    ] = 0.5,
) -> MeanOfColumns:
    """Square of the residual times tau where the prediction is too low, else 1 - tau.

    Helps:
        When too low and too high cost differently, and large errors much more than small ones; the
        best constant is the tau-expectile of the targets, with tau ½ their mean. Unlike quantile
        it is smooth, and the size of extreme values counts.

    Hurts:
        When there are outliers: they count with their square. When an expectile is taken for a
        quantile: no fixed share of the targets lies below it.

    Formula:
        |tau - [e < 0]| e² with e = target - prediction; with tau ½ that is half of mse

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0.

    Example:
        >>> expectile(np.array([1.0, 1.0]), np.array([3.0, 0.0]), tau=0.75)
        array([3.  , 0.25])

    References:
        W. K. Newey, J. L. Powell, Asymmetric least squares estimation and testing, Econometrica
        55, 1987
    """
    missed = target - prediction
    return np.where(missed < 0.0, 1.0 - tau, tau) * missed * missed


@loss(aliases=("epsilon_insensitive_loss", "eps_insensitive", "svr_loss", "vapnik_loss"))
def epsilon_insensitive(
    prediction: Values,
    target: Values,
    *,
    epsilon: Annotated[
        float,
        Option(
            "residual up to which nothing is wrong",
            Interval(at_least=0),
            beyond="it is the absolute error less epsilon",
        ),
    ] = 0.1,
) -> MeanOfColumns:
    """Absolute value of the residual as far as it exceeds epsilon; 0 within.

    Helps:
        When errors up to a known tolerance do not matter, and beyond it the error in the target's
        own unit does; it is what support vector regression minimises.

    Hurts:
        When epsilon does not fit the scale of the target: nothing counts, or everything. When the
        best prediction is to be told from good ones: all within epsilon cost the same.

    Formula:
        max(0, |prediction - target| - epsilon); equals mae where epsilon is 0

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0, in the target's unit.

    Example:
        >>> epsilon_insensitive(np.array([1.0, 5.0]), np.array([1.5, 2.0]), epsilon=0.5)
        array([0. , 2.5])

    References:
        V. N. Vapnik, The nature of statistical learning theory, 1995
    """
    return np.maximum(np.abs(prediction - target) - epsilon, 0.0)


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
            note="torch's own default is log_input=True: there the prediction is the log rate",
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
    prediction: Annotated[Values, RATE],
    target: Annotated[Values, RATE],
    *,
    log_input: Annotated[
        bool,
        Option("prediction holds logarithms of rates", turns={"prediction": LOG_RATE}),
    ] = False,
    full: Annotated[
        bool, Option("add Stirling's approximation of ln(target!) where the target is above 1")
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
    """Negative log likelihood of counts under a Poisson distribution, without its constant.

    Helps:
        When the target counts events and its variance grows with its mean.

    Hurts:
        When the counts vary more than a Poisson distribution allows, or have too many zeros; and
        when log rates are taken for rates. Negative values are normal.

    Formula:
        rate - target ln(rate + eps); with `full`, + t ln t - t + ½ ln(2πt) where t = target > 1

    Domain:
        prediction: (n,) or (n, d), rates of at least 0, or with `log_input` their logarithms, at
        most 700. target: the same shape, at least 0. Result: any number.

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
        terms = rate - _times_log(target, rate + eps)
    if not full:
        return terms
    count = np.maximum(target, 1.0)
    stirling = count * np.log(count) - count + 0.5 * np.log(2.0 * np.pi * count)
    return terms + np.where(target > 1.0, stirling, 0.0)


@loss(
    aliases=("mean_squared_logarithmic_error", "squared_log_error"),
    twins=(
        Twin(
            "keras",
            "keras.losses.MeanSquaredLogarithmicError(reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units", "floor": 1e-7},
            weight=", sample_weight=weight",
        ),
        Twin(
            "sklearn",
            "sklearn.metrics.mean_squared_log_error(target, prediction{weight})",
            needs={"floor": None},
            weight=", sample_weight=weight",
        ),
    ),
)
def msle(
    prediction: Annotated[Values, ABOVE_MINUS_ONE],
    target: Annotated[Values, ABOVE_MINUS_ONE],
    *,
    floor: Annotated[
        float | None,
        Option(
            "values below this, negative ones too, are raised to it",
            Interval(at_least=0),
            turns={"prediction": VALUES, "target": VALUES},
            clips={"prediction": "raised", "target": "raised"},
        ),
    ] = None,
) -> MeanOfColumns:
    """Square of the difference between the logarithms of 1 + prediction and 1 + target.

    Helps:
        When targets span several orders of magnitude and a ratio matters more than a difference.

    Hurts:
        When too low and too high should cost the same: predictions that are too low cost more.

    Formula:
        (ln(1 + prediction) - ln(1 + target))²

    Domain:
        prediction, target: (n,) or (n, d), above -1; with `floor` any finite number. Result: at
        least 0.

    Example:
        >>> msle(np.array([np.e - 1.0]), np.array([0.0]))
        array([1.])

    References:
        https://scikit-learn.org/stable/modules/model_evaluation.html#mean-squared-log-error
    """
    if floor is not None:
        prediction, target = np.maximum(prediction, floor), np.maximum(target, floor)
    difference = np.log1p(prediction) - np.log1p(target)
    return difference * difference


@loss(
    aliases=("mean_absolute_percentage_error",),
    twins=(
        Twin(
            "keras",
            "keras.losses.MeanAbsolutePercentageError(reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units", "eps": 1e-7, "percent": True},
            weight=", sample_weight=weight",
        ),
        Twin(
            "sklearn",
            "sklearn.metrics.mean_absolute_percentage_error(target, prediction{weight})",
            weight=", sample_weight=weight",
        ),
    ),
)
def mape(
    prediction: Values,
    target: Values,
    *,
    percent: Annotated[bool, Option("in percent instead of as a fraction")] = False,
    eps: Annotated[
        float,
        Option(
            "stands in for targets nearer to 0",
            Interval(above=0),
            clips={"target": "near_zero"},
        ),
    ] = TINY,
) -> MeanOfColumns:
    """Absolute value of the residual as a fraction of the target.

    Helps:
        When errors are judged relative to the target, and no target is near 0.

    Hurts:
        When targets are 0 or nearly so: such a row counts for millions. It favours predictions
        that are too low.

    Formula:
        |prediction - target| / max(|target|, eps); with `percent`, 100 times that

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0, without unit.

    Example:
        >>> mape(np.array([90.0, 3.0]), np.array([100.0, 2.0]))
        array([0.1, 0.5])

    References:
        https://scikit-learn.org/stable/modules/model_evaluation.html#mean-absolute-percentage-error
    """
    fraction = np.abs(prediction - target) / np.maximum(np.abs(target), eps)
    return fraction * 100.0 if percent else fraction


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
            note="sklearn's own default is power=0, the square; near a match it has few digits",
        ),
    ),
)
def tweedie_deviance(
    prediction: Annotated[Array, TWEEDIE_MEANS],
    target: Annotated[Array, TWEEDIE_VALUES],
    *,
    power: float = 1.5,
) -> MeanOfColumns:
    """Twice the log likelihood lost to a perfect prediction, where variance grows as mean^power.

    Helps:
        When the noise grows with the mean: counts at power 1; amounts of which many are 0, such as
        claims or rainfall, between 1 and 2; positive amounts judged by their ratio at 2.

    Hurts:
        When deviances of different powers are compared: their units differ. The larger the power,
        the less the large amounts count.

    Formula:
        2 (t^(2 - power) / ((1 - power) (2 - power)) - t p^(1 - power) / (1 - power)
        + p^(2 - power) / (2 - power)), with p and t the prediction and the target;
        (t - p)² for power 0, 2 (t ln(t / p) - t + p) for 1, 2 (ln(p / t) + t / p - 1) for 2

    Domain:
        prediction: (n,) or (n, d), above 0 (at least 1e-150). target: the same shape, at least 0,
        or from power 2 on above 0. With power 0 both may be any finite number. Result: at least 0,
        in the target's unit to the power of 2 - power.

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
            note="near a match sklearn has few digits",
        ),
    ),
)
def gamma_deviance(prediction: Positives, target: Positives) -> MeanOfColumns:
    """Twice the log likelihood that a prediction loses to a perfect one, for gamma distributions.

    Helps:
        When positive amounts are predicted whose noise is a share of their size: only the ratio of
        prediction and target counts.

    Hurts:
        When there are targets of 0 or nearly so. Predictions that are too low cost much more than
        those that are too high. It is tweedie_deviance with power 2.

    Formula:
        2 (ln(prediction / target) + target / prediction - 1)

    Domain:
        prediction, target: (n,) or (n, d), above 0 (at least 1e-150). Result: at least 0, without
        unit.

    Example:
        >>> gamma_deviance(np.array([1.0, 4.0]), np.array([1.0, 2.0]))
        array([0.        , 0.38629436])

    References:
        P. McCullagh, J. A. Nelder, Generalized linear models, 2nd edition, 1989, chapter 8
    """
    return tweedie_deviance(prediction, target, power=2.0)


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
            reductions={"mean": ".mean()", "sum": ".sum()", "none": ""},
            named=False,
            note="torch adds logarithms of the gamma function: it has few digits where the "
            "dispersion is small",
        ),
    ),
)
def negative_binomial(
    prediction: Annotated[Values, RATE],
    target: Annotated[Values, RATE],
    *,
    dispersion: Annotated[
        float,
        Option("what the square of the mean adds to the variance, alpha", Interval(above=0)),
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
    """Negative log likelihood of counts that vary more than Poisson's (NB2), given their mean.

    Helps:
        When the target counts events and varies more than its mean: the variance is
        mean + dispersion × mean².

    Hurts:
        When the dispersion is not known: it decides the number; of 0 it would be Poisson's
        likelihood. When there are many more zeros than even this distribution has.

    Formula:
        ln Γ(target + 1) + ln Γ(r) - ln Γ(target + r) + (target + r) ln(1 + mean / r)
        - target ln(mean / r), with mean = prediction and r = 1 / dispersion

    Domain:
        prediction: (n,) or (n, d), means of at least 0. target: the same shape, at least 0; between
        whole numbers Γ goes on. Result: at least 0 for whole targets.

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


def _times_log(factor: Array, number: Array) -> Array:
    """Factor times the logarithm of a number, 0 where the factor is 0."""
    return np.where(factor == 0.0, 0.0, factor * np.log(number))
