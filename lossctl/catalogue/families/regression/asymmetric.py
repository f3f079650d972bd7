"""Losses with different costs for under- and over-prediction."""

from __future__ import annotations

from typing import Annotated

from lossctl.catalogue.definition import MeanOfColumns, Twin, loss
from lossctl.catalogue.kinds import Values
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np


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
        Option("the quantile to predict", Interval(above=0, below=1)),
    ] = 0.5,
) -> MeanOfColumns:
    """Absolute residual weighted by tau if the prediction is too low, else by 1 - tau.

    Helps:
        When a quantile is predicted, or under- and over-prediction have different costs; the
        optimal constant prediction is the tau-quantile of the targets.

    Hurts:
        When several quantiles are fitted separately: they may cross.

    Formula:
        max(tau e, (tau - 1) e) with e = target - prediction

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0, in the target's units.

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
        Option("the expectile to predict", Interval(above=0, below=1)),
    ] = 0.5,
) -> MeanOfColumns:
    """Squared residual weighted by tau if the prediction is too low, else by 1 - tau.

    Helps:
        When under- and over-prediction have different costs, and large errors cost much more than
        small ones; the optimal constant prediction is the tau-expectile of the targets, for tau ½
        their mean. Unlike the quantile loss it is smooth, and the size of extreme values matters.

    Hurts:
        When there are outliers: they count with the square of their distance. When an expectile is
        mistaken for a quantile: no fixed share of the targets lies below it.

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
