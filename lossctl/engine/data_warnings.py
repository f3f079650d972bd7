"""Where data contradict a loss though its number can be computed: remarks that losses share.

A loss does not name them. They follow from the kinds of its roles and from what its options say of
themselves, so a new loss has those that concern it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from lossctl.block import Array, Mask
from lossctl.catalogue.definition import DataNote, Loss
from lossctl.catalogue.kinds import PROBABILITIES, UNIT, VALUES, DistributionKind, Kind
from lossctl.catalogue.options import Value, is_on
from lossctl.lazy import np

ALL = 1.0
NEARLY_ALL = 0.95

MAKES_PROBABILITIES = ("from_logits", "activation")
"""Options that take a role for scores and make probabilities, or shares, of them."""

ROUNDING = 1e-3
"""By how much written probabilities may be off."""

SURE = 0.9
"""From this probability on a class is all but certain."""


def data_warnings(
    loss: Loss, kinds: Mapping[str, Kind], options: Mapping[str, Value]
) -> tuple[DataNote, ...]:
    """List what may be doubted of the data of a loss, those that all losses share and its own.

    Args:
        loss: the loss.
        kinds: the kinds that its roles have under the options.
        options: all of its options.
    """
    if loss.terms.of == "role":  # no block has all of the roles
        return ()
    return (
        *(data_note for data_note in loss.data_notes if data_note.share),
        *_numbers_that_are_classes(loss),
        *_scores_that_are_probabilities(loss, kinds, options),
        *_probabilities_of_probabilities(kinds),
        *_roles_that_are_swapped(loss, kinds),
        *_shares_that_may_be_none(loss, kinds),
        *_thresholds_that_do_not_fit(loss, options),
    )


def _numbers_that_are_classes(loss: Loss) -> Iterator[DataNote]:
    """Doubt numbers of 0 and 1 only, unless they may be counts, grades or times."""
    kind = loss.roles.get("target")
    # What cannot be negative counts something, and then 0 and 1 are numbers like others.
    if kind and kind.title == VALUES.title and kind.gathers == "rows" and -0.5 in kind.within:
        yield DataNote(
            "classes_as_numbers",
            "every target is 0 or 1, as of classes: binary_cross_entropy is the loss of their "
            "probability",
            lambda **arrays: _certain(arrays["target"]),
            share=ALL,
            witnesses=(
                lambda **arrays: arrays["target"] == 0.0,
                lambda **arrays: arrays["target"] == 1.0,
            ),
        )


def _scores_that_are_probabilities(
    loss: Loss, kinds: Mapping[str, Kind], options: Mapping[str, Value]
) -> Iterator[DataNote]:
    """Doubt scores that are probabilities before they are made so."""
    for name in MAKES_PROBABILITIES:
        turns = loss.settings[name].option.turns if name in loss.settings else {}
        for role in turns:
            if not is_on(options[name]) or loss.roles[role].within != UNIT:
                continue
            several = kinds[role].columns == "several" or options[name] == "softmax"
            looks = "every row of {} sums to 1" if several else "every {} is between 0 and 1"
            yield DataNote(
                "probabilities_as_scores",
                f"{looks.format(role)}, as probabilities are, but is taken for scores ({name})",
                _in_role(_are_shares if several else _in_unit, role),
                share=ALL,
                witnesses=(_in_role(_above_zero, role),),
            )


def _probabilities_of_probabilities(kinds: Mapping[str, Kind]) -> Iterator[DataNote]:
    """Doubt distributions that are the softmax of distributions."""
    if isinstance(kinds.get("prediction"), DistributionKind):
        yield DataNote(
            "softmax_of_probabilities",
            "in no row is a class more than e times as likely as another, as if softmax had been "
            "applied to probabilities",
            _in_role(_softmax_of_shares, "prediction"),
            share=ALL,
            witnesses=(_in_role(_softmax_of_a_sure_class, "prediction"),),
        )


def _roles_that_are_swapped(loss: Loss, kinds: Mapping[str, Kind]) -> Iterator[DataNote]:
    """Doubt certain predictions of uncertain targets, where exchanging them makes a difference."""
    both = [kinds.get(role) for role in ("prediction", "target")]
    if not _takes_logarithms(loss):
        return
    if all(isinstance(kind, DistributionKind) for kind in both):
        said, marks = "every row of prediction is one-hot and not every row of target", _one_hot
    elif all(map(_is_probability, both)):
        said, marks = "every prediction is 0 or 1 and not every target", _certain
    else:
        return
    yield DataNote(
        "swapped_roles",
        f"{said}: the two look swapped, predictions come first",
        _in_role(marks, "prediction"),
        share=ALL,
        witnesses=(lambda **arrays: ~marks(arrays["target"]),),
    )


def _shares_that_may_be_none(loss: Loss, kinds: Mapping[str, Kind]) -> Iterator[DataNote]:
    """Doubt targets of cross-entropy that all lie between the classes."""
    if _takes_logarithms(loss) and _is_probability(kinds.get("target")):
        yield DataNote(
            "targets_between_classes",
            "no target is 0 or 1, which is right for shares and for nothing else",
            lambda **arrays: ~_certain(arrays["target"]),
            share=ALL,
            # Where all predictions are certain, it is another doubt: the roles are swapped.
            witnesses=(lambda **arrays: ~_certain(arrays["prediction"]),),
        )


def _thresholds_that_do_not_fit(loss: Loss, options: Mapping[str, Value]) -> Iterator[DataNote]:
    """Doubt a threshold that nearly all residuals are beyond."""
    for name, each in loss.settings.items():
        threshold = options[name]
        # A threshold of 0 is chosen to have none.
        if each.option.beyond and threshold:
            yield DataNote(
                "beyond_threshold",
                f"at least 95 % of the residuals are beyond {name} {threshold:g}, where "
                f"{each.option.beyond}: see lossctl recommend PREDICTIONS TARGETS",
                lambda prediction, target, threshold=threshold: (
                    np.abs(prediction - target) > threshold
                ),
                share=NEARLY_ALL,
            )


def _takes_logarithms(loss: Loss) -> bool:
    """Tell whether a loss has no finite value where a certain prediction is wrong."""
    return any("prediction" in each.option.clips for each in loss.settings.values())


def _is_probability(kind: Kind | None) -> bool:
    return kind is not None and kind.title == PROBABILITIES.title


def _in_role(marks: Any, role: str) -> Any:  # noqa: ANN401
    """Make a function of all roles of one that marks rows or elements of one array."""
    return lambda **arrays: marks(arrays[role])


def _certain(array: Array) -> Mask:
    return (array == 0.0) | (array == 1.0)


def _above_zero(array: Array) -> Mask:
    return array > 0.0


def _in_unit(array: Array) -> Mask:
    return (array >= 0.0) & (array <= 1.0)


def _one_hot(array: Array) -> Mask:
    return _certain(array).all(axis=1) & (np.count_nonzero(array, axis=1) == 1)


def _are_shares(array: Array) -> Mask:
    """Mark rows of numbers of [0, 1] that sum to 1."""
    if array.ndim == 1:
        return np.zeros(len(array), dtype=bool)
    inside: Mask = np.all(_in_unit(array), axis=1)
    return inside & (np.abs(array.sum(axis=1) - 1.0) <= ROUNDING)


def _softmax_of_shares(array: Array) -> Mask:
    """Mark rows of three or more classes that are the softmax of probabilities."""
    if array.shape[1] < 3:
        return np.zeros(len(array), dtype=bool)
    low, high = array.min(axis=1), array.max(axis=1)
    close: Mask = (low > 0.0) & (high <= math.e * (1.0 + ROUNDING) * low)
    if not close.all():  # the logarithms would not change that some row is none
        return close
    return close & (_before_softmax(array, low) >= -2.0 * ROUNDING)


def _softmax_of_a_sure_class(array: Array) -> Mask:
    """Mark rows that are the softmax of a class that is all but certain.

    Without such a row the probabilities may just as well be those of a model that knows little.
    """
    return _before_softmax(array, array.max(axis=1)) >= SURE


def _before_softmax(array: Array, of: Array) -> Array:
    """Compute of which probability softmax makes a given one, if it is one of such a row."""
    return np.log(of) - np.log(array).mean(axis=1) + 1.0 / array.shape[1]
