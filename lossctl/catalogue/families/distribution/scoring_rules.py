"""Proper scoring rules other than likelihoods: the Brier score and the CRPS."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Literal

from lossctl.block import Array
from lossctl.catalogue.definition import MeanOfColumns, PerRow, SumOfColumns, Twin, loss
from lossctl.catalogue.kinds import (
    DISTRIBUTION,
    ONE_HOT,
    PROBABILITIES,
    VALUES,
    VECTORS,
    ZERO_OR_ONE,
    NonNegative,
    Probabilities,
    Values,
    narrowed,
)
from lossctl.catalogue.numerics import error_function, share_of_gap
from lossctl.catalogue.options import Option
from lossctl.lazy import np

OUTCOME = narrowed(VALUES, columns="one")
ENSEMBLE = replace(VECTORS, title="ensembles")


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
        Option(
            "whole sum over the classes, half of it, or auto: half for fewer than three classes"
        ),
    ] = "auto",
) -> SumOfColumns:
    """Squared difference between the predicted probabilities and the outcome.

    Helps:
        When probabilities are evaluated: it is minimised by the true ones, and unlike cross-entropy
        it stays finite where a prediction was certain and wrong.

    Hurts:
        When events are rare: always predicting that they do not happen costs next to nothing.
        Values from elsewhere may be twice or half of this one: see `scale`.

    Formula:
        Σ over classes of (p - t)², or half of it; a single column p means the two classes p and 1 -
        p, so that half of the sum is (p - t)²

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


@loss(aliases=("crps_ensemble", "continuous_ranked_probability_score"))
def crps(
    prediction: Annotated[Array, ENSEMBLE],
    target: Annotated[Values, OUTCOME],
    *,
    fair: Annotated[
        bool, Option("evaluate the distribution behind the members, not the ensemble itself")
    ] = False,
) -> PerRow:
    """Distance between an ensemble forecast and the observed value (CRPS).

    Helps:
        When a forecast is a set of equally likely values, one per column; the result is in the
        target's units, and for a single member it is the absolute error.

    Hurts:
        When ensembles of different sizes are compared: small ones cost more, unless `fair` is set;
        and when dependence between several targets matters, which it ignores.

    Formula:
        ∫ (F(x) - [x ≥ target])² dx = mean |x - target| - ½ mean |x - x'|, with F the distribution
        function of the members x; `fair` takes the second mean over pairs of two members

    Domain:
        prediction: (n, members), finite, in any order of the members. target: (n,), finite. With
        one member `fair` changes nothing. Result: at least 0, in the target's units; with `fair` it
        can be 0 elsewhere too, as with two members and the target between them.

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
    split = np.clip(target[:, None], lower, upper)
    # The integral, gap by gap: all of its parts are non-negative, so nothing cancels.
    before = np.arange(1.0, count)
    after = count - before
    if fair:
        pairs = count * (count - 1.0)
        under, over = before * (before - 1.0) / pairs, after * (after - 1.0) / pairs
    else:
        under, over = (before / count) ** 2, (after / count) ** 2
    inside = share_of_gap(under, lower, split) + share_of_gap(over, split, upper)
    outside = np.maximum(members[:, 0] - target, 0.0) + np.maximum(target - members[:, -1], 0.0)
    return inside.sum(axis=1) + outside


@loss(aliases=("crps_normal",))
def crps_gaussian(mean: Values, variance: NonNegative, target: Values) -> MeanOfColumns:
    """Distance between a predicted normal distribution and the observed value (CRPS).

    Helps:
        When predictions come with an uncertainty, and outliers should not dominate as they do in
        the likelihood; the result is in the target's units.

    Hurts:
        When tails matter: for large errors it is the absolute error, whatever the variance. When
        standard deviations are passed as variances.

    Formula:
        σ (z (2 Φ(z) - 1) + 2 φ(z) - 1 / √π), with σ² = variance, z = (target - mean) / σ, and φ and
        Φ the density and the distribution function of the standard normal distribution

    Domain:
        mean, target: (n,) or (n, d), finite. variance: the same shape, at least 0; where it is 0
        the result is the absolute error. Result: at least 0, in the target's units.

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
    z = error / np.where(certain, 1.0, deviation)
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    spread = deviation * (2.0 * density - 1.0 / math.sqrt(math.pi))
    return np.where(certain, error, error * error_function(z / math.sqrt(2.0)) + spread)
