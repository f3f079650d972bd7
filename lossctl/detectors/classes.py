"""How many classes there are, and how rare the rarest is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lossctl.block import Array
from lossctl.detectors.findings import Confidence, Finding, Observation, fact, percent
from lossctl.detectors.profile import Profile
from lossctl.errors import plural
from lossctl.facts.vocabulary import Known

DEGREES = (("extreme", 0.01), ("moderate", 0.2), ("mild", 0.4))
"""Below which share the rarer of two classes is so rare: Google's course on machine learning."""

RARE = 0.1
"""cleanlab calls a class rare whose share is below this part of an equal share."""

RATIO = 9
"""evalml warns where the most frequent class is so many times the rarest."""

ENTROPY = 0.5
"""ydata-profiling warns where 1 - entropy / log K is above."""

LONG_TAIL = 50
"""The least ratio of the most frequent class to the rarest in benchmarks of long tails."""

MANY_CLASSES, FEW_ROWS, MANY_RARE = 10, 20, 0.25
"""A long tail is one of so many classes, of which this share has fewer rows than these."""

POSITIVE = ("binary_01", "plus_minus_1", "mask")
"""Labels of which the larger one is the positive class."""


def detect(profile: Profile, found: Mapping[str, Known]) -> Iterator[Finding]:
    """Count the classes, and compare their frequencies."""
    labels = found.get("labels")
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
        yield Observation(
            "constant_target", "All targets are of the same class.", rows=profile.rows
        )
        return
    if profile.target.columns == 1 and "target" not in profile.words:
        least = int(profile.target.least)
        if labels.value in ("integer", "mask") and (len(counts) > 2 or least == 1):
            yield fact("label_min", least, "likely", f"The least label is {least}.", profile.rows)
    if len(counts) == 2 and (labels.value == "mask" or _is_binary(found)):
        yield from _two(profile, counts, positive=labels.value in POSITIVE)
    else:
        yield from _more(profile, counts)


def _is_binary(found: Mapping[str, Known]) -> bool:
    return "task" in found and found["task"].value == "binary_classification"


def _counts(profile: Profile, labels: str) -> Array:
    """Count the rows of each class that occurs; none where labels are not classes."""
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
        absent = f"{plural(columns - occurring, 'class')} of {columns} never occur."
        yield Observation("absent_classes", absent, {"absent": columns - occurring}, rows)
    if classes == 2 and labels in ("binary_01", "plus_minus_1"):
        yield fact("n_classes", 2, "likely", "The targets have two values.", rows)
    elif classes >= 2:
        what = "columns" if columns >= occurring else "different labels"
        yield fact("n_classes", classes, "likely", f"There are {classes} {what}.", rows)


def _two(profile: Profile, counts: Array, *, positive: bool) -> Iterator[Finding]:
    """Say how rare the rarer class is; of 0 and 1, and of -1 and +1, the larger is positive."""
    share = float(counts[1] / counts.sum())
    rarer = min(share, 1 - share)
    if positive:
        what = "pixels" if profile.names.images else "targets"
        evidence = f"{percent(share)} of the {what} are {profile.target.greatest:g}."
        yield fact("foreground", share, "certain", evidence, profile.rows)
    degree = next((name for name, limit in DEGREES if rarer < limit), "none")
    votes = _Votes(counts)
    evidence = f"The rarer class has {percent(rarer)}; {votes.said}."
    yield fact("imbalance", degree, "certain", evidence, profile.rows, **votes.numbers)
    imbalanced = degree in ("extreme", "moderate")
    sure: Confidence = "likely" if votes.agree(imbalanced=imbalanced) else "weak"
    yield fact("imbalanced", imbalanced, sure, evidence, profile.rows, **votes.numbers)


def _more(profile: Profile, counts: Array) -> Iterator[Finding]:
    votes = _Votes(counts)
    least, most = percent(counts.min() / counts.sum()), percent(counts.max() / counts.sum())
    evidence = f"Classes have {least} to {most}; {votes.said}."
    imbalanced = votes.cleanlab or votes.evalml
    both = votes.agree(imbalanced=imbalanced)
    sure: Confidence = "likely" if both else "weak"
    yield fact("imbalanced", imbalanced, sure, evidence, profile.rows, **votes.numbers)
    rare = float((counts < FEW_ROWS).mean())
    if len(counts) >= MANY_CLASSES and votes.ratio >= LONG_TAIL and rare >= MANY_RARE:
        evidence = (
            f"{len(counts)} classes, the largest {votes.ratio:.3g} times the smallest; "
            f"{percent(rare)} of them have fewer than {FEW_ROWS} rows."
        )
        yield fact("long_tailed", True, "likely", evidence, profile.rows, rare=rare)


def _several_labels(profile: Profile) -> Iterator[Finding]:
    target, rows = profile.target, profile.rows
    shares = target.sums / rows
    share = float(shares.mean())
    yield fact("n_classes", target.columns, "likely", f"There are {target.columns} columns.", rows)
    evidence = f"{percent(share)} of the cells are 1."
    yield fact("foreground", share, "certain", evidence, rows)
    absent = int((shares == 0).sum())
    if absent:
        message = f"{plural(absent, 'label')} of {target.columns} never occur."
        yield Observation("absent_classes", message, {"absent": absent}, rows)


class _Votes:
    """What published thresholds say of the frequencies of classes; they disagree."""

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
    def said(self) -> str:
        """Who would call the classes imbalanced, and who would not."""
        yes = [name for name, vote in self._votes.items() if vote]
        no = [name for name, vote in self._votes.items() if not vote]
        if not yes:
            return "no published limit warns"
        return f"{', '.join(yes)} would warn" + (f", {', '.join(no)} would not" if no else "")

    def agree(self, *, imbalanced: bool) -> bool:
        """Tell whether those that look at the rarest class and at the ratio say so too."""
        return self.cleanlab == self.evalml == imbalanced

    @property
    def numbers(self) -> Mapping[str, float]:
        """What the votes rest on."""
        return {"ratio": self.ratio, "rarest_to_equal": self.rarest, "entropy_score": self.entropy}
