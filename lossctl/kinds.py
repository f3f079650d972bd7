"""What a role's array may hold: its shape, its values, and how outside labels become codes.

A kind admits an array or raises. It never changes a number; it only maps labels, and counts what a
reader of the result should know.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import numpy as np

from lossctl.block import Array, Codes, Mask, Words
from lossctl.errors import DataError, OutOfDomain, plural, quote, visible
from lossctl.options import REAL, Interval, Option
from lossctl.report import Note


@dataclass(frozen=True)
class Admitted:
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


Width: TypeAlias = Literal["one", "any", "several"]


@dataclass(frozen=True)
class Kind:
    """Numbers in a range, in one column or more.

    `columns` is "one" for `(rows,)`, "several" for `(rows, classes)`, "any" for both.
    """

    title: str
    noun: str
    within: Interval = REAL
    columns: Width = "any"
    text: ClassVar[bool] = False

    @property
    def wide(self) -> bool:
        """Whether several columns may play this role."""
        return self.columns != "one"

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

    def admit(self, role: str, values: Array | Words, partners: Partners) -> Admitted:
        """Check shape and range.

        Raises:
            DataError: the shape is not one that this kind has.
            OutOfDomain: a value is not finite or out of range.
        """
        del partners
        array = self._shaped(role, as_numbers(role, values))
        # Two scans that allocate nothing settle the usual case; NaN fails both comparisons.
        if array.min() in self.within and array.max() in self.within:
            return Admitted(array, seen=self._counts(array))
        raise self._foreign_number(role, array, _outside(self.within, array))

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
        column = int(where[1]) if array.ndim == 2 else -1
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


def _outside(within: Interval, array: Array) -> Mask:
    inside = (array >= within.at_least) & (array <= within.at_most)
    return ~(inside & (array > within.above) & (array < within.below) & np.isfinite(array))


def as_numbers(role: str, values: Array | Words) -> Array:
    """Return the array, or refuse text."""
    if isinstance(values, Words):
        raise DataError(f"{role} holds text where numbers are needed")
    return values


@dataclass(frozen=True)
class DistributionKind(Kind):
    """Rows of probabilities that should sum to 1; rows that do not are counted."""

    columns: Width = "several"

    def _counts(self, array: Array) -> Mapping[str, int]:
        off = np.abs(array.sum(axis=1) - 1.0) > 1e-3
        return {"row_sums": int(np.count_nonzero(off))}

    def conclude(self, role: str, seen: Mapping[str, int]) -> list[Note]:
        """Note the rows that do not sum to 1."""
        count = seen.get("row_sums", 0)
        if not count:
            return []
        message = f"{plural(count, 'row')} of {role} with a sum that is not 1 (tolerance 0.001)"
        return [Note("row_sums", count, message)]


@dataclass(frozen=True)
class WholeKind(Kind):
    """Probabilities that are certain: each 0 or 1."""

    def admit(self, role: str, values: Array | Words, partners: Partners) -> Admitted:
        """Check that every value is 0 or 1."""
        del partners
        array = self._shaped(role, as_numbers(role, values))
        certain = (array == 0) | (array == 1)
        if not certain.all():
            raise self._foreign_number(role, array, ~certain)
        return Admitted(array)


@dataclass(frozen=True)
class SignsKind(Kind):
    """Classes written as -1 and +1; 0 and 1 are mapped to them, and counted."""

    columns: Width = "any"

    def admit(self, role: str, values: Array | Words, partners: Partners) -> Admitted:
        """Check that every value is -1, 0 or +1, and make 0 to -1."""
        del partners
        array = self._shaped(role, as_numbers(role, values))
        zeros = array == 0.0
        legal = zeros | (np.abs(array) == 1.0)
        if not legal.all():
            raise self._foreign_number(role, array, ~legal)
        seen = {
            "zeros": int(np.count_nonzero(zeros)),
            "minus_ones": int(np.count_nonzero(array == -1.0)),
        }
        return Admitted(np.where(zeros, -1.0, array) if seen["zeros"] else array, seen=seen)

    def conclude(self, role: str, seen: Mapping[str, int]) -> list[Note]:
        """Note what was mapped; refuse data that use both 0 and -1."""
        zeros = seen.get("zeros", 0)
        if zeros and seen.get("minus_ones"):
            minus_ones = plural(seen["minus_ones"], "label")
            raise DataError(
                f"{role} mixes {plural(zeros, 'label')} 0 and {minus_ones} -1",
                "write the two classes as 0 and 1, or as -1 and +1",
            )
        if not zeros:
            return []
        return [Note("labels_mapped", zeros, f"{plural(zeros, 'label')} 0 of {role} taken as -1")]


@dataclass(frozen=True)
class LabelsKind(Kind):
    """One class a row: a class name, which is a column of the prediction, or a class number.

    `ignore_index` marks rows that do not count; `first_label` is the number of the first class.
    """

    columns: Width = "one"
    ignore_index: Annotated[str | None, Option("rows with this label do not count")] = None
    first_label: Annotated[int, Option("the number of the first class")] = 0
    text: ClassVar[bool] = True

    def admit(self, role: str, values: Array | Words, partners: Partners) -> Admitted:
        """Turn labels into class codes from 0.

        Raises:
            OutOfDomain: a label is neither a class name nor a class number.
        """
        words = values if isinstance(values, Words) else _as_words(role, values)
        used = np.unique(words.codes)
        code_of = np.full(len(words.words), -1, dtype=np.intp)
        ignored_codes: list[int] = []
        seen: Counter[str] = Counter()
        for index in used.tolist():
            word = str(words.words[index])
            if word == self.ignore_index:
                ignored_codes.append(index)
                continue
            code, how = self._code(word, partners)
            seen[how] += 1
            seen["first_class"] += code == 0 and how == "by_number"
            if not 0 <= code < partners.classes:
                row = int(np.flatnonzero(words.codes == index)[0])
                raise self._foreign(role, row, word, partners)
            code_of[index] = code
        if not ignored_codes:
            return Admitted(code_of[words.codes], seen=seen)
        ignored = np.isin(words.codes, ignored_codes)
        seen["ignored"] = int(np.count_nonzero(ignored))
        code_of[ignored_codes] = 0
        return Admitted(code_of[words.codes], ignored, seen)

    def conclude(self, role: str, seen: Mapping[str, int]) -> list[Note]:
        """Note ignored rows; refuse labels that are names here and numbers there."""
        if seen.get("by_name") and seen.get("by_number"):
            raise DataError(
                f"{role} mixes class names and class numbers",
                "name each class as the prediction's header does, or number all of them",
            )
        count = seen.get("ignored", 0)
        if not count:
            return []
        message = f"{plural(count, 'row')} with the ignored label left out"
        return [Note("ignored", count, message)]

    def _code(self, word: str, partners: Partners) -> tuple[int, str]:
        if word in partners.names:
            return partners.names.index(word), "by_name"
        digits = word.removeprefix("-")
        if digits.isascii() and digits.isdigit():
            return int(word) - self.first_label, "by_number"
        return -1, "by_name"

    def _foreign(self, role: str, row: int, word: str, partners: Partners) -> OutOfDomain:
        last = self.first_label + partners.classes - 1
        numbers = f"a class number from {self.first_label} to {last}"
        names = ", ".join(quote(name) for name in partners.names[:5])
        more = ", …" if len(partners.names) > 5 else ""
        expected = f"a class of the prediction ({names}{more}) or {numbers}" if names else numbers
        shown = shlex.quote(visible(word))
        hint = f"if rows with this label do not count: --ignore-index {shown}"
        if word == str(last + 1) and self.first_label == 0:
            hint = "if the classes are numbered from 1: --first-label 1"
        return OutOfDomain(role, row, -1, quote(word), expected, hint)


def _as_words(role: str, values: Array) -> Words:
    """Read numbers as labels; only whole ones can be."""
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(
            f"{role} has {plural(values.shape[1], 'column')}, but labels are one column",
            "for one column a class use categorical_cross_entropy or another one-hot form",
        )
    broken = ~(np.isfinite(values) & (values == np.rint(values)))
    if broken.any():
        row = int(np.flatnonzero(broken)[0])
        raise OutOfDomain(role, row, -1, repr(float(values[row])), "a class number")
    distinct, codes = np.unique(values, return_inverse=True)
    return Words(codes.astype(np.intp), tuple(str(int(label)) for label in distinct))


UNIT = Interval(at_least=0, at_most=1)

VALUES = Kind("values", "a finite number")
SCORES = Kind("scores", "a finite number")
PROBABILITIES = Kind("probabilities", "a probability (between 0 and 1)", UNIT)
DISTRIBUTION = DistributionKind(
    "rows of class probabilities", "a probability (between 0 and 1)", UNIT
)
CLASS_SCORES = Kind("class scores", "a finite number", columns="several")
LABELS = LabelsKind("labels", "a class")
ZERO_OR_ONE = WholeKind("zeros and ones", "0 or 1", UNIT)
ONE_HOT = WholeKind("one-hot rows", "0 or 1", UNIT, "several")
SIGNS = SignsKind("signs", "-1 or +1 (or 0 or 1)")

Values: TypeAlias = Annotated[Array, VALUES]
Scores: TypeAlias = Annotated[Array, SCORES]
Probabilities: TypeAlias = Annotated[Array, PROBABILITIES]
Distribution: TypeAlias = Annotated[Array, DISTRIBUTION]
Labels: TypeAlias = Annotated[Codes, LABELS]
Signs: TypeAlias = Annotated[Array, SIGNS]


def narrowed(kind: Kind, *, columns: Width | None = None, **ends: float) -> Kind:
    """Return the same kind of numbers, in a smaller range or fewer columns."""
    within = Interval(**ends) if ends else kind.within
    noun = f"{kind.noun} {within}" if ends else kind.noun
    return Kind(kind.title, noun, within, columns or kind.columns)
