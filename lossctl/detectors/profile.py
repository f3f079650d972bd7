"""A profile of the data of bounded size: exact summaries of all rows, and a sample of rows.

Statements about all rows are based on the summaries. What needs an order (quantiles, ranks,
resampling) is based on the sample: each row draws a number from a generator with a fixed seed, and
those with the smallest numbers are kept. The sample does not depend on how the data are cut into
blocks, and holds all rows if there are no more than its limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lossctl.block import Array, Block, Column, Words, count
from lossctl.errors import DataError, OutOfDomain
from lossctl.report import Note

SEED = 20_240_229

MOST_ROWS = 65_536
"""The largest number of rows in the sample."""

MOST_CELLS = 4_000_000
"""The largest number of cells in the sample, which holds at least 1,024 rows of any width."""

MOST_DISTINCT = 4_096
"""The largest number of distinct values of a single column that are counted."""

ROUNDED, MOST_OFF = (2, 3, 4), 0.1
"""Decimals to which probabilities may be rounded, and the largest error of their sum then."""

SUM_TOLERANCE = 1e-3
"""The largest error of a sum of probabilities in any case."""

HUGE = 1e100
"""Beyond this, squares may overflow, so no variance is computed."""


class Summary:
    """An exact summary of one role's numbers over all rows.

    Attributes:
        rows: the number of rows.
        columns: the number of columns.
        least: the smallest value.
        greatest: the largest value.
        integers: whether all values are integers.
        zero_or_one: whether all values are 0 or 1.
        zeros: the number of values that are 0.
        one_hot_rows: the number of rows with a single 1 and otherwise 0; valid only if all values
            are 0 or 1.
        off_one: the largest difference of a row's sum from 1; valid only if all values are between
            0 and 1.
        decimals: the number of decimals to which all values are rounded; None if not in `ROUNDED`.
        sums: the sum of each column, `(columns,)`; valid only if all values are between 0 and 1.
        tally: how often each value of a single column occurs; None if there are too many.
    """

    def __init__(self) -> None:
        """Start without rows."""
        self.rows = self.columns = self.zeros = self.one_hot_rows = 0
        self.least, self.greatest, self.off_one = np.inf, -np.inf, 0.0
        self.integers = self.zero_or_one = True
        self.decimals: int | None = ROUNDED[0]
        self.sums: Array = np.zeros(0)
        self.tally: dict[float, int] | None = {}

    def add(self, values: Array) -> None:
        """Add rows, `(rows,)` or `(rows, columns)`."""
        table = values.reshape(len(values), -1)
        if not self.rows:
            self.columns, self.sums = table.shape[1], np.zeros(table.shape[1])
        self.rows += len(table)
        self.least = min(self.least, float(table.min()))
        self.greatest = max(self.greatest, float(table.max()))
        self.zeros += int(np.count_nonzero(table == 0))
        self.integers = self.integers and bool((table == np.rint(table)).all())
        self.zero_or_one = self.zero_or_one and bool(((table == 0) | (table == 1)).all())
        if self.within_unit:
            self._add(table)
        if self.tally is not None:
            self._count(table)

    @property
    def within_unit(self) -> bool:
        """Whether all values are between 0 and 1."""
        return self.least >= 0 and self.greatest <= 1

    @property
    def sums_to_one(self) -> bool:
        """Whether each row sums to 1, apart from rounding."""
        rounding = 0.0 if self.decimals is None else self.columns * 0.5 * 10.0**-self.decimals
        return self.off_one <= max(SUM_TOLERANCE, min(rounding, MOST_OFF)) + 1e-9

    @property
    def constant(self) -> bool:
        """Whether all values are equal."""
        return self.least == self.greatest

    @property
    def measurable(self) -> bool:
        """Whether squares can be summed without overflow."""
        return self.least > -HUGE and self.greatest < HUGE

    def _add(self, table: Array) -> None:
        row_sums = table.sum(axis=1)
        self.sums += table.sum(axis=0)
        self.off_one = max(self.off_one, float(np.abs(row_sums - 1).max()))
        self.one_hot_rows += int(np.count_nonzero(row_sums == 1))
        if table.shape[1] > 1:
            self._round(table)

    def _round(self, table: Array) -> None:
        """Find the smallest number of decimals to which all values are rounded."""
        while self.decimals is not None:
            shifted = table * 10.0**self.decimals
            if np.abs(shifted - np.rint(shifted)).max() < 1e-3:
                return
            self.decimals = self.decimals + 1 if self.decimals < ROUNDED[-1] else None

    def _count(self, table: Array) -> None:
        if table.shape[1] > 1:
            self.tally = None
            return
        values, counts = np.unique(table, return_counts=True)
        tally = self.tally or {}
        for value, times in zip(values.tolist(), counts.tolist(), strict=True):
            tally[value] = tally.get(value, 0) + times
        self.tally = tally if len(tally) <= MOST_DISTINCT else None


class Sample:
    """A uniform random sample of the rows, in their order."""

    def __init__(self) -> None:
        """Start without rows."""
        self._random = np.random.default_rng(SEED)
        self._draws: Array = np.zeros(0)
        self._roles: dict[str, Array] = {}
        self._limit = MOST_ROWS

    def add(self, roles: Mapping[str, Array], rows: int) -> None:
        """Draw a number for each row, and keep the rows with the smallest numbers so far."""
        tables = {role: values.reshape(rows, -1) for role, values in roles.items()}
        if not self._roles:
            width = sum(table.shape[1] for table in tables.values())
            self._limit = min(MOST_ROWS, max(1_024, MOST_CELLS // width))
            self._roles = {role: table[:0] for role, table in tables.items()}
        drawn = self._random.random(rows)
        full = len(self._draws) >= self._limit
        new = np.flatnonzero(drawn < self._draws.max()) if full else np.arange(rows)
        draws = np.concatenate([self._draws, drawn[new]])
        kept = np.arange(len(draws))
        if len(draws) > self._limit:
            kept = np.sort(np.argpartition(draws, self._limit)[: self._limit])
        self._draws = draws[kept]
        for role, table in tables.items():
            self._roles[role] = np.concatenate([self._roles[role], table[new]])[kept]

    def __getitem__(self, role: str) -> Array:
        """Return the rows of a role, `(rows, columns)`."""
        return self._roles[role]

    @property
    def rows(self) -> int:
        """The number of rows in the sample."""
        return len(self._draws)


@dataclass(frozen=True)
class Names:
    """The names of the columns of each role, and whether the rows are pixels of images."""

    columns: Mapping[str, tuple[str, ...]]
    images: bool = False

    def of(self, role: str) -> tuple[str, ...]:
        """Return the names of a role's columns; empty if they have none."""
        return tuple(self.columns.get(role, ()))


class Profile:
    """The profile of predictions and targets on which all detectors are based.

    Attributes:
        names: the names of the columns.
        sample: rows of both roles; words are replaced by their numbers in the order of `words`.
        words: how often each word of a role occurs, if the role is text.
        notes: what was left out when the files were read.
    """

    def __init__(self, names: Names) -> None:
        """Start without rows."""
        self.names, self.sample = names, Sample()
        self.notes: Sequence[Note] = ()
        self.words: dict[str, dict[str, int]] = {}
        self._summaries: dict[str, Summary] = {}

    def add(self, block: Block) -> None:
        """Add a block of rows.

        Raises:
            DataError: a number is not finite, or the roles differ in their number of rows.
        """
        rows = {count(column) for column in block.roles.values()}
        if len(rows) > 1:
            raise DataError("prediction and target have different numbers of rows")
        arrays = {role: self._numbers(role, column) for role, column in block.roles.items()}
        for role, array in arrays.items():
            self._summaries.setdefault(role, Summary()).add(array)
        self.sample.add(arrays, rows.pop())

    @property
    def rows(self) -> int:
        """The number of rows."""
        return max((summary.rows for summary in self._summaries.values()), default=0)

    @property
    def roles(self) -> Sequence[str]:
        """The roles that there are."""
        return list(self._summaries)

    @property
    def prediction(self) -> Summary | None:
        """The summary of the predictions; None if there are none, or they are words."""
        return None if "prediction" in self.words else self._summaries.get("prediction")

    @property
    def target(self) -> Summary:
        """The summary of the targets; words are replaced by their numbers."""
        return self._summaries["target"]

    def _numbers(self, role: str, column: Column) -> Array:
        if isinstance(column, Words):
            tally = self.words.setdefault(role, {})
            counts = np.bincount(column.codes, minlength=len(column.words)).tolist()
            for word, times in zip(column.words, counts, strict=True):
                if times:
                    tally[str(word)] = tally.get(str(word), 0) + times
            places = {word: place for place, word in enumerate(tally)}
            codes = [places.get(str(word), -1) for word in column.words]
            return np.array(codes, dtype=np.float64)[column.codes]
        if not np.isfinite(column).all():
            table = column.reshape(len(column), -1)
            row, place = np.argwhere(~np.isfinite(table))[0].tolist()
            at = place if column.ndim > 1 else -1
            raise OutOfDomain(role, row, at, repr(float(table[row, place])), "a finite number")
        return column
