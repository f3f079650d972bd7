"""What is kept of the rows while they pass: exact summaries, and a sample of bounded size.

What is said of all rows rests on the summaries, whose size does not grow with the file. What needs
an order (quantiles, ranks, resampling) rests on the sample: each row draws a number from a
generator of a fixed seed, and those with the smallest stay. It is the same sample for every size of
blocks, and it is all rows where there are no more than it holds.
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
"""Rows that the sample holds at most."""

MOST_CELLS = 4_000_000
"""Cells that the sample holds at most; it holds 1,024 rows of any width."""

MOST_DISTINCT = 4_096
"""Distinct values of a single column that are counted; beyond these they are no longer."""

ROUNDED, MOST_OFF = (2, 3, 4), 0.1
"""Decimals to which probabilities may be rounded, and how far their sum may then be from 1."""

SUM_TOLERANCE = 1e-3
"""How far the sum of probabilities may be from 1 in any case."""

HUGE = 1e100
"""Of numbers beyond it only what is exact is said."""


class Summary:
    """What is known exactly of one role's numbers, of all rows.

    Attributes:
        rows: how many rows there are.
        columns: how many columns.
        least: the smallest value.
        greatest: the largest value.
        whole: whether all values are whole numbers.
        zero_or_one: whether all values are 0 or 1.
        zeros: how many values are 0.
        one_of_all: in how many rows exactly one value is 1 and the others are 0; counted only while
            all values are 0 or 1.
        off_one: how far the sum of a row is from 1, at most; while all are from 0 to 1.
        decimals: to how many decimals all values are rounded; None where to none of `ROUNDED`.
        sums: the sum of each column, `(columns,)`; while all are from 0 to 1.
        tally: how often each value of a single column occurs; None where they are too many.
    """

    def __init__(self) -> None:
        """Start without rows."""
        self.rows = self.columns = self.zeros = self.one_of_all = 0
        self.least, self.greatest, self.off_one = np.inf, -np.inf, 0.0
        self.whole = self.zero_or_one = True
        self.decimals: int | None = ROUNDED[0]
        self.sums: Array = np.zeros(0)
        self.tally: dict[float, int] | None = {}

    def add(self, values: Array) -> None:
        """Take in some rows, `(rows,)` or `(rows, columns)`."""
        table = values.reshape(len(values), -1)
        if not self.rows:
            self.columns, self.sums = table.shape[1], np.zeros(table.shape[1])
        self.rows += len(table)
        self.least = min(self.least, float(table.min()))
        self.greatest = max(self.greatest, float(table.max()))
        self.zeros += int(np.count_nonzero(table == 0))
        self.whole = self.whole and bool((table == np.rint(table)).all())
        self.zero_or_one = self.zero_or_one and bool(((table == 0) | (table == 1)).all())
        if self.within_unit:
            self._add(table)
        if self.tally is not None:
            self._count(table)

    @property
    def within_unit(self) -> bool:
        """Whether all values are from 0 to 1."""
        return self.least >= 0 and self.greatest <= 1

    @property
    def sums_to_one(self) -> bool:
        """Whether each row sums to 1, as far as rounding lets it."""
        rounding = 0.0 if self.decimals is None else self.columns * 0.5 * 10.0**-self.decimals
        return self.off_one <= max(SUM_TOLERANCE, min(rounding, MOST_OFF)) + 1e-9

    @property
    def constant(self) -> bool:
        """Whether all values are the same."""
        return self.least == self.greatest

    @property
    def measurable(self) -> bool:
        """Whether squares can be summed without leaving the range of numbers."""
        return self.least > -HUGE and self.greatest < HUGE

    def _add(self, table: Array) -> None:
        row_sums = table.sum(axis=1)
        self.sums += table.sum(axis=0)
        self.off_one = max(self.off_one, float(np.abs(row_sums - 1).max()))
        self.one_of_all += int(np.count_nonzero(row_sums == 1))
        if table.shape[1] > 1:
            self._round(table)

    def _round(self, table: Array) -> None:
        """Look for the fewest decimals that say all values."""
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
        for value, many in zip(values.tolist(), counts.tolist(), strict=True):
            tally[value] = tally.get(value, 0) + many
        self.tally = tally if len(tally) <= MOST_DISTINCT else None


class Sample:
    """Some rows, drawn evenly from all, in their order."""

    def __init__(self) -> None:
        """Start without rows."""
        self._random = np.random.default_rng(SEED)
        self._draws: Array = np.zeros(0)
        self._roles: dict[str, Array] = {}
        self._limit = MOST_ROWS

    def add(self, roles: Mapping[str, Array], rows: int) -> None:
        """Draw a number for each row, and keep the rows that have the smallest so far."""
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
        """How many rows there are in it."""
        return len(self._draws)


@dataclass(frozen=True)
class Names:
    """What the columns of the roles are called, and whether the rows are pixels."""

    columns: Mapping[str, tuple[str, ...]]
    images: bool = False

    def of(self, role: str) -> tuple[str, ...]:
        """Return the names of a role's columns; none where they have none."""
        return tuple(self.columns.get(role, ()))


class Profile:
    """Observes blocks; all detectors rest on what it has seen of them.

    Attributes:
        names: what the columns are called.
        sample: some rows of both roles; words stand there as numbers, in the order of `words`.
        words: how often each word of a role occurs, where the role is text.
        notes: what the reader of the files left out.
    """

    def __init__(self, names: Names) -> None:
        """Start without rows."""
        self.names, self.sample = names, Sample()
        self.notes: Sequence[Note] = ()
        self.words: dict[str, dict[str, int]] = {}
        self._summaries: dict[str, Summary] = {}

    def add(self, block: Block) -> None:
        """Take in some rows.

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
        """How many rows there were."""
        return max((each.rows for each in self._summaries.values()), default=0)

    @property
    def roles(self) -> Sequence[str]:
        """Which roles there are."""
        return list(self._summaries)

    @property
    def prediction(self) -> Summary | None:
        """The predictions; None where there are none, or they are words."""
        return None if "prediction" in self.words else self._summaries.get("prediction")

    @property
    def target(self) -> Summary:
        """The targets; those that are words as the numbers that stand for these."""
        return self._summaries["target"]

    def _numbers(self, role: str, column: Column) -> Array:
        if isinstance(column, Words):
            tally = self.words.setdefault(role, {})
            counts = np.bincount(column.codes, minlength=len(column.words)).tolist()
            for word, many in zip(column.words, counts, strict=True):
                if many:
                    tally[str(word)] = tally.get(str(word), 0) + many
            places = {word: place for place, word in enumerate(tally)}
            codes = [places.get(str(word), -1) for word in column.words]
            return np.array(codes, dtype=np.float64)[column.codes]
        if not np.isfinite(column).all():
            table = column.reshape(len(column), -1)
            row, place = (int(each) for each in np.argwhere(~np.isfinite(table))[0])
            at = place if column.ndim > 1 else -1
            raise OutOfDomain(role, row, at, repr(float(table[row, place])), "a finite number")
        return column
