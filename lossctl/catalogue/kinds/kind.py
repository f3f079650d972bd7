"""What every kind of input has: its shape, its range, and how its rows come to a loss."""

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
"""What fewer rows have in common may be chance, and is not noted."""


@dataclass(frozen=True)
class Validated:
    """An array that its role may hold, and what was seen on the way.

    `ignored` marks rows that do not count. `seen` counts things that are worth a note, or that are
    an error only once the whole data are known; counts of several blocks add up.
    """

    array: Array | Codes
    ignored: Mask | None = None
    seen: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Partners:
    """What the other roles say about this one: how many classes there are, and their names."""

    classes: int = 0
    names: tuple[str, ...] = ()

    def place(self, word: str) -> int:
        """Return the place of the class that a word names; -1 where there is none.

        It is all of a name, or what follows the beginning that all names have.

        >>> partners = Partners(2, ("prob_cat", "prob_dog"))
        >>> partners.place("prob_cat"), partners.place("dog"), partners.place("cow")
        (0, 1, -1)
        """
        for name in (word, self._beginning + word):
            if name in self.names:
                return self.names.index(name)
        return -1

    @cached_property
    def _beginning(self) -> str:
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
    or as pictures of one size, `(pictures, height, width)` or `(pictures, height, width,
    channels)`. `apart` means that the role's rows do not line up with those of other roles.
    `weighs_rows` means that the loss itself takes the weights of the rows of a unit.
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
        """Whether the pixels of a picture keep their numbers, rather than become shares."""
        return False

    @property
    def wide(self) -> bool:
        """Whether several columns may play this role."""
        return self.columns != "one"

    def fits(self, width: int) -> bool:
        """Tell whether so many columns can play this role."""
        return self.columns == "any" or (width > 1) == (self.columns == "several")

    @property
    def shape(self) -> str:
        """The shapes that this kind admits, in words."""
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
        raise self._foreign_number(role, array, outside(self.within, array))

    def conclude(self, role: str, seen: Mapping[str, int]) -> list[Note]:
        """Say what the counts of the whole data mean.

        Raises:
            DataError: together, the blocks contradict each other.
        """
        del role, seen
        return []

    def _counts(self, array: Array) -> Mapping[str, int]:
        del array
        return {}

    def _foreign_number(self, role: str, array: Array, wrong: Mask) -> OutOfDomain:
        where = tuple(np.argwhere(wrong)[0])
        column = int(where[1]) if array.ndim > 1 else -1
        return OutOfDomain(role, int(where[0]), column, repr(float(array[where])), self.noun)

    def _shaped(self, role: str, array: Array) -> Array:
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        found = 1 if array.ndim == 1 else array.shape[1]
        if self.columns == "one" and array.ndim == 2:
            raise DataError(
                f"{role} has {plural(found, 'column')}, but {self.title} take one",
                f"name the column: --columns {role}=NAME",
            )
        if self.columns == "several" and array.ndim == 1:
            raise DataError(
                f"{role} has one column, but {self.title} need one column a class",
                f"name all of them: --columns {role}=A+B+C, or use the binary form of the loss",
            )
        return array


def outside(within: Interval, array: Array) -> Mask:
    """Mark the values that are not in the range, or not finite."""
    inside = (array >= within.at_least) & (array <= within.at_most)
    return ~(inside & (array > within.above) & (array < within.below) & np.isfinite(array))


def as_numbers(role: str, values: Array | Words) -> Array:
    """Return the array, or refuse text."""
    if isinstance(values, Words):
        raise DataError(f"{role} holds text where numbers are needed")
    return values


@dataclass(frozen=True)
class NamesKind(Kind):
    """Any words, one a row, given to the loss as `Words`."""

    columns: Width = "one"

    @property
    def text(self) -> bool:
        """Names are text."""
        return True

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Take any word."""
        del partners
        words = values if isinstance(values, Words) else as_words(role, values)
        return Validated(words)  # type: ignore[arg-type]


def as_words(role: str, values: Array) -> Words:
    """Read numbers as labels; only whole ones can be."""
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(
            f"{role} has {plural(values.shape[1], 'column')}, but labels are one column",
            "for one column a class use a loss of one-hot rows",
        )
    broken = ~(np.isfinite(values) & (values == np.rint(values)))
    if broken.any():
        row = int(np.flatnonzero(broken)[0])
        raise OutOfDomain(role, row, -1, repr(float(values[row])), "a class number")
    distinct, codes = np.unique(values, return_inverse=True)
    return Words(codes.astype(np.intp), tuple(str(int(label)) for label in distinct))
