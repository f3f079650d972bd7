"""What the targets are: classes or numbers, and how labels are encoded.

The types are those of scikit-learn's `type_of_target`, with one difference: it always treats
integers as classes, but here they are distinguished from counts and prices, or left undecided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from lossctl.catalogue.kinds import Partners
from lossctl.detectors.findings import Confidence, Finding, Observation, fact
from lossctl.detectors.profile import Profile, Summary
from lossctl.errors import plural
from lossctl.facts.vocabulary import Known

FEW = 20
"""So many distinct values may be classes, however few rows there are."""

GRADES = re.compile(
    r"(?:.*_)?(?:rating|grade|stage|severity|stars|level|rank|quality|score)s?", re.IGNORECASE
)
TOKENS = re.compile(r"\[.*\]|\S+(?:[ ;,]\S+){2,}")


def detect(profile: Profile, facts: Mapping[str, Known]) -> Iterator[Finding]:
    """Detect the task, and how labels are encoded."""
    output = facts.get("output")
    forecast = None if output is None or output.confidence == "weak" else output.value
    if forecast == "boxes":
        return
    target = profile.target
    if target.constant:
        yield Observation("constant_target", "All targets are equal.", rows=profile.rows)
        return
    if profile.names.images:
        yield from _pixels(profile)
    elif "target" in profile.words:
        yield from _words(profile)
    elif target.columns > 1:
        yield from _table(profile)
    elif forecast:
        yield from _forecast(profile)
    else:
        yield from _column(profile)


def _pixels(profile: Profile) -> Iterator[Finding]:
    target, rows = profile.target, profile.rows
    few = target.tally is not None and target.integers and len(target.tally) <= FEW
    if target.zero_or_one or few:
        values = "0 or 1" if target.zero_or_one else f"one of {len(target.tally or {})} integers"
        evidence = f"Every pixel of the targets is {values}."
        yield fact("task", "segmentation", "likely", evidence, rows)
        yield fact("labels", "mask", "likely", evidence, rows)
    else:
        evidence = "The targets are images with many grey levels."
        yield fact("task", "image_restoration", "weak", evidence, rows)


def _words(profile: Profile) -> Iterator[Finding]:
    tally, rows = profile.words["target"], profile.rows
    distinct = len(tally)
    like_tokens = sum(times for word, times in tally.items() if TOKENS.fullmatch(word)) / rows
    if like_tokens > 0.5 and distinct > FEW:
        evidence = "Most targets are several words or a list."
        yield fact("task", "sequence", "weak", evidence, rows, share=like_tokens)
    elif distinct > max(FEW, np.sqrt(rows)) and not names_classes(profile):
        message = f"The targets are {distinct:,} distinct words, too many to be classes."
        yield Observation("many_words", message, {"distinct": distinct}, rows)
    else:
        evidence = f"The targets are {distinct} distinct words."
        task = "binary_classification" if distinct == 2 else "multiclass_classification"
        yield fact("task", task, "likely", evidence, rows, distinct=distinct)
        evidence = "Class names are read like class numbers."
        yield fact("labels", "integer", "likely", evidence, rows)


def _table(profile: Profile) -> Iterator[Finding]:
    target, rows = profile.target, profile.rows
    if target.zero_or_one and target.one_hot_rows == rows:
        evidence = "Each row has a single 1 and is 0 otherwise."
        task = "binary" if target.columns == 2 else "multiclass"
        yield fact("task", f"{task}_classification", "likely", evidence, rows)
        yield fact("labels", "one_hot", "certain", evidence, rows)
    elif target.zero_or_one:
        other = rows - target.one_hot_rows
        rows_have = f"{plural(other, 'row')} {'has' if other == 1 else 'have'}"
        evidence = f"All values are 0 or 1, and {rows_have} no 1 or several."
        yield fact("task", "multilabel_classification", "likely", evidence, rows, others=other)
        yield fact("labels", "multi_hot", "likely", evidence, rows, others=other)
    elif target.within_unit and target.sums_to_one:
        evidence = (
            f"All targets are between 0 and 1, and each row sums to 1 within {target.off_one:.2g}."
        )
        yield fact("labels", "soft", "likely", evidence, rows, off_one=target.off_one)
        yield fact("task", "multiclass_classification", "likely", evidence, rows)
    else:
        evidence = f"The targets are {target.columns} columns of numbers."
        confidence: Confidence = "weak" if profile.prediction is None else "likely"
        yield fact("task", "regression", confidence, evidence, rows, columns=target.columns)


def _column(profile: Profile) -> Iterator[Finding]:
    target, prediction = profile.target, profile.prediction
    if target.tally is not None and len(target.tally) == 2:
        yield from _two_values(profile, sorted(target.tally))
    elif target.integers:
        yield from _integers(profile)
    else:
        shares = target.within_unit and prediction is not None and prediction.within_unit
        yield from _real_numbers(profile, perhaps_soft=shares)


def _two_values(profile: Profile, values: list[float]) -> Iterator[Finding]:
    rows, several = profile.rows, profile.prediction is not None and profile.prediction.columns > 2
    if several:
        yield from _integers(profile)
    elif values == [0, 1]:
        evidence = "Every target is 0 or 1."
        yield fact("task", "binary_classification", "likely", evidence, rows)
        yield fact("labels", "binary_01", "certain", evidence, rows)
    elif values == [-1, 1]:
        yield fact("task", "binary_classification", "likely", "Every target is -1 or +1.", rows)
        evidence = "Every target is -1 or +1, which may also be the order of pairs."
        yield fact("labels", "plus_minus_1", "likely", evidence, rows)
    else:
        evidence = f"The targets have two values, {values[0]:g} and {values[1]:g}."
        numbered = values == [1, 2]
        confidence: Confidence = "likely" if numbered else "weak"
        yield fact("task", "binary_classification", confidence, evidence, rows)
        if numbered:
            yield fact("labels", "integer", "likely", evidence, rows)


def _integers(profile: Profile) -> Iterator[Finding]:
    """Distinguish classes, counts and other integers."""
    target, prediction, rows = profile.target, profile.prediction, profile.rows
    shape = _Shape(target)
    if prediction is not None and prediction.columns > 1:
        if names_classes(profile):
            evidence = (
                f"The targets are integers that match {prediction.columns} prediction columns."
            )
            task = "binary" if prediction.columns == 2 else "multiclass"
            yield fact("task", f"{task}_classification", "likely", evidence, rows)
            yield fact("labels", "integer", "likely", evidence, rows)
        else:
            evidence = "The targets are integers that do not match the prediction columns."
            yield fact("task", "regression", "weak", evidence, rows)
        return
    real = prediction is not None and not prediction.integers
    if real or not shape.like_classes:
        yield from _numbers(profile, shape, certain=real or shape.distinct > FEW)
    elif shape.like_counts:
        evidence = f"{shape.range}, which may be classes or counts."
        yield fact("task", "multiclass_classification", "weak", evidence, rows)
        yield fact("counts", True, "weak", evidence, rows)
    else:
        confidence: Confidence = "likely" if target.least == 0 else "weak"
        evidence = f"{shape.range}, and each occurs more than once."
        yield fact("task", "multiclass_classification", confidence, evidence, rows)
        yield fact("labels", "integer", confidence, evidence, rows)
    yield from _grades(profile, shape)


def _numbers(profile: Profile, shape: _Shape, *, certain: bool) -> Iterator[Finding]:
    """Report integers as quantities, and perhaps as counts."""
    prediction, rows = profile.prediction, profile.rows
    confidence: Confidence = "likely" if certain else "weak"
    real = (
        ", and some predictions are not integers" if prediction and not prediction.integers else ""
    )
    evidence = f"{shape.range}{real}."
    yield fact("task", "regression", confidence, evidence, rows, distinct=shape.distinct)
    if not shape.like_counts:
        return
    evidence = f"{shape.range}, and most of them are small."
    possible = prediction is None or prediction.least > 0
    yield fact("counts", True, "likely" if possible else "weak", evidence, rows)


def _forecast(profile: Profile) -> Iterator[Finding]:
    """Report targets as numbers, because a spread or quantiles are predicted for them."""
    if profile.target.integers:
        yield from _numbers(profile, _Shape(profile.target), certain=True)
    else:
        yield from _real_numbers(profile, perhaps_soft=False)


def _grades(profile: Profile, shape: _Shape) -> Iterator[Finding]:
    name = next(iter(profile.names.of("target")), "")
    named = GRADES.fullmatch(name) is not None
    starts = profile.target.least in (0, 1)
    from_one = profile.target.least != 0
    if shape.contiguous and starts and 3 <= shape.distinct <= 11 and (named or from_one):
        evidence = f"{shape.range}, which may be grades."
        yield fact("ordinal", True, "weak", evidence, profile.rows)


def _real_numbers(profile: Profile, *, perhaps_soft: bool) -> Iterator[Finding]:
    confidence: Confidence = "weak" if perhaps_soft else "likely"
    evidence = "Some targets are not integers."
    yield fact("task", "regression", confidence, evidence, profile.rows)
    if perhaps_soft:
        evidence = "All targets and predictions are between 0 and 1, so they may be probabilities."
        yield fact("labels", "soft", "weak", evidence, profile.rows)
    evidence = "Grades are integers, but some targets are not."
    yield fact("ordinal", False, "likely", evidence, profile.rows)


class _Shape:
    """The distribution of integers over their values."""

    def __init__(self, target: Summary) -> None:
        tally = target.tally or {}
        values = sorted(tally)
        counts = [tally[value] for value in values]
        self.least, self.greatest = target.least, target.greatest
        self.distinct = len(values) if tally else MANY
        self.contiguous = bool(tally) and values[-1] - values[0] == len(values) - 1
        self.repeats = bool(tally) and min(counts) > 1
        self.like_classes = (
            self.contiguous
            and self.least in (0, 1)
            and self.repeats
            and self.distinct <= max(FEW, np.sqrt(target.rows))
        )
        self.like_counts = bool(tally) and self.least in (0, 1) and _falls(values, counts)

    @property
    def range(self) -> str:
        """The range of the values, as the start of a sentence."""
        return f"The targets are integers from {self.least:.12g} to {self.greatest:.12g}"


MANY = 1_000_000
"""Represents a number of distinct values that is too large to be counted."""


def _falls(values: list[float], counts: list[int]) -> bool:
    """Tell whether small values are frequent, larger ones increasingly rare, and without gaps.

    The mode is at or below the median, the distribution is right-skewed, and all values up to the
    95 % quantile occur, as is typical of counts but not of prices.
    """
    if len(values) < 4:
        return False
    array, weights = np.array(values), np.array(counts) / sum(counts)
    up_to = np.cumsum(weights)
    mode = array[np.argmax(weights)]
    median, high = array[np.searchsorted(up_to, [0.5, 0.95])]
    mean = float(array @ weights)
    spread = float(np.sqrt((array - mean) ** 2 @ weights))
    skew = float((array - mean) ** 3 @ weights) / spread**3
    gaps = high - array[0] + 1 - np.count_nonzero(array <= high)
    rare = weights[-1] < weights.max() / 4
    return bool(mode <= median and skew > 0.3 and gaps == 0 and rare)


def names_classes(profile: Profile) -> bool:
    """Tell whether labels in a single column name prediction columns, by number or by name.

    Args:
        profile: the profile of the data.

    Returns:
        Whether every label does.
    """
    prediction, target = profile.prediction, profile.target
    if prediction is None or prediction.columns < 2 or target.columns > 1:
        return False
    names = profile.names.of("prediction")
    if "target" in profile.words:
        partners = Partners(len(names), names)
        return all(partners.place(word) >= 0 for word in profile.words["target"])
    if not target.integers or target.tally is None:
        return False
    if {f"{value:g}" for value in target.tally} <= {*names}:
        return True
    return target.least >= 0 and target.greatest - min(target.least, 1) < prediction.columns
