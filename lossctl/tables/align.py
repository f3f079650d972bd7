"""The rows of several files matched: by position while they stream, or by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from lossctl.block import Codes, Column, Words, cut, joined
from lossctl.errors import DataError, listing, plural, quote
from lossctl.report import Note
from lossctl.tables.table import TableReader, Wanted, length

Side = Mapping[Wanted, Column]


@dataclass(frozen=True)
class Aligned:
    """Matched rows of all files: those from row `first` on, or, by key, those in `matches`.

    `matches` holds for each file the number of its row that belongs to each key.
    """

    sides: Sequence[Side]
    count: int
    first: int = 0
    matches: Sequence[Codes] | None = None

    def row(self, file: int, number: int) -> int:
        """Return the number of a row within its file."""
        return self.first + number if self.matches is None else int(self.matches[file][number])


def by_position(
    tables: Sequence[TableReader], wanted: Sequence[Sequence[Wanted]], hint: str
) -> Iterator[Aligned]:
    """Yield blocks with the same rows of every file, without copying them.

    Args:
        tables: the files.
        wanted: the columns of each file.
        hint: the hint of the error.

    Yields:
        The blocks.

    Raises:
        DataError: a file has fewer rows than another.
    """
    streams = [table.blocks(columns) for table, columns in zip(tables, wanted, strict=True)]
    held: list[Side | None] = [None] * len(tables)
    row = 0
    while True:
        held = [
            next(stream, None) if side is None else side
            for side, stream in zip(held, streams, strict=True)
        ]
        sides = [side for side in held if side is not None]
        if len(sides) < len(held):
            if sides:
                raise _lengths(tables, held, streams, row, hint)
            return
        count = min(length(side) for side in sides)
        yield Aligned([_cut(side, slice(0, count)) for side in sides], count, row)
        row += count
        held = [None if length(s) == count else _cut(s, slice(count, None)) for s in sides]


def by_key(
    tables: Sequence[TableReader],
    wanted: Sequence[Sequence[Wanted]],
    on: Sequence[str],
    missing_keys: Literal["error", "inner"],
    notes: list[Note],
) -> Iterator[Aligned]:
    """Yield the rows matched by key, in the order of the first file; all are held in memory.

    Args:
        tables: the files.
        wanted: the columns of each file.
        on: the key columns.
        missing_keys: whether keys that are missing from a file are an error, or dropped.
        notes: a note on the dropped keys is added here.

    Yields:
        The rows, in one block.

    Raises:
        DataError: a file has a key twice, or lacks a key of another.
    """
    keys = [Wanted(name, text=True) for name in on]
    sides = [
        _whole(table, list(dict.fromkeys([*keys, *columns])))
        for table, columns in zip(tables, wanted, strict=True)
    ]
    indexes = [_index(table, side, keys) for table, side in zip(tables, sides, strict=True)]
    common = indexes[0]
    for index in indexes[1:]:
        common = common[index.get_indexer(common) >= 0]
    _check_keys(tables, indexes, common, missing_keys, notes)
    matches = [index.get_indexer(common) for index in indexes]
    if len(common):
        matched = [_cut(side, rows) for side, rows in zip(sides, matches, strict=True)]
        yield Aligned(matched, len(common), matches=matches)


def _whole(table: TableReader, wanted: Sequence[Wanted]) -> Side:
    blocks = list(table.blocks(wanted))
    if not blocks:
        raise DataError(f"{quote(table.name)} has no rows")
    return {column: joined([block[column] for block in blocks]) for column in wanted}


def _index(table: TableReader, side: Side, keys: Sequence[Wanted]) -> pd.Index:
    texts = [_texts(side[key]) for key in keys]
    for key, column in zip(keys, texts, strict=True):
        empty = np.flatnonzero(column == "")
        if len(empty):
            where, _ = table.place(int(empty[0]), key.name)
            raise DataError(f"{where}: the key is empty")
    index = pd.Index(texts[0]) if len(texts) == 1 else pd.MultiIndex.from_arrays(texts)
    if not index.is_unique:
        twice = int(np.flatnonzero(index.duplicated())[0])
        once = int(np.flatnonzero(index == index[twice])[0])
        first, _ = table.place(once, keys[0].name)
        second, _ = table.place(twice, keys[0].name)
        raise DataError(
            f"{second}: duplicate key {quote(_written(index[twice]))}, first in {first}",
            "if the key has several columns, name each: --on COLUMN --on COLUMN",
        )
    return index


def _texts(column: Column) -> np.ndarray:
    if not isinstance(column, Words):
        return column.astype(str)
    return np.array(column.words, dtype=object)[column.codes]


def _written(key: object) -> str:
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _check_keys(
    tables: Sequence[TableReader],
    indexes: Sequence[pd.Index],
    common: pd.Index,
    missing_keys: str,
    notes: list[Note],
) -> None:
    alone = [index[common.get_indexer(index) < 0] for index in indexes]
    count = sum(len(keys) for keys in alone)
    if not count:
        return
    message = "; ".join(
        f"{plural(len(keys), 'key')} of {quote(table.name)} not in every file "
        f"({listing(_written(key) for key in keys[:3])}{', …' if len(keys) > 3 else ''})"
        for table, keys in zip(tables, alone, strict=True)
        if len(keys)
    )
    if missing_keys == "error":
        hint = "to use only the keys that all files have: --on-missing-keys inner"
        raise DataError(message, hint)
    notes.append(Note("keys_dropped", count, message))


def _cut(side: Side, rows: slice | Codes) -> Side:
    return {wanted: cut(column, rows) for wanted, column in side.items()}


def _lengths(
    tables: Sequence[TableReader],
    held: Sequence[Side | None],
    streams: Sequence[Iterator[Side]],
    row: int,
    hint: str,
) -> DataError:
    counts = [
        row + (0 if side is None else length(side)) + sum(length(more) for more in stream)
        for side, stream in zip(held, streams, strict=True)
    ]
    rows = ", ".join(
        f"{quote(table.name)} has {plural(count, 'row')}"
        for table, count in zip(tables, counts, strict=True)
    )
    return DataError(f"the files do not line up: {rows}", hint)
