"""What passes from the readers to the losses: some consecutive rows, as named arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Words:
    """A column of text, stored as the distinct words and one code a row.

    `words` are strings for one column, or tuples of strings for several columns read together.
    Words may occur that no row uses. Codes run from 0 to `len(words) - 1`.
    """

    codes: Codes
    words: tuple[Any, ...]


@dataclass(frozen=True)
class Block:
    """Consecutive rows of everything that one computation needs.

    Each role is one float64 array, `(rows,)` or `(rows, columns)`, C-contiguous, or `Words` where
    the loss wants labels. `weight` is `(rows,)`; `slices` holds one key (a tuple) a row.
    """

    roles: Mapping[str, Array | Words]
    rows: int
    weight: Array | None = None
    slices: Words | None = None
