"""The groups by which rows are summed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lossctl.block import Block, Codes, Words, paired
from lossctl.engine.outcomes import Key


class Groups:
    """The groups by which rows are summed: slices, units, or units within slices."""

    def __init__(self) -> None:
        """Start without groups."""
        self._numbers: dict[Any, int] = {}
        self.sliced = False

    def of(self, block: Block) -> Codes | None:
        """Return the number of each row's group; numbers stay the same from block to block."""
        keys = _keys(block.slices, block.unit if block.lengths is None else None)
        if keys is None:
            return None
        self.sliced = block.slices is not None
        used = np.unique(keys.codes)
        number = np.zeros(len(keys.words), dtype=np.intp)
        for index in used.tolist():
            number[index] = self._numbers.setdefault(keys.words[index], len(self._numbers))
        return number[keys.codes]

    @property
    def keys(self) -> list[tuple[Key, str]]:
        """The slice and the unit of each group; empty if rows have none."""
        return list(self._numbers)

    @property
    def slices(self) -> tuple[list[Key], Codes]:
        """The keys of all slices, and the slice of each group."""
        return _distinct([slice_ for slice_, _ in self.keys])

    @property
    def units(self) -> tuple[list[str], Codes]:
        """The names of all units, and the unit of each group."""
        return _distinct([unit for _, unit in self.keys])


def _distinct(keys: Sequence[Any]) -> tuple[list[Any], Codes]:
    numbers: dict[Any, int] = {}
    codes = [numbers.setdefault(key, len(numbers)) for key in keys]
    return list(numbers), np.array(codes, dtype=np.intp)


def _keys(slices: Words | None, unit: Words | None) -> Words | None:
    """Pair the slice of each row with its unit; either may be missing."""
    if slices is None:
        return None if unit is None else Words(unit.codes, tuple(((), name) for name in unit.words))
    if unit is None:
        return Words(slices.codes, tuple((key, "") for key in slices.words))
    return paired(slices, unit)
