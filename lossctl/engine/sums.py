"""Exact running sums, one per slice.

Floating-point addition rounds, so a plain sum depends on the order of the data and on how they are
cut. These sums are rounded only when they are read: each is kept as several float64 numbers that
add up to it exactly. The result is bit-identical for any order, any cut and any merging, as long as
the terms are finite and below 1e295.

The two steps are Rump, Ogita and Oishi's extraction, which splits an array into summands that add
without rounding ("Accurate floating-point summation", SIAM J. Sci. Comput. 31, 2008), and Knuth's
two-sum, which recovers the rounding error of an addition (TAOCP vol. 2, 4.2.2).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lossctl.block import Array, Codes

STRIDE = 16_384
"""Rows added at a time: few enough that temporary arrays stay in the processor's cache."""

LARGEST = 2.0**980
"""From here on (about 1e295) terms are added inexactly, because the extraction could overflow."""


class Sums:
    """The weighted sums of terms, the sum of weights and the number of units, for each slice.

    Args:
        width: the number of terms of a unit.

    >>> sums = Sums(1)
    >>> sums.add(np.array([[1e100], [1.0], [-1e100]]))
    >>> float(sums.terms()[0, 0])
    1.0
    """

    def __init__(self, width: int) -> None:
        """Start without slices; adding to a slice creates it."""
        self._columns = [_Column() for _ in range(width)]
        self._weight = _Column()
        self._units: Array = np.zeros(0)
        self._weighted = False

    @np.errstate(all="ignore")  # infinite terms and sums are valid
    def add(
        self,
        terms: Array,
        weight: Array | None = None,
        slices: Codes | None = None,
        ignored: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Add terms, each times its unit's weight, to the slices of their units.

        Args:
            terms: `(units, width)`.
            weight: the weight of each unit; 1 without it.
            slices: the slice of each unit; all in slice 0 without it.
            ignored: marks units that do not count.
        """
        count = len(terms)
        size = int(slices.max()) + 1 if slices is not None and count else 1
        self._units = _grown(self._units, size)
        self._units[:size] += _counted(count, ignored, slices, size)
        # Without weights the number of units replaces their sum, so none may be added here.
        factor = weight
        if ignored is not None:
            factor = np.where(ignored, 0.0, 1.0 if weight is None else weight)
        for number, column in enumerate(self._columns):
            values = np.ascontiguousarray(terms[:, number])
            column.add(values if factor is None else _times(values, factor), slices, size)
        if weight is not None and factor is not None:
            self._weighted = True
            self._weight.add(factor, slices, size)

    @np.errstate(all="ignore")
    def merge(self, other: Sums, slices: Codes | None = None) -> None:
        """Add other sums.

        Args:
            other: the sums to add.
            slices: for each slice of the other sums, the slice to add it to; the same without it.
        """
        size = other.slices if slices is None else int(slices.max(initial=-1)) + 1
        places = np.arange(other.slices) if slices is None else slices
        self._units = _grown(self._units, size)
        self._units[:size] += _summed(other._units, places, size)
        for mine, theirs in zip(self._columns, other._columns, strict=True):
            mine.merge(theirs, slices, size)
        self._weight.merge(other._weight, slices, size)
        self._weighted |= other._weighted

    @property
    def width(self) -> int:
        """The number of terms of a unit."""
        return len(self._columns)

    @property
    def slices(self) -> int:
        """The number of slices."""
        return len(self._units)

    def terms(self) -> Array:
        """Return the sums of weight times terms, `(slices, width)`, each rounded once."""
        return np.stack([column.read(self.slices) for column in self._columns], axis=1)

    def weight(self) -> Array:
        """Return the sum of weights of each slice; without weights, the number of units."""
        return self._weight.read(self.slices) if self._weighted else self.units()

    def units(self) -> Array:
        """Return the number of units of each slice."""
        return self._units

    def whole(self) -> Sums:
        """Return the sums over all slices."""
        everything = Sums(len(self._columns))
        everything.merge(self, np.zeros(self.slices, dtype=np.intp))
        return everything


class _Column:
    """The exact sums of one term: arrays that add up to them, and the inexact part.

    The inexact part is the sum of terms that are infinite, undefined or too large.
    """

    def __init__(self) -> None:
        self._parts: list[Array] = []
        self._inexact: Array = np.zeros(0)

    def add(self, values: Array, slices: Codes | None, size: int) -> None:
        stride = STRIDE if slices is None else max(STRIDE, size)
        for start in range(0, len(values), stride):
            some = values[start : start + stride]
            codes = None if slices is None else slices[start : start + stride]
            low, high = some.min(), some.max()
            if not (low > -LARGEST and high < LARGEST):
                some = self._add_inexact(some, codes, size)
                low, high = some.min(), some.max()
            for summands in _extract(some, float(max(-low, high))):
                self._absorb(_summed(summands, codes, size))

    def merge(self, other: _Column, slices: Codes | None, size: int) -> None:
        for part in other._parts:
            if slices is None:
                self._absorb(part.copy())
            else:  # several slices may be added to one
                codes = slices[: len(part)]
                ordinary = self._absorb_largest(part, codes, size)
                self.add(ordinary, codes, size)
        if len(other._inexact):
            places = np.arange(size) if slices is None else slices
            self._inexact = _grown(self._inexact, size)
            self._inexact[:size] += _summed(other._inexact, places[: len(other._inexact)], size)

    def read(self, size: int) -> Array:
        parts = [_grown(part, size).tolist() for part in self._parts]
        exact = np.array([math.fsum(of_slice) for of_slice in zip(*parts, strict=True)])
        return (exact if parts else np.zeros(size)) + _grown(self._inexact, size)

    def _add_inexact(self, values: Array, slices: Codes | None, size: int) -> Array:
        """Add infinite, undefined and huge values inexactly; return the others, and 0 for these."""
        ordinary = np.abs(values) < LARGEST
        self._inexact = _grown(self._inexact, size)
        self._inexact[:size] += _summed(np.where(ordinary, 0.0, values), slices, size)
        return np.where(ordinary, values, 0.0)

    def _absorb_largest(self, sums: Array, slices: Codes, size: int) -> Array:
        """Add sums that have grown too large for the extraction one by one; return the others."""
        ordinary = np.abs(sums) < LARGEST
        for index in np.flatnonzero(~ordinary).tolist():
            single = np.zeros(size)
            single[slices[index]] = sums[index]
            self._absorb(single)
        return np.where(ordinary, sums, 0.0)

    def _absorb(self, sums: Array) -> None:
        """Add to the first part; add the rounding errors of that to the second, and so on."""
        for number, part in enumerate(self._parts):
            part = _grown(part, len(sums))  # noqa: PLW2901
            old = part[: len(sums)].copy()
            new = old + sums
            part[: len(sums)] = new
            self._parts[number] = part
            taken = new - old
            sums = (old - (new - taken)) + (sums - taken)
            if not sums.any():
                return
        self._parts.append(sums)


def _extract(values: Array, top: float) -> Iterator[Array]:
    """Split values, none larger than top, into arrays that can each be summed without rounding.

    Adding a large power of two rounds each value to a multiple of one unit. Multiples whose sum
    stays below 2**53 units add exactly. The rounding errors are split in the same way.
    """
    bits = len(values).bit_length() + 1
    exponent = math.frexp(top)[1]
    rest = values.copy()
    high = np.empty_like(rest)
    while rest.max() > 0.0 or rest.min() < 0.0:
        grid = math.ldexp(1.0, exponent + bits)
        np.add(rest, grid, out=high)
        high -= grid
        rest -= high
        yield high
        exponent += bits - 53


def _summed(values: Array, slices: Codes | None, size: int) -> Array:
    if slices is None:
        return np.array([values.sum()])
    return np.bincount(slices, weights=values, minlength=size).astype(np.float64, copy=False)


def _counted(
    count: int, ignored: npt.NDArray[np.bool_] | None, slices: Codes | None, size: int
) -> Array:
    """Count the units of each slice that are not ignored."""
    if slices is None:
        return np.array([count if ignored is None else count - np.count_nonzero(ignored)])
    weights = None if ignored is None else ~ignored
    return np.bincount(slices, weights=weights, minlength=size).astype(np.float64)


def _times(values: Array, weight: Array) -> Array:
    """Multiply by the weights; with weight 0 the product is 0, even of an infinite value."""
    return np.multiply(values, weight, out=np.zeros(len(values)), where=weight != 0.0)


def _grown(array: Array, size: int) -> Array:
    """Return the array, padded with zeros to at least this size."""
    if len(array) >= size:
        return array
    return np.concatenate([array, np.zeros(size - len(array))])
