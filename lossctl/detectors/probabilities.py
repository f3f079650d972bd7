"""Probabilities of classes: whether they can be taken at their word, and the labels too."""

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
"""Bins of the calibration error, as in Guo and others, 2017."""

ROWS, DRAWS = 20_000, 199
"""Rows that are resampled, and how often: the error must exceed that of every draw, p < .01."""

FEW = 100
"""With fewer rows calibration is not looked at."""

OF_CLASS = 50
"""With fewer rows of any class nothing is said of its labels."""

ASK, NOISY = 0.05, 0.1
"""Shares of doubtful labels from which to ask, and from which they may be wrong."""

FLAT = 0.85
"""Wrong labels are as frequent among the surest predictions; a model's own mistakes are rarer."""


def detect(profile: Profile, found: Mapping[str, Known]) -> Iterator[Finding]:
    """Compare probabilities with what came of them."""
    output = found.get("output")
    if output is None or output.value not in ("probability", "distribution"):
        return
    if output.confidence == "weak" or profile.names.images or profile.sample.rows < FEW:
        return  # neighbouring pixels are alike, so their number says little
    labels = classes_of(profile, found)
    if labels is None:
        return
    probabilities = profile.sample["prediction"]
    if probabilities.shape[1] == 1:
        probabilities = np.hstack([1 - probabilities, probabilities])
    chosen = slice(None, None, -(-len(labels) // ROWS))
    yield from _calibration(probabilities[chosen], labels[chosen], profile.rows)
    yield from _noise(probabilities, labels, profile.rows)


def classes_of(profile: Profile, found: Mapping[str, Known]) -> Codes | None:
    """Return the class of each sampled row as the number of its column in the predictions.

    None where the labels are no classes, or do not belong to the columns.
    """
    labels, prediction = found.get("labels"), profile.prediction
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
    """Return the place of the column that each row's label names, or counts from 0 or 1."""
    partners = Partners(prediction.columns, profile.names.of("prediction"))
    values, codes = np.unique(profile.sample["target"][:, 0].astype(np.intp), return_inverse=True)
    words = list(profile.words.get("target", ()))
    said = [words[value] if words else str(value) for value in values.tolist()]
    if words or {*said} <= {*partners.names}:
        return np.array([partners.place(label) for label in said], dtype=np.intp)[codes]
    shift = 1 if profile.target.greatest >= prediction.columns else 0
    return values[codes] - shift


def _calibration(probabilities: Array, labels: Codes, rows: int) -> Iterator[Finding]:
    """Compare the calibration error with that of models that are right about their probabilities.

    The error of a perfectly calibrated model is above 0, the more so the fewer rows there are; so
    it is drawn anew from the probabilities, many times.
    """
    if probabilities.shape[1] == 2:
        sure, came = probabilities[:, 1], labels == 1
    else:
        sure, came = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((sure * BINS).astype(np.intp), BINS - 1)
    error = calibration_error(sure, came, bins)
    random = np.random.default_rng(SEED)
    null = [calibration_error(sure, random.random(len(sure)) < sure, bins) for _ in range(DRAWS)]
    if error <= max(null):
        return
    if probabilities.shape[1] == 2:
        distance = float(np.abs(sure - 0.5).mean() + 0.5 - ((sure > 0.5) == came).mean())
    else:
        distance = float(sure.mean() - came.mean())
    tendency = "too sure" if distance > 0 else "not sure enough"
    message = (
        f"The probabilities are not calibrated: the error is {error:.3g}, where {max(null):.3g} is "
        f"the most in {DRAWS} draws of a calibrated model; on average they are {tendency}."
    )
    numbers = {"calibration_error": error, "greatest_by_chance": max(null), "excess": distance}
    yield Observation("calibration", message, numbers, rows)


def calibration_error(sure: Array, came: Mask, bins: Codes) -> float:
    """Return the mean distance of probability and share in bins, weighted by their rows."""
    return float(np.abs(np.bincount(bins, sure - came)).sum() / len(sure))


def _noise(probabilities: Array, labels: Codes, rows: int) -> Iterator[Finding]:
    """Count labels that another class's probability contradicts, by confident learning.

    Northcutt and others, 2021: a label is doubtful where another class is as probable as it is on
    average among its own rows. A calibrated model that is unsure makes doubtful labels too, so only
    what exceeds its own expectation counts; and a model's mistakes are rarest where it is surest.
    """
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    if (counts[counts > 0] < OF_CLASS).any() or (counts > 0).sum() < 2:
        return
    totals = np.bincount(labels, _own(probabilities, labels), len(counts))
    limits = np.where(counts > 0, totals / np.maximum(counts, 1), np.inf)
    above = np.where(probabilities >= limits, probabilities, -1.0)
    rival = above.argmax(axis=1)
    sure = above.max(axis=1) >= 0
    share = float((sure & (rival != labels)).mean())
    doubt = np.where(sure, 1 - _own(probabilities, rival), 0)
    expected = float(doubt.mean())
    z = (share - expected) * len(labels) / np.sqrt(max((doubt * (1 - doubt)).sum(), 1))
    if share <= ASK or z < 2.326:
        return
    evidence = (
        f"{percent(share)} of the labels are doubtful, {percent(expected)} expected; "
        "only out-of-sample predictions can tell."
    )
    sure_of_it: Confidence = "likely" if share > NOISY and _flat(probabilities, labels) else "weak"
    numbers = {"share": share, "expected": expected, "z": float(z)}
    yield fact("noisy_labels", True, sure_of_it, evidence, rows, **numbers)


def _own(probabilities: Array, labels: Codes) -> Array:
    """Return the probability of each row's label."""
    return np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0]


def _flat(probabilities: Array, labels: Codes) -> bool:
    """Tell whether the surest quarter of predictions is wrong as often as the next quarter."""
    surest = probabilities.max(axis=1)
    high, middle = np.quantile(surest, [0.75, 0.5])
    if high >= 1 or (surest == high).mean() > 0.1:  # too many are equally sure
        return False
    wrong = probabilities.argmax(axis=1) != labels
    top, next_ = wrong[surest > high].mean(), wrong[(surest > middle) & (surest <= high)].mean()
    return bool(top >= ASK and top > FLAT * next_)
