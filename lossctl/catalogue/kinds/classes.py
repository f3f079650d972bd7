"""Classes and their probabilities: labels, signs, distributions, binary labels."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from lossctl.block import Array, Words
from lossctl.catalogue.kinds.kind import (
    ENOUGH,
    Kind,
    Partners,
    Validated,
    Width,
    as_numbers,
    as_words,
)
from lossctl.catalogue.options import Option
from lossctl.errors import DataError, OutOfDomain, UsageError, plural, quote, visible
from lossctl.lazy import np
from lossctl.report import Note


@dataclass(frozen=True)
class DistributionKind(Kind):
    """Rows of probabilities that should sum to 1; rows that do not are counted."""

    columns: Width = "several"

    def _counts(self, array: Array) -> Mapping[str, int]:
        wrong = np.abs(array.sum(axis=1) - 1.0) > 1e-3
        return {"row_sums": int(np.count_nonzero(wrong))}

    def conclude(self, role: str, seen: Mapping[str, int]) -> list[Note]:
        """Note the rows that do not sum to 1."""
        count = seen.get("row_sums", 0)
        if not count:
            return []
        do = "does" if count == 1 else "do"
        message = f"{plural(count, 'row')} of {role} {do} not sum to 1 (tolerance 0.001)"
        return [Note("row_sums", count, message)]


@dataclass(frozen=True)
class BinaryKind(Kind):
    """Binary labels: each 0 or 1."""

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Check that every value is 0 or 1."""
        del partners
        array = self._shaped(role, as_numbers(role, values))
        binary = (array == 0) | (array == 1)
        if not binary.all():
            raise self._invalid_number(role, array, ~binary)
        return Validated(array)


@dataclass(frozen=True)
class SignsKind(Kind):
    """Classes written as -1 and +1; 0 and 1 are mapped to them, and counted."""

    columns: Width = "any"

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Check that every value is -1, 0 or +1, and map 0 to -1."""
        del partners
        array = self._shaped(role, as_numbers(role, values))
        zeros = array == 0.0
        legal = zeros | (np.abs(array) == 1.0)
        if not legal.all():
            raise self._invalid_number(role, array, ~legal)
        seen = {
            "zeros": int(np.count_nonzero(zeros)),
            "minus_ones": int(np.count_nonzero(array == -1.0)),
        }
        return Validated(np.where(zeros, -1.0, array) if seen["zeros"] else array, seen=seen)

    def conclude(self, role: str, seen: Mapping[str, int]) -> list[Note]:
        """Note what was mapped; reject data that use both 0 and -1."""
        zeros = seen.get("zeros", 0)
        if zeros and seen.get("minus_ones"):
            minus_ones = plural(seen["minus_ones"], "label")
            raise DataError(
                f"{role} mixes {plural(zeros, 'label')} of 0 with {minus_ones} of -1",
                "code the two classes as 0 and 1, or as -1 and +1",
            )
        if not zeros:
            return []
        return [
            Note("labels_mapped", zeros, f"{plural(zeros, 'label')} of {role} mapped from 0 to -1")
        ]


@dataclass(frozen=True)
class LabelsKind(Kind):
    """One class per row: a class name, which is a column of the prediction, or a class number.

    `ignore_index` marks rows to ignore; `first_label` is the number of the first class.
    `first_is_a_label` is off where no row can have the first class, as it means something else.
    """

    columns: Width = "one"
    first_is_a_label: bool = True
    ignore_index: Annotated[str | None, Option("label of rows to ignore")] = None
    first_label: Annotated[int, Option("number of the first class")] = 0
    named_by: ClassVar[str] = "the prediction"
    named_in: ClassVar[str] = "the prediction's header"

    @property
    def text(self) -> bool:
        """Labels may be names."""
        return True

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Turn labels into class codes from 0.

        Raises:
            OutOfDomain: a label is neither a class name nor a class number.
        """
        words = values if isinstance(values, Words) else as_words(role, values)
        used = np.unique(words.codes)
        code_of = np.full(len(words.words), -1, dtype=np.intp)
        ignored_codes: list[int] = []
        seen: Counter[str] = Counter()
        for index in used.tolist():
            word = str(words.words[index])
            if word == self.ignore_index:
                ignored_codes.append(index)
                continue
            code, source = self._code(word, partners)
            seen[source] += 1
            seen["first_class"] += code == 0 and source == "by_number"
            seen["second_class"] += code == 1 and source == "by_number"
            if not 0 <= code < partners.classes:
                row = int(np.flatnonzero(words.codes == index)[0])
                raise self._invalid(role, row, word, partners)
            code_of[index] = code
        seen["rows"] = len(words.codes)
        if not ignored_codes:
            return Validated(code_of[words.codes], seen=seen)
        ignored = np.isin(words.codes, ignored_codes)
        seen["ignored"] = int(np.count_nonzero(ignored))
        code_of[ignored_codes] = 0
        return Validated(code_of[words.codes], ignored, seen)

    def conclude(self, role: str, seen: Mapping[str, int]) -> list[Note]:
        """Note ignored rows, and classes that may be numbered from 1.

        Raises:
            DataError: some labels are names and some are numbers.
        """
        if seen.get("by_name") and seen.get("by_number"):
            raise DataError(
                f"{role} mixes class names and class numbers",
                f"use the class names of {self.named_in} in all rows, or numbers in all rows",
            )
        notes = []
        count = seen.get("ignored", 0)
        if count:
            message = f"skipped {plural(count, 'row')} with the ignored label"
            notes.append(Note("ignored", count, message))
        rows = seen.get("rows", 0) - count
        if self._may_be_numbered_from_one(seen) and rows >= ENOUGH:
            message = f"no {role} is class 0; if classes are numbered from 1, set --first-label 1"
            notes.append(Note("labels_from_one", rows, message))
        return notes

    def _may_be_numbered_from_one(self, seen: Mapping[str, int]) -> bool:
        """Tell whether class 0 could be a label, but 1 is the smallest."""
        legal = self.first_is_a_label and self.first_label == 0 and self.ignore_index != "0"
        return legal and bool(seen.get("second_class")) and not seen.get("first_class")

    def _code(self, word: str, partners: Partners) -> tuple[int, str]:
        digits = word.removeprefix("-")
        if word not in partners.names and digits.isascii() and digits.isdigit():
            return int(word) - self.first_label, "by_number"
        return partners.place(word), "by_name"

    def _invalid(self, role: str, row: int, word: str, partners: Partners) -> OutOfDomain:
        last = self.first_label + partners.classes - 1
        numbers = f"a class number from {self.first_label} to {last}"
        names = ", ".join(quote(name) for name in partners.names[:5])
        more = ", …" if len(partners.names) > 5 else ""
        expected = f"a class of {self.named_by} ({names}{more}) or {numbers}" if names else numbers
        shown = shlex.quote(visible(word))
        hint = f"to ignore rows with this label: --ignore-index {shown}"
        if word == str(last + 1) and self.first_label == 0:
            hint = "if the classes are numbered from 1: --first-label 1"
        return OutOfDomain(role, row, -1, quote(word), expected, hint)


@dataclass(frozen=True)
class RanksKind(LabelsKind):
    """One ordered class per row: its number, or its name if `order` gives the names.

    The columns of the prediction are thresholds between classes, so there is one class more than
    columns, and no column belongs to a class.
    """

    order: Annotated[
        str | None,
        Option("class names from lowest to highest, separated by commas"),
    ] = None
    named_by: ClassVar[str] = "the order"
    named_in: ClassVar[str] = "--order"

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Turn labels into class codes from 0, the lowest class.

        Raises:
            OutOfDomain: a label is neither a name in the order nor a class number.
        """
        classes = max(partners.classes, 1) + 1
        return super().validate(role, values, Partners(classes, self._names(classes)))

    def _names(self, classes: int) -> tuple[str, ...]:
        if self.order is None:
            return ()
        names = tuple(name.strip() for name in self.order.split(","))
        if len(set(names)) < len(names):
            raise UsageError(f"order lists a class twice: {quote(self.order)}")
        if len(names) != classes:
            columns = plural(classes - 1, "column")
            raise UsageError(
                f"order has {plural(len(names), 'name')}, but a prediction with {columns} means "
                f"{classes} classes",
                "each column is a threshold between two neighbouring classes",
            )
        return names

    def _invalid(self, role: str, row: int, word: str, partners: Partners) -> OutOfDomain:
        error = super()._invalid(role, row, word, partners)
        if partners.names or word.removeprefix("-").isdigit():
            return error
        return error.advised("if the classes have names: --order LOWEST,…,HIGHEST")


@dataclass(frozen=True)
class CumulativeKind(Kind):
    """Scores of being in a class or a lower one, which never decrease along a row."""

    def validate(self, role: str, values: Array | Words, partners: Partners) -> Validated:
        """Check that all are finite and none is below the one before it.

        Raises:
            OutOfDomain: a number is not finite, or a row decreases.
        """
        validated = super().validate(role, values, partners)
        array = np.asarray(validated.array, dtype=np.float64)
        wide = array.ndim == 2
        decreases = array[:, 1:] < array[:, :-1] if wide else np.zeros((0, 0), dtype=bool)
        if not decreases.any():
            return validated
        row, before = (int(index) for index in np.argwhere(decreases)[0])
        raise OutOfDomain(
            role,
            row,
            before + 1,
            repr(float(array[row, before + 1])),
            f"at least {float(array[row, before])!r}, the score in the previous column",
            "if the columns hold scores of exceeding a class, negate them",
        )
