"""What every reader gives: named columns, block by block, and the place of any cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lossctl.block import Column, count


@dataclass(frozen=True)
class Wanted:
    """A column that is needed: as numbers or as text; of pictures, as lines or as pixels.

    `raw` pixels keep their numbers; others become shares of the brightest there can be. None is
    neither: losses that are computed together want one and the other.
    """

    name: str
    text: bool = False
    lines: bool = False
    raw: bool | None = False


class TableReader(Protocol):
    """One input, already opened: its columns are known, its rows not yet read.

    `extras` are columns that are not in the file but follow from it, such as the number of a
    picture in a stack; `own_unit` is the one of them that tells units apart, where there are any.
    Those that are `agreeing` must say the same in every file that has them.
    """

    name: str
    columns: tuple[str, ...]
    size: int | None
    extras: tuple[str, ...]
    own_unit: str
    agreeing: tuple[str, ...]
    has_channels: bool

    def blocks(self, wanted: Sequence[Wanted]) -> Iterator[Mapping[Wanted, Column]]:
        """Yield consecutive rows; a missing number is NaN, a missing text is empty."""
        ...

    def width(self, column: str) -> int:
        """Tell how many columns of a role a column makes: an array may hold several."""
        ...

    def place(self, row: int, column: str) -> tuple[str, str]:
        """Say where a cell stands, and what its text is."""
        ...


def length(columns: Mapping[Wanted, Column]) -> int:
    """Return the number of rows of a block."""
    return count(next(iter(columns.values())))
