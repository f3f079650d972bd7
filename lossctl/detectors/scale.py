"""The range and the spread of targets that are numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lossctl.block import Array
from lossctl.detectors.findings import Finding, fact
from lossctl.detectors.profile import Profile
from lossctl.facts.vocabulary import Known

FEW = 200
"""With fewer rows the ends of the distribution are a guess."""

WIDE = 100
"""From this ratio of the 99 % to the 1 % quantile targets span orders of magnitude."""

SKEWED = 0.3
"""The least (q95 + q05 - 2 median) / (q95 - q05) of a skewed distribution; 0.56 if exponential."""

UNSCALED = (0.01, 100)
"""The interquartile range, or the median, of targets that are not scaled is beyond these."""


def is_numbers(found: Mapping[str, Known]) -> bool:
    """Tell whether the targets are numbers rather than classes, as far as is known."""
    task, labels = found.get("task"), found.get("labels")
    plain = labels is None or labels.confidence == "weak"
    return task is not None and task.value == "regression" and plain


def detect(profile: Profile, found: Mapping[str, Known]) -> Iterator[Finding]:
    """Say of which sign, range, spread and shape the targets are."""
    if not is_numbers(found):
        return
    target, rows = profile.target, profile.rows
    positive = target.least > 0
    evidence = f"The least target is {target.least:.6g}."
    yield fact("positive", positive, "certain", evidence, rows, least=target.least)
    limits = "unit_interval" if target.within_unit else "other"
    evidence = f"Targets are from {target.least:.6g} to {target.greatest:.6g}."
    yield fact("range", limits, "certain", evidence, rows)
    if target.columns == 1 and profile.sample.rows >= FEW and target.measurable:
        values = profile.sample["target"][:, 0]
        yield from _spread(values, rows)
        yield from _skewed(values, rows)
        yield from _scaled(values, rows)


def _spread(values: Array, rows: int) -> Iterator[Finding]:
    low, high = np.quantile(values, [0.01, 0.99])
    if low <= 0:
        return
    ratio = float(high / low)
    evidence = f"The 99 % quantile is {ratio:.3g} times the 1 % quantile."
    yield fact("wide_range", ratio > WIDE, "likely", evidence, rows, ratio=ratio)


def _skewed(values: Array, rows: int) -> Iterator[Finding]:
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    if high == low:
        return
    skewness = float((high + low - 2 * middle) / (high - low))
    if middle > low:
        ratio = float((high - middle) / (middle - low))
        evidence = f"The upper tail is {ratio:.3g} times as long as the lower (5 % quantiles)."
    else:
        evidence = "There is no lower tail: the 5 % quantile is the median."
    yield fact("skewed", abs(skewness) > SKEWED, "likely", evidence, rows, skewness=skewness)


def _scaled(values: Array, rows: int) -> Iterator[Finding]:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    spread, size = float(high - low), float(abs(middle))
    evidence = f"The median is {middle:.3g}, the interquartile range {spread:.3g}."
    if not UNSCALED[0] <= spread <= UNSCALED[1] or size > UNSCALED[1]:
        yield fact("scaled", False, "likely", evidence, rows, spread=spread)
    elif 0.1 <= spread <= 10 and size <= 10:
        yield fact("scaled", True, "likely", evidence, rows, spread=spread)
