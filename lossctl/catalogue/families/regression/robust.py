"""Absolute errors and compromises with squared ones: losses that outliers affect less."""

from __future__ import annotations

from typing import Annotated

from lossctl.catalogue.definition import METHODS, MeanOfColumns, Twin, loss
from lossctl.catalogue.kinds import Values
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

CHARBONNIER_EPSILON = 1e-3
ABSOLUTE_ERROR = "it is a multiple of the absolute error"


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
    """Absolute difference between prediction and target.

    Helps:
        When there are outliers, or an error in the target's units is wanted; the optimal constant
        prediction is the median of the targets.

    Hurts:
        When the gradient should shrink near the optimum: its magnitude is always 1, and at 0 it is
        undefined.

    Formula:
        |prediction - target|

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0, in the target's units.

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
        Option(
            "residual at which the loss turns from quadratic to linear",
            Interval(above=0),
            beyond=ABSOLUTE_ERROR,
        ),
    ] = 1.0,
) -> MeanOfColumns:
    """Quadratic for small residuals, linear with slope delta beyond delta.

    Helps:
        When most residuals are Gaussian and some are outliers: it is as smooth as the squared error
        near 0, and as robust as the absolute error for large residuals.

    Hurts:
        When delta does not match the scale of the residuals: then it is half the squared error, or
        delta times the absolute error, everywhere.

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
        Option(
            "residual at which the loss turns from quadratic to linear",
            Interval(at_least=0),
            beyond=ABSOLUTE_ERROR,
        ),
    ] = 1.0,
) -> MeanOfColumns:
    """Huber loss divided by its threshold, so that its gradient for large residuals is ±1.

    Helps:
        When the absolute error is wanted but smooth near 0, as for box coordinates.

    Hurts:
        When it is mistaken for the Huber loss: the two differ by the factor beta.

    Formula:
        ½ r² / beta where |r| < beta, else |r| - ½ beta, with r = prediction - target;
        equals huber(delta=beta) / beta, and mae where beta is 0

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0, in the target's units.

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
            note="with the torch backend, Keras has softplus(x) = x above 20, where e^-20 is 2e-9",
        ),
        Twin("optax", "optax.log_cosh(prediction, target){reduction}", sets={"per": "element"}),
    ),
)
def log_cosh(prediction: Values, target: Values) -> MeanOfColumns:
    """Logarithm of the hyperbolic cosine of the residual.

    Helps:
        When a Huber-like loss is wanted that has derivatives of every order and no threshold.

    Hurts:
        When the residuals are not of order 1: scale the target first, as there is no option for it.

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
            reductions=METHODS,
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
            "residual around which the loss turns from quadratic to linear",
            Interval(above=0),
            beyond=ABSOLUTE_ERROR,
        ),
    ] = 1.0,
) -> MeanOfColumns:
    """Smooth Huber loss: half the square near 0, linear with slope delta for large residuals.

    Helps:
        When a Huber-like loss is wanted that has derivatives of every order, as many optimisers
        prefer.

    Hurts:
        When it is mistaken for the Huber loss: with the same delta it is smaller, by ½ delta² for
        large residuals. When delta does not match the scale of the residuals: then it is half the
        squared error, or delta times the absolute error, everywhere.

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
        Option("the loss at a residual of 0; rounds off the kink", Interval(at_least=0)),
    ] = CHARBONNIER_EPSILON,
) -> MeanOfColumns:
    """Absolute residual with the kink at 0 rounded off by epsilon.

    Helps:
        When images are restored or upscaled: it preserves edges like the absolute error, and has a
        gradient everywhere.

    Hurts:
        When a perfect prediction should cost nothing: it costs epsilon. When epsilon is far above
        the residuals: then all of them cost about the same. When values from different libraries
        are compared.

    Formula:
        √(r² + epsilon²), with r = prediction - target; equals mae where epsilon is 0. Some
        libraries add epsilon itself under the root, or call √(r² + 1) - 1 by this name, which is
        pseudo_huber with delta 1

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least epsilon, in the target's units.

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
            reductions=METHODS,
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
            "residual beyond which the loss is constant, that of an outlier",
            Interval(above=0),
            beyond="it is constant",
        ),
    ] = 4.685,
) -> MeanOfColumns:
    """Half the square for small residuals, constant at c²/6 beyond c.

    Helps:
        When some targets are plainly wrong: beyond c the size of the error does not matter, and the
        gradient is 0. For normal residuals with standard deviation 1, a c of 4.685 loses only 5 %
        of the efficiency of least squares.

    Hurts:
        When the residuals do not have standard deviation 1 and c is left unscaled: multiply it by
        their standard deviation, or all of them count as outliers. When fitting starts far from a
        good solution: it is not convex, and its gradient for large residuals is 0. When large
        errors are genuine.

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


@loss(aliases=("epsilon_insensitive_loss", "eps_insensitive", "svr_loss", "vapnik_loss"))
def epsilon_insensitive(
    prediction: Values,
    target: Values,
    *,
    epsilon: Annotated[
        float,
        Option(
            "residuals up to this size cost nothing",
            Interval(at_least=0),
            beyond="it is the absolute error minus epsilon",
        ),
    ] = 0.1,
) -> MeanOfColumns:
    """The part of the absolute residual beyond epsilon; 0 within.

    Helps:
        When errors up to a known tolerance do not matter, and larger ones matter in the target's
        units; support vector regression minimises it.

    Hurts:
        When epsilon does not match the scale of the target: nothing counts, or everything. When the
        best of several good predictions is to be found: all within epsilon cost the same.

    Formula:
        max(0, |prediction - target| - epsilon); equals mae where epsilon is 0

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0, in the target's units.

    Example:
        >>> epsilon_insensitive(np.array([1.0, 5.0]), np.array([1.5, 2.0]), epsilon=0.5)
        array([0. , 2.5])

    References:
        V. N. Vapnik, The nature of statistical learning theory, 1995
    """
    return np.maximum(np.abs(prediction - target) - epsilon, 0.0)
