"""Squared errors, whose best constant is the mean of the targets."""

from __future__ import annotations

from typing import Annotated, Literal

from lossctl.block import Array
from lossctl.catalogue.definition import MeanOfColumns, SeveralTerms, Twin, loss
from lossctl.catalogue.kinds import Values
from lossctl.catalogue.options import Option
from lossctl.lazy import np


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


def _root_of_mean(sums: Array, weight: Array, *, average: str = "elements") -> Array:
    means = sums / weight[:, None]
    if average == "columns":
        return np.sqrt(means).mean(axis=1)
    return np.sqrt(means.mean(axis=1))


@loss(
    aliases=("root_mean_squared_error",),
    value=_root_of_mean,
    twins=(
        Twin(
            "sklearn",
            "sklearn.metrics.root_mean_squared_error(target, prediction{weight})",
            sets={"average": "columns"},
            weight=", sample_weight=weight",
        ),
    ),
)
def rmse(
    prediction: Values,
    target: Values,
    *,
    average: Annotated[
        Literal["elements", "columns"],
        Option("the root of the mean of all elements, or the mean of the columns' own roots"),
    ] = "elements",
) -> SeveralTerms:
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
    del average  # it belongs to the value, not to the terms
    residual = prediction - target
    return residual * residual
