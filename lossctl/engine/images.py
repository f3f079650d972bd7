"""Whole images as units: their lines one after the other, and batches of images of one size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lossctl.block import Array, Ragged
from lossctl.lazy import np


@dataclass(frozen=True)
class Images:
    """The lines of images of one width, `(lines, width)` or `(lines, width, channels)`."""

    rows: Ragged

    def batch(self, start: int, end: int) -> Array:
        """Return consecutive images of the same height as one array."""
        lines, height = self.rows.values, int(self.rows.lengths[start])
        first = int(self.rows.starts[start])
        batch: Array = lines[first : first + (end - start) * height]
        return batch.reshape(end - start, height, *lines.shape[1:])


def batches(arrays: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the arrays of all roles as they are; images in batches of the same height."""
    images = {role: array for role, array in arrays.items() if isinstance(array, Images)}
    if not images:
        yield arrays
        return
    heights = next(iter(images.values())).rows.lengths
    for start, end in pairwise([0, *(np.flatnonzero(np.diff(heights)) + 1), len(heights)]):
        yield {role: of_role.batch(int(start), int(end)) for role, of_role in images.items()}


def rows_of(array: Any) -> Any:  # noqa: ANN401
    """Return the rows of all units, or the lines of all images, one after the other."""
    ragged = array.rows if isinstance(array, Images) else array
    return ragged.values if isinstance(ragged, Ragged) else ragged
