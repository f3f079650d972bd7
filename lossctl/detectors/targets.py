"""What the targets are: classes or numbers, and how their labels are written.

The types are those of scikit-learn's `type_of_target`, with one difference: that takes whole
numbers for classes always; here they are told from counts and prices, or left open.
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
"""So many different values may be classes however few rows there are."""

GRADES = re.compile(
    r"(?:.*_)?(?:rating|grade|stage|severity|stars|level|rank|quality|score)s?", re.IGNORECASE
)
TOKENS = re.compile(r"\[.*\]|\S+(?:[ ;,]\S+){2,}")


def detect(profile: Profile, found: Mapping[str, Known]) -> Iterator[Finding]:
    """Say what is predicted, and how the labels are written."""
    output = found.get("output")
    told = None if output is None or output.confidence == "weak" else output.value
    if told == "boxes":
        return
    target = profile.target
    if target.constant:
        yield Observation("constant_target", "All targets are the same.", rows=profile.rows)
        return
    if profile.names.images:
        yield from _pixels(profile)
    elif "target" in profile.words:
        yield from _words(profile)
    elif target.columns > 1:
        yield from _table(profile)
    elif told:
        yield from _forecast(profile)
    else:
        yield from _column(profile)


def _pixels(profile: Profile) -> Iterator[Finding]:
    target, rows = profile.target, profile.rows
    few = target.tally is not None and target.whole and len(target.tally) <= FEW
    if target.zero_or_one or few:
        said = "All pixels are 0 or 1" if target.zero_or_one else "The pixels are few whole numbers"
        yield fact("task", "segmentation", "likely", f"{said}.", rows)
        yield fact("labels", "mask", "likely", f"{said}.", rows)
    else:
        evidence = "The targets are pictures of many shades."
        yield fact("task", "image_restoration", "weak", evidence, rows)


def _words(profile: Profile) -> Iterator[Finding]:
    tally, rows = profile.words["target"], profile.rows
    distinct = len(tally)
    like_tokens = sum(many for word, many in tally.items() if TOKENS.fullmatch(word)) / rows
    if like_tokens > 0.5 and distinct > FEW:
        evidence = "Most targets are several words or a list."
        yield fact("task", "sequence", "weak", evidence, rows, share=like_tokens)
    elif distinct > max(FEW, np.sqrt(rows)) and not names_classes(profile):
        message = f"The targets are {distinct:,} different words: too many to be classes."
        yield Observation("many_words", message, {"distinct": distinct}, rows)
    else:
        evidence = f"The targets are {distinct} different words."
        task = "binary_classification" if distinct == 2 else "multiclass_classification"
        yield fact("task", task, "likely", evidence, rows, distinct=distinct)
        evidence = "Words stand for classes as their numbers do."
        yield fact("labels", "integer", "likely", evidence, rows)


def _table(profile: Profile) -> Iterator[Finding]:
    target, rows = profile.target, profile.rows
    if target.zero_or_one and target.one_of_all == rows:
        evidence = "Each row holds a single 1; all else is 0."
        task = "binary" if target.columns == 2 else "multiclass"
        yield fact("task", f"{task}_classification", "likely", evidence, rows)
        yield fact("labels", "one_hot", "certain", evidence, rows)
    elif target.zero_or_one:
        other = rows - target.one_of_all
        evidence = f"All values are 0 or 1; {plural(other, 'row')} with none or several 1."
        yield fact("task", "multilabel_classification", "likely", evidence, rows, others=other)
        yield fact("labels", "multi_hot", "likely", evidence, rows, others=other)
    elif target.within_unit and target.sums_to_one:
        evidence = f"Each row is from 0 to 1 and sums to 1 within {target.off_one:.2g}."
        yield fact("labels", "soft", "likely", evidence, rows, off_one=target.off_one)
        yield fact("task", "multiclass_classification", "likely", evidence, rows)
    else:
        evidence = f"The targets are {target.columns} columns of numbers."
        sure: Confidence = "weak" if profile.prediction is None else "likely"
        yield fact("task", "regression", sure, evidence, rows, columns=target.columns)


def _column(profile: Profile) -> Iterator[Finding]:
    target, prediction = profile.target, profile.prediction
    if target.tally is not None and len(target.tally) == 2:
        yield from _two_values(profile, sorted(target.tally))
    elif target.whole:
        yield from _whole_numbers(profile)
    else:
        shares = target.within_unit and prediction is not None and prediction.within_unit
        yield from _fractions(profile, perhaps_soft=shares)


def _two_values(profile: Profile, values: list[float]) -> Iterator[Finding]:
    rows, several = profile.rows, profile.prediction is not None and profile.prediction.columns > 2
    if several:
        yield from _whole_numbers(profile)
    elif values == [0, 1]:
        evidence = "Every target is 0 or 1."
        yield fact("task", "binary_classification", "likely", evidence, rows)
        yield fact("labels", "binary_01", "certain", evidence, rows)
    elif values == [-1, 1]:
        yield fact("task", "binary_classification", "likely", "Every target is -1 or +1.", rows)
        evidence = "Every target is -1 or +1; that may also be the order of pairs."
        yield fact("labels", "plus_minus_1", "likely", evidence, rows)
    else:
        evidence = f"The targets have two values, {values[0]:g} and {values[1]:g}."
        sure = values == [1, 2]
        yield fact("task", "binary_classification", "likely" if sure else "weak", evidence, rows)
        if sure:
            yield fact("labels", "integer", "likely", evidence, rows)


def _whole_numbers(profile: Profile) -> Iterator[Finding]:
    """Tell classes from counts and from other whole numbers."""
    target, prediction, rows = profile.target, profile.prediction, profile.rows
    shape = _Shape(target)
    if prediction is not None and prediction.columns > 1:
        if names_classes(profile):
            evidence = f"Whole numbers that fit the predictions' {prediction.columns} columns."
            task = "binary" if prediction.columns == 2 else "multiclass"
            yield fact("task", f"{task}_classification", "likely", evidence, rows)
            yield fact("labels", "integer", "likely", evidence, rows)
        else:
            evidence = "Whole numbers that do not fit the predictions' columns."
            yield fact("task", "regression", "weak", evidence, rows)
        return
    real = prediction is not None and not prediction.whole
    if real or not shape.like_classes:
        yield from _numbers(profile, shape, certainly=real or shape.distinct > FEW)
    elif shape.like_counts:
        evidence = f"{shape.said}: they may be classes or counts."
        yield fact("task", "multiclass_classification", "weak", evidence, rows)
        yield fact("counts", True, "weak", evidence, rows)
    else:
        sure = target.least == 0
        evidence = f"{shape.said}, each more than once."
        yield fact(
            "task", "multiclass_classification", "likely" if sure else "weak", evidence, rows
        )
        yield fact("labels", "integer", "likely" if sure else "weak", evidence, rows)
    yield from _grades(profile, shape)


def _numbers(profile: Profile, shape: _Shape, *, certainly: bool) -> Iterator[Finding]:
    """Say that whole numbers are amounts, and perhaps counts."""
    prediction, rows = profile.prediction, profile.rows
    sure: Confidence = "likely" if certainly else "weak"
    why = "; the predictions are fractions" if prediction and not prediction.whole else ""
    yield fact("task", "regression", sure, f"{shape.said}{why}.", rows, distinct=shape.distinct)
    if not shape.like_counts:
        return
    evidence = f"{shape.said}, most of them small."
    possible = prediction is None or prediction.least > 0
    yield fact("counts", True, "likely" if possible else "weak", evidence, rows)


def _forecast(profile: Profile) -> Iterator[Finding]:
    """Say that what is forecast with its spread, or in quantiles, is a number."""
    if profile.target.whole:
        yield from _numbers(profile, _Shape(profile.target), certainly=True)
    else:
        yield from _fractions(profile, perhaps_soft=False)


def _grades(profile: Profile, shape: _Shape) -> Iterator[Finding]:
    name = next(iter(profile.names.of("target")), "")
    named = GRADES.fullmatch(name) is not None
    starts = profile.target.least in (0, 1)
    if shape.contiguous and starts and 3 <= shape.distinct <= 11 and (named or not _zero(profile)):
        evidence = f"{shape.said}: they may be grades."
        yield fact("ordinal", True, "weak", evidence, profile.rows)


def _zero(profile: Profile) -> bool:
    return profile.target.least == 0


def _fractions(profile: Profile, *, perhaps_soft: bool) -> Iterator[Finding]:
    sure: Confidence = "weak" if perhaps_soft else "likely"
    yield fact("task", "regression", sure, "The targets are fractions.", profile.rows)
    if perhaps_soft:
        evidence = "Targets and predictions are from 0 to 1: both may be probabilities."
        yield fact("labels", "soft", "weak", evidence, profile.rows)
    evidence = "Grades are whole numbers; the targets are fractions."
    yield fact("ordinal", False, "likely", evidence, profile.rows)


class _Shape:
    """How whole numbers are spread over their values."""

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
    def said(self) -> str:
        """The values, in words."""
        return f"Whole numbers from {self.least:.12g} to {self.greatest:.12g}"


MANY = 1_000_000
"""Stands for more different values than are counted."""


def _falls(values: list[float], counts: list[int]) -> bool:
    """Tell whether small values are frequent, large ones ever rarer, and none is left out.

    The mode lies at or below the median, the values have a long tail to the right, and all values
    up to the 95 % quantile occur, as they do where things are counted and not where prices are set.
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
    left_out = high - array[0] + 1 - np.count_nonzero(array <= high)
    rare = weights[-1] < weights.max() / 4
    return bool(mode <= median and skew > 0.3 and left_out == 0 and rare)


def names_classes(profile: Profile) -> bool:
    """Tell whether single-column labels name columns of the predictions, by place or by name."""
    prediction, target = profile.prediction, profile.target
    if prediction is None or prediction.columns < 2 or target.columns > 1:
        return False
    names = profile.names.of("prediction")
    if "target" in profile.words:
        partners = Partners(len(names), names)
        return all(partners.place(word) >= 0 for word in profile.words["target"])
    if not target.whole or target.tally is None:
        return False
    if {f"{value:g}" for value in target.tally} <= {*names}:
        return True
    return target.least >= 0 and target.greatest - min(target.least, 1) < prediction.columns
