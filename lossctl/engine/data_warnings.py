"""Warnings about data that do not suit a loss although it can be computed, shared by many losses.

A loss does not list them. They follow from the kinds of its roles and from its options, so a new
loss gets those that concern it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lossctl.block import Array, Mask
from lossctl.catalogue.definition import DataNote, Loss
from lossctl.catalogue.kinds import ENOUGH, PROBABILITIES, UNIT, VALUES, DistributionKind, Kind
from lossctl.catalogue.options import Value, is_on
from lossctl.lazy import np

ALL = 1.0
NEARLY_ALL = 0.95

MAKES_PROBABILITIES = ("from_logits", "activation")
"""Options that treat a role as scores and turn them into probabilities."""

ROUNDING = 1e-3
"""Largest rounding error of probabilities in a file."""

CONFIDENT = 0.9
"""From this probability on a prediction is confident."""


@dataclass(frozen=True)
class Tally:
    """How many rows, or elements of rows, a warning has been checked on, and how many it marked.

    `witnessed` tells for each of its witnesses whether that marked any.
    """

    seen: int = 0
    marked: int = 0
    witnessed: tuple[bool, ...] = ()

    def __add__(self, other: Tally) -> Tally:
        """Combine the tallies of two blocks."""
        pairs = zip(self.witnessed, other.witnessed, strict=True)
        return Tally(
            self.seen + other.seen,
            self.marked + other.marked,
            tuple(ours or theirs for ours, theirs in pairs),
        )

    def is_settled(self, warning: DataNote) -> bool:
        """Tell whether no further block can trigger the warning."""
        return warning.share == 1.0 and self.marked < self.seen

    def triggers(self, warning: DataNote) -> bool:
        """Tell whether the warning is to be shown."""
        enough = self.seen >= ENOUGH and self.marked >= warning.share * self.seen
        return enough and all(self.witnessed)


def data_warnings(
    loss: Loss, kinds: Mapping[str, Kind], options: Mapping[str, Value]
) -> tuple[DataNote, ...]:
    """List the warnings about the data that concern a loss: its own, and the shared ones.

    Args:
        loss: the loss.
        kinds: the kinds of its roles under the options.
        options: the values of all of its options.
    """
    if loss.terms.of == "role":  # no block has all of the roles
        return ()
    return (
        *(data_note for data_note in loss.data_notes if data_note.share),
        *_classes_as_numbers(loss),
        *_probabilities_as_scores(loss, kinds, options),
        *_softmax_of_probabilities(kinds),
        *_swapped_roles(loss, kinds),
        *_targets_between_classes(loss, kinds),
        *_residuals_beyond_threshold(loss, options),
    )


def _classes_as_numbers(loss: Loss) -> Iterator[DataNote]:
    """Warn about targets that are all 0 or 1, unless they may be counts, grades or times."""
    kind = loss.roles.get("target")
    # Non-negative values may be counts, and 0 and 1 are ordinary counts.
    if kind and kind.title == VALUES.title and kind.gathers == "rows" and -0.5 in kind.within:
        yield DataNote(
            "classes_as_numbers",
            "every target is 0 or 1, like a class label; for probabilities of a class use "
            "binary_cross_entropy",
            lambda **arrays: _is_zero_or_one(arrays["target"]),
            share=ALL,
            witnesses=(
                lambda **arrays: arrays["target"] == 0.0,
                lambda **arrays: arrays["target"] == 1.0,
            ),
        )


def _probabilities_as_scores(
    loss: Loss, kinds: Mapping[str, Kind], options: Mapping[str, Value]
) -> Iterator[DataNote]:
    """Warn about scores that look like probabilities already."""
    for name in MAKES_PROBABILITIES:
        turns = loss.settings[name].option.turns if name in loss.settings else {}
        for role in turns:
            if not is_on(options[name]) or loss.roles[role].within != UNIT:
                continue
            several = kinds[role].columns == "several" or options[name] == "softmax"
            pattern = "every row of {} sums to 1" if several else "every {} is between 0 and 1"
            yield DataNote(
                "probabilities_as_scores",
                f"{pattern.format(role)}, like a probability, but is treated as a score ({name})",
                _in_role(_is_distribution if several else _in_unit, role),
                share=ALL,
                witnesses=(_in_role(_above_zero, role),),
            )


def _softmax_of_probabilities(kinds: Mapping[str, Kind]) -> Iterator[DataNote]:
    """Warn about probabilities to which softmax was applied a second time."""
    if isinstance(kinds.get("prediction"), DistributionKind):
        yield DataNote(
            "softmax_of_probabilities",
            "no row has a class more than e times as likely as another, as if softmax had been "
            "applied to probabilities",
            _in_role(_is_softmax_of_probabilities, "prediction"),
            share=ALL,
            witnesses=(_in_role(_is_softmax_of_confident_row, "prediction"),),
        )


def _swapped_roles(loss: Loss, kinds: Mapping[str, Kind]) -> Iterator[DataNote]:
    """Warn about hard predictions beside soft targets, where swapping them changes the number."""
    both = [kinds.get(role) for role in ("prediction", "target")]
    if not _takes_logarithms(loss):
        return
    if all(isinstance(kind, DistributionKind) for kind in both):
        pattern, marks = "every row of prediction is one-hot, but not every row of target", _one_hot
    elif all(map(_is_probability, both)):
        pattern, marks = "every prediction is 0 or 1, but not every target", _is_zero_or_one
    else:
        return
    yield DataNote(
        "swapped_roles",
        f"{pattern}: predictions and targets look swapped (predictions come first)",
        _in_role(marks, "prediction"),
        share=ALL,
        witnesses=(lambda **arrays: ~marks(arrays["target"]),),
    )


def _targets_between_classes(loss: Loss, kinds: Mapping[str, Kind]) -> Iterator[DataNote]:
    """Warn about targets of cross-entropy none of which is a class."""
    if _takes_logarithms(loss) and _is_probability(kinds.get("target")):
        yield DataNote(
            "targets_between_classes",
            "no target is 0 or 1, which is correct only for soft labels",
            lambda **arrays: ~_is_zero_or_one(arrays["target"]),
            share=ALL,
            # If all predictions are 0 or 1 the warning is another one: the roles look swapped.
            witnesses=(lambda **arrays: ~_is_zero_or_one(arrays["prediction"]),),
        )


def _residuals_beyond_threshold(loss: Loss, options: Mapping[str, Value]) -> Iterator[DataNote]:
    """Warn about a threshold that nearly all residuals exceed."""
    for name, setting in loss.settings.items():
        threshold = options[name]
        # A threshold of 0 is a deliberate choice of none.
        if setting.option.beyond and threshold:
            yield DataNote(
                "beyond_threshold",
                f"at least 95 % of the residuals are beyond {name} {threshold:g}, where "
                f"{setting.option.beyond}: see lossctl recommend PREDICTIONS TARGETS",
                lambda prediction, target, threshold=threshold: (
                    np.abs(prediction - target) > threshold
                ),
                share=NEARLY_ALL,
            )


def _takes_logarithms(loss: Loss) -> bool:
    """Tell whether a loss would be infinite for a wrong prediction of 0 or 1."""
    return any("prediction" in setting.option.clips for setting in loss.settings.values())


def _is_probability(kind: Kind | None) -> bool:
    return kind is not None and kind.title == PROBABILITIES.title


def _in_role(marks: Any, role: str) -> Any:  # noqa: ANN401
    """Turn a function of one array into one that takes all roles and looks at one of them."""
    return lambda **arrays: marks(arrays[role])


def _is_zero_or_one(array: Array) -> Mask:
    return (array == 0.0) | (array == 1.0)


def _above_zero(array: Array) -> Mask:
    return array > 0.0


def _in_unit(array: Array) -> Mask:
    return (array >= 0.0) & (array <= 1.0)


def _one_hot(array: Array) -> Mask:
    return _is_zero_or_one(array).all(axis=1) & (np.count_nonzero(array, axis=1) == 1)


def _is_distribution(array: Array) -> Mask:
    """Mark rows of numbers between 0 and 1 that sum to 1."""
    if array.ndim == 1:
        return np.zeros(len(array), dtype=bool)
    inside: Mask = np.all(_in_unit(array), axis=1)
    return inside & (np.abs(array.sum(axis=1) - 1.0) <= ROUNDING)


def _is_softmax_of_probabilities(array: Array) -> Mask:
    """Mark rows of three or more classes that are the softmax of probabilities."""
    if array.shape[1] < 3:
        return np.zeros(len(array), dtype=bool)
    low, high = array.min(axis=1), array.max(axis=1)
    close: Mask = (low > 0.0) & (high <= math.e * (1.0 + ROUNDING) * low)
    if not close.all():  # one row is enough to rule the warning out, and logarithms take time
        return close
    return close & (_before_softmax(array, low) >= -2.0 * ROUNDING)


def _is_softmax_of_confident_row(array: Array) -> Mask:
    """Mark rows that are the softmax of a row with a confident class.

    Without such a row the probabilities may well be those of a model that knows little.
    """
    return _before_softmax(array, array.max(axis=1)) >= CONFIDENT


def _before_softmax(array: Array, probability: Array) -> Array:
    """Compute from which number softmax made a probability of each row.

    The numbers of a row are assumed to have been probabilities, so that their mean is known.
    """
    return np.log(probability) - np.log(array).mean(axis=1) + 1.0 / array.shape[1]
