"""Losses for the time until an event, with right-censored rows.

`event` is 1 where `target` is the time of the event, and 0 where it is the time at which the row
was last observed without it (right-censored). Values outside the domain never reach these
functions: the code that reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from lossctl.block import Array, Codes, Mask, Ragged
from lossctl.catalogue.definition import METHODS, DataNote, PerRow, PerUnit, Twin, loss
from lossctl.catalogue.kinds import VALUES, ZERO_OR_ONE, in_units, narrowed
from lossctl.catalogue.numerics import complementary_error_function
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

NUMBER = narrowed(VALUES, columns="one")
TIME = narrowed(VALUES, at_least=0, columns="one")
TIME_ABOVE_ZERO = narrowed(VALUES, above=0, columns="one")
EVENT = narrowed(ZERO_OR_ONE, columns="one")

LOG_ROOT_2_PI = 0.5 * math.log(2.0 * math.pi)


def _without_events(prediction: Ragged, target: Ragged, event: Ragged) -> Mask:
    del prediction, target
    return _events(event) == 0


@loss(
    aliases=("cox", "cox_ph", "neg_partial_log_likelihood"),
    optimum=None,
    data_notes=(
        DataNote(
            "without_events",
            "there are no events, so the loss counts as 0",
            of_units=_without_events,
        ),
    ),
)
def cox_partial_likelihood(
    prediction: Annotated[Ragged, in_units(NUMBER)],
    target: Annotated[Ragged, in_units(TIME)],
    event: Annotated[Ragged, in_units(EVENT)],
    *,
    ties: Annotated[
        Literal["breslow", "efron"],
        Option("the risk set of tied events: all of it for each, or less for each next one"),
    ] = "breslow",
) -> PerUnit:
    """Negative log partial likelihood of the order of events, averaged over the events.

    Helps:
        When a risk is predicted rather than a time, and some rows are censored: only the order of
        events counts, and no distribution of times is assumed.

    Hurts:
        When hazards are not proportional over time; when many events are tied and `ties` is
        breslow. Values of cohorts of different sizes are not comparable, even as means: in a large
        one each event is compared with more rows.

    Formula:
        -1 / events × Σ over events i of (p_i - ln Σ over rows j with t_j ≥ t_i of e^p_j), with p
        the prediction and t the target; with efron, the k-th of d events at one time, counted from
        0, has k / d of the sum over these d subtracted from the sum inside the logarithm

    Domain:
        prediction: (n,), log hazard ratios, any finite number; adding a constant to all of them
        changes nothing. target: (n,), at least 0. event: (n,), 0 or 1. All rows belong to one
        cohort, or to that of their unit. Result: at least 0, in nats; 0 without any event.
        Multiplied by the number of events it is the negative log-likelihood of other software.

    Example:
        >>> prediction, target = np.zeros(3), np.array([1.0, 2.0, 3.0])
        >>> cohort = [prediction, target, np.array([1.0, 1.0, 0.0])]
        >>> cox_partial_likelihood(*(Ragged(role, np.array([3])) for role in cohort)).round(6)
        array([0.89588])

    References:
        D. R. Cox, Regression models and life-tables, Journal of the Royal Statistical Society B 34,
        1972; J. L. Katzman and others, DeepSurv: personalized treatment recommender system using a
        Cox proportional hazards deep neural network, BMC Medical Research Methodology 18, 2018 (the
        mean); B. Efron, The efficiency of Cox's likelihood function for censored data, Journal of
        the American Statistical Association 72, 1977
    """
    risk, time, unit = _below_highest(prediction), target.values, target.units
    # Latest first, so that a cumulative sum is the risk of all rows still at risk. Sorting by risk
    # last makes the sums bit-identical for every order of tied rows.
    order = np.lexsort((event.values, risk, -time, unit))
    risk, time, unit = risk[order], time[order], unit[order]
    happened = event.values[order] > 0.0
    cumulative = risk.copy()
    for start, length in zip(target.starts.tolist(), target.lengths.tolist(), strict=True):
        np.logaddexp.accumulate(
            risk[start : start + length], out=cumulative[start : start + length]
        )
    last = np.append((np.diff(time) != 0.0) | (np.diff(unit) != 0), True)[: len(time)]
    group = np.cumsum(last) - last
    at_risk = cumulative[last][group][happened]
    risk, unit, group = risk[happened], unit[happened], group[happened]
    terms = at_risk - risk
    if ties == "efron" and len(group):
        terms += _log_share_left(risk, group, at_risk)
    count = len(target.lengths)
    total = np.bincount(unit, weights=terms, minlength=count)
    return total / np.maximum(_events(event), 1)


def _events(event: Ragged) -> Codes:
    """Count the events of each unit."""
    happened = event.units[event.values > 0.0]
    counts: Codes = np.bincount(happened, minlength=len(event.lengths))
    return counts


def _below_highest(prediction: Ragged) -> Array:
    """Subtract the highest risk of each unit: only differences count, and this keeps digits."""
    highest = np.full(len(prediction.lengths), -np.inf)
    np.maximum.at(highest, prediction.units, prediction.values)
    below: Array = prediction.values - highest[prediction.units]
    return below


def _log_share_left(risk: Array, group: Codes, at_risk: Array) -> Array:
    """Compute the log share of risk that is left at each of some tied events."""
    first = np.flatnonzero(np.append(True, np.diff(group) != 0))
    count = np.diff(np.append(first, len(group)))
    tied = np.repeat(np.logaddexp.reduceat(risk, first), count)
    gone = (np.arange(len(group)) - np.repeat(first, count)) / np.repeat(count, count)
    left: Array = np.log1p(-gone * np.exp(np.minimum(tied - at_risk, 0.0)))
    return left


@loss(
    aliases=("aft", "accelerated_failure_time"),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.where(event > 0, "
            "-torch.distributions.LogNormal(prediction, {scale}).log_prob(target), "
            "-torch.special.log_ndtr((prediction - target.log()) / {scale})){reduction}",
            needs={"distribution": "normal"},
            reductions=METHODS,
            named=False,
        ),
        Twin(
            "torch",
            "torch.where(event > 0, target.log() + torch.full_like(target, {scale}).log() "
            "- torch.nn.functional.logsigmoid((target.log() - prediction) / {scale}), 0.0)"
            ".sub(torch.nn.functional.logsigmoid((prediction - target.log()) / {scale}))"
            "{reduction}",
            needs={"distribution": "logistic"},
            reductions=METHODS,
            named=False,
        ),
        Twin(
            "torch",
            "torch.where(event > 0, "
            "-torch.distributions.Weibull(prediction.exp(), 1 / {scale}).log_prob(target), "
            "(target / prediction.exp()) ** (1 / {scale})){reduction}",
            needs={"distribution": "extreme"},
            reductions=METHODS,
            kinds={
                "prediction": narrowed(VALUES, at_least=-50, at_most=50, columns="one"),
                "target": narrowed(VALUES, at_least=1e-100, columns="one"),
            },
            named=False,
            note="torch divides times and takes powers of them, which may overflow or underflow",
        ),
    ),
)
def aft_nll(
    prediction: Annotated[Array, NUMBER],
    target: Annotated[Array, TIME_ABOVE_ZERO],
    event: Annotated[Array, EVENT],
    *,
    distribution: Annotated[
        Literal["normal", "logistic", "extreme"],
        Option("noise of the log time, so that times are log-normal, log-logistic or Weibull"),
    ] = "normal",
    scale: Annotated[
        float, Option("scale of the noise of the log time, sigma", Interval(above=0))
    ] = 1.0,
) -> PerRow:
    """Negative log-likelihood of a time under an accelerated failure time model.

    Helps:
        When a time is predicted and some rows are censored: for these the likelihood is that the
        event comes later.

    Hurts:
        When the distribution or its scale does not fit: both strongly affect the value. When times
        are passed instead of log times. Negative values are normal, and the units of time affect
        the value.

    Formula:
        with z = (ln target - prediction) / scale: ln(scale × target) - ln f(z) for an event,
        -ln(1 - F(z)) for a censored row; f and F are the density and the distribution function of
        the standard normal, the logistic, or the smallest extreme value, e^z e^(-e^z)

    Domain:
        prediction: (n,), log times, any finite number; XGBoost's survival:aft predicts the times
        themselves. target: (n,), times above 0. event: (n,), 0 or 1. Result: any number; infinite
        where it exceeds 1.8e308, as with extreme for large z. XGBoost raises likelihoods below
        1e-12 to 1e-12; here they are not clipped.

    Example:
        >>> target, event = np.array([1.0, np.e]), np.array([0.0, 1.0])
        >>> aft_nll(np.array([0.0, 1.0]), target, event, distribution="extreme")
        array([1., 2.])

    References:
        L. J. Wei, The accelerated failure time model, Statistics in Medicine 11, 1992; A. Barnwal,
        H. Cho, T. Hocking, Survival regression with accelerated failure time model in XGBoost,
        Journal of Computational and Graphical Statistics 31, 2022
    """
    logarithm = np.log(target)
    z = (logarithm - prediction) / scale
    # Minus the log density, and minus the log probability of exceeding z.
    if distribution == "normal":
        density, beyond = 0.5 * z * z + LOG_ROOT_2_PI, _normal_beyond(z)
    elif distribution == "logistic":
        rest = np.log1p(np.exp(-np.abs(z)))
        density, beyond = np.abs(z) + 2.0 * rest, np.maximum(z, 0.0) + rest
    else:
        beyond = np.exp(z)
        density = np.where(beyond < np.inf, beyond - z, np.inf)
    return np.where(event > 0.0, logarithm + math.log(scale) + density, beyond)


def _normal_beyond(z: Array) -> Array:
    """Compute -ln(1 - Φ(z)) to full precision, however far out."""
    tail = 0.5 * complementary_error_function(np.where(z > FAR, FAR, np.abs(z)) / math.sqrt(2.0))
    near = np.where(z > 0.0, -np.log(tail), -np.log1p(-tail))
    # Mills's ratio is 1 / (z + 1 / (z + 2 / (z + …))).
    size = np.maximum(z, FAR)
    fraction = size
    for step in range(TERMS, 0, -1):
        fraction = size + step / fraction
    return np.where(z > FAR, 0.5 * size * size + LOG_ROOT_2_PI + np.log(fraction), near)


FAR = 20.0
"""From here on `TERMS` terms of the continued fraction give all digits."""

TERMS = 16
