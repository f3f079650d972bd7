"""The number of classes, and how imbalanced they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lossctl.block import Array
from lossctl.detectors.findings import Confidence, Finding, Observation, fact, percent
from lossctl.detectors.profile import Profile
from lossctl.facts.vocabulary import Known

DEGREES = (("extreme", 0.01), ("moderate", 0.2), ("mild", 0.4))
"""The share of the minority class below which each degree of imbalance begins.

They are those of Google's machine learning crash course.
"""

RARE = 0.1
"""cleanlab calls a class rare if its share is below this fraction of an equal share."""

RATIO = 9
"""evalml warns if the largest class is more than so many times the smallest."""

ENTROPY = 0.5
"""ydata-profiling warns if 1 - entropy / log K exceeds this."""

LONG_TAIL = 50
"""The smallest ratio of the largest class to the smallest in long-tailed benchmarks."""

MANY_CLASSES, FEW_ROWS, MANY_RARE = 10, 20, 0.25
"""A long tail has at least so many classes, and this share of them has fewer rows than that."""

POSITIVE = ("binary_01", "plus_minus_1", "mask")
"""Labels whose larger value is the positive class."""


def detect(profile: Profile, facts: Mapping[str, Known]) -> Iterator[Finding]:
    """Count the classes and compare their frequencies."""
    labels = facts.get("labels")
    if labels is None or labels.confidence == "weak":
        return
    if labels.value == "multi_hot":
        yield from _several_labels(profile)
        return
    counts = _counts(profile, str(labels.value))
    if not len(counts):
        return
    yield from _number(profile, str(labels.value), len(counts))
    if len(counts) == 1:
        yield Observation("constant_target", "All targets have the same class.", rows=profile.rows)
        return
    if profile.target.columns == 1 and "target" not in profile.words:
        least = int(profile.target.least)
        if labels.value in ("integer", "mask") and (len(counts) > 2 or least == 1):
            evidence = f"The smallest label is {least}."
            yield fact("label_min", least, "likely", evidence, profile.rows)
    if len(counts) == 2 and (labels.value == "mask" or _is_binary(facts)):
        yield from _two_classes(profile, counts, positive=labels.value in POSITIVE)
    else:
        yield from _many_classes(profile, counts)


def _is_binary(facts: Mapping[str, Known]) -> bool:
    return "task" in facts and facts["task"].value == "binary_classification"


def _counts(profile: Profile, labels: str) -> Array:
    """Count the rows of each class that occurs; empty if labels are not classes."""
    if "target" in profile.words:
        return np.array(list(profile.words["target"].values()), dtype=np.float64)
    if labels == "one_hot":
        return profile.target.sums[profile.target.sums > 0]
    tally = profile.target.tally or {}
    return np.array([tally[value] for value in sorted(tally)], dtype=np.float64)


def _number(profile: Profile, labels: str, occurring: int) -> Iterator[Finding]:
    prediction, target, rows = profile.prediction, profile.target, profile.rows
    columns = target.columns if labels == "one_hot" else 0
    if not columns and prediction is not None and prediction.columns > 1:
        columns = prediction.columns
    classes = max(columns, occurring)
    if columns > occurring:
        message = f"Classes that never occur: {columns - occurring} of {columns}."
        yield Observation("absent_classes", message, {"absent": columns - occurring}, rows)
    if classes == 2 and labels in ("binary_01", "plus_minus_1"):
        yield fact("n_classes", 2, "likely", "The targets have two values.", rows)
    elif classes >= 2:
        noun = "columns" if columns >= occurring else "distinct labels"
        yield fact("n_classes", classes, "likely", f"There are {classes} {noun}.", rows)


def _two_classes(profile: Profile, counts: Array, *, positive: bool) -> Iterator[Finding]:
    """Measure the share of the minority class and, if it is known which one is, the positives."""
    share = float(counts[1] / counts.sum())
    minority = min(share, 1 - share)
    if positive:
        noun = "pixels" if profile.names.images else "targets"
        evidence = f"{percent(share)} of the {noun} are {profile.target.greatest:g}."
        yield fact("foreground", share, "certain", evidence, profile.rows)
    degree = next((name for name, limit in DEGREES if minority < limit), "none")
    votes = _Votes(counts)
    evidence = f"The minority class has {percent(minority)} of the rows{votes.summary}."
    yield fact("imbalance", degree, "certain", evidence, profile.rows, **votes.numbers)
    imbalanced = degree in ("extreme", "moderate")
    confidence: Confidence = "likely" if votes.agree(imbalanced=imbalanced) else "weak"
    yield fact("imbalanced", imbalanced, confidence, evidence, profile.rows, **votes.numbers)


def _many_classes(profile: Profile, counts: Array) -> Iterator[Finding]:
    votes = _Votes(counts)
    least, most = percent(counts.min() / counts.sum()), percent(counts.max() / counts.sum())
    evidence = f"Each class has {least} to {most} of the rows{votes.summary}."
    imbalanced = votes.cleanlab or votes.evalml
    confidence: Confidence = "likely" if votes.agree(imbalanced=imbalanced) else "weak"
    yield fact("imbalanced", imbalanced, confidence, evidence, profile.rows, **votes.numbers)
    rare = float((counts < FEW_ROWS).mean())
    if len(counts) >= MANY_CLASSES and votes.ratio >= LONG_TAIL and rare >= MANY_RARE:
        evidence = (
            f"The largest of {len(counts)} classes has {votes.ratio:.3g} times the rows of the "
            f"smallest, and {percent(rare)} of the classes have fewer than {FEW_ROWS} rows."
        )
        yield fact("long_tailed", True, "likely", evidence, profile.rows, rare=rare)


def _several_labels(profile: Profile) -> Iterator[Finding]:
    target, rows = profile.target, profile.rows
    shares = target.sums / rows
    share = float(shares.mean())
    yield fact("n_classes", target.columns, "likely", f"There are {target.columns} columns.", rows)
    evidence = f"{percent(share)} of all labels are 1."
    yield fact("foreground", share, "certain", evidence, rows)
    absent = int((shares == 0).sum())
    if absent:
        message = f"Labels that never occur: {absent} of {target.columns}."
        yield Observation("absent_classes", message, {"absent": absent}, rows)


class _Votes:
    """Whether class frequencies exceed published thresholds for a warning, which disagree."""

    def __init__(self, counts: Array) -> None:
        shares = counts / counts.sum()
        self.rarest = float(shares.min() * len(counts))
        self.ratio = float(counts.max() / counts.min())
        self.entropy = float(1 + shares @ np.log(shares) / np.log(len(counts)))
        self.cleanlab, self.evalml = self.rarest < RARE, self.ratio > RATIO
        self._votes = {
            "cleanlab": self.cleanlab,
            "evalml": self.evalml,
            "ydata-profiling": self.entropy > ENTROPY,
        }

    @property
    def summary(self) -> str:
        """Which of them would warn, as the end of a sentence on shares of rows."""
        warning = [name for name, vote in self._votes.items() if vote]
        others = [name for name, vote in self._votes.items() if not vote]
        if not warning:
            return ", an imbalance below every published threshold for a warning"
        if not others:
            return ", an imbalance above every published threshold for a warning"
        return f"; {' and '.join(warning)} would warn, but not {' or '.join(others)}"

    def agree(self, *, imbalanced: bool) -> bool:
        """Tell whether the thresholds on the rarest class and on the ratio agree."""
        return self.cleanlab == self.evalml == imbalanced

    @property
    def numbers(self) -> Mapping[str, float]:
        """The numbers that are compared with the thresholds."""
        return {"ratio": self.ratio, "rarest_to_equal": self.rarest, "entropy_score": self.entropy}
