"""What every reader provides: named columns, block by block, and the location of any cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lossctl.block import Column, count


@dataclass(frozen=True)
class Wanted:
    """A column to read: as numbers or as text; of images, as lines or as pixels.

    `raw` pixels keep their numbers; others are scaled to [0, 1]. None means that losses which are
    computed together disagree.
    """

    name: str
    text: bool = False
    lines: bool = False
    raw: bool | None = False


class TableReader(Protocol):
    """One input, already opened: its columns are known, its rows not yet read.

    Attributes:
        name: the file, for messages.
        columns: the names of the columns.
        size: the size of the file on disk; None if unknown.
        extras: columns that are not in the file but follow from it, such as the number of an image
            in a stack.
        own_unit: the one of these that tells units apart; empty if there is none.
        agreeing: those of these that must be equal in all files.
        has_channels: whether rows are pixels, or lines, of images.
    """

    name: str
    columns: tuple[str, ...]
    size: int | None
    extras: tuple[str, ...]
    own_unit: str
    agreeing: tuple[str, ...]
    has_channels: bool

    def blocks(self, wanted: Sequence[Wanted]) -> Iterator[Mapping[Wanted, Column]]:
        """Yield consecutive rows; a missing number is NaN, missing text is empty."""
        ...

    def width(self, column: str) -> int:
        """Return the number of columns in a column: an array may hold several."""
        ...

    def place(self, row: int, column: str) -> tuple[str, str]:
        """Return where a cell is, in words, and its text."""
        ...


def length(columns: Mapping[Wanted, Column]) -> int:
    """Return the number of rows of a block."""
    return count(next(iter(columns.values())))
