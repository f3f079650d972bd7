"""Rows of roles that line up with each other: read, matched, checked, and put into blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lossctl.block import Array, Block, Codes, Column, Mask, Words, cut
from lossctl.errors import DataError, UsageError, plural, quote
from lossctl.report import Note
from lossctl.tables.align import Aligned, by_key, by_position
from lossctl.tables.reading import Reading, Role
from lossctl.tables.roles import Assignment, find
from lossctl.tables.table import TableReader, Wanted

KEYS = ("id", "key", "uuid", "index")


class Rows:
    """The rows of some roles that line up, to be read once.

    Attributes:
        roles: the roles by name.
        notes: what was left out, complete once all blocks are read.
    """

    def __init__(
        self,
        tables: Sequence[TableReader],
        roles: Sequence[Role],
        casts: Mapping[str, Assignment],
        reading: Reading,
        unit: str | None,
    ) -> None:
        """Find out which columns are needed of which file."""
        self.roles = {role.name: role for role in roles if role.name in casts}
        self._tables, self._casts, self._reading = tables, casts, reading
        self._weight = self._homes([reading.weight] if reading.weight else [], extras=False)
        self._by = self._homes(reading.by)
        self._unit = self._homes([unit] if unit else [])
        self._beside = self._homes(
            [casts[name].columns[0] for name, role in self.roles.items() if _names_rows(role)]
        )
        for name in {name for table in tables for name in table.agreeing}:
            self._beside[name] = [n for n, each in enumerate(tables) if name in each.agreeing]
        for name in reading.on:
            for table in tables:
                find(table, name)
        self.notes: list[Note] = []
        self._skipped: list[int] = []
        self._found: Sequence[Codes] | None = None

    def blocks(self) -> Iterator[Block]:
        """Yield the rows, in blocks whose size is the reader's choice.

        Raises:
            DataError: a file is not sound, the files do not line up, or there is no row.
        """
        skipped = rows = 0
        for aligned in self._aligned():
            self._check_agreement(aligned)
            missing = self._missing(aligned)
            kept = aligned if missing is None else self._without(aligned, missing)
            skipped += aligned.count - kept.count
            rows += kept.count
            if kept.count:
                yield self._block(kept)
        if skipped:
            message = f"{plural(skipped, 'row')} with missing values left out"
            self.notes.append(Note("rows_skipped", skipped, message))
        if not rows:
            names = " and ".join(quote(table.name) for table in self._tables)
            left = ": every row has a missing value" if skipped else ""
            raise DataError(f"{names}: no rows{left}")

    def place(self, role: str, row: int, column: int = 0) -> tuple[str, str]:
        """Say where a cell stands, by its row among those that `blocks` yielded."""
        if role in self._casts:
            file, columns = self._casts[role].file, self._casts[role].columns
            name = columns[column] if column < len(columns) else columns[0]
        else:
            homes = self._unit if role == "unit" else self._weight
            (name, (file, *_)), *_ = homes.items()
        for skipped in self._skipped:
            row += int(skipped <= row)
        if self._found is not None:
            row = int(self._found[file][row])
        return self._tables[file].place(row, name)

    def _homes(self, names: Sequence[str], *, extras: bool = True) -> dict[str, list[int]]:
        """Find the files that have a column; every one of them is read."""
        homes = {}
        columns = [(*table.columns, *(table.extras if extras else ())) for table in self._tables]
        for name in names:
            homes[name] = [number for number, known in enumerate(columns) if name in known]
            if len({table.name for table in self._tables}) == 1:
                homes[name] = homes[name][:1]
            if not homes[name]:
                known = dict.fromkeys(column for each in columns for column in each if column)
                raise UsageError.unknown("column", name, known)
        return homes

    def _column(self, role: Role, name: str) -> Wanted:
        return Wanted(name, text=role.text, lines=role.lines, raw=role.raw)

    def _wanted(self, file: int) -> list[Wanted]:
        wanted = [
            self._column(self.roles[role], name)
            for role, each in self._casts.items()
            if each.file == file
            for name in each.columns
        ]
        lines = any(role.lines for role in self.roles.values())
        for homes, text in self._shared_columns():
            names = [name for name, files in homes.items() if file in files]
            wanted += [Wanted(name, text=text, lines=lines) for name in names]
        return list(dict.fromkeys(wanted))

    def _aligned(self) -> Iterator[Aligned]:
        wanted = [self._wanted(file) for file in range(len(self._tables))]
        if not self._reading.on:
            shared = set.intersection(*({c.lower() for c in t.columns} for t in self._tables))
            key = next((key for key in KEYS if key in shared), "")
            hint = f"to match rows by key: --on {key}" if key else "rows are matched by position"
            yield from by_position(self._tables, wanted, hint)
            return
        keys, policy = self._reading.on, self._reading.on_missing_keys
        for aligned in by_key(self._tables, wanted, keys, policy, self.notes):
            self._found = aligned.found
            yield aligned

    def _shared_columns(self) -> list[tuple[Mapping[str, list[int]], bool]]:
        """List the columns that may stand in several files, and whether they are text."""
        text = (self._by, self._unit, self._beside)
        return [(self._weight, False), *((homes, True) for homes in text)]

    def _shared(self, aligned: Aligned, file: int, name: str, *, text: bool) -> Column:
        """Look up a column that is not a role's."""
        lines = any(role.lines for role in self.roles.values())
        return aligned.sides[file][Wanted(name, text=text, lines=lines)]

    def _check_agreement(self, aligned: Aligned) -> None:
        """Refuse files that tell different weights, slices or units for the same row."""
        for homes, text in self._shared_columns():
            for name, files in homes.items():
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
        one, said = self._tables[first].place(aligned.row(first, row), name)
        two, other = self._tables[second].place(aligned.row(second, row), name)
        return DataError(
            f"the files do not line up: {quote(said)} in {one}, but {quote(other)} in {two}"
        )

    def _missing(self, aligned: Aligned) -> Mask | None:
        """Mark the rows with a missing cell; None if there are none."""
        marked = None
        for file, side in enumerate(aligned.sides):
            for wanted, column in side.items():
                # An empty cell is a slice like any other.
                if (wanted.text and wanted.name in self._by) or not _any_missing(column):
                    continue
                missing = _missing(column)
                if self._reading.missing == "error":
                    raise self._missing_error(aligned, file, wanted, np.flatnonzero(missing))
                marked = missing if marked is None else marked | missing
        return marked

    def _missing_error(self, aligned: Aligned, file: int, wanted: Wanted, rows: Codes) -> DataError:
        where, cell = self._tables[file].place(aligned.row(file, int(rows[0])), wanted.name)
        more = f", and in {plural(len(rows) - 1, 'row')} soon after" if len(rows) > 1 else ""
        said = quote(cell) if cell.strip() else "nothing"
        return DataError(
            f"{where}: {said}, where a value is needed{more}",
            "" if wanted.lines else "to leave such rows out: --missing skip",
        )

    def _without(self, aligned: Aligned, missing: Mask) -> Aligned:
        """Leave rows out of every file, and remember which they were."""
        self._skipped += (np.flatnonzero(missing) + aligned.first).tolist()
        kept = np.flatnonzero(~missing)
        sides = [{w: cut(c, kept) for w, c in side.items()} for side in aligned.sides]
        return Aligned(sides, len(kept), aligned.first, aligned.found)

    def _block(self, aligned: Aligned) -> Block:
        roles: dict[str, Array | Words] = {}
        for name, each in self._casts.items():
            side = aligned.sides[each.file]
            columns = [side[self._column(self.roles[name], column)] for column in each.columns]
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
        columns = [
            column
            for name, files in self._by.items()
            if isinstance(column := self._shared(aligned, files[0], name, text=True), Words)
        ]
        codes = np.zeros(aligned.count, dtype=np.intp)
        for column in columns:
            codes = codes * len(column.words) + column.codes
        used, codes = np.unique(codes, return_inverse=True)
        keys = []
        for number in used.tolist():
            key = []
            for column in reversed(columns):
                number, place = divmod(number, len(column.words))  # noqa: PLW2901
                key.append(column.words[place])
            keys.append(tuple(reversed(key)))
        return Words(codes.astype(np.intp), tuple(keys))


def _names_rows(role: Role) -> bool:
    """Tell whether a role only names rows, so that other files may name them too."""
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
    return bool(len(column)) and bool(np.isnan(column.min()))  # the least of NaN and others is NaN


def _missing(column: Column) -> Mask:
    if isinstance(column, Words):
        empty = np.array([word == "" for word in column.words], dtype=bool)
        return empty[column.codes]
    return np.logical_or.reduce(np.isnan(column).reshape(len(column), -1), axis=1)
