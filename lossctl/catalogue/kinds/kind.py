"""What every kind of input has: its shape, its range, and how a loss gets its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from os.path import commonprefix
from typing import Any, Literal, TypeAlias

from lossctl.block import Array, Codes, Mask, Words
from lossctl.catalogue.options import REAL, Interval
from lossctl.errors import DataError, OutOfDomain, plural
from lossctl.lazy import np
from lossctl.report import Note

ENOUGH = 20
"""What holds for fewer rows may be chance, and is not noted."""


@dataclass(frozen=True)
class Validated:
    """An array that its role may hold, and what was counted on the way.

    `ignored` marks rows to ignore. `seen` counts things that are worth a note, or that turn out to
    be an error only once all data are known; counts of several blocks add up.
    """

    array: Array | Codes
    ignored: Mask | None = None
    seen: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Partners:
    """What other roles tell about this one: the number of classes, and their names."""

    classes: int = 0
    names: tuple[str, ...] = ()

    def place(self, word: str) -> int:
        """Return the position of the class that a word names; -1 if there is none.

        The word is a whole name, or what follows the prefix that all names share.

        >>> partners = Partners(2, ("prob_cat", "prob_dog"))
        >>> partners.place("prob_cat"), partners.place("dog"), partners.place("cow")
        (0, 1, -1)
        """
        for name in (word, self._prefix + word):
            if name in self.names:
                return self.names.index(name)
        return -1

    @cached_property
    def _prefix(self) -> str:
        if len(self.names) < 2:
            return ""
        common = commonprefix(self.names)  # noqa: RUF071  # of words, not of paths
        return common[: max(common.rfind("_"), common.rfind(".")) + 1]


Width: TypeAlias = Literal["one", "any", "several"]
Gathers: TypeAlias = Literal["rows", "units", "images"]


@dataclass(frozen=True)
class Kind:
    """Numbers in a range, in one column or more.

    `columns` is "one" for `(rows,)`, "several" for `(rows, classes)`, "any" for both.

    `gathers` tells how the loss gets the rows: as they are; as `Ragged`, all rows of some units;
    or as images of one size, `(images, height, width)` or `(images, height, width, channels)`.
    `apart` means that the role's rows do not line up with those of other roles. `weighs_rows` means
    that the loss itself takes the weights of the rows of a unit.
    """

    title: str
    noun: str
    within: Interval = REAL
    columns: Width = "any"
    gathers: Gathers = "rows"
    apart: bool = False
    weighs_rows: bool = False

    @property
    def text(self) -> bool:
        """Whether cells are read as text."""
        return False

    @property
    def raw(self) -> bool:
        """Whether the pixels of an image keep their values instead of being scaled to [0, 1]."""
        return False

    @property
    def wide(self) -> bool:
        """Whether the role may have several columns."""
        return self.columns != "one"

    def fits(self, width: int) -> bool:
        """Tell whether this many columns fit the role."""
        return self.columns == "any" or (width > 1) == (self.columns == "several")

    @property
    def shape(self) -> str:
        """The shapes that this kind accepts, in words."""
        return {
            "one": "(rows,)",
            "any": "(rows,) or (rows, columns)",
            "several": "(rows, classes)",
        }[self.columns]

    def configured(self, options: Mapping[str, Any]) -> Kind:
        """Return this kind with the options that it declares set."""
        return replace(self, **options)

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Check shape and range.

        Raises:
            DataError: the shape is not one that this kind has.
            OutOfDomain: a value is not finite or out of range.
        """
        del partners
        array = self._shaped(role, as_numbers(role, values))
        if not len(array):  # a unit may have no rows of a role
            return Validated(array)
        # Two scans that allocate nothing settle the usual case; NaN fails both comparisons.
        if array.min() in self.within and array.max() in self.within:
            return Validated(array, seen=self._counts(array))
        raise self._invalid_number(role, array, outside(self.within, array))

    def conclude(self, role: str, seen: Mapping[str, int]) -> list[Note]:
        """Return notes on what was counted in all of the data.

        Raises:
            DataError: the blocks contradict each other.
        """
        del role, seen
        return []

    def _counts(self, array: Array) -> Mapping[str, int]:
        del array
        return {}

    def _invalid_number(self, role: str, array: Array, wrong: Mask) -> OutOfDomain:
        index = tuple(np.argwhere(wrong)[0])
        column = int(index[1]) if array.ndim > 1 else -1
        return OutOfDomain(role, int(index[0]), column, repr(float(array[index])), self.noun)

    def _shaped(self, role: str, array: Array) -> Array:
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if self.columns == "one" and array.ndim == 2:
            raise DataError(
                f"{role} has {plural(array.shape[1], 'column')}, but takes one",
                f"name the column: --columns {role}=NAME",
            )
        if self.columns == "several" and array.ndim == 1:
            raise DataError(
                f"{role} has one column, but {self.title} need one column per class",
                f"name all of them: --columns {role}=A+B+C, or use the binary form of the loss",
            )
        return array


def outside(within: Interval, array: Array) -> Mask:
    """Mark the values that are out of range or not finite."""
    inside = (array >= within.at_least) & (array <= within.at_most)
    return ~(inside & (array > within.above) & (array < within.below) & np.isfinite(array))


def as_numbers(role: str, values: Array | Words) -> Array:
    """Return the array, or reject text."""
    if isinstance(values, Words):
        raise DataError(f"{role} holds text where numbers are needed")
    return values


@dataclass(frozen=True)
class NamesKind(Kind):
    """Any text, one per row, passed to the loss as `Words`."""

    columns: Width = "one"

    @property
    def text(self) -> bool:
        """Names are text."""
        return True

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Accept any text."""
        del partners
        words = values if isinstance(values, Words) else as_words(role, values)
        return Validated(words)  # type: ignore[arg-type]


def as_words(role: str, values: Array) -> Words:
    """Read numbers as labels, which must be integers."""
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(
            f"{role} has {plural(values.shape[1], 'column')}, but labels take one",
            "for one column per class, use a loss that takes one-hot rows",
        )
    broken = ~(np.isfinite(values) & (values == np.rint(values)))
    if broken.any():
        row = int(np.flatnonzero(broken)[0])
        raise OutOfDomain(role, row, -1, repr(float(values[row])), "a class number")
    distinct, codes = np.unique(values, return_inverse=True)
    return Words(codes.astype(np.intp), tuple(str(int(label)) for label in distinct))
