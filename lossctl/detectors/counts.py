"""Counts: whether they are overdispersed or zero-inflated compared with a Poisson distribution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lossctl.block import Array
from lossctl.detectors.findings import Confidence, Finding, fact, percent
from lossctl.detectors.profile import Profile
from lossctl.detectors.scale import is_numbers
from lossctl.facts.vocabulary import Known

DISPERSION = 1.5
"""The Pearson statistic per degree of freedom above which counts are overdispersed."""

SIGNIFICANT = 2.326
"""The normal quantile of p = .01, one-sided."""

ZEROS, EXPECTED = 0.05, 1.5
"""The share of zeros above which counts are zero-inflated, and its ratio to a Poisson model's."""

FEW = 50
"""The smallest number of rows from which anything is inferred."""


def detect(profile: Profile, facts: Mapping[str, Known]) -> Iterator[Finding]:
    """Compare the variance and the zeros of the targets with those of a Poisson distribution."""
    if not is_numbers(facts):
        return
    if profile.target.least < 0:
        evidence = f"The smallest target is {profile.target.least:.6g}."
        yield fact("counts", False, "certain", evidence, profile.rows)
    elif not profile.target.integers:
        evidence = "Some targets are not integers."
        yield fact("counts", False, "likely", evidence, profile.rows)
    if profile.target.columns > 1 or profile.sample.rows < FEW:
        return
    counts = facts.get("counts")
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
        evidence = f"The variance is {ratio:.3g} times the mean, which predictors may explain."
        yield fact("overdispersed", True, "weak", evidence, profile.rows, ratio=ratio)
    yield _zeros(target, np.full(len(target), mean), profile.rows, "weak")


def _dispersed(target: Array, rates: Array, rows: int, confidence: Confidence) -> Iterator[Finding]:
    """Test for overdispersion: with Pearson's statistic, and with Cameron and Trivedi's regression.

    For a Poisson distribution with the predicted means, (y - m)² / m has mean 1 and variance
    2 + 1 / m, and (y - m)² - y does not grow with m.
    """
    squares = (target - rates) ** 2
    ratio = float((squares / rates).mean())
    z = float(((squares / rates - 1).sum()) / np.sqrt((2 + 1 / rates).sum()))
    excess = (squares - target) / rates
    t = float(excess.mean() / (excess.std(ddof=1) / np.sqrt(len(excess))))
    numbers = {"ratio": ratio, "z": z, "t": t}
    evidence = (
        f"Pearson's statistic per row is {ratio:.3g}; for a Poisson distribution it would be 1."
    )
    if ratio > DISPERSION and z > SIGNIFICANT:
        both = confidence if t > SIGNIFICANT else "weak"
        yield fact("overdispersed", True, both, evidence, rows, **numbers)
    elif ratio < 1 + (DISPERSION - 1) / 2:
        yield fact("overdispersed", False, confidence, evidence, rows, **numbers)


def _zeros(target: Array, rates: Array, rows: int, confidence: Confidence) -> Finding:
    share, expected = float((target == 0).mean()), float(np.exp(-rates).mean())
    evidence = (
        f"{percent(share)} of the targets are 0; a Poisson distribution would have "
        f"{percent(expected)}."
    )
    many = share > ZEROS and share > EXPECTED * expected
    numbers = {"share": share, "expected": expected}
    return fact("zero_inflated", many, confidence, evidence, rows, **numbers)


def _zeros_among_numbers(profile: Profile) -> Iterator[Finding]:
    """Detect zero inflation of numbers that are not counts."""
    target, share = profile.target, profile.target.zeros / profile.rows
    if target.least > 0:
        return
    if share <= ZEROS:
        evidence = f"{percent(share)} of the targets are exactly 0."
        yield fact("zero_inflated", False, "likely", evidence, profile.rows, share=share)
    elif target.least == 0 and not target.integers:
        evidence = f"{percent(share)} of the targets are exactly 0, and the others are positive."
        yield fact("zero_inflated", True, "likely", evidence, profile.rows, share=share)
