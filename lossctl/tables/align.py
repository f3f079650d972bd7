"""Rows of several files side by side: by position as they stream, or by key."""

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
    """Rows of all files: from row `first` on in each, or, matched by key, those in `found`."""

    sides: Sequence[Side]
    count: int
    first: int = 0
    found: Sequence[Codes] | None = None

    def row(self, file: int, number: int) -> int:
        """Tell which row of a file a row of these is."""
        return self.first + number if self.found is None else int(self.found[file][number])


def by_position(
    tables: Sequence[TableReader], wanted: Sequence[Sequence[Wanted]], hint: str
) -> Iterator[Aligned]:
    """Yield blocks with the same rows of every file; nothing is copied.

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
    """Yield the rows in the order of the first file, matched by key. Holds the files in memory.

    Raises:
        DataError: a key is there twice, or not in every file.
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
    rows = [index.get_indexer(common) for index in indexes]
    if len(common):
        cut_out = [_cut(side, at) for side, at in zip(sides, rows, strict=True)]
        yield Aligned(cut_out, len(common), found=rows)


def _whole(table: TableReader, wanted: Sequence[Wanted]) -> Side:
    blocks = list(table.blocks(wanted))
    if not blocks:
        raise DataError(f"{quote(table.name)} has no rows")
    return {each: joined([block[each] for block in blocks]) for each in wanted}


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
            f"{second}: the key {quote(_said(index[twice]))} was there before: {first}",
            "a key names one row; add columns to it with another --on",
        )
    return index


def _texts(column: Column) -> np.ndarray:
    if not isinstance(column, Words):
        return column.astype(str)
    return np.array(column.words, dtype=object)[column.codes]


def _said(key: object) -> str:
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
    said = "; ".join(
        f"{plural(len(keys), 'key')} of {quote(table.name)} not in every file "
        f"({listing(_said(key) for key in keys[:3])}{', …' if len(keys) > 3 else ''})"
        for table, keys in zip(tables, alone, strict=True)
        if len(keys)
    )
    if missing_keys == "error":
        raise DataError(said, "to use only the keys that all files have: --on-missing-keys inner")
    notes.append(Note("keys_dropped", count, said))


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
    said = ", ".join(
        f"{quote(table.name)} has {plural(count, 'row')}"
        for table, count in zip(tables, counts, strict=True)
    )
    return DataError(f"the files do not line up: {said}", hint)
