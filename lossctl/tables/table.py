"""What every reader gives: named columns, block by block, and the place of any cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from lossctl.block import Array, Words

Column: TypeAlias = Array | Words


@dataclass(frozen=True)
class Wanted:
    """A column that is needed, as numbers or as text."""

    name: str
    text: bool = False


class Table(Protocol):
    """One input, already opened: its columns are known, its rows not yet read."""

    name: str
    columns: tuple[str, ...]
    size: int | None

    def blocks(self, wanted: Sequence[Wanted]) -> Iterator[Mapping[Wanted, Column]]:
        """Yield consecutive rows; a missing number is NaN, a missing text is empty."""
        ...

    def place(self, row: int, column: str) -> tuple[str, str]:
        """Say where a cell stands, and what its text is."""
        ...


def length(columns: Mapping[Wanted, Column]) -> int:
    """Return the number of rows of a block."""
    first = next(iter(columns.values()))
    return len(first.codes) if isinstance(first, Words) else len(first)


def cut(column: Column, rows: slice | np.ndarray) -> Column:
    """Take some rows of a column."""
    return Words(column.codes[rows], column.words) if isinstance(column, Words) else column[rows]


def joined(parts: Sequence[Column]) -> Column:
    """Put blocks of one column together."""
    if not isinstance(parts[0], Words):
        return np.concatenate([part for part in parts if not isinstance(part, Words)])
    numbers: dict[object, int] = {}
    codes = []
    for part in parts:
        if isinstance(part, Words):
            places = [numbers.setdefault(word, len(numbers)) for word in part.words]
            codes.append(np.array(places, dtype=np.intp)[part.codes])
    return Words(np.concatenate(codes), tuple(numbers))
