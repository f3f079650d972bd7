"""Class probabilities: whether they are calibrated, and whether the labels may be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lossctl.block import Array, Codes, Mask
from lossctl.catalogue.kinds import Partners
from lossctl.detectors.findings import Confidence, Finding, Observation, fact, percent
from lossctl.detectors.profile import SEED, Profile, Summary
from lossctl.detectors.targets import names_classes
from lossctl.facts.vocabulary import Known

BINS = 15
"""Bins of the calibration error, as in Guo et al., 2017."""

ROWS, DRAWS = 20_000, 199
"""Rows that are resampled, and how often: the error must exceed that of every draw (p < .01)."""

SIGNIFICANT = 2.326
"""The normal quantile of p = .01, one-sided."""

FEW = 100
"""The smallest number of rows from which calibration is tested."""

OF_CLASS = 50
"""The smallest number of rows of each class from which label noise is estimated."""

ASK, NOISY = 0.05, 0.1
"""Shares of suspicious labels from which the user is asked, and from which noise is likely."""

FLAT = 0.85
"""Smallest ratio of error rates, most to less confident predictions, that suggests label noise.

Wrong labels are as frequent among confident predictions as among others; a model's own errors are
rarer there.
"""


def detect(profile: Profile, facts: Mapping[str, Known]) -> Iterator[Finding]:
    """Compare predicted probabilities with the labels."""
    output = facts.get("output")
    if output is None or output.value not in ("probability", "distribution"):
        return
    if output.confidence == "weak" or profile.names.images or profile.sample.rows < FEW:
        return  # neighbouring pixels are correlated, so tests that count them are not valid
    labels = classes_of(profile, facts)
    if labels is None:
        return
    probabilities = profile.sample["prediction"]
    if probabilities.shape[1] == 1:
        probabilities = np.hstack([1 - probabilities, probabilities])
    chosen = slice(None, None, -(-len(labels) // ROWS))
    yield from _calibration(probabilities[chosen], labels[chosen], profile.rows)
    yield from _noise(probabilities, labels, profile.rows)


def classes_of(profile: Profile, facts: Mapping[str, Known]) -> Codes | None:
    """Return the class of each sampled row as the index of its prediction column.

    Args:
        profile: the profile of the data.
        facts: the facts so far.

    Returns:
        The classes; None if the labels are not classes, or do not match the columns.
    """
    labels, prediction = facts.get("labels"), profile.prediction
    if labels is None or prediction is None:
        return None
    target = profile.sample["target"]
    if labels.value == "one_hot":
        return target.argmax(axis=1) if target.shape[1] == prediction.columns else None
    if prediction.columns == 1:
        two = labels.value in ("binary_01", "plus_minus_1")
        return (target[:, 0] > 0).astype(np.intp) if two else None
    named = labels.value in ("integer", "binary_01") and names_classes(profile)
    return _columns_of(profile, prediction) if named else None


def _columns_of(profile: Profile, prediction: Summary) -> Codes:
    """Return the index of the column that each row's label names, or counts from 0 or 1."""
    partners = Partners(prediction.columns, profile.names.of("prediction"))
    values, codes = np.unique(profile.sample["target"][:, 0].astype(np.intp), return_inverse=True)
    words = list(profile.words.get("target", ()))
    names = [words[value] if words else str(value) for value in values.tolist()]
    if words or {*names} <= {*partners.names}:
        return np.array([partners.place(name) for name in names], dtype=np.intp)[codes]
    shift = 1 if profile.target.greatest >= prediction.columns else 0
    return values[codes] - shift


def _calibration(probabilities: Array, labels: Codes, rows: int) -> Iterator[Finding]:
    """Compare the calibration error with those of simulated models that are calibrated.

    The error of a perfectly calibrated model is above 0, especially with few rows, so labels are
    drawn from the probabilities many times.
    """
    if probabilities.shape[1] == 2:
        confidence, outcome = probabilities[:, 1], labels == 1
    else:
        confidence, outcome = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    error = calibration_error(confidence, outcome, bins)
    random = np.random.default_rng(SEED)
    largest = max(
        calibration_error(confidence, random.random(len(confidence)) < confidence, bins)
        for _ in range(DRAWS)
    )
    if error <= largest:
        return
    if probabilities.shape[1] == 2:
        correct = (confidence > 0.5) == outcome
        excess = float(np.abs(confidence - 0.5).mean() + 0.5 - correct.mean())
    else:
        excess = float(confidence.mean() - outcome.mean())
    tendency = "overconfident" if excess > 0 else "underconfident"
    message = (
        f"The probabilities are not calibrated, but {tendency} on average: the calibration error "
        f"is {error:.3g}, above the largest of {DRAWS} simulations of a calibrated model "
        f"({largest:.3g})."
    )
    numbers = {"calibration_error": error, "greatest_by_chance": largest, "excess": excess}
    yield Observation("calibration", message, numbers, rows)


def calibration_error(confidence: Array, outcome: Mask, bins: Codes) -> float:
    """Return the expected calibration error.

    Args:
        confidence: the predicted probability of each row.
        outcome: whether the predicted event happened.
        bins: the bin of each row.

    Returns:
        The mean difference between probability and frequency in the bins, weighted by their rows.
    """
    return float(np.abs(np.bincount(bins, confidence - outcome)).sum() / len(confidence))


def _noise(probabilities: Array, labels: Codes, rows: int) -> Iterator[Finding]:
    """Count labels that contradict the probabilities, by confident learning.

    Northcutt et al., 2021: a label is suspicious if another class is at least as probable as on
    average among its own rows. An uncertain calibrated model makes labels suspicious, too, so only
    the excess over its own expectation counts.
    """
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    if (counts[counts > 0] < OF_CLASS).any() or (counts > 0).sum() < 2:
        return
    totals = np.bincount(labels, _own(probabilities, labels), len(counts))
    limits = np.where(counts > 0, totals / np.maximum(counts, 1), np.inf)
    above = np.where(probabilities >= limits, probabilities, -1.0)
    rival = above.argmax(axis=1)
    confident = above.max(axis=1) >= 0
    share = float((confident & (rival != labels)).mean())
    error = np.where(confident, 1 - _own(probabilities, rival), 0)
    expected = float(error.mean())
    z = (share - expected) * len(labels) / np.sqrt(max((error * (1 - error)).sum(), 1))
    if share <= ASK or z < SIGNIFICANT:
        return
    evidence = (
        f"{percent(share)} of the labels contradict confident predictions, where "
        f"{percent(expected)} would be expected; this is reliable for out-of-sample predictions "
        "only."
    )
    noisy = share > NOISY and _flat(probabilities, labels)
    confidence: Confidence = "likely" if noisy else "weak"
    numbers = {"share": share, "expected": expected, "z": float(z)}
    yield fact("noisy_labels", True, confidence, evidence, rows, **numbers)


def _own(probabilities: Array, labels: Codes) -> Array:
    """Return the probability of each row's label."""
    return np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0]


def _flat(probabilities: Array, labels: Codes) -> bool:
    """Tell whether the most confident quarter is wrong about as often as the next quarter."""
    confidence = probabilities.max(axis=1)
    high, middle = np.quantile(confidence, [0.75, 0.5])
    if high >= 1 or (confidence == high).mean() > 0.1:  # too many are equally confident
        return False
    wrong = probabilities.argmax(axis=1) != labels
    top = wrong[confidence > high].mean()
    second = wrong[(confidence > middle) & (confidence <= high)].mean()
    return bool(top >= ASK and top > FLAT * second)
