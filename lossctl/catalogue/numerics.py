"""Arithmetic that keeps its precision, and its meaning, where the plain formula would not."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

from lossctl.block import Array, Codes
from lossctl.lazy import np


def times(factor: Array | float, number: Array) -> Array:
    """Multiply, with 0 times anything being 0.

    >>> with np.errstate(invalid="ignore"):
    ...     times(np.array([0.0, 2.0]), np.array([-np.inf, 3.0]))
    array([0., 6.])
    """
    return np.where(factor == 0.0, 0.0, factor * number)


def sigmoid(logits: Array) -> Array:
    """Return 1 / (1 + e^-x), whatever the size of x.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    small = np.exp(-np.abs(logits))  # does not overflow
    return np.where(logits >= 0.0, 1.0, small) / (1.0 + small)


def log_softmax(logits: Array) -> Array:
    """Return the log softmax of each row, `(n, classes)`.

    >>> log_softmax(np.array([[0.0, 1000.0]]))
    array([[-1000.,     0.]])
    """
    largest = logits.argmax(axis=1)[:, None]
    shifted = logits - np.take_along_axis(logits, largest, axis=1)
    others = np.exp(shifted)
    # The largest adds exactly 1 to the sum; log1p keeps the digits that the others add.
    np.put_along_axis(others, largest, 0.0, axis=1)
    return shifted - np.log1p(others.sum(axis=1, keepdims=True))


def taken(table: Array, column: Codes) -> Array:
    """Take one entry of each row.

    >>> taken(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0]))
    array([2., 3.])
    """
    return np.take_along_axis(table, column[:, None], axis=1)[:, 0]


def replaced(table: Array, column: Codes, number: float) -> Array:
    """Return a copy with one entry of each row replaced by a number.

    >>> replaced(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0]), 0.0)
    array([[1., 0.],
           [0., 4.]])
    """
    table = table.copy()
    np.put_along_axis(table, column[:, None], number, axis=1)
    return table


def row_shares(amounts: Array) -> Array:
    """Divide each row by its sum, however large; a row of zeros stays as it is.

    >>> row_shares(np.array([[1.5e308, 1.5e308], [0.0, 0.0]]))
    array([[0.5, 0.5],
           [0. , 0. ]])
    """
    largest = amounts.max(axis=1, keepdims=True)
    # A sum of scaled amounts cannot overflow; powers of 2 keep all digits.
    scaled = np.ldexp(amounts, -np.frexp(largest)[1])
    total = scaled.sum(axis=1, keepdims=True)
    return scaled / np.where(total == 0.0, 1.0, total)


def share_of_gap(share: Array, lower: Array, upper: Array) -> Array:
    """Multiply a share of at most 1 by a difference, which itself may overflow.

    >>> with np.errstate(over="ignore", invalid="ignore"):
    ...     share_of_gap(np.array([0.25]), np.array([-1.5e308]), np.array([1.5e308]))
    array([7.5e+307])
    """
    gap = upper - lower
    return np.where(np.isfinite(gap), share * gap, share * upper - share * lower)


def error_function(number: Array) -> Array:
    """Return erf of each number, to full precision; numpy has none.

    >>> error_function(np.array([0.0, 1.0]))
    array([0.        , 0.84270079])
    """
    return _elementwise(math.erf)(number)


def complementary_error_function(number: Array) -> Array:
    """Return erfc, 1 - erf, of each number, to full precision even where erf is nearly 1.

    >>> complementary_error_function(np.array([0.0, 6.0]))
    array([1.00000000e+00, 2.15197367e-17])
    """
    return _elementwise(math.erfc)(number)


@cache
def _elementwise(function: Callable[[float], float]) -> Callable[[Array], Array]:
    return np.vectorize(function, otypes=[np.float64])


@cache
def quadrature() -> tuple[Array, Array]:
    """Return the nodes and weights of Gauss-Legendre quadrature of order 8 on [0, 1].

    >>> nodes, weights = quadrature()
    >>> round(float(weights @ nodes**2), 12)  # the integral of x² is 1/3
    0.333333333333
    """
    nodes, weights = np.polynomial.legendre.leggauss(8)
    return 0.5 + 0.5 * nodes, 0.5 * weights
