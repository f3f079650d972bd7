"""Errors relative to the target: squared logarithmic and percentage errors."""

from __future__ import annotations

import sys
from typing import Annotated

from lossctl.catalogue.definition import MeanOfColumns, Twin, loss
from lossctl.catalogue.kinds import VALUES, Values, narrowed
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

ABOVE_MINUS_ONE = narrowed(VALUES, above=-1)


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
            "values below this, including negative ones, are raised to it",
            Interval(at_least=0),
            turns={"prediction": VALUES, "target": VALUES},
            clips={"prediction": "raised", "target": "raised"},
        ),
    ] = None,
) -> MeanOfColumns:
    """Squared difference between ln(1 + prediction) and ln(1 + target).

    Helps:
        When targets span several orders of magnitude and ratios matter more than differences.

    Hurts:
        When under- and over-prediction should cost the same: under-prediction costs more.

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
    percent: Annotated[bool, Option("report percent instead of a fraction")] = False,
    eps: Annotated[
        float,
        Option(
            "replaces targets closer to 0 than this",
            Interval(above=0),
            clips={"target": "near_zero"},
        ),
    ] = sys.float_info.epsilon,
) -> MeanOfColumns:
    """Absolute residual as a fraction of the target.

    Helps:
        When errors are judged relative to the target, and no target is near 0.

    Hurts:
        When targets are 0 or close to it: such a row counts as much as millions of others. It
        favours predictions that are too low.

    Formula:
        |prediction - target| / max(|target|, eps); with `percent`, 100 times that

    Domain:
        prediction, target: (n,) or (n, d), finite. Result: at least 0, dimensionless.

    Example:
        >>> mape(np.array([90.0, 3.0]), np.array([100.0, 2.0]))
        array([0.1, 0.5])

    References:
        https://scikit-learn.org/stable/modules/model_evaluation.html#mean-absolute-percentage-error
    """
    fraction = np.abs(prediction - target) / np.maximum(np.abs(target), eps)
    return fraction * 100.0 if percent else fraction
