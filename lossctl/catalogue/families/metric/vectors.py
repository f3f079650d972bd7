"""Lengths, distances and cosines of vectors, without overflow or underflow on the way."""

from __future__ import annotations

import sys

from lossctl.block import Array, Codes
from lossctl.lazy import np

LARGEST = sys.float_info.max


def difference(first: Array, second: Array) -> Array:
    """Return first - second, finite, because infinite differences could not be compared."""
    return np.clip(first - second, -LARGEST, LARGEST)


def exponent(vectors: Array) -> Codes:
    """Return the exponent of the power of two just above the largest coordinate of each row.

    Scaling by powers of two changes no digit.
    """
    return np.frexp(np.abs(vectors).max(axis=1))[1]


def squared_length(vectors: Array) -> Array:
    """Return the sum of the squares of each row."""
    return (vectors * vectors).sum(axis=1)


def norm(vectors: Array, order: float, *, squared: bool) -> Array:
    """Return the norm of each row, or its square; coordinates are at most 1."""
    if order == 2.0 and squared:
        return squared_length(vectors)
    scale = exponent(vectors)
    scaled = np.abs(np.ldexp(vectors, -scale[:, None]))
    if order == 2.0:
        norms = np.sqrt(squared_length(scaled))
    elif order == 1.0:
        norms = scaled.sum(axis=1)
    else:
        # The largest coordinate is made 1, whose power is 1 however high the order.
        largest = scaled.max(axis=1)
        relative = scaled / np.where(largest == 0.0, 1.0, largest)[:, None]
        norms = largest * (relative**order).sum(axis=1) ** (1.0 / order)
    norms = np.ldexp(norms, scale)
    return norms * norms if squared else norms


def length(vectors: Array) -> Array:
    """Return the Euclidean length of each row."""
    scale = exponent(vectors)
    lengths = np.ldexp(np.sqrt(squared_length(np.ldexp(vectors, -scale[:, None]))), scale)
    return np.minimum(lengths, LARGEST)


def normalised(vectors: Array) -> Array:
    """Scale each row to length 1; zeros stay zeros."""
    scaled = np.ldexp(vectors, -exponent(vectors)[:, None])
    lengths = np.sqrt(squared_length(scaled))
    return scaled / np.where(lengths == 0.0, 1.0, lengths)[:, None]


def cosine(first: Array, second: Array) -> Array:
    """Return the cosine of the angle in each row, 0 at a zero vector."""
    first = np.ldexp(first, -exponent(first)[:, None])
    second = np.ldexp(second, -exponent(second)[:, None])
    # The root of a square is exact, so equal vectors have the cosine 1, to the last digit.
    lengths = np.sqrt(squared_length(first) * squared_length(second))
    product = (first * second).sum(axis=1)
    return np.clip(product / np.where(lengths == 0.0, 1.0, lengths), -1.0, 1.0)


def one_minus_cosine(first: Array, second: Array, factor: Array) -> Array:
    """Subtract the cosine, times a factor, from 1."""
    cosines = cosine(first, second)
    # At a small angle 1 - cos loses digits; half the square of the chord keeps them all.
    half_chord = 0.5 * squared_length(normalised(first) - normalised(second))
    return np.where((cosines > 0.5) & (factor == 1.0), half_chord, 1.0 - cosines * factor)
