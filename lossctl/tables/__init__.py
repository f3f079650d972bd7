"""Files in, blocks of named arrays out; nothing passes that was not understood.

The only home of pandas. A reader is one module that yields named columns block by block and can say
where a cell stands (`table.Table`); it is chosen by the file's first bytes in `open_table`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np

from lossctl.block import Array, Block, Codes, Mask, Words
from lossctl.errors import DataError, UsageError, plural, quote
from lossctl.report import Note
from lossctl.tables.align import Aligned, by_key, by_position
from lossctl.tables.arrays import MAGIC, WHOLE, ArrayTable
from lossctl.tables.reading import Reading, Role
from lossctl.tables.roles import Cast, cast, find
from lossctl.tables.source import FOREIGN, Progress, Source, open_source
from lossctl.tables.table import Column, Table, Wanted, cut
from lossctl.tables.text import TextTable

__all__ = ["Dataset", "Reading", "Role", "open_tables"]

KEYS = ("id", "key", "uuid", "index")


def open_table(source: Source, reading: Reading, progress: Progress | None) -> Table:
    """Choose the reader by the first bytes.

    Raises:
        DataError: it is a file of a kind that is not read.
    """
    start = source.start()
    if start.startswith(MAGIC) or (start.startswith(b"PK") and source.name.endswith(".npz")):
        return ArrayTable(source, progress)
    if not start:
        raise DataError(f"{quote(source.name)} is empty")
    for magic, what in FOREIGN.items():
        if start.startswith(magic):
            raise DataError(
                f"{quote(source.name)} is {what}, not a table of text",
                "write it as CSV, or as .npy or .npz",
            )
    if start.lstrip()[:1] in (b"{", b"["):
        raise DataError(f"{quote(source.name)} is JSON, not a table of text", "write it as CSV")
    return TextTable(source, reading, progress)


def open_tables(
    files: Sequence[str],
    roles: Sequence[Role],
    reading: Reading,
    progress: Progress | None = None,
) -> Dataset:
    """Open the files, and find the columns of every role; no row is read yet.

    Args:
        files: one name a role, or one for all; `-` is standard input.
        roles: what the loss needs.
        reading: what the user said about how to read.
        progress: is told the number of bytes on disk that were read, bit by bit.

    Raises:
        UsageError: the files or columns that were named do not fit the roles.
        DataError: a file cannot be read, or it is not clear what its columns are.
    """
    if sum(name == "-" for name in files) > 1:
        raise UsageError("standard input can be read only once")
    if reading.on and len(files) == 1:
        raise UsageError("--on matches the rows of several files; there is one")
    sources: dict[str, Source] = {}
    for name in files:
        if name not in sources:
            sources[name] = open_source(name, reading.max_bytes)
    tables = [open_table(sources[name], reading, progress) for name in files]
    return Dataset(list(sources.values()), tables, roles, reading)


class Dataset:
    """The rows of all roles, to be read once.

    Attributes:
        columns: the names of the columns of each role; empty for an array without names.
        total_bytes: the size of the files on disk; None where it is not known.
        notes: what was left out, complete once all blocks are read.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        tables: Sequence[Table],
        roles: Sequence[Role],
        reading: Reading,
    ) -> None:
        """Find out which columns are needed of which file."""
        self._tables, self._roles, self._reading = tables, roles, reading
        self._cast: Mapping[str, Cast] = cast(tables, roles, reading)
        self._weight = self._homes([reading.weight] if reading.weight else [])
        self._by = self._homes(reading.by)
        for name in reading.on:
            for table in tables:
                find(table, name)
        self.columns = {
            role: () if each.columns == (WHOLE,) else each.columns
            for role, each in self._cast.items()
        }
        sizes = [table.size for table in tables]
        self.total_bytes = None if None in sizes else sum(size or 0 for size in sizes)
        self.notes: list[Note] = []
        self._sources = sources
        self._skipped: list[int] = []
        self._found: Sequence[Codes] | None = None

    def __enter__(self) -> Self:
        """Stay open while the rows are read."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of temporary files."""
        for source in self._sources:
            source.close()

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
        if role == "weight":
            (name, (file, *_)), *_ = self._weight.items()
        else:
            file = self._cast[role].file
            columns = self._cast[role].columns
            name = columns[column] if column < len(columns) else columns[0]
        for skipped in self._skipped:
            row += int(skipped <= row)
        if self._found is not None:
            row = int(self._found[file][row])
        return self._tables[file].place(row, name)

    def _homes(self, names: Sequence[str]) -> dict[str, list[int]]:
        """Find the files that have a column; every one of them is read."""
        homes = {}
        for name in names:
            homes[name] = [n for n, table in enumerate(self._tables) if name in table.columns]
            if self._one_file():
                homes[name] = homes[name][:1]
            if not homes[name]:
                known = dict.fromkeys(c for table in self._tables for c in table.columns if c)
                raise UsageError.unknown("column", name, known)
        return homes

    def _one_file(self) -> bool:
        return len({table.name for table in self._tables}) == 1

    def _wanted(self, file: int) -> list[Wanted]:
        text = {role.name: role.text for role in self._roles}
        wanted = [
            Wanted(name, text=text[role])
            for role, each in self._cast.items()
            if each.file == file
            for name in each.columns
        ]
        wanted += [Wanted(name) for name, files in self._weight.items() if file in files]
        wanted += [Wanted(name, text=True) for name, files in self._by.items() if file in files]
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

    def _check_agreement(self, aligned: Aligned) -> None:
        """Refuse files that tell different weights or slices for the same row."""
        for text, homes in ((False, self._weight), (True, self._by)):
            for name, files in homes.items():
                first, *others = (aligned.sides[file][Wanted(name, text=text)] for file in files)
                for file, other in zip(files[1:], others, strict=True):
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
            "to leave such rows out: --missing skip",
        )

    def _without(self, aligned: Aligned, missing: Mask) -> Aligned:
        """Leave rows out of every file, and remember which they were."""
        self._skipped += (np.flatnonzero(missing) + aligned.first).tolist()
        kept = np.flatnonzero(~missing)
        sides = [{w: cut(c, kept) for w, c in side.items()} for side in aligned.sides]
        return Aligned(sides, len(kept), aligned.first, aligned.found)

    def _block(self, aligned: Aligned) -> Block:
        roles: dict[str, Array | Words] = {}
        text = {role.name: role.text for role in self._roles}
        for role, each in self._cast.items():
            side = aligned.sides[each.file]
            columns = [side[Wanted(name, text=text[role])] for name in each.columns]
            roles[role] = columns[0] if len(columns) == 1 else _stacked(columns)
        weight = None
        for name, files in self._weight.items():
            weight = _values(aligned.sides[files[0]][Wanted(name)])
        return Block(roles, aligned.count, weight, self._slices(aligned))

    def _slices(self, aligned: Aligned) -> Words | None:
        if not self._by:
            return None
        columns = [
            column
            for name, files in self._by.items()
            if isinstance(column := aligned.sides[files[0]][Wanted(name, text=True)], Words)
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


def _stacked(columns: Sequence[Column]) -> Array:
    return np.stack([_values(column) for column in columns], axis=1)


def _values(column: Column) -> Any:  # noqa: ANN401
    if isinstance(column, Words):
        return np.array(column.words, dtype=object)[column.codes]
    return column


def _any_missing(column: Column) -> bool:
    if isinstance(column, Words):
        return "" in column.words
    return bool(len(column)) and bool(np.isnan(column.min()))  # the least of NaN and others is NaN


def _missing(column: Column) -> Mask:
    if isinstance(column, Words):
        empty = np.array([word == "" for word in column.words], dtype=bool)
        return empty[column.codes]
    return np.logical_or.reduce(np.isnan(column).reshape(len(column), -1), axis=1)
