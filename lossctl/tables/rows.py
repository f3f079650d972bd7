"""The rows of roles that line up: read, matched, checked, and combined into blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lossctl.block import Array, Block, Codes, Column, Mask, Words, cut, paired
from lossctl.errors import DataError, UsageError, plural, quote
from lossctl.report import Note
from lossctl.tables.align import Aligned, by_key, by_position
from lossctl.tables.column_names import COMMON_KEYS
from lossctl.tables.reading import Reading, Role
from lossctl.tables.roles import Assignment, find
from lossctl.tables.table import TableReader, Wanted


class Rows:
    """The rows of roles that line up, to be read once.

    Attributes:
        roles: the roles by name.
        notes: what was left out; complete once all blocks are read.
    """

    def __init__(
        self,
        tables: Sequence[TableReader],
        roles: Sequence[Role],
        assigned: Mapping[str, Assignment],
        reading: Reading,
        unit: str | None,
    ) -> None:
        """Find the files that have the columns for weights, slices, units and keys.

        Args:
            tables: the files.
            roles: the roles; those without columns are left out.
            assigned: the columns of each role.
            reading: which columns to use for other purposes, and how to treat missing values.
            unit: the column of units, if there is one.

        Raises:
            UsageError: there is no such column.
            DataError: a key column occurs twice in a file.
        """
        self.roles = {role.name: role for role in roles if role.name in assigned}
        self._tables, self._assigned, self._reading = tables, assigned, reading
        self._weight = self._files_with([reading.weight] if reading.weight else [], extras=False)
        self._by = self._files_with(reading.by)
        self._unit = self._files_with([unit] if unit else [])
        self._beside = self._files_with(
            [assigned[name].columns[0] for name, role in self.roles.items() if _names_rows(role)]
        )
        for name in {name for table in tables for name in table.agreeing}:
            self._beside[name] = [
                file for file, table in enumerate(tables) if name in table.agreeing
            ]
        for name in reading.on:
            for table in tables:
                find(table, name)
        self.notes: list[Note] = []
        self._skipped: list[int] = []
        self._matches: Sequence[Codes] | None = None

    def blocks(self) -> Iterator[Block]:
        """Yield the rows, in blocks whose size the reader chooses.

        Raises:
            DataError: a file is malformed, the files do not line up, or there are no rows.
        """
        skipped = rows = 0
        for aligned in self._aligned():
            self._check_agreement(aligned)
            missing = self._missing(aligned)
            complete = aligned if missing is None else self._without(aligned, missing)
            skipped += aligned.count - complete.count
            rows += complete.count
            if complete.count:
                yield self._block(complete)
        if skipped:
            message = f"skipped {plural(skipped, 'row')} with missing values"
            self.notes.append(Note("rows_skipped", skipped, message))
        if not rows:
            names = " and ".join(quote(table.name) for table in self._tables)
            reason = ": every row has a missing value" if skipped else ""
            raise DataError(f"{names}: no rows{reason}")

    def place(self, role: str, row: int, column: int = 0) -> tuple[str, str]:
        """Find a cell by its row among those that `blocks` yielded.

        Args:
            role: a role, or "unit" or "weight".
            row: the number of the row, from 0.
            column: the number of the column of the role, from 0.

        Returns:
            Where the cell is, in words, and its text.
        """
        if role in self._assigned:
            file, columns = self._assigned[role].file, self._assigned[role].columns
            name = columns[column] if column < len(columns) else columns[0]
        else:
            files_with = self._unit if role == "unit" else self._weight
            (name, (file, *_)), *_ = files_with.items()
        for skipped in self._skipped:
            row += int(skipped <= row)
        if self._matches is not None:
            row = int(self._matches[file][row])
        return self._tables[file].place(row, name)

    def _files_with(self, names: Sequence[str], *, extras: bool = True) -> dict[str, list[int]]:
        """Find the files that have each column; all of them are read."""
        files = {}
        columns = [(*table.columns, *(table.extras if extras else ())) for table in self._tables]
        for name in names:
            files[name] = [file for file, known in enumerate(columns) if name in known]
            if len({table.name for table in self._tables}) == 1:
                files[name] = files[name][:1]
            if not files[name]:
                known = dict.fromkeys(column for of_file in columns for column in of_file if column)
                raise UsageError.unknown("column", name, known)
        return files

    def _column(self, role: Role, name: str) -> Wanted:
        return Wanted(name, text=role.text, lines=role.lines, raw=role.raw)

    def _wanted(self, file: int) -> list[Wanted]:
        wanted = [
            self._column(self.roles[role], name)
            for role, assignment in self._assigned.items()
            if assignment.file == file
            for name in assignment.columns
        ]
        lines = any(role.lines for role in self.roles.values())
        for files_with, text in self._shared_columns():
            names = [name for name, files in files_with.items() if file in files]
            wanted += [Wanted(name, text=text, lines=lines) for name in names]
        return list(dict.fromkeys(wanted))

    def _aligned(self) -> Iterator[Aligned]:
        wanted = [self._wanted(file) for file in range(len(self._tables))]
        if not self._reading.on:
            shared = set.intersection(*({c.lower() for c in t.columns} for t in self._tables))
            key = next((key for key in COMMON_KEYS if key in shared), "COLUMN")
            yield from by_position(self._tables, wanted, f"to match rows by key: --on {key}")
            return
        keys, policy = self._reading.on, self._reading.on_missing_keys
        for aligned in by_key(self._tables, wanted, keys, policy, self.notes):
            self._matches = aligned.matches
            yield aligned

    def _shared_columns(self) -> list[tuple[Mapping[str, list[int]], bool]]:
        """Return the columns that several files may have, and whether they are text."""
        text = (self._by, self._unit, self._beside)
        return [(self._weight, False), *((files_with, True) for files_with in text)]

    def _shared(self, aligned: Aligned, file: int, name: str, *, text: bool) -> Column:
        """Look up a column that belongs to no role."""
        lines = any(role.lines for role in self.roles.values())
        return aligned.sides[file][Wanted(name, text=text, lines=lines)]

    def _check_agreement(self, aligned: Aligned) -> None:
        """Refuse files with different weights, slices or units for the same row."""
        for files_with, text in self._shared_columns():
            for name, files in files_with.items():
                first, *others = (self._shared(aligned, f, name, text=text) for f in files)
                for file, other in zip(files[1:], others, strict=True):
                    if _same(first, other):
                        continue
                    differ = _values(first) != _values(other)
                    differ &= ~(_missing(first) & _missing(other))
                    if differ.any():
                        row = int(np.flatnonzero(differ)[0])
                        raise self._disagreement(aligned, row, name, files[0], file)

    def _disagreement(
        self, aligned: Aligned, row: int, name: str, first: int, second: int
    ) -> DataError:
        where, cell = self._tables[first].place(aligned.row(first, row), name)
        elsewhere, other = self._tables[second].place(aligned.row(second, row), name)
        return DataError(
            f"the files do not line up: {quote(cell)} in {where}, but {quote(other)} in {elsewhere}"
        )

    def _missing(self, aligned: Aligned) -> Mask | None:
        """Mark the rows with a missing value; None if there are none."""
        marked = None
        for file, side in enumerate(aligned.sides):
            for wanted, column in side.items():
                # An empty cell in a slice column is a slice of its own.
                if (wanted.text and wanted.name in self._by) or not _any_missing(column):
                    continue
                missing = _missing(column)
                if self._reading.missing == "error":
                    raise self._missing_error(aligned, file, wanted, np.flatnonzero(missing))
                marked = missing if marked is None else marked | missing
        return marked

    def _missing_error(self, aligned: Aligned, file: int, wanted: Wanted, rows: Codes) -> DataError:
        where, cell = self._tables[file].place(aligned.row(file, int(rows[0])), wanted.name)
        word = f" ({quote(cell)})" if cell.strip() else ""
        more = f", and in {plural(len(rows) - 1, 'more row')} after it" if len(rows) > 1 else ""
        return DataError(
            f"{where}: missing value{word}{more}",
            "" if wanted.lines else "to skip rows with missing values: --missing skip",
        )

    def _without(self, aligned: Aligned, missing: Mask) -> Aligned:
        """Leave rows out of every file, and remember their numbers."""
        self._skipped += (np.flatnonzero(missing) + aligned.first).tolist()
        complete = np.flatnonzero(~missing)
        sides = [{w: cut(c, complete) for w, c in side.items()} for side in aligned.sides]
        return Aligned(sides, len(complete), aligned.first, aligned.matches)

    def _block(self, aligned: Aligned) -> Block:
        roles: dict[str, Array | Words] = {}
        for name, assignment in self._assigned.items():
            side, role = aligned.sides[assignment.file], self.roles[name]
            columns = [side[self._column(role, column)] for column in assignment.columns]
            roles[name] = columns[0] if len(columns) == 1 else _stacked(columns)
        weight = None
        for name, files in self._weight.items():
            weight = _values(self._shared(aligned, files[0], name, text=False))
        unit = None
        for name, files in self._unit.items():
            unit = self._shared(aligned, files[0], name, text=True)
        return Block(roles, aligned.count, weight, self._slices(aligned), unit)  # type: ignore[arg-type]

    def _slices(self, aligned: Aligned) -> Words | None:
        if not self._by:
            return None
        slices = Words(np.zeros(aligned.count, dtype=np.intp), ((),))
        for name, files in self._by.items():
            column = self._shared(aligned, files[0], name, text=True)
            if isinstance(column, Words):
                pairs = paired(slices, column)
                slices = Words(pairs.codes, tuple((*key, word) for key, word in pairs.words))
        return slices


def _names_rows(role: Role) -> bool:
    """Tell whether a role only names rows; other files may then have the same column."""
    return role.optional and role.text


def _stacked(columns: Sequence[Column]) -> Array:
    return np.stack([_values(column) for column in columns], axis=1)


def _values(column: Column) -> Any:  # noqa: ANN401
    if isinstance(column, Words):
        return np.array(column.words, dtype=object)[column.codes]
    return column


def _same(one: Column, other: Column) -> bool:
    if isinstance(one, Words) and isinstance(other, Words):
        return one.words == other.words and np.array_equal(one.codes, other.codes)
    return np.array_equal(one, other)  # type: ignore[arg-type]


def _any_missing(column: Column) -> bool:
    if isinstance(column, Words):
        return "" in column.words
    return bool(len(column)) and bool(np.isnan(column.min()))  # the minimum is NaN if any value is


def _missing(column: Column) -> Mask:
    if isinstance(column, Words):
        empty = np.array([word == "" for word in column.words], dtype=bool)
        return empty[column.codes]
    return np.logical_or.reduce(np.isnan(column).reshape(len(column), -1), axis=1)
