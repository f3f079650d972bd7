"""Counts: whether they vary more than Poisson's distribution says, and have more zeros."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lossctl.block import Array
from lossctl.detectors.findings import Confidence, Finding, fact, percent
from lossctl.detectors.profile import Profile
from lossctl.detectors.scale import is_numbers
from lossctl.facts.vocabulary import Known

DISPERSION = 1.5
"""The least Pearson statistic by degree of freedom that is called overdispersed."""

SURELY = 2.326
"""The normal quantile of p = .01, one-sided."""

ZEROS, EXPECTED = 0.05, 1.5
"""The least share of zeros, and by what factor they exceed those of Poisson's distribution."""

FEW = 50
"""With fewer rows nothing is said."""


def detect(profile: Profile, found: Mapping[str, Known]) -> Iterator[Finding]:
    """Compare the spread and the zeros of the targets with those of Poisson's distribution."""
    if not is_numbers(found):
        return
    if profile.target.least < 0:
        evidence = f"The least target is {profile.target.least:.6g}."
        yield fact("counts", False, "certain", evidence, profile.rows)
    elif not profile.target.whole:
        evidence = "There are fractions among the targets."
        yield fact("counts", False, "likely", evidence, profile.rows)
    if profile.target.columns > 1 or profile.sample.rows < FEW:
        return
    counts = found.get("counts")
    if counts is None:
        yield from _zeros_among_numbers(profile)
        return
    target, prediction = profile.sample["target"][:, 0], profile.prediction
    if prediction is not None and prediction.columns == 1 and prediction.least > 0:
        rates = profile.sample["prediction"][:, 0]
        yield from _dispersed(target, rates, profile.rows, counts.confidence)
        yield _zeros(target, rates, profile.rows, counts.confidence)
        return
    mean = float(target.mean())
    ratio = float(target.var(ddof=1)) / mean
    if ratio > DISPERSION:
        evidence = f"The variance is {ratio:.3g} times the mean; predictors may explain that."
        yield fact("overdispersed", True, "weak", evidence, profile.rows, ratio=ratio)
    yield _zeros(target, np.full(len(target), mean), profile.rows, "weak")


def _dispersed(target: Array, rates: Array, rows: int, confidence: Confidence) -> Iterator[Finding]:
    """Test Pearson's statistic, and the slope of Cameron and Trivedi's regression.

    Under Poisson's distribution with the predicted means, (y - m)² / m has the mean 1 and the
    variance 2 + 1 / m; and (y - m)² - y does not grow with m.
    """
    squares = (target - rates) ** 2
    ratio = float((squares / rates).mean())
    z = float(((squares / rates - 1).sum()) / np.sqrt((2 + 1 / rates).sum()))
    excess = (squares - target) / rates
    t = float(excess.mean() / (excess.std(ddof=1) / np.sqrt(len(excess))))
    numbers = {"ratio": ratio, "z": z, "t": t}
    evidence = f"Pearson's statistic is {ratio:.3g} a row; Poisson's would be 1."
    if ratio > DISPERSION and z > SURELY:
        sure = confidence if t > SURELY else "weak"
        yield fact("overdispersed", True, sure, evidence, rows, **numbers)
    elif ratio < 1 + (DISPERSION - 1) / 2:
        yield fact("overdispersed", False, confidence, evidence, rows, **numbers)


def _zeros(target: Array, rates: Array, rows: int, confidence: Confidence) -> Finding:
    share, expected = float((target == 0).mean()), float(np.exp(-rates).mean())
    evidence = f"{percent(share)} are 0, where Poisson's distribution has {percent(expected)}."
    many = share > ZEROS and share > EXPECTED * expected
    numbers = {"share": share, "expected": expected}
    return fact("zero_inflated", many, confidence, evidence, rows, **numbers)


def _zeros_among_numbers(profile: Profile) -> Iterator[Finding]:
    """Tell whether numbers that count nothing are 0 again and again."""
    target, share = profile.target, profile.target.zeros / profile.rows
    if target.least > 0:
        return
    if share <= ZEROS:
        evidence = f"{percent(share)} of the targets are exactly 0."
        yield fact("zero_inflated", False, "likely", evidence, profile.rows, share=share)
    elif target.least == 0 and not target.whole:
        evidence = f"{percent(share)} of the targets are exactly 0, the others are above."
        yield fact("zero_inflated", True, "likely", evidence, profile.rows, share=share)
