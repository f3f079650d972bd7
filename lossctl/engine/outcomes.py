"""The results of a loss: of the whole, of slices and of single units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from lossctl.block import Array, Codes
from lossctl.engine.computation import Computation

Key: TypeAlias = tuple[str, ...]
"""The values of a slice in the columns that define slices."""


@dataclass(frozen=True)
class Numbers:
    """The values of some slices, and the number of units and the total weight behind each."""

    value: Array
    units: Array
    weight: Array


@dataclass(frozen=True)
class UnitValues:
    """The value of every unit, times its weight.

    A unit is a row or, if `columns` is above 1, an element of a row; `unit` names units that have
    names. `role` is the role whose rows they are, if roles have rows of their own.
    """

    value: Array
    slice: Codes | None = None
    weight: Array | None = None
    columns: int = 1
    unit: tuple[str, ...] | None = None
    role: str = ""

    @classmethod
    def joined(cls, parts: Sequence[UnitValues]) -> UnitValues:
        """Concatenate the values of several blocks."""
        first = parts[0]
        return cls(
            np.concatenate([part.value for part in parts]),
            None if first.slice is None else np.concatenate([part.slice for part in parts]),
            None if first.weight is None else np.concatenate([part.weight for part in parts]),
            first.columns,
            None if first.unit is None else tuple(n for part in parts for n in part.unit or ()),
            first.role,
        )


@dataclass(frozen=True)
class Outcome:
    """The result of one computation.

    `keys[i]` holds the values of slice i in the `--by` columns; `whole` is a single slice, all
    rows. `unit_values` is empty unless the reduction is "none": one entry, or one per role.
    """

    computation: Computation
    keys: Sequence[Key]
    slices: Numbers
    whole: Numbers
    unit_values: Sequence[UnitValues] = ()


NOTHING = Numbers(*[np.zeros(0)] * 3)
"""The numbers of no slices."""
