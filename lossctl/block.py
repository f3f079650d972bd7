"""What the readers hand to the losses: consecutive rows, as named arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from lossctl.errors import OutOfDomain
from lossctl.lazy import np

if TYPE_CHECKING:
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[np.float64]
    Codes: TypeAlias = npt.NDArray[np.intp]
    Mask: TypeAlias = npt.NDArray[np.bool_]
else:  # numpy is loaded when the first array is touched
    Array = Codes = Mask = Any


@dataclass(frozen=True)
class Words:
    """A column of text, stored as its distinct words and one code per row.

    `words` are strings for one column, or tuples of strings for several columns read together.
    There may be words that no row uses. Codes run from 0 to `len(words) - 1`.
    """

    codes: Codes
    words: tuple[Any, ...]


Column: TypeAlias = Array | Words


def count(column: Column) -> int:
    """Return the number of rows of a column."""
    return len(column.codes) if isinstance(column, Words) else len(column)


def cut(column: Column, rows: slice | np.ndarray) -> Column:
    """Return some rows of a column."""
    return Words(column.codes[rows], column.words) if isinstance(column, Words) else column[rows]


def joined(parts: Sequence[Column]) -> Column:
    """Concatenate the parts of a column."""
    if not isinstance(parts[0], Words):
        return np.concatenate([part for part in parts if not isinstance(part, Words)])
    numbers: dict[object, int] = {}
    codes = []
    for part in parts:
        if isinstance(part, Words):
            places = [numbers.setdefault(word, len(numbers)) for word in part.words]
            codes.append(np.array(places, dtype=np.intp)[part.codes])
    return Words(np.concatenate(codes), tuple(numbers))


def paired(first: Words, second: Words) -> Words:
    """Pair the words of two columns row by row; only pairs that occur become words.

    >>> paired(Words(np.array([1, 0, 1]), ("a", "b")), Words(np.array([0, 1, 0]), ("x", "y"))).words
    (('a', 'y'), ('b', 'x'))
    """
    count = len(second.words)
    pairs, codes = np.unique(
        first.codes.astype(np.int64) * count + second.codes, return_inverse=True
    )
    places = (divmod(pair, count) for pair in pairs.tolist())
    words = tuple((first.words[one], second.words[other]) for one, other in places)
    return Words(codes.astype(np.intp), words)


@dataclass(frozen=True)
class Ragged:
    """Rows of several units, one unit after the other, and the number of rows of each.

    `values` is `(rows,)` or `(rows, columns)`, codes, or `Words`; `lengths` is `(units,)` and may
    hold zeros. `weight`, `(rows,)`, holds the weights of single rows, if these have any.

    >>> Ragged(np.array([1.0, 2.0, 3.0]), np.array([2, 1])).units
    array([0, 0, 1])
    """

    values: Any
    lengths: Codes
    weight: Array | None = None

    @property
    def starts(self) -> Codes:
        """The index of the first row of each unit."""
        return np.cumsum(self.lengths) - self.lengths

    @property
    def units(self) -> Codes:
        """The index of the unit of each row."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)


@dataclass(frozen=True)
class Block:
    """Consecutive rows, or consecutive whole units, of everything that one computation needs.

    Each role is one float64 array, `(rows,)` or `(rows, columns)`, C-contiguous, or `Words` if the
    loss takes text. Lines of images are `(rows, width)` or `(rows, width, channels)`. A role whose
    rows do not line up with the others comes in a block of its own. `weight` is `(rows,)`; `slices`
    holds one key (a tuple) per row; `unit` holds the name of the unit of each row.

    With `lengths` the block holds whole units: `lengths[role]` holds the number of rows of each
    unit, `rows` counts the units, and `weight`, `slices` and `unit` have one entry per unit.
    `row_weight[role]` then holds the weights of single rows, if these have any.
    """

    roles: Mapping[str, Array | Words]
    rows: int
    weight: Array | None = None
    slices: Words | None = None
    unit: Words | None = None
    lengths: Mapping[str, Codes] | None = None
    row_weight: Mapping[str, Array] = field(default_factory=dict)


def check_weight(weight: Array | None, of: str = "") -> None:
    """Refuse weights that are negative or not finite.

    Args:
        weight: the weights, if there are any.
        of: the role whose rows they belong to, where roles have rows of their own.

    Raises:
        OutOfDomain: a weight is negative or not finite.
    """
    if weight is None or not len(weight) or (weight.min() >= 0 and weight.max() < np.inf):
        return
    row = int(np.flatnonzero(~((weight >= 0) & (weight < np.inf)))[0])
    value = repr(float(weight[row]))
    raise OutOfDomain("weight", row, -1, value, "a weight (a finite number, at least 0)", of=of)
