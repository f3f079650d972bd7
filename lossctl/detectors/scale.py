"""The range and the distribution of targets that are numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lossctl.block import Array
from lossctl.detectors.findings import Finding, fact
from lossctl.detectors.profile import Profile
from lossctl.facts.vocabulary import Known

FEW = 200
"""With fewer rows the outer quantiles are unreliable."""

WIDE = 100
"""The ratio of the 99 % to the 1 % quantile above which targets span orders of magnitude."""

SKEWED = 0.3
"""The skewness (q95 + q05 - 2 median) / (q95 - q05) above which a distribution is skewed.

That of an exponential distribution is 0.56.
"""

UNSCALED = (0.01, 100)
"""The range of the interquartile range, and the limit of the median, of targets that are scaled."""


def is_numbers(facts: Mapping[str, Known]) -> bool:
    """Tell whether the targets are numbers rather than classes, judging by the facts so far."""
    task, labels = facts.get("task"), facts.get("labels")
    plain = labels is None or labels.confidence == "weak"
    return task is not None and task.value == "regression" and plain


def detect(profile: Profile, facts: Mapping[str, Known]) -> Iterator[Finding]:
    """Detect the sign, range, spread and skewness of the targets."""
    if not is_numbers(facts):
        return
    target, rows = profile.target, profile.rows
    positive = target.least > 0
    evidence = f"The smallest target is {target.least:.6g}."
    yield fact("positive", positive, "certain", evidence, rows, least=target.least)
    limits = "unit_interval" if target.within_unit else "other"
    evidence = f"The targets range from {target.least:.6g} to {target.greatest:.6g}."
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
    skewed = abs(skewness) > SKEWED
    side = "right-skewed" if skewness > 0 else "left-skewed"
    shape = side if skewed else "roughly symmetric"
    evidence = f"The targets are {shape} (quantile skewness {skewness:.2g}, from -1 to 1)."
    yield fact("skewed", skewed, "likely", evidence, rows, skewness=skewness)


def _scaled(values: Array, rows: int) -> Iterator[Finding]:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    spread, size = float(high - low), float(abs(middle))
    evidence = f"The median is {middle:.3g} and the interquartile range {spread:.3g}."
    if not UNSCALED[0] <= spread <= UNSCALED[1] or size > UNSCALED[1]:
        yield fact("scaled", False, "likely", evidence, rows, spread=spread)
    elif 0.1 <= spread <= 10 and size <= 10:
        yield fact("scaled", True, "likely", evidence, rows, spread=spread)
