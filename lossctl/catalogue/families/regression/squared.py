"""Squared errors, for which the optimal constant prediction is the mean of the targets."""

from __future__ import annotations

from dataclasses import dataclass
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
    half: Annotated[bool, Option("halve the square, so that the gradient is the residual")] = False,
) -> MeanOfColumns:
    """Squared difference between prediction and target.

    Helps:
        When large errors cost much more than small ones and the noise is Gaussian; the optimal
        constant prediction is the mean of the targets.

    Hurts:
        When the targets have outliers or heavy tails: a few rows dominate the value. Its units are
        those of the target, squared.

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
    """Square root of the mean of all terms, or the mean of one root per column."""

    average: Annotated[
        Literal["elements", "columns"],
        Option("one root over all elements, or the mean of one root per column"),
    ] = "elements"

    def __call__(self, sums: Array, weight: Array) -> Array:
        """Return the loss of each slice."""
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
    """Square root of the mean squared error.

    Helps:
        When an error in the target's units is wanted that still penalises large errors more.

    Hurts:
        When there are outliers; and when values of parts are averaged: their mean is not the RMSE
        of the whole.

    Formula:
        √(mean of (prediction - target)²)

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0, in the target's units.

    Example:
        >>> rmse(np.array([1.0, 5.0]), np.array([1.0, 2.0]))
        array([0., 9.])

    References:
        https://scikit-learn.org/stable/modules/generated/sklearn.metrics.root_mean_squared_error.html
    """
    residual = prediction - target
    return residual * residual
