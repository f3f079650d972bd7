"""Optimal transport in one dimension: the earth mover's distance of samples and histograms."""

from __future__ import annotations

from typing import Annotated

from lossctl.block import Array, Codes, Mask, Ragged
from lossctl.catalogue.definition import DataNote, PerRow, PerUnit, Twin, loss
from lossctl.catalogue.kinds import Distribution, Sample
from lossctl.catalogue.numerics import row_shares, share_of_gap
from lossctl.catalogue.options import Interval, Option
from lossctl.catalogue.probabilities import NormaliseAmounts
from lossctl.lazy import np


def _one_is_empty(first: Ragged, second: Ragged) -> Mask:
    exactly_one: Mask = _is_empty(first) != _is_empty(second)
    return exactly_one


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
            "one sample is empty, so the distance is infinite",
            of_units=_one_is_empty,
        ),
    ),
)
def earth_mover(first: Sample, second: Sample) -> PerUnit:
    """Minimum mean distance by which one sample must move to match the other.

    Helps:
        When two samples are compared on a scale with distances, even if they do not overlap; the
        result is in the values' own units.

    Hurts:
        When samples are small: even two samples of the same distribution are some distance apart.
        Outliers count with their distance.

    Formula:
        ∫ |F(x) - G(x)| dx, with F and G the distribution functions of the two samples

    Domain:
        first, second: one column each, finite, with any number of rows, which may be weighted. If
        one of the samples has no rows, or only rows of weight 0, the result is infinite; if neither
        has any, it is 0. Result: at least 0, in the values' units.

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
    one, other = _weighted_rows(first), _weighted_rows(second)
    values, unit, weight = (np.concatenate(parts) for parts in zip(one, other, strict=True))
    is_first = np.arange(len(values)) < len(one[0])
    # Sorting by weight last makes the sums bit-identical for every order of equal values.
    order = np.lexsort((weight, values, unit))
    values, unit = values[order], unit[order]
    # One cumulative sum per sample: where the samples are equal, so are the sums.
    cumulative = np.where([is_first[order], ~is_first[order]], weight[order], 0.0)
    lengths = np.bincount(unit, minlength=count)
    ends, filled = np.cumsum(lengths), lengths > 0
    spans = list(zip((ends - lengths).tolist(), ends.tolist(), strict=True))
    for sums in cumulative:
        for start, end in spans:
            np.add.accumulate(sums[start:end], out=sums[start:end])
    totals = np.zeros((2, count))
    totals[:, filled] = cumulative[:, ends[filled] - 1]
    empty = totals == 0.0
    shares = cumulative / np.where(empty, 1.0, totals)[:, unit]
    inside = unit[1:] == unit[:-1]
    difference = np.abs(shares[0] - shares[1])[:-1][inside]
    moved = share_of_gap(difference, values[:-1][inside], values[1:][inside])
    distance = np.bincount(unit[:-1][inside], weights=moved, minlength=count)
    return np.where(empty.any(axis=0), np.where(empty.all(axis=0), 0.0, np.inf), distance)


@loss(aliases=("emd_bins", "histogram_emd"))
def earth_mover_bins(
    prediction: Distribution,
    target: Distribution,
    *,
    squared: Annotated[
        bool, Option("square the differences, as Hou et al. do in training")
    ] = False,
    normalise: NormaliseAmounts = False,
    bin_width: Annotated[
        float, Option("distance between neighbouring bins", Interval(above=0))
    ] = 1.0,
) -> PerRow:
    """Minimum mean distance by which the predicted histogram must move to match the target.

    Helps:
        When classes or bins are ordered, such as grades or ages: being off by one bin costs less
        than by many, which cross-entropy ignores.

    Hurts:
        When the classes have no order. With `squared` it is no longer a distance.

    Formula:
        bin_width × Σ over bins of |P - T|, with P and T the cumulative sums of a row up to the bin;
        with `squared`, of (P - T)²

    Domain:
        prediction, target: (n, bins), rows of probabilities that sum to 1, for ordered bins of
        equal width; with `normalise` any amounts of at least 0, where rows that sum to 0 are left
        as they are. Result: at least 0, in the units of `bin_width`.

    Example:
        >>> earth_mover_bins(np.array([[0.5, 0.25, 0.25]]), np.array([[0.0, 0.0, 1.0]]))
        array([1.25])

    References:
        L. Hou, C.-P. Yu, D. Samaras, Squared earth mover's distance-based loss for training deep
        neural networks, arXiv 1611.05916, 2016
    """
    if normalise:
        prediction, target = row_shares(prediction), row_shares(target)
    difference = np.cumsum(prediction - target, axis=1)
    cost = difference * difference if squared else np.abs(difference)
    return bin_width * cost.sum(axis=1)


def _weighted_rows(sample: Ragged) -> tuple[Array, Codes, Array]:
    """Return value, unit and weight of the rows of a sample whose weight is not 0."""
    values, unit = np.asarray(sample.values, dtype=np.float64), sample.units
    if sample.weight is None:
        return values, unit, np.ones(len(values))
    largest = np.zeros(len(sample.lengths))
    np.maximum.at(largest, unit, sample.weight)
    # Only shares matter, and a sum of scaled weights cannot overflow; powers of 2 keep all digits.
    weight = np.ldexp(sample.weight, -np.frexp(largest)[1][unit])
    weighted = weight > 0.0
    return values[weighted], unit[weighted], weight[weighted]


def _is_empty(sample: Ragged) -> Mask:
    """Mark the units in which a sample has no rows, or only rows of weight 0."""
    _, unit, _ = _weighted_rows(sample)
    empty: Mask = np.bincount(unit, minlength=len(sample.lengths)) == 0
    return empty
