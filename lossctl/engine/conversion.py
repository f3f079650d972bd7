"""Arrays, data frames and lists of a Python program, converted to numbers or labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lossctl.block import Array, Words, count
from lossctl.catalogue.kinds import Kind
from lossctl.errors import DataError, plural

EQUAL_LENGTH = "give arrays of equal length"

ROWS = {1: "(rows,)", 2: "(rows, columns)"}
IMAGE = {2: "(height, width)", 3: "(height, width, channels)"}
STACK = {2: IMAGE[2], 3: "(images, height, width)", 4: "(images, height, width, channels)"}
"""The shapes that an array may have, by its number of dimensions."""


def labels_or_numbers(role: str, values: object) -> Array | Words:
    """Read a list of words as labels, and anything else as numbers.

    Args:
        role: the role, for messages.
        values: what the program gave.

    Returns:
        The labels or the numbers.

    Raises:
        DataError: it is neither.
    """
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        return to_numbers(role, values)
    words = array.dtype.kind == "U" or (
        array.dtype.kind == "O" and any(isinstance(value, str) for value in array.flat)
    )
    return _to_labels(role, values) if words and array.ndim == 1 else to_numbers(role, values)


def to_array(role: str, kind: Kind, values: object) -> Array | Words:
    """Read values as a kind needs them: as labels or as numbers.

    Args:
        role: the role, for messages.
        kind: the kind of the role.
        values: what the program gave.

    Returns:
        The labels or the numbers.

    Raises:
        DataError: they are not.
    """
    return _to_labels(role, values) if kind.text else to_numbers(role, values)


def column_names(values: object) -> tuple[str, ...]:
    """Return the names of a data frame's columns; none if these are only numbered.

    Args:
        values: what the program gave for a role: an array, a frame, or a list with one per unit.

    Returns:
        The names.
    """
    if isinstance(values, list | tuple) and values:
        values = values[0]  # all units have the same columns
    columns = list(getattr(values, "columns", ()))
    return () if columns == list(range(len(columns))) else tuple(map(str, columns))


def _refuse_masked(role: str, values: object) -> None:
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise DataError(
            f"{role} has masked values", "remove these rows, or fill them and give them weight 0"
        )


def to_numbers(role: str, values: object, shapes: Mapping[int, str] = ROWS) -> Array:
    """Read values as numbers.

    Args:
        role: the role, for messages.
        values: what the program gave.
        shapes: the shapes that the array may have, by its number of dimensions.

    Returns:
        The numbers, as float64.

    Raises:
        DataError: they are not numbers, or have another shape.
    """
    _refuse_masked(role, values)
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "fiubO":
            raise DataError(f"{role} holds {array.dtype} where numbers are needed")
        if array.dtype.kind == "O" and any(isinstance(value, str | bytes) for value in array.flat):
            raise DataError(f"{role} holds text where numbers are needed")
        numbers = np.ascontiguousarray(array, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{role} holds something that is not a number: {error}") from None
    if array.ndim not in shapes:
        raise DataError(
            f"{role} has {plural(array.ndim, 'dimension')}",
            f"give an array of shape {' or '.join(shapes.values())}",
        )
    if array.ndim == 2 and array.shape[1] == 0:
        raise DataError(f"{role} has no columns")
    if role == "weight" and array.ndim == 2:
        raise DataError("weight has 2 dimensions", "give one number per row")
    return numbers


def _to_labels(role: str, values: object) -> Array | Words:
    _refuse_masked(role, values)
    array = np.asarray(values)
    if array.dtype.kind in "fiub":
        return to_numbers(role, array)
    return to_words(role, values)


def to_words(role: str, values: object) -> Words:
    """Read values as words, one per row.

    Args:
        role: the role, for messages.
        values: what the program gave.

    Returns:
        The words.

    Raises:
        DataError: one is missing, or there are several per row.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise DataError(f"{role} has {plural(array.ndim, 'dimension')}", "give one label per row")
    # In an array of words numpy turns NaN into the word nan, so the originals are looked at.
    originals = np.asarray(values, dtype=object) if array.dtype.kind in "OU" else ()
    for row, value in enumerate(originals):
        if not isinstance(value, str) and _is_missing(value):
            raise DataError(f"{role}[{row}]: {value} is not a label", "remove rows without a label")
    words, codes = np.unique(array.astype(str), return_inverse=True)
    return Words(codes.astype(np.intp), tuple(words.tolist()))


def _is_missing(value: object) -> bool:
    """Tell whether a value is None, NaN, or one of the missing values of pandas."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def common_length(arrays: Mapping[str, Any], noun: str = "row") -> int:
    """Return the number of rows that all arrays have.

    Args:
        arrays: the arrays by name.
        noun: what an entry of them is called, for messages.

    Returns:
        The number of rows, at least 1.

    Raises:
        DataError: the arrays have different numbers of rows, or none.
    """
    lengths = {role: count(array) for role, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{role} has {plural(length, noun)}" for role, length in lengths.items())
        raise DataError(f"the arrays do not match: {counts}", EQUAL_LENGTH)
    (rows,) = set(lengths.values())
    if rows == 0:
        raise DataError(f"the arrays have no {noun}s")
    return rows
